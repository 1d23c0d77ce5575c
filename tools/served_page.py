"""Served page: how long the site takes for an answer page, and how much a first visit fetches."""

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

from carrierbill.bootstrap import start
from carrierbill.web.app import make_app

ON = date(2025, 11, 30)
ASKED = {
    "carrier": "SKT",
    "principal": "50000",
    "due": "2025-09-30",
    "on": ON.isoformat(),
    "rules": "guide",
    "lang": "ko",
}
LINKED = re.compile(r"""(?:href|src)="(/static/[^"]+)["]""")
OK = 200


@dataclass(frozen=True, slots=True)
class Served:
    """The seconds each request took, the page's bytes, and those of the page with all it links to."""

    seconds: list[float]
    page_bytes: int
    cold_bytes: int


def served(requests: int) -> Served:
    """Ask for one answer again and again, without server and network between."""
    return asyncio.run(_served(make_app(start({}), lambda: ON), requests))


async def _served(site: ASGIApp, requests: int) -> Served:
    query = urlencode(ASKED)
    page = await body_of(site, "/bill", query)
    linked = {path: await body_of(site, path) for path in LINKED.findall(page.decode())}
    seconds = []
    for _ in range(requests):
        begun = time.perf_counter()
        await body_of(site, "/bill", query)
        seconds.append(time.perf_counter() - begun)
    return Served(seconds, len(page), len(page) + sum(len(body) for body in linked.values()))


async def body_of(site: ASGIApp, path: str, query: str = "") -> bytes:
    """The body of an answer; RuntimeError when it is not what was asked for."""
    sent: list[Message] = []

    async def receive() -> Message:  # ASGI awaits it
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:  # ASGI awaits it
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "client": ("localhost", 1),
    }
    await site(scope, receive, send)
    if sent[0]["status"] != OK:
        raise RuntimeError(f"{path} answered {sent[0]['status']}")
    return b"".join(message.get("body", b"") for message in sent[1:])
