"""Settlements: what merchants were paid, for their client; and the paying itself, a part at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.purchase import Merchant
from carrierbill.domain.settlement import Settlement
from carrierbill.services.take_step import settle_some
from carrierbill.storage.own_lists import found
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import listing
from carrierbill.web.own.gate import OPS, READ, Gate
from carrierbill.web.own.steps import stepped
from carrierbill.web.shapes.own_asked import SettlementStep, asked
from carrierbill.web.shapes.own_money import SettlementTold

MERCHANTS_AT_ONCE = 50


@dataclass(frozen=True)
class Settlements:
    """The operations on settlements."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        ops = frozenset({OPS})
        return [
            Operation("listSettlements", "GET", "/settlements", frozenset({READ, OPS}), self.list),
            Operation("settleMerchants", "POST", "/settlements", ops, self.settle, takes_body=True),
        ]

    async def list(self, asking: Asking) -> Answer:
        """The settlements of the client's own merchants; an operator sees all."""
        self.gate.check_ops(asking)
        caller, office = asking.caller, self.gate.office
        where: dict[str, object] = {}
        if not self.gate.is_ops(caller):
            own = await office.read(lambda unit: unit.peek(Merchant, client=[caller.client]))
            where["merchant_id"] = {merchant.id for merchant in own}
        return await listing(office, asking, Settlement, where=where, telling=self._tell)

    async def settle(self, asking: Asking) -> Answer:
        """Some merchants paid up to a day."""
        body = asked(asking.body, SettlementStep)
        return await stepped(
            self.gate,
            asking,
            settle_some,
            of="merchant",
            step=(body.through_on, body.after, MERCHANTS_AT_ONCE),
        )

    def _tell(self, session: Session, settlements: Sequence[Settlement]) -> Sequence[SettlementTold]:
        ids = {settlement.merchant_id for settlement in settlements}
        merchants = {merchant.id: merchant for merchant in found(session, Merchant, id=ids)}
        return [
            SettlementTold(
                settlement_id=self.gate.told(each.id, "settlement"),
                client_id=merchants[each.merchant_id].client,
                merchant_identifier=merchants[each.merchant_id].identifier,
                through_on=each.through_on,
                settled_on=each.settled_on,
                purchases_won=each.purchases_won,
                refunds_won=each.refunds_won,
                carried_won=each.carried_won,
                won=each.won,
            )
            for each in settlements
        ]
