"""Events: what a client is told of its payments and refunds, as CloudEvents in CAMARA's fields."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from msgspec.json import Decoder, Encoder

from carrierbill.domain.errors import SayableError
from carrierbill.domain.request import ClientEvent, Happening
from carrierbill.domain.saying import Saying
from carrierbill.services.deliver_events import ToSend
from carrierbill.storage.codes import PublicIds, Vault
from carrierbill.texts.load import Texts
from carrierbill.web.shapes.parts import instant

ENCODE, DECODE = Encoder().encode, Decoder(dict[str, str]).decode
CONTENT_TYPE = "application/cloudevents+json"
OF_PAYMENTS, OF_REFUNDS = (
    "org.camaraproject.carrier-billing.v0",
    "org.camaraproject.carrier-billing-refund.v0",
)
REFUNDS = frozenset({Happening.REFUND_COMPLETED, Happening.REFUND_DENIED, Happening.REFUND_IN_BILL})
FAILED = frozenset({Happening.DENIED, Happening.REFUND_DENIED})
# Where the moment it happened is told too.
DATED = {Happening.COMPLETED: "paymentDate", Happening.REFUND_COMPLETED: "refundDate"}


class UnusableError(Exception):
    """An event that cannot be sent to its sink, now or later; `why` in a word or two."""

    def __init__(self, why: str) -> None:
        """Say why."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted to a sink. It is the same on every try, but for a credential."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class EventShape:
    """Events as they are told outside, under ids of ours, in English as all of the interface."""

    ids: PublicIds
    vault: Vault
    texts: Texts

    @cached_property
    def source(self) -> str:
        """A name of these books: the same as long as their keys are."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.ids.told(0, "event")).urn

    def message(self, to_send: ToSend, now: datetime) -> Message:
        """An event as it is posted; UnusableError where its sink's credential has expired."""
        event = to_send.event
        event_id = self.ids.told(event.id, "event")
        headers = {"content-type": CONTENT_TYPE, "accept": "*/*", "user-agent": "carrierbill"}
        headers["x-correlator"] = event_id
        if to_send.credential is not None:
            headers["authorization"] = f"Bearer {self._token(to_send, to_send.credential, now)}"
        return Message(headers, ENCODE(self._told(event, event_id)))

    def _told(self, event: ClientEvent, event_id: str) -> dict[str, object]:
        family = OF_REFUNDS if event.what in REFUNDS else OF_PAYMENTS
        return {
            "id": event_id,
            "source": self.source,
            "type": f"{family}.{event.what}",
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "time": instant(event.at),
            "data": self._data(event),
        }

    def _data(self, event: ClientEvent) -> dict[str, str]:
        described = self.texts.say("en", Saying(event.told, _values(event.details)))
        data = {"paymentId": self.ids.told(event.purchase_id, "payment")}
        if event.refund_request_id is not None:
            data["refundId"] = self.ids.told(event.refund_request_id, "refund")
        data["status"] = "failed" if event.what in FAILED else "succeeded"
        data["description"] = described
        if event.what in DATED:
            data[DATED[event.what]] = instant(event.at)
        if event.what in FAILED:
            data["denialReason"] = described
        return data

    def _token(self, to_send: ToSend, credential: bytes, now: datetime) -> str:
        """The access token of a sink, while it is good."""
        try:
            opened = self.vault.open(credential, f"{to_send.event.client}/{to_send.reference}")
        except SayableError:
            raise UnusableError("credential unreadable") from None
        kept = DECODE(opened)
        if datetime.fromisoformat(kept["expires_at"]) <= now:
            raise UnusableError("credential expired")
        return kept["token"]


def _values(details: Mapping[str, int | str]) -> dict[str, int | str | date | Saying]:
    """Days are kept as ISO text."""
    return {name: _value(name, value) for name, value in details.items()}


def _value(name: str, value: int | str) -> int | str | date:
    if isinstance(value, str) and (name == "on" or name.endswith("_on")):
        return date.fromisoformat(value)
    return value
