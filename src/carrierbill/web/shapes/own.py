"""Own: what our own interface answers, field by field; an optional field without a value is left out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

Both = Mapping[str, str]


class Told(Struct, rename="camel", omit_defaults=True):
    """What is answered."""


class Refusal(Told):
    """A rule against what was asked: which, what it says, what would lift it."""

    status: int
    code: str
    message: str
    rule: str
    reason: Both
    lifted_by: Both | None = None


class CategoryWon(Told):
    """The most a line buys of a category in a month."""

    category: str
    won: int


class LimitsTold(Told):
    """A line's limits, and until when the monthly one is lower after declines."""

    monthly_won: int
    categories: Sequence[CategoryWon]
    daily_won: int | None = None
    purchase_won: int | None = None
    lowered_until: date | None = None


class EffectTold(Told):
    """An effect of lateness in force."""

    effect: str
    stage: str
    bill_id: str
    began_on: date


class LineTold(Told):
    """A line as it stands; neither its number nor its holder's name is in it."""

    line_id: str
    carrier: str
    status: str
    opened_on: date
    due_day: int
    offered: bool
    mvno: bool
    limits: LimitsTold
    used_won: int
    credit_won: int
    effects: Sequence[EffectTold]
    consented_on: date | None = None
    blocked_on: date | None = None


class LineMade(Told):
    """A line that was registered."""

    line_id: str


class LimitChangedTold(Told):
    """The monthly limit a line has now."""

    line_id: str
    monthly_won: int


class LineOpened(Told):
    """Whether a line may buy as far as its holder is concerned."""

    line_id: str
    open: bool


class ConsentTold(Told):
    """A consent that holds."""

    purpose: str
    given_on: date
    client_id: str | None = None


class EligibilityTold(Told):
    """Whether a purchase would be allowed; else the first reason against it."""

    allowed: bool
    reason: str | None = None
    rule: str | None = None
    told: Both | None = None
    lifted_by: Both | None = None


class HoldTold(Told):
    """An amount that is held, or waits for its code, until it lapses."""

    payment_id: str
    payment_status: str
    won: int
    created_at: datetime
    expires_at: datetime
    merchant_identifier: str | None = None


class CodeTold(Told):
    """A one-time code on its way."""

    payment_id: str
    code_expires_at: datetime


class NoticeTold(Told):
    """A notice and where it stands; not what it says."""

    notice_id: str
    what: str
    channel: str
    state: str
    created_at: datetime
    not_before: datetime
    sent_at: datetime | None = None
    delivered_on: date | None = None
    bill_id: str | None = None
    payment_id: str | None = None


class EventTold(Told):
    """An event that its sink did not take."""

    event_id: str
    client_id: str
    payment_id: str
    type: str
    place: int
    state: str
    tries: int
    at: datetime
    ended_at: datetime | None = None
    why: str | None = None


class EventsResentTold(Told):
    """How many events wait to be sent again; with `left`, there are more for another call."""

    events: int
    left: bool


class StepTold(Told):
    """A part of the work: how many were done and refused; with `left`, go on behind `next`."""

    done: int
    refused: int
    left: bool
    next: str | None = None


class WrongTold(Told):
    """Something that is wrong with the books."""

    what: str
    key: str
    booked_won: int | None = None
    told_won: int | None = None


class VerificationTold(Told):
    """What was looked through, each account's balance, and how much is wrong; the first of it named."""

    clean: bool
    rows: Mapping[str, int]
    trial_balance: Mapping[str, int]
    wrong_count: int
    wrong: Sequence[WrongTold]
