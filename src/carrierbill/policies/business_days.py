"""Business days: the resolved days off, read once a process."""

from datetime import date
from functools import cache
from pathlib import Path

from carrierbill.domain.dates import Calendar, Holiday
from carrierbill.domain.policy import Standing
from carrierbill.policies.read import Table, read_file

KINDS = ("public", "bank")
LANGUAGES = ("ko", "en")


@cache
def read_calendar(file: Path) -> Calendar:
    """The calendar of a file; one-off days stand in `one_off` tables, each with its own source."""
    table = read_file(file)
    _check_source(table.take_table("source"))
    first_on, last_on = table.take_day("first_on"), table.take_day("last_on")
    holidays: dict[date, Holiday] = {}
    for kind in KINDS:
        days = table.take_table(kind)
        for key in days.fields:
            holidays[_day_of(days, key)] = _read_holiday(days.take_table(key), kind)
    for row in table.take_tables("one_off") if table.has("one_off") else ():
        _check_source(row.take_table("source"))
        kind = row.take("kind", str)
        if kind not in KINDS:
            raise row.fault("kind", "unknown_word", known=", ".join(KINDS))
        holidays[row.take_day("day")] = _read_holiday(row, kind)
    table.close()
    return Calendar(first_on, last_on, holidays)


def _day_of(days: Table, key: str) -> date:
    try:
        return date.fromisoformat(key)
    except ValueError:
        raise days.fault(key, "not_a_day") from None


def _read_holiday(names: Table, kind: str) -> Holiday:
    holiday = Holiday(kind == "public", {language: names.take(language, str) for language in LANGUAGES})
    names.close()
    return holiday


def _check_source(source: Table) -> None:
    for key in ("title", "where"):
        source.take(key, str)
    for key in ("published_on", "confirmed_on"):
        source.take_day(key)
    if source.take("standing", str) not in tuple(Standing):
        raise source.fault("standing", "unknown_word", known=", ".join(Standing))
    source.close()
