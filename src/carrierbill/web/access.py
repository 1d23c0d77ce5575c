"""Access: who asks, by the access token that a request bears, and whether too often."""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from carrierbill.domain.access import Access, Client
from carrierbill.domain.errors import BadInputError
from carrierbill.drivers.token_provider import TokenProvider
from carrierbill.storage.clients import clients_in
from carrierbill.storage.sealed import normalised_number
from carrierbill.storage.signing import AccessTokens, key_id_in, tokens_of
from carrierbill.web.api import Caller
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError

BEARER = "bearer"
# Longer ones are not looked at.
MOST_TOKEN = 8_192
MOST_KNOWN = 10_000
# How old what is known of clients and keys may be: a client that is disabled asks so long at most.
FRESH_S = 1


@dataclass(frozen=True, slots=True)
class Known:
    """A token that was verified: whom it lets in, and until which second."""

    caller: Caller
    until_s: int


class Rate:
    """So many requests a second and client, a second's worth of them at once; 0 sets no limit."""

    def __init__(self, a_second: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody."""
        self._a_second, self._monotonic = a_second, monotonic
        # What each client has left, and when that was so.
        self._left: dict[str, tuple[float, float]] = {}

    def check(self, client: str) -> None:
        """ProblemError TOO_MANY_REQUESTS, with the seconds to wait, for a client that has none left."""
        if not self._a_second:
            return
        now = self._monotonic()
        left, at = self._left.get(client, (self._a_second, now))
        left = min(self._a_second, left + (now - at) * self._a_second)
        if left < 1:
            wait_s = max(1, math.ceil((1 - left) / self._a_second))
            raise ProblemError("TOO_MANY_REQUESTS", headers={"Retry-After": str(wait_s)})
        self._left[client] = (left - 1, now)


class Gate:
    """Lets clients in by their tokens, ours or the provider's; fills `Door`."""

    def __init__(
        self,
        office: Office,
        *,
        tokens: AccessTokens | None = None,
        provider: TokenProvider | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read or make the signing keys; BadInputError, in one line, where they cannot be used."""
        settings = office.app.settings
        self.office, self.monotonic = office, monotonic
        self.tokens = tokens or tokens_of(office.database, settings)
        if provider is None and settings.oidc_issuer is not None:
            provider = TokenProvider(settings.oidc_issuer)
        self._provider, self._fetching = provider, asyncio.Lock()
        self._rate = Rate(settings.rate_limit, monotonic)
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._clients: Mapping[str, Client] = {}
        self._missing: set[str] = set()
        self._read_at, self._reading = -math.inf, asyncio.Lock()

    async def caller_of(self, request: Request) -> Caller:
        """Who asks; ProblemError UNAUTHENTICATED without a token that is good now, of an active client."""
        token = _token_in(request)
        if self.monotonic() - self._read_at >= FRESH_S:
            await self._refresh()
        now_s = math.floor(self.office.now.timestamp())
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            known = await self._verified(token, now_s)
            self._keep(digest, known)
        else:
            self._known.move_to_end(digest)
        client = self._clients.get(known.caller.client)
        if known.until_s <= now_s or client is None or not client.is_active:
            raise _not_known()
        return known.caller

    def check_rate(self, caller: Caller) -> None:
        """ProblemError TOO_MANY_REQUESTS, with Retry-After, for a client that asks too often."""
        self._rate.check(caller.client)

    async def _verified(self, token: str, now_s: int) -> Known:
        access = await self._access_of(token, now_s)
        client = await self._client(access.client) if access is not None else None
        if access is None or client is None:
            raise _not_known()
        number = access.number
        if number is not None:
            try:
                number = normalised_number(number)
            except BadInputError:
                raise _not_known() from None
        # A provider may tell more than was agreed here.
        scopes = access.scopes & frozenset(client.scopes)
        return Known(Caller(client.id, scopes, number), access.until_s)

    async def _access_of(self, token: str, now_s: int) -> Access | None:
        key_id = key_id_in(token)
        if key_id is None:
            return None
        if self.tokens.knows(key_id) or (self._reread() and self.tokens.knows(key_id)):
            return self.tokens.access_of(token, key_id, now_s)
        provider = self._provider
        if provider is None:
            return None
        if provider.is_due(key_id):
            async with self._fetching:
                # Who waited for another's fetching finds it done.
                if provider.is_due(key_id):
                    await run_in_threadpool(provider.fetch)
        return provider.access_of(token, key_id, now_s)

    async def _client(self, client_id: str) -> Client | None:
        """A client by its id; of one that is not known yet the list is read once more, now."""
        if client_id not in self._clients and client_id not in self._missing:
            self._missing.add(client_id)
            async with self._reading:
                await self._read()
        return self._clients.get(client_id)

    async def _refresh(self) -> None:
        async with self._reading:
            # Who waited for another's reading finds it done.
            if self.monotonic() - self._read_at >= FRESH_S:
                await self._read()
                self._missing.clear()
                self._reread()

    async def _read(self) -> None:
        began_at = self.monotonic()
        self._clients = await self.office.look(clients_in)
        self._read_at = began_at

    def _reread(self) -> bool:
        """Take in signing keys that were turned; what the old ones let in is verified anew."""
        turned = self.tokens.reread()
        if turned:
            self._known.clear()
        return turned

    def _keep(self, digest: bytes, known: Known) -> None:
        self._known[digest] = known
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)


def _token_in(request: Request) -> str:
    """The access token of a request; ProblemError for none, or for what is none."""
    given = request.headers.getlist("authorization")
    if not given:
        raise ProblemError("UNAUTHENTICATED", headers={"WWW-Authenticate": "Bearer"})
    kind, _, token = given[0].partition(" ")
    if len(given) > 1 or kind.lower() != BEARER or not token.strip() or len(token) > MOST_TOKEN:
        raise _not_known()
    return token.strip()


def _not_known() -> ProblemError:
    return ProblemError("UNAUTHENTICATED", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
