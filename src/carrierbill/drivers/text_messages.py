"""Text messages: notices go out by SOLAPI as SMS, LMS or Alimtalk, and its receipts are read."""

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from carrierbill.domain.dates import SEOUL, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.notice import Notice
from carrierbill.domain.saying import Saying
from carrierbill.drivers.message_text import MOST_SHORT, parts_of, size_of
from carrierbill.drivers.solapi import Message, NotTakenError, Solapi, real_now
from carrierbill.services.ports import Addressed, Delivery
from carrierbill.texts.load import Texts

REFERENCE = "solapi/"
# The holder's language is not known; a Korean line is told in Korean.
LANGUAGE = "ko"
RECEIVED, ON_THE_WAY = "4000", ("2000", "3000")
# Carriers keep trying for a day or two; what has no receipt by then will have none.
PATIENCE = timedelta(days=3)
# Where Alimtalk could not reach somebody a text message goes instead: so long its failure may not be the end.
FALLBACK = timedelta(minutes=10)
# Clocks differ: what we made at an instant may bear an earlier one there.
SKEW = timedelta(hours=1)
MOST_KAKAO = 1_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kakao:
    """A channel for Alimtalk, and its templates by the sentences of a notice (`charge`, `late+help`)."""

    channel: str
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and how: the registered number, the subject of long messages, a channel for Alimtalk."""

    number: str
    subject: str
    kakao: Kakao | None = None


class Stands(Enum):
    """Where a message stands."""

    ON_THE_WAY = "on the way"
    RECEIVED = "received"
    FAILED = "failed"


@dataclass(slots=True)
class _HandedOver:
    """The parts of a notice by their place (`1/2`): what is to be sent, and what stands there already."""

    notice: Notice
    parts: Mapping[str, dict[str, Any]]
    standing: dict[str, Message] = field(default_factory=dict)

    @property
    def missing(self) -> list[dict[str, Any]]:
        return [part for place, part in self.parts.items() if place not in self.standing]


class TextMessages:
    """Takes notices out of the house by text message.

    A message bears its notice's id. What is handed over again is looked for first, so that a notice whose
    answer was lost goes out once; what cannot be looked for now is tried again later, never sent blindly.
    """

    def __init__(self, solapi: Solapi, sender: Sender, clock: Callable[[], datetime] = real_now) -> None:
        """Know the way and the sender."""
        self._solapi, self._sender, self._clock = solapi, sender, clock

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        """Hand over; each is on its way, or has failed and is tried again later."""
        handed = {each.notice.id: self._parts(each) for each in notices}
        lost = self._look_for([each for each in notices if each.notice.tries > 1], handed)
        messages = [
            message for each in handed.values() if each.notice.id not in lost for message in each.missing
        ]
        try:
            taken = self._solapi.send(messages) if messages else []
        except NotTakenError as error:
            log.warning("text messages were not taken: %s", error)
            taken = []
        for message in taken:
            self._note(message, handed)
        return [self._delivery(each.notice, each.parts, each.standing) for each in handed.values()]

    def receipts(self, notices: Sequence[Notice]) -> list[Delivery]:
        """What is known by now of notices that were handed over; nothing of those still on their way."""
        ids = {each.id: each.reference.removeprefix(REFERENCE).split() for each in notices}
        found: dict[str, Message] = {}
        try:
            for message in self._solapi.of_ids([one for each in ids.values() for one in each]):
                found[str(message.get("messageId"))] = message
        except NotTakenError as error:
            log.warning("receipts of text messages were not told: %s", error)
        deliveries = []
        for notice in notices:
            messages = [found[one] for one in ids[notice.id] if one in found]
            if len(messages) == len(ids[notice.id]):
                deliveries += self._receipt(notice, messages)
        return deliveries

    # ── messages ─────────────────────────────────────────────────────────────────────────────────────────
    def _parts(self, addressed: Addressed) -> _HandedOver:
        notice, to = addressed.notice, local_number(addressed.number)
        template = self._template(addressed)
        texts = [addressed.said[LANGUAGE]] if template else parts_of(addressed.said[LANGUAGE])
        parts = {}
        for at, text in enumerate(texts, 1):
            place = f"{at}/{len(texts)}"
            own = {"notice": str(notice.id), "part": place}
            message = {"to": to, "from": self._sender.number, "text": text, "customFields": own}
            parts[place] = {**message, **(template or self._kind(text))}
        return _HandedOver(notice, parts)

    def _kind(self, text: str) -> dict[str, Any]:
        if size_of(text) <= MOST_SHORT:
            return {"type": "SMS"}
        return {"type": "LMS", "subject": self._sender.subject}

    def _template(self, addressed: Addressed) -> dict[str, Any] | None:
        """What makes it Alimtalk, with a text message instead where that does not arrive."""
        kakao = self._sender.kakao
        template = kakao.templates.get(sentences_of(addressed.notice)) if kakao else None
        if kakao is None or template is None or len(addressed.said[LANGUAGE]) > MOST_KAKAO:
            return None
        options = {"pfId": kakao.channel, "templateId": template, "disableSms": False}
        return {"type": "ATA", "kakaoOptions": options}

    # ── what stands there ────────────────────────────────────────────────────────────────────────────────
    def _look_for(self, again: Sequence[Addressed], handed: Mapping[int, _HandedOver]) -> set[int]:
        """Note what stands there of notices that were handed over before; those that nobody can tell of."""
        lost = {each.notice.id for each in again}
        try:
            for each in again:
                since = each.notice.created_at - SKEW
                for message in self._solapi.sent_to(local_number(each.number), since):
                    self._note(message, handed)
                lost.discard(each.notice.id)
        except NotTakenError as error:
            log.warning("text messages could not be looked for: %s", error)
        return lost

    def _note(self, message: Message, handed: Mapping[int, _HandedOver]) -> None:
        notice_id, place = named_in(message)
        each = handed.get(notice_id)
        if each and place in each.parts and self._stands(message) != Stands.FAILED:
            each.standing[place] = message

    def _delivery(
        self, notice: Notice, parts: Mapping[str, object], standing: Mapping[str, Message]
    ) -> Delivery:
        if standing.keys() != parts.keys():
            return Delivery(notice.id, "", None, failed=True)
        reference = REFERENCE + " ".join(str(standing[place].get("messageId")) for place in parts)
        (receipt,) = self._receipt(notice, list(standing.values())) or (None,)
        return Delivery(notice.id, reference, receipt.delivered_on if receipt else None)

    def _receipt(self, notice: Notice, messages: Sequence[Message]) -> list[Delivery]:
        stand = [self._stands(message) for message in messages]
        if Stands.FAILED in stand:
            return [Delivery(notice.id, notice.reference, None, failed=True)]
        if Stands.ON_THE_WAY in stand:
            return []
        return [Delivery(notice.id, notice.reference, max(map(self._received_on, messages)))]

    def _stands(self, message: Message) -> Stands:
        code, now = str(message.get("statusCode")), self._clock()
        if code == RECEIVED:
            return Stands.RECEIVED
        if code in ON_THE_WAY:
            made_at = instant_in(message, "dateCreated") or now
            return Stands.FAILED if now - made_at > PATIENCE else Stands.ON_THE_WAY
        if message.get("type") == "ATA" and not message.get("replacement"):
            told_at = instant_in(message, "dateUpdated") or now
            return Stands.FAILED if now - told_at > FALLBACK else Stands.ON_THE_WAY
        return Stands.FAILED

    def _received_on(self, message: Message) -> date:
        at = instant_in(message, "dateReceived", "dateReported", "dateUpdated")
        return min(seoul_day(at or self._clock()), seoul_day(self._clock()))


def local_number(number: str) -> str:
    """A number as it is dialled here.

    >>> local_number("+821012345678"), local_number("010-1234-5678")
    ('01012345678', '01012345678')
    """
    digits = "".join(filter(str.isdigit, number))
    return f"0{digits[2:]}" if number.startswith("+82") else digits


def sentences_of(notice: Notice) -> str:
    """The sentences that a notice is made of, by which its template is known."""
    also = filter(None, str(notice.details.get("also", "")).split(","))
    return "+".join(key.removeprefix("notice.") for key in (notice.key, *also))


def named_in(message: Message) -> tuple[int, str]:
    """The notice and the place of its part that a message bears; of one that is not ours 0."""
    own = message.get("customFields")
    own = own if isinstance(own, dict) else {}
    notice = str(own.get("notice", ""))
    is_ours = notice.isascii() and notice.isdigit() and len(notice) < len(str(2**63))
    return (int(notice) if is_ours else 0), str(own.get("part", ""))


def instant_in(message: Message, *names: str) -> datetime | None:
    """The first of these instants that it tells; one without a zone is of Seoul."""
    for name in names:
        try:
            at = datetime.fromisoformat(str(message.get(name)))
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=SEOUL)
    return None


# ── receipts that are pushed ─────────────────────────────────────────────────────────────────────────────
def is_pushed_by_solapi(header: str | None, secret: str | None) -> bool:
    """Whether `X-Solapi-Secret` is of our secret; it is its SHA-1, which the interface chose, not we."""
    if not header or not secret:
        return False
    expected = hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().lower().encode())


def receipts_in(payload: object, now: datetime) -> list[Delivery]:
    """What pushed reports tell of our notices; BadInputError for what is no list of reports.

    Of a notice in parts, or one whose Alimtalk failed, a single report does not tell: it is asked for later.
    """
    if not isinstance(payload, list) or not all(isinstance(each, dict) for each in payload):
        raise BadInputError("body", Saying("bad_input.receipts"))
    return [receipt for each in payload for receipt in _pushed(each.get("data", each), now)]


def _pushed(report: object, now: datetime) -> Iterator[Delivery]:
    if not isinstance(report, dict):
        raise BadInputError("body", Saying("bad_input.receipts"))
    notice_id, place = named_in(report)
    code = str(report.get("statusCode", ""))
    if not notice_id or place != "1/1" or code in ON_THE_WAY or not code.isdigit():
        return
    reference = f"{REFERENCE}{report.get('messageId')}"
    if code == RECEIVED:
        at = instant_in(report, "dateReceived", "dateReported") or now
        yield Delivery(notice_id, reference, min(seoul_day(at), seoul_day(now)))
    elif report.get("type") != "ATA":
        yield Delivery(notice_id, reference, None, failed=True)


def subject_of(texts: Texts) -> str:
    """The subject of long messages."""
    return texts.say(LANGUAGE, "message.subject")
