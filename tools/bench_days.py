"""Bench days: how long a book's day takes as the book grows; tools/bench_ledger.py runs and prints it."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as clock_time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(1, str(Path(__file__).parents[1]))
sys.path.insert(2, str(Path(__file__).parents[1] / "tests"))

from books import books
from carrierbill.demo.filling import fill_year
from carrierbill.domain.dates import SEOUL, days_later, seoul_day
from carrierbill.domain.policy import RuleSet
from carrierbill.services.advance_day import advance_all
from carrierbill.storage.database import Database
from databases import sqlite_url

DAYS = 7
NOON = clock_time(12)
RULES = "terms"
MILLI = 1_000
YEARS = """\
## Days of a book

One day's work (fees, reminders, effects, notices) for a whole book after a year of purchases, bills and
repayments, on SQLite; the median of {days} days. Meant: the time of a line does not rise with the book.
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What a day of a book took, in milliseconds, and of a line; what the year before took to fill."""

    lines: int
    filled_s: float
    day_ms: float
    line_us: float


def day_of(lines: int) -> Day:
    """Fill a year of a book on SQLite, then work the days after it one by one."""
    with TemporaryDirectory() as folder:
        book = books(sqlite_url(Path(folder)), RULES)
        begun = time.perf_counter()
        fill_year(book.db, book.rules, lines=lines)
        filled_s = time.perf_counter() - begun
        last = seoul_day(book.db.clock())
        took = [seconds_of_day(book.db, book.rules, days_later(last, later)) for later in range(1, DAYS + 1)]
        book.close()
    return Day(
        lines=lines,
        filled_s=round(filled_s, 1),
        day_ms=round(median(took) * MILLI, 1),
        line_us=round(median(took) / lines * MILLI * MILLI, 1),
    )


def seconds_of_day(database: Database, rules: RuleSet, day: date) -> float:
    """How long a filled database takes to be advanced by one day."""
    noon = datetime.combine(day, NOON, tzinfo=SEOUL)
    database.clock = lambda: noon
    begun = time.perf_counter()
    advance_all(database, day, rules)
    return time.perf_counter() - begun


def day_table(rows: Sequence[Day]) -> str:
    """The days as a table in Markdown."""
    lines = ["| lines | a day | of a line | filling the year |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {row.lines:,} | {row.day_ms:,.1f} ms | {row.line_us:,.1f} µs | {row.filled_s:,.0f} s |"
        for row in rows
    ]
    return "\n".join(lines)
