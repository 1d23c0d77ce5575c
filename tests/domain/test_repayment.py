"""Money is counted principal first, then the fee, bill by bill, never beyond; the rest is credit."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrierbill.domain.bill import Repayment
from carrierbill.domain.billing import (
    Allocation,
    BillItem,
    Cause,
    IssuedBill,
    ItemKind,
    unpaid_won_of,
)
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.repayment import Allocated, Owed, allocate, without_latest
from rule_sets import RULE_SETS

DUE_ON = date(2025, 9, 30)
RULES = st.sampled_from(["guide", "guide-example", "terms"])
AMOUNTS = st.sampled_from([1, 499, 1_500, 20_000, 49_999, 50_000, 50_001, 51_500, 120_000])
DAYS = st.integers(min_value=-20, max_value=200).map(lambda days: DUE_ON + timedelta(days))


def issued(bill_id: int = 1, principal_won: int = 50_000, due_on: date = DUE_ON) -> IssuedBill:
    return IssuedBill(
        id=bill_id,
        line_id=1,
        holder_id=1,
        carrier="SKT",
        month=date(2025, 8, 1),
        issued_on=date(2025, 9, 15),
        due_on=due_on,
        principal_won=principal_won,
    )


def counted(won: int, on: date = DUE_ON, number: int = 1, **told: object) -> Allocation:
    row = Allocation(id=number, bill_id=1, line_id=1, holder_id=1, received_on=on, won=won)
    return replace(row, **told)  # type: ignore[arg-type]  # any field


def after(owed: Owed, allocated: Allocated, on: date) -> Owed:
    """The bill with the money counted, as the services keep it."""
    (part,) = allocated.counted or (None,)
    if part is None:
        return owed
    changed = {each.id: each for each in without_latest(owed.allocations, part.freed_won)}
    rows = [changed.get(each.id, each) for each in owed.allocations]
    rows += [counted(part.won, on, len(rows) + 1)] if part.won else []
    through = max(on, owed.bill.fee_through_on or on)
    fee_won = late_fee_on(owed.bill.as_bill(rows), through, RULE_SETS["terms"]).fee.charged
    return Owed(replace(owed.bill, fee_booked_won=fee_won, fee_through_on=through), tuple(rows))


@given(name=RULES, won=AMOUNTS, on=DAYS)
def test_money_adds_up_and_settles_no_more_than_is_owed(name: str, won: int, on: date) -> None:
    rules, bill = RULE_SETS[name], issued()
    allocated = allocate(Repayment(on, won), [Owed(bill)], rules)
    assert allocated.principal_won + allocated.fee_won + allocated.credit_won == won
    assert allocated.principal_won == min(won, 50_000)
    facts = replace(bill.as_bill(()), repayments=(Repayment(on, won),))
    stated = late_fee_on(facts, on, rules)
    assert allocated.fee_won == stated.repaid.charged
    assert allocated.credit_won == stated.credit.charged


@given(money=st.lists(st.tuples(DAYS, AMOUNTS), max_size=8))
def test_money_in_any_order_of_days_ends_as_if_it_had_come_in_the_order_of_its_days(
    money: list[tuple[date, int]],
) -> None:
    owed, credit_won = Owed(issued()), 0
    for on, won in money:
        allocated = allocate(Repayment(on, won), [owed], RULE_SETS["terms"])
        owed = after(owed, allocated, on)
        credit_won += allocated.credit_won + sum(each.returned_won for each in allocated.counted)
        assert owed.fee_open_won >= 0
    facts = replace(issued().as_bill(()), repayments=tuple(Repayment(on, won) for on, won in money))
    stated = late_fee_on(facts, max((on for on, _ in money), default=DUE_ON), RULE_SETS["terms"])
    assert credit_won == stated.credit.charged
    assert owed.fee_repaid_won == stated.repaid.charged
    assert owed.counted_won + credit_won == sum(won for _, won in money)


def test_the_oldest_bill_is_settled_with_its_fee_before_the_next_one() -> None:
    rules = RULE_SETS["terms"]
    bills = [Owed(issued()), Owed(issued(2, 10_000, date(2025, 10, 31)))]
    allocated = allocate(Repayment(date(2025, 10, 1), 55_000), bills, rules)
    parts = [(each.bill.id, each.principal_won, each.fee_won) for each in allocated.counted]
    assert parts == [(1, 50_000, 1_500), (2, 3_500, 0)]
    assert allocated.credit_won == 0


def test_a_bill_whose_fee_alone_may_be_settled_keeps_its_principal() -> None:
    bill = replace(issued(), fee_booked_won=1_500, fee_through_on=date(2025, 10, 1))
    settled = Owed(bill, (counted(50_000, date(2025, 10, 1)),), fee_only=True)
    allocated = allocate(Repayment(date(2025, 10, 9), 2_000), [settled], RULE_SETS["terms"])
    assert (allocated.principal_won, allocated.fee_won, allocated.credit_won) == (0, 1_500, 500)


def test_a_waived_fee_is_not_asked_for() -> None:
    bill = replace(issued(), fee_booked_won=1_500, fee_waived_won=1_500, fee_through_on=date(2025, 10, 1))
    allocated = allocate(Repayment(date(2025, 10, 1), 60_000), [Owed(bill)], RULE_SETS["terms"])
    assert (allocated.principal_won, allocated.fee_won, allocated.credit_won) == (50_000, 0, 10_000)


def test_what_leaves_a_bill_is_what_was_counted_last() -> None:
    rows = [counted(100, DUE_ON, 1), counted(200, DUE_ON, 2), counted(300, DUE_ON - timedelta(1), 3)]
    changed = {each.id: each.won for each in without_latest(rows, 250)}
    assert changed == {2: 0, 1: 50}


# ── what of a purchase on a bill is unpaid ───────────────────────────────────────────────────────────────


def item(number: int, won: int, kind: ItemKind = ItemKind.PURCHASE) -> BillItem:
    return BillItem(
        id=number,
        bill_id=1,
        line_id=1,
        holder_id=1,
        kind=kind,
        won=won,
        month=DUE_ON,
        purchase_id=10 + number,
    )


ITEMS = [item(2, 20_000), item(1, 30_000), replace(item(3, 900, ItemKind.CARRIED_FEE), purchase_id=None)]


@pytest.mark.parametrize(
    ("rows", "first", "second"),
    [
        ([], 30_000, 20_000),
        ([counted(10_000)], 20_000, 20_000),
        ([counted(35_000)], 0, 15_000),
        ([counted(52_000)], 0, 0),  # 2,000 of it went to the fee
        # What a refund took off the second purchase settles that one alone.
        ([counted(5_000, cause=Cause.REFUND, purchase_id=12)], 30_000, 15_000),
        ([counted(35_000), counted(5_000, cause=Cause.REFUND, purchase_id=12)], 0, 10_000),
        # What a refund took off the first leaves more of the money for the second.
        ([counted(25_000), counted(10_000, cause=Cause.REFUND, purchase_id=11)], 0, 15_000),
        ([counted(30_000, cause=Cause.CREDIT)], 0, 20_000),
    ],
)
def test_repayments_settle_purchases_in_the_order_of_their_confirmation(
    rows: list[Allocation], first: int, second: int
) -> None:
    assert unpaid_won_of(11, issued(), ITEMS, allocations=rows) == first
    assert unpaid_won_of(12, issued(), ITEMS, allocations=rows) == second


def test_a_purchase_that_is_not_on_the_bill_has_no_answer() -> None:
    with pytest.raises(LookupError):
        unpaid_won_of(99, issued(), ITEMS, allocations=[])
