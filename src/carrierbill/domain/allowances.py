"""Allowances: what policy says on caps, safeguards, billing, contact, records, accounts, and coming back."""

from dataclasses import dataclass
from datetime import date, time

from carrierbill.domain.dates import month_later


@dataclass(frozen=True, slots=True)
class Cap:
    """The most a line may buy in a calendar month; of a young line, while it is younger than `days`."""

    won: int
    days: int | None


@dataclass(frozen=True, slots=True)
class Safeguard:
    """When caution sets in or lapses: an amount, a count, a time in days or minutes; else None."""

    won: int | None
    count: int | None
    days: int | None
    minutes: int | None


@dataclass(frozen=True, slots=True)
class BillingRule:
    """When a month's bill is issued and which due days a line may have; 31 is the month's last day.

    The bill comes out on `issue_day`, or `business_days_before_due` earlier than it is due if that is sooner.
    """

    due_days: tuple[int, ...]
    issue_day: int
    business_days_before_due: int


@dataclass(frozen=True, slots=True)
class ContactRule:
    """When nobody is contacted about a debt, and how often within how many days at most.

    A letter counts as delivered `letter_days` business days after it was handed over; None: never by itself.
    """

    quiet_from: time
    quiet_to: time
    at_most: int
    in_days: int
    letter_days: int | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """How many months a record is kept: `months` above an amount, `months_below` up to it."""

    above_won: int
    months: int
    months_below: int

    def ends_on(self, day: date, won: int) -> date:
        """The last day on which the record of a day, about so many won, has to be kept.

        >>> Retention(10_000, 60, 12).ends_on(date(2024, 2, 29), 10_000)
        datetime.date(2025, 2, 28)
        """
        return month_later(day, self.months if won > self.above_won else self.months_below)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the books: the side it grows on (`debit`, `credit`), and whose each one of it is.

    That is a `line`, a `merchant`, a `bill`, or the `house` itself.
    """

    side: str
    of: str


@dataclass(frozen=True, slots=True)
class SettlementRule:
    """How many days after a month has ended its merchants are paid."""

    days_after_month: int


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Within how many days an objection is answered."""

    days: int


@dataclass(frozen=True, slots=True)
class Wait:
    """A time after payment: so many days, or so many business days."""

    days: int
    business: bool


@dataclass(frozen=True, slots=True)
class Comeback:
    """When something comes back: the shortest and the longest wait; None where nobody says."""

    earliest: Wait | None
    latest: Wait | None


@dataclass(frozen=True, slots=True)
class RestorationRow:
    """How the line, purchases and the limit come back from a stage on; `note` is a text key or None."""

    from_stage: str
    line: Comeback
    purchases: Comeback
    limit: Comeback
    note: str | None


@dataclass(frozen=True, slots=True)
class Restoration:
    """A carrier's restoration times, rows by rising stage."""

    rows: tuple[RestorationRow, ...]
