"""A refusal is an answer on stdout, a taken port is bad use, and a bug leaves its trace in a file only."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from carrierbill.cli import answers, service
from carrierbill.cli.main import COMMANDS, run

BILL = ["--carrier", "SKT", "--principal", "50000"]
OLD = ["late-fee", *BILL, "--due", "2015-06-30", "--on", "2015-12-31"]
TODAY = ["late-fee", *BILL, "--due", "2025-09-30", "--on", "2025-11-30"]
PROGRAM = [sys.executable, "-m", "carrierbill"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in [name for name in os.environ if name.startswith("CARRIERBILL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def started(arguments: list[str | bytes], **environment: str) -> subprocess.CompletedProcess[str]:
    """The program itself, run to its end."""
    told = {**os.environ, "PYTHONWARNINGS": "default", **environment}
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, check=False, env=told, timeout=30
    )


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_before_any_rule_is_refused_on_stdout_with_exit_1(capsys: Capture) -> None:
    code = run([*OLD, "--json"])
    shown, errors = capsys.readouterr()
    assert (code, errors, json.loads(shown)["refused"]["rule"]) == (1, "", "no_rule_in_force")


def test_a_refusal_says_why_and_what_lifts_it_in_both_languages(capsys: Capture) -> None:
    run([*OLD, "--json"])
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert [set(refused[part]) for part in ("reason", "lifted_by")] == [{"ko", "en"}, {"ko", "en"}]


@pytest.mark.parametrize(("language", "day"), [("en", "Wed 1 Jul 2015"), ("ko", "2015년 7월 1일(수)")])
def test_people_read_in_their_language_which_day_has_no_rule(
    language: str, day: str, capsys: Capture
) -> None:
    assert run([*OLD, "--lang", language]) == 1
    assert day in capsys.readouterr().out.splitlines()[0]


def test_an_outlook_over_days_without_a_rule_is_refused(capsys: Capture) -> None:
    code = run(["outlook", *BILL, "--due", "2020-12-15", "--json"])
    assert (code, json.loads(capsys.readouterr().out)["refused"]["rule"]) == (1, "no_rule_in_force")


def test_a_day_the_rules_need_outside_the_calendar_is_refused_and_nothing_lifts_it(capsys: Capture) -> None:
    last = ["--due", "2050-12-31", "--on", "2050-12-31", "--rules", "terms"]
    code = run(["late-fee", *BILL, *last, "--json"])
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert (code, refused["rule"], refused["lifted_by"]) == (1, "business_days", None)


# ── serve ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("language", "told"), [("en", "is taken"), ("ko", "이미 쓰이고 있어요")])
def test_a_taken_port_is_bad_use_of_port(language: str, told: str, taken_port: int) -> None:
    ended = started(["serve", "--port", str(taken_port), "--lang", language])
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert f"--port: {'port' if language == 'en' else '포트'} {taken_port}" in ended.stderr
    assert told in ended.stderr


def test_a_port_is_listened_on_once_it_is_free() -> None:
    with service.listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


def test_a_data_folder_that_cannot_be_written_is_bad_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    ended = started(["serve", "--port", "0"], XDG_DATA_HOME=str(tmp_path / "file" / "data"))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith("carrierbill: XDG_DATA_HOME: ")


def test_a_data_folder_in_the_home_of_no_one_is_bad_use() -> None:
    ended = started(["serve", "--port", "0"], XDG_DATA_HOME="~no-such-user-here/data")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)


# ── bugs ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(answers, "answer_on", stumble)


@pytest.mark.usefixtures("a_bug")
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_bug_is_exit_70_and_one_line(language: str, capsys: Capture) -> None:
    code = run([*TODAY, "--lang", language])
    shown, errors = capsys.readouterr()
    assert (code, shown, errors.count("\n"), "Traceback" in errors) == (70, "", 1, False)


@pytest.mark.usefixtures("a_bug")
def test_a_bug_leaves_its_trace_in_the_file_the_line_names(tmp_path: Path, capsys: Capture) -> None:
    run(TODAY)
    log = tmp_path / "data" / "carrierbill" / "bugs.log"
    assert (str(log) in capsys.readouterr().err, "ZeroDivisionError: inside" in log.read_text("utf-8")) == (
        True,
        True,
    )


@pytest.mark.usefixtures("a_bug")
@pytest.mark.parametrize(
    "place",
    [
        "{tmp}/file/data",
        "~no-such-user-here/data",
    ],
)
def test_a_bug_that_cannot_leave_a_trace_is_one_line_all_the_same(
    place: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_DATA_HOME", place.format(tmp=tmp_path))
    code = run(TODAY)
    errors = capsys.readouterr().err
    assert (code, errors.count("\n"), "ZeroDivisionError" in errors) == (70, 1, True)


def test_an_interrupt_is_exit_130_without_a_word(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(answers, "answer_on", interrupt)
    code = run(TODAY)
    assert (code, capsys.readouterr().out) == (130, "")


def left_early(*arguments: str) -> tuple[int, bytes]:
    """The exit code and the errors of a program whose reader goes away at once."""
    with subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        errors = program.stderr.read()
    return program.returncode, errors


@pytest.mark.parametrize("arguments", [["policy", "list"], ["policy", "list", "--json"]])
def test_a_reader_that_has_enough_is_not_told_of_errors(arguments: list[str]) -> None:
    assert left_early(*arguments)[1] == b""


@pytest.mark.parametrize("arguments", [["policy", "list"], ["policy", "list", "--json"]])
def test_a_reader_that_has_enough_ends_the_program_as_done(arguments: list[str]) -> None:
    assert left_early(*arguments)[0] == 0


# ── the program itself ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments", [["late-fee", "--carrier"], ["late-fee", "--carrier", b"\xff"], ["nope"]]
)
def test_the_program_itself_says_bad_use_in_one_line(arguments: list[str | bytes]) -> None:
    ended = started(arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)


def test_the_program_itself_leaves_with_the_code_of_a_refusal() -> None:
    assert started([*OLD]).returncode == 1


@pytest.mark.parametrize(
    "arguments", [[], ["policy"], ["--help"], ["late-fee", "--help"], ["policy", "--help"]]
)
def test_asking_for_help_is_no_bad_use(arguments: list[str], capsys: Capture) -> None:
    code = run(arguments)
    shown, errors = capsys.readouterr()
    assert (code, errors, "Usage: carrierbill" in shown) == (0, "", True)


# ── completion ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("", list(COMMANDS)),
        ("late-fee --carrier ", ["SKT", "KT", "LGU"]),
        ("late-fee --carrier s", ["SKT"]),
        ("outlook --rules g", ["guide", "guide-example"]),
        ("policy ", ["check", "diff", "list", "show"]),
        ("policy show l", ["late_fee", "law"]),
        ("late-fee --pr", ["--principal"]),
        ("nope ", list(COMMANDS)),
    ],
)
def test_a_shell_completes_commands_carriers_rule_sets_and_topics(
    typed: str, completed: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = f"carrierbill {typed}"
    monkeypatch.setenv("_CARRIERBILL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - (not line.endswith(" "))))
    with pytest.raises(SystemExit):
        run([])
    assert [each.partition(",")[2] for each in capsys.readouterr().out.splitlines()] == completed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_its_script(shell: str) -> None:
    ended = started([], _CARRIERBILL_COMPLETE=f"{shell}_source")
    assert (ended.returncode, "_CARRIERBILL_COMPLETE" in ended.stdout) == (0, True)
