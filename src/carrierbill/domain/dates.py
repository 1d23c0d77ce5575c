"""Days: the resolved Korean calendar, months counted from a day, and no clock."""

import calendar as month_lengths
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from carrierbill.domain.errors import DayOutsideError

ONE_DAY = timedelta(days=1)
SATURDAY = 5
MONTHS_A_YEAR = 12
DAYS_OF_EVERY_MONTH = 28


def month_later(day: date, months: int) -> date:
    """The same day number that many months later, clipped to the month's last day.

    >>> month_later(date(2026, 1, 31), 1), month_later(date(2026, 1, 31), 2)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 31))
    """
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    if day.day <= DAYS_OF_EVERY_MONTH:
        return date(year, month + 1, day.day)
    last = month_lengths.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def months_between(day: date, later: date) -> int:
    """How many month numbers a later day is ahead, whatever the day numbers.

    >>> months_between(date(2025, 12, 31), date(2026, 2, 1))
    2
    """
    return (later.year - day.year) * MONTHS_A_YEAR + later.month - day.month


def is_months_later(day: date, later: date) -> bool:
    """Whether the later day is `month_later(day, n)` for some n of 1 or more.

    >>> is_months_later(date(2026, 1, 31), date(2026, 2, 28))
    True
    """
    months = months_between(day, later)
    return months > 0 and month_later(day, months) == later


def days_later(day: date, days: int) -> date:
    """The day that many days later (earlier when negative).

    >>> days_later(date(2028, 2, 28), 1)
    datetime.date(2028, 2, 29)
    """
    return day + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off: its names, and whether the law (`public`) or only the banks keep it."""

    public: bool
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The resolved days from `first_on` to `last_on`; every other day is refused by name."""

    first_on: date
    last_on: date
    holidays: Mapping[date, Holiday]

    def holds(self, day: date) -> bool:
        """Whether the day is one of the resolved ones."""
        return self.first_on <= day <= self.last_on

    def check(self, day: date) -> None:
        """Raise DayOutsideError for a day that is not resolved."""
        if not self.holds(day):
            raise DayOutsideError(day, self.first_on, self.last_on)

    def is_business_day(self, day: date) -> bool:
        """Monday to Friday, and neither a public nor a bank holiday."""
        self.check(day)
        return day.weekday() < SATURDAY and day not in self.holidays

    def is_legal_rest_day(self, day: date) -> bool:
        """A Saturday, a Sunday or a public holiday: no period fixed by law ends on it."""
        self.check(day)
        if day.weekday() >= SATURDAY:
            return True
        holiday = self.holidays.get(day)
        return holiday is not None and holiday.public

    def business_day_from(self, day: date) -> date:
        """The day itself if it is a business day, else the next one."""
        while not self.is_business_day(day):
            day += ONE_DAY
        return day

    def business_days_after(self, day: date, count: int) -> date:
        """The count-th business day strictly after the day."""
        for _ in range(count):
            day = self.business_day_from(day + ONE_DAY)
        return day

    def end_of_legal_period(self, day: date) -> date:
        """The day a period fixed by law ends when it would end on this day (art. 161 of the Civil Act)."""
        while self.is_legal_rest_day(day):
            day += ONE_DAY
        return day


# Korea has kept one offset since 1988 and no summer time; the resolved days begin in 2010.
SEOUL = timezone(timedelta(hours=9))


def seoul_day(instant: datetime) -> date:
    """The calendar day in Seoul of an instant that knows its zone.

    >>> from datetime import UTC
    >>> seoul_day(datetime(2026, 1, 31, 15, 0, tzinfo=UTC))
    datetime.date(2026, 2, 1)
    """
    return instant.astimezone(SEOUL).date()


def month_of(day: date) -> date:
    """The first day of the day's calendar month, which names the month.

    >>> month_of(date(2026, 2, 28))
    datetime.date(2026, 2, 1)
    """
    return day.replace(day=1)


def on_day_of_month(month: date, day: int) -> date:
    """The day of that number in the month, clipped to the month's last day (31: month end).

    >>> on_day_of_month(date(2026, 2, 1), 31)
    datetime.date(2026, 2, 28)
    """
    last = month_lengths.monthrange(month.year, month.month)[1]
    return month.replace(day=min(day, last))
