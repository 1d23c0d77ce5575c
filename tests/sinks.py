"""Sinks to deliver to: https servers on this machine that answer what they are told to."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme


@cache
def authority() -> trustme.CA:
    """Who vouches for the sinks."""
    return trustme.CA()


def ca_file(folder: Path) -> Path:
    """Its certificate in a file."""
    file = folder / "authority.pem"
    authority().cert_pem.write_to_path(file)
    return file


@dataclass(frozen=True)
class Received:
    """A post as a sink got it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    @property
    def told(self) -> str:
        """What it tells, in short."""
        return str(self.event["type"]).rpartition(".")[2]


@dataclass
class Sink:
    """Answers each post with the next of its statuses, the last one for ever; what it got is kept."""

    port: int = 0
    answers: list[int] = field(default_factory=lambda: [204])
    received: list[Received] = field(default_factory=list)
    slow_s: float = 0
    gate: threading.Event | None = None
    raw: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    body: Callable[[], Iterator[bytes]] | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/told"

    def next_status(self) -> int:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def told(self) -> list[str]:
        return [each.told for each in self.received]


def until(is_so: Callable[[], bool], within_s: float = 20) -> None:
    """Wait for what somebody else does; that is not the case of a test that fails."""
    end = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)


@contextmanager
def sink_at(name: str = "localhost", *, ca: trustme.CA | None = None) -> Iterator[Sink]:
    """A sink whose certificate is for a name, on a free port of this machine."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {key.lower(): value for key, value in self.headers.items()}
            sink.received.append(Received(self.path, headers, body))
            status = sink.next_status()
            time.sleep(sink.slow_s)
            if sink.gate is not None:
                sink.gate.wait(20)
            if sink.raw:
                self.wfile.write(sink.raw)
                self.close_connection = True
                return
            self.send_response(status)
            for key, value in sink.headers.items():
                self.send_header(key, value)
            if sink.body is None:
                self.send_header("content-length", "0")
            self.end_headers()
            for part in sink.body() if sink.body else ():
                self.wfile.write(part)
            self.close_connection = self.close_connection or sink.body is not None

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (ca or authority()).issue_cert(name).configure_cert(context)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request: Any, client_address: Any) -> None:
            request.settimeout(10)
            with context.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, client_address)

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that left is its own affair."""

    with Server(("127.0.0.1", 0), Handler) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield sink
        server.shutdown()
        thread.join()
