"""`db` makes, verifies, backs up, restores and forgets, says what it did, and refuses in one line."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from carrierbill.bootstrap import start
from carrierbill.cli.main import run
from carrierbill.domain.line import Holder, Line, LineStatus
from carrierbill.services.ports import Audit
from carrierbill.storage.marks import mark_demo

Capture = pytest.CaptureFixture[str]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, and a database of each kind that is not made yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = server.new_database()
        monkeypatch.setenv("CARRIERBILL_DATABASE_URL", url)
        monkeypatch.setenv("CARRIERBILL_KEYS_FILE", str(tmp_path / "data/carrierbill/keys.toml"))
        (tmp_path / "data/carrierbill").mkdir(parents=True)
        yield tmp_path
        server.drop_database(url)
    else:
        yield tmp_path


def answered(capsys: Capture, *arguments: str, code: int = 0) -> Any:
    """The JSON a command answers with."""
    assert run(["db", *arguments, "--json"]) == code
    shown, errors = capsys.readouterr()
    assert errors == ""
    return json.loads(shown)


def refused(capsys: Capture, *arguments: str) -> str:
    assert run(["db", *arguments, "--lang", "en"]) == 2
    shown, errors = capsys.readouterr()
    assert shown == ""
    assert errors.count("\n") == 1
    return errors


def with_a_line(*, demo: bool = False) -> None:
    database = start().database()
    with database.session() as session:
        if demo:
            mark_demo(session)
    with database.unit() as unit:
        unit.add(Holder(7))
        unit.add(Line(7, 7, "SKT", date(2020, 1, 1), 25, 500_000, status=LineStatus.CLOSED))
        unit.people.enrol(7, "Hong Gildong")
        unit.people.give_number(7, 7, "+821000010001")
        unit.audit(Audit("clerk", "look", unit.now))
    database.close()


def test_upgrade_makes_the_database_and_its_keys_and_the_second_changes_nothing(
    place: Path, capsys: Capture
) -> None:
    made = answered(capsys, "upgrade")
    assert (made["from"], made["to"]) == (None, "0001")
    assert made["keys_file"] == str(place / "data/carrierbill/keys.toml")
    assert answered(capsys, "upgrade")["from"] == "0001"


def test_before_upgrade_nothing_else_works_and_says_so(place: Path, capsys: Capture) -> None:
    del place
    assert refused(capsys, "verify").startswith("carrierbill: CARRIERBILL_")


@pytest.mark.usefixtures("place")
def test_a_clean_book_is_verified_and_its_heads_are_printed(place: Path, capsys: Capture) -> None:
    answered(capsys, "upgrade")
    with_a_line()
    found = answered(capsys, "verify")
    assert (found["clean"], found["rows"]["audits"]) == (True, 1)
    assert (found["wrong_rows"], found["broken_laws"]) == ([], [])
    assert set(found["trial_balance"].values()) == {0}
    assert " audits 1 " in (place / "data/carrierbill/heads.log").read_text(encoding="ascii")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_is_wrong_is_named_with_exit_1(place: Path, capsys: Capture, language: str) -> None:
    answered(capsys, "upgrade")
    with_a_line()
    database = start().database()
    with database.session() as session:
        session.rows("UPDATE lines SET credit_won = 7")
        session.rows("UPDATE chains SET seq = 2 WHERE name = 'audits'")
    database.close()
    found = answered(capsys, "verify", code=1)
    assert not found["clean"]
    (row,), (law,) = found["wrong_rows"], found["broken_laws"]
    assert (row["table"], row["seq"], row["key"], row["what"]) == ("audits", 2, None, "cut")
    assert (law["law"], law["key"], law["booked_won"], law["told_won"]) == ("line_credit", "7", 0, 7)
    assert run(["db", "verify", "--lang", language]) == 1
    shown = capsys.readouterr().out
    assert row["text"][language] in shown
    assert law["text"][language] in shown
    assert not (place / "data/carrierbill/heads.log").exists()


def test_a_book_comes_back_from_its_backup(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(capsys, "upgrade")
    with_a_line()
    file = str(place / "book.backup")
    held = answered(capsys, "backup", file)
    monkeypatch.setenv("CARRIERBILL_DATABASE_URL", f"sqlite:///{place / 'restored.db'}")
    assert answered(capsys, "restore", file)["rows"] == held["rows"]
    assert (place / "restored.db").stat().st_mode & 0o077 == 0
    assert answered(capsys, "verify")["rows"]["audits"] == 1
    assert "only an empty database" in refused(capsys, "restore", file)
    assert "not written over" in refused(capsys, "backup", file)


def test_without_the_key_file_there_is_one_clear_line(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(capsys, "upgrade")
    file = str(place / "book.backup")
    answered(capsys, "backup", file)
    (place / "data/carrierbill/keys.toml").unlink()
    monkeypatch.setenv("CARRIERBILL_DATABASE_URL", f"sqlite:///{place / 'restored.db'}")
    monkeypatch.setenv("CARRIERBILL_KEYS_FILE", str(place / "gone.toml"))
    assert "there is no key file" in refused(capsys, "restore", file)
    assert not (place / "restored.db").exists()


def test_who_need_be_known_no_longer_is_forgotten(place: Path, capsys: Capture) -> None:
    answered(capsys, "upgrade")
    with_a_line()
    (place / "data/carrierbill/outgoing").mkdir(parents=True)
    (place / "data/carrierbill/outgoing/notices-2020-01-01.jsonl").write_text("{}", encoding="utf-8")
    told = answered(capsys, "forget", "--before", "2021-02-01")
    assert told == {"before": "2021-02-01", "holders": 1, "files": 1}
    assert answered(capsys, "verify")["clean"]
    database = start().database()
    with database.unit() as unit:
        assert unit.people.name_of(7) is None
    database.close()


def test_what_the_law_still_keeps_is_not_forgotten_but_in_a_demo(place: Path, capsys: Capture) -> None:
    answered(capsys, "upgrade")
    assert "up to today" in refused(capsys, "forget", "--before", "2050-01-01")
    with_a_line(demo=True)
    del place
    assert answered(capsys, "forget", "--before", "2050-01-01")["holders"] == 1


def test_keys_are_rotated_and_the_book_is_still_read(place: Path, capsys: Capture) -> None:
    del place
    answered(capsys, "upgrade")
    with_a_line()
    told = answered(capsys, "rotate-keys")
    assert told["wrapped"] == 1
    database = start().database()
    assert database.keys.current == told["current"]
    with database.unit() as unit:
        assert unit.people.name_of(7) == "Hong Gildong"
    database.close()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_command_says_what_it_did(place: Path, capsys: Capture, language: str) -> None:
    commands = (["upgrade"], ["upgrade"], ["verify"], ["backup", str(place / "book.backup")])
    more = (["forget", "--before", "2020-01-01"], ["rotate-keys"], ["verify"])
    for command in (*commands, *more):
        assert run(["db", *command, "--lang", language]) == 0
        shown, errors = capsys.readouterr()
        assert errors == ""
        assert shown.strip()
        assert "{" not in shown


def test_with_postgresql_the_key_file_has_to_be_named(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARRIERBILL_DATABASE_URL", "postgresql://books@db.invalid/books")
    monkeypatch.delenv("CARRIERBILL_KEYS_FILE", raising=False)
    assert refused(capsys, "upgrade").startswith("carrierbill: CARRIERBILL_KEYS_FILE: with PostgreSQL")


def test_a_damaged_head_file_is_named(place: Path, capsys: Capture) -> None:
    answered(capsys, "upgrade")
    (place / "data/carrierbill/heads.log").write_text("nothing of ours\n", encoding="ascii")
    assert "heads.log: line 1" in refused(capsys, "verify")


def test_a_forged_row_of_a_sqlite_file_is_named(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    answered(capsys, "upgrade")
    with_a_line()
    answered(capsys, "verify")
    file = sqlite3.connect(tmp_path / "data/carrierbill/carrierbill.db")
    file.execute("DROP TRIGGER audits_stay_as_they_are")
    file.execute("UPDATE audits SET actor = 'another'")
    file.commit()
    file.close()
    (row,) = answered(capsys, "verify", code=1)["wrong_rows"]
    assert (row["table"], row["seq"], row["key"], row["what"]) == ("audits", 1, "look", "changed")
