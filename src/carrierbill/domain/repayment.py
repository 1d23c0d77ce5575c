"""Repayment: how money received is counted: principal, then fee, bill by bill; the rest is credit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from carrierbill.domain.bill import Bill, Repayment
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.policy import RuleSet


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill and what was counted against it; `fee_only`: money may settle its fee, not its principal."""

    bill: IssuedBill
    allocations: tuple[Allocation, ...] = ()
    fee_only: bool = False

    @property
    def counted_won(self) -> int:
        """All that was counted against it, on whatever day."""
        return sum(allocation.won for allocation in self.allocations)

    @property
    def fee_repaid_won(self) -> int:
        """What of it went beyond the principal, and so to the fee."""
        return max(0, self.counted_won - self.bill.principal_won)

    @property
    def fee_open_won(self) -> int:
        """The booked fee neither waived nor repaid."""
        return self.bill.fee_booked_won - self.bill.fee_waived_won - self.fee_repaid_won

    def with_money(self, money: Repayment) -> Bill:
        """The bill as the rules see it with money added."""
        bill = self.bill.as_bill(self.allocations)
        return replace(bill, repayments=(*bill.repayments, money)) if money.won else bill


@dataclass(frozen=True, slots=True)
class Counted:
    """What money does to a bill: `won` counted on its day, of it to claims on principal and on the fee.

    Money dated back may leave later money without anything to settle: `freed_won` of that leaves the bill,
    `returned_won` of it out of the fee repaid before.
    """

    bill: IssuedBill
    won: int
    principal_won: int
    fee_won: int
    freed_won: int = 0
    returned_won: int = 0


@dataclass(frozen=True, slots=True)
class Allocated:
    """How money is counted, bill by bill, and what of it is credit."""

    counted: tuple[Counted, ...]
    credit_won: int

    @property
    def principal_won(self) -> int:
        """What of the money settles principal."""
        return sum(each.principal_won for each in self.counted)

    @property
    def fee_won(self) -> int:
        """What of the money settles fees."""
        return sum(each.fee_won for each in self.counted)


def allocate(money: Repayment, owed: Sequence[Owed], rules: RuleSet) -> Allocated:
    """Count money against bills in their order: each one's principal, then its fee, then the next bill.

    The fee is the one of the money's own day, or of the last day booked if that is later.
    """
    counted = tuple(each for each in _count_each(money, owed, rules) if each.won or each.freed_won)
    settled_won = sum(each.principal_won + each.fee_won for each in counted)
    return Allocated(counted, money.won - settled_won)


def _count_each(money: Repayment, owed: Sequence[Owed], rules: RuleSet) -> Iterator[Counted]:
    for each in owed:
        if not money.won:
            return
        counted = _count(money, each, rules)
        money = replace(money, won=money.won - counted.won)
        yield counted


def _count(money: Repayment, owed: Owed, rules: RuleSet) -> Counted:
    bill, before_won = owed.bill, owed.counted_won
    by_then_won = sum(each.won for each in owed.allocations if each.received_on <= money.received_on)
    first_won = 0 if owed.fee_only else min(money.won, max(0, bill.principal_won - by_then_won))
    through_on = max(money.received_on, bill.fee_through_on or money.received_on)
    facts = owed.with_money(replace(money, won=first_won))
    fee_won = late_fee_on(facts, through_on, rules).fee.charged
    after_won = before_won + first_won
    due_won = fee_won - min(bill.fee_waived_won, fee_won)
    open_won = due_won - max(0, after_won - bill.principal_won)
    then_won = min(money.won - first_won, max(0, open_won))
    freed_won = max(0, -open_won)
    principal_won = min(bill.principal_won, after_won) - min(bill.principal_won, before_won)
    beyond_won = first_won - principal_won
    return Counted(
        bill,
        won=first_won + then_won,
        principal_won=principal_won,
        fee_won=max(0, beyond_won - freed_won) + then_won,
        freed_won=freed_won,
        returned_won=max(0, freed_won - beyond_won),
    )


def without_latest(allocations: Iterable[Allocation], won: int) -> Iterator[Allocation]:
    """The allocations that change when the won counted last leave a bill."""
    for allocation in sorted(allocations, key=lambda each: (each.received_on, each.id), reverse=True):
        taken_won = min(won, allocation.won)
        if taken_won:
            yield replace(allocation, won=allocation.won - taken_won)
        won -= taken_won
