"""`staff`: added, listed, changed and disabled; a password is piped or typed twice, and told to nobody."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from carrierbill.bootstrap import start
from carrierbill.cli import staff as command
from carrierbill.cli.main import run
from carrierbill.domain.session import Staff
from carrierbill.storage.passwords import LEAST_LETTERS, MOST_LETTERS, Passwords

Capture = pytest.CaptureFixture[str]
PASSWORD = "correct horse battery"  # noqa: S105  # of nobody


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    start().upgraded_database()[0].close()


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What comes in on standard input."""

    def pipe(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return pipe


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A person at a terminal who types these in turn."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    typed: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())

    def prompt(text: str, *, hide_input: bool, err: bool) -> str:
        assert text
        assert hide_input
        assert err
        return typed.pop(0)

    monkeypatch.setattr(click, "prompt", prompt)
    yield typed
    assert typed == []


def answered(capsys: Capture, *arguments: str, code: int = 0) -> Any:
    assert run(["staff", *arguments, "--json"]) == code
    shown, errors = capsys.readouterr()
    assert errors == ""
    assert PASSWORD not in shown
    return json.loads(shown)


def refused(capsys: Capture, *arguments: str) -> str:
    assert run(["staff", *arguments]) == 2
    shown, errors = capsys.readouterr()
    assert shown == ""
    assert errors.count("\n") == 1
    return errors


def kept() -> list[Staff]:
    database = start().database()
    with database.unit() as unit:
        found = unit.peek(Staff)
    database.close()
    return found


def test_staff_are_added_listed_changed_and_disabled(capsys: Capture, piped: Any) -> None:
    assert answered(capsys, "list") == {"staff": []}
    piped(f"{PASSWORD}\nand more\n")
    added = answered(capsys, "add", "hong", "--role", "clerk", "--password-stdin")
    assert added == {"name": "hong", "role": "clerk", "disabled": False}
    (staff,) = kept()
    assert Passwords().fits(PASSWORD, staff.password_hash)
    assert answered(capsys, "role", "hong", "--role", "auditor")["role"] == "auditor"
    piped("another long password\r\n")
    answered(capsys, "password", "hong", "--password-stdin")
    assert Passwords().fits("another long password", kept()[0].password_hash)
    assert answered(capsys, "disable", "hong")["disabled"] is True
    (listed,) = answered(capsys, "list")["staff"]
    assert (listed["name"], listed["role"]) == ("hong", "auditor")
    assert listed["added_at"] <= listed["disabled_at"]


def test_people_are_told_in_words(capsys: Capture, piped: Any) -> None:
    assert run(["staff", "list", "--lang", "en"]) == 0
    piped(PASSWORD)
    assert run(["staff", "add", "hong", "--role", "clerk", "--password-stdin", "--lang", "ko"]) == 0
    assert run(["staff", "disable", "hong", "--lang", "en"]) == 0
    assert run(["staff", "list", "--lang", "ko"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "No member of staff is registered.",
        "hong: 처리",
        "hong: clerk, may not sign in",
        "hong: 처리, 로그인할 수 없어요.",
    ]


def test_at_a_terminal_the_password_is_typed_twice_alike(capsys: Capture, terminal: list[str]) -> None:
    terminal += [PASSWORD, PASSWORD]
    answered(capsys, "add", "hong", "--role", "clerk")
    assert Passwords().fits(PASSWORD, kept()[0].password_hash)
    terminal += [PASSWORD, "something else entirely"]
    assert "differ" in refused(capsys, "password", "hong")
    assert Passwords().fits(PASSWORD, kept()[0].password_hash)


def test_without_a_terminal_the_password_is_to_be_piped(capsys: Capture, piped: Any) -> None:
    piped(PASSWORD)
    assert "--password-stdin" in refused(capsys, "add", "hong", "--role", "clerk")
    assert kept() == []


@pytest.mark.parametrize("password", ["", "x" * (LEAST_LETTERS - 1), "x" * (MOST_LETTERS + 1)])
def test_a_password_too_short_or_too_long_is_bad_use(capsys: Capture, piped: Any, password: str) -> None:
    piped(f"{password}\n{PASSWORD}\n")
    told = refused(capsys, "add", "hong", "--role", "clerk", "--password-stdin")
    assert (str(LEAST_LETTERS) in told, str(MOST_LETTERS) in told) == (True, True)
    assert kept() == []


def test_a_taken_name_is_refused_by_its_rule(capsys: Capture, piped: Any) -> None:
    for code in (0, 1):
        piped(PASSWORD)
        told = answered(capsys, "add", "hong", "--role", "clerk", "--password-stdin", code=code)
    assert told["refused"]["rule"] == "staff.name"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("add", "Hong", "--role", "clerk", "--password-stdin"), "NAME"),
        (("add", "demo-clerk", "--role", "clerk", "--password-stdin"), "NAME"),
        (("add", "hong", "--role", "boss", "--password-stdin"), "--role"),
        (("add", "hong", "--password-stdin"), "--role"),
        (("add", "--role", "clerk"), "login"),
        (("role", "nobody", "--role", "clerk"), "NAME"),
        (("disable", "nobody"), "NAME"),
        (("admit",), "admit"),
    ],
)
def test_bad_use_names_what_would_be_right(
    capsys: Capture, piped: Any, arguments: tuple[str, ...], named: str
) -> None:
    piped(PASSWORD)
    assert named in refused(capsys, *arguments)
    assert kept() == []


def test_a_password_is_no_option(capsys: Capture, piped: Any) -> None:
    piped("")
    assert "--password" in refused(capsys, "add", "hong", "--role", "clerk", "--password", PASSWORD)
    names = {each for group in command.staff_group("en").commands.values() for each in group.params}
    assert [
        each.name for each in names if "password" in str(each.name) and not getattr(each, "is_flag", 0)
    ] == []
