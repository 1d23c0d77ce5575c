"""Send notices: what is due is taken under a lease, handed over, and what became of it recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from carrierbill.domain.dates import seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Notice, NoticeState, contact_at, contact_days
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.domain.session import SIGN_IN_CODE
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.ports import (
    Addressed,
    Audit,
    Codes,
    CodeUse,
    Delivery,
    Ledger,
    NoticeDriver,
    Once,
    Unit,
    UpTo,
)
from carrierbill.services.telling import contact_rule, load_contacts
from carrierbill.texts.load import LANGUAGES, Texts

# A worker that took a notice and recorded nothing for so long is taken to be gone; the notice goes out again.
LEASE = timedelta(minutes=10)
# The wait after a try that failed, four times as long after each further one; then it is given up.
FIRST_WAIT, MOST_TRIES = timedelta(minutes=5), 6
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Take:
    """A notice that may be due, to be handed over."""

    notice_id: int
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Taken:
    """Whether the notice is ours to hand over; else somebody has it, or its time has moved."""

    notice_id: int
    taken: bool


@dataclass(frozen=True, slots=True)
class RecordDelivery:
    """What is known of a notice that was handed over."""

    delivery: Delivery
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Recorded:
    """Where the notice stands after that."""

    notice_id: int
    state: str


def notices_to_send(unit: Unit, most: int = AT_A_TIME) -> list[Take]:
    """Up to `most` notices whose time has come, those of workers that are gone included."""
    found = unit.peek(Notice, state=[NoticeState.QUEUED], not_before=UpTo(unit.now), most=most)
    gone = UpTo(unit.now - LEASE)
    lost = unit.peek(Notice, state=[NoticeState.SENT], sent_at=gone, reference=[""], most=most)
    return [Take(notice.id) for notice in (*found, *lost)][:most]


def take_notices(commands: Sequence[Take], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Taken; workers that want the same notice meet at the holder's lock, the first has it."""
    ids = {command.notice_id for command in commands}
    peeked = unit.peek(Notice, id=ids)
    holder_ids = {notice.holder_id for notice in peeked}
    unit.lock(holder_ids)
    unit.load(Notice, id=ids)
    pressed = {notice.holder_id for notice in peeked if notice.debt_contact}
    load_contacts(unit, {line.id for line in unit.load(Line, holder_id=pressed)}, rules)
    rule = contact_rule(seoul_day(unit.now), rules)

    def decide(command: Take) -> Taken:
        notice = unit.get(Notice, command.notice_id)
        if notice is None:
            raise BadInputError("notice", Saying("bad_input.no_notice", {"notice_id": command.notice_id}))
        if not _is_due(notice, unit.now):
            return Taken(notice.id, taken=False)
        if notice.debt_contact:
            others = [each for each in unit.of_holder(Notice, notice.holder_id) if each.id != notice.id]
            first_at = contact_at(unit.now, contact_days(others, sent_only=True), rule)
            if first_at > unit.now:
                unit.put(replace(notice, state=NoticeState.QUEUED, not_before=first_at))
                return Taken(notice.id, taken=False)
        unit.put(replace(notice, state=NoticeState.SENT, sent_at=unit.now, tries=notice.tries + 1))
        return Taken(notice.id, taken=True)

    return decide_each(commands, unit, decide)


def _is_due(notice: Notice, now: datetime) -> bool:
    if notice.state == NoticeState.QUEUED:
        return notice.not_before <= now
    if notice.state != NoticeState.SENT or notice.reference or notice.sent_at is None:
        return False
    return notice.sent_at <= now - LEASE


def record_delivery(commands: Sequence[RecordDelivery], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Recorded, or a BadInputError for a notice there is none of or a day that has not come.

    What failed is tried again after a wait, a few times; what was delivered stays so whatever is told later.
    """
    del rules  # what became of a notice is a fact
    ids = {command.delivery.notice_id for command in commands}
    unit.lock({notice.holder_id for notice in unit.peek(Notice, id=ids)})
    unit.load(Notice, id=ids)

    def decide(command: RecordDelivery) -> Recorded:
        told = command.delivery
        notice = unit.get(Notice, told.notice_id)
        if notice is None:
            raise BadInputError("notice", Saying("bad_input.no_notice", {"notice_id": told.notice_id}))
        if told.delivered_on is not None and told.delivered_on > seoul_day(unit.now):
            raise BadInputError("delivered_on", Saying("bad_input.day_to_come", {"on": told.delivered_on}))
        if notice.state not in (NoticeState.DELIVERED, NoticeState.WITHDRAWN):
            notice = _after(notice, told, unit.now)
            unit.put(notice)
        return Recorded(notice.id, notice.state)

    return decide_each(commands, unit, decide)


def _after(notice: Notice, told: Delivery, now: datetime) -> Notice:
    reference = told.reference or notice.reference
    if told.delivered_on is not None:
        return replace(
            notice,
            state=NoticeState.DELIVERED,
            delivered_on=told.delivered_on,
            reference=reference,
            secret=None,
        )
    if not told.failed:
        return replace(notice, reference=reference)
    if notice.tries >= MOST_TRIES:
        return replace(notice, state=NoticeState.FAILED, reference=reference, secret=None)
    wait = FIRST_WAIT * 4 ** max(0, notice.tries - 1)
    return replace(notice, state=NoticeState.QUEUED, not_before=now + wait, sent_at=None, reference="")


# ── the way out of the house ─────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Sent:
    """What a round of sending did."""

    handed_over: int = 0
    delivered: int = 0


def send_due(ledger: Ledger, driver: NoticeDriver, *, texts: Texts, rules: RuleSet, codes: Codes) -> Sent:
    """Hand over all that is due now, some at a time, and record what became of it.

    A crash in between leaves a notice taken but not recorded: after its lease it is handed over again under
    the same id, and the driver lets it out once.
    """
    sent = Sent()
    while True:
        with ledger.unit() as unit:
            commands = notices_to_send(unit)
        if not commands:
            return sent
        taken = [each.notice_id for each in ledger.decide(take_notices, commands, rules) if each.taken]
        addressed, gone = _addressed(taken, ledger, texts=texts, codes=codes)
        deliveries = [*(driver.send(addressed) if addressed else ()), *gone]
        ledger.decide(record_delivery, [RecordDelivery(delivery) for delivery in deliveries], rules)
        delivered = sum(delivery.delivered_on is not None for delivery in deliveries)
        sent = Sent(sent.handed_over + len(addressed), sent.delivered + delivered)


def _addressed(
    ids: Sequence[int], ledger: Ledger, *, texts: Texts, codes: Codes
) -> tuple[list[Addressed], list[Delivery]]:
    """The notices with their addresses and sentences; those whose holder is forgotten have failed."""
    with ledger.unit() as unit:
        notices = unit.peek(Notice, id=ids)
        numbers = unit.people.numbers_of({notice.line_id for notice in notices})
        if notices:
            read = {"lines": len(numbers)}
            unit.audit(Audit("carrierbill", "read numbers to send notices", unit.now, details=read))
    addressed = [
        Addressed(notice, numbers[notice.line_id], said(_opened(notice, codes), texts))
        for notice in notices
        if notice.line_id in numbers
    ]
    gone = [Delivery(each.id, "", None, failed=True) for each in notices if each.line_id not in numbers]
    return addressed, gone


def _opened(notice: Notice, codes: Codes) -> Notice:
    """A notice with the one-time code in its details, if it is sealed in it."""
    if notice.secret is None:
        return notice
    if notice.purchase_id is not None:
        code = codes.code_in(notice.purchase_id, notice.secret)
    elif notice.what == SIGN_IN_CODE:
        code = codes.code_in(notice.line_id, notice.secret, use=CodeUse.SIGN_IN)
    else:
        return notice
    return replace(notice, details={**notice.details, "code": code})


def said(notice: Notice, texts: Texts) -> dict[str, str]:
    """A notice's sentences in each language: its own, then those its details name under `also`."""
    keys = [notice.key, *filter(None, str(notice.details.get("also", "")).split(","))]
    return {
        language: " ".join(texts.say(language, Saying(key, _values(notice, language, texts))) for key in keys)
        for language in LANGUAGES
    }


def _values(notice: Notice, language: str, texts: Texts) -> dict[str, int | str | date]:
    return {name: _value(name, value, language, texts=texts) for name, value in notice.details.items()}


def _value(name: str, value: int | str, language: str, *, texts: Texts) -> int | str | date:
    """Days are kept as ISO text, effects by their names."""
    if isinstance(value, str) and (name == "on" or name.endswith("_on")):
        return date.fromisoformat(value)
    if isinstance(value, str) and name in {"effects", "later"}:
        return ", ".join(texts.name(language, "effect", each) for each in value.split(","))
    return value
