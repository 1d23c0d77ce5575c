"""Events: those that a client's sink did not take, listed and sent again."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.purchase import Purchase
from carrierbill.domain.request import ClientEvent, EventState
from carrierbill.services.deliver_events import EventsResent, ResendEvents, resend_events
from carrierbill.services.on_record import on_record
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, listing, one_of, settled
from carrierbill.web.own.gate import OPS, READ, WRITE, Gate
from carrierbill.web.problems import invalid
from carrierbill.web.shapes.own import EventsResentTold, EventTold
from carrierbill.web.shapes.own_asked import Resending, asked, not_there

RESEND = on_record(resend_events)


@dataclass(frozen=True)
class Events:
    """The operations on events."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        reading, writing = frozenset({READ, OPS}), frozenset({WRITE, OPS})
        return [
            Operation("listEvents", "GET", "/events", reading, self.list),
            Operation("resendEvents", "POST", "/events/resend", writing, self.resend, takes_body=True),
        ]

    async def list(self, asking: Asking) -> Answer:
        """The client's own events in a state, the dead ones unless asked otherwise; an operator sees all."""
        self.gate.check_ops(asking)
        state = EventState(one_of(asking, "state", tuple(EventState)) or EventState.DEAD)
        where: dict[str, object] = {"state": [state]}
        if not self.gate.is_ops(asking.caller):
            where["client"] = [asking.caller.client]
        return await listing(self.gate.office, asking, ClientEvent, where=where, telling=self._tell)

    async def resend(self, asking: Asking) -> Answer:
        """Some events to be sent again: all that are dead, or what was given up of a payment."""
        self.gate.check_ops(asking)
        body, office, own = asked(asking.body, Resending), self.gate.office, asking.caller.client
        client = body.client_id or own
        if client != own and not self.gate.is_ops(asking.caller):
            raise invalid("clientId")
        purchase_id = None if body.payment_id is None else self.gate.number(body.payment_id, "payment")
        if purchase_id is not None and not await office.read(
            lambda unit: unit.peek(Purchase, id=[purchase_id], client=[client])
        ):
            raise not_there()
        command = ResendEvents(client, purchase_id, asking.once)
        noted = self.gate.noted(asking, command, "events.resend")
        resent = settled(await office.decide(RESEND, noted), EventsResent, office)
        return (
            resent if isinstance(resent, Answer) else answered(EventsResentTold(resent.events, resent.more))
        )

    def _tell(self, session: Session, events: Sequence[ClientEvent]) -> Sequence[EventTold]:
        del session  # all that is told is in the record
        return [
            EventTold(
                event_id=self.gate.told(event.id, "event"),
                client_id=event.client,
                payment_id=self.gate.told(event.purchase_id, "payment"),
                type=str(event.what),
                place=event.place,
                state=str(event.state),
                tries=event.tries,
                at=event.at,
                ended_at=event.ended_at,
                why=event.why or None,
            )
            for event in events
        ]
