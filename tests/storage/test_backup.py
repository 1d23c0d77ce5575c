"""A backup of either database is restored into either, whole or not at all, by who has the keys."""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from books import KEYS, Books, Clock, books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Line
from carrierbill.domain.purchase import Purchase
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.ports import Audit
from carrierbill.services.verify_books import verify_books
from carrierbill.storage import backup
from carrierbill.storage.backup import back_up, examine, restore
from carrierbill.storage.database import open_database
from carrierbill.storage.facts import StoredFacts
from carrierbill.storage.marks import marks, record_rules
from carrierbill.storage.proof import heads_of
from carrierbill.storage.records import RECORDS
from carrierbill.storage.schema import version_of
from carrierbill.storage.sql import Session
from databases import KINDS, fresh_database, sqlite_url
from rule_sets import RULE_SETS

OTHER_KEYS = replace(KEYS, index_secret=b"3" * 32)


@pytest.fixture
def lived(book: Books) -> Books:
    """A book with two lines, purchases and their notices, audits and a rule set."""
    line, _ = book.line(), book.line(carrier="KT", mvno=True, category_limits=(("game", 0),))
    book.merchant()
    with book.db.session() as session:
        record_rules(session, book.rules, book.clock())
    made = book.decide(
        authorise_purchase, *(Authorise("shop", book.number(line), won) for won in (1_000, 2_000))
    )
    book.decide(confirm_purchase, Confirm("shop", made[0].purchase_id))
    with book.db.unit() as unit:
        unit.audit(Audit("clerk", "look", unit.now, line_id=line.id, details={"what": "name"}))
    return book


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """An empty database of each kind, without any schema, under the same keys."""
    if request.param == "sqlite":
        (tmp_path / "other").mkdir()
        url = sqlite_url(tmp_path / "other")
        opened = Books(open_database(url, KEYS, Clock()), Clock(), RULE_SETS["terms"])
        yield opened
        opened.close()
        return
    with fresh_database(request.getfixturevalue("postgres_server")) as url:
        opened = Books(open_database(url, KEYS, Clock()), Clock(), RULE_SETS["terms"])
        yield opened
        opened.close()


def everything(book: Books) -> dict[str, list[object]]:
    return {kind.__name__: list(book.all(kind)) for kind in RECORDS}


def fault_of(file: Path, book: Books) -> str:
    with pytest.raises(BadInputError) as fault:
        restore(book.db, file)
    assert str(fault.value.field) == str(file)
    return fault.value.reason.key


def test_a_restored_book_is_the_same_book(lived: Books, empty: Books, tmp_path: Path) -> None:
    file = tmp_path / "book.backup"
    held = back_up(lived.db, file)
    assert restore(empty.db, file) == held == examine(file, KEYS)
    assert everything(empty) == everything(lived)
    assert empty.trial_balance() == lived.trial_balance() != {}
    with lived.db.snapshot() as session:
        was, names, found = heads_of(session, lived.clock()), marks(session), StoredFacts(session, [])
        findings = verify_books(found)
    with empty.db.snapshot() as session:
        assert heads_of(session, lived.clock()) == was
        assert marks(session) == names
        assert verify_books(StoredFacts(session, was)) == findings
    assert findings.clean


def test_people_are_known_again_and_ids_go_on(lived: Books, empty: Books, tmp_path: Path) -> None:
    file = tmp_path / "book.backup"
    back_up(lived.db, file)
    restore(empty.db, file)
    (line, _) = lived.all(Line)
    assert empty.number(line) == lived.number(line)
    taken = {purchase.id for purchase in lived.all(Purchase)}
    with empty.db.unit() as unit:
        fresh = unit.new_id(Purchase)
    assert fresh > max(taken)
    (bought,) = empty.decide(authorise_purchase, Authorise("shop", empty.number(line), 500))
    assert bought.purchase_id > max(taken)


def test_a_book_that_was_restored_is_guarded_as_before(lived: Books, empty: Books, tmp_path: Path) -> None:
    file = tmp_path / "book.backup"
    back_up(lived.db, file)
    restore(empty.db, file)
    with pytest.raises(Exception, match="audits are appended"), empty.db.session() as session:
        session.rows("DELETE FROM audits")


def test_a_new_book_without_anything_in_it_is_empty_enough(lived: Books, tmp_path: Path) -> None:
    file = tmp_path / "book.backup"
    back_up(lived.db, file)
    (tmp_path / "new").mkdir()
    new = books(sqlite_url(tmp_path / "new"))
    restore(new.db, file)
    assert everything(new) == everything(lived)
    new.close()


def test_a_book_with_anybody_in_it_is_left_alone(lived: Books, tmp_path: Path) -> None:
    file = tmp_path / "book.backup"
    back_up(lived.db, file)
    before = everything(lived)
    with pytest.raises(BadInputError) as fault:
        restore(lived.db, file)
    assert fault.value.reason.key == "backup.not_empty"
    assert everything(lived) == before


def test_nobody_is_in_a_backup_in_the_clear(lived: Books, tmp_path: Path) -> None:
    file = tmp_path / "book.backup"
    back_up(lived.db, file)
    inside = gzip.decompress(file.read_bytes())
    assert b"Gildong" not in inside
    assert b"10001" not in inside
    assert file.stat().st_mode & 0o077 == 0


def test_a_backup_is_never_written_over(lived: Books, tmp_path: Path) -> None:
    file = tmp_path / "book.backup"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(BadInputError) as fault:
        back_up(lived.db, file)
    assert fault.value.reason.key == "backup.exists"
    assert [entry.name for entry in tmp_path.iterdir() if "backup" in entry.name] == ["book.backup"]
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_backup_that_cannot_be_written_leaves_nothing(lived: Books, tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as fault:
        back_up(lived.db, tmp_path / "nowhere" / "book.backup")
    assert fault.value.reason.key == "backup.unwritable"


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Books]:
    """A backup of a small book, and an empty SQLite database."""
    (tmp_path / "one").mkdir()
    book = books(sqlite_url(tmp_path / "one"))
    book.line()
    file = tmp_path / "book.backup"
    back_up(book.db, file)
    book.close()
    (tmp_path / "two").mkdir()
    empty = Books(open_database(sqlite_url(tmp_path / "two"), KEYS, Clock()), Clock(), RULE_SETS["terms"])
    return file, empty


def test_a_cut_backup_is_refused_wherever_it_is_cut(kept: tuple[Path, Books]) -> None:
    file, empty = kept
    whole = file.read_bytes()
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        file.write_bytes(whole[:length])
        assert fault_of(file, empty) in {"backup.damaged", "backup.not_one"}
    assert version_of(empty.db.engine) is None


def test_a_changed_backup_is_refused_wherever_it_is_changed(kept: tuple[Path, Books]) -> None:
    file, empty = kept
    inside = gzip.decompress(file.read_bytes())
    seed = 20_261_124
    for at in sorted(Random(seed).sample(range(len(inside)), 200)):  # noqa: S311  # places, not secrets
        changed = bytearray(inside)
        changed[at] ^= 1
        file.write_bytes(gzip.compress(bytes(changed)))
        assert fault_of(file, empty).startswith(("backup.", "database."))
    assert version_of(empty.db.engine) is None


def test_lines_behind_the_last_are_refused(kept: tuple[Path, Books]) -> None:
    file, empty = kept
    with file.open("ab") as more:
        more.write(gzip.compress(b'{"table":"lines","columns":[]}\n', mtime=0))
    assert fault_of(file, empty) == "backup.damaged"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "backup.damaged"),
        (b"not gzip", "backup.damaged"),
        (gzip.compress(b"", mtime=0), "backup.damaged"),
        (gzip.compress(b"[]\n", mtime=0), "backup.not_one"),
        (gzip.compress(b'{"carrierbill_backup":2}\n', mtime=0), "backup.not_one"),
        (gzip.compress(b"{" * 100_000, mtime=0), "backup.damaged"),
    ],
)
def test_what_is_no_backup_is_refused(content: bytes, key: str, kept: tuple[Path, Books]) -> None:
    file, empty = kept
    file.write_bytes(content)
    assert fault_of(file, empty) == key


def test_a_backup_that_is_not_there_is_refused(kept: tuple[Path, Books]) -> None:
    file, empty = kept
    assert fault_of(file.with_name("other"), empty) == "backup.no_file"


def test_under_other_keys_it_cannot_be_restored(kept: tuple[Path, Books]) -> None:
    file, _ = kept
    with pytest.raises(BadInputError) as fault:
        examine(file, OTHER_KEYS)
    assert fault.value.reason.key == "backup.other_keys"


def test_what_fails_while_it_is_loaded_leaves_nothing(
    lived: Books, empty: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "book.backup"
    back_up(lived.db, file)

    def stop(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("carrierbill.storage.backup._go_on_from", stop)
    with pytest.raises(RuntimeError):
        restore(empty.db, file)
    assert version_of(empty.db.engine) is None


def test_a_backup_is_of_one_moment(
    lived: Books, empty: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, others = everything(lived), []
    lines = backup._lines  # noqa: SLF001  # where the snapshot is being read

    def disturbed(session: Session, head: Mapping[str, object]) -> Iterator[bytes]:
        for number, line in enumerate(lines(session, head)):
            if number == 1 and not lived.db.on_sqlite:
                others.append(lived.line())
            yield line

    monkeypatch.setattr(backup, "_lines", disturbed)
    back_up(lived.db, tmp_path / "book.backup")
    restore(empty.db, tmp_path / "book.backup")
    assert everything(empty) == before
    assert len(lived.all(Line)) == 2 + len(others)
