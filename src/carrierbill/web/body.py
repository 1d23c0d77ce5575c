"""Body: how much of what is sent is read, and what it says of itself before that."""

from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request

from carrierbill.texts.load import LANGUAGES

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 64 * 1024
# A body that says it is longer is refused unread; a shorter one has its beginning kept.
MOST_DECLARED = 1024 * 1024
# A form that is not all here by then is not coming.
MOST_WAIT_S = 20


def kind_of(headers: Headers) -> str:
    """What kind of body is sent; a form where nothing is said."""
    return headers.get("content-type", FORM).partition(";")[0].strip().lower()


def is_refused_unread(headers: Headers) -> bool:
    """Whether the body says that it is too long to be worth its beginning."""
    declared = headers.get("content-length", "")
    return declared.isascii() and declared.isdigit() and int(declared[:20]) > MOST_DECLARED


def may_be_endless(headers: Headers) -> bool:
    """Whether more may follow than is ever read, so that no connection is kept for it."""
    return is_refused_unread(headers) or "transfer-encoding" in headers


async def read_body(request: Request) -> bytes:
    """The body as far as it is needed: of one over 64 kB a byte more, without waiting for the rest."""
    kept = b""
    async for chunk in request.stream():
        kept = (kept + chunk)[: MOST_BYTES + 1]
        if len(kept) > MOST_BYTES:
            break
    return kept


def language_in(body: bytes) -> str:
    """The language a urlencoded form asks for; empty where it asks for none."""
    asked = dict(parse_qsl(body[:MOST_BYTES].decode("ascii", "replace"))).get("lang", "")
    return asked if asked in LANGUAGES else ""
