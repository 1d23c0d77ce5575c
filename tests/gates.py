"""A gate to ask at: an office over books, registered clients, an interface of one question behind it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from books import Books
from carrierbill.bootstrap import start
from carrierbill.domain.access import SCOPES, Access
from carrierbill.drivers.token_provider import TokenProvider
from carrierbill.services.admit_client import AdmitClient, admit_client
from carrierbill.storage.clients import ClientSecrets
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.web.access import Gate
from carrierbill.web.api import Answer, Api, Asking, Operation
from carrierbill.web.office import Office
from carrierbill.web.tokens import TokenDesk
from fake_provider import Ticks

SECRET = "s3cret"  # noqa: S105  # of a client that is made up
READ, WRITE = "carrier-billing:payments:read", "carrier-billing:payments:write"


class Entrance:
    """Everything around the gate, and short words for what tests do with it."""

    def __init__(self, book: Books, gate: Gate, ticks: Ticks) -> None:
        self.book, self.gate, self.ticks = book, gate, ticks
        operation = Operation("whoAmI", "GET", "/who", frozenset({READ}), self._told)
        api = Api("", [operation], gate, gate.office.app.texts)
        # The interface answers every address below its own, which here is all of them.
        routes = [*TokenDesk(gate).routes(), *api.routes()]
        self.client = TestClient(Starlette(routes=routes), follow_redirects=False)

    async def _told(self, asking: Asking) -> Answer:
        caller = asking.caller
        told = f"{caller.client} {caller.number} {' '.join(sorted(caller.scopes))}"
        return Answer(200, told.encode())

    def admit(self, client_id: str = "shop", secret: str = SECRET, **told: Any) -> None:
        """Register a client, with every scope unless told otherwise."""
        secret_hash = ClientSecrets(self.book.db.keys.index_secret).hash_of(client_id, secret)
        usual = {"name": "Shop", "scopes": SCOPES}
        self.book.decide(admit_client, AdmitClient(client_id, secret_hash=secret_hash, **{**usual, **told}))

    def token(
        self, client: str = "shop", scope: str = READ, *, s: int = 60, number: str | None = None
    ) -> str:
        """A token of this book, good for so many seconds."""
        until_s = int(self.book.clock.at.timestamp()) + s
        access = Access(client, frozenset(scope.split()), until_s, number)
        return self.gate.tokens.issue(access, self.book.clock.at)

    def who(self, token: str | None, **headers: str) -> Any:
        """What is answered to a token."""
        given = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.get("/who", headers={**given, **headers})

    def post(self, data: Any = None, **how: Any) -> Any:
        """What is answered to who asks for a token."""
        return self.client.post("/oauth2/token", data=data, **how)


@contextmanager
def entrance(
    book: Books,
    folder: Path,
    *,
    issuer: str | None = None,
    trust: ssl.SSLContext | None = None,
    rate: int = 0,
) -> Iterator[Entrance]:
    """A gate over books, its signing keys in a folder."""
    (folder / "keys.toml").touch(mode=0o600)
    app = start({})
    settings = replace(app.settings, keys_file=folder / "keys.toml", oidc_issuer=issuer, rate_limit=rate)
    app, ticks = replace(app, settings=settings), Ticks()
    commits = GroupCommit(book.db, book.rules)
    office = Office(app, book.db, book.rules, commits, demo=False)
    provider = TokenProvider(issuer, trust=trust, monotonic=ticks) if issuer and trust else None
    yield Entrance(book, Gate(office, provider=provider, monotonic=ticks), ticks)
    commits.close()
