"""Forms: what was posted, read as far as it may go, and whether a page of ours posted it."""

from asyncio import timeout
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from carrierbill.web.body import (
    FORM,
    MOST_BYTES,
    MOST_WAIT_S,
    is_refused_unread,
    kind_of,
    language_in,
    read_body,
)

# What a browser says of a form sent by a page of the same site, and of what no page but a person asked for.
OURS = ("same-origin", "none")


class NotTakenError(Exception):
    """A form that is not taken: the status it is answered with, and which sentence of it."""

    def __init__(self, status: int, told: str = "told") -> None:
        """Keep both."""
        super().__init__(status, told)
        self.status, self.told = status, told


async def posted_form(request: Request) -> Mapping[str, str]:
    """The fields of a form that a page of ours posted; NotTakenError for anything else, ClientDisconnect."""
    if not is_from_here(request):
        raise NotTakenError(403)
    if kind_of(request.headers) != FORM:
        raise NotTakenError(415)
    if is_refused_unread(request.headers):
        raise NotTakenError(413, "unread")
    try:
        async with timeout(MOST_WAIT_S):
            body = await read_body(request)
    except TimeoutError:
        raise NotTakenError(408) from None
    if len(body) > MOST_BYTES:
        raise NotTakenError(413, "unread")
    request.state.language = language_in(body)
    return dict(parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True))


def is_from_here(request: Request) -> bool:
    """Whether nothing says that another site posted this.

    Our pages send no referrer, so browsers write `null` for where their forms come from: then only what
    newer ones say of the site counts, and of older ones the form's own token, which is asked for in any case.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in OURS
    origin = request.headers.get("origin", "null")
    return origin == "null" or origin.partition("://")[2] == request.url.netloc
