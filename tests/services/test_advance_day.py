"""Days worked on lines bring the fees and effects that were foretold, after their notices, each day once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from books import Books
from carrierbill.domain.bill import Bill
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.event import events_between
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.line import Line, LineDay
from carrierbill.domain.notice import BureauReport
from carrierbill.domain.policy import RuleSet
from carrierbill.services.advance_day import (
    Advance,
    Advanced,
    advance_all,
    advance_day,
    days_to_work,
    lines_to_advance,
)
from carrierbill.services.receive_repayment import Repay, receive_repayment
from random_bills import draw
from rule_sets import RULE_SETS
from working_days import GUIDE, TERMS, WorkingDays

# A Tuesday: lateness shows on Wednesday 1 October.
DUE_ON = date(2025, 9, 30)
FIRST = date(2025, 9, 24)
# With what is repaid too much, a line's sums stay within what the books can hold.
MOST_PRINCIPAL_WON = 10**10


@pytest.fixture
def days(book: Books) -> WorkingDays:
    return WorkingDays(book, GUIDE)


def late_line(days: WorkingDays, carrier: str = "SKT", **told: Any) -> tuple[Line, IssuedBill]:
    line = days.book.line(carrier=carrier, **told)
    days.book.clock.to(FIRST)
    return line, days.bill(line, 50_000, DUE_ON)


def each_day(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(ahead) for ahead in range((last - first).days + 1))


# ── a life by the guide ──────────────────────────────────────────────────────────────────────────────────
def test_an_unpaid_bill_by_the_guide_goes_up_the_ladder_on_its_days(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.through(FIRST, date(2025, 12, 29), line)
    assert days.spans(line) == [
        ("pg_marked_unpaid", date(2025, 10, 1), None),
        ("block_purchases", date(2025, 10, 1), None),
        ("notice_sms", date(2025, 10, 15), None),
        ("notice_letter", date(2025, 10, 15), None),
        ("limit_zero", date(2025, 10, 30), None),
        ("suspend_line", date(2025, 10, 30), None),
        ("pg_refuses", date(2025, 10, 30), None),
        ("report_short_term", date(2025, 11, 29), None),
        ("register_long_term", date(2025, 12, 29), None),
        ("mark_long_term", date(2025, 12, 29), None),
    ]


def test_its_holder_is_told_before_and_when_something_begins(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.through(FIRST, date(2025, 10, 30), line)
    assert days.told(line) == [
        ("early_reminder", date(2025, 9, 27)),
        ("reminder", date(2025, 9, 29)),
        ("begun", date(2025, 10, 1)),
        ("notice_sms", date(2025, 10, 15)),
        ("notice_letter", date(2025, 10, 15)),
        ("begun", date(2025, 10, 30)),
    ]


def test_notices_announce_what_follows_and_from_when(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.through(FIRST, date(2025, 10, 15), line)
    early, last = days.notices(line, "early_reminder", "reminder")
    (letter,) = days.notices(line, "notice_letter")
    assert "effects" not in early.details
    assert (last.details["from_on"], last.details["effects"]) == ("2025-10-01", "block_purchases")
    assert (letter.details["from_on"], letter.details["effects"], letter.details["later"]) == (
        "2025-10-30",
        "limit_zero,suspend_line,pg_refuses",
        "report_short_term,register_long_term,mark_long_term",
    )


def test_what_is_unconfirmed_is_neither_announced_nor_begun(book: Books) -> None:
    days = WorkingDays(book, RULE_SETS["guide"])
    line, _ = late_line(days)
    days.through(FIRST, date(2025, 12, 29), line)
    assert {"limit_zero", "mark_long_term"} <= days.in_force(line)
    assert days.in_force(line) & {"suspend_line", "report_short_term", "register_long_term"} == set()
    (letter,) = days.notices(line, "notice_letter")
    assert (letter.details["effects"], letter.details["later"]) == ("limit_zero,pg_refuses", "mark_long_term")


def test_the_days_fees_add_up_in_the_ledger(days: WorkingDays) -> None:
    line, bill = late_line(days)
    brought = days.through(FIRST, date(2025, 11, 30), line)
    assert sum(each.fee_won for (each,) in brought.values()) == 167
    assert days.book.one(IssuedBill, bill.id).fee_booked_won == 167
    balance = days.book.trial_balance()
    assert balance[LedgerAccount.LATE_FEE_CLAIMS] == 167
    assert balance[LedgerAccount.LATE_FEE_INCOME] == -167


# ── only after the notice ────────────────────────────────────────────────────────────────────────────────
def test_a_block_starts_the_day_after_its_reminder_was_delivered_when_that_was_late(
    days: WorkingDays,
) -> None:
    line, _ = late_line(days)
    days.undelivered = {"reminder"}
    days.through(FIRST, date(2025, 10, 5), line)
    assert days.in_force(line) == {"pg_marked_unpaid"}
    days.deliver(line, "reminder", date(2025, 10, 6))
    days.through(date(2025, 10, 6), date(2025, 10, 8), line)
    assert ("block_purchases", date(2025, 10, 7), None) in days.spans(line)


def test_later_effects_wait_for_the_letter_and_the_block_does_not(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.undelivered = {"notice_letter"}
    days.through(FIRST, date(2025, 11, 4), line)
    assert days.in_force(line) == {"pg_marked_unpaid", "block_purchases", "notice_sms", "notice_letter"}
    days.deliver(line, "notice_letter", date(2025, 11, 4))
    days.through(date(2025, 11, 5), date(2025, 11, 5), line)
    assert ("limit_zero", date(2025, 11, 5), None) in days.spans(line)


def test_a_listing_is_announced_only_where_all_that_is_late_reaches_its_amount(book: Books) -> None:
    days = WorkingDays(book, TERMS)
    small, beside = book.line(), book.line()
    other = book.line(holder_id=beside.holder_id)
    book.clock.to(FIRST)
    for line in (small, beside, other):
        days.bill(line, 6_000, DUE_ON)
    days.through(date(2025, 9, 27), date(2025, 10, 30), small, beside, other)
    later = {line.id: days.notices(line, "notice_letter")[0].details["later"] for line in (small, beside)}
    assert later == {small.id: "stop_all,end_contract", beside.id: "stop_all,list_kait,end_contract"}


def test_a_notice_that_goes_out_late_announces_nothing_for_a_day_that_is_over(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.work(date(2025, 11, 10), line)
    announced = {notice.what: notice.details["from_on"] for notice in days.notices(line)}
    assert announced == dict.fromkeys(("reminder", "notice_sms", "notice_letter"), "2025-11-11")


# ── the same as foretold ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["guide", "terms"])
def test_days_bring_what_the_outlook_foretold_to_the_won(name: str, book: Books) -> None:
    rules = {"guide": GUIDE, "terms": TERMS}[name]
    days = WorkingDays(book, rules)
    first, last = date(2025, 3, 3), date(2025, 8, 20)
    drawn = _random_bills(Random(f"{name} 14"), first, rules)  # noqa: S311  # chance for a test
    lines = [book.line(carrier=bill.carrier) for bill in drawn]
    book.clock.to(first)
    issued = [
        days.bill(line, bill.principal_won, bill.due_on, welfare=bill.welfare)
        for line, bill in zip(lines, drawn, strict=True)
    ]
    foretold = [_starts(bill, first, last, rules) for bill in drawn]
    for day in each_day(first, last):
        for line, bill, one in zip(lines, drawn, issued, strict=True):
            for repayment in bill.repayments:
                if repayment.received_on == day:
                    days.repay(line, repayment.won, day, one.id)
        for advanced, starts in zip(days.work(day, *lines), foretold, strict=True):
            assert list(advanced.started) == starts.get(day, []), (day, advanced)
        days.send()
        booked = {bill.id: bill.fee_booked_won for bill in book.all(IssuedBill)}
        due = [late_fee_on(bill, day, rules).fee.charged for bill in drawn]
        assert [booked[one.id] for one in issued] == due, day


def _random_bills(random: Random, first: date, rules: RuleSet) -> list[Bill]:
    found: list[Bill] = []
    while len(found) < 16:
        bill = draw(random, rules.name).bill
        if bill.principal_won > MOST_PRINCIPAL_WON:
            continue
        due_on = first + timedelta(10 + random.randrange(25))
        shift = due_on - bill.due_on
        repaid = [
            replace(each, received_on=each.received_on + shift)
            for each in bill.repayments
            if due_on.replace(day=1) <= each.received_on + shift
        ]
        found.append(replace(bill, due_on=due_on, repayments=tuple(repaid)))
    return found


def _starts(bill: Bill, first: date, last: date, rules: RuleSet) -> dict[date, list[str]]:
    """The effects that the outlook starts, by day."""
    return {
        event.position.on: [str(effect) for effect in event.starts]
        for event in events_between(bill, (first, last), rules)
        if event.starts
    }


# ── what ends, and when ──────────────────────────────────────────────────────────────────────────────────
def test_paid_before_late_30_everything_is_back_as_soon_as_the_money_is(days: WorkingDays) -> None:
    line, bill = late_line(days)
    days.through(FIRST, date(2025, 10, 9), line)
    days.repay(line, 30_000, date(2025, 10, 10))
    days.through(date(2025, 10, 10), date(2025, 10, 11), line)
    assert days.in_force(line) == {"pg_marked_unpaid", "block_purchases"}
    days.repay(line, 20_100, date(2025, 10, 12))
    assert days.in_force(line) == {"pg_marked_unpaid"}
    (worked,) = days.work(date(2025, 10, 12), line)
    assert worked.ended == ("pg_marked_unpaid",)
    assert days.in_force(line) == set()
    assert days.book.one(IssuedBill, bill.id).closed_on == date(2025, 10, 12)
    assert days.notices(line)[-1].details["effects"] == "block_purchases"


def test_paid_at_late_30_the_line_is_back_by_the_carriers_time(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.through(FIRST, date(2025, 10, 30), line)
    days.repay(line, 51_000, date(2025, 10, 31))  # a Friday; SKT takes one business day
    days.through(date(2025, 10, 31), date(2025, 11, 4), line)
    ended = {effect: ended_on for effect, _, ended_on in days.spans(line)}
    assert ended["pg_marked_unpaid"] == ended["notice_sms"] == date(2025, 10, 31)
    assert {ended[each] for each in ("block_purchases", "limit_zero", "suspend_line", "pg_refuses")} == {
        date(2025, 11, 3)
    }


def test_two_lines_of_a_holder_hold_back_each_others_return(days: WorkingDays) -> None:
    line, _ = late_line(days)
    other = days.book.line(carrier="KT", holder_id=line.holder_id)
    days.bill(other, 20_000, date(2025, 10, 2))
    days.through(FIRST, date(2025, 10, 9), line, other)
    days.repay(line, 50_100, date(2025, 10, 10))
    days.through(date(2025, 10, 10), date(2025, 10, 19), line, other)
    assert days.in_force(line) == {"block_purchases"}
    days.repay(other, 20_100, date(2025, 10, 20))
    days.through(date(2025, 10, 20), date(2025, 10, 20), line, other)
    assert days.in_force(line) == days.in_force(other) == set()


def test_a_part_repaid_ends_a_listing_at_once_and_nothing_else(book: Books) -> None:
    days = WorkingDays(book, TERMS)
    line = book.line(carrier="KT")
    book.clock.to(FIRST)
    days.bill(line, 12_000, DUE_ON)
    days.through(FIRST, date(2026, 1, 4), line)
    assert "list_kait" in days.in_force(line)
    days.repay(line, 2_500, date(2026, 1, 5))
    (worked,) = days.work(date(2026, 1, 5), line)
    assert worked.ended == ("list_kait",)
    (report,) = book.all(BureauReport)
    assert (report.reported_on, report.withdrawn_on) == (date(2025, 12, 30), date(2026, 1, 5))


def test_a_settled_bill_whose_fee_is_open_is_not_closed_before_the_fee_is_paid(days: WorkingDays) -> None:
    line, bill = late_line(days)
    days.through(FIRST, date(2025, 10, 9), line)
    days.repay(line, 50_000, date(2025, 10, 10))
    days.through(date(2025, 10, 10), date(2025, 10, 11), line)
    assert days.in_force(line) == set()
    assert days.book.one(IssuedBill, bill.id).closed_on is None
    days.repay(line, 27, date(2025, 10, 12))
    days.through(date(2025, 10, 12), date(2025, 10, 12), line)
    assert days.book.one(IssuedBill, bill.id).closed_on == date(2025, 10, 12)


# ── reports ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_report_is_held_until_it_is_announced_then_made_and_withdrawn_when_cured(
    days: WorkingDays,
) -> None:
    line, _ = late_line(days)
    days.undelivered = {"notice_letter"}
    days.through(FIRST, date(2025, 11, 29), line)
    (report,) = days.book.all(BureauReport)
    assert (report.effect, report.held_on, report.reported_on) == (
        "report_short_term",
        date(2025, 11, 29),
        None,
    )
    assert "report_short_term" not in days.in_force(line)
    days.deliver(line, "notice_letter", date(2025, 11, 30))
    days.repay(line, 10_000, date(2025, 12, 1))
    days.through(date(2025, 12, 1), date(2025, 12, 1), line)
    (report,) = days.book.all(BureauReport)
    assert (report.won, report.reported_on, report.withdrawn_on) == (40_000, date(2025, 12, 1), None)
    days.repay(line, 41_000, date(2025, 12, 3))
    days.through(date(2025, 12, 2), date(2025, 12, 3), line)
    (report,) = days.book.all(BureauReport)
    assert report.withdrawn_on == date(2025, 12, 3)


def test_a_day_of_a_holders_other_line_leaves_the_reports_of_this_one(days: WorkingDays) -> None:
    line, _ = late_line(days)
    other = days.book.line(holder_id=line.holder_id)
    days.bill(other, 50_000, date(2025, 12, 1))
    days.through(FIRST, date(2025, 11, 29), line)
    days.through(date(2025, 11, 30), date(2025, 11, 30), other)
    (report,) = days.book.all(BureauReport)
    assert (report.line_id, report.withdrawn_on) == (line.id, None)


def test_an_unconfirmed_report_stays_held_and_is_dropped_when_cured(book: Books) -> None:
    days = WorkingDays(book, RULE_SETS["guide"])
    line, _ = late_line(days)
    days.through(FIRST, date(2025, 12, 5), line)
    days.repay(line, 51_000, date(2025, 12, 6))
    days.through(date(2025, 12, 6), date(2025, 12, 6), line)
    (report,) = book.all(BureauReport)
    assert (report.held_on, report.reported_on, report.withdrawn_on) == (
        date(2025, 11, 29),
        None,
        date(2025, 12, 6),
    )


# ── reminders ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("autopay", "named"),
    [
        ({"card_expires_on": date(2025, 9, 29)}, "notice.card_expired"),
        ({"card_expires_on": date(2025, 9, 30)}, ""),
        ({"balance_won": 49_999}, "notice.balance_short"),
        ({"balance_won": 50_000}, ""),
    ],
)
def test_an_auto_pay_that_will_fail_is_named_three_days_before(
    autopay: dict[str, Any], named: str, days: WorkingDays
) -> None:
    line, _ = late_line(days, **autopay)
    days.through(FIRST, date(2025, 9, 29), line)
    early, last = days.notices(line)
    assert early.details.get("also", "") == named
    assert last.details["also"] == "notice.ahead"


def test_a_bill_paid_in_time_is_reminded_of_no_more_and_closed(days: WorkingDays) -> None:
    line, bill = late_line(days)
    days.through(FIRST, date(2025, 9, 27), line)
    days.repay(line, 50_000, date(2025, 9, 28))
    days.through(date(2025, 9, 28), date(2025, 10, 1), line)
    assert [notice.delivered_on for notice in days.notices(line)] == [date(2025, 9, 27)]
    assert days.in_force(line) == set()
    assert days.book.one(IssuedBill, bill.id).closed_on == date(2025, 9, 28)


def test_a_reminder_missed_goes_out_late_and_says_so_and_the_block_waits_for_it(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.through(date(2025, 10, 3), date(2025, 10, 5), line)
    (reminder,) = days.notices(line, "reminder")
    assert (reminder.key, reminder.delivered_on) == ("notice.reminder_passed", date(2025, 10, 3))
    assert ("block_purchases", date(2025, 10, 4), None) in days.spans(line)


# ── contact ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_day_worked_at_night_sends_in_the_morning(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.book.clock.to(date(2025, 9, 27), 22)
    days.book.decide(advance_day, Advance(line.id, date(2025, 9, 27)))
    (reminder,) = days.notices(line)
    assert reminder.not_before.isoformat() == "2025-09-28T08:00:00+09:00"


def test_what_is_no_debt_contact_waits_for_the_morning_too(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.through(FIRST, date(2025, 10, 9), line)
    days.book.clock.to(date(2025, 10, 9), 23)
    days.book.decide(receive_repayment, Repay(line.id, 51_000, date(2025, 10, 9)))
    (returned,) = days.notices(line, "returned")
    assert returned.not_before.isoformat() == "2025-10-10T08:00:00+09:00"


def test_a_holder_with_many_lines_is_contacted_seven_times_in_seven_days_at_most(days: WorkingDays) -> None:
    first, _ = late_line(days)
    lines = [first, *(days.book.line(holder_id=first.holder_id) for _ in range(9))]
    for line in lines[1:]:
        days.bill(line, 10_000, DUE_ON)
    days.through(FIRST, date(2025, 10, 25), *lines)
    sent = sorted(each.notice.sent_at.date() for each in days.post.sent if each.notice.sent_at)
    assert len(sent) > 20
    for day in sent:
        assert sum(day <= other < day + timedelta(7) for other in sent) <= 7


# ── each day once, and in order ──────────────────────────────────────────────────────────────────────────
def test_a_day_worked_again_changes_nothing(days: WorkingDays) -> None:
    line, bill = late_line(days)
    days.through(FIRST, date(2025, 10, 30), line)
    before = standing(days, line, bill)
    for day in (date(2025, 10, 30), date(2025, 10, 1)):
        (again,) = days.book.decide(advance_day, Advance(line.id, day))
        assert again == Advanced(line.id, day, 0, (), (), 0)
    assert standing(days, line, bill) == before


def standing(days: WorkingDays, line: Line, bill: IssuedBill) -> tuple[object, ...]:
    """All that a day may change."""
    issued = days.book.one(IssuedBill, bill.id)
    return days.spans(line), days.notices(line), issued, days.book.trial_balance()


def test_the_same_line_twice_in_one_go_is_worked_once(days: WorkingDays) -> None:
    line, _ = late_line(days)
    first, second = days.work(date(2025, 10, 5), line, line)
    assert first.started == ("pg_marked_unpaid",)
    assert second == Advanced(line.id, date(2025, 10, 5), 0, (), (), 0)


def test_missed_days_are_worked_in_their_order(days: WorkingDays) -> None:
    line, bill = late_line(days)
    days.through(FIRST, date(2025, 9, 30), line)
    days.book.clock.to(date(2025, 10, 20), 9)
    (worked,) = days.work(date(2025, 10, 20), line)
    assert worked.started == ("pg_marked_unpaid", "block_purchases", "notice_sms", "notice_letter")
    assert [began for _, began, _ in days.spans(line)] == [
        date(2025, 10, 1),
        date(2025, 10, 1),
        date(2025, 10, 15),
        date(2025, 10, 15),
    ]
    assert days.book.one(IssuedBill, bill.id).fee_booked_won == worked.fee_won == 54
    (mark,) = days.book.all(LineDay, line_id=line.id)
    assert mark.advanced_to == date(2025, 10, 20)


def test_missed_days_bring_nothing_adverse_that_was_not_announced_in_them(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.work(date(2025, 11, 5), line)
    assert days.in_force(line) == {"pg_marked_unpaid", "notice_sms", "notice_letter"}
    days.send()
    days.work(date(2025, 11, 6), line)
    assert {"block_purchases", "limit_zero", "suspend_line"} <= days.in_force(line)


def test_a_day_that_has_not_come_is_refused(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.book.clock.to(date(2025, 10, 1), 23, 59)
    refused, worked = days.book.decide(
        advance_day, Advance(line.id, date(2025, 10, 2)), Advance(line.id, date(2025, 10, 1))
    )
    assert isinstance(refused, BadInputError)
    assert isinstance(worked, Advanced)


def test_a_line_there_is_none_of_is_bad_input_and_fails_no_other(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.book.clock.to(date(2025, 10, 1))
    unknown, known = days.book.decide(
        advance_day, Advance(999_999, date(2025, 10, 1)), Advance(line.id, date(2025, 10, 1))
    )
    assert isinstance(unknown, BadInputError)
    assert isinstance(known, Advanced)


# ── which lines ──────────────────────────────────────────────────────────────────────────────────────────
def to_advance(days: WorkingDays, day: date, *, after_id: int = 0, most: int = 500) -> list[int]:
    with days.book.db.unit() as unit:
        found = lines_to_advance(unit, day, after_id=after_id, most=most, rules=days.book.rules)
    return [each.line_id for each in found]


@pytest.mark.parametrize(("day", "is_one"), [(date(2025, 9, 26), False), (date(2025, 9, 27), True)])
def test_a_line_has_nothing_to_do_before_its_bills_first_reminder(
    day: date, *, is_one: bool, days: WorkingDays
) -> None:
    line, _ = late_line(days)
    assert (line.id in to_advance(days, day)) == is_one


def test_a_line_that_was_advanced_or_owes_nothing_has_nothing_to_do(days: WorkingDays) -> None:
    line, _ = late_line(days)
    days.book.line()
    assert to_advance(days, date(2025, 10, 1)) == [line.id]
    days.work(date(2025, 10, 1), line)
    assert to_advance(days, date(2025, 10, 1)) == []
    assert to_advance(days, date(2025, 10, 2)) == [line.id]


def test_a_line_whose_effects_wait_for_another_line_has_something_to_do(days: WorkingDays) -> None:
    line, _ = late_line(days)
    other = days.book.line(holder_id=line.holder_id)
    days.bill(other, 10_000, DUE_ON)
    days.through(FIRST, date(2025, 10, 2), line, other)
    days.repay(line, 50_100, date(2025, 10, 3))
    days.through(date(2025, 10, 3), date(2025, 10, 3), line, other)
    assert to_advance(days, date(2025, 10, 4)) == [line.id, other.id]


def test_lines_come_in_pages_without_one_lost(days: WorkingDays) -> None:
    lines = []
    for _ in range(7):
        line, _ = late_line(days)
        days.book.line()
        lines.append(line.id)
    found: list[int] = []
    while page := to_advance(days, date(2025, 10, 1), after_id=found[-1] if found else 0, most=3):
        found += page
    assert found == lines


def test_without_rules_at_hand_every_bill_of_a_month_ahead_counts(days: WorkingDays) -> None:
    line, _ = late_line(days)
    with days.book.db.unit() as unit:
        assert [each.line_id for each in lines_to_advance(unit, date(2025, 9, 1))] == [line.id]
        assert lines_to_advance(unit, date(2025, 8, 29)) == []


def test_a_round_works_every_line_and_sums_up(days: WorkingDays) -> None:
    for _ in range(3):
        late_line(days)
    days.book.clock.to(date(2025, 10, 1), 9)
    worked = advance_all(days.book.db, date(2025, 10, 1), days.book.rules)
    assert (worked.lines, worked.fee_won, worked.started, worked.notices) == (
        3,
        6,
        {"pg_marked_unpaid": 3},
        3,
    )
    assert advance_all(days.book.db, date(2025, 10, 1), days.book.rules).lines == 0


def test_a_round_begins_with_the_last_day_worked(days: WorkingDays) -> None:
    with days.book.db.unit() as unit:
        assert days_to_work(unit, date(2025, 10, 1)) == [date(2025, 10, 1)]
    line, _ = late_line(days)
    days.work(date(2025, 9, 29), line)
    with days.book.db.unit() as unit:
        assert days_to_work(unit, date(2025, 10, 1)) == list(each_day(date(2025, 9, 29), date(2025, 10, 1)))
        assert days_to_work(unit, date(2025, 9, 1)) == [date(2025, 9, 1)]


def test_a_round_that_fails_says_so(days: WorkingDays) -> None:
    late_line(days)
    with pytest.raises(BadInputError):
        advance_all(days.book.db, date(2025, 10, 1), days.book.rules)


def test_a_line_no_rule_covers_is_counted_and_holds_up_no_other(days: WorkingDays) -> None:
    line, bill = late_line(days)
    uncovered = days.book.line()
    days.bill(uncovered, 10_000, date(2019, 9, 30))  # the guide has no late fee before 2021
    days.book.clock.to(date(2025, 10, 1), 9)
    worked = advance_all(days.book.db, date(2025, 10, 1), days.book.rules)
    assert (worked.lines, worked.refused) == (1, {"no_rule_in_force": 1})
    assert days.book.one(IssuedBill, bill.id).fee_booked_won == 2
    assert days.book.all(LineDay, line_id=uncovered.id) == []
    assert [mark.advanced_to for mark in days.book.all(LineDay, line_id=line.id)] == [date(2025, 10, 1)]
