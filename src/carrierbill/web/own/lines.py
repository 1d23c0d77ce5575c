"""Lines: found, read, registered; limits lowered and raised, the service blocked and opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.consent import Consent
from carrierbill.domain.dates import month_of, seoul_day
from carrierbill.domain.line import Line, LineEffect, LineStatus, Usage
from carrierbill.services.change_limit import (
    ChangeLimit,
    CloseService,
    LimitChanged,
    OpenService,
    ServiceChanged,
    change_limit,
    close_service,
    open_service,
)
from carrierbill.services.on_record import on_record
from carrierbill.services.register_line import LineRegistered, RegisterLine, register_line
from carrierbill.storage.own_lists import found
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, listing, one_of, settled
from carrierbill.web.own.gate import OPS, READ, WRITE, Gate, line_for
from carrierbill.web.problems import ProblemError
from carrierbill.web.shapes.own import (
    CategoryWon,
    EffectTold,
    LimitChangedTold,
    LimitsTold,
    LineMade,
    LineOpened,
    LineTold,
)
from carrierbill.web.shapes.own_asked import CategoryLimit, Limits, LineSearch, NewLine, asked

REGISTER = on_record(register_line)


@dataclass(frozen=True)
class Lines:
    """The operations on lines."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        reading, writing = frozenset({READ, OPS}), frozenset({WRITE, OPS})
        return [
            Operation("listLines", "GET", "/lines", reading, self.list),
            Operation("searchLines", "POST", "/lines/search", reading, self.search, takes_body=True),
            Operation("registerLine", "POST", "/lines", frozenset({OPS}), self.register, takes_body=True),
            Operation("getLine", "GET", "/lines/{lineId}", reading, self.get),
            Operation(
                "changeLimits", "PATCH", "/lines/{lineId}/limits", writing, self.limits, takes_body=True
            ),
            Operation("blockLine", "POST", "/lines/{lineId}/block", writing, self.block),
            Operation("openLine", "POST", "/lines/{lineId}/open", writing, self.open),
        ]

    async def list(self, asking: Asking) -> Answer:
        """The lines the asker may see."""
        gate, caller = self.gate, asking.caller
        status = one_of(asking, "status", tuple(LineStatus))
        where: dict[str, object] = {"status": [LineStatus(status)]} if status else {}
        if gate.purpose(asking):
            await gate.note(asking, "lines")
        else:
            where["id"] = await gate.office.read(lambda unit: _seen(caller.client, caller.number, unit))
        return await listing(gate.office, asking, Line, where=where, telling=self._tell)

    async def search(self, asking: Asking) -> Answer:
        """The line of a number; nobody learns of a line that is not theirs to see."""
        gate, body = self.gate, asked(asking.body, LineSearch)
        number = number_of(asking, body.phone_number)
        purpose = gate.purpose(asking)

        def seen(unit: UnitOfWork) -> Line | None:
            place = unit.lines_by_number([number]).get(number)
            return line_for(asking.caller, place[0], unit) if place else None

        line = await gate.office.read(seen)
        if line is None:
            raise ProblemError("IDENTIFIER_NOT_FOUND")
        if purpose:
            await gate.note(asking, "line", line.id)
        return answered(await self._line(line))

    async def get(self, asking: Asking) -> Answer:
        """A line as it stands."""
        return answered(await self._line(await self.gate.line_to_read(asking, "line")))

    async def _line(self, line: Line) -> LineTold:
        (told,) = await self.gate.office.look(lambda session: self._tell(session, [line]))
        return told

    def _tell(self, session: Session, lines: Sequence[Line]) -> Sequence[LineTold]:
        """Lines with what is used of their month, and what lateness has switched off."""
        ids, holder_ids = {line.id for line in lines}, {line.holder_id for line in lines}
        month = month_of(seoul_day(self.gate.office.now))
        used_won = dict.fromkeys(ids, 0)
        for usage in found(session, Usage, holder_id=holder_ids, month=[month]):
            used_won[usage.line_id] = used_won.get(usage.line_id, 0) + usage.won
        effects = found(session, LineEffect, holder_id=holder_ids, ended_on=None)
        return [self._told(line, used_won[line.id], effects) for line in lines]

    def _told(self, line: Line, used_won: int, effects: Sequence[LineEffect]) -> LineTold:
        own = [effect for effect in effects if effect.line_id == line.id]
        told = self.gate.told
        return LineTold(
            line_id=told(line.id, "line"),
            carrier=line.carrier,
            status=str(line.status),
            opened_on=line.opened_on,
            due_day=line.due_day,
            offered=line.offered,
            mvno=line.mvno,
            limits=_limits(line),
            used_won=used_won,
            credit_won=line.credit_won,
            effects=[
                EffectTold(str(each.effect), each.stage, told(each.bill_id, "bill"), each.began_on)
                for each in own
            ],
            consented_on=line.consented_on,
            blocked_on=line.blocked_on,
        )

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────
    async def register(self, asking: Asking) -> Answer:
        """A new line with its holder."""
        self.gate.check_ops(asking)
        body, office = asked(asking.body, NewLine), self.gate.office
        command = RegisterLine(
            number=body.phone_number,
            carrier=body.carrier,
            due_day=body.due_day,
            opened_on=body.opened_on,
            monthly_limit_won=body.monthly_won,
            name=body.holder_name,
            welfare=body.welfare,
            minor_until=body.minor_until,
            mvno=body.mvno,
            offered=body.offered,
            consented_on=body.consented_on,
            daily_limit_won=body.daily_won,
            purchase_limit_won=body.purchase_won,
            category_limits=_by_category(body.categories) or (),
            once=asking.once,
        )
        outcome = await office.decide(REGISTER, self.gate.noted(asking, command, "line.register"))
        made = settled(outcome, LineRegistered, office)
        if isinstance(made, Answer):
            return made
        return answered(LineMade(self.gate.told(made.line_id, "line")), 201)

    async def limits(self, asking: Asking) -> Answer:
        """Limits of a line: lower ones at once, higher ones by the holder's own word."""
        body, office = asked(asking.body, Limits), self.gate.office
        line = await self.gate.line_to_change(asking)
        command = ChangeLimit(
            line_id=line.id,
            actor=asking.caller.client,
            monthly_limit_won=body.monthly_won,
            daily_limit_won=body.daily_won,
            purchase_limit_won=body.purchase_won,
            category_limits=_by_category(body.categories),
            consented=self.gate.by_holder(asking.caller),
            once=asking.once,
        )
        changed = settled(await office.decide(change_limit, command), LimitChanged, office)
        if isinstance(changed, Answer):
            return changed
        return answered(LimitChangedTold(self.gate.told(changed.line_id, "line"), changed.monthly_limit_won))

    async def block(self, asking: Asking) -> Answer:
        """A line that is to buy nothing more."""
        line = await self.gate.line_to_change(asking)
        command = CloseService(line.id, asking.caller.client, asking.once)
        return self._service(await self.gate.office.decide(close_service, command))

    async def open(self, asking: Asking) -> Answer:
        """A line that is to buy again, by the holder's own word."""
        line = await self.gate.line_to_change(asking)
        consented = self.gate.by_holder(asking.caller)
        command = OpenService(line.id, asking.caller.client, consented, asking.once)
        return self._service(await self.gate.office.decide(open_service, command))

    def _service(self, outcome: object) -> Answer:
        changed = settled(outcome, ServiceChanged, self.gate.office)
        if isinstance(changed, Answer):
            return changed
        return answered(LineOpened(self.gate.told(changed.line_id, "line"), changed.is_open))


def number_of(asking: Asking, given: str | None) -> str:
    """The number a request is about: of its token, else the one it gives; ProblemError for both or none."""
    if asking.caller.number is not None:
        if given is not None:
            raise ProblemError("UNNECESSARY_IDENTIFIER")
        return asking.caller.number
    if given is None:
        raise ProblemError("MISSING_IDENTIFIER")
    return given


def _seen(client: str, number: str | None, unit: UnitOfWork) -> set[int]:
    """The lines a client may see: of its token's number, else those it has a consent on."""
    if number is not None:
        return {line_id for line_id, _ in unit.lines_by_number([number]).values()}
    return {consent.line_id for consent in unit.peek(Consent, client=[client], withdrawn_on=None)}


def _limits(line: Line) -> LimitsTold:
    return LimitsTold(
        monthly_won=line.monthly_limit_won,
        categories=[CategoryWon(name, won) for name, won in line.category_limits],
        daily_won=line.daily_limit_won,
        purchase_won=line.purchase_limit_won,
        lowered_until=line.lowered_until,
    )


def _by_category(limits: Sequence[CategoryLimit] | None) -> tuple[tuple[str, int], ...] | None:
    return None if limits is None else tuple((limit.category, limit.won) for limit in limits)
