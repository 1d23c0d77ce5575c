"""Reliefs: waivers, instalments, debt adjustments and reviews: asked for, listed, decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.arrangement import Arrangement, ArrangementKind
from carrierbill.domain.billing import IssuedBill
from carrierbill.services.grant_relief import (
    Asked,
    AskRelief,
    Decided,
    DecideRelief,
    ask_relief,
    decide_relief,
)
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, listing, settled
from carrierbill.web.own.gate import OPS, READ, WRITE, Gate
from carrierbill.web.problems import invalid
from carrierbill.web.shapes.own_asked import NewRelief, ReliefDecision, asked, not_there
from carrierbill.web.shapes.own_money import ReliefDecided, ReliefMade, ReliefTold

NEEDS_BILL = ("waiver", "carrier_instalment")


@dataclass(frozen=True)
class Reliefs:
    """The operations on reliefs."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        of_line, decision = "/lines/{lineId}/reliefs", "/reliefs/{reliefId}/decision"
        writing, ops = frozenset({WRITE, OPS}), frozenset({OPS})
        return [
            Operation("askRelief", "POST", of_line, writing, self.ask, takes_body=True),
            Operation("listReliefs", "GET", of_line, frozenset({READ, OPS}), self.list),
            Operation("decideRelief", "POST", decision, ops, self.decide, takes_body=True),
        ]

    async def ask(self, asking: Asking) -> Answer:
        """A relief for a line."""
        body, office = asked(asking.body, NewRelief), self.gate.office
        if body.kind in NEEDS_BILL and body.bill_id is None:
            raise invalid("billId")
        line = await self.gate.line_to_change(asking)
        bill_id = None if body.bill_id is None else self.gate.number(body.bill_id, "bill")
        if bill_id is not None and not await office.read(
            lambda unit: unit.peek(IssuedBill, id=[bill_id], line_id=[line.id])
        ):
            raise not_there()
        command = AskRelief(
            line_id=line.id,
            kind=ArrangementKind(body.kind),
            bill_id=bill_id,
            months=body.months or 0,
            first_due_on=body.first_due_on,
            part_won=body.part_won or 0,
            actor=asking.caller.client,
            once=asking.once,
        )
        made = settled(await office.decide(ask_relief, command), Asked, office)
        if isinstance(made, Answer):
            return made
        return answered(ReliefMade(self.gate.told(made.arrangement_id, "relief"), body.kind), 201)

    async def list(self, asking: Asking) -> Answer:
        """A line's reliefs."""
        line = await self.gate.line_to_read(asking, "reliefs")
        where = {"holder_id": [line.holder_id], "line_id": [line.id]}
        return await listing(self.gate.office, asking, Arrangement, where=where, telling=self._tell)

    async def decide(self, asking: Asking) -> Answer:
        """The decision on a relief."""
        self.gate.check_ops(asking)
        body, office = asked(asking.body, ReliefDecision), self.gate.office
        relief_id = self.gate.number(asking.path["reliefId"], "relief")
        if not await office.read(lambda unit: unit.peek(Arrangement, id=[relief_id])):
            raise not_there()
        command = DecideRelief(relief_id, body.granted, asking.caller.client, body.why, asking.once)
        done = settled(await office.decide(decide_relief, command), Decided, office)
        if isinstance(done, Answer):
            return done
        told = self.gate.told(done.arrangement_id, "relief")
        return answered(ReliefDecided(told, done.state, done.waived_won))

    def _tell(self, session: Session, found: Sequence[Arrangement]) -> Sequence[ReliefTold]:
        del session  # all that is told is in the record
        return [self._told(relief) for relief in found]

    def _told(self, relief: Arrangement) -> ReliefTold:
        return ReliefTold(
            relief_id=self.gate.told(relief.id, "relief"),
            line_id=self.gate.told(relief.line_id, "line"),
            kind=str(relief.kind),
            state=str(relief.state),
            asked_on=relief.asked_on,
            waived_won=relief.waived_won,
            bill_id=self.gate.told_or_none(relief.bill_id, "bill"),
            months=relief.months or None,
            part_won=relief.part_won or None,
            first_due_on=relief.first_due_on,
            decided_on=relief.decided_on,
            ended_on=relief.ended_on,
        )
