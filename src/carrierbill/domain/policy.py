"""Policy: dated, sourced values, and the rule set that holds them by topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Generic, TypeVar

from carrierbill.domain.allowances import (
    Account,
    AnswerRule,
    BillingRule,
    Cap,
    ContactRule,
    Restoration,
    Retention,
    Safeguard,
    SettlementRule,
)
from carrierbill.domain.dates import Calendar
from carrierbill.domain.errors import NoRuleInForceError, UnknownCarrierError

Content_co = TypeVar("Content_co", covariant=True)


class Standing(StrEnum):
    """How firm a value is."""

    LAW = "law"
    PUBLISHED = "published"
    REPORTED = "reported"
    ASSUMED = "assumed"


class Measure(StrEnum):
    """What a tariff's bands are measured in."""

    DAYS_LATE = "days_late"
    DUE_DATES_MISSED = "due_dates_missed"


class Effect(StrEnum):
    """What lateness switches on; the order is the bit order of books, new ones go at the end."""

    PG_MARKED_UNPAID = "pg_marked_unpaid"
    BLOCK_PURCHASES = "block_purchases"
    NOTICE_SMS = "notice_sms"
    NOTICE_LETTER = "notice_letter"
    LIMIT_ZERO = "limit_zero"
    SUSPEND_LINE = "suspend_line"
    PG_REFUSES = "pg_refuses"
    REPORT_SHORT_TERM = "report_short_term"
    REGISTER_LONG_TERM = "register_long_term"
    MARK_LONG_TERM = "mark_long_term"
    STOP_OUTGOING = "stop_outgoing"
    STOP_ALL = "stop_all"
    LIST_KAIT = "list_kait"
    REPORT_INSURER = "report_insurer"
    END_CONTRACT = "end_contract"


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so: `title`, `where` in it, when it was published (None: it does not say), how firm."""

    title: str
    where: str
    published_on: date | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Value(Generic[Content_co]):
    """One policy value: from which day it holds, who says so, and what it says.

    `notes` are text keys of contradictions and choices that concern it; `fields` is the value as the
    policy file writes it, for showing and comparing.
    """

    key: str
    from_on: date
    source: Source
    confirmed_on: date
    notes: tuple[str, ...]
    content: Content_co
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Dated(Generic[Content_co]):
    """The values of one key, by rising first day; each holds until the next one begins."""

    values: tuple[Value[Content_co], ...]

    def value_on(self, day: date) -> Value[Content_co] | None:
        """The value in force on the day, or None before the first."""
        in_force = None
        for value in self.values:
            if value.from_on > day:
                break
            in_force = value
        return in_force

    def overridden_by(self, own: "Dated[Content_co]") -> "Dated[Content_co]":
        """These values up to the first day of `own`, and from it on `own` alone."""
        first_own = own.values[0].from_on
        return Dated((*(value for value in self.values if value.from_on < first_own), *own.values))


@dataclass(frozen=True, slots=True)
class Band:
    """A rate over a stretch of lateness, from its `first` to its `last` unit (None: for good).

    The rate is a year's for days late, a whole step for due dates missed.
    """

    measure: Measure
    first: int
    last: int | None
    rate: Fraction


@dataclass(frozen=True, slots=True)
class Posting:
    """When a fee shows on a bill: daily (`stage` and `day_of_month` None), at a stage, or monthly."""

    stage: str | None
    day_of_month: int | None


@dataclass(frozen=True, slots=True)
class Tariff:
    """What lateness costs at a carrier: the low and the high reading of its source.

    `compounds_from` is the day late from which the high run capitalises monthly (None: never);
    `creditor` is who the fee is owed to, `carrier` or `gateway`.
    """

    creditor: str
    low: tuple[Band, ...]
    high: tuple[Band, ...]
    posting: Posting
    compounds_from: int | None


@dataclass(frozen=True, slots=True)
class DueDateRule:
    """Whether a due date on a day off moves, and when lateness shows in status and blocks."""

    moves_to_business_day: bool
    reflects_on_business_day: bool


@dataclass(frozen=True, slots=True)
class StageRow:
    """A rung of the ladder and its own condition: a status day, months after the due date, or the time bar.

    `plus_days` follow the months; for welfare recipients `welfare_plus_days` do instead. `confirmed`: its
    standing is firm or the operator stands for it, so that what reaches others may be carried out.
    """

    stage: str
    from_status_day: int | None
    after_months: int | None
    plus_days: int
    welfare_plus_days: int
    at_least_won: int
    time_barred: bool
    effects: tuple[Effect, ...]
    effects_by_carrier: Mapping[str, tuple[Effect, ...]]
    ends: tuple[Effect, ...]
    source: Source
    notes: tuple[str, ...]
    confirmed: bool

    def effects_for(self, carrier: str) -> tuple[Effect, ...]:
        """The effects this rung has at the carrier."""
        return (*self.effects, *self.effects_by_carrier.get(carrier, ()))


@dataclass(frozen=True, slots=True)
class Ladder:
    """The stages of lateness in rising order; the stage `clear` stands below the first row."""

    rows: tuple[StageRow, ...]

    def rank(self, stage: str) -> int:
        """How far up a stage stands: 0 for `clear`, then 1, 2 and so on."""
        return 1 + [row.stage for row in self.rows].index(stage) if stage != CLEAR else 0


CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class ReliefRule:
    """When a relief is open: in a window of days late, up to an amount owed, while something is owed.

    And its terms where it has some: the most months it is spread over, after how many missed ones it is void,
    after how many paid ones service may return, and how many days after its record contact ends.
    """

    offered: bool
    first_day_late: int | None
    last_day_late: int | None
    while_owed: bool
    at_most_won: int | None
    most_months: int | None = None
    missed_void: int | None = None
    paid_return: int | None = None
    stops_contact_days: int | None = None


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """How many days before the due date reminders go out, the earliest first."""

    days_before: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RecommendedLimit:
    """The advised spending limit: a share of monthly income, and never more than `at_most_won`."""

    share_of_income: Fraction
    at_most_won: int


@dataclass(frozen=True, slots=True)
class Period:
    """A period fixed by law, in months, and the amount it is bounded by (None: unbounded)."""

    months: int
    below_won: int | None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call: the number, and the carrier whose line it is (None: everyone's)."""

    number: str
    carrier: str | None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A dated, sourced body of policy: for each topic its keys, for each key its values by date."""

    name: str
    shipped: bool
    notes: tuple[str, ...]
    calendar: Calendar
    late_fee: Mapping[str, Dated[Tariff]]
    due_dates: Mapping[str, Dated[DueDateRule]]
    stages: Mapping[str, Dated[Ladder]]
    restoration: Mapping[str, Dated[Restoration]]
    relief: Mapping[str, Dated[ReliefRule]]
    reminders: Mapping[str, Dated[ReminderRule]]
    spending_limits: Mapping[str, Dated[RecommendedLimit]]
    law: Mapping[str, Dated[Period]]
    contacts: Mapping[str, Dated[Contact]]
    caps: Mapping[str, Dated[Cap]]
    authorisation: Mapping[str, Dated[Safeguard]]
    billing: Mapping[str, Dated[BillingRule]]
    debt_contact: Mapping[str, Dated[ContactRule]]
    retention: Mapping[str, Dated[Retention]]
    accounts: Mapping[str, Dated[Account]]
    settlement: Mapping[str, Dated[SettlementRule]]
    objections: Mapping[str, Dated[AnswerRule]]

    @property
    def carriers(self) -> tuple[str, ...]:
        """The carriers it has a tariff for, in the order of its files."""
        return tuple(self.late_fee)

    def tariffs_for(self, carrier: str) -> Dated[Tariff]:
        """The carrier's tariffs by date; UnknownCarrierError where there is none."""
        if carrier not in self.late_fee:
            raise UnknownCarrierError(self.name, carrier)
        return self.late_fee[carrier]

    def billing_on(self, carrier: str, day: date) -> Value[BillingRule]:
        """When the carrier's bills are issued and due, by the rule of the day."""
        return self.in_force("billing", self.billing.get(carrier, Dated(())), day)

    def in_force(self, topic: str, values: Dated[Content_co], day: date) -> Value[Content_co]:
        """The value in force on the day; NoRuleInForceError names rule set, topic and day."""
        value = values.value_on(day)
        if value is None:
            raise NoRuleInForceError(self.name, topic, day)
        return value
