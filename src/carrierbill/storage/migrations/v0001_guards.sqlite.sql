INSERT INTO counters (name, next) VALUES ('ids', 1)

INSERT INTO chains (name, seq, head) VALUES
    ('entries', 0, zeroblob(32)), ('audits', 0, zeroblob(32)), ('policies', 0, zeroblob(32))

CREATE TRIGGER entries_stay_as_they_are BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are appended, never changed'); END

CREATE TRIGGER entries_stay BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are appended, never deleted'); END

CREATE TRIGGER postings_stay_as_they_are BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are appended, never changed'); END

CREATE TRIGGER postings_stay BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are appended, never deleted'); END

CREATE TRIGGER audits_stay_as_they_are BEFORE UPDATE ON audits
BEGIN SELECT RAISE(ABORT, 'audits are appended, never changed'); END

CREATE TRIGGER audits_stay BEFORE DELETE ON audits
BEGIN SELECT RAISE(ABORT, 'audits are appended, never deleted'); END

CREATE TRIGGER policies_stay_as_they_are BEFORE UPDATE ON policies
BEGIN SELECT RAISE(ABORT, 'policies are appended, never changed'); END

CREATE TRIGGER policies_stay BEFORE DELETE ON policies
BEGIN SELECT RAISE(ABORT, 'policies are appended, never deleted'); END
