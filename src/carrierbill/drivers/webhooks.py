"""Webhooks: posts to where strangers said: https only, no redirects, into the open network alone."""

import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import anyio
import httpcore2
import httpx2

from carrierbill.drivers.addresses import is_public

HTTPS_PORT = 443
MOST_PORT = 65_535
# Where other services listen, which a post must not be taken for a command by.
OTHERS_PORTS = frozenset(
    {*range(1, 80), *range(81, 443), 445, 465, *range(512, 516), 526, 530, 531, 532, 540, 548, 554, 556, 563}
    | {587, 601, 636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2375, 3306, 3659, 4045, 4190}
    | {5060, 5061, 5432, 6000, 6379, 6566, *range(6665, 6670), 6679, 6697, 10080, 11211}
)
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
# Names that are resolved inside of a house.
HOUSE_NAMES = ("localhost", "local", "internal", "home.arpa", "lan")
MOST_URL_LETTERS, MOST_NAME_LETTERS = 2_000, 253
MOST_BODY_BYTES = 65_536
CONNECT_S, BODY_S = 4, 1
# Looks up a host: its addresses, as text.
Resolve = Callable[[str], Awaitable[Sequence[str]]]
Post = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]


class UnreachableError(Exception):
    """A post that was not answered; `why` in one word, without what was sent or where."""

    def __init__(self, why: str) -> None:
        """Say why."""
        super().__init__(why)
        self.why = why


# ── where to ─────────────────────────────────────────────────────────────────────────────────────────────
def check_sink(url: str, *, private: bool = False) -> str | None:
    """What is wrong with an address that events are to be sent to, in a word; None where it will do.

    Nothing is looked up. `private` allows addresses inside of a house.

    >>> check_sink("https://shop.example/events"), check_sink("http://shop.example/"), check_sink("https://10.0.0.1")
    (None, 'scheme', 'host')
    """
    if len(url) > MOST_URL_LETTERS or not url.isprintable() or any(letter in url for letter in " \\"):
        return "url"
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return "url"
    if parsed.scheme != "https":
        return "scheme"
    if "@" in url.partition("://")[2].partition("/")[0] or parsed.userinfo:
        return "userinfo"
    if (
        not 0 < (HTTPS_PORT if parsed.port is None else parsed.port) <= MOST_PORT
        or parsed.port in OTHERS_PORTS
    ):
        return "port"
    return None if _is_host(parsed.raw_host.decode("ascii"), private=private) else "host"


def _is_host(host: str, *, private: bool) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return _is_name(host, private=private)
    return private or is_public(host)


def _is_name(host: str, *, private: bool) -> bool:
    if len(host) > MOST_NAME_LETTERS or NAME.fullmatch(host) is None:
        return False
    # A name whose last part is a number is an address in some old writing.
    if host.rpartition(".")[2].removeprefix("0x").isdecimal():
        return False
    return private or ("." in host and not f".{host}".endswith(tuple(f".{each}" for each in HOUSE_NAMES)))


# ── how ──────────────────────────────────────────────────────────────────────────────────────────────────
class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to a host at an address that was looked at, and to no other, however often names change."""

    def __init__(self, resolve: Resolve, *, private: bool = False) -> None:
        """`private` allows any address."""
        self._resolve, self._private = resolve, private
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(  # type: ignore[override]  # the pool calls it by these names
        self,
        host: str,
        port: int,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # as the pool calls it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Look the host up once; if any of its addresses is inside of a house, connect to none."""
        try:
            addresses = await self._resolve(host)
        except (OSError, UnicodeError):
            raise UnreachableError("name") from None
        if not addresses:
            raise UnreachableError("name")
        if not self._private and not all(is_public(address) for address in addresses):
            raise UnreachableError("address")
        del local_address, socket_options  # none are asked for
        return await self._first(dict.fromkeys(addresses), port, connect_s=timeout)

    async def _first(
        self, addresses: Iterable[str], port: int, *, connect_s: float | None
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first address that takes one."""
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout=connect_s)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        raise UnreachableError("connection")


class Webhooks:
    """Posts over TLS that names the host asked for; certificates of `ca_file` are trusted too."""

    def __init__(
        self, resolve: Resolve, *, private: bool = False, ca_file: Path | None = None, within_s: float = 10
    ) -> None:
        """Read the certificates; `within_s` is for the whole of a post."""
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            self._tls.load_verify_locations(ca_file)
        self._resolve, self._private, self._within_s = resolve, private, within_s

    @asynccontextmanager
    async def open(self, most: int) -> AsyncIterator[Post]:
        """Up to so many connections, kept for a while for further posts to the same host."""
        network = CheckedNetwork(self._resolve, private=self._private)
        pool = httpcore2.AsyncConnectionPool(
            self._tls, max_connections=most, keepalive_expiry=5, network_backend=network
        )

        async def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
            wrong = check_sink(url, private=self._private)
            if wrong is not None:
                raise UnreachableError(wrong)
            try:
                with anyio.fail_after(self._within_s):
                    return await _posted(pool, url, headers, body=body)
            except TimeoutError:
                raise UnreachableError("timeout") from None

        async with pool:
            yield post


async def _posted(
    pool: httpcore2.AsyncConnectionPool, url: str, headers: Mapping[str, str], *, body: bytes
) -> int:
    parsed = httpx2.URL(url)
    # One reading of the address for the check and for the connection, so that they cannot differ.
    target = httpcore2.URL(
        scheme=b"https", host=parsed.raw_host, port=parsed.port or HTTPS_PORT, target=parsed.raw_path
    )
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    given.append((b"host", parsed.netloc))
    try:
        timeouts = {"timeout": {"connect": CONNECT_S}}
        async with pool.stream("POST", target, headers=given, content=body, extensions=timeouts) as response:
            await _read_some(response)
            return response.status
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
        raise UnreachableError("tls" if _is_of_tls(error) else "connection") from None
    except (httpcore2.NetworkError, httpcore2.TimeoutException):
        raise UnreachableError("connection") from None
    except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol):
        raise UnreachableError("protocol") from None


def _is_of_tls(error: BaseException | None) -> bool:
    """Whether a failure began with that of TLS, a certificate's perhaps."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


async def _read_some(response: httpcore2.Response) -> None:
    """Read what a sink says beside its status, a little, so that the connection is good for more."""
    left = MOST_BODY_BYTES
    with anyio.move_on_after(BODY_S):
        try:
            async for part in response.aiter_stream():
                left -= len(part)
                if left < 0:
                    return
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            return
