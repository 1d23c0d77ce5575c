"""Billing: the bill a line was issued for a month, and the money that was counted against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from carrierbill.domain.bill import Bill, Repayment
from carrierbill.domain.dates import ONE_DAY, month_later, on_day_of_month
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.policy import RuleSet


@dataclass(frozen=True, slots=True)
class IssuedBill:
    """A line's bill for a month: principal, fees carried over from settled bills, its own late fee so far.

    `fee_booked_won` is all that was ever booked of its late fee, `fee_waived_won` what of it was waived,
    `fee_carried_won` what of it was asked for on a later bill. `closed_on` is set when nothing more can
    happen to it.
    """

    id: int
    line_id: int
    holder_id: int
    carrier: str
    month: date
    issued_on: date
    due_on: date
    principal_won: int
    carried_fee_won: int = 0
    fee_booked_won: int = 0
    fee_waived_won: int = 0
    fee_carried_won: int = 0
    fee_through_on: date | None = None
    settled_on: date | None = None
    closed_on: date | None = None
    welfare: bool = False

    def as_bill(self, allocations: Iterable["Allocation"]) -> Bill:
        """The bill as the rules see it: its principal and what was repaid of it, by day."""
        repayments = tuple(
            Repayment(allocation.received_on, allocation.won)
            for allocation in allocations
            if allocation.bill_id == self.id and allocation.won
        )
        return Bill(self.carrier, self.principal_won, self.due_on, repayments, self.welfare)


class ItemKind(StrEnum):
    """What a row on a bill is."""

    PURCHASE = "purchase"
    CARRIED_FEE = "carried_fee"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class BillItem:
    """A row on a bill: a purchase, a credit, or a late fee carried over from the bill `from_bill_id`.

    Purchases stand in the order of their confirmation, which is that of their ids here.
    `won` is what it adds (a credit: takes off); `month` is the month it belongs to, maybe an earlier one.
    """

    id: int
    bill_id: int
    line_id: int
    holder_id: int
    kind: ItemKind
    won: int
    month: date
    purchase_id: int | None = None
    from_bill_id: int | None = None


@dataclass(frozen=True, slots=True)
class MoneyReceived:
    """Money that came in from a line; `bill_id` is the bill it names (None: none)."""

    id: int
    line_id: int
    holder_id: int
    won: int
    received_on: date
    booked_at: datetime
    bill_id: int | None = None
    reference: str = ""


class Cause(StrEnum):
    """Why won are counted against a bill."""

    REPAYMENT = "repayment"
    CREDIT = "credit"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Allocation:
    """Won counted against a bill on a day: of a repayment, of the line's credit, or of a purchase's refund.

    What turns out not to be owed leaves again for the line's credit, so `won` may fall, down to 0.
    """

    id: int
    bill_id: int
    line_id: int
    holder_id: int
    received_on: date
    won: int
    repayment_id: int | None = None
    purchase_id: int | None = None
    cause: Cause = Cause.REPAYMENT


def issue_on(bill: Bill, month: date, rules: RuleSet) -> date:
    """The day on which the bill of a month comes out: early enough before it is due, in the month after."""
    following = month_later(month, 1)
    rule = rules.billing_on(bill.carrier, following).content
    early = effective_due_on(bill, rules)
    for _ in range(rule.business_days_before_due):
        early -= ONE_DAY
        while not rules.calendar.is_business_day(early):
            early -= ONE_DAY
    ordinary = min(on_day_of_month(following, rule.issue_day), early)
    return max(ordinary, rules.calendar.business_day_from(following))


def unpaid_won_of(
    purchase_id: int, bill: IssuedBill, items: Iterable[BillItem], *, allocations: Iterable[Allocation]
) -> int:
    """What of a purchase on the bill is not repaid: its repayments settle the purchases in their order.

    What a refund took off the bill settles its own purchase alone.
    """
    counted = list(allocations)
    settled_won = min(bill.principal_won, sum(each.won for each in counted))
    pool_won = settled_won - sum(each.won for each in counted if each.cause == Cause.REFUND)
    for item in sorted(items, key=lambda item: item.id):
        if item.kind != ItemKind.PURCHASE:
            continue
        credited_won = sum(each.won for each in counted if each.purchase_id == item.purchase_id)
        unpaid_won = max(0, item.won - credited_won - pool_won)
        if item.purchase_id == purchase_id:
            return unpaid_won
        pool_won = max(0, pool_won - (item.won - credited_won))
    raise LookupError(purchase_id)
