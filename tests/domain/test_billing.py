"""What of a purchase is repaid: money settles a bill's purchases in their order, a refund its own alone."""

from datetime import date

import pytest

from carrierbill.domain.billing import Allocation, BillItem, Cause, IssuedBill, ItemKind, unpaid_won_of

MARCH, DUE_ON = date(2026, 3, 1), date(2026, 4, 25)
BILL = IssuedBill(9, 1, 1, "SKT", MARCH, date(2026, 4, 10), DUE_ON, principal_won=30_000)
FIRST, SECOND = 11, 12
ITEMS = (
    BillItem(21, 9, 1, 1, ItemKind.PURCHASE, 10_000, MARCH, purchase_id=FIRST),
    BillItem(22, 9, 1, 1, ItemKind.CARRIED_FEE, 500, MARCH, from_bill_id=8),
    BillItem(23, 9, 1, 1, ItemKind.PURCHASE, 20_000, MARCH, purchase_id=SECOND),
)


def repaid(won: int) -> Allocation:
    return Allocation(31, 9, 1, 1, DUE_ON, won, repayment_id=41)


def refunded(purchase_id: int, won: int) -> Allocation:
    return Allocation(32, 9, 1, 1, DUE_ON, won, purchase_id=purchase_id, cause=Cause.REFUND)


@pytest.mark.parametrize(
    ("counted", "unpaid"),
    [
        ((), (10_000, 20_000)),
        ((repaid(4_000),), (6_000, 20_000)),
        ((repaid(10_000),), (0, 20_000)),
        ((repaid(25_000),), (0, 5_000)),
        ((repaid(30_500),), (0, 0)),  # the last 500 went to the fee
        ((refunded(FIRST, 10_000),), (0, 20_000)),
        ((refunded(SECOND, 20_000),), (10_000, 0)),
        ((refunded(SECOND, 5_000), repaid(12_000)), (0, 13_000)),
        ((refunded(FIRST, 4_000), repaid(6_000)), (0, 20_000)),
    ],
)
def test_money_settles_purchases_in_their_order_and_a_refund_its_own_alone(
    counted: tuple[Allocation, ...], unpaid: tuple[int, int]
) -> None:
    found = [unpaid_won_of(each, BILL, reversed(ITEMS), allocations=counted) for each in (FIRST, SECOND)]
    assert tuple(found) == unpaid


def test_a_purchase_that_is_not_on_the_bill_is_not_asked_about() -> None:
    with pytest.raises(LookupError):
        unpaid_won_of(99, BILL, ITEMS, allocations=())
