"""Bills: listed, explained to the last won, and looked ahead from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from starlette.concurrency import run_in_threadpool

from carrierbill.documents.answer import late_fee_document, outlook_document
from carrierbill.domain.billing import Allocation, BillItem, IssuedBill, ItemKind
from carrierbill.domain.dates import days_later, seoul_day
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.line import Line
from carrierbill.domain.outlook import DAYS_BEFORE_DUE, Question, outlook_for
from carrierbill.domain.position import answer_on
from carrierbill.domain.purchase import Merchant, Purchase
from carrierbill.domain.reminder import AutoPay
from carrierbill.domain.repayment import Owed
from carrierbill.storage.own_lists import found
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, camel_document, day, listing, refused, whole
from carrierbill.web.own.gate import OPS, READ, Gate
from carrierbill.web.problems import invalid
from carrierbill.web.shapes.own_asked import not_there
from carrierbill.web.shapes.own_money import BillExplained, BillTold, CountedTold, FeeTold, ItemTold

DAYS, MOST_DAYS = 120, 366


@dataclass(frozen=True, slots=True)
class Read:
    """A bill with all that is on it and was counted against it."""

    bill: IssuedBill
    items: Sequence[BillItem]
    allocations: Sequence[Allocation]
    purchases: dict[int, Purchase]
    merchants: dict[int, Merchant]


@dataclass(frozen=True)
class Bills:
    """The operations on bills."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        scopes = frozenset({READ, OPS})
        return [
            Operation("listBills", "GET", "/lines/{lineId}/bills", scopes, self.list),
            Operation("getBill", "GET", "/bills/{billId}", scopes, self.get),
            Operation("getBillOutlook", "GET", "/bills/{billId}/outlook", scopes, self.outlook),
        ]

    async def list(self, asking: Asking) -> Answer:
        """A line's bills."""
        line = await self.gate.line_to_read(asking, "bills")
        where = {"line_id": [line.id]}
        return await listing(self.gate.office, asking, IssuedBill, where=where, telling=self._tell)

    async def get(self, asking: Asking) -> Answer:
        """A bill with every won of it."""
        bill, _ = await self._bill(asking, "bill")
        office = self.gate.office
        read = await office.look(lambda session: _read(session, bill.id))
        today, facts = seoul_day(office.now), read.bill.as_bill(read.allocations)
        others = office.app.shelf.shipped_beside(office.rules.name)
        try:
            answer = await run_in_threadpool(answer_on, facts, today, office.rules, others=others)
        except RefusedError as against:
            return refused(against, office.app.texts)
        fee = camel_document(late_fee_document(answer, office.app.texts))
        return answered(self._explained(read, fee))

    async def outlook(self, asking: Asking) -> Answer:
        """What happens to a bill, day by day, if nothing more is repaid."""
        days, office = whole(asking, "days", DAYS, most=MOST_DAYS), self.gate.office
        from_on, calendar = day(asking, "from"), office.rules.calendar
        if from_on is not None and not calendar.holds(from_on):
            raise invalid("from")
        bill, line = await self._bill(asking, "outlook")
        read = await office.look(lambda session: _read(session, bill.id))
        facts = read.bill.as_bill(read.allocations)
        others = office.app.shelf.shipped_beside(office.rules.name)
        try:
            if from_on is None:
                before = days_later(effective_due_on(facts, office.rules), -DAYS_BEFORE_DUE)
                from_on = max(before, calendar.first_on)
            if not calendar.holds(days_later(from_on, days - 1)):
                raise invalid("days")
            question = Question(from_on, days, autopay=AutoPay(line.card_expires_on, line.balance_won))
            found = await run_in_threadpool(outlook_for, facts, question, office.rules, others=others)
        except RefusedError as against:
            return refused(against, office.app.texts)
        return answered(camel_document(outlook_document(found, office.app.texts)))

    async def _bill(self, asking: Asking, what: str) -> tuple[IssuedBill, Line]:
        """The bill of the address and its line, for an asker that may read it."""
        bill_id = self.gate.number(asking.path["billId"], "bill")
        self.gate.purpose(asking)
        bills = await self.gate.office.read(lambda unit: unit.peek(IssuedBill, id=[bill_id]))
        if not bills:
            raise not_there()
        return bills[0], await self.gate.read_line(asking, bills[0].line_id, what)

    def _tell(self, session: Session, bills: Sequence[IssuedBill]) -> Sequence[BillTold]:
        ids = {bill.id for bill in bills}
        allocations = found(session, Allocation, bill_id=ids)
        items = found(session, BillItem, bill_id=ids)
        return [self._told(bill, items, allocations) for bill in bills]

    def _told(
        self, bill: IssuedBill, items: Sequence[BillItem], allocations: Sequence[Allocation]
    ) -> BillTold:
        owed = Owed(bill, tuple(each for each in allocations if each.bill_id == bill.id))
        credit_won = sum(
            item.won for item in items if item.bill_id == bill.id and item.kind == ItemKind.CREDIT
        )
        return BillTold(
            bill_id=self.gate.told(bill.id, "bill"),
            line_id=self.gate.told(bill.line_id, "line"),
            month=_month(bill.month),
            issued_on=bill.issued_on,
            due_on=bill.due_on,
            principal_won=bill.principal_won,
            carried_fee_won=bill.carried_fee_won,
            credit_won=credit_won,
            asked_won=bill.principal_won + bill.carried_fee_won - credit_won,
            unpaid_won=max(0, bill.principal_won - owed.counted_won),
            fee=FeeTold(
                booked_won=bill.fee_booked_won,
                waived_won=bill.fee_waived_won,
                repaid_won=owed.fee_repaid_won,
                open_won=owed.fee_open_won,
                carried_won=bill.fee_carried_won,
                through_on=bill.fee_through_on,
            ),
            settled_on=bill.settled_on,
            closed_on=bill.closed_on,
        )

    def _explained(self, read: Read, fee: dict[str, object]) -> BillExplained:
        told = self.gate.told_or_none
        return BillExplained(
            bill=self._told(read.bill, read.items, read.allocations),
            items=[self._item(item, read) for item in read.items],
            counted=[
                CountedTold(
                    won=each.won,
                    received_on=each.received_on,
                    cause=str(each.cause),
                    repayment_id=told(each.repayment_id, "repayment"),
                    payment_id=told(each.purchase_id, "payment"),
                )
                for each in read.allocations
                if each.won
            ],
            late_fee=fee,
        )

    def _item(self, item: BillItem, read: Read) -> ItemTold:
        purchase = read.purchases.get(item.purchase_id or 0)
        merchant = read.merchants.get(purchase.merchant_id or 0) if purchase else None
        return ItemTold(
            kind=str(item.kind),
            won=item.won,
            month=_month(item.month),
            payment_id=self.gate.told_or_none(item.purchase_id, "payment"),
            charged_at=purchase.confirmed_at if purchase else None,
            merchant=merchant.name if merchant else None,
            description=(purchase.description or None) if purchase else None,
            from_bill_id=self.gate.told_or_none(item.from_bill_id, "bill"),
        )


def _read(session: Session, bill_id: int) -> Read:
    (bill,) = found(session, IssuedBill, id=[bill_id])
    items = found(session, BillItem, bill_id=[bill_id])
    bought = found(session, Purchase, id={item.purchase_id for item in items if item.purchase_id is not None})
    sellers = {each.merchant_id for each in bought if each.merchant_id is not None}
    return Read(
        bill=bill,
        items=items,
        allocations=found(session, Allocation, bill_id=[bill_id]),
        purchases={purchase.id: purchase for purchase in bought},
        merchants={merchant.id: merchant for merchant in found(session, Merchant, id=sellers)},
    )


def _month(month: date) -> str:
    return f"{month:%Y-%m}"
