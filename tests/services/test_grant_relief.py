"""Reliefs: who may ask for what and when, what a waiver books, what plans hold off, and how they end."""

from datetime import date
from typing import Any

import pytest

from books import Books
from carrierbill.domain.arrangement import Arrangement, ArrangementKind, ArrangementState
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Notice, NoticeState
from carrierbill.services.advance_day import Advance, advance_day
from carrierbill.services.decide import Refused
from carrierbill.services.grant_relief import (
    Asked,
    AskRelief,
    Decided,
    DecideRelief,
    ask_relief,
    decide_relief,
)
from carrierbill.services.ports import Once
from working_days import GUIDE, TERMS, WorkingDays

DUE_ON, FIRST = date(2025, 9, 30), date(2025, 9, 24)
WAIVER, PARTS = ArrangementKind.WAIVER, ArrangementKind.INSTALMENT
ADJUSTMENT, REVIEW = ArrangementKind.DEBT_ADJUSTMENT, ArrangementKind.LONG_TERM_REVIEW


@pytest.fixture
def days(book: Books) -> WorkingDays:
    return WorkingDays(book, GUIDE)


@pytest.fixture
def line(days: WorkingDays) -> Line:
    return days.book.line()


@pytest.fixture
def bill(days: WorkingDays, line: Line) -> IssuedBill:
    days.book.clock.to(FIRST)
    return days.bill(line, 50_000, DUE_ON)


def ask(days: WorkingDays, day: date, line: Line, kind: ArrangementKind, **told: Any) -> Any:
    days.book.clock.to(day)
    (outcome,) = days.book.decide(ask_relief, AskRelief(line.id, kind, **told))
    return outcome


def decide(days: WorkingDays, asked: Asked, *, granted: bool = True) -> Any:
    command = DecideRelief(asked.arrangement_id, granted=granted, actor="counsellor", why="first time")
    (outcome,) = days.book.decide(decide_relief, command)
    return outcome


def given(days: WorkingDays, day: date, line: Line, kind: ArrangementKind, **told: Any) -> Arrangement:
    """A relief asked for and granted on a day."""
    asked = ask(days, day, line, kind, **told)
    assert isinstance(asked, Asked), asked
    decided = decide(days, asked)
    assert decided.state == "granted", decided
    return days.book.one(Arrangement, asked.arrangement_id)


def owed(book: Books) -> dict[str, int]:
    balance = book.trial_balance()
    named = (LedgerAccount.LATE_FEE_CLAIMS, LedgerAccount.FEE_WAIVED, LedgerAccount.LATE_FEE_INCOME)
    return {str(account): balance.get(account, 0) for account in named}


# ── waiver ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2025, 9, 30), False),
        (date(2025, 10, 1), True),
        (date(2025, 10, 10), True),
        (date(2025, 10, 11), False),
    ],
)
def test_a_waiver_may_be_asked_for_on_days_1_to_10_late(
    day: date, *, is_open: bool, days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    outcome = ask(days, day, line, WAIVER, bill_id=bill.id)
    assert isinstance(outcome, Asked if is_open else Refused)


def test_the_terms_know_no_waiver(days: WorkingDays, line: Line, bill: IssuedBill) -> None:
    days.book.rules = TERMS
    outcome = ask(days, date(2025, 10, 5), line, WAIVER, bill_id=bill.id)
    assert (outcome.rule, outcome.told.key) == ("relief.waiver", "refusal.relief_closed")


def test_a_waiver_waives_the_fee_stated_that_day_and_later_fees_stay(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    days.through(FIRST, date(2025, 10, 8), line)
    plan = given(days, date(2025, 10, 10), line, WAIVER, bill_id=bill.id)
    # Ten days at 2 % of 50,000: 27 won; on the 9th and 10th no day was worked, the waiver books them.
    assert plan.waived_won == 27
    assert owed(days.book) == {"late_fee_claims": 0, "fee_waived": 27, "late_fee_income": -27}
    days.through(date(2025, 10, 11), date(2025, 10, 20), line)
    after = days.book.one(IssuedBill, bill.id)
    assert (after.fee_booked_won, after.fee_waived_won) == (54, 27)
    assert owed(days.book) == {"late_fee_claims": 27, "fee_waived": 27, "late_fee_income": -54}


def test_a_waiver_leaves_alone_what_was_repaid_of_the_fee(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    asked = ask(days, date(2025, 10, 9), line, WAIVER, bill_id=bill.id)
    days.repay(line, 50_010, date(2025, 10, 10))
    assert decide(days, asked).waived_won == 17
    assert owed(days.book) == {"late_fee_claims": 0, "fee_waived": 17, "late_fee_income": -27}


def test_a_waiver_that_is_refused_changes_nothing_but_its_state(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    asked = ask(days, date(2025, 10, 5), line, WAIVER, bill_id=bill.id)
    assert decide(days, asked, granted=False) == Decided(asked.arrangement_id, "refused", 0)
    assert owed(days.book)["fee_waived"] == 0
    assert [notice.key for notice in days.notices(line)] == ["notice.waiver_refused"]


def test_a_relief_is_decided_once(days: WorkingDays, line: Line, bill: IssuedBill) -> None:
    asked = ask(days, date(2025, 10, 5), line, WAIVER, bill_id=bill.id)
    assert decide(days, asked).waived_won == 13
    assert decide(days, asked).told.key == "refusal.relief_decided"
    assert owed(days.book)["fee_waived"] == 13


def test_a_decision_sent_twice_is_answered_as_the_first_was(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    asked = ask(days, date(2025, 10, 5), line, WAIVER, bill_id=bill.id)
    once = Once("desk", "decide_relief", "k-1", "f")
    command = DecideRelief(asked.arrangement_id, granted=True, actor="c", why="w", once=once)
    first, second = (days.book.decide(decide_relief, command) for _ in range(2))
    assert first == second == [Decided(asked.arrangement_id, "granted", 13)]


def test_who_asked_and_who_decided_and_why_is_on_the_audit_trail(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    given(days, date(2025, 10, 5), line, WAIVER, bill_id=bill.id)
    with days.book.db.session() as session:
        rows = session.rows("SELECT actor, action, line_id, why FROM audits ORDER BY seq")
    assert rows == [
        ("holder", "relief asked for", line.id, ""),
        ("counsellor", "relief granted", line.id, "first time"),
    ]


# ── instalments ──────────────────────────────────────────────────────────────────────────────────────────
def in_parts(days: WorkingDays, line: Line, bill: IssuedBill) -> Arrangement:
    """Three parts from 20 October on."""
    first = {"months": 3, "first_due_on": date(2025, 10, 20)}
    return given(days, date(2025, 10, 10), line, PARTS, bill_id=bill.id, **first)


def test_the_parts_come_to_all_that_is_owed(days: WorkingDays, line: Line, bill: IssuedBill) -> None:
    plan = in_parts(days, line, bill)
    assert (plan.part_won, plan.months) == (16_676, 3)  # 50,027 in three, rounded up


@pytest.mark.parametrize(
    ("principal_won", "expected"), [(100_000, Asked), (100_001, Refused), (99_980, Asked), (99_981, Refused)]
)
def test_instalments_are_open_up_to_100_000_won_in_all(
    principal_won: int, expected: type, days: WorkingDays, line: Line
) -> None:
    days.book.clock.to(FIRST)
    late = days.bill(line, principal_won, DUE_ON)
    # On the fourth day late 99,980 won owe 21 won of fee, the day before 16.
    day = date(2025, 10, 4) if principal_won == 99_981 else date(2025, 10, 3)
    day = date(2025, 9, 30) if principal_won >= 100_000 else day
    outcome = ask(days, day, line, PARTS, bill_id=late.id, months=2, first_due_on=date(2025, 10, 20))
    assert isinstance(outcome, expected)


@pytest.mark.parametrize(("months", "expected"), [(5, Asked), (6, Refused)])
def test_instalments_run_for_the_rules_months_at_most(
    months: int, expected: type, days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    told = {"months": months, "first_due_on": date(2025, 10, 20)}
    assert isinstance(ask(days, date(2025, 10, 10), line, PARTS, bill_id=bill.id, **told), expected)


@pytest.mark.parametrize(
    "told",
    [
        {"months": 0, "first_due_on": date(2025, 10, 20)},
        {"months": 3, "first_due_on": None},
        {"months": 3, "first_due_on": date(2025, 10, 10)},
        {"months": 3, "first_due_on": date(2025, 10, 20), "part_won": 16_675},
        {"months": 3, "first_due_on": date(2025, 10, 20), "bill_id": 999_999},
    ],
)
def test_terms_that_cannot_be_are_bad_input(
    told: dict[str, Any], days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    outcome = ask(days, date(2025, 10, 10), line, PARTS, **{"bill_id": bill.id, **told})
    assert isinstance(outcome, BadInputError)


def test_a_bill_has_one_plan_at_a_time(days: WorkingDays, line: Line, bill: IssuedBill) -> None:
    in_parts(days, line, bill)
    told = {"months": 2, "first_due_on": date(2025, 10, 20)}
    again = ask(days, date(2025, 10, 10), line, PARTS, bill_id=bill.id, **told)
    assert again.told.key == "refusal.relief_running"


def test_while_parts_are_paid_nothing_new_starts_and_nothing_presses(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    days.through(FIRST, date(2025, 10, 9), line)
    plan = in_parts(days, line, bill)
    days.through(date(2025, 10, 10), date(2025, 10, 19), line)
    days.repay(line, plan.part_won, date(2025, 10, 20), bill.id)
    days.through(date(2025, 10, 20), date(2025, 11, 19), line)
    days.repay(line, plan.part_won, date(2025, 11, 20), bill.id)
    days.through(date(2025, 11, 20), date(2025, 12, 9), line)
    assert days.in_force(line) == {"pg_marked_unpaid", "block_purchases"}
    after = [what for what, on in days.told(line) if on and on > date(2025, 10, 10)]
    assert after == ["part_due", "part_due"]
    days.repay(line, 17_000, date(2025, 12, 10), bill.id)
    days.through(date(2025, 12, 10), date(2025, 12, 10), line)
    assert days.book.one(Arrangement, plan.id).state == ArrangementState.KEPT
    assert days.in_force(line) == {"block_purchases"}  # paid at late_60: SKT takes a business day
    assert days.work(date(2025, 12, 11), line)[0].ended == ("block_purchases",)


def test_a_part_that_is_paid_early_is_not_reminded_of(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    plan = in_parts(days, line, bill)
    days.repay(line, plan.part_won, date(2025, 10, 15), bill.id)
    days.through(date(2025, 10, 15), date(2025, 11, 19), line)
    assert [on for what, on in days.told(line) if what == "part_due"] == [date(2025, 11, 19)]


def test_a_part_unpaid_the_day_after_breaks_the_plan_and_the_ladder_goes_on(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    days.through(FIRST, date(2025, 10, 9), line)
    plan = in_parts(days, line, bill)
    days.through(date(2025, 10, 10), date(2025, 10, 20), line)
    assert days.book.one(Arrangement, plan.id).state == ArrangementState.GRANTED
    days.through(date(2025, 10, 21), date(2025, 10, 30), line)
    broken = days.book.one(Arrangement, plan.id)
    assert (broken.state, broken.ended_on) == (ArrangementState.BROKEN, date(2025, 10, 21))
    told = [each for each in days.told(line) if each[1] and each[1] >= date(2025, 10, 19)]
    assert told == [
        ("part_due", date(2025, 10, 19)),
        ("plan_broken", date(2025, 10, 21)),
        ("notice_sms", date(2025, 10, 21)),
        ("notice_letter", date(2025, 10, 21)),
        ("begun", date(2025, 10, 30)),
    ]
    assert {"limit_zero", "suspend_line"} <= days.in_force(line)


# ── debt adjustment ──────────────────────────────────────────────────────────────────────────────────────
PLAN = {"months": 12, "first_due_on": date(2025, 11, 1), "part_won": 5_000}


@pytest.mark.usefixtures("bill")
def test_a_debt_adjustment_withdraws_what_is_queued_and_stops_contact(days: WorkingDays, line: Line) -> None:
    other = days.book.line(holder_id=line.holder_id)
    days.bill(other, 20_000, DUE_ON)
    days.through(FIRST, date(2025, 10, 14), line, other)
    days.book.clock.to(date(2025, 10, 15), 9)
    days.work(date(2025, 10, 15), line, other)
    queued = [notice for notice in days.book.all(Notice) if notice.state == NoticeState.QUEUED]
    assert len(queued) == 4
    asked = ask(days, date(2025, 10, 15), line, ADJUSTMENT, **PLAN)
    states = {days.book.one(Notice, notice.id).state for notice in queued}
    assert states == {NoticeState.WITHDRAWN}
    assert decide(days, asked).state == "granted"
    days.through(date(2025, 10, 16), date(2025, 11, 15), line, other)
    sent = [each.notice for each in days.post.sent if each.notice.created_at.date() > date(2025, 10, 15)]
    assert [notice.what for notice in sent if notice.debt_contact] == []
    assert days.in_force(line) == {"pg_marked_unpaid", "block_purchases", "notice_sms", "notice_letter"}


@pytest.mark.usefixtures("bill")
def test_a_debt_adjustment_is_void_after_three_missed_months(days: WorkingDays, line: Line) -> None:
    days.through(FIRST, date(2025, 10, 9), line)
    plan = given(days, date(2025, 10, 10), line, ADJUSTMENT, **PLAN)
    days.through(date(2025, 10, 11), date(2026, 1, 1), line)
    assert days.book.one(Arrangement, plan.id).state == ArrangementState.GRANTED
    assert days.in_force(line) == {"pg_marked_unpaid", "block_purchases"}
    days.through(date(2026, 1, 2), date(2026, 1, 3), line)
    void = days.book.one(Arrangement, plan.id)
    assert (void.state, void.ended_on) == (ArrangementState.BROKEN, date(2026, 1, 2))
    assert "notice.debt_adjustment_broken" in [notice.key for notice in days.notices(line)]
    assert {"limit_zero", "suspend_line", "mark_long_term"} <= days.in_force(line)


def test_service_returns_after_three_paid_months_though_the_debt_is_there(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    days.through(FIRST, date(2025, 10, 31), line)
    assert {"block_purchases", "suspend_line", "limit_zero"} <= days.in_force(line)
    given(days, date(2025, 10, 31), line, ADJUSTMENT, **PLAN)
    for on in (date(2025, 11, 1), date(2025, 12, 1)):
        days.repay(line, 5_000, on, bill.id)
    days.through(date(2025, 11, 1), date(2025, 12, 31), line)
    assert {"block_purchases", "suspend_line"} <= days.in_force(line)
    days.repay(line, 5_000, date(2026, 1, 1), bill.id)
    days.through(date(2026, 1, 1), date(2026, 1, 5), line)
    assert days.in_force(line) & {"block_purchases", "suspend_line"} == set()
    assert "limit_zero" in days.in_force(line)


@pytest.mark.usefixtures("bill")
def test_a_debt_adjustment_that_is_refused_lets_contact_go_on(days: WorkingDays, line: Line) -> None:
    days.through(FIRST, date(2025, 10, 9), line)
    asked = ask(days, date(2025, 10, 10), line, ADJUSTMENT)
    days.through(date(2025, 10, 11), date(2025, 10, 16), line)
    assert "notice_sms" not in [what for what, _ in days.told(line)]
    days.book.clock.to(date(2025, 10, 17), 8)
    decide(days, asked, granted=False)
    days.through(date(2025, 10, 17), date(2025, 10, 17), line)
    assert ("notice_sms", date(2025, 10, 17)) in days.told(line)


def test_a_debt_adjustment_paid_to_the_end_is_kept_though_it_took_off_a_part(
    days: WorkingDays, line: Line, bill: IssuedBill
) -> None:
    days.through(FIRST, date(2025, 10, 9), line)
    told = {"months": 2, "first_due_on": date(2025, 11, 1), "part_won": 5_000}
    plan = given(days, date(2025, 10, 10), line, ADJUSTMENT, **told)
    for on in (date(2025, 11, 1), date(2025, 12, 1)):
        days.repay(line, 5_000, on, bill.id)
    days.through(date(2025, 10, 11), date(2026, 6, 1), line)
    kept = days.book.one(Arrangement, plan.id)
    assert (kept.state, kept.ended_on) == (ArrangementState.KEPT, date(2025, 12, 1))
    assert "limit_zero" not in days.in_force(line)


@pytest.mark.usefixtures("bill")
def test_a_reminder_that_was_withdrawn_goes_out_after_all_when_the_adjustment_is_refused(
    days: WorkingDays, line: Line
) -> None:
    days.book.clock.to(date(2025, 9, 29), 7)
    days.book.decide(advance_day, Advance(line.id, date(2025, 9, 29)))
    asked = ask(days, date(2025, 9, 29), line, ADJUSTMENT)
    days.through(date(2025, 9, 30), date(2025, 10, 2), line)
    assert days.in_force(line) == {"pg_marked_unpaid"}
    decide(days, asked, granted=False)
    days.through(date(2025, 10, 3), date(2025, 10, 4), line)
    states = [(notice.key, notice.state) for notice in days.notices(line, "reminder")]
    assert states == [("notice.reminder", "withdrawn"), ("notice.reminder_passed", "delivered")]
    assert "block_purchases" in days.in_force(line)


@pytest.mark.usefixtures("bill")
def test_what_is_bought_after_it_is_not_covered(days: WorkingDays, line: Line) -> None:
    days.through(FIRST, date(2025, 10, 9), line)
    given(days, date(2025, 10, 10), line, ADJUSTMENT, **PLAN)
    later = days.bill(line, 10_000, date(2025, 12, 25))
    days.through(date(2025, 12, 15), date(2025, 12, 26), line)
    assert later.id in [notice.bill_id for notice in days.notices(line, "reminder")]


# ── review ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.usefixtures("bill")
def test_a_review_that_is_granted_brings_purchases_back(days: WorkingDays, line: Line) -> None:
    days.through(FIRST, date(2025, 12, 29), line)
    days.repay(line, 51_000, date(2025, 12, 30))
    days.through(date(2025, 12, 30), date(2026, 1, 20), line)
    assert days.in_force(line) == {"block_purchases", "pg_refuses", "mark_long_term"}
    given(days, date(2026, 1, 21), line, REVIEW)
    days.through(date(2026, 1, 21), date(2026, 1, 21), line)
    assert days.in_force(line) == set()


@pytest.mark.usefixtures("bill")
def test_a_review_that_is_refused_brings_nothing_back(days: WorkingDays, line: Line) -> None:
    days.through(FIRST, date(2025, 12, 29), line)
    days.repay(line, 51_000, date(2025, 12, 30))
    decide(days, ask(days, date(2026, 1, 21), line, REVIEW), granted=False)
    days.through(date(2026, 1, 21), date(2026, 1, 22), line)
    assert days.in_force(line) == {"block_purchases", "pg_refuses", "mark_long_term"}


def test_a_relief_there_is_none_of_is_bad_input(days: WorkingDays) -> None:
    days.book.clock.to(DUE_ON)
    unknown = decide(days, Asked(999_999))
    nobody = ask(days, DUE_ON, Line(999_999, 1, "SKT", DUE_ON, 25, 0), REVIEW)
    assert [type(unknown), type(nobody)] == [BadInputError, BadInputError]
