"""Bench: how long starting, answering and serving take, and what the ledger bears. `make bench` prints.

    python tools/bench.py             a readable table on stderr, the numbers as JSON on stdout
    python tools/bench.py --write     the same, and docs/benchmarks.md is written anew
    python tools/bench.py --books 500 1000    days of books of so many lines as well (minutes)

Contenders take turns within a round, since a machine's speed drifts; a ratio is taken within one round.
"Cold" is a new process; its files are in the system's memory already. Nothing here is a test: times differ
by machine and hour.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(1, str(Path(__file__).parents[1]))
sys.path.insert(2, str(Path(__file__).parents[1] / "tests"))

import random_bills
from carrierbill.domain.event import events_between
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.outlook import Question, outlook_for
from carrierbill.domain.position import position_on
from random_bills import Drawn
from rule_sets import APP, RULE_SETS
from tools import bench_ledger, machine
from tools.served_page import served

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
ROUNDS = 20
SEED = 20261124
BILLS, OUTLOOKS, OUTLOOK_DAYS = 200, 10, 120
REQUESTS = 200
MILLI, MICRO = 1_000, 1_000_000

FEE = "late-fee --carrier SKT --principal 50000 --due 2025-09-30 --on 2025-11-30 --json"
OUTLOOK = "outlook --carrier KT --principal 120000 --due 2026-09-25 --days 200 --json"
FLOOR = "python -c pass"
COMMANDS = ("--help", FEE, OUTLOOK, "policy list")

HEAD = """\
# Benchmarks

Written by `.venv/bin/python tools/bench.py --write` on {day}; a new run rewrites the whole page.
Machine: {machine}. Best and median of {rounds} rounds; in a round every
contender of a table takes its turn, and a ratio is the median of the ratios within the rounds. A machine's
speed drifts: compare ratios, not times.
"""
STARTS = """\
## Starting

A new process each, its files in the system's memory already. Meant: `--help` within 200 ms, an answer
within 500 ms.
"""
CALLS = f"""\
## Answering

Within one process, per call, for {BILLS} random bills of all rule sets, and for {OUTLOOKS} unsettled ones of
them where the next {OUTLOOK_DAYS} days are told. The reference is the naive day-by-day one of the tests.
"""
PAGES = """\
## Serving

The site is asked for one answer page {requests} times, without server and network between. Meant: within
50 ms, and under 100 kB for a first visit. The page has {page_bytes:,} bytes, {cold_bytes:,} with all it
links to.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender: its best and median time in its unit, and its median ratio to another's."""

    name: str
    unit: str
    best: float
    median: float
    ratio: float | None
    beside: str | None


def rounds_of(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Seconds each contender took in each round, all of them in turn; a first round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, measure in contenders.items():
            seconds = measure()
            if number:
                taken[name].append(seconds)
    return taken


def measured(
    taken: Mapping[str, list[float]], unit: tuple[str, int], *, beside: Mapping[str, str]
) -> list[Measured]:
    """Best, median and ratio of each contender.

    >>> measured({"a": [2.0, 4.0], "b": [1.0, 1.0]}, ("ms", 1000), beside={"a": "b"})[0]
    Measured(name='a', unit='ms', best=2000.0, median=3000.0, ratio=3.0, beside='b')
    """
    found = []
    for name, seconds in taken.items():
        other = beside.get(name)
        ratios = [mine / theirs for mine, theirs in zip(seconds, taken[other], strict=True)] if other else []
        best, middle = min(seconds) * unit[1], median(seconds) * unit[1]
        ratio = round(median(ratios), 2) if ratios else None
        found.append(Measured(name, unit[0], round(best, 2), round(middle, 2), ratio, other))
    return found


def start_up(rounds: int) -> list[Measured]:
    """New processes: nothing but Python, and the command line from `--help` to an outlook."""
    program = Path(sys.executable).with_name("carrierbill")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARRIERBILL_")}

    def process(*command: str) -> Callable[[], float]:
        def run() -> float:
            start = time.perf_counter()
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
            return time.perf_counter() - start

        return run

    contenders = {FLOOR: process(sys.executable, "-c", "pass")}
    for command in COMMANDS:
        contenders[f"carrierbill {command}"] = process(str(program), *command.split())
    beside = {name: FLOOR for name in contenders if name != FLOOR}
    return measured(rounds_of(contenders, rounds), ("ms", MILLI), beside=beside)


def drawn_bills(count: int) -> list[Drawn]:
    """Random bills of every rule set in turn, those left out that a rule set refuses."""
    random, names, found = Random(SEED), list(RULE_SETS), list[Drawn]()  # noqa: S311  # no secrets
    while len(found) < count:
        drawn = random_bills.draw(random, names[len(found) % len(names)])
        if isinstance(random_bills.stated_events(drawn, OUTLOOK_DAYS), list):
            found.append(drawn)
    return found


def calls(rounds: int) -> list[Measured]:
    """The domain's answers per call, beside the naive reference on the same bills."""
    bills = drawn_bills(BILLS)
    few = [drawn for drawn in bills if drawn.bill.settled_on() is None][:OUTLOOKS]

    def each(answer: Callable[[Drawn], object], asked: Sequence[Drawn]) -> Callable[[], float]:
        def run() -> float:
            start = time.perf_counter()
            for drawn in asked:
                answer(drawn)
            return (time.perf_counter() - start) / len(asked)

        return run

    contenders = {
        "late_fee_on": each(lambda one: late_fee_on(one.bill, one.on, RULE_SETS[one.rules]), bills),
        "position_on": each(lambda one: position_on(one.bill, one.on, RULE_SETS[one.rules]), bills),
        "reference: a day": each(random_bills.expected, bills),
        "events_between": each(_events, few),
        "reference: events": each(lambda one: random_bills.expected_events(one, OUTLOOK_DAYS), few),
        "outlook_for": each(_outlook, few),
    }
    beside = {
        "reference: a day": "position_on",
        "reference: events": "events_between",
        "outlook_for": "events_between",
    }
    return measured(rounds_of(contenders, rounds), ("µs", MICRO), beside=beside)


def _events(drawn: Drawn) -> object:
    window = (drawn.on, drawn.on + timedelta(days=OUTLOOK_DAYS - 1))
    return list(events_between(drawn.bill, window, RULE_SETS[drawn.rules]))


def _outlook(drawn: Drawn) -> object:
    others = APP.shelf.shipped_beside(drawn.rules)
    question = Question(drawn.on, OUTLOOK_DAYS)
    return outlook_for(drawn.bill, question, RULE_SETS[drawn.rules], others=others)


def table(rows: Sequence[Measured]) -> str:
    """The rows as a table in Markdown."""
    lines = ["| what | best | median | times |", "| --- | --- | --- | --- |"]
    for row in rows:
        ratio = f"{row.ratio:,.1f} × {row.beside}" if row.ratio else ""
        lines.append(
            f"| `{row.name}` | {row.best:,.1f} {row.unit} | {row.median:,.1f} {row.unit} | {ratio} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all; the table to stderr, the numbers to stdout, the page where asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md anew")
    parser.add_argument(
        "--books", type=int, nargs="+", default=[], metavar="lines", help="days of such books"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} unless told")
    asked = parser.parse_args(arguments)
    starts, answers, site = start_up(asked.rounds), calls(asked.rounds), served(REQUESTS)
    pages = measured({"answer page": site.seconds}, ("ms", MILLI), beside={})
    sizes = {"page_bytes": site.page_bytes, "cold_bytes": site.cold_bytes}
    head = HEAD.format(day=datetime.now(tz=UTC).date(), machine=machine.described(), rounds=asked.rounds)
    served_head = PAGES.format(requests=REQUESTS, **sizes)
    sections = ((STARTS, starts), (CALLS, answers), (served_head, pages))
    ledger = bench_ledger.measured(asked.books)
    tables = [f"{text}\n{table(rows)}\n" for text, rows in sections]
    page = "\n".join([head, *tables, bench_ledger.page(ledger)])
    print(page, file=sys.stderr)
    numbers = {"machine": machine.described(), "rounds": asked.rounds, **sizes}
    results = [asdict(row) for row in (*starts, *answers, *pages)]
    print(json.dumps({**numbers, "results": results, "ledger": asdict(ledger)}, ensure_ascii=False, indent=2))
    if asked.write:
        PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
