"""A service that lives says so; one that should not be asked now says every reason, and no secret."""

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from books import Books
from carrierbill.storage.schema import versions
from carrierbill.web import health
from carrierbill.web.health import Health


class Part:
    """A part that a test stops."""

    def __init__(self) -> None:
        self.is_alive = True


def client_of(watched: Health) -> TestClient:
    return TestClient(Starlette(routes=watched.routes()))


def test_who_can_answer_lives_and_one_with_all_its_parts_is_ready(book: Books) -> None:
    client = client_of(Health(book.db, worker=Part(), commits=Part()))
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "alive"})
    assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (200, {"status": "ready"})


def test_every_reason_is_told_at_once(book: Books) -> None:
    worker, commits = Part(), Part()
    watched = Health(book.db, worker=worker, commits=commits)
    worker.is_alive = commits.is_alive = False
    watched.stopping = True
    answer = client_of(watched).get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "reasons": ["stopping", "worker_stopped", "commits_stopped"],
    }
    assert answer.headers["retry-after"] == "1"
    assert client_of(watched).get("/healthz").status_code == 200


def test_a_database_of_another_schema_is_not_ready(book: Books) -> None:
    with book.db.session() as session:
        session.rows("UPDATE alembic_version SET version_num = '0000'")
    answer = client_of(Health(book.db)).get("/readyz")
    assert answer.json()["reasons"] == ["schema_not_newest"]


@pytest.mark.parametrize("error", [OSError("password=geheim"), OperationalError("geheim", {}, OSError())])
def test_a_database_that_fails_is_told_of_without_what_it_said(
    book: Books, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Any) -> str:
        raise error

    monkeypatch.setattr(health, "version_of", fails)
    answer = client_of(Health(book.db)).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["database_unreachable"]
    assert "geheim" not in answer.text


def test_a_database_that_hangs_is_asked_by_one_at_a_time(
    book: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    goes_on = threading.Event()

    def hangs(_: Any) -> str:
        asked.append(1)
        goes_on.wait(10)
        return versions()[-1]

    monkeypatch.setattr(health, "version_of", hangs)
    monkeypatch.setattr(health, "MOST_WAIT_S", 0.5)
    monkeypatch.setattr(health, "GOOD_FOR_S", 0.0)

    async def ask() -> None:
        watched = Health(book.db)
        found = await asyncio.gather(*(watched.reasons() for _ in range(20)))
        assert found == [["database_unreachable"]] * 20
        assert len(asked) == 1
        goes_on.set()
        await asyncio.sleep(0.2)
        assert await watched.reasons() == []

    asyncio.run(ask())


def test_who_asks_often_keeps_no_database_busy(book: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(_: Any) -> str:
        asked.append(1)
        return versions()[-1]

    monkeypatch.setattr(health, "version_of", counted)

    async def ask() -> None:
        watched = Health(book.db)
        for _ in range(50):
            assert await watched.reasons() == []

    asyncio.run(ask())
    assert len(asked) == 1
