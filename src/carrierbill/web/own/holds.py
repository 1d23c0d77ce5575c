"""Holds: until when a client's amounts are held, and the one-time code of a payment sent again."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.line import DemoPart, Line
from carrierbill.domain.purchase import Merchant, Purchase, PurchaseState
from carrierbill.services.validate_purchase import CodeSent, SendCode, send_code
from carrierbill.storage.own_lists import found
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, listing, one_of, settled
from carrierbill.web.own.gate import READ, WRITE, Gate, first
from carrierbill.web.shapes.own import CodeTold, HoldTold
from carrierbill.web.shapes.own_asked import not_there

# What is held until some time, by the status that payments have in the published interface.
WAITING = {
    "reserved": PurchaseState.HELD,
    "pending_validation": PurchaseState.PENDING_VALIDATION,
}
STATUS = {state: status for status, state in WAITING.items()}


@dataclass(frozen=True)
class Holds:
    """The operations on what is held for a client."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        reading, code = frozenset({READ}), "/payments/{paymentId}/code"
        return [
            Operation("listHolds", "GET", "/holds", reading, self.list),
            Operation("getHold", "GET", "/holds/{paymentId}", reading, self.get),
            Operation("sendCode", "POST", code, frozenset({WRITE}), self.send_code),
        ]

    async def list(self, asking: Asking) -> Answer:
        """The client's own that wait; with a token of a line, those of that line."""
        status = one_of(asking, "paymentStatus", tuple(WAITING)) or "reserved"
        where: dict[str, object] = {"client": [asking.caller.client], "state": [WAITING[status]]}
        number = asking.caller.number
        if number is not None:
            places = await self.gate.office.read(lambda unit: unit.lines_by_number([number]))
            where["line_id"] = {line_id for line_id, _ in places.values()}
        return await listing(self.gate.office, asking, Purchase, where=where, telling=self._tell)

    async def get(self, asking: Asking) -> Answer:
        """Until when one is held; what is held no longer is not there."""
        purchase = await self._purchase(asking)
        if purchase.state not in STATUS:
            raise not_there()
        (told,) = await self.gate.office.look(lambda session: self._tell(session, [purchase]))
        return answered(told)

    async def send_code(self, asking: Asking) -> Answer:
        """A further code for a payment that waits for one."""
        purchase, office = await self._purchase(asking), self.gate.office
        (line,) = await office.read(lambda unit: unit.peek(Line, id=[purchase.line_id]))
        code_hash, secret = office.codes.new(purchase.id, for_demo=line.demo == DemoPart.NEEDS_CODE)
        command = SendCode(asking.caller.client, purchase.id, code_hash, secret, asking.once)
        sent = settled(await office.decide(send_code, command), CodeSent, office)
        if isinstance(sent, Answer):
            return sent
        return answered(CodeTold(self.gate.told(sent.purchase_id, "payment"), sent.expires_at))

    async def _purchase(self, asking: Asking) -> Purchase:
        """The client's own payment of the address, on its token's line if it has one."""
        purchase_id, caller = self.gate.number(asking.path["paymentId"], "payment"), asking.caller

        def own(unit: UnitOfWork) -> Purchase | None:
            purchase = first(unit.peek(Purchase, id=[purchase_id]))
            if purchase is None or purchase.client != caller.client:
                return None
            if caller.number is None:
                return purchase
            place = unit.lines_by_number([caller.number]).get(caller.number)
            return purchase if place is not None and place[0] == purchase.line_id else None

        purchase = await self.gate.office.read(own)
        if purchase is None:
            raise not_there()
        return purchase

    def _tell(self, session: Session, purchases: Sequence[Purchase]) -> Sequence[HoldTold]:
        ids = {each.merchant_id for each in purchases if each.merchant_id is not None}
        names = {merchant.id: merchant.identifier for merchant in found(session, Merchant, id=ids)}
        return [
            HoldTold(
                payment_id=self.gate.told(each.id, "payment"),
                payment_status=STATUS[each.state],
                won=each.won,
                created_at=each.created_at,
                expires_at=each.expires_at,
                merchant_identifier=names.get(each.merchant_id or 0),
            )
            for each in purchases
            if each.expires_at is not None
        ]
