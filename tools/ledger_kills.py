"""Ledger kills: workers and servers are ended under load; what was answered is there, once, and adds up."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

from books import START, Books, books
from carrierbill.services.verify_books import verify_books
from carrierbill.storage.facts import StoredFacts
from ledger_laws import broken_laws
from tools.ledger_load import Kept, Load, Worker, answers_in
from tools.ledger_trials import Tally, make_lines
from tools.ledger_workers import told
from tools.postgres_server import PostgresServer

# All lives together see some months end, however many there are.
HOURS, LEAST_HOURS_A_LIFE = 24 * 100, 12
LONGEST_LIFE_S = 0.5
# One in so many is killed while it still starts, or while the database recovers from the last end.
EARLY_ONE_IN = 10
LINES, LINES_A_HOLDER, LIMIT_WON = 8, 2, 500_000
# How a worker is told that its server is gone.
SERVER_GONE = ("OperationalError", "InterfaceError", "AdminShutdown", "ClosedError")


def kills(url: str, times: int, *, seed: int, folder: Path) -> Tally:
    """A worker under mixed load is killed again and again."""
    tally, random = Tally(), Random(f"{seed} kills")  # noqa: S311  # moments, no secrets
    for load in _lives(url, times, seed=seed, folder=folder):
        worker = Worker(load)
        if random.randrange(EARLY_ONE_IN):
            worker.wait_until_ready()
        time.sleep(random.uniform(0, LONGEST_LIFE_S))
        worker.kill()
        _check(load, tally, may_end=())
    _check_all(url, folder, tally)
    return tally


def server_kills(server: PostgresServer | None, url: str, times: int, *, seed: int, folder: Path) -> Tally:
    """The database server itself is killed under load, and started again."""
    if server is None:
        raise ValueError("a SQLite file has no server")
    tally, random = Tally(), Random(f"{seed} server kills")  # noqa: S311  # moments, no secrets
    for load in _lives(url, times, seed=seed, folder=folder):
        worker = Worker(load)
        worker.wait_until_ready()
        time.sleep(random.uniform(LONGEST_LIFE_S, 3 * LONGEST_LIFE_S))
        server.kill()
        worker.wait()
        server.start()
        _check(load, tally, may_end=SERVER_GONE)
    _check_all(url, folder, tally)
    return tally


def _lives(url: str, times: int, *, seed: int, folder: Path) -> Iterator[Load]:
    """Each worker's load: some hours later than the one before, every second one with shared commits."""
    book = books(url)
    book.merchant()
    numbers = make_lines(book, [LIMIT_WON] * LINES, lines_a_holder=LINES_A_HOLDER)
    book.close()
    for life in range(times):
        at = START + timedelta(hours=max(LEAST_HOURS_A_LIFE, HOURS // times) * life)
        grouped = life % 2 == 1
        yield Load(url, at, numbers, f"{seed}/{life}", folder / f"{life}.jsonl", grouped=grouped)


def _check(load: Load, tally: Tally, *, may_end: tuple[str, ...]) -> None:
    """Everything answered is answered again as it was, books nothing a second time, and the laws hold."""
    book = books(load.url)
    book.clock.at = load.at
    kept = list(answers_in(load.file))
    tally.counts.update(ends=1, answered=sum(not each.ended for each in kept))
    for each in kept:
        if each.ended and not each.outcome.startswith(may_end or ("nothing",)):
            tally.faults.append(f"{load.seed}: {each.order} ended a worker: {each.outcome}")
    before = _size(book)
    tally.faults += _told_otherwise(kept, book)
    if _size(book) != before:
        tally.faults.append(f"{load.seed}: what was answered is booked again")
    tally.faults += [f"{load.seed}: {fault}" for fault in broken_laws(book.db)]
    book.close()


def _told_otherwise(kept: list[Kept], book: Books) -> Iterator[str]:
    """Answers that are not the same when asked for again; what is bad use is not remembered."""
    by_kind: dict[str, list[Kept]] = {}
    for each in kept:
        if not each.ended and each.outcome.startswith("{"):
            by_kind.setdefault(each.order.kind, []).append(each)
    for same in by_kind.values():
        again = book.decide(same[0].order.service, *(each.order.command() for each in same))
        for each, now in zip(same, map(told, again), strict=True):
            if now != each.outcome:
                yield f"{each.order} was answered {each.outcome}, now {now}"


def _size(book: Books) -> tuple[int, ...]:
    with book.db.session() as session:
        tables = ("entries", "purchases", "repayments", "bills", "refunds", "notices", "answers")
        return tuple(session.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables)  # noqa: S608


def _check_all(url: str, folder: Path, tally: Tally) -> None:
    """At the end: every answer of every worker once more, and the chains of hashes whole."""
    book, kinds = books(url), Counter[str]()
    for file in sorted(folder.glob("*.jsonl")):
        kept = list(answers_in(file))
        kinds.update(each.order.kind for each in kept if each.outcome.startswith("{"))
        tally.faults += _told_otherwise(kept, book)
    tally.counts.update(kinds)
    tally.counts["entries"] = _size(book)[0]
    with book.db.session() as session:
        found = verify_books(StoredFacts(session, []))
    tally.faults += [str(fault) for fault in (*found.wrong_rows, *found.broken_laws)]
    book.close()
