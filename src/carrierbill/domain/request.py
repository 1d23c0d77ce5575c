"""Request: how a client asked for a purchase or a refund, and the events it is told of it in their order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from carrierbill.domain.copies import changed


class Step(StrEnum):
    """What was accepted to be done a little later."""

    CHARGE = "charge"
    HOLD = "hold"
    CONFIRM = "confirm"
    CANCEL = "cancel"


class RequestState(StrEnum):
    """Where a refund that was asked for stands."""

    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    DENIED = "denied"


class Happening(StrEnum):
    """What a client is told of."""

    PENDING_VALIDATION = "payment-pending-validation"
    RESERVED = "payment-reserved"
    COMPLETED = "payment-completed"
    CANCELLED = "payment-cancelled"
    DENIED = "payment-denied"
    REFUND_COMPLETED = "refund-completed"
    REFUND_DENIED = "refund-denied"
    REFUND_IN_BILL = "refund-in-bill"


class EventState(StrEnum):
    """Where an event stands: waiting, taken by its sink, given up, or refused by a sink that is gone."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client sends along with an amount: its own names for the request, all it asked (JSON), its sink.

    `credential` is what the sink wants to see, sealed. A `correlator` and a `reference` are used once.
    """

    reference: str
    correlator: str | None = None
    asked: str = "{}"
    sink: str = ""
    credential: bytes | None = None


@dataclass(frozen=True, slots=True)
class PurchaseRequest:
    """How a purchase was asked for by a client; `step` is still to be done at `due_at`.

    `events` counts what happened to the purchase and its refunds so far, told or not.
    """

    purchase_id: int
    line_id: int
    holder_id: int
    client: str
    asked_at: datetime
    reference: str
    correlator: str | None
    asked: str
    two_step: bool
    sink: str = ""
    credential: bytes | None = None
    step: Step | None = None
    due_at: datetime | None = None
    events: int = 0

    def later(self, step: Step | None, due_at: datetime | None) -> "PurchaseRequest":
        """The request with a step to be done (None: nothing more)."""
        return changed(self, step=step, due_at=due_at)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """How a refund was asked for by a client, in won; `refund_id` is what came of it.

    A total one asked for all that was left. `in_bill` when its value comes with a bill.
    """

    id: int
    purchase_id: int
    line_id: int
    holder_id: int
    client: str
    asked_at: datetime
    reference: str
    correlator: str | None
    asked: str
    total: bool
    won: int
    state: RequestState
    sink: str = ""
    credential: bytes | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None
    refund_id: int | None = None
    in_bill: bool = False


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """Something a client is to be told: the `place` in its purchase's order, when, and in what words.

    `told` and `details` are a sentence's key and what stands in it. An event is sent again under the same id
    until its sink takes it.
    """

    id: int
    purchase_id: int
    line_id: int
    holder_id: int
    client: str
    place: int
    what: Happening
    at: datetime
    told: str
    refund_request_id: int | None = None
    details: Mapping[str, int | str] = field(default_factory=dict)
    state: EventState = EventState.WAITING
    tries: int = 0
    not_before: datetime | None = None
    ended_at: datetime | None = None
    why: str = ""
