"""Receive repayment: money settles principal, then fees, of the bill it names or else of the oldest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.bill import Repayment, check_won
from carrierbill.domain.billing import Allocation, BillItem, IssuedBill, ItemKind, MoneyReceived
from carrierbill.domain.dates import month_later, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.line import Line
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.repayment import Allocated, Counted, Owed, allocate, without_latest
from carrierbill.domain.saying import Saying
from carrierbill.services.days_work import bring_back, load_effects
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.holding import line_of
from carrierbill.services.owing import bills_of, book_fee, load_bills, owed_on, settled
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class Repay:
    """Money that came in from a line on a day; `bill_id` is the bill it names, `reference` the bank's."""

    line_id: int
    won: int
    received_on: date
    bill_id: int | None = None
    reference: str = ""
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Repaid:
    """What became of money: principal and fees it settled, and what of it is the line's credit."""

    repayment_id: int
    line_id: int
    principal_won: int
    fee_won: int
    credit_won: int


def receive_repayment(commands: Sequence[Repay], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Repaid, or a BadInputError for an amount, line, bill or day that cannot be.

    Fees are booked up to the money's own day first; where they were booked past it, they are corrected.
    """
    line_ids = {command.line_id for command in commands}
    holder_ids = {line.holder_id for line in unit.peek(Line, id=line_ids)}
    unit.lock(holder_ids)
    unit.load(Line, id=line_ids)
    load_bills(unit, holder_ids, closed=True)
    load_effects(unit, holder_ids)
    unit.load(BillItem, bill_id={command.bill_id for command in commands if command.bill_id is not None})

    def decide(command: Repay) -> Repaid:
        check_won("won", command.won)
        line = line_of(command.line_id, unit)
        bills = bills_of(line, unit)
        _check_day(command.received_on, bills, seoul_day(unit.now))
        owed = _owed_by(command, bills, unit)
        allocated = allocate(Repayment(command.received_on, command.won), owed, rules)
        repaid = _received(command, allocated, unit, rules=rules)
        bring_back(line.holder_id, unit, rules)
        return repaid

    return decide_each(commands, unit, decide)


def _check_day(day: date, bills: Sequence[IssuedBill], today: date) -> None:
    """Money comes from the first bill's month on; before any bill it is the line's credit."""
    if day > today:
        raise BadInputError("received_on", Saying("bad_input.received_later", {"today": today}))
    first_on = min((month_later(bill.month, 1) for bill in bills), default=day)
    if day < first_on:
        raise BadInputError("received_on", Saying("bad_input.received_before", {"first_on": first_on}))


def _owed_by(command: Repay, bills: Sequence[IssuedBill], unit: Unit) -> list[Owed]:
    """The bills the money is counted against, in their order; a named bill's carried fees follow it."""
    if command.bill_id is None:
        return [owed_on(bill, unit) for bill in bills]
    by_id = {bill.id: bill for bill in bills}
    if command.bill_id not in by_id:
        raise BadInputError("bill", Saying("bad_input.no_bill", {"bill_id": str(command.bill_id)}))
    named = by_id[command.bill_id]
    items = [item for item in unit.of_holder(BillItem, named.holder_id) if item.bill_id == named.id]
    origins = [
        by_id[item.from_bill_id]
        for item in items
        if item.kind == ItemKind.CARRIED_FEE and item.from_bill_id in by_id
    ]
    return [owed_on(named, unit), *(owed_on(origin, unit, fee_only=True) for origin in origins)]


def _received(command: Repay, allocated: Allocated, unit: Unit, *, rules: RuleSet) -> Repaid:
    """Keep the money, count it, and book it as one entry."""
    line = line_of(command.line_id, unit)
    money = MoneyReceived(
        id=unit.new_id(MoneyReceived),
        line_id=line.id,
        holder_id=line.holder_id,
        won=command.won,
        received_on=command.received_on,
        booked_at=unit.now,
        bill_id=command.bill_id,
        reference=command.reference,
    )
    unit.add(money)
    for each in allocated.counted:
        _count(each, money, unit, rules=rules)
    returned_won = sum(each.returned_won for each in allocated.counted)
    unit.put(
        replace(
            line,
            repaid_won=line.repaid_won + money.won,
            credit_won=line.credit_won + allocated.credit_won + returned_won,
        )
    )
    postings = tuple(_postings(line, allocated))
    unit.book(Entry(f"repayment/{money.id}", "repayment", unit.now, postings, line_id=line.id))
    return Repaid(money.id, line.id, allocated.principal_won, allocated.fee_won, allocated.credit_won)


def _count(each: Counted, money: MoneyReceived, unit: Unit, *, rules: RuleSet) -> None:
    """Count the money's part of a bill on its day, free what is no longer owed, book the fee to it."""
    for allocation in without_latest(owed_on(each.bill, unit).allocations, each.freed_won):
        unit.put(allocation)
    if each.won:
        unit.add(
            Allocation(
                id=unit.new_id(Allocation),
                bill_id=each.bill.id,
                line_id=money.line_id,
                holder_id=money.holder_id,
                received_on=money.received_on,
                won=each.won,
                repayment_id=money.id,
            )
        )
    through_on = each.bill.fee_through_on
    is_back = through_on is not None and money.received_on < through_on
    cause = f"repayment/{money.id}" if is_back else None
    settled(book_fee(each.bill, money.received_on, unit, rules=rules, cause=cause), unit)


def _postings(line: Line, allocated: Allocated) -> list[Posting]:
    """Money to the claims it settles, bill by bill; the rest, and what it frees, to the line's credit."""
    claims, fees, credit = (
        LedgerAccount.BILLED_CLAIMS,
        LedgerAccount.LATE_FEE_CLAIMS,
        LedgerAccount.LINE_CREDIT,
    )
    postings = []
    for each in allocated.counted:
        moves = (
            (LedgerAccount.BANK, claims, each.principal_won),
            (LedgerAccount.BANK, fees, each.fee_won),
            (fees, credit, each.returned_won),
        )
        postings += [
            Posting(debit, to, won, line.id, bill_id=each.bill.id) for debit, to, won in moves if won
        ]
    if allocated.credit_won:
        postings.append(Posting(LedgerAccount.BANK, credit, allocated.credit_won, line.id))
    return postings
