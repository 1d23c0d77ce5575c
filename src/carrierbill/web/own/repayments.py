"""Repayments: money that came in from lines, received and listed."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.billing import IssuedBill, MoneyReceived
from carrierbill.domain.line import Line
from carrierbill.services.on_record import on_record
from carrierbill.services.receive_repayment import Repaid, Repay, receive_repayment
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, listing, settled
from carrierbill.web.own.gate import OPS, READ, REPAY, Gate
from carrierbill.web.problems import ProblemError
from carrierbill.web.shapes.own_asked import NewRepayment, asked, not_there
from carrierbill.web.shapes.own_money import RepaidTold, RepaymentTold

RECEIVE = on_record(receive_repayment)


@dataclass(frozen=True)
class Repayments:
    """The operations on repayments."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        paying, reading = frozenset({REPAY, OPS}), frozenset({READ, OPS})
        return [
            Operation("receiveRepayment", "POST", "/repayments", paying, self.receive, takes_body=True),
            Operation("listRepayments", "GET", "/lines/{lineId}/repayments", reading, self.list),
        ]

    async def receive(self, asking: Asking) -> Answer:
        """Money of a line; who may hand it in may do so for every line, since anybody may pay for another."""
        body, office = asked(asking.body, NewRepayment), self.gate.office
        line_id = await self._line_id(asking, body)
        bill_id = None if body.bill_id is None else self.gate.number(body.bill_id, "bill")
        if bill_id is not None:
            bills = await office.read(lambda unit: unit.peek(IssuedBill, id=[bill_id], line_id=[line_id]))
            if not bills:
                raise not_there()
        command = Repay(
            line_id=line_id,
            won=body.won,
            received_on=body.received_on,
            bill_id=bill_id,
            reference=body.reference or "",
            once=asking.once,
        )
        noted = self.gate.noted(asking, command, "repayment.receive", line_id=line_id)
        repaid = settled(await office.decide(RECEIVE, noted), Repaid, office)
        if isinstance(repaid, Answer):
            return repaid
        told = RepaidTold(
            repayment_id=self.gate.told(repaid.repayment_id, "repayment"),
            line_id=self.gate.told(repaid.line_id, "line"),
            won=body.won,
            received_on=body.received_on,
            principal_won=repaid.principal_won,
            fee_won=repaid.fee_won,
            credit_won=repaid.credit_won,
            bill_id=body.bill_id,
            reference=body.reference,
        )
        return answered(told, 201)

    async def _line_id(self, asking: Asking, body: NewRepayment) -> int:
        """The line that paid: of the token, or by the one of number and id that is given."""
        number = asking.caller.number or body.phone_number
        given = [each for each in (body.phone_number, body.line_id) if each is not None]
        if len(given) > (asking.caller.number is None):
            raise ProblemError("UNNECESSARY_IDENTIFIER")
        if number is None and body.line_id is None:
            raise ProblemError("MISSING_IDENTIFIER")
        if number is None:
            line_id = self.gate.number(body.line_id or "", "line")
            if not await self.gate.office.read(lambda unit: unit.peek(Line, id=[line_id])):
                raise not_there()
            return line_id
        places = await self.gate.office.read(lambda unit: unit.lines_by_number([number]))
        if number not in places:
            raise ProblemError("IDENTIFIER_NOT_FOUND")
        return places[number][0]

    async def list(self, asking: Asking) -> Answer:
        """What a line repaid."""
        line = await self.gate.line_to_read(asking, "repayments")
        where = {"line_id": [line.id]}
        return await listing(self.gate.office, asking, MoneyReceived, where=where, telling=self._tell)

    def _tell(self, session: Session, found: Sequence[MoneyReceived]) -> Sequence[RepaymentTold]:
        del session  # all that is told is in the record
        return [
            RepaymentTold(
                repayment_id=self.gate.told(money.id, "repayment"),
                won=money.won,
                received_on=money.received_on,
                bill_id=self.gate.told_or_none(money.bill_id, "bill"),
                reference=money.reference or None,
            )
            for money in found
        ]
