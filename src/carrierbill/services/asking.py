"""Asking: what services share of how clients ask: names used once, steps for later, events in order."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from carrierbill.domain.copies import changed
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.request import Ask, ClientEvent, Happening, PurchaseRequest, RefundRequest, Step
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused
from carrierbill.services.ports import Unit


class Asking(Protocol):
    """A command that may come from a client of the network face."""

    @property
    def client(self) -> str:
        """Who asks."""
        ...

    @property
    def ask(self) -> Ask | None:
        """Its own names for the request, and where it wants to be told."""
        ...


class NamesUsed:
    """The names that clients gave their requests, each good for one request for ever."""

    def __init__(
        self, unit: Unit, commands: Iterable[Asking], kind: type[PurchaseRequest] | type[RefundRequest]
    ) -> None:
        """Look up those of the commands among the requests of a kind."""
        asked = [(command.client, command.ask) for command in commands if command.ask is not None]
        self._correlators: set[tuple[str, str]] = set()
        self._references: set[tuple[str, str]] = set()
        if not asked:
            return
        clients = {client for client, _ in asked}
        correlators = {ask.correlator for _, ask in asked if ask.correlator is not None}
        if correlators:
            for used in unit.peek(kind, client=clients, correlator=correlators):
                self._correlators.add((used.client, used.correlator or ""))
        for used in unit.peek(kind, client=clients, reference={ask.reference for _, ask in asked}):
            self._references.add((used.client, used.reference))

    def refusal_of(self, client: str, ask: Ask) -> Refused | None:
        """Why a request under these names is refused, or None; the correlator is looked at first."""
        if ask.correlator is not None and (client, ask.correlator) in self._correlators:
            return Refused("request.correlator", Saying("refusal.correlator_used"))
        if (client, ask.reference) in self._references:
            return Refused("request.reference", Saying("refusal.reference_used"))
        return None

    def use(self, client: str, ask: Ask) -> None:
        """Note the names of a request that was taken."""
        if ask.correlator is not None:
            self._correlators.add((client, ask.correlator))
        self._references.add((client, ask.reference))


def due(unit: Unit, later_s: float) -> datetime:
    """When a step that was put off is done."""
    return unit.now + timedelta(seconds=later_s)


def note_request(
    purchase: Purchase, ask: Ask, unit: Unit, *, step: Step | None, due_at: datetime | None
) -> None:
    """Keep how a purchase was asked for."""
    unit.add(
        PurchaseRequest(
            purchase_id=purchase.id,
            line_id=purchase.line_id,
            holder_id=purchase.holder_id,
            client=purchase.client,
            asked_at=unit.now,
            reference=ask.reference,
            correlator=ask.correlator,
            asked=ask.asked,
            two_step=step != Step.CHARGE,
            sink=ask.sink,
            credential=ask.credential,
            step=step if due_at is not None else None,
            due_at=due_at,
        )
    )


def load_requests(unit: Unit, purchase_ids: Collection[int]) -> None:
    """Load how purchases were asked for, once their holders are locked."""
    unit.load(PurchaseRequest, purchase_id=set(purchase_ids))


def tell_client(
    purchase: Purchase,
    what: Happening,
    unit: Unit,
    *,
    told: Saying | None = None,
    refund: RefundRequest | None = None,
) -> None:
    """Queue an event for the sink of a loaded request, in the order of what happened to its purchase.

    `told` is why, where there is a reason. Nothing is told where no sink was given.
    """
    request = unit.get(PurchaseRequest, purchase.id)
    asked = refund if refund is not None else request
    if request is None or asked is None or not asked.sink:
        return
    place = request.events + 1
    unit.put(changed(request, events=place))
    unit.add(
        ClientEvent(
            id=unit.new_id(ClientEvent),
            purchase_id=purchase.id,
            line_id=purchase.line_id,
            holder_id=purchase.holder_id,
            client=purchase.client,
            place=place,
            what=what,
            at=unit.now,
            told=told.key if told else f"event.{what}",
            refund_request_id=refund.id if refund is not None else None,
            details=_plain(told) if told else {},
            not_before=unit.now,
        )
    )


def _plain(told: Saying) -> dict[str, int | str]:
    """A sentence's values as they are kept: days as ISO text."""
    return {
        name: value if isinstance(value, (int, str)) else str(value)
        for name, value in told.values.items()
        if not isinstance(value, Saying)
    }
