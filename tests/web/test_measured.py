"""What the service measures of itself is counted by operation, and tells nothing of anybody."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from books import Books
from carrierbill.bootstrap import start
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.request import Ask, ClientEvent, EventState
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.ports import Once
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web import measured
from carrierbill.web.measured import Measured, MeasuredCommits, MeasuredDatabase, MeasuredJob, MeasuredWorker
from carrierbill.web.metrics import Metrics, MetricsPage
from carrierbill.web.office import Office
from carrierbill.web.overload import Load
from carrierbill.web.rounds import Failures, Footing
from carrierbill.web.worker import Worker
from money_steps import shop_line


def values(metrics: Metrics) -> dict[str, float]:
    """Each measure by its name and labels, as a reader sees it."""
    return {
        " ".join((sample.name.removeprefix("carrierbill_"), *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


async def thing(request: Request) -> Response:
    if request.path_params["id"] == "broken":
        raise RuntimeError
    if request.path_params["id"] == "slow":
        await asyncio.sleep(0.03)
    return Response("{}", 404 if request.path_params["id"] == "none" else 200, {"x-correlator": "c-1"})


def asked(metrics: Metrics, *paths: str) -> None:
    """Ask a small program, each path once."""
    routes = [Route("/api/things/{id}", thing), Route("/page/{id}", thing)]
    program = Measured(Starlette(routes=routes), metrics, {("GET", "/api/things/{id}"): "getThing"})

    async def ask() -> None:
        transport = httpx2.ASGITransport(app=program, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            for path in paths:
                await client.get(path)

    asyncio.run(ask())


def test_answers_are_counted_by_operation_and_class_and_never_by_address() -> None:
    metrics = Metrics(Load())
    asked(metrics, "/api/things/7", "/api/things/8", "/api/things/none", "/page/01012345678", "/nobody/1")
    found = values(metrics)
    assert found["requests_total getThing 2xx"] == 2
    assert found["requests_total getThing 4xx"] == 1
    assert found["requests_total /page/{id} 2xx"] == 1
    assert found["requests_total nowhere 4xx"] == 1
    assert found["request_seconds_count getThing"] == 3
    assert b"01012345678" not in metrics.text()
    assert b"nobody" not in metrics.text()


def test_what_failed_or_was_slow_is_logged_and_nothing_else(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "SLOW_S", 0.02)
    metrics = Metrics(Load())
    asked(metrics, "/api/things/7", "/api/things/none", "/api/things/broken", "/api/things/slow")
    told = [
        (each.levelno, each.__dict__["operation"], each.__dict__["status"], each.__dict__["correlator"])
        for each in caplog.records
        if each.name == "carrierbill.answers"
    ]
    assert told == [(logging.ERROR, "getThing", 500, None), (logging.WARNING, "getThing", 200, "c-1")]
    assert values(metrics)["requests_total getThing 5xx"] == 1


def test_what_is_under_way_and_refused_is_told() -> None:
    load = Load()
    metrics = Metrics(load)
    load.begin()
    metrics.refused.inc()
    found = values(metrics)
    assert found["requests_in_flight"] == 1
    assert found["requests_refused_total"] == 1


@dataclass(frozen=True)
class Command:
    """Asks for nothing in particular."""

    once: Once | None = None


def said(commands: Sequence[Command], unit: UnitOfWork, rules: RuleSet) -> list[str]:
    del unit, rules
    return ["done" for _ in commands]


def test_commits_tell_how_many_share_one_and_how_many_wait(book: Books) -> None:
    metrics = Metrics(Load())
    database = MeasuredDatabase(book.db, metrics)
    commits = MeasuredCommits(database, book.rules, metrics)
    held = threading.Event()

    def slowly(commands: Sequence[Command], unit: UnitOfWork, rules: RuleSet) -> list[str]:
        held.wait(10)
        return said(commands, unit, rules)

    async def ask() -> None:
        asking = [asyncio.create_task(commits.decide(slowly, Command())) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert values(metrics)["commit_waiting"] == 5
        held.set()
        assert await asyncio.gather(*asking) == ["done"] * 5

    asyncio.run(ask())
    found = values(metrics)
    assert found["commit_commands_sum"] == 5
    assert found["commit_seconds_count"] == found["commit_commands_count"] <= 2
    assert found["commit_waiting"] == 0
    assert commits.is_alive
    commits.close()
    assert not commits.is_alive


class Errand:
    """A job of a test's."""

    name, every_s, apart = "errand", 60.0, False

    def __init__(self) -> None:
        self.ran = 0

    def is_due(self, session: Any, unit: Any) -> bool:
        del session, unit
        return self.ran == 0

    def run(self, is_stopping: Any) -> None:
        del is_stopping
        self.ran += 1
        if self.ran > 1:
            raise RuntimeError


def test_a_job_tells_how_long_it_took_and_when_it_failed() -> None:
    metrics = Metrics(Load())
    job = MeasuredJob(Errand(), metrics)
    job.run(lambda: False)
    with pytest.raises(RuntimeError):
        job.run(lambda: False)
    found = values(metrics)
    assert found["job_seconds_count errand"] == 2
    assert found["job_failures_total errand"] == 1


def test_a_worker_tells_whether_it_works(book: Books) -> None:
    metrics = Metrics(Load())
    errand = Errand()
    worker = Worker(Footing(book.db, book.rules, Failures()), [errand])
    watched = MeasuredWorker.of(worker, metrics)
    assert watched.owner == worker.owner
    assert not watched.is_alive
    watched.start()
    assert watched.is_alive
    assert watched.stop(10)  # type: ignore[unreachable]  # it has begun meanwhile
    assert not watched.is_alive
    assert values(metrics).get("job_seconds_count errand", 0) == errand.ran


def office_of(book: Books, metrics: Metrics) -> Office:
    database = MeasuredDatabase(book.db, metrics)
    commits = MeasuredCommits(database, book.rules, metrics)
    return Office(start({}), database, book.rules, commits, demo=False)


def shown(metrics: Metrics, office: Office) -> bytes:
    answer = asyncio.run(MetricsPage(metrics, office).answer(Request({"type": "http", "headers": []})))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return bytes(answer.body)


def told(book: Books) -> ClientEvent:
    """A purchase, of which its client is to be told."""
    ask = Ask(reference="ref", sink="https://shop.example/told")
    book.decide(authorise_purchase, Authorise("shop", book.number(shop_line(book)), 9_000, ask=ask))
    (event,) = book.all(ClientEvent)
    return event


def test_events_that_are_not_delivered_are_counted(book: Books) -> None:
    event = told(book)
    for state, waiting, dead in (
        (EventState.WAITING, 1, 0),
        (EventState.DEAD, 0, 1),
        (EventState.DELIVERED, 0, 0),
    ):
        with book.db.unit() as unit:
            (stored,) = unit.load(ClientEvent, id=[event.id])
            unit.put(replace(stored, state=state))
        metrics = Metrics(Load())
        office = office_of(book, metrics)
        assert f'carrierbill_events{{state="waiting"}} {waiting}.0' in shown(metrics, office).decode()
        assert f'carrierbill_events{{state="dead"}} {dead}.0' in shown(metrics, office).decode()
        office.commits.close()


def test_who_asks_often_is_told_what_was_counted_before(book: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    looks = Office.look

    async def counted(office: Office, reading: Any) -> Any:
        looked.append(reading)
        return await looks(office, reading)

    monkeypatch.setattr(Office, "look", counted)
    metrics = Metrics(Load())
    office = office_of(book, metrics)
    for _ in range(5):
        shown(metrics, office)
    assert len(looked) == 1
    office.commits.close()


def test_connections_are_counted_where_there_are_several(book: Books) -> None:
    metrics = Metrics(Load())
    office = office_of(book, metrics)
    shown(metrics, office)
    with book.db.session():
        found = shown(metrics, office).decode()
    assert 'carrierbill_database_connections{state="in_use"} 1.0' in found
    office.commits.close()


def test_a_database_that_is_away_hides_no_measure(book: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: Any, __: Any) -> Any:
        raise OSError

    monkeypatch.setattr(Office, "look", away)
    metrics = Metrics(Load())
    office = office_of(book, metrics)
    assert b"carrierbill_requests_in_flight" in shown(metrics, office)
    office.commits.close()
