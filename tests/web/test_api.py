"""What every operation has in common: who asks, what is sent, a correlator on each answer, asked again."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from carrierbill.services.decide import KeyReusedError
from carrierbill.texts.load import read_texts
from carrierbill.web.api import Answer, Api, Asking, Caller, Operation, checked
from carrierbill.web.problems import ProblemError

CALLER = Caller("shop", frozenset({"read", "write"}))


class OpenDoor:
    """Lets in whoever bears a token; one client too often."""

    def __init__(self) -> None:
        self.too_often = False
        self.caller = CALLER

    async def caller_of(self, request: Request) -> Caller:
        if "authorization" not in request.headers:
            raise ProblemError("UNAUTHENTICATED", headers={"WWW-Authenticate": "Bearer"})
        return self.caller

    def check_rate(self, caller: Caller) -> None:
        del caller
        if self.too_often:
            raise ProblemError("TOO_MANY_REQUESTS", headers={"Retry-After": "1"})


class Counter:
    """Two operations: one that gives out numbers, one that reads, and what they were asked."""

    def __init__(self) -> None:
        self.asked: list[Asking] = []
        self.came = asyncio.Queue[Asking]()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def write(self, asking: Asking) -> Answer:
        self.asked.append(asking)
        self.came.put_nowait(asking)
        await self.goes_on.wait()
        if asking.body == {"reused": True}:
            checked(KeyReusedError("k"))
        return Answer(201, b'{"place":%d}' % len(self.asked), {"Location": "/1"})

    async def read(self, asking: Asking) -> Answer:
        self.asked.append(asking)
        return Answer(200, json.dumps([asking.path, asking.query]).encode())


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def door() -> OpenDoor:
    return OpenDoor()


@pytest.fixture
def app(counter: Counter, door: OpenDoor) -> Starlette:
    operations = [
        Operation("write", "POST", "/things", frozenset({"write"}), counter.write, takes_body=True),
        Operation("read", "GET", "/things/{id}", frozenset({"read"}), counter.read),
    ]
    api = Api("/v1", operations, door, read_texts())
    return Starlette(routes=api.routes())


async def send(
    app: Starlette, method: str = "POST", path: str = "/v1/things", **told: Any
) -> httpx2.Response:
    headers = {"Authorization": "Bearer x", "Content-Type": "application/json", **told.pop("headers", {})}
    headers = {name: value for name, value in headers.items() if value is not None}
    told = {"content": b"{}", **told} if method == "POST" else told
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, path, headers=headers, **told)


def asked(app: Starlette, *arguments: str, **told: Any) -> httpx2.Response:
    return asyncio.run(send(app, *arguments, **told))


def code(response: httpx2.Response) -> tuple[int, str]:
    told = response.json()
    assert told["status"] == response.status_code
    assert told["message"]
    return response.status_code, told["code"]


def test_an_answer_bears_the_correlator_of_its_request_or_a_new_one(app: Starlette) -> None:
    assert asked(app, headers={"x-correlator": "a-1"}).headers["x-correlator"] == "a-1"
    first, second = (asked(app).headers["x-correlator"] for _ in range(2))
    assert first != second
    bad = asked(app, headers={"x-correlator": "not one"})
    assert code(bad) == (400, "INVALID_ARGUMENT")
    assert " " not in bad.headers["x-correlator"]


def test_a_request_is_let_in_by_token_then_scope_then_rate(app: Starlette, door: OpenDoor) -> None:
    nobody = asked(app, headers={"Authorization": None})
    assert code(nobody) == (401, "UNAUTHENTICATED")
    assert nobody.headers["www-authenticate"] == "Bearer"
    door.too_often = True
    limited = asked(app)
    assert (code(limited), limited.headers["retry-after"]) == ((429, "TOO_MANY_REQUESTS"), "1")
    door.caller = Caller("shop", frozenset({"read"}))
    assert code(asked(app)) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "told",
    [
        {"content": b"{"},
        {"content": b""},
        {"content": b'{"a": NaN}'},
        {"content": b"\xff"},
        {"content": b"[" * 60_000},
        {"content": b'{"a": "' + b"x" * 70_000 + b'"}'},
        {"headers": {"Content-Type": "text/plain"}},
        {"headers": {"Content-Type": None}},
    ],
)
def test_what_is_no_json_is_refused_and_reaches_no_operation(
    told: dict[str, Any], app: Starlette, counter: Counter
) -> None:
    assert code(asked(app, **told)) == (400, "INVALID_ARGUMENT")
    assert counter.asked == []


def test_an_address_tells_what_it_takes_and_hands_on_its_parts(app: Starlette) -> None:
    wrong = asked(app, "DELETE")
    assert (code(wrong), wrong.headers["allow"]) == ((405, "METHOD_NOT_ALLOWED"), "POST")
    found = asked(app, "GET", "/v1/things/7?a=1&a=2")
    assert found.json() == [{"id": "7"}, [["a", "1"], ["a", "2"]]]


def test_a_key_names_a_request_by_its_body_its_address_and_the_number_of_its_token(
    app: Starlette, counter: Counter, door: OpenDoor
) -> None:
    key = {"Idempotency-Key": "k1"}
    asked(app, content=b'{"a":1,"b":2}', headers=key)
    asked(app, content=b'{ "b": 2, "a": 1 }', headers=key)
    asked(app, content=b'{"a":1,"b":3}', headers=key)
    door.caller = Caller("shop", CALLER.scopes, "+821000000001")
    asked(app, content=b'{"a":1,"b":2}', headers=key)
    first, same, other, of_line = (each.once for each in counter.asked)
    assert first is not None
    assert first == same
    assert (first.client, first.operation, first.key) == ("shop", "write", "k1")
    assert len({each.fingerprint for each in (first, other, of_line) if each is not None}) == 3
    asked(app)
    assert counter.asked[-1].once is None


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b"])
def test_a_key_that_cannot_be_one_is_refused(key: str, app: Starlette) -> None:
    assert code(asked(app, headers={"Idempotency-Key": key})) == (400, "INVALID_ARGUMENT")


def test_a_key_used_for_something_else_is_told_so(app: Starlette) -> None:
    assert code(asked(app, content=b'{"reused": true}')) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_while_the_first_is_running_the_same_key_is_refused_and_another_is_not(
    app: Starlette, counter: Counter
) -> None:
    async def run() -> list[httpx2.Response]:
        counter.goes_on, counter.came = asyncio.Event(), asyncio.Queue()
        key = {"Idempotency-Key": "k1"}
        first = asyncio.create_task(send(app, headers=key))
        await counter.came.get()
        second = await send(app, headers=key)
        third = asyncio.create_task(send(app, headers={"Idempotency-Key": "k2"}))
        await counter.came.get()
        counter.goes_on.set()
        return [await first, second, await third, await send(app, headers=key)]

    first, second, third, after = asyncio.run(run())
    assert [first.status_code, third.status_code, after.status_code] == [201, 201, 201]
    assert code(second) == (409, "ALREADY_EXISTS")
