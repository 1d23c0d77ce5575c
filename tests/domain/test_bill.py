"""A bill knows what was repaid of it by a day, and the day on which that reached its principal."""

from datetime import date

import pytest

from carrierbill.domain.errors import BadInputError
from rule_sets import APP, a_bill

FIRST, SECOND, THIRD = date(2025, 10, 10), date(2025, 10, 20), date(2025, 10, 30)


@pytest.mark.parametrize("won", [0, -1, 10**12 + 1])
def test_a_principal_outside_its_bounds_is_bad_input(won: int) -> None:
    with pytest.raises(BadInputError) as error:
        a_bill(principal_won=won)
    assert error.value.field == "principal"


@pytest.mark.parametrize("won", [0, -1, 10**12 + 1])
def test_a_repayment_outside_its_bounds_is_bad_input(won: int) -> None:
    with pytest.raises(BadInputError) as error:
        a_bill(repaid=[(FIRST, won)])
    assert error.value.field == "repaid"


def test_bad_input_says_the_bounds() -> None:
    with pytest.raises(BadInputError) as error:
        a_bill(principal_won=0)
    assert APP.texts.say("en", error.value.reason) == "give an amount from 1 won to 1,000,000,000,000 won"


@pytest.mark.parametrize("won", [1, 10**12])
def test_the_bounds_themselves_are_amounts(won: int) -> None:
    assert a_bill(principal_won=won).principal_won == won


def test_repayments_are_put_in_the_order_of_their_days() -> None:
    bill = a_bill(repaid=[(SECOND, 2), (FIRST, 1)])
    assert [repayment.received_on for repayment in bill.repayments] == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("day", "unpaid_won"), [(date(2025, 10, 9), 50_000), (FIRST, 30_000), (SECOND, 0), (THIRD, 0)]
)
def test_what_is_unpaid_counts_the_repayments_of_the_day(day: date, unpaid_won: int) -> None:
    bill = a_bill(repaid=[(FIRST, 20_000), (SECOND, 40_000)])
    assert bill.unpaid_won_on(day) == unpaid_won


def test_a_bill_is_settled_on_the_day_its_repayments_reach_its_principal() -> None:
    assert a_bill(repaid=[(FIRST, 20_000), (SECOND, 30_000), (THIRD, 1)]).settled_on() == SECOND


def test_a_bill_short_of_one_won_is_not_settled() -> None:
    assert a_bill(repaid=[(FIRST, 49_999)]).settled_on() is None


def test_the_bill_before_a_day_has_none_of_that_days_repayments() -> None:
    bill = a_bill(repaid=[(FIRST, 1), (SECOND, 2), (THIRD, 3)])
    assert bill.before(SECOND) == a_bill(repaid=[(FIRST, 1)])
