"""Ledger workers: processes with connections of their own, let loose on one database at the same moment."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import date, datetime
from importlib import import_module
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection
from threading import BrokenBarrierError
from typing import Any, Self

from books import KEYS
from carrierbill.domain.dates import SEOUL
from carrierbill.services.ports import Once
from carrierbill.storage.database import Database, open_database
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.storage.outcomes import outcome_text
from rule_sets import RULE_SETS

RULES = RULE_SETS["terms"]
# Where each command is understood; a service's function is called as its module.
SERVICES = {
    "Authorise": "authorise_purchase",
    "Confirm": "confirm_purchase",
    "Cancel": "cancel_purchase",
    "Lapse": "lapse_holds",
    "CloseLine": "close_month",
    "Advance": "advance_day",
    "Repay": "receive_repayment",
    "RefundPurchase": "refund_purchase",
}
# One process that has read everything makes the others: each starts within milliseconds, and nothing of the
# caller's threads is copied into it.
CONTEXT = get_context("forkserver")
END_S = 60


def begin_maker() -> None:
    """Start the process that makes workers; Python 3.11 tells it by the environment where modules are."""
    CONTEXT.set_forkserver_preload(["tools.ledger_workers", "tools.ledger_load"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


@dataclass(frozen=True, slots=True)
class Order:
    """A command by its name and fields, as it is carried between processes and kept in a file."""

    kind: str
    told: dict[str, Any]

    def command(self) -> Any:  # noqa: ANN401  # any of the services' commands
        """The command itself."""
        kind = getattr(import_module(f"carrierbill.services.{SERVICES[self.kind]}"), self.kind)
        days = {field.name for field in fields(kind) if field.type in {date, "date", "date | None"}}
        values = {
            name: date.fromisoformat(value) if name in days and isinstance(value, str) else value
            for name, value in self.told.items()
        }
        if "once" in values:
            values["once"] = Once("shop", self.kind, str(values["once"]), "same")
        return kind(**values)

    @property
    def service(self) -> Callable[..., Sequence[object]]:
        """The service that decides it."""
        module = import_module(f"carrierbill.services.{SERVICES[self.kind]}")
        service: Callable[..., Sequence[object]] = getattr(module, SERVICES[self.kind])
        return service


def told(outcome: object) -> str:
    """An outcome in words that can be compared and carried from process to process."""
    if isinstance(outcome, Exception):
        return f"{type(outcome).__name__} {outcome}"
    return outcome_text(outcome)


Decide = Callable[[Order], object]


@contextmanager
def deciding(db: Database, *, grouped: bool) -> Iterator[Decide]:
    """How a worker decides: each command in a transaction of its own, or callers share their commits."""
    if not grouped:
        yield lambda order: db.decide(order.service, [order.command()], RULES)[0]
        return
    group = GroupCommit(db, RULES)
    try:
        yield lambda order: group.submit(order.service, order.command()).result()
    finally:
        group.close()


class MovedClock:
    """The clock of a worker: it stands where the one who gives the orders has put it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """The instant it was put to."""
        return self.at


def race(url: str, barrier: Any, orders: Connection, *, threads: int, grouped: bool) -> None:  # noqa: ANN401
    """Decide what is ordered, a round at a time, from as many threads; None ends it."""
    clock = MovedClock(datetime(2026, 1, 1, tzinfo=SEOUL))
    db = open_database(url, KEYS, clock)
    try:
        with deciding(db, grouped=grouped) as decide, ThreadPoolExecutor(threads) as pool:
            while (order := orders.recv()) is not None:
                clock.at, given = order
                barrier.wait(END_S)
                orders.send(list(pool.map(lambda order: _told(decide, order), given)))
    except (EOFError, BrokenBarrierError):
        pass
    finally:
        db.engine.dispose()


def _told(decide: Decide, order: Order) -> str:
    try:
        return told(decide(order))
    except Exception as broken:  # noqa: BLE001  # whatever it is, the one who judges the round has to see it
        return told(broken)


class Racers:
    """So many processes with connections of their own, all let loose on a round at once."""

    def __init__(self, url: str, processes: int, *, threads: int = 1, grouped: bool = False) -> None:
        begin_maker()
        # Kept for as long as the workers are: its name is gone with it.
        self._barrier = CONTEXT.Barrier(processes)
        self._pipes, self._workers = [], []
        for _ in range(processes):
            ours, theirs = CONTEXT.Pipe()
            how = {"threads": threads, "grouped": grouped}
            worker = CONTEXT.Process(target=race, args=(url, self._barrier, theirs), kwargs=how, daemon=True)
            worker.start()
            theirs.close()
            self._pipes.append(ours)
            self._workers.append(worker)

    def round(self, orders: Sequence[tuple[datetime, list[Order]]]) -> list[list[str]]:
        """The outcomes of each process's orders, decided under its own clock."""
        for pipe, order in zip(self._pipes, orders, strict=True):
            pipe.send(order)
        return [pipe.recv() for pipe in self._pipes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for pipe, worker in zip(self._pipes, self._workers, strict=True):
            with suppress(OSError):
                pipe.send(None)
            worker.join(END_S)
            if worker.is_alive():
                worker.kill()
                worker.join()
            pipe.close()
            worker.close()
