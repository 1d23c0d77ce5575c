"""A request that has no end, or never comes whole, is let go; what the pages need gets through."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from carrierbill.web import connections
from carrierbill.web.connections import MOST_BESIDE_BODY, Connection

HOST = "127.0.0.1"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the query and the body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    if scope["path"] == "/slow":
        await asyncio.sleep(0.6)
    body = f"{len(scope['query_string'])} {size}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        config = uvicorn.Config(
            echo,
            http=Connection,
            loop="uvloop",
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="error",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def said(port: int, *parts: bytes) -> bytes:
    """All that is answered until the other side hangs up."""
    with socket.create_connection((HOST, port), timeout=10) as line:
        for part in parts:
            try:
                line.sendall(part)
            except OSError:
                break
        got = b""
        try:
            while chunk := line.recv(65_536):
                got += chunk
        except ConnectionResetError:
            pass
        return got


@pytest.mark.parametrize("length", [9, 65_533, 65_534, 400_000])
def test_a_long_address_gets_through(port: int, length: int) -> None:
    address = b"GET /?" + b"q" * length + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert said(port, address).endswith(b"%d 0" % length)


def test_a_path_that_is_longer_than_any_is_refused(port: int) -> None:
    address = b"GET /" + b"p" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert said(port, address).startswith(b"HTTP/1.1 400 Bad Request")


def test_a_long_body_gets_through(port: int) -> None:
    body = POST + b"Connection: close\r\nContent-Length: 3000000\r\n\r\n"
    assert said(port, body, b"b" * 3_000_000).endswith(b"0 3000000")


def test_many_requests_come_by_one_connection(port: int) -> None:
    one = POST + b"Content-Length: 50000\r\n\r\n" + b"b" * 50_000
    last = GET + b"Connection: close\r\n\r\n"
    assert said(port, *[one] * 30, last).count(b"HTTP/1.1 200 OK") == 31


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + b"q" * (MOST_BESIDE_BODY + 1),
        GET + b"X: " + b"h" * (MOST_BESIDE_BODY + 1),
        GET + b"X: h\r\n" * 100_000,
    ],
)
def test_a_head_without_end_is_refused(port: int, endless: bytes) -> None:
    assert said(port, endless).startswith(
        b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close"
    )


def test_a_trailer_without_end_is_let_go(port: int) -> None:
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nX: "
    assert said(port, chunked, b"t" * (MOST_BESIDE_BODY + 1)) == b""


def test_what_is_no_http_is_refused(port: int) -> None:
    assert said(port, b"\x16\x03\x01nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_an_upgrade_that_is_asked_for_is_passed_over(port: int) -> None:
    asked = GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    with socket.create_connection((HOST, port), timeout=10) as line:
        line.sendall(asked)
        assert line.recv(65_536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("begun", "answer"),
    [
        (b"", b""),
        (b"GET /", b"HTTP/1.1 408 Request Timeout"),
        (GET, b"HTTP/1.1 408 Request Timeout"),
        (POST + b"Content-Length: 9\r\n\r\nabc", b""),
    ],
)
def test_who_does_not_come_to_an_end_is_let_go(
    port: int, begun: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_WAIT_S", 0.3)
    began = time.monotonic()
    assert said(port, begun).startswith(answer)
    assert 0.25 < time.monotonic() - began < 5


def test_a_request_that_came_whole_may_take_its_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_WAIT_S", 0.3)
    slow = b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert said(port, slow).startswith(b"HTTP/1.1 200 OK")
