"""A bill's coming dates as a calendar takes them in: all-day, in the asked language, the same each time."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from icalendar import Alarm, Calendar

from carrierbill.bootstrap import App, start
from carrierbill.documents.calendar import calendar_file, file_name
from carrierbill.domain.bill import Bill, Repayment
from carrierbill.domain.event import events_between
from carrierbill.domain.reminder import AutoPay

KT = Bill("KT", 120_000, date(2026, 9, 25))
WINDOW = (date(2026, 9, 20), date(2027, 3, 4))


@pytest.fixture(scope="module")
def program() -> App:
    return start({})


def made(program: App, language: str = "ko", rules: str = "guide", autopay: AutoPay | None = None) -> bytes:
    events = events_between(KT, WINDOW, program.rules(rules), autopay=autopay)
    return calendar_file(KT, events, program.texts, language=language, rules=program.rules(rules))


def entries(content: bytes) -> list[tuple[date, str]]:
    return [(entry.DTSTART, str(entry["summary"])) for entry in Calendar.from_ical(content).events]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_file(program: App, golden: Callable[[str, str], None], language: str) -> None:
    golden(f"documents/bill.{language}.ics", made(program, language).decode())


def test_the_coming_days_are_all_day_entries_in_order(program: App) -> None:
    found = entries(made(program))
    assert found[:4] == [
        (date(2026, 9, 22), "소액결제: 납부 알림"),
        (date(2026, 9, 24), "소액결제: 납부 알림"),
        (date(2026, 9, 25), "소액결제: 납기일"),
        (date(2026, 9, 28), "소액결제: 연체 반영"),
    ]
    assert found == sorted(found, key=lambda each: each[0])
    assert all(
        timedelta(days=1) == entry.DTEND - entry.DTSTART for entry in Calendar.from_ical(made(program)).events
    )


def test_what_asks_for_nothing_on_its_day_stays_out(program: App) -> None:
    summaries = {summary for _, summary in entries(made(program, "en"))}
    assert "Phone purchases: Late fee billed" not in summaries
    assert "Phone purchases: Late fee joins the principal" not in summaries
    assert "Phone purchases: Late fee step" in summaries


def test_reminders_ring_at_nine_in_the_morning(program: App) -> None:
    for entry in Calendar.from_ical(made(program)).events:
        rings = [alarm.TRIGGER for alarm in entry.subcomponents if isinstance(alarm, Alarm)]
        wanted = str(entry["summary"]) in {"소액결제: 납부 알림", "소액결제: 납기일"}
        assert rings == ([timedelta(hours=9)] if wanted else [])


def test_an_automatic_payment_that_will_fail_is_told_in_the_first_reminder(program: App) -> None:
    content = made(program, autopay=AutoPay(card_valid_until=date(2026, 8, 31)))
    first, second, *_ = Calendar.from_ical(content).events
    assert "만료" in str(first["description"])
    assert "만료" not in str(second["description"])


def test_the_same_question_gives_the_same_file_and_other_bills_other_names(program: App) -> None:
    assert made(program) == made(program)
    names = [str(entry["uid"]) for entry in Calendar.from_ical(made(program)).events]
    assert len({*names}) == len(names)
    others = [str(entry["uid"]) for entry in Calendar.from_ical(made(program, rules="terms")).events]
    assert not {*names} & {*others}
    in_english = [str(entry["uid"]) for entry in Calendar.from_ical(made(program, "en")).events]
    assert in_english == names


def test_lines_end_and_fold_as_the_format_wants(program: App) -> None:
    lines = made(program).split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 75


@pytest.mark.parametrize(("rules", "due_on"), [("guide", date(2026, 9, 25)), ("terms", date(2026, 9, 28))])
def test_a_file_without_coming_dates_holds_the_due_date_and_asks_for_nothing(
    program: App, rules: str, due_on: date
) -> None:
    content = calendar_file(KT, (), program.texts, language="en", rules=program.rules(rules))
    assert entries(content) == [(due_on, "Phone purchases: Due date")]
    entry = Calendar.from_ical(content).events[0]
    assert str(entry["description"]) == "There is no date left to remember for this bill."
    assert entry.subcomponents == []


def test_what_only_moves_money_leaves_a_file_with_the_due_date(program: App) -> None:
    settled = Bill("LGU", 50_000, date(2025, 9, 30), repayments=(Repayment(date(2025, 10, 20), 50_000),))
    window, rules = (date(2025, 10, 21), date(2026, 3, 1)), program.rules("guide")
    events = list(events_between(settled, window, rules))
    assert {event.what for event in events} == {"fee_posted"}
    content = calendar_file(settled, events, program.texts, language="ko", rules=rules)
    assert entries(content) == [(date(2025, 9, 30), "소액결제: 납기일")]


def test_the_name_of_the_file_holds_days_alone() -> None:
    assert file_name(KT, date(2026, 9, 20)) == "carrierbill-20260925-20260920.ics"
