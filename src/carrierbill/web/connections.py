"""Connections: HTTP as httptools reads it, with bounds on how long a request may be and take to arrive."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A form of a page may lie in an address, and the page itself says when it is too long for it.
MOST_BESIDE_BODY = 512_000
MOST_WAIT_S = 30
# A longer address is refused by httptools before any page can say what is wrong with it.
MOST_TAKEN_APART = 65_535
TOO_LATE = 408
SAID = {400: b"Bad Request", TOO_LATE: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class Connection(HttpToolsProtocol):
    """A connection that is closed when what is no body has no end, or a request does not come whole.

    httptools itself takes addresses, headers and trailers of any length, and waits for them for ever; the
    server times only what lies between an answer and the next request.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._beside_body = 0
        self._late: asyncio.TimerHandle | None = self.loop.call_later(MOST_WAIT_S, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what comes, as long as it leads to an end."""
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > MOST_BESIDE_BODY:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins, and has its time from now on."""
        self._arrived()
        self._late = self.loop.call_later(MOST_WAIT_S, self._too_late)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there. A query too long for httptools is handed on as it came."""
        if len(self.url) <= MOST_TAKEN_APART:
            super().on_headers_complete()
            return
        self.url, _, query = self.url.partition(b"?")
        super().on_headers_complete()
        # The answer begins in a later turn of the loop.
        self.scope["query_string"] = query.partition(b"#")[0]

    def on_body(self, body: bytes) -> None:
        """A part of a body; whoever reads it says when it is too long."""
        self._beside_body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there; from now on it is we who let it wait."""
        self._arrived()
        self._beside_body = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        del msg
        self._refuse(400)

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that is asked for is passed over; that is nothing to warn of."""

    def _arrived(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._refuse(TOO_LATE)

    def _refuse(self, status: int) -> None:
        self._arrived()
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle
        # No word may fall into an answer that is under way, and who said nothing is told nothing.
        is_answering = cycle is not None and not cycle.response_complete
        if not is_answering and self._beside_body:
            head = f"HTTP/1.1 {status} ".encode() + SAID[status]
            self.transport.write(head + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
