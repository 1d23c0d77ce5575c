"""The ways out stand in one order, each open or closed as the day has it."""

from datetime import date

import pytest

from carrierbill.domain.position import position_on
from carrierbill.domain.relief import IN_ORDER, Relief, relief_on
from rule_sets import RULE_SETS, a_bill

GUIDE, TERMS = RULE_SETS["guide"], RULE_SETS["terms"]
DUE_ON = date(2025, 9, 30)


def reliefs(day: date, rules: str = "guide", **facts: object) -> dict[str, Relief]:
    bill = a_bill(principal_won=50_000, due_on=DUE_ON, repaid=facts.get("repaid", ()))  # type: ignore[arg-type]
    return {one.id: one for one in relief_on(position_on(bill, day, RULE_SETS[rules]), RULE_SETS[rules])}


@pytest.mark.parametrize("rules", RULE_SETS)
def test_all_seven_are_listed_in_their_order(rules: str) -> None:
    assert tuple(reliefs(DUE_ON, rules)) == IN_ORDER


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2025, 9, 30), False),
        (date(2025, 10, 1), True),
        (date(2025, 10, 10), True),
        (date(2025, 10, 11), False),
    ],
)
def test_by_the_guide_a_waiver_may_be_asked_for_on_days_1_to_10(day: date, *, is_open: bool) -> None:
    assert reliefs(day)["waiver"].open == is_open


@pytest.mark.parametrize("day", [date(2025, 9, 1), date(2025, 12, 1)])
def test_the_waivers_last_day_is_told_whenever_one_asks(day: date) -> None:
    assert reliefs(day)["waiver"].until_on == date(2025, 10, 10)


def test_by_the_terms_there_is_no_waiver() -> None:
    waiver = reliefs(date(2025, 10, 5), "terms")["waiver"]
    assert (waiver.open, waiver.until_on, waiver.saying.key) == (False, None, "relief.waiver.told_closed")


def test_paying_it_all_is_open_while_something_is_owed() -> None:
    assert reliefs(date(2025, 10, 5))["pay_all"].open


def test_paying_it_all_is_closed_once_nothing_is_owed() -> None:
    assert not reliefs(date(2025, 10, 5), repaid=[(DUE_ON, 50_000)])["pay_all"].open


@pytest.mark.parametrize(
    ("principal_won", "repaid_won", "is_open"),
    [(100_000, 0, True), (100_001, 0, False), (100_001, 1, True), (50_000, 50_000, False)],
)
def test_the_carriers_instalments_are_open_for_what_is_owed_up_to_100_000(
    principal_won: int, repaid_won: int, *, is_open: bool
) -> None:
    repaid = [(DUE_ON, repaid_won)] if repaid_won else []
    bill = a_bill(principal_won=principal_won, due_on=DUE_ON, repaid=repaid)
    found = {one.id: one.open for one in relief_on(position_on(bill, DUE_ON, GUIDE), GUIDE)}
    assert found["carrier_instalment"] == is_open


def test_a_fee_counts_for_the_instalments_amount() -> None:
    bill = a_bill(principal_won=100_000, due_on=DUE_ON)
    found = {one.id: one.open for one in relief_on(position_on(bill, date(2025, 10, 1), TERMS), TERMS)}
    assert not found["carrier_instalment"]


@pytest.mark.parametrize("name", ["ask_carrier", "check_posted", "card_payment", "debt_adjustment"])
def test_the_others_are_always_open(name: str) -> None:
    assert reliefs(DUE_ON, repaid=[(DUE_ON, 50_000)])[name].open


def test_a_relief_says_its_numbers() -> None:
    said = reliefs(date(2025, 10, 1))
    assert (said["waiver"].saying.values, said["carrier_instalment"].saying.values) == (
        {"first_day": 1, "last_day": 10},
        {"at_most_won": 100_000},
    )
