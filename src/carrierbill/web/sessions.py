"""Sessions: the cookie of a signed-in browser and its session, the tokens of its forms, who may come in."""

import base64
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from carrierbill.domain.session import NOTED_EVERY, Role, Session, Staff
from carrierbill.services.keep_session import Browser, OfSession, end_session, session_of, touch_session
from carrierbill.web.desk import Desk
from carrierbill.web.forms import NotTakenError
from carrierbill.web.office import Office

COOKIE = "carrierbill"
TOKEN_BYTES = 32
# 32 bytes in letters; what is anything else was never given out.
TOKEN_LETTERS = 43
STAFF_ENTRY = "/staff/sign-in"
# Who has one IPv6 address has the whole of its network.
IPV6_BITS = 64


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in: the session, the member of staff if it is one, and the token of all its forms."""

    session: Session
    staff: Staff | None
    csrf: str = field(repr=False)


class NotAdmittedError(Exception):
    """Nobody of staff is signed in, or somebody whose role does not have this."""

    def __init__(self, *, signed_in: bool) -> None:
        """Keep which."""
        super().__init__(signed_in)
        self.signed_in = signed_in


class Sessions:
    """Cookies and what they stand for; in the database are keyed hashes alone."""

    def __init__(self, office: Office) -> None:
        """Work for the office."""
        self._office = office

    def hash_of(self, what: str, text: str) -> bytes:
        """A hash under a key, by what it is of."""
        return hmac.digest(self._key, what.encode() + b"\0" + text.encode(), "sha256")

    @cached_property
    def _key(self) -> bytes:
        return hmac.digest(self._office.database.keys.index_secret, b"sessions and their forms", "sha256")

    # ── a browser ────────────────────────────────────────────────────────────────────────────────────────
    def browser(self, request: Request, token: str = "") -> Browser:
        """Where a request comes from, with the session that is to begin and the one it ends."""
        replaces = cookie_in(request, COOKIE)
        return Browser(
            self.hash_of("address", address_of(request)),
            self.hash_of("session", token) if token else b"",
            self.hash_of("session", replaces) if replaces else None,
        )

    def begin(self, request: Request, response: Response, token: str) -> None:
        """Give a browser its new session."""
        set_cookie(request, response, COOKIE, value=token)

    async def end(self, request: Request, response: Response) -> None:
        """Sign a browser out."""
        token = cookie_in(request, COOKIE)
        if token:
            await self._office.decide(end_session, OfSession(self.hash_of("session", token)))
        drop_cookie(request, response, COOKIE)

    # ── who it is ────────────────────────────────────────────────────────────────────────────────────────
    async def signed_in(self, request: Request) -> Signed | None:
        """Whose session it is, and note that it is used; None where there is none or it is over."""
        token = cookie_in(request, COOKIE)
        if not token:
            return None
        token_hash = self.hash_of("session", token)
        found = await self._office.read(lambda unit: session_of(token_hash, unit))
        if found is None:
            return None
        session, staff = found
        if session.seen_at + NOTED_EVERY <= self._office.now and not await self._office.decide(
            touch_session, OfSession(token_hash)
        ):
            return None
        return Signed(session, staff, _letters(self.hash_of("form", token)))

    async def require(self, request: Request, *roles: Role) -> Signed:
        """The member of staff who is signed in, with one of the roles; NotAdmittedError for anyone else."""
        signed = await self.signed_in(request)
        if signed is None or signed.staff is None:
            raise NotAdmittedError(signed_in=False)
        if signed.staff.role not in roles:
            raise NotAdmittedError(signed_in=True)
        return signed

    @staticmethod
    def check_form(signed: Signed, given: str) -> None:
        """Raise NotTakenError for a form that was not made for this session."""
        if not hmac.compare_digest(signed.csrf.encode(), given.encode()):
            raise NotTakenError(403)


def new_token() -> str:
    """What a browser is known by: 256 bits of chance."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def _letters(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


# ── cookies ──────────────────────────────────────────────────────────────────────────────────────────────
def named(request: Request, name: str) -> str:
    """What a cookie is called, by how the request came."""
    # By the prefix a browser vouches that no other host and no unsafe connection has set it.
    return f"__Host-{name}" if request.url.scheme == "https" else name


def cookie_in(request: Request, name: str) -> str:
    """The token in a cookie of ours; empty where there is none that could be."""
    token = request.cookies.get(named(request, name), "")
    return token if len(token) == TOKEN_LETTERS and token.isascii() else ""


def set_cookie(request: Request, response: Response, name: str, *, value: str) -> None:
    """Set a cookie that no script reads and that ends with the browser."""
    response.set_cookie(
        named(request, name), value, secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Have a cookie no more."""
    response.delete_cookie(
        named(request, name), secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )


def address_of(request: Request) -> str:
    """Where a request comes from, as far as one party can be told from another by it."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address), IPV6_BITS), strict=False))
    return str(address)


# ── who may come in ──────────────────────────────────────────────────────────────────────────────────────
Endpoint = Callable[[Request], Awaitable[Response]]


def admitting(desk: Desk, endpoint: Endpoint) -> Endpoint:
    """The endpoint, with a page for a form that is not taken and the way in for who is not let in."""

    async def admitted(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except NotTakenError as error:
            page = desk.problem(request, error.status, told=error.told)
            # Nothing more that came on it is read.
            page.headers["Connection"] = "close"
            return page
        except NotAdmittedError as error:
            if error.signed_in:
                return desk.problem(request, 403, told="role")
            return RedirectResponse(f"{STAFF_ENTRY}?lang={desk.words(request).language}", status_code=303)

    return admitted
