"""Owing: what the services on bills share: bills, what was counted against them, fees booked to a day."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from carrierbill.domain.bill import Bill
from carrierbill.domain.billing import Allocation, BillItem, Cause, IssuedBill, unpaid_won_of
from carrierbill.domain.dates import month_of, seoul_day
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.line import Line
from carrierbill.domain.objection import Objection, ObjectionState
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant, Purchase, Refund, RefundTerms
from carrierbill.domain.repayment import Owed, without_latest
from carrierbill.services.holding import free, line_of
from carrierbill.services.ports import Unit


def load_bills(unit: Unit, holder_ids: Collection[int], *, closed: bool = False) -> list[IssuedBill]:
    """Load the open bills of locked holders (`closed`: all) and what was counted against them."""
    if closed:
        bills = unit.load(IssuedBill, holder_id=holder_ids)
    else:
        bills = unit.load(IssuedBill, holder_id=holder_ids, closed_on=None)
    unit.load(Allocation, bill_id={bill.id for bill in bills})
    return bills


def bills_of(line: Line, unit: Unit) -> list[IssuedBill]:
    """A line's loaded bills, the oldest due date first, then the lowest id."""
    bills = [bill for bill in unit.of_holder(IssuedBill, line.holder_id) if bill.line_id == line.id]
    return sorted(bills, key=lambda bill: (bill.due_on, bill.id))


def owed_on(bill: IssuedBill, unit: Unit, *, fee_only: bool = False) -> Owed:
    """A loaded bill with what was counted against it; `fee_only` where money may settle its fee alone."""
    counted = unit.of_holder(Allocation, bill.holder_id)
    return Owed(bill, tuple(each for each in counted if each.bill_id == bill.id), fee_only)


def rules_bill(bill: IssuedBill, unit: Unit) -> Bill:
    """A loaded bill as the rules see it, with all that was counted against it."""
    return bill.as_bill(unit.of_holder(Allocation, bill.holder_id))


def has_late_bill(holder_id: int, day: date, unit: Unit, *, rules: RuleSet) -> bool:
    """Whether one of the holder's loaded bills, on whatever line, is owed after its effective due date."""
    for bill in unit.of_holder(IssuedBill, holder_id):
        facts = rules_bill(bill, unit)
        if facts.unpaid_won_on(day) and day > effective_due_on(facts, rules):
            return True
    return False


def book_fee(
    bill: IssuedBill, day: date, unit: Unit, *, rules: RuleSet, cause: str | None = None
) -> IssuedBill:
    """Book the late fee stated on the day less what is booked; the bill after it, which is put.

    The bill's line is loaded. A day before the last change books nothing. With a `cause` (`repayment/9`) the
    past is corrected up to the last change: a fee that falls takes a waiver of it along, and what was repaid
    beyond it becomes credit.
    """
    through = bill.fee_through_on
    if through is not None and day < through:
        if cause is None:
            return bill
        day = through
    due_won = late_fee_on(rules_bill(bill, unit), day, rules).fee.charged
    if due_won == bill.fee_booked_won:
        return bill
    if due_won < bill.fee_booked_won and cause is None:
        cause = "policy"
    waived_won = min(bill.fee_waived_won, due_won)
    entry = Entry(
        f"fee/{bill.id}/{day.isoformat()}" + (f"/{cause}" if cause else ""),
        f"late_fee_corrected/{cause}" if cause else "late_fee",
        unit.now,
        tuple(_fee_postings(bill, due_won, waived_won)),
        line_id=bill.line_id,
    )
    unit.book(entry)
    bill = replace(bill, fee_booked_won=due_won, fee_waived_won=waived_won, fee_through_on=day)
    unit.put(bill)
    _free_overpaid_fee(bill, entry.key, unit)
    return bill


def _fee_postings(bill: IssuedBill, due_won: int, waived_won: int) -> list[Posting]:
    """The postings that bring a fee and what is waived of it from what is booked to what is due."""
    claims, income, waived = (
        LedgerAccount.LATE_FEE_CLAIMS,
        LedgerAccount.LATE_FEE_INCOME,
        LedgerAccount.FEE_WAIVED,
    )
    charged = Posting(claims, income, abs(due_won - bill.fee_booked_won), bill.line_id, bill_id=bill.id)
    postings = [charged if due_won > bill.fee_booked_won else charged.reversed()]
    if waived_won < bill.fee_waived_won:
        unwaived_won = bill.fee_waived_won - waived_won
        postings.append(Posting(claims, waived, unwaived_won, bill.line_id, bill_id=bill.id))
    return postings


def _free_overpaid_fee(bill: IssuedBill, key: str, unit: Unit) -> None:
    """What was repaid of a fee that is no longer due leaves the bill and becomes the line's credit."""
    owed = owed_on(bill, unit)
    free_won = owed.fee_repaid_won - (bill.fee_booked_won - bill.fee_waived_won)
    if free_won <= 0:
        return
    for allocation in without_latest(owed.allocations, free_won):
        unit.put(allocation)
    credited = Posting(
        LedgerAccount.LATE_FEE_CLAIMS, LedgerAccount.LINE_CREDIT, free_won, bill.line_id, bill_id=bill.id
    )
    unit.book(Entry(f"credit/{key}", "overpaid_fee", unit.now, (credited,), line_id=bill.line_id))
    change_credit(bill.line_id, free_won, unit)


def change_credit(line_id: int, won: int, unit: Unit) -> None:
    """Add to what a loaded line has to its credit (take from it when negative)."""
    line = line_of(line_id, unit)
    unit.put(replace(line, credit_won=line.credit_won + won))


def settled(bill: IssuedBill, unit: Unit) -> IssuedBill:
    """Note the day on which what was counted against a bill reached its principal, if it did."""
    settled_on = rules_bill(bill, unit).settled_on()
    if settled_on != bill.settled_on:
        bill = replace(bill, settled_on=settled_on)
        unit.put(bill)
    return bill


def load_for_refunds(purchases: Collection[Purchase], unit: Unit) -> None:
    """Load what a refund of purchases looks at, after their holders are locked: bills and what is on them."""
    load_bills(unit, {purchase.holder_id for purchase in purchases})
    bill_ids = {purchase.bill_id for purchase in purchases if purchase.bill_id is not None}
    unit.load(IssuedBill, id=bill_ids)
    unit.load(Allocation, bill_id=bill_ids)
    unit.load(BillItem, bill_id=bill_ids)
    unit.load(Objection, purchase_id={purchase.id for purchase in purchases})


def give_back(purchase: Purchase, won: int, cause: str, *, unit: Unit, rules: RuleSet) -> Refund:
    """Give won of a confirmed purchase back the way it was charged: off its month, off its bill, or as money.

    What is not repaid comes off the bill; the rest is money, at most what the line repaid in all, and credit
    while its holder has a late bill. Between the month's end and its bill it is credit, counted on that bill.
    """
    today = seoul_day(unit.now)
    bill = unit.get(IssuedBill, purchase.bill_id) if purchase.bill_id is not None else None
    cancelled_won = on_bill_won = money_won = 0
    if bill is not None:
        bill = book_fee(bill, today, unit, rules=rules)
        repaid_won = max(0, won - _unpaid_of(purchase, bill, unit))
        money_won = _as_money(repaid_won, purchase, today, unit=unit, rules=rules)
        # What is no money is a credit on the bill that carries it, as far as that bill is still owed.
        on_bill_won = min(won - money_won, rules_bill(bill, unit).unpaid_won_on(today))
        _take_off(bill, purchase, on_bill_won, unit=unit)
    elif purchase.billed_month == month_of(today) and not _comes_with_next_bill(purchase, unit):
        cancelled_won = won
        if purchase.month == month_of(today):
            free(purchase, won, unit)
    refund = Refund(
        id=unit.new_id(Refund),
        purchase_id=purchase.id,
        line_id=purchase.line_id,
        holder_id=purchase.holder_id,
        merchant_id=purchase.merchant_id,
        refunded_on=today,
        won=won,
        cancelled_won=cancelled_won,
        credited_won=won - cancelled_won - money_won,
        paid_back_won=money_won,
        cause=cause,
    )
    unit.add(refund)
    _put_refunded(purchase, refund, unit)
    _book_refund(refund, purchase.bill_id, on_bill_won, unit=unit)
    _withhold_less(refund, unit)
    return refund


def _comes_with_next_bill(purchase: Purchase, unit: Unit) -> bool:
    """Whether the seller gives all refunds as a credit on the next bill, in the purchase's month too."""
    merchant = unit.get(Merchant, purchase.merchant_id) if purchase.merchant_id is not None else None
    return merchant is not None and merchant.refund_terms == RefundTerms.NEXT_BILL


def _withhold_less(refund: Refund, unit: Unit) -> None:
    """What a seller gives back while the purchase is disputed is no longer withheld of them."""
    for objection in unit.of_holder(Objection, refund.holder_id):
        won = min(refund.won, objection.withheld_won)
        if objection.purchase_id == refund.purchase_id and objection.state == ObjectionState.OPEN and won:
            released = replace(objection, withheld_won=won).withholding(unit.now)
            key = f"release/{objection.id}/{refund.id}"
            unit.book(released.reversal(key, "objection_refunded", unit.now))
            unit.put(replace(objection, withheld_won=objection.withheld_won - won))


def _unpaid_of(purchase: Purchase, bill: IssuedBill, unit: Unit) -> int:
    items = [item for item in unit.of_holder(BillItem, bill.holder_id) if item.bill_id == bill.id]
    return unpaid_won_of(purchase.id, bill, items, allocations=owed_on(bill, unit).allocations)


def _as_money(won: int, purchase: Purchase, today: date, *, unit: Unit, rules: RuleSet) -> int:
    """What of an amount that was repaid goes back as money."""
    line = line_of(purchase.line_id, unit)
    if has_late_bill(purchase.holder_id, today, unit, rules=rules):
        return 0
    return min(won, line.repaid_won - line.paid_back_won)


def _take_off(bill: IssuedBill, purchase: Purchase, won: int, *, unit: Unit) -> None:
    """Count an amount refunded against the bill that carries the purchase."""
    if not won:
        return
    unit.add(
        Allocation(
            id=unit.new_id(Allocation),
            bill_id=bill.id,
            line_id=bill.line_id,
            holder_id=bill.holder_id,
            received_on=seoul_day(unit.now),
            won=won,
            purchase_id=purchase.id,
            cause=Cause.REFUND,
        )
    )
    settled(bill, unit)


def _put_refunded(purchase: Purchase, refund: Refund, unit: Unit) -> None:
    unit.put(
        replace(
            purchase,
            refunded_won=purchase.refunded_won + refund.won,
            cancelled_won=purchase.cancelled_won + refund.cancelled_won,
            paid_back_won=purchase.paid_back_won + refund.paid_back_won,
        )
    )
    if refund.paid_back_won:
        line = line_of(purchase.line_id, unit)
        unit.put(replace(line, paid_back_won=line.paid_back_won + refund.paid_back_won))


def _book_refund(refund: Refund, bill_id: int | None, on_bill_won: int, *, unit: Unit) -> None:
    """One entry: the merchant bears it all; it leaves the claims, becomes payable, or the line's credit."""
    credit_won = refund.credited_won - on_bill_won
    parts = (
        (LedgerAccount.UNBILLED_CLAIMS, refund.cancelled_won, None),
        (LedgerAccount.BILLED_CLAIMS, on_bill_won, bill_id),
        (LedgerAccount.REFUNDS_PAYABLE, refund.paid_back_won, None),
        (LedgerAccount.LINE_CREDIT, credit_won, None),
    )
    postings = tuple(
        Posting(LedgerAccount.MERCHANT_PAYABLES, to, won, refund.line_id, refund.merchant_id, of_bill)
        for to, won, of_bill in parts
        if won
    )
    unit.book(Entry(f"refund/{refund.id}", "refund", unit.now, postings, line_id=refund.line_id))
    if credit_won:
        change_credit(refund.line_id, credit_won, unit)
