"""Tokens: where clients ask for access tokens (OAuth 2, client credentials), and the keys behind them."""

import base64
import math
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from msgspec.json import Encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from carrierbill.domain.access import Access, Client, scopes_in
from carrierbill.services.admit_client import is_proven
from carrierbill.storage.clients import ClientSecrets, clients_in
from carrierbill.storage.signing import TOKEN_S
from carrierbill.web.access import Gate, Rate
from carrierbill.web.body import FORM, MOST_BYTES, read_body
from carrierbill.web.problems import ProblemError

ENCODE = Encoder().encode
JSON = "application/json"
# A token is its client's alone: nothing on the way may keep it.
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
ASK_WITH = {"WWW-Authenticate": 'Basic realm="carrierbill", charset="UTF-8"'}
MOST_FIELDS = 50
KEYS_FOR_S = 60
EVERY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class TokenRefusedError(Exception):
    """No token: the error by its name in RFC 6749, section 5.2; its sentence is `oauth.<error>`."""

    def __init__(self, error: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        """Keep the name, and what is answered with it."""
        super().__init__(error)
        self.error, self.status, self.headers = error, status, headers or {}


def _not_proven() -> TokenRefusedError:
    return TokenRefusedError("invalid_client", 401, ASK_WITH)


class TokenDesk:
    """Gives registered clients their access tokens, signed with the keys of the gate."""

    def __init__(self, gate: Gate) -> None:
        """Work for the office of the gate."""
        self._office, self._tokens = gate.office, gate.tokens
        self._secrets = ClientSecrets(gate.office.database.keys.index_secret)
        # Counted apart: who may ask so much a second is not to lose of it for having asked for a token.
        self._rate = Rate(gate.office.app.settings.rate_limit, gate.monotonic)

    def routes(self) -> list[Route]:
        """Where to ask."""
        return [
            Route("/oauth2/token", self.token, methods=EVERY),
            Route("/oauth2/jwks", self.keys, methods=["GET"]),
        ]

    async def keys(self, request: Request) -> Response:
        """The public keys, by which anybody knows our tokens."""
        del request
        self._tokens.reread()
        headers = {"Cache-Control": f"public, max-age={KEYS_FOR_S}"}
        return Response(ENCODE(self._tokens.public_keys()), headers=headers, media_type=JSON)

    async def token(self, request: Request) -> Response:
        """A token for a client that proves who it is, or why there is none."""
        try:
            told: Mapping[str, object] = await self._granted(request)
            status, headers = 200, NOT_KEPT
        except TokenRefusedError as refused:
            sentence = self._office.app.texts.say("en", f"oauth.{refused.error}")
            told = {"error": refused.error, "error_description": sentence}
            status, headers = refused.status, {**NOT_KEPT, **refused.headers}
        return Response(ENCODE(told), status, headers, media_type=JSON)

    async def _granted(self, request: Request) -> Mapping[str, object]:
        if request.method != "POST":
            raise TokenRefusedError("invalid_request", 405, {"Allow": "POST"})
        form = await _form_of(request)
        if "grant_type" not in form:
            raise TokenRefusedError("invalid_request")
        client = await self._client(*_credentials(request, form))
        if form["grant_type"] != "client_credentials":
            raise TokenRefusedError("unsupported_grant_type")
        scopes = scopes_in(form.get("scope", "")) or client.scopes
        if not client.may_have(scopes):
            raise TokenRefusedError("invalid_scope")
        now = self._office.now
        access = Access(client.id, frozenset(scopes), math.floor(now.timestamp()) + TOKEN_S)
        return {
            "access_token": self._tokens.issue(access, now),
            "token_type": "Bearer",
            "expires_in": TOKEN_S,
            "scope": " ".join(sorted(scopes)),
        }

    async def _client(self, client_id: str, secret: str) -> Client:
        """The client that these credentials prove; the same work is done for one that there is not."""
        client = (await self._office.look(clients_in)).get(client_id)
        if not is_proven(client, self._secrets.hash_of(client_id, secret)) or client is None:
            raise _not_proven()
        try:
            self._rate.check(client.id)
        except ProblemError as often:
            raise TokenRefusedError("temporarily_unavailable", often.status, often.headers) from None
        return client


async def _form_of(request: Request) -> Mapping[str, str]:
    """The fields of the form that was sent, empty ones left out; each may be there once."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    sent = await read_body(request)
    if kind != FORM or len(sent) > MOST_BYTES:
        raise TokenRefusedError("invalid_request")
    try:
        fields = parse_qsl(sent.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:  # bytes that are no text, or too many fields
        raise TokenRefusedError("invalid_request") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise TokenRefusedError("invalid_request")
    return {name: value for name, value in form.items() if value}


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """The client's id and secret, from its header or its form; not from both."""
    given = request.headers.getlist("authorization")
    if not given:
        if "client_id" not in form or "client_secret" not in form:
            raise _not_proven()
        return form["client_id"], form["client_secret"]
    kind, _, written = given[0].partition(" ")
    if len(given) > 1 or "client_secret" in form:
        raise TokenRefusedError("invalid_request")
    if kind.lower() != "basic":
        raise _not_proven()
    try:
        client_id, parted, secret = base64.b64decode(written.strip(), validate=True).decode().partition(":")
        client_id, secret = (unquote_plus(part, errors="strict") for part in (client_id, secret))
    except ValueError:
        raise _not_proven() from None
    if not parted:
        raise _not_proven()
    if form.get("client_id", client_id) != client_id:
        raise TokenRefusedError("invalid_request")
    return client_id, secret
