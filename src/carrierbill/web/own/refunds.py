"""Refunds: what was given back to a line, and on which way."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.purchase import Refund
from carrierbill.domain.request import RefundRequest
from carrierbill.storage.own_lists import found
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import listing
from carrierbill.web.own.gate import OPS, READ, Gate
from carrierbill.web.shapes.own_money import RefundTold


@dataclass(frozen=True)
class Refunds:
    """The one operation on refunds."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """The one there is."""
        scopes = frozenset({READ, OPS})
        return [Operation("listRefunds", "GET", "/lines/{lineId}/refunds", scopes, self.list)]

    async def list(self, asking: Asking) -> Answer:
        """A line's refunds."""
        line = await self.gate.line_to_read(asking, "refunds")
        where = {"line_id": [line.id]}
        return await listing(self.gate.office, asking, Refund, where=where, telling=self._tell)

    def _tell(self, session: Session, refunds: Sequence[Refund]) -> Sequence[RefundTold]:
        """Refunds, under the id they have in the refund interface where they were asked for there."""
        requests = found(session, RefundRequest, purchase_id={refund.purchase_id for refund in refunds})
        ids = {request.refund_id: request.id for request in requests if request.refund_id is not None}
        return [
            RefundTold(
                payment_id=self.gate.told(refund.purchase_id, "payment"),
                refunded_on=refund.refunded_on,
                won=refund.won,
                cancelled_won=refund.cancelled_won,
                credited_won=refund.credited_won,
                paid_back_won=refund.paid_back_won,
                cause=refund.cause,
                refund_id=self.gate.told_or_none(ids.get(refund.id), "refund"),
            )
            for refund in refunds
        ]
