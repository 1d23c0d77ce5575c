"""Days late, status days and stages are worked out from the facts of a bill."""

from datetime import date

import pytest

from carrierbill.domain.errors import DayOutsideError
from carrierbill.domain.lateness import (
    effective_due_on,
    is_time_barred,
    lateness_on,
    reflected_on,
)
from rule_sets import RULE_SETS, a_bill

GUIDE, TERMS = RULE_SETS["guide"], RULE_SETS["terms"]
FRIDAY = date(2026, 11, 20)


# ── due dates ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("rules", "day"), [("guide", date(2026, 11, 21)), ("terms", date(2026, 11, 23))])
def test_a_due_date_on_a_saturday_stays_by_the_guide_and_moves_by_the_terms(rules: str, day: date) -> None:
    assert effective_due_on(a_bill(due_on=date(2026, 11, 21)), RULE_SETS[rules]) == day


def test_a_due_date_outside_the_calendar_is_refused() -> None:
    with pytest.raises(DayOutsideError):
        effective_due_on(a_bill(due_on=date(2009, 12, 31)), GUIDE)


def test_by_the_guide_lateness_shows_on_the_next_business_day() -> None:
    assert reflected_on(a_bill(due_on=FRIDAY), GUIDE) == date(2026, 11, 23)


def test_by_the_terms_lateness_shows_on_the_next_day() -> None:
    assert reflected_on(a_bill(due_on=FRIDAY), TERMS) == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("day", "days_late", "status_day"),
    [
        (FRIDAY, 0, 0),
        (date(2026, 11, 21), 1, 0),
        (date(2026, 11, 22), 2, 0),
        (date(2026, 11, 23), 3, 1),
        (date(2026, 11, 24), 4, 2),
    ],
)
def test_over_a_weekend_days_late_count_and_status_days_wait(
    day: date, days_late: int, status_day: int
) -> None:
    late = lateness_on(a_bill(due_on=FRIDAY), day, GUIDE)
    assert (late.days_late, late.status_day) == (days_late, status_day)


# ── stages ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_late_bill_below_the_first_rung_is_clear() -> None:
    assert lateness_on(a_bill(due_on=FRIDAY), date(2026, 11, 21), GUIDE).stage == "clear"


def test_effects_stand_in_bit_order_whatever_rung_they_come_from() -> None:
    effects = lateness_on(a_bill("LGU", due_on=date(2026, 1, 5)), date(2026, 2, 10), GUIDE).effects
    assert [str(effect) for effect in effects] == [
        "pg_marked_unpaid",
        "block_purchases",
        "notice_sms",
        "notice_letter",
        "limit_zero",
        "suspend_line",
        "pg_refuses",
    ]


@pytest.mark.parametrize(
    ("counted_won", "stage"),
    [(9_999, "fully_stopped"), (10_000, "listed"), (99_999, "listed"), (100_000, "reported")],
)
def test_the_threshold_counts_all_of_the_holders_late_bills(counted_won: int, stage: str) -> None:
    bill = a_bill(principal_won=5_000, due_on=date(2026, 1, 5))
    assert lateness_on(bill, date(2026, 4, 5), TERMS, counted_won=counted_won).stage == stage


def test_without_other_bills_the_threshold_counts_what_is_unpaid_of_this_one() -> None:
    bill = a_bill(principal_won=100_000, due_on=date(2026, 1, 5), repaid=[(date(2026, 4, 5), 1)])
    assert lateness_on(bill, date(2026, 4, 5), TERMS).stage == "listed"


@pytest.mark.parametrize(("welfare", "stage"), [(False, "fully_stopped"), (True, "outgoing_stopped")])
def test_a_welfare_recipients_calls_stop_later(*, welfare: bool, stage: str) -> None:
    bill = a_bill(due_on=date(2026, 1, 5), welfare=welfare)
    assert lateness_on(bill, date(2026, 3, 19), TERMS).stage == stage


# ── the time bar ─────────────────────────────────────────────────────────────────────────────────────────

# Due Friday 2023-01-20; three years later is Tuesday 2026-01-20.
OLD = date(2023, 1, 20)


@pytest.mark.parametrize(("day", "barred"), [(date(2026, 1, 20), False), (date(2026, 1, 21), True)])
def test_a_claim_is_barred_the_day_after_three_years(day: date, *, barred: bool) -> None:
    assert is_time_barred(a_bill(due_on=OLD), day, TERMS) == barred


@pytest.mark.parametrize(("day", "barred"), [(date(2026, 3, 3), False), (date(2026, 3, 4), True)])
def test_three_years_that_end_on_a_day_off_end_on_the_next_that_is_none(day: date, *, barred: bool) -> None:
    # Due 2023-02-28; 2026-02-28 is a Saturday, 1 March a Sunday and a holiday, kept on Monday 2 March.
    assert is_time_barred(a_bill(due_on=date(2023, 2, 28)), day, TERMS) == barred


def test_a_part_payment_within_the_three_years_starts_them_anew() -> None:
    bill = a_bill(due_on=OLD, repaid=[(date(2026, 1, 20), 1)])
    assert not is_time_barred(bill, date(2028, 12, 31), TERMS)


def test_a_part_payment_after_the_three_years_moves_nothing() -> None:
    bill = a_bill(due_on=OLD, repaid=[(date(2026, 1, 21), 1)])
    assert is_time_barred(bill, date(2026, 1, 21), TERMS)


def test_a_part_payment_before_the_due_date_starts_nothing() -> None:
    bill = a_bill(due_on=OLD, repaid=[(date(2023, 1, 10), 1)])
    assert is_time_barred(bill, date(2026, 1, 21), TERMS)


def test_a_part_payment_later_than_the_day_is_not_looked_at() -> None:
    bill = a_bill(due_on=OLD, repaid=[(date(2026, 1, 22), 1)])
    assert is_time_barred(bill, date(2026, 1, 21), TERMS)


def test_the_time_bar_ends_the_listing_and_the_report() -> None:
    late = lateness_on(a_bill(principal_won=200_000, due_on=OLD), date(2026, 1, 21), TERMS)
    held = {str(effect) for effect in late.effects}
    assert (late.stage, held & {"list_kait", "report_insurer"}) == ("time_barred", set())


def test_a_barred_bill_stays_barred_whatever_the_holders_others_come_to() -> None:
    late = lateness_on(a_bill(due_on=OLD), date(2026, 1, 21), TERMS, counted_won=200_000)
    assert late.stage == "time_barred"


def test_a_barred_bill_is_neither_listed_nor_reported_whatever_the_holders_others_come_to() -> None:
    late = lateness_on(a_bill(due_on=OLD), date(2026, 1, 21), TERMS, counted_won=200_000)
    assert {str(effect) for effect in late.effects} & {"list_kait", "report_insurer"} == set()
