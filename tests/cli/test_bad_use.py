"""Bad use is one line in the asked language that names the option; a refusal is an answer; a bug says so."""

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from carrierbill.cli.main import run
from own_rules import FILES, RULE_SET, with_slip, write_rules

HANGUL = re.compile("[가-힣]")
BILL = {"--carrier": "SKT", "--principal": "50000", "--due": "2025-09-30"}
LATE_FEE = {**BILL, "--on": "2025-11-30"}
LONGEST_LINE = 400

Capture = pytest.CaptureFixture[str]


def asked(command: str, facts: Mapping[str, str | None], *more: str) -> list[str]:
    """A command with its options; one whose value is None is left out."""
    options = [word for name, value in facts.items() if value is not None for word in (name, value)]
    return [command, *options, *more]


def late_fee(**changed: str | None) -> list[str]:
    return asked("late-fee", {**LATE_FEE, **{f"--{name}": value for name, value in changed.items()}})


def outlook(**changed: str | None) -> list[str]:
    return asked("outlook", {**BILL, **{f"--{name}": value for name, value in changed.items()}})


NOT_WON = (
    "-1",
    "0",
    "1.5",
    "1e5",
    "five",
    "",
    "5,00",
    "+5",
    "50 000",
    "５００００",
    "1000000000001",
    "9" * 5_000,
)
NO_CARRIER = ("SK", "skt", "", "MVNO", "A\nB", "x" * 5_000)
NO_DAY = ("2025-02-31", "2025-W01-1", "20250930", "2025-9-30", "30.9.2025", "", "today", "2025-09-30T00:00")
OUTSIDE = ("2009-12-31", "2051-01-01", "9999-12-31")
NOT_REPAID = ("2025-10-10", "=5", "2025-10-10=", "20000=2025-10-10", "", "2025-02-31=5", "2009-12-31=5")
NOT_REPAID_WON = ("2025-10-10=0", "2025-10-10=-5", "2025-10-10=1.5", "2025-10-10=1000000000001")

# What the line has to name, and what was typed.
BAD_USE: list[tuple[str, list[str]]] = [
    *[("--principal", late_fee(principal=won)) for won in NOT_WON],
    *[("--principal", outlook(principal=won)) for won in NOT_WON],
    *[("--carrier", late_fee(carrier=name)) for name in NO_CARRIER],
    *[("--carrier", outlook(carrier=name)) for name in NO_CARRIER],
    *[("--due", late_fee(due=day)) for day in (*NO_DAY, *OUTSIDE)],
    *[("--due", outlook(due=day)) for day in (*NO_DAY, *OUTSIDE)],
    *[("--on", late_fee(on=day)) for day in (*NO_DAY, *OUTSIDE)],
    *[("--from", outlook(**{"from": day})) for day in (*NO_DAY, *OUTSIDE)],
    *[("--repaid", late_fee(repaid=each)) for each in (*NOT_REPAID, *NOT_REPAID_WON)],
    *[("--repaid", outlook(repaid=each)) for each in (*NOT_REPAID, *NOT_REPAID_WON)],
    ("--repaid", late_fee(repaid="2025-12-01=5")),  # the day after --on
    *[("--days", outlook(days=days)) for days in ("0", "99999", "-1", "1.5", "ten")],
    ("--days", outlook(due="2050-12-01", days="60")),
    *[("--income", outlook(income=won)) for won in ("-1", "1.5", "1000000000001")],
    *[(f"--{name}", late_fee(**{name: None})) for name in ("carrier", "principal", "due", "on")],
    *[(f"--{name}", outlook(**{name: None})) for name in ("carrier", "principal", "due")],
    *[(name, ["late-fee", name]) for name in LATE_FEE],
    *[(name, ["outlook", name]) for name in ("--days", "--from", "--income", "--repaid", "--rules")],
    ("--principle", asked("late-fee", LATE_FEE, "--principle", "5")),
    ("--principal", asked("late-fee", LATE_FEE, "--principle", "5")),
    ("--colour", ["--colour", "late-fee"]),
    ("-x", asked("outlook", BILL, "-x")),
    ("extra", asked("late-fee", LATE_FEE, "extra")),
    ("latefee", ["latefee"]),
    ("bogus", ["policy", "bogus"]),
    ("topic", ["policy", "show"]),
    ("topic", ["policy", "show", "late_fees"]),
    ("first", ["policy", "diff"]),
    ("second", ["policy", "diff", "guide"]),
    ("path", ["policy", "check"]),
    *[("--on", ["policy", "show", "late_fee", "--on", day]) for day in (*NO_DAY, *OUTSIDE)],
    ("--on", ["policy", "diff", "guide", "terms", "--on", "20250930"]),
    ("gide", ["policy", "diff", "gide", "terms"]),
    ("gide", ["policy", "show", "late_fee", "--rules", "gide"]),
    ("rules: ", late_fee(rules="gide")),
    ("rules: ", outlook(rules="gide")),
    *[("--port", ["serve", "--port", port]) for port in ("-1", "65536", "http", "80.0", "")],
    ("--host", ["serve", "--port", "0", "--host", "999.0.0.1"]),
]
IDS = [f"{number} {' '.join(arguments)[:60]!r}" for number, (_, arguments) in enumerate(BAD_USE)]
bad_uses = pytest.mark.parametrize(("named", "arguments"), BAD_USE, ids=IDS)


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its data folder, and the log `serve` would write to is taken away again."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in [name for name in os.environ if name.startswith("CARRIERBILL_")]:
        monkeypatch.delenv(name)
    log = logging.getLogger()
    before, level = list(log.handlers), log.level
    yield
    for handler in [each for each in log.handlers if each not in before]:
        log.removeHandler(handler)
        handler.close()
    log.setLevel(level)


def line_of(arguments: list[str], language: str, capsys: Capture) -> tuple[int, str, str]:
    """The exit code, what stdout got, and what stderr got."""
    code = run([f"--lang={language}", *arguments])
    shown, errors = capsys.readouterr()
    return code, shown, errors


# ── every bad use ────────────────────────────────────────────────────────────────────────────────────────


@bad_uses
def test_bad_use_is_exit_2_and_stdout_stays_empty(named: str, arguments: list[str], capsys: Capture) -> None:
    code, shown, _ = line_of(arguments, "en", capsys)
    assert (code, shown) == (2, ""), named


@bad_uses
@pytest.mark.parametrize("language", ["ko", "en"])
def test_bad_use_is_told_in_one_line_a_person_can_read(
    named: str, arguments: list[str], language: str, capsys: Capture
) -> None:
    errors = line_of(arguments, language, capsys)[2]
    assert (errors.count("\n"), len(errors) < LONGEST_LINE, "Traceback" in errors) == (1, True, False), named


@bad_uses
@pytest.mark.parametrize("language", ["ko", "en"])
def test_bad_use_names_what_is_wrong(
    named: str, arguments: list[str], language: str, capsys: Capture
) -> None:
    assert named in line_of(arguments, language, capsys)[2].lower()


@bad_uses
def test_bad_use_is_told_in_korean_where_korean_is_asked_for(
    named: str, arguments: list[str], capsys: Capture
) -> None:
    assert HANGUL.search(line_of(arguments, "ko", capsys)[2]), named


@bad_uses
def test_bad_use_is_told_in_english_where_english_is_asked_for(
    named: str, arguments: list[str], capsys: Capture
) -> None:
    assert not HANGUL.search(line_of(arguments, "en", capsys)[2]), named


@pytest.mark.parametrize("arguments", [asked("late-fee", LATE_FEE, "extra"), ["policy", "bogus"]])
def test_a_korean_line_is_korean_alone(arguments: list[str], capsys: Capture) -> None:
    errors = line_of(arguments, "ko", capsys)[2].removeprefix("carrierbill: ")
    names = "extra|bogus|--help|check|diff|list|show"
    assert not re.search("[A-Za-z]{3,}", re.sub(names, "", errors))


# ── languages ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "given", [["--lang", "fr"], ["--lang=fr"], ["--lang"], ["--lang="], ["--lang", "KO"]]
)
def test_an_unknown_language_is_bad_use_of_lang(given: list[str], capsys: Capture) -> None:
    code = run(["late-fee", *given])
    assert (code, capsys.readouterr().err) == (2, "carrierbill: --lang: give ko or en\n")


@pytest.mark.parametrize(
    ("locale", "is_korean"), [("ko_KR.UTF-8", True), ("C.UTF-8", False), ("de_DE.UTF-8", False)]
)
def test_without_lang_the_locale_decides(
    locale: str, *, is_korean: bool, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    run(["latefee"])
    assert bool(HANGUL.search(capsys.readouterr().err)) == is_korean


def test_what_is_lacking_is_said_with_an_example(capsys: Capture) -> None:
    errors = line_of(late_fee(on=None), "en", capsys)[2]
    assert errors == (
        "carrierbill: --on: a value is missing; give the day to work out, for example --on 2025-11-30\n"
    )


# ── settings and policy folders ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value"),
    [("COLOUR", "red"), ("PORT", "http"), ("RULES", "gide"), ("POLICIES", "nowhere"), ("CONFIG", "nowhere")],
)
@pytest.mark.parametrize("command", [late_fee(), outlook(), ["policy", "list"], ["serve", "--port", "0"]])
def test_a_bad_setting_stops_every_command_by_its_name(
    name: str, value: str, *, command: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CARRIERBILL_{name}", value)
    code, shown, errors = line_of(command, "en", capsys)
    assert (code, shown, errors.count("\n")) == (2, "", 1)
    assert f"CARRIERBILL_{name}" in errors


@pytest.mark.parametrize(
    "command", [late_fee(rules="mine"), outlook(rules="mine"), ["policy", "list"], ["serve", "--port", "0"]]
)
def test_a_faulty_policy_folder_is_told_by_file_and_key(
    command: list[str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_rules(tmp_path / "p", with_slip("late_fee.toml", '"3.00%"', '"3.00"'))
    monkeypatch.setenv("CARRIERBILL_POLICIES", str(tmp_path / "p"))
    code, shown, errors = line_of(command, "en", capsys)
    place = f"{folder / 'late_fee.toml'}: tariff[1].low[1].rate_a_year"
    assert (code, shown) == (2, "")
    assert errors == f'carrierbill: {place}: this has to be a percentage such as "4.50%"\n'


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_faulty_folder_that_is_checked_is_a_refusal_that_names_file_and_key(
    language: str, tmp_path: Path, capsys: Capture
) -> None:
    folder = write_rules(tmp_path, with_slip("stages.toml", "from_status_day = 15", "from_status_day = 1"))
    code, shown, errors = line_of(["policy", "check", str(folder)], language, capsys)
    assert (code, errors, shown.count("\n")) == (1, "", 1)
    assert f"{folder / 'stages.toml'}: ladder[1].stage:" in shown


def test_a_faulty_folder_that_is_checked_is_refused_to_programs_too(tmp_path: Path, capsys: Capture) -> None:
    folder = write_rules(tmp_path, with_slip("stages.toml", "from_status_day = 15", "from_status_day = 1"))
    code, shown, _ = line_of(["policy", "check", str(folder), "--json"], "en", capsys)
    assert (code, json.loads(shown)["refused"]["rule"]) == (1, "policy_file")


@pytest.mark.parametrize("checked", ["", "relief.toml"])
def test_a_folder_or_a_file_without_a_fault_is_said_to_have_none(
    checked: str, tmp_path: Path, capsys: Capture
) -> None:
    folder = write_rules(tmp_path, FILES)
    code, shown, _ = line_of(["policy", "check", str(folder / checked)], "en", capsys)
    assert (code, "no fault found" in shown) == (0, True)


def test_a_checked_folder_without_a_fault_lists_its_files_for_programs(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = write_rules(tmp_path, {"rule_set.toml": RULE_SET, "relief.toml": FILES["relief.toml"]})
    _, shown, _ = line_of(["policy", "check", str(folder), "--json"], "en", capsys)
    assert json.loads(shown)["checked"] == ["relief.toml", "rule_set.toml"]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path, capsys: Capture) -> None:
    code, shown, error = line_of(["policy", "check", str(tmp_path / "late_fee.toml")], "en", capsys)
    assert (code, shown, error) == (2, "", "carrierbill: PATH: there is no such file or folder\n")
