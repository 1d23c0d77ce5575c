CREATE SEQUENCE ids INCREMENT 1000

INSERT INTO chains (name, seq, head) VALUES
    ('entries', 0, decode(repeat('00', 32), 'hex')),
    ('audits', 0, decode(repeat('00', 32), 'hex')),
    ('policies', 0, decode(repeat('00', 32), 'hex'))

CREATE FUNCTION stay_as_they_are() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' are appended, never changed or deleted';
END
$$

CREATE TRIGGER entries_stay_as_they_are BEFORE UPDATE OR DELETE ON entries
FOR EACH ROW EXECUTE FUNCTION stay_as_they_are()

CREATE TRIGGER entries_stay BEFORE TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION stay_as_they_are()

CREATE TRIGGER postings_stay_as_they_are BEFORE UPDATE OR DELETE ON postings
FOR EACH ROW EXECUTE FUNCTION stay_as_they_are()

CREATE TRIGGER postings_stay BEFORE TRUNCATE ON postings
FOR EACH STATEMENT EXECUTE FUNCTION stay_as_they_are()

CREATE TRIGGER audits_stay_as_they_are BEFORE UPDATE OR DELETE ON audits
FOR EACH ROW EXECUTE FUNCTION stay_as_they_are()

CREATE TRIGGER audits_stay BEFORE TRUNCATE ON audits
FOR EACH STATEMENT EXECUTE FUNCTION stay_as_they_are()

CREATE TRIGGER policies_stay_as_they_are BEFORE UPDATE OR DELETE ON policies
FOR EACH ROW EXECUTE FUNCTION stay_as_they_are()

CREATE TRIGGER policies_stay BEFORE TRUNCATE ON policies
FOR EACH STATEMENT EXECUTE FUNCTION stay_as_they_are()
