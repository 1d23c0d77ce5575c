"""What is late by nature is done in its time, once, by whichever worker is there, and none dies of it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from books import Books, Clock
from carrierbill.bootstrap import start
from carrierbill.domain.lease import Lease
from carrierbill.domain.notice import Notice, NoticeState
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.domain.request import Ask, ClientEvent, EventState, RefundRequest, RequestState
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.hold_lease import FOR, HoldLease, hold_lease
from carrierbill.services.ports import Addressed, Delivery
from carrierbill.services.refund_purchase import RefundPurchase, refund_purchase
from carrierbill.settings import Settings
from carrierbill.storage.database import Database, open_database
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.web.jobs import CommandsJob, OldAnswersJob, make_worker
from carrierbill.web.office import Office
from carrierbill.web.rounds import Failures, Footing
from carrierbill.web.worker import Worker
from ledger_laws import broken_laws
from money_steps import shop_line
from sinks import Sink, ca_file, sink_at, until

LATER_S = 1


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sink_at() as opened:
        yield opened


class Offices:
    """As many offices as are asked for, each with its own connections to the same database."""

    def __init__(self, book: Books, folder: Path) -> None:
        self.book = book
        settings = Settings(mode="async", sink_private=True, sink_ca_file=ca_file(folder))
        self._app = replace(start({}), settings=settings, clock=book.clock)
        self._offices: list[Office] = []

    def another(self) -> Office:
        url = self.book.db.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
        database = open_database(url, self.book.db.keys, self.book.clock)
        commits = GroupCommit(database, self.book.rules)
        self._offices.append(Office(self._app, database, self.book.rules, commits, demo=False))
        return self._offices[-1]

    def close(self) -> None:
        for office in self._offices:
            office.close()


@pytest.fixture
def offices(book: Books, tmp_path: Path) -> Iterator[Offices]:
    opened = Offices(book, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def footing(book: Books) -> Footing:
    return Footing(book.db, book.rules, Failures())


@dataclass
class Counting:
    """A job that counts, and does what it is told to."""

    name: str = "count"
    every_s: float = 0.01
    apart: bool = False
    is_asked: Callable[[], bool] = lambda: True
    does: Callable[[], None] = lambda: None
    runs: int = 0
    looks: int = 0

    def is_due(self, session: Any, unit: Any) -> bool:
        del session, unit
        self.looks += 1
        return self.is_asked()

    def run(self, is_stopping: Callable[[], bool]) -> None:
        del is_stopping
        self.runs += 1
        self.does()


@dataclass
class Notices:
    """Delivers what it is handed."""

    clock: Clock
    sent: list[Addressed] = field(default_factory=list)

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        self.sent += notices
        return [Delivery(each.notice.id, "x", self.clock.day) for each in notices]


@pytest.fixture
def working() -> Iterator[Callable[..., Worker]]:
    """Starts workers, and stops them at the end."""
    workers: list[Worker] = []

    def begin(worker: Worker) -> Worker:
        worker.start()
        workers.append(worker)
        return worker

    yield begin
    ended = [worker.stop(20) for worker in workers]
    assert all(ended)


def ask(name: str, sink: Sink | None = None) -> Ask:
    return Ask(f"ref-{name}", sink=sink.url if sink else "")


def buy(book: Books, name: str, sink: Sink, **how: Any) -> Any:
    line = shop_line(book)
    command = Authorise("shop", book.number(line), 9_000, exempt=True, ask=ask(name, sink), **how)
    return book.decide(authorise_purchase, command)[0]


# ── what it does ─────────────────────────────────────────────────────────────────────────────────────────
def test_all_that_is_late_by_nature_is_done_in_its_time(
    book: Books, offices: Offices, sink: Sink, working: Callable[..., Worker]
) -> None:
    notices, extra = Notices(book.clock), Counting()
    working(make_worker(offices.another(), notices, [extra]))
    charged = buy(book, "a", sink, one_step=True, later_s=LATER_S)
    lapsing, bought = buy(book, "b", sink), buy(book, "c", sink, one_step=True)
    refund = RefundPurchase("shop", bought.purchase_id, None, ask=ask("r", sink), later_s=LATER_S)
    book.decide(refund_purchase, refund)
    until(lambda: sorted(sink.told()) == ["payment-completed", "payment-reserved"])
    assert book.one(Purchase, charged.purchase_id).state == PurchaseState.PROCESSING
    book.clock.by(minutes=LATER_S / 60)
    # Recorded too, else the hour that now passes is its worker's death.
    until(lambda: len(book.all(ClientEvent, state=EventState.DELIVERED)) == 4)
    assert book.one(Purchase, charged.purchase_id).state == PurchaseState.CONFIRMED
    assert [request.state for request in book.all(RefundRequest)] == [RequestState.SUCCEEDED]
    book.clock.by(minutes=60)
    until(lambda: len(sink.received) == 5)
    assert book.one(Purchase, lapsing.purchase_id).state == PurchaseState.LAPSED
    until(lambda: {event.state for event in book.all(ClientEvent)} == {EventState.DELIVERED})
    until(lambda: {notice.state for notice in book.all(Notice)} == {NoticeState.DELIVERED})
    assert len(notices.sent) == len(book.all(Notice)) > 0
    assert extra.runs > 0
    assert broken_laws(book.db) == []


def test_where_steps_are_put_off_somebody_looks_for_them_ten_times_a_second(offices: Offices) -> None:
    office = offices.another()
    at_once = replace(office, app=replace(office.app, settings=Settings()))

    def soonest(worker: Worker) -> dict[str, float]:
        return {job.name: job.every_s for job in worker.jobs}

    waited_for = ("finish purchases", "finish refunds", "deliver events")
    assert {soonest(make_worker(office))[name] for name in waited_for} == {0.1}
    assert {soonest(make_worker(at_once))[name] for name in waited_for} == {1}


def test_an_idle_worker_writes_nothing(
    book: Books, offices: Offices, working: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = offices.another()
    written: list[object] = []
    decide = Database.decide

    def counted(*given: Any) -> Any:
        written.append(given)
        return decide(*given)

    extra = Counting(is_asked=lambda: False)
    with monkeypatch.context() as patched:
        patched.setattr(Database, "decide", counted)
        before = changes(book)
        working(make_worker(office, Notices(book.clock), [extra]))
        until(lambda: extra.looks > 50)
        assert (written, changes(book)) == ([], before)
    assert book.all(Lease) == []


def changes(book: Books) -> Any:
    """A mark that differs after anybody has written."""
    with book.db.session() as session:
        if book.db.on_sqlite:
            return session.rows("PRAGMA data_version")
        return session.rows("SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")


def test_answers_older_than_thirteen_months_are_dropped_and_no_younger_ones(book: Books) -> None:
    columns = ("key", "client", "operation", "fingerprint", "outcome", "answered_at")
    old = [f"2025-02-0{day}T14:59:59.999999+00:00" for day in (1, 1)]  # the second before midnight in Seoul
    young = ["2025-02-01T15:00:00.000000+00:00", "2026-03-01T00:00:00.000000+00:00"]
    with book.db.session() as session:
        rows = [(f"key-{at}", "shop", "buy", "", "{}", told) for at, told in enumerate((*old, *young))]
        session.append("answers", columns, rows)
    job = OldAnswersJob(book.db)
    assert is_due(book, job)
    job.run(lambda: False)
    assert not is_due(book, job)
    with book.db.session() as session:
        assert [key for (key,) in session.rows("SELECT key FROM answers ORDER BY key")] == ["key-2", "key-3"]
    book.clock.by(days=1)
    assert is_due(book, job)
    job.run(lambda: True)
    assert is_due(book, job)


def is_due(book: Books, job: Any) -> bool:
    with book.db.unit() as unit:
        found: bool = job.is_due(unit._session, unit)  # noqa: SLF001  # one connection will do
    return found


# ── what fails ───────────────────────────────────────────────────────────────────────────────────────────
def broken() -> None:
    raise ValueError("the number +821012345678")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "carrierbill.worker"]


@pytest.mark.parametrize("apart", [True, False])
def test_a_job_that_fails_is_told_once_without_anybodys_data_and_tried_again(
    apart: bool,  # noqa: FBT001
    footing: Footing,
    working: Callable[..., Worker],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("carrierbill.web.worker.FIRST_REST_S", 0)
    monkeypatch.setattr("carrierbill.web.worker.MOST_REST_S", 0)
    fails, works = Counting("fails", apart=apart, does=broken), Counting("works")
    working(Worker(footing, [fails, works]))
    until(lambda: fails.runs > 5 and works.runs > 5)
    (message,) = told(caplog)
    assert message.startswith("fails failed, and is tried again: builtins.ValueError at web/")
    assert "+8210" not in caplog.text


def test_a_job_that_fails_rests_longer_each_time(footing: Footing) -> None:
    fails = Counting("fails", does=broken)
    worker = Worker(footing, [fails])
    standing = worker._standings[0]  # noqa: SLF001
    rests = []
    for _ in range(9):
        standing.look_at = 0
        worker.turn()
        rests.append(round(standing.look_at - time.monotonic()))
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    fails.does = lambda: None
    standing.look_at = 0
    worker.turn()
    assert standing.failed == 0


def test_a_job_that_cannot_be_looked_at_keeps_no_other_from_its_work(
    footing: Footing, working: Callable[..., Worker], caplog: pytest.LogCaptureFixture
) -> None:
    def nonsense() -> bool:
        raise KeyError

    fails, works = Counting("fails", is_asked=nonsense), Counting("works")
    working(Worker(footing, [fails, works]))
    until(lambda: works.runs > 5)
    assert len(told(caplog)) == 1


def test_a_database_that_was_away_is_worked_on_again(
    footing: Footing,
    working: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("carrierbill.web.worker.FIRST_REST_S", 0.01)
    works, away = Counting("works"), threading.Event()

    def gone(_: Database) -> Any:
        away.set()
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr("carrierbill.web.worker.looking", gone)
        working(Worker(footing, [works]))
        until(away.is_set)
        assert works.runs == 0
    until(lambda: works.runs > 1)
    assert [message.partition(":")[0] for message in told(caplog)] == ["look failed, and is tried again"]


def test_a_command_that_fails_alone_rests_and_its_neighbours_are_decided(
    book: Books, footing: Footing, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def service(commands: Sequence[str], unit: Any, rules: Any) -> list[object]:
        del unit, rules
        if "poison" in commands:
            raise ZeroDivisionError
        done.extend(commands)
        return list(commands)

    def due(_: Any, most: int) -> list[str]:
        return [each for each in ("poison", "a", "b") if each not in done][:most]

    job = CommandsJob("test", due, service, every_s=1, footing=footing)
    assert is_due(book, job)
    job.run(lambda: False)
    assert done == ["a", "b"]
    assert not is_due(book, job)
    book.clock.by(minutes=1)
    assert is_due(book, job)
    job.run(lambda: False)
    before = len(told(caplog))
    book.clock.by(minutes=1)
    job.run(lambda: False)
    # Again and again it is the same.
    assert len(told(caplog)) == before


# ── beginning and ending ─────────────────────────────────────────────────────────────────────────────────
def test_whoever_makes_something_due_can_wake_it(footing: Footing, working: Callable[..., Worker]) -> None:
    seldom = Counting(every_s=600)
    worker = working(Worker(footing, [seldom]))
    until(lambda: seldom.runs > 0)
    seldom.is_asked = lambda: False
    looks = seldom.looks
    until(lambda: seldom.looks > looks)  # after what was done it is looked once more
    looks = seldom.looks
    worker.wake()
    until(lambda: seldom.looks > looks)
    assert seldom.runs == 1


def test_what_is_under_way_is_ended_before_it_stops(footing: Footing) -> None:
    begun, gate = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        gate.wait(20)

    job = Counting(apart=True, does=long)
    worker = Worker(footing, [job])
    worker.start()
    until(begun.is_set)
    assert worker.stop(0.05) is False
    gate.set()
    assert worker.stop(20) is True
    assert job.runs == 1


def test_a_worker_that_was_never_started_can_be_stopped(footing: Footing) -> None:
    assert Worker(footing, [Counting()]).stop(1) is True


def test_a_worker_that_stops_leaves_its_jobs_to_others_at_once(book: Books, footing: Footing) -> None:
    job, after = Counting(), Counting()
    worker = Worker(footing, [job])
    worker.start()
    until(lambda: job.runs > 0)
    assert [lease.until for lease in book.all(Lease)] == [book.clock.at + FOR]
    worker.stop(20)
    Worker(footing, [after]).turn()
    assert after.runs == 1


# ── several ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_job_that_another_worker_does_is_left_to_it_until_that_is_gone(
    book: Books, footing: Footing, working: Callable[..., Worker]
) -> None:
    book.decide(hold_lease, HoldLease("theirs", "another"))
    theirs, ours = Counting("theirs"), Counting("ours")
    worker = working(Worker(footing, [theirs, ours]))
    until(lambda: theirs.looks > 1 and ours.runs > 5)
    assert theirs.runs == 0
    book.clock.at += FOR
    worker.wake()
    until(lambda: theirs.runs > 0)


def test_a_lease_is_renewed_while_a_long_job_is_under_way(
    book: Books, footing: Footing, working: Callable[..., Worker]
) -> None:
    gate = threading.Event()
    worker = working(Worker(footing, [Counting(apart=True, does=lambda: until(gate.is_set)), Counting("x")]))
    until(lambda: bool(book.all(Lease, name="count")))
    for _ in range(4):
        book.clock.at += FOR / 2
        until(lambda: book.all(Lease, name="count")[0].until == book.clock.at + FOR)
    assert book.all(Lease, name="count")[0].owner == worker.owner
    gate.set()


def test_two_workers_do_everything_once_and_let_no_event_overtake_another(
    book: Books,
    offices: Offices,
    sink: Sink,
    working: Callable[..., Worker],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(2):
        working(make_worker(offices.another(), Notices(book.clock)))
    held = []
    for at in range(15):
        later = buy(book, f"{at}-later", sink, later_s=LATER_S)
        held.append(later.purchase_id)
        buy(book, f"{at}-lapses", sink)
        charged = buy(book, f"{at}-two", sink)
        book.decide(confirm_purchase, Confirm("shop", charged.purchase_id, later_s=LATER_S))
        refund = RefundPurchase("shop", charged.purchase_id, 1_000, ask=ask(f"{at}-refund", sink))
        book.clock.by(minutes=LATER_S / 60)
        until(lambda: book.one(Purchase, charged.purchase_id).state == PurchaseState.CONFIRMED)  # noqa: B023
        book.decide(refund_purchase, refund)
    # Held: reserved, cancelled. Lapsing: the same. Charged: reserved, completed, refunded.
    until(lambda: len(book.all(ClientEvent, state=EventState.DELIVERED)) == 15 * 5, within_s=60)
    book.clock.at += timedelta(hours=1)
    until(lambda: len(book.all(ClientEvent, state=EventState.DELIVERED)) == 15 * 7, within_s=60)
    stored = {(each.purchase_id, each.place): each for each in book.all(ClientEvent)}
    received: dict[str, list[str]] = {}
    for each in sink.received:
        received.setdefault(each.event["data"]["paymentId"], []).append(each.told)
    expected = [str(stored[key].what) for key in sorted(stored)]
    ids = offices.another().ids
    told_ids = [ids.told(purchase_id, "payment") for purchase_id, _ in sorted(stored)]
    by_purchase = [told for told_id in dict.fromkeys(told_ids) for told in received[told_id]]
    assert by_purchase == expected
    assert len({each.event["id"] for each in sink.received}) == len(sink.received) == 15 * 7
    assert {event.tries for event in stored.values()} == {1}
    assert {book.one(Purchase, purchase_id).state for purchase_id in held} == {PurchaseState.LAPSED}
    assert broken_laws(book.db) == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
