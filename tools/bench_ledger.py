"""Bench ledger: how many purchases a second are durable, and how long a book's day takes as it grows.

    python tools/bench_ledger.py                      purchases beside pgbench; the numbers as JSON on stdout
    python tools/bench_ledger.py --books 5000 10000   days of books of so many lines as well: a year of each
                                                      is filled first, a thousand lines in some minutes

pgbench's TPC-B runs on the same server in the same round, so that a ratio says more than a rate: both wait
for the same disk. Callers are tasks of one loop, and each waits for its answer before it asks again.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from itertools import count
from pathlib import Path
from shutil import which
from statistics import median, quantiles
from tempfile import TemporaryDirectory

sys.path.insert(1, str(Path(__file__).parents[1]))
sys.path.insert(2, str(Path(__file__).parents[1] / "tests"))

from books import Books, books
from carrierbill.domain.line import Holder, Line
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.holding import Authorised
from carrierbill.services.ports import Once
from carrierbill.storage.group_commit import GroupCommit
from databases import sqlite_url
from tools import machine
from tools.bench_days import DAYS, YEARS, Day, day_of, day_table
from tools.postgres_server import PostgresServer, server_programs, temporary_server, why_no_server

ROUNDS, SECONDS = 5, 3.0
LINES, AT_A_TIME = 20_000, 1_000
ON_POSTGRES, ON_SQLITE = (64, 256, 1_024), (64,)
CLIENTS, SCALE = 8, 50
TPC_B = f"pgbench TPC-B, {CLIENTS} clients"
MILLI = 1_000
RULES = "terms"


@dataclass(frozen=True, slots=True)
class Run:
    """What a contender did in a round: answers a second, and milliseconds an answer took."""

    rate: float
    p50: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A contender: answers a second, lowest and median of the rounds; its median ratio to TPC-B's."""

    name: str
    lowest: int
    median: int
    p50_ms: float | None
    p99_ms: float | None
    ratio: float | None


# ── purchases ─────────────────────────────────────────────────────────────────────────────────────────────
def rates(rounds: int, seconds: float) -> list[Rate]:
    """All contenders, in turn within each round; a first, short round is not counted."""
    with contenders() as known:
        for run in known.values():
            run(min(1.0, seconds))
        runs = [{name: run(seconds) for name, run in known.items()} for _ in range(rounds)]
    return [summed_up(name, runs) for name in runs[0]]


def summed_up(name: str, runs: Sequence[Mapping[str, Run]]) -> Rate:
    """A contender's rounds in one row.

    >>> summed_up("ours", [{"ours": Run(90.0, 1.0, 2.0), TPC_B: Run(30.0)}])
    Rate(name='ours', lowest=90, median=90, p50_ms=1.0, p99_ms=2.0, ratio=3.0)
    """
    mine = [run[name] for run in runs]
    ratios = [run[name].rate / run[TPC_B].rate for run in runs if TPC_B in run and name != TPC_B]
    return Rate(
        name=name,
        lowest=round(min(run.rate for run in mine)),
        median=round(median(run.rate for run in mine)),
        p50_ms=_middle([run.p50 for run in mine]),
        p99_ms=_middle([run.p99 for run in mine]),
        ratio=round(median(ratios), 2) if ratios else None,
    )


def _middle(times: Sequence[float | None]) -> float | None:
    told = [milliseconds for milliseconds in times if milliseconds is not None]
    return round(median(told), 1) if told else None


@contextmanager
def contenders() -> Iterator[Mapping[str, Callable[[float], Run]]]:
    """Each contender by name: run it for so many seconds."""
    with ExitStack() as held:
        known: dict[str, Callable[[float], Run]] = {}
        folder = Path(held.enter_context(TemporaryDirectory()))
        places: list[tuple[str, str, Sequence[int]]] = [("SQLite", sqlite_url(folder), ON_SQLITE)]
        if (reason := why_no_server()) is None:
            server = held.enter_context(temporary_server(durable=True))
            known[TPC_B] = tpc_b(server)
            places.insert(0, ("PostgreSQL", server.new_database(), ON_POSTGRES))
        else:
            print(reason, file=sys.stderr)
        for title, url, callers in places:
            book, keys = filled(url), count()
            held.callback(book.close)
            for number in callers:
                known[f"authorise on {title}, {number:,} callers"] = buying(book, number, keys)
        yield known


def tpc_b(server: PostgresServer) -> Callable[[float], Run]:
    """The transactions a second of pgbench's own load on the same server."""
    url, program = server.new_database(), which("pgbench")
    folder = server_programs()
    command = program or str((folder or Path()) / "pgbench")
    subprocess.run([command, "-i", "-q", "-s", str(SCALE), url], check=True, capture_output=True)

    def run(seconds: float) -> Run:
        asked = ["-c", str(CLIENTS), "-j", "2", "-T", str(max(1, round(seconds)))]
        told = subprocess.run([command, *asked, url], check=True, capture_output=True, text=True).stdout
        (line,) = (line for line in told.splitlines() if line.startswith("tps"))
        return Run(float(line.split()[2]))

    return run


def filled(url: str) -> Books:
    """A book with a merchant and LINES lines that may buy."""
    book = books(url, RULES)
    book.merchant()
    for start in range(0, LINES, AT_A_TIME):
        with book.db.unit() as unit:
            for at in range(start, start + AT_A_TIME):
                holder, line_id = Holder(unit.new_id(Holder)), unit.new_id(Line)
                unit.add(holder)
                unit.add(Line(line_id, holder.id, "SKT", OPENED, 25, MOST_WON, consented_on=OPENED))
                unit.people.enrol(holder.id, "Hong Gildong")
                unit.people.give_number(line_id, holder.id, number_of(at))
    return book


OPENED, MOST_WON = date(2020, 1, 1), 500_000
# Prime to LINES: callers that follow each other buy on lines that do not.
STRIDE = 7_919


def number_of(at: int) -> str:
    """The number of a line."""
    return f"+8210{at:08d}"


def buying(book: Books, callers: int, keys: Iterator[int]) -> Callable[[float], Run]:
    """So many callers that hold 10 won again and again, each on another line."""

    async def caller(group: GroupCommit, until: float, took: list[float]) -> None:
        begun = time.perf_counter()
        while begun < until:
            key = next(keys)
            once = Once("shop", "create", str(key), "fingerprint")
            asked = Authorise("shop", number_of(key * STRIDE % LINES), 10, exempt=True, once=once)
            outcome = await group.decide(authorise_purchase, asked)
            if not isinstance(outcome, Authorised):
                raise TypeError(outcome)
            answered = time.perf_counter()
            took.append(answered - begun)
            begun = answered

    async def all_callers(seconds: float) -> Run:
        group, took = GroupCommit(book.db, book.rules), list[float]()
        begun = time.perf_counter()
        try:
            await asyncio.gather(*(caller(group, begun + seconds, took) for _ in range(callers)))
        finally:
            group.close()
        rate, cuts = len(took) / (time.perf_counter() - begun), quantiles(took, n=100)
        return Run(rate, cuts[49] * MILLI, cuts[98] * MILLI)

    return lambda seconds: asyncio.run(all_callers(seconds))


# ── telling ───────────────────────────────────────────────────────────────────────────────────────────────
PURCHASES = """\
## Purchases

Holds of purchases a second by the service with group commit, each with its limits, idempotency key, journal
entry and chain, durable when answered; {lines:,} lines. Beside it pgbench's own transaction on the same
server (scale {scale}, fsync on), {rounds} rounds of {seconds:g} s in turn; p50 and p99 are medians of theirs.
Meant: five times TPC-B on PostgreSQL, 3,000 a second on SQLite.
"""


def rate_table(rows: Sequence[Rate]) -> str:
    """The rates as a table in Markdown."""
    lines = ["| what | lowest | median | p50 | p99 | times |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        p50, p99 = (f"{took:,.1f} ms" if took is not None else "" for took in (row.p50_ms, row.p99_ms))
        ratio = f"{row.ratio:.1f} × TPC-B" if row.ratio is not None else ""
        lines.append(f"| {row.name} | {row.lowest:,}/s | {row.median:,}/s | {p50} | {p99} | {ratio} |")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured of the ledger."""

    rounds: int
    seconds: float
    purchases: Sequence[Rate]
    days: Sequence[Day]


def measured(sizes: Sequence[int], rounds: int = ROUNDS, seconds: float = SECONDS) -> Measured:
    """Purchases, then the days of books of these sizes."""
    return Measured(rounds, seconds, rates(rounds, seconds), [day_of(lines) for lines in sizes])


def page(ledger: Measured) -> str:
    """The sections of docs/benchmarks.md on the ledger."""
    head = PURCHASES.format(lines=LINES, scale=SCALE, rounds=ledger.rounds, seconds=ledger.seconds)
    told = f"{head}\n{rate_table(ledger.purchases)}\n"
    return f"{told}\n{YEARS.format(days=DAYS)}\n{day_table(ledger.days)}\n" if ledger.days else told


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the tables to stderr, the numbers to stdout."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--books", type=int, nargs="+", default=[], metavar="lines", help="days of such books"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} unless told")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of a turn, {SECONDS:g} unless told")
    asked = parser.parse_args(arguments)
    ledger = measured(asked.books, asked.rounds, asked.seconds)
    print(page(ledger), file=sys.stderr)
    print(json.dumps({"machine": machine.described(), **asdict(ledger)}, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
