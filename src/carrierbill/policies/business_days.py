"""Business days: the resolved days off, read once a process."""

from datetime import date
from functools import cache
from pathlib import Path

from carrierbill.domain.dates import Calendar, Holiday
from carrierbill.domain.policy import Source, Standing
from carrierbill.policies.read import Table, read_file

KINDS = ("public", "bank")
LANGUAGES = ("ko", "en")


@cache
def read_calendar(file: Path) -> Calendar:
    """The calendar of the resolved days, one-off days included."""
    table = read_file(file)
    read_calendar_source(table.take_table("source"))
    first_on, last_on = table.take_day("first_on"), table.take_day("last_on")
    holidays: dict[date, Holiday] = {}
    for kind in KINDS:
        days = table.take_table(kind)
        for key in days.fields:
            holidays[_day_of(days, key)] = _read_holiday(days.take_table(key), kind)
    if table.has("one_off"):
        holidays |= _take_one_off_days(table)
    table.close()
    return Calendar(first_on, last_on, holidays)


def read_one_off_days(file: Path) -> dict[date, Holiday]:
    """The days off an operator adds to the calendar: `one_off` tables alone, each with its own source."""
    table = read_file(file)
    holidays = _take_one_off_days(table)
    table.close()
    return holidays


def read_calendar_source(source: Table) -> Source:
    """Who says which days are off; a calendar's source stands beside its days."""
    standing = source.take("standing", str)
    if standing not in tuple(Standing):
        raise source.fault("standing", "unknown_word", known=", ".join(Standing))
    source.take_day("confirmed_on")
    published_on = source.take_day("published_on")
    read = Source(source.take("title", str), source.take("where", str), published_on, Standing(standing))
    source.close()
    return read


def _take_one_off_days(table: Table) -> dict[date, Holiday]:
    holidays = {}
    for row in table.take_tables("one_off"):
        read_calendar_source(row.take_table("source"))
        kind = row.take("kind", str)
        if kind not in KINDS:
            raise row.fault("kind", "unknown_word", known=", ".join(KINDS))
        day = row.take_day("day")
        holidays[day] = _read_holiday(row, kind)
    return holidays


def _day_of(days: Table, key: str) -> date:
    try:
        return date.fromisoformat(key)
    except ValueError:
        raise days.fault(key, "not_a_day") from None


def _read_holiday(names: Table, kind: str) -> Holiday:
    holiday = Holiday(kind == "public", {language: names.take(language, str) for language in LANGUAGES})
    names.close()
    return holiday
