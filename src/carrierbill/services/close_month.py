"""Close month: a line's purchases of a month become one bill, once, with its notice in the same commit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from carrierbill.domain.billing import Allocation, BillItem, Cause, IssuedBill, ItemKind, issue_on
from carrierbill.domain.dates import SEOUL, month_later, month_of, on_day_of_month, seoul_day
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.line import Holder, Line
from carrierbill.domain.notice import Notice, bill_notice, notice_of
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant, Purchase, PurchaseState
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.holding import line_of
from carrierbill.services.owing import bills_of, change_credit, load_bills, owed_on, rules_bill
from carrierbill.services.ports import After, Once, Unit, UpTo

NOTICES_FROM = time(9, tzinfo=SEOUL)
# Lines are looked through in runs of this many, whether or not they bought something.
LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class CloseLine:
    """A line whose month (named by its first day) is to be billed."""

    line_id: int
    month: date
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Closed:
    """The line's bill of the month, due on a day; `bill_id` is None where there was nothing to bill."""

    line_id: int
    month: date
    bill_id: int | None
    principal_won: int
    due_on: date


def lines_to_close(unit: Unit, month: date, *, after_id: int, most: int) -> list[CloseLine]:
    """Up to `most` lines behind `after_id` with something unbilled of the month or earlier, as commands."""
    found: list[CloseLine] = []
    while len(found) < most:
        lines = unit.peek(Line, id=After(after_id), most=LOOKED_AT)
        unbilled = _unbilled(unit.peek, {line.id for line in lines}, month)
        with_some = {purchase.line_id for purchase in unbilled if purchase.billable_won}
        found += [CloseLine(line.id, month) for line in lines if line.id in with_some]
        if len(lines) < LOOKED_AT:
            break
        after_id = lines[-1].id
    return found[:most]


def close_month(commands: Sequence[CloseLine], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Closed, Refused while the month is not over, or a BadInputError for an unknown line.

    What was confirmed earlier and is on no bill yet goes along, marked with its own month. A month that was
    closed keeps its bill.
    """
    line_ids = {command.line_id for command in commands}
    holder_ids = {line.holder_id for line in unit.peek(Line, id=line_ids)}
    unit.lock(holder_ids)
    unit.load(Line, id=line_ids)
    unit.load(Holder, id=holder_ids)
    load_bills(unit, holder_ids)
    unit.load(IssuedBill, line_id=line_ids, month={month_of(command.month) for command in commands})
    last_month = max((command.month for command in commands), default=date.min)
    purchases = _unbilled(unit.load, line_ids, last_month)
    unit.load(
        Merchant, id={purchase.merchant_id for purchase in purchases if purchase.merchant_id is not None}
    )

    def decide(command: CloseLine) -> Closed:
        line = line_of(command.line_id, unit)
        month = month_of(command.month)
        if seoul_day(unit.now) < month_later(month, 1):
            raise month_not_over(month)
        existing = [bill for bill in bills_of(line, unit) if bill.month == month]
        return _closed(line, month, existing[0] if existing else _issue(line, month, unit, rules=rules))

    return decide_each(commands, unit, decide)


def month_not_over(month: date) -> RefusedError:
    """The refusal of a month that is to be closed too early."""
    return RefusedError(
        "billing.month",
        Saying("refusal.month_not_over", {"month": f"{month:%Y-%m}"}),
        Saying("refusal.month_not_over_lifted", {"from_on": month_later(month, 1)}),
    )


def _unbilled(read: Callable[..., list[Purchase]], line_ids: set[int], month: date) -> list[Purchase]:
    return read(
        Purchase,
        line_id=line_ids,
        bill_id=None,
        state=[PurchaseState.CONFIRMED],
        billed_month=UpTo(month_of(month)),
    )


def _due_on(line: Line, month: date) -> date:
    return on_day_of_month(month_later(month, 1), line.due_day)


def _closed(line: Line, month: date, bill: IssuedBill | None) -> Closed:
    if bill is None:
        return Closed(line.id, month, None, 0, _due_on(line, month))
    return Closed(line.id, month, bill.id, bill.principal_won, bill.due_on)


def _issue(line: Line, month: date, unit: Unit, *, rules: RuleSet) -> IssuedBill | None:
    """Bill what is unbilled, ask for fees left open on settled bills, count the line's credit, tell it."""
    bought = [
        purchase
        for purchase in unit.of_holder(Purchase, line.holder_id)
        if purchase.line_id == line.id and _is_unbilled(purchase, month)
    ]
    if not bought:
        return None
    bought.sort(key=lambda purchase: (purchase.confirmed_at or purchase.created_at, purchase.id))
    bill = _bill_of(line, month, bought, unit=unit, rules=rules)
    for purchase in bought:
        _put_on_bill(purchase, bill, unit)
    posting = Posting(
        LedgerAccount.BILLED_CLAIMS,
        LedgerAccount.UNBILLED_CLAIMS,
        bill.principal_won,
        line.id,
        bill_id=bill.id,
    )
    unit.book(Entry(f"bill/{bill.id}", "bill", unit.now, (posting,), line_id=line.id))
    bill = replace(bill, carried_fee_won=_carry_fees(bill, line, unit))
    unit.add(bill)
    credit_won = _count_credit(bill, line, unit)
    unit.put(replace(bill, settled_on=rules_bill(bill, unit).settled_on()))
    _tell(bill, line, bought, unit=unit, credit_won=credit_won)
    return bill


def _is_unbilled(purchase: Purchase, month: date) -> bool:
    return (
        purchase.state == PurchaseState.CONFIRMED
        and purchase.bill_id is None
        and purchase.billed_month is not None
        and purchase.billed_month <= month
        and purchase.billable_won > 0
    )


def _bill_of(
    line: Line, month: date, bought: Iterable[Purchase], *, unit: Unit, rules: RuleSet
) -> IssuedBill:
    holder = unit.get(Holder, line.holder_id)
    bill = IssuedBill(
        id=unit.new_id(IssuedBill),
        line_id=line.id,
        holder_id=line.holder_id,
        carrier=line.carrier,
        month=month,
        issued_on=month_later(month, 1),
        due_on=_due_on(line, month),
        principal_won=sum(purchase.billable_won for purchase in bought),
        welfare=holder is not None and holder.welfare,
    )
    return replace(bill, issued_on=issue_on(bill.as_bill(()), month, rules))


def _put_on_bill(purchase: Purchase, bill: IssuedBill, unit: Unit) -> None:
    unit.put(replace(purchase, bill_id=bill.id))
    unit.add(
        BillItem(
            id=unit.new_id(BillItem),
            bill_id=bill.id,
            line_id=bill.line_id,
            holder_id=bill.holder_id,
            kind=ItemKind.PURCHASE,
            won=purchase.billable_won,
            month=purchase.own_month,
            purchase_id=purchase.id,
        )
    )


def _carry_fees(bill: IssuedBill, line: Line, unit: Unit) -> int:
    """Ask once for each fee left open on a settled bill of the line; its claim stays where it arose."""
    carried_won = 0
    for origin in bills_of(line, unit):
        asked_won = owed_on(origin, unit).fee_open_won - origin.fee_carried_won
        if origin.settled_on is None or asked_won <= 0:
            continue
        unit.put(replace(origin, fee_carried_won=origin.fee_carried_won + asked_won))
        unit.add(
            BillItem(
                id=unit.new_id(BillItem),
                bill_id=bill.id,
                line_id=line.id,
                holder_id=line.holder_id,
                kind=ItemKind.CARRIED_FEE,
                won=asked_won,
                month=origin.month,
                from_bill_id=origin.id,
            )
        )
        carried_won += asked_won
    return carried_won


def _count_credit(bill: IssuedBill, line: Line, unit: Unit) -> int:
    """Count what the line has to its credit against its new bill, on the day it is issued."""
    won = min(line.credit_won, bill.principal_won)
    if not won:
        return 0
    unit.add(
        Allocation(
            id=unit.new_id(Allocation),
            bill_id=bill.id,
            line_id=line.id,
            holder_id=line.holder_id,
            received_on=bill.issued_on,
            won=won,
            cause=Cause.CREDIT,
        )
    )
    unit.add(
        BillItem(
            id=unit.new_id(BillItem),
            bill_id=bill.id,
            line_id=line.id,
            holder_id=line.holder_id,
            kind=ItemKind.CREDIT,
            won=won,
            month=bill.month,
        )
    )
    posting = Posting(LedgerAccount.LINE_CREDIT, LedgerAccount.BILLED_CLAIMS, won, line.id, bill_id=bill.id)
    unit.book(Entry(f"credit/{bill.id}", "credit", unit.now, (posting,), line_id=line.id))
    change_credit(line.id, -won, unit)
    return won


def _tell(bill: IssuedBill, line: Line, bought: Iterable[Purchase], *, unit: Unit, credit_won: int) -> None:
    charges = [
        (purchase, unit.get(Merchant, purchase.merchant_id) if purchase.merchant_id is not None else None)
        for purchase in bought
    ]
    notice = notice_of(
        bill_notice(bill, charges, credit_won=credit_won), unit.new_id(Notice), line, at=unit.now
    )
    not_before = datetime.combine(bill.issued_on, NOTICES_FROM)
    unit.add(replace(notice, not_before=max(not_before, unit.now)))
