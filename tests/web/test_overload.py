"""More than can be answered soon is refused at once, in the interfaces' shape; all else is answered."""

import asyncio
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from carrierbill.texts.load import read_texts
from carrierbill.web import overload
from carrierbill.web.overload import FEW, LONGEST_RETRY_S, MOST, WINDOW_S, Load, Overload

HOST = "http://test"


class Watch:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def busy(watch: Watch, count: int) -> Load:
    load = Load(watch)
    for _ in range(count):
        load.begin()
    return load


def work(load: Load, watch: Watch, *, a_second: int, seconds: float = 2) -> None:
    """Answer so many a second and take as many anew."""
    for _ in range(round(seconds / WINDOW_S)):
        for _ in range(round(a_second * WINDOW_S)):
            load.end()
            load.begin()
        watch.at += WINDOW_S
        assert load.expected_s >= 0


def told(load: Load) -> bool:
    """What it says now, which may be another thing than before."""
    return load.is_too_much


def test_few_requests_are_taken_however_slow_they_are() -> None:
    watch = Watch()
    load = busy(watch, FEW - 1)
    work(load, watch, a_second=4)
    assert not load.is_too_much


def test_as_many_as_share_a_commit_are_taken_and_no_more() -> None:
    assert not busy(Watch(), MOST - 1).is_too_much
    assert busy(Watch(), MOST).is_too_much


def test_who_would_wait_for_more_than_a_second_is_refused() -> None:
    watch = Watch()
    load = busy(watch, 200)
    work(load, watch, a_second=400)
    assert 0.49 < load.expected_s < 0.51
    assert told(load) is False
    work(load, watch, a_second=100, seconds=4)
    assert 1.9 < load.expected_s < 2.1
    assert told(load) is True
    assert load.retry_after_s in {2, 3}


def test_a_standstill_is_noticed_and_its_end_too() -> None:
    watch = Watch()
    load = busy(watch, 200)
    work(load, watch, a_second=1_000)
    for _ in range(6):
        watch.at += WINDOW_S
        assert load.expected_s >= 0
    assert load.is_too_much
    work(load, watch, a_second=1_000)
    assert not load.is_too_much


def test_what_an_idle_server_did_says_nothing_of_what_it_can_do() -> None:
    watch = Watch()
    load = busy(watch, 1)
    work(load, watch, a_second=4, seconds=10)
    for _ in range(MOST - 2):
        load.begin()
    assert load.expected_s == 0
    assert not load.is_too_much


def test_nobody_is_sent_away_for_long() -> None:
    watch = Watch()
    load = busy(watch, MOST)
    assert load.retry_after_s == 1
    work(load, watch, a_second=4, seconds=4)
    assert load.retry_after_s == LONGEST_RETRY_S


class Site:
    """A program whose answers can be held back, behind the guard."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.bodies: list[bytes] = []
        self.refused = 0
        routes = [
            Route("/api/v1/things", self.thing, methods=["GET", "POST"]),
            Route("/healthz", self.page),
            Route("/apix", self.page),
        ]
        self.load = Load()
        self.app = Overload(
            Starlette(routes=routes), ["/api"], texts=read_texts(), load=self.load, refused=self._count
        )
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=HOST)

    def _count(self) -> None:
        self.refused += 1

    async def thing(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        await self.gate.wait()
        return JSONResponse({})

    async def page(self, request: Request) -> Response:
        del request
        return JSONResponse({})


async def filled(site: Site, monkeypatch: pytest.MonkeyPatch) -> list["asyncio.Task[httpx2.Response]"]:
    """As many requests under way as are taken: two."""
    monkeypatch.setattr(overload, "MOST", 2)
    monkeypatch.setattr(overload, "FEW", 1)
    taken = [asyncio.create_task(site.client.post("/api/v1/things", json=place)) for place in range(2)]
    while site.load.in_flight < len(taken):  # noqa: ASYNC110  # the program under test tells nobody
        await asyncio.sleep(0.001)
    return taken


def test_one_too_many_is_refused_at_once_in_the_interfaces_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> None:
        site = Site()
        taken = await filled(site, monkeypatch)
        for answer in (
            await site.client.post("/api/v1/things", json={}, headers={"x-correlator": "mine-1"}),
            await site.client.get("/api/v1/things", headers={"x-correlator": "mine-1"}),
        ):
            assert answer.status_code == 429
            assert answer.json() == {
                "status": 429,
                "code": "TOO_MANY_REQUESTS",
                "message": "Too many requests; try again a little later.",
            }
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["x-correlator"] == "mine-1"
        assert site.refused == 2
        assert len((await site.client.get("/api/v1/things")).headers["x-correlator"]) == 36
        strange = await site.client.get("/api/v1/things", headers={"x-correlator": "a b"})
        assert strange.headers["x-correlator"] != "a b"
        site.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*taken)] == [200, 200]
        assert (await site.client.post("/api/v1/things", json={})).status_code == 200
        assert site.load.in_flight == 0

    asyncio.run(asked())


def test_pages_and_health_are_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> None:
        site = Site()
        taken = await filled(site, monkeypatch)
        assert (await site.client.get("/healthz")).status_code == 200
        assert (await site.client.get("/apix")).status_code == 200
        site.gate.set()
        await asyncio.gather(*taken)

    asyncio.run(asked())


def scope_of(method: str = "POST") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": "/api/v1/things", "headers": [], "query_string": b""}


def test_who_sends_slowly_takes_nobodys_place_and_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> None:
        site = Site()
        site.gate.set()
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.sleep(60)

        async def send(message: Any) -> None:
            sent.append(message)

        monkeypatch.setattr(overload, "MOST_WAIT_S", 0.2)
        slow = asyncio.create_task(site.app(scope_of(), receive, send))
        await asyncio.sleep(0.05)
        assert site.load.in_flight == 0
        await slow
        assert sent[0]["status"] == 400
        assert (b"connection", b"close") in sent[0]["headers"]
        assert b"INVALID_ARGUMENT" in sent[1]["body"]
        assert site.bodies == []

    asyncio.run(asked())


def test_a_place_that_was_taken_while_a_body_came_is_not_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> None:
        site = Site()
        sent: list[Any] = []
        taken: list[Any] = []

        async def receive() -> Any:
            taken.extend(await filled(site, monkeypatch))
            return {"type": "http.request", "body": b"{}", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await site.app(scope_of(), receive, send)
        assert sent[0]["status"] == 429
        site.gate.set()
        await asyncio.gather(*taken)

    asyncio.run(asked())


def test_a_body_arrives_as_it_was_sent_and_too_much_of_it_only_in_part() -> None:
    async def asked() -> None:
        site = Site()
        site.gate.set()
        parts = [b"a" * 40_000, b"b" * 40_000, b"c" * 40_000]
        left = iter(parts)
        read = []

        async def receive() -> Any:
            part = next(left)
            read.append(len(part))
            return {"type": "http.request", "body": part, "more_body": part != parts[-1]}

        again = await overload.arrived(receive)
        assert read == [40_000, 40_000]
        got = [await again() for _ in range(3)]
        assert [message["body"] for message in got] == parts
        assert [message["more_body"] for message in got] == [True, True, False]
        await site.client.post("/api/v1/things", content=b"xyz")
        assert site.bodies == [b"xyz"]

    asyncio.run(asked())
