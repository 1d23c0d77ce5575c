"""Deliver events: what a client is told goes to its sink in order, again and again until it is taken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from carrierbill.domain.copies import changed
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.request import ClientEvent, EventState, PurchaseRequest, RefundRequest
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.ports import After, Once, Unit, UpTo

# The waits after tries that failed; after the last one an event is dead.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3_600, 6 * 3_600, 12 * 3_600))
WAITS += (timedelta(days=1), timedelta(days=1))
MOST_TRIES = len(WAITS) + 1
# A worker that took an event and recorded nothing for so long is gone; a try takes a fraction of it.
LEASE = timedelta(minutes=1)
RESENT_AT_A_TIME = 1_000


class Result(StrEnum):
    """What became of a try: taken by the sink, failed, its sink gone for good, or never to be sent."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class DueEvent:
    """An event that may be sent now, and where to."""

    event_id: int
    sink: str


@dataclass(frozen=True, slots=True)
class TakeEvent:
    """An event to be sent by the one who asks."""

    event_id: int
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class ToSend:
    """An event that is ours to send, where to, what its sink wants to see (sealed), under which name."""

    event: ClientEvent
    sink: str
    credential: bytes | None
    reference: str


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """An event that is not ours to send: taken, ended, not due, or behind an earlier one of its purchase."""

    event_id: int


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """What became of a try; `tries` is which one it was."""

    event_id: int
    tries: int
    result: Result
    why: str = ""
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class EventRecorded:
    """The state of an event after a try."""

    event_id: int
    state: str


@dataclass(frozen=True, slots=True)
class ResendEvents:
    """A client that wants to be told what it could not be: all that is dead, or all of one purchase.

    What a sink that was gone refused is sent again only where its purchase is named.
    """

    client: str
    purchase_id: int | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class EventsResent:
    """How many events wait to be sent again, and whether there are more, for another command."""

    events: int
    more: bool


# ── what is due ──────────────────────────────────────────────────────────────────────────────────────────
def ids_due(unit: Unit, most: int) -> list[int]:
    """The ids of up to `most` events that may be sent now."""
    found = unit.peek(ClientEvent, state=[EventState.WAITING], not_before=UpTo(unit.now), most=most)
    return [event.id for event in found]


def events_due(unit: Unit, most: int, after_id: int = 0) -> list[DueEvent]:
    """Up to `most` events with greater ids that may be sent now, those of workers that are gone included."""
    due = UpTo(unit.now)
    found = unit.peek(ClientEvent, state=[EventState.WAITING], not_before=due, id=After(after_id), most=most)
    purchases, refunds = _requests(found, unit)
    return [DueEvent(event.id, _sink_of(event, purchases, refunds)) for event in found]


Requests = dict[int, PurchaseRequest]
Refunds = dict[int, RefundRequest]


def _requests(events: Sequence[ClientEvent], unit: Unit) -> tuple[Requests, Refunds]:
    """How what happened was asked for, by purchase and by refund request."""
    of_refunds = {event.refund_request_id for event in events if event.refund_request_id is not None}
    of_purchases = {event.purchase_id for event in events if event.refund_request_id is None}
    purchases = unit.peek(PurchaseRequest, purchase_id=of_purchases)
    refunds = unit.peek(RefundRequest, id=of_refunds)
    return {each.purchase_id: each for each in purchases}, {each.id: each for each in refunds}


def _asked(event: ClientEvent, purchases: Requests, refunds: Refunds) -> PurchaseRequest | RefundRequest:
    if event.refund_request_id is not None:
        return refunds[event.refund_request_id]
    return purchases[event.purchase_id]


def _sink_of(event: ClientEvent, purchases: Requests, refunds: Refunds) -> str:
    return _asked(event, purchases, refunds).sink


# ── one try ──────────────────────────────────────────────────────────────────────────────────────────────
def take_events(commands: Sequence[TakeEvent], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ToSend or LeftAlone; workers that want the same event meet at its holder's lock.

    An event behind an earlier one of its purchase has no time of its own until that one has ended.
    """
    del rules  # an event tells what has happened
    found = _load({command.event_id for command in commands}, unit)
    purchases, refunds = _requests(found, unit)

    def decide(command: TakeEvent) -> ToSend | LeftAlone:
        event = unit.get(ClientEvent, command.event_id)
        if event is None or not _is_due(event, unit):
            return LeftAlone(command.event_id)
        others = _others(event, unit)
        if any(each.state == EventState.WAITING and each.place < event.place for each in others):
            unit.put(changed(event, not_before=None))
            return LeftAlone(event.id)
        asked = _asked(event, purchases, refunds)
        if any(each.state == EventState.GONE and _is_of_same_request(each, event) for each in others):
            _end(event, EventState.GONE, "gone", unit=unit)
        elif not asked.sink or event.tries >= MOST_TRIES:
            _end(event, EventState.DEAD, event.why or "no sink", unit=unit)
        else:
            taken = changed(event, tries=event.tries + 1, not_before=unit.now + LEASE)
            unit.put(taken)
            return ToSend(taken, asked.sink, asked.credential, asked.reference)
        return LeftAlone(event.id)

    return decide_each(commands, unit, decide)


def record_events(commands: Sequence[RecordEvent], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's EventRecorded; what failed is tried again after a wait, what has ended stays so."""
    del rules
    _load({command.event_id for command in commands}, unit)

    def decide(command: RecordEvent) -> EventRecorded:
        event = unit.get(ClientEvent, command.event_id)
        if event is None:
            raise LookupError(command.event_id)
        if event.state == EventState.WAITING:
            _record(event, command, unit)
        after = unit.get(ClientEvent, event.id) or event
        return EventRecorded(event.id, after.state)

    return decide_each(commands, unit, decide)


def _record(event: ClientEvent, command: RecordEvent, unit: Unit) -> None:
    if command.result == Result.DELIVERED:
        _end(event, EventState.DELIVERED, "", unit=unit)
    elif command.tries != event.tries:
        return  # somebody else tries it meanwhile, and knows better
    elif command.result == Result.GONE:
        for each in _others(event, unit):
            if each.state == EventState.WAITING and _is_of_same_request(each, event):
                unit.put(_ended(each, EventState.GONE, command.why, unit=unit))
        _end(event, EventState.GONE, command.why, unit=unit)
    elif command.result == Result.UNUSABLE or event.tries >= MOST_TRIES:
        _end(event, EventState.DEAD, command.why, unit=unit)
    else:
        wait = WAITS[event.tries - 1]
        unit.put(changed(event, not_before=unit.now + wait, why=command.why))


def _load(event_ids: Iterable[int], unit: Unit) -> list[ClientEvent]:
    """Lock the holders of events and load all events of their purchases; returns the events of these ids."""
    peeked = unit.peek(ClientEvent, id=set(event_ids))
    unit.lock({event.holder_id for event in peeked})
    unit.load(ClientEvent, purchase_id={event.purchase_id for event in peeked})
    return peeked


def _is_due(event: ClientEvent, unit: Unit) -> bool:
    is_waiting = event.state == EventState.WAITING and event.not_before is not None
    return is_waiting and event.not_before is not None and event.not_before <= unit.now


def _others(event: ClientEvent, unit: Unit) -> list[ClientEvent]:
    """The other events of its purchase."""
    known = unit.of_holder(ClientEvent, event.holder_id)
    return [each for each in known if each.purchase_id == event.purchase_id and each.id != event.id]


def _is_of_same_request(one: ClientEvent, other: ClientEvent) -> bool:
    """Whether two events of a purchase go to the sink of the same request."""
    return one.refund_request_id == other.refund_request_id


def _ended(event: ClientEvent, state: EventState, why: str, *, unit: Unit) -> ClientEvent:
    return changed(event, state=state, why=why, not_before=None, ended_at=unit.now)


def _end(event: ClientEvent, state: EventState, why: str, *, unit: Unit) -> None:
    """End an event; the next one of its purchase has its turn."""
    unit.put(_ended(event, state, why, unit=unit))
    waiting = [each for each in _others(event, unit) if each.state == EventState.WAITING]
    after = min(waiting, key=lambda each: each.place, default=None)
    if after is not None and after.not_before is None:
        unit.put(changed(after, not_before=unit.now))


# ── again ────────────────────────────────────────────────────────────────────────────────────────────────
def resend_events(commands: Sequence[ResendEvents], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's EventsResent, or BadInputError for a purchase that is not the client's."""
    del rules
    given_up = {command: _given_up(command, unit) for command in commands}
    found = [event for events in given_up.values() for event in events]
    unit.lock({event.holder_id for event in found})
    unit.load(ClientEvent, id={event.id for event in found})

    def decide(command: ResendEvents) -> EventsResent:
        if command.purchase_id is not None:
            _check_own(command.client, command.purchase_id, unit)
        known = [unit.get(ClientEvent, event.id) for event in given_up[command]]
        again = [event for event in known if event is not None and event.state in GIVEN_UP]
        for event in again[:RESENT_AT_A_TIME]:
            unit.put(
                changed(event, state=EventState.WAITING, tries=0, not_before=unit.now, ended_at=None, why="")
            )
        return EventsResent(min(len(again), RESENT_AT_A_TIME), len(again) > RESENT_AT_A_TIME)

    return decide_each(commands, unit, decide)


GIVEN_UP = (EventState.DEAD, EventState.GONE)


def _given_up(command: ResendEvents, unit: Unit) -> list[ClientEvent]:
    most = RESENT_AT_A_TIME + 1
    if command.purchase_id is None:
        return unit.peek(ClientEvent, client=[command.client], state=[EventState.DEAD], most=most)
    events = unit.peek(ClientEvent, purchase_id=[command.purchase_id], state=GIVEN_UP, most=most)
    return [event for event in events if event.client == command.client]


def _check_own(client: str, purchase_id: int, unit: Unit) -> None:
    if not unit.peek(Purchase, id=[purchase_id], client=[client]):
        raise BadInputError("purchase", Saying("bad_input.no_purchase", {"purchase_id": str(purchase_id)}))
