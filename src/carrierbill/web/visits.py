"""Visits: a browser before it is signed in: the token of its forms, and the number it asked a code for."""

import base64
import binascii
import hmac
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from carrierbill.domain.errors import SayableError
from carrierbill.web.office import Office
from carrierbill.web.sessions import Sessions, cookie_in, drop_cookie, named, new_token, set_cookie

VISIT, NUMBER = "carrierbill-visit", "carrierbill-number"
# How long a form may lie open; its page is made anew, with what was typed, when that has run out.
OPEN_FOR = timedelta(minutes=30)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Visits:
    """Cookies of browsers that are not signed in; nothing of them is in the database."""

    def __init__(self, office: Office, sessions: Sessions) -> None:
        """Work for the office, with the keys of the sessions."""
        self._office, self._sessions = office, sessions

    @staticmethod
    def visit_of(request: Request) -> str:
        """What the browser is known by; empty where it was given nothing yet."""
        return cookie_in(request, VISIT)

    def token(self, visit: str) -> str:
        """A token for a form: until when it is good, and a mark that only we can make for this browser."""
        until = (self._office.now + OPEN_FOR - EPOCH) // timedelta(seconds=1)
        return f"{until}.{self._mark(visit, until)}"

    def is_good(self, visit: str, token: str) -> bool:
        """Whether a form with the token was made for this browser, not too long ago."""
        until, _, mark = token.partition(".")
        if not visit or not until.isascii() or not until.isdigit():
            return False
        is_ours = hmac.compare_digest(self._mark(visit, int(until[:20])).encode(), mark.encode())
        return is_ours and self._office.now < EPOCH + timedelta(seconds=int(until))

    def _mark(self, visit: str, until: int) -> str:
        return self._sessions.hash_of("visit", f"{visit}/{until}").hex()

    @staticmethod
    def begin(request: Request, response: Response, visit: str) -> None:
        """Give a browser what it is known by, unless it has it."""
        if cookie_in(request, VISIT) != visit:
            set_cookie(request, response, VISIT, value=visit)

    @staticmethod
    def new(request: Request) -> str:
        """What a browser is, or is to be, known by."""
        return cookie_in(request, VISIT) or new_token()

    def keep_number(self, request: Request, response: Response, number: str) -> None:
        """Let a browser keep, sealed and for itself alone, the number it asked a code for."""
        until = (self._office.now + OPEN_FOR).isoformat()
        sealed = self._office.vault.seal(f"{until} {number}", _bound(self.visit_of(request)))
        set_cookie(request, response, NUMBER, value=base64.urlsafe_b64encode(sealed).decode())

    def number(self, request: Request) -> str:
        """The number a browser asked a code for lately; empty where there is none."""
        kept = request.cookies.get(named(request, NUMBER), "")
        try:
            sealed = base64.urlsafe_b64decode(kept.encode())
            told = self._office.vault.open(sealed, _bound(self.visit_of(request)))
        except (SayableError, binascii.Error, UnicodeEncodeError):
            return ""
        until, _, number = told.partition(" ")
        return number if self._office.now < datetime.fromisoformat(until) else ""

    @staticmethod
    def end(request: Request, response: Response) -> None:
        """Drop what was kept."""
        drop_cookie(request, response, VISIT)
        drop_cookie(request, response, NUMBER)


def _bound(visit: str) -> str:
    return f"number of a visit/{visit}"
