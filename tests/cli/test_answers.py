"""The command line answers in words and in JSON; golden files pin what people and programs see."""

import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from carrierbill.cli.main import run

Golden = Callable[[str, str], None]
SKT = ["--carrier", "SKT", "--principal", "50000", "--due", "2025-09-30"]
KT = ["--carrier", "KT", "--principal", "120000", "--due", "2026-09-25"]
LGU = ["--carrier", "LGU", "--principal", "230,000", "--due", "2026-01-31"]
ANSWERS = {
    "late-fee-skt": ["late-fee", *SKT, "--on", "2025-11-30"],
    "late-fee-terms-repaid": [
        "late-fee",
        *SKT,
        "--on",
        "2025-10-31",
        "--rules",
        "terms",
        "--repaid",
        "2025-10-10=20000",
    ],
    "late-fee-credit": ["late-fee", *SKT, "--on", "2026-03-10", "--repaid", "2026-03-05=60000"],
    "late-fee-not-late": ["late-fee", *KT, "--on", "2026-09-25"],
    "late-fee-ended": ["late-fee", *LGU, "--on", "2026-08-10", "--rules", "terms", "--welfare"],
    "outlook-kt": ["outlook", *KT, "--days", "200"],
    "outlook-terms": ["outlook", *LGU, "--rules", "terms", "--days", "1300", "--income", "1200000"],
    "outlook-lgu-settled": ["outlook", *LGU, "--from", "2026-02-01", "--repaid", "2026-02-05=230000"],
    "policy-list": ["policy", "list"],
    "policy-late-fee": ["policy", "show", "late_fee", "--on", "2026-01-01"],
    "policy-relief": ["policy", "show", "relief", "--on", "2026-01-01", "--rules", "terms"],
    "policy-not-in-force": ["policy", "show", "late_fee", "--on", "2011-01-01"],
    "policy-business-days": ["policy", "show", "business_days", "--on", "2026-01-01"],
    "policy-diff": ["policy", "diff", "guide", "guide-example", "--on", "2026-01-01"],
    "policy-no-difference": ["policy", "diff", "terms", "terms", "--on", "2026-01-01"],
}


@pytest.fixture(autouse=True)
def a_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", ANSWERS)
def test_people_read_what_the_golden_file_shows(
    name: str, language: str, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*ANSWERS[name], "--lang", language]) == 0
    shown, errors = capsys.readouterr()
    assert errors == ""
    golden(f"cli/{name}.{language}.txt", shown)


@pytest.mark.parametrize("name", ANSWERS)
def test_programs_read_one_json_document_and_nothing_else(
    name: str, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*ANSWERS[name], "--json"]) == 0
    shown, errors = capsys.readouterr()
    assert errors == ""
    json.loads(shown)
    golden(f"cli/{name}.json", shown)


def test_the_documented_late_fee_answer_is_given_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    run(["late-fee", *SKT, "--on", "2025-11-30", "--json"])
    answer = json.loads(capsys.readouterr().out)
    piece = answer["pieces"]["low"][0]
    assert list(answer) == [
        *("rules", "carrier", "principal_won", "due_on", "effective_due_on", "on", "days_late", "status_day"),
        *(
            "stage",
            "effects",
            "unpaid_won",
            "late_fee_won",
            "fee_repaid_won",
            "total_won",
            "credit_won",
            "pieces",
        ),
        *("capitalised", "elsewhere", "restoration", "notes"),
    ]
    assert (answer["days_late"], answer["status_day"], answer["stage"]) == (61, 61, "late_60")
    assert answer["late_fee_won"] == {"low": 167, "high": 376, "charged": 167}
    assert answer["total_won"] == {"low": 50167, "high": 50376, "charged": 50167}
    assert (piece["measure"], piece["units"], piece["rate"], piece["per"]) == (
        "days_late",
        61,
        "2.00%",
        "year",
    )
    assert (piece["exact_won"], piece["from"], piece["to"]) == ("61000/365", "2025-10-01", "2025-11-30")
    assert list(piece["source"]) == ["title", "where", "published_on", "standing"]
    assert answer["elsewhere"] == [
        {"rules": "guide-example", "late_fee_won": {"low": 1253, "high": 1253, "charged": 1253}},
        {"rules": "terms", "late_fee_won": {"low": 1750, "high": 1750, "charged": 1750}},
    ]
    assert answer["restoration"]["line"] == {"earliest_on": "2025-12-01", "latest_on": "2025-12-02"}
    assert (answer["restoration"]["held_by"], answer["capitalised"], answer["notes"]) == ([], [], [])


def test_chuseok_2026_puts_the_reflection_on_monday(capsys: pytest.CaptureFixture[str]) -> None:
    run(["outlook", *KT, "--days", "200", "--json"])
    events = json.loads(capsys.readouterr().out)["events"]
    assert [event["on"] for event in events] == sorted(event["on"] for event in events)
    assert [event["on"] for event in events if event["what"] == "reflected"] == ["2026-09-28"]
    assert [event["on"] for event in events if event["what"] == "due"] == ["2026-09-25"]


def test_every_help_page_is_told_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        [],
        ["late-fee"],
        ["outlook"],
        ["policy"],
        ["policy", "show"],
        ["policy", "diff"],
        ["serve"],
    ):
        pages = []
        for language in ("ko", "en"):
            assert run([*command, "--lang", language, "--help"]) == 0
            pages.append(capsys.readouterr().out)
        assert re.search("[가-힣]", pages[0])
        assert not re.search("[가-힣]", pages[1])


def test_a_reader_that_has_enough_ends_the_answer_without_a_word() -> None:
    command = [sys.executable, "-m", "carrierbill", "outlook", *KT, "--days", "3000", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as answering:
        assert answering.stdout is not None
        assert answering.stderr is not None
        answering.stdout.read(10)
        answering.stdout.close()
        assert answering.stderr.read() == b""
