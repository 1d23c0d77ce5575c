"""Objections: charges a holder disputes, filed, listed and answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.objection import Objection, ObjectionState
from carrierbill.domain.purchase import Purchase
from carrierbill.services.handle_objection import (
    Answered,
    AnswerObjection,
    Filed,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.on_record import on_record
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, listing, one_of, settled
from carrierbill.web.own.gate import OPS, READ, WRITE, Gate
from carrierbill.web.shapes.own_asked import NewObjection, ObjectionAnswer, asked, not_there
from carrierbill.web.shapes.own_money import ObjectionAnswered, ObjectionFiled, ObjectionTold

FILE, ANSWER = on_record(file_objection), on_record(answer_objection)


@dataclass(frozen=True)
class Objections:
    """The operations on objections."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        reading, writing, ops = frozenset({READ, OPS}), frozenset({WRITE, OPS}), frozenset({OPS})
        of_line, one = "/lines/{lineId}/objections", "/objections/{objectionId}"
        return [
            Operation("fileObjection", "POST", of_line, writing, self.file, takes_body=True),
            Operation("listLineObjections", "GET", of_line, reading, self.list_of_line),
            Operation("listObjections", "GET", "/objections", ops, self.list),
            Operation("getObjection", "GET", one, reading, self.get),
            Operation("answerObjection", "POST", f"{one}/answer", ops, self.answer, takes_body=True),
        ]

    async def file(self, asking: Asking) -> Answer:
        """An objection to a charge of the line, whoever charged it."""
        body, office = asked(asking.body, NewObjection), self.gate.office
        line = await self.gate.line_to_change(asking)
        purchase_id = self.gate.number(body.payment_id, "payment")
        bought = await office.read(lambda unit: unit.peek(Purchase, id=[purchase_id], line_id=[line.id]))
        if not bought:
            raise not_there()
        command = FileObjection(line.id, purchase_id, body.reason, asking.once)
        noted = self.gate.noted(asking, command, "objection.file", line_id=line.id)
        filed = settled(await office.decide(FILE, noted), Filed, office)
        if isinstance(filed, Answer):
            return filed
        told = ObjectionFiled(
            objection_id=self.gate.told(filed.objection_id, "objection"),
            payment_id=body.payment_id,
            answer_due_on=filed.answer_due_on,
            withheld_won=filed.withheld_won,
        )
        return answered(told, 201)

    async def list_of_line(self, asking: Asking) -> Answer:
        """A line's objections."""
        line = await self.gate.line_to_read(asking, "objections")
        where = {"line_id": [line.id]}
        return await listing(self.gate.office, asking, Objection, where=where, telling=self._tell)

    async def list(self, asking: Asking) -> Answer:
        """All lines' objections, for those who answer them."""
        self.gate.check_ops(asking)
        self.gate.purpose(asking)
        state = one_of(asking, "state", tuple(ObjectionState))
        where = {"state": [ObjectionState(state)]} if state else {}
        await self.gate.note(asking, "objections")
        return await listing(self.gate.office, asking, Objection, where=where, telling=self._tell)

    async def get(self, asking: Asking) -> Answer:
        """An objection as it stands."""
        objection = await self._objection(asking)
        await self.gate.read_line(asking, objection.line_id, "objection")
        return answered(self._told(objection))

    async def answer(self, asking: Asking) -> Answer:
        """The answer to an objection."""
        self.gate.check_ops(asking)
        body, office = asked(asking.body, ObjectionAnswer), self.gate.office
        objection = await self._objection(asking)
        command = AnswerObjection(objection.id, body.upheld, body.why, asking.once)
        noted = self.gate.noted(asking, command, "objection.answer", line_id=objection.line_id)
        done = settled(await office.decide(ANSWER, noted), Answered, office)
        if isinstance(done, Answer):
            return done
        told = self.gate.told(done.objection_id, "objection")
        return answered(ObjectionAnswered(told, done.state, done.refund_id is not None))

    async def _objection(self, asking: Asking) -> Objection:
        objection_id = self.gate.number(asking.path["objectionId"], "objection")
        found = await self.gate.office.read(lambda unit: unit.peek(Objection, id=[objection_id]))
        if not found:
            raise not_there()
        return found[0]

    def _tell(self, session: Session, found: Sequence[Objection]) -> Sequence[ObjectionTold]:
        del session  # all that is told is in the record
        return [self._told(objection) for objection in found]

    def _told(self, objection: Objection) -> ObjectionTold:
        return ObjectionTold(
            objection_id=self.gate.told(objection.id, "objection"),
            line_id=self.gate.told(objection.line_id, "line"),
            payment_id=self.gate.told(objection.purchase_id, "payment"),
            state=str(objection.state),
            filed_on=objection.filed_on,
            answer_due_on=objection.answer_due_on,
            withheld_won=objection.withheld_won,
            reason=objection.reason,
            answered_on=objection.answered_on,
            answer=objection.answer or None,
        )
