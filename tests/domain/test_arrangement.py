"""Plans hold things off while they are kept, each by its own rule."""

from dataclasses import replace
from datetime import date

import pytest

from carrierbill.domain.arrangement import (
    Arrangement,
    ArrangementKind,
    ArrangementState,
    is_broken_on,
    is_served_on,
    spares_on,
)
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.policy import ReliefRule
from rule_sets import RULE_SETS

ASKED_ON = date(2025, 11, 3)
PARTS = Arrangement(
    1,
    1,
    1,
    ArrangementKind.INSTALMENT,
    ArrangementState.GRANTED,
    ASKED_ON,
    bill_id=5,
    decided_on=date(2025, 11, 5),
    months=3,
    part_won=20_000,
    first_due_on=date(2025, 11, 30),
)
ADJUSTED = replace(PARTS, kind=ArrangementKind.DEBT_ADJUSTMENT, bill_id=None, months=12)


def rule(kind: ArrangementKind, day: date = ASKED_ON) -> ReliefRule:
    rules = RULE_SETS["guide"]
    return rules.in_force("relief", rules.relief[str(kind)], day).content


INSTALMENT, ADJUSTMENT = rule(ArrangementKind.INSTALMENT), rule(ArrangementKind.DEBT_ADJUSTMENT)


def test_parts_are_due_month_by_month_from_the_first_day() -> None:
    assert [PARTS.due_on(nth) for nth in (1, 2, 3)] == [
        date(2025, 11, 30),
        date(2025, 12, 30),
        date(2026, 1, 30),
    ]


@pytest.mark.parametrize(
    ("day", "parts"), [(date(2025, 11, 30), 0), (date(2025, 12, 1), 1), (date(2026, 5, 1), 3)]
)
def test_a_part_is_missed_from_the_day_after_its_due_date(day: date, parts: int) -> None:
    assert PARTS.parts_due_before(day) == parts


def test_without_a_plan_no_part_is_ever_due() -> None:
    unplanned = replace(PARTS, first_due_on=None)
    assert (unplanned.due_on(1), unplanned.parts_due_before(date(2030, 1, 1))) == (None, 0)


@pytest.mark.parametrize(
    ("day", "repaid_won", "broken"),
    [
        (date(2025, 11, 30), 0, False),
        (date(2025, 12, 1), 0, True),
        (date(2025, 12, 1), 19_999, True),
        (date(2025, 12, 1), 20_000, False),
        (date(2025, 12, 31), 20_000, True),
        (date(2025, 12, 31), 40_000, False),
    ],
)
def test_an_instalment_plan_is_broken_by_one_part(day: date, repaid_won: int, *, broken: bool) -> None:
    assert is_broken_on(PARTS, repaid_won, day, rule=INSTALMENT) == broken


@pytest.mark.parametrize(
    ("day", "repaid_won", "void"),
    [
        (date(2026, 1, 30), 0, False),  # two missed
        (date(2026, 1, 31), 0, True),  # three
        (date(2026, 1, 31), 20_000, False),
        (date(2026, 3, 1), 20_000, True),
    ],
)
def test_a_debt_adjustment_is_void_after_three_missed_months(
    day: date, repaid_won: int, *, void: bool
) -> None:
    assert is_broken_on(ADJUSTED, repaid_won, day, rule=ADJUSTMENT) == void


@pytest.mark.parametrize(("repaid_won", "served"), [(59_999, False), (60_000, True)])
def test_service_may_return_after_three_paid_months(repaid_won: int, *, served: bool) -> None:
    assert is_served_on(ADJUSTED, repaid_won, date(2026, 2, 1), rule=ADJUSTMENT) == served
    assert not is_served_on(PARTS, repaid_won, date(2026, 2, 1), rule=INSTALMENT)


@pytest.mark.parametrize("state", [ArrangementState.ASKED, ArrangementState.GRANTED])
def test_a_debt_adjustment_spares_from_the_day_after_it_was_asked_for(state: ArrangementState) -> None:
    plan = replace(ADJUSTED, state=state)
    spared = [spares_on(plan, day, ADJUSTMENT) for day in (ASKED_ON, date(2025, 11, 4))]
    assert spared == [False, True]


def test_before_the_joint_scheme_a_debt_adjustment_stopped_nothing() -> None:
    earlier = rule(ArrangementKind.DEBT_ADJUSTMENT, date(2024, 6, 20))
    assert not spares_on(ADJUSTED, date(2026, 1, 1), earlier)


@pytest.mark.parametrize(("day", "spared"), [(date(2025, 11, 4), False), (date(2025, 11, 5), True)])
def test_an_instalment_plan_spares_from_its_grant_on(day: date, *, spared: bool) -> None:
    assert spares_on(PARTS, day, INSTALMENT) == spared


def test_an_instalment_plan_that_is_only_asked_for_spares_nothing() -> None:
    asked = replace(PARTS, state=ArrangementState.ASKED, decided_on=None)
    assert not spares_on(asked, date(2026, 1, 1), INSTALMENT)


@pytest.mark.parametrize("plan", [PARTS, ADJUSTED])
def test_a_broken_plan_spares_until_the_day_it_broke(plan: Arrangement) -> None:
    broken = replace(plan, state=ArrangementState.BROKEN, ended_on=date(2025, 12, 1))
    of_kind = rule(plan.kind)
    assert [spares_on(broken, day, of_kind) for day in (date(2025, 11, 30), date(2025, 12, 1))] == [
        True,
        False,
    ]


@pytest.mark.parametrize("plan", [PARTS, ADJUSTED])
def test_a_refused_plan_spares_nothing(plan: Arrangement) -> None:
    refused = replace(plan, state=ArrangementState.REFUSED, ended_on=date(2025, 11, 5))
    assert not spares_on(refused, date(2025, 12, 1), rule(plan.kind))


def bill(bill_id: int, month: date, holder_id: int = 1) -> IssuedBill:
    return IssuedBill(bill_id, 9, holder_id, "SKT", month, month, month, 10_000)


def test_a_plan_covers_its_bill_and_an_adjustment_all_of_the_months_before_it() -> None:
    named, later = bill(5, date(2025, 9, 1)), bill(6, date(2025, 12, 1))
    same_month = bill(7, date(2025, 11, 1))
    anothers = bill(8, date(2025, 9, 1), holder_id=2)
    each = (named, same_month, later, anothers)
    assert [PARTS.covers(one) for one in each] == [True, False, False, False]
    assert [ADJUSTED.covers(one) for one in each] == [True, False, False, False]


def test_only_what_was_repaid_since_it_was_asked_for_counts() -> None:
    days = (date(2025, 11, 2), ASKED_ON, date(2025, 11, 30), date(2025, 12, 1))
    repaid = [Allocation(at, 5, 1, 1, day, 1_000) for at, day in enumerate(days)]
    assert PARTS.repaid_won(repaid, date(2025, 11, 30)) == 2_000
