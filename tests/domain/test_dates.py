"""Months are counted from their day, and the calendar knows which days are off."""

from datetime import date

import pytest

from carrierbill.domain.dates import month_later
from carrierbill.domain.errors import DayOutsideError
from rule_sets import APP, RULE_SETS

CALENDAR = RULE_SETS["guide"].calendar


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2025, 9, 30), 0, date(2025, 9, 30)),
        (date(2025, 12, 15), 1, date(2026, 1, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2028, 1, 30), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2025, 11, 30), 36, date(2028, 11, 30)),
        (date(2026, 1, 13), -1, date(2025, 12, 13)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_a_month_later_is_the_same_day_clipped_to_its_month(day: date, months: int, later: date) -> None:
    assert month_later(day, months) == later


def test_the_calendar_holds_its_first_and_its_last_day() -> None:
    assert (CALENDAR.holds(date(2010, 1, 1)), CALENDAR.holds(date(2050, 12, 31))) == (True, True)


@pytest.mark.parametrize("day", [date(2009, 12, 31), date(2051, 1, 1)])
def test_a_day_outside_the_calendar_is_refused_by_name(day: date) -> None:
    with pytest.raises(DayOutsideError) as refused:
        CALENDAR.check(day)
    assert APP.texts.say("en", refused.value.reason).startswith(APP.texts.day("en", day))


@pytest.mark.parametrize(
    ("day", "is_business"),
    [
        (date(2026, 9, 24), False),  # Thursday, the day before Chuseok
        (date(2026, 9, 23), True),
        (date(2025, 5, 1), False),  # a Thursday, but banks are closed
        (date(2026, 11, 21), False),  # Saturday
        (date(2026, 11, 22), False),  # Sunday
        (date(2026, 11, 23), True),
    ],
)
def test_a_business_day_is_a_weekday_on_which_offices_and_banks_are_open(
    day: date, *, is_business: bool
) -> None:
    assert CALENDAR.is_business_day(day) == is_business


@pytest.mark.parametrize(
    ("day", "is_rest"),
    [
        (date(2026, 9, 24), True),  # public holiday
        (date(2025, 5, 1), False),  # banks alone are closed
        (date(2026, 11, 21), True),  # Saturday
        (date(2026, 11, 22), True),  # Sunday
        (date(2026, 11, 23), False),
    ],
)
def test_a_legal_rest_day_is_a_weekend_or_a_public_holiday(day: date, *, is_rest: bool) -> None:
    assert CALENDAR.is_legal_rest_day(day) == is_rest


def test_a_business_day_counts_from_itself() -> None:
    assert CALENDAR.business_day_from(date(2026, 11, 23)) == date(2026, 11, 23)


def test_the_next_business_day_after_chuseok_is_a_monday() -> None:
    assert CALENDAR.business_day_from(date(2026, 9, 24)) == date(2026, 9, 28)


def test_business_days_after_a_friday_begin_on_monday() -> None:
    assert CALENDAR.business_days_after(date(2026, 11, 20), 2) == date(2026, 11, 24)


def test_no_business_days_after_a_day_is_the_day() -> None:
    assert CALENDAR.business_days_after(date(2026, 11, 22), 0) == date(2026, 11, 22)


def test_a_legal_period_ending_on_a_holiday_ends_on_the_next_day_that_is_none() -> None:
    assert CALENDAR.end_of_legal_period(date(2026, 9, 24)) == date(2026, 9, 28)


def test_a_legal_period_ending_on_a_bank_holiday_ends_on_it() -> None:
    assert CALENDAR.end_of_legal_period(date(2025, 5, 1)) == date(2025, 5, 1)


def test_a_business_day_past_the_calendars_end_is_refused() -> None:
    with pytest.raises(DayOutsideError):
        CALENDAR.business_days_after(date(2050, 12, 30), 1)
