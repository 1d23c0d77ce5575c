"""Ledger load: a worker process under mixed load, which keeps what it was answered, until it is ended."""

import json
import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from books import KEYS
from carrierbill.domain.dates import month_later, month_of
from carrierbill.services.confirm_purchase import Confirmed
from carrierbill.services.holding import Authorised
from carrierbill.storage.database import open_database
from tools.ledger_workers import CONTEXT, END_S, Decide, MovedClock, Order, begin_maker, deciding, told

# What happens how often; most of what a ledger sees is purchases.
MIX = {"buy": 40, "confirm": 20, "cancel": 8, "lapse": 4, "repay": 10, "advance": 6, "close": 4, "refund": 8}
ONE_STEP = 0.4


@dataclass(frozen=True, slots=True)
class Load:
    """What a worker works on: the database, its clock, its lines by number and its share of chance."""

    url: str
    at: datetime
    numbers: dict[str, int]
    seed: str
    file: Path
    threads: int = 4
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer: to which order, what it was; `ended` where nobody could be answered any more."""

    order: Order
    outcome: str
    ended: bool


class Answers:
    """A file of answers: a line each, on the disk before the next command is given."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._lock = threading.Lock()

    def keep(self, order: Order, outcome: object, *, ended: bool = False) -> None:
        """Keep an answer."""
        kept = {"order": asdict(order), "outcome": told(outcome), "ended": ended}
        with self._lock:
            os.write(self._file, f"{json.dumps(kept)}\n".encode())
            os.fsync(self._file)


def answers_in(file: Path) -> Iterator[Kept]:
    """Every answer in a file; a last line that was cut off by the end was never an answer."""
    lines = file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []
    for line in lines:
        kept = json.loads(line)
        yield Kept(Order(**kept["order"]), kept["outcome"], kept["ended"])


@dataclass(slots=True)
class Hand:
    """One thread's purchases, and its own chance."""

    random: Random
    held: list[int] = field(default_factory=list)
    charged: list[int] = field(default_factory=list)

    def learn(self, outcome: object) -> None:
        """Remember the purchases that came of it."""
        if isinstance(outcome, Authorised):
            (self.held if outcome.state == "held" else self.charged).append(outcome.purchase_id)
        elif isinstance(outcome, Confirmed):
            self.charged.append(outcome.purchase_id)

    def draw(self, load: Load, once: str) -> Order:
        """One of the things that happen."""
        number, line_id = self.random.choice(sorted(load.numbers.items()))
        what = self.random.choices(list(MIX), list(MIX.values()))[0]
        order = self._of_purchase(what) or self._of_line(what, line_id, load)
        if order is None:
            won, one_step = self.random.randint(1, 3_000), self.random.random() < ONE_STEP
            order = Order("Authorise", {"client": "shop", "number": number, "won": won, "one_step": one_step})
        return Order(order.kind, {**order.told, "once": once})

    def _of_purchase(self, what: str) -> Order | None:
        if what in {"confirm", "cancel"} and self.held:
            purchase_id = self.held.pop(self.random.randrange(len(self.held)))
            return Order(what.capitalize(), {"client": "shop", "purchase_id": purchase_id})
        if what == "lapse" and self.held:
            return Order("Lapse", {"purchase_id": self.random.choice(self.held)})
        if what == "refund" and self.charged:
            purchase_id, won = self.random.choice(self.charged), self.random.randint(1, 900)
            return Order("RefundPurchase", {"client": "shop", "purchase_id": purchase_id, "won": won})
        return None

    def _of_line(self, what: str, line_id: int, load: Load) -> Order | None:
        day = load.at.date()
        if what == "repay":
            won = self.random.randint(1, 5_000)
            return Order("Repay", {"line_id": line_id, "won": won, "received_on": day.isoformat()})
        if what == "advance":
            return Order("Advance", {"line_id": line_id, "day": day.isoformat()})
        if what == "close":
            month = month_later(month_of(day), -1)
            return Order("CloseLine", {"line_id": line_id, "month": month.isoformat()})
        return None


def work(load: Load, ready: Connection) -> None:
    """Mixed load from several threads; it ends when the process is killed, or the database is."""
    # A pool that loses its server says so at length; here that is the point.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    db, answers = open_database(load.url, KEYS, MovedClock(load.at)), Answers(load.file)
    with deciding(db, grouped=load.grouped) as decide, ThreadPoolExecutor(load.threads) as pool:
        ready.send("ready")
        list(pool.map(lambda thread: _work(load, thread, decide, answers=answers), range(load.threads)))


def _work(load: Load, thread: int, decide: Decide, *, answers: Answers) -> None:
    hand = Hand(Random(f"{load.seed} {thread}"))  # noqa: S311  # drawn work, no secrets
    for count in range(10**9):
        order = hand.draw(load, f"{load.seed}/{thread}/{count}")
        try:
            outcome = decide(order)
        except Exception as ended:  # noqa: BLE001  # whatever it is, the one who checks has to see it
            answers.keep(order, ended, ended=True)
            return
        answers.keep(order, outcome)
        hand.learn(outcome)


class Worker:
    """A process under load, to be ended at any moment."""

    def __init__(self, load: Load) -> None:
        begin_maker()
        self._ready, theirs = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=work, args=(load, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def wait_until_ready(self) -> None:
        """Until it has opened its database and begins."""
        if self._ready.poll(END_S):
            self._ready.recv()

    def kill(self) -> None:
        """End it where it stands, as `kill -9` does."""
        self._process.kill()
        self._end()

    def wait(self) -> None:
        """Until it ends by itself, as its database has."""
        self._process.join(END_S)
        if self._process.is_alive():
            self.kill()
            raise TimeoutError("a worker outlived its database")
        self._end()

    def _end(self) -> None:
        self._process.join()
        self._process.close()
        self._ready.close()
