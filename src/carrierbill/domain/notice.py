"""Notice: what is told to a holder, on which way, when it may go out and what became of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from carrierbill.domain.allowances import ContactRule
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import ONE_DAY, SEOUL, days_later, seoul_day
from carrierbill.domain.line import Line
from carrierbill.domain.purchase import Merchant, Purchase


class NoticeState(StrEnum):
    """Where a notice stands."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Channel(StrEnum):
    """The way a notice goes."""

    SMS = "sms"
    LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to a line's holder: `what` it is, the text `key` with its `details` (days as ISO), its way.

    A debt contact keeps quiet hours and the cap on contacts. `secret` is a sealed value (a one-time code),
    dropped once the notice is out.
    """

    id: int
    line_id: int
    holder_id: int
    what: str
    key: str
    channel: Channel
    created_at: datetime
    not_before: datetime
    details: Mapping[str, int | str] = field(default_factory=dict)
    debt_contact: bool = False
    purchase_id: int | None = None
    bill_id: int | None = None
    state: NoticeState = NoticeState.QUEUED
    sent_at: datetime | None = None
    delivered_on: date | None = None
    reference: str = ""
    tries: int = 0
    secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class BureauReport:
    """What is told to a credit bureau or list about a late bill: held, reported, or withdrawn when cured."""

    id: int
    line_id: int
    holder_id: int
    bill_id: int
    effect: str
    won: int
    held_on: date
    reported_on: date | None = None
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice says and on which way; `debt_contact` for what presses for money owed."""

    what: str
    key: str
    details: Mapping[str, int | str]
    channel: Channel = Channel.SMS
    debt_contact: bool = False
    purchase_id: int | None = None
    bill_id: int | None = None


def notice_of(told: Told, notice_id: int, line: Line, *, at: datetime) -> Notice:
    """The notice to the line's holder, ready to go out at once."""
    return Notice(
        id=notice_id,
        line_id=line.id,
        holder_id=line.holder_id,
        what=told.what,
        key=told.key,
        channel=told.channel,
        created_at=at,
        not_before=at,
        details=told.details,
        debt_contact=told.debt_contact,
        purchase_id=told.purchase_id,
        bill_id=told.bill_id,
    )


def charge_notice(purchase: Purchase, merchant: Merchant | None) -> Told:
    """The four items told when a charge arises: when, with whom, how much for what, how to object."""
    details = {**_charge(purchase, merchant), "charged_won": purchase.won, "purchase": str(purchase.id)}
    return Told(what="charge", key="notice.charge", details=details, purchase_id=purchase.id)


def _charge(purchase: Purchase, merchant: Merchant | None) -> dict[str, int | str]:
    """When, with whom, their contact, and what for; an unknown seller's charge is the client's."""
    at = (purchase.confirmed_at or purchase.created_at).astimezone(SEOUL)
    seller = merchant.name if merchant else purchase.client
    return {
        "at": f"{at:%Y-%m-%d %H:%M}",
        "merchant": seller,
        "merchant_contact": merchant.contact if merchant else purchase.client,
        "bought": purchase.description or seller,
    }


def bill_notice(
    bill: IssuedBill, charges: Iterable[tuple[Purchase, Merchant | None]], *, credit_won: int
) -> Told:
    """What the bill asks for and, of each purchase on it, the four items; one of another month is marked."""
    lines = []
    for purchase, merchant in charges:
        mark = "" if purchase.own_month == bill.month else f"[{purchase.own_month:%Y-%m}] "
        told = "{at} {merchant} ({merchant_contact}) {bought}".format_map(_charge(purchase, merchant))
        lines.append(f"{mark}{told} {purchase.billable_won:,} #{purchase.id}")
    details: dict[str, int | str] = {
        "month": f"{bill.month:%Y-%m}",
        "owed_won": bill.principal_won + bill.carried_fee_won - credit_won,
        "principal_won": bill.principal_won,
        "carried_fee_won": bill.carried_fee_won,
        "credit_won": credit_won,
        "due_on": bill.due_on.isoformat(),
        "purchases": "\n".join(lines),
    }
    return Told(what="bill", key="notice.bill", details=details, bill_id=bill.id)


# What was never sent, and will not be, is no contact.
NEVER_SENT = (NoticeState.FAILED, NoticeState.WITHDRAWN)


def is_quiet(at: datetime, rule: ContactRule) -> bool:
    """Whether the instant is in the quiet hours, which may span midnight."""
    clock = at.astimezone(SEOUL).time()
    if rule.quiet_from <= rule.quiet_to:
        return rule.quiet_from <= clock < rule.quiet_to
    return clock >= rule.quiet_from or clock < rule.quiet_to


def out_of_quiet(at: datetime, rule: ContactRule) -> datetime:
    """The instant itself, or the end of the quiet hours it is in."""
    if not is_quiet(at, rule):
        return at
    here = at.astimezone(SEOUL)
    day = here.date() if here.time() < rule.quiet_to else here.date() + ONE_DAY
    return _at(day, rule.quiet_to)


def contact_at(at: datetime, contacts: Collection[date], rule: ContactRule) -> datetime:
    """The first instant from `at` on that is not quiet and on a day on which one more contact has room."""
    first = out_of_quiet(at, rule)
    day = seoul_day(first)
    while not _has_room(day, contacts, rule):
        day += ONE_DAY
    return first if day == seoul_day(first) else _at(day, rule.quiet_to)


def _has_room(day: date, contacts: Collection[date], rule: ContactRule) -> bool:
    """Whether every stretch of so many days that has the day in it stays within the most there may be."""
    last = rule.in_days - 1
    starts = (days_later(day, -back) for back in range(rule.in_days))
    return all(
        sum(start <= contact <= days_later(start, last) for contact in contacts) < rule.at_most
        for start in starts
    )


def contact_days(notices: Iterable[Notice], *, sent_only: bool = False) -> list[date]:
    """The day of each contact about a debt: when it was sent, or is meant to be (`sent_only`: not these)."""
    return [
        seoul_day(notice.sent_at or notice.not_before)
        for notice in notices
        if notice.debt_contact
        and notice.state not in NEVER_SENT
        and not (sent_only and notice.sent_at is None)
    ]


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, SEOUL)
