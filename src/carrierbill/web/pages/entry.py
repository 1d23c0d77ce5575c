"""Entry: what the pages of signing in share: forms with a token of their own, and where they may lead."""

from asyncio import gather, sleep
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused
from carrierbill.services.keep_session import OFTEN
from carrierbill.web.desk import Desk
from carrierbill.web.office import Office
from carrierbill.web.pages.typed import Typed
from carrierbill.web.sessions import Sessions
from carrierbill.web.visits import Visits

# No answer to who knocks comes sooner, whatever there was to do: its time tells nobody whom we know.
LEAST_S = 0.25
NOTHING_TYPED = Typed({})


@dataclass(frozen=True, slots=True)
class Said:
    """What a form's page says above the form, or of its field, and the status it is sent with."""

    notice: Saying | None = None
    fault: Saying | None = None
    status: int = 200
    wait_minutes: int = 0


NOTHING = Said()
STALE = Said(notice=Saying("page.sign_in.stale"), status=403)


def of_refusal(refused: Refused) -> Said:
    """What is said of a refusal: how long to wait where it was tried too often."""
    minutes = refused.told.values.get("minutes")
    if refused.rule == OFTEN and isinstance(minutes, int):
        return Said(notice=refused.told, status=429, wait_minutes=minutes)
    return Said(fault=refused.told, status=400)


class Entry:
    """How pages of signing in are handed out."""

    def __init__(self, desk: Desk, office: Office, sessions: Sessions) -> None:
        """Work at the desk, for the office."""
        self._desk = desk
        self.visits = Visits(office, sessions)

    def page(
        self, request: Request, template: str, *, path: str, values: Mapping[str, object], status: int = 200
    ) -> HTMLResponse:
        """A page whose other language is at the same path."""
        switch = f"{path}?{urlencode({'lang': self._desk.words(request).other})}"
        shown = {"switch": switch, **values}
        return self._desk.page(request, template, typed=NOTHING_TYPED, values=shown, status=status)

    def form_page(
        self,
        request: Request,
        template: str,
        *,
        path: str,
        values: Mapping[str, object],
        said: Said = NOTHING,
    ) -> HTMLResponse:
        """A page with a form: its token is good for this browser alone, and for a while."""
        visit = self.visits.new(request)
        shown = {"token": self.visits.token(visit), "notice": said.notice, "fault": said.fault, **values}
        page = self.page(request, template, path=path, values=shown, status=said.status)
        self.visits.begin(request, page, visit)
        if said.wait_minutes:
            page.headers["Retry-After"] = str(said.wait_minutes * 60)
        return page

    def to(self, request: Request, path: str, **told: str) -> RedirectResponse:
        """On to another page of ours, in the same language."""
        language = self._desk.words(request).language
        return RedirectResponse(f"{path}?{urlencode({**told, 'lang': language})}", status_code=303)

    def is_ours(self, request: Request, form: Mapping[str, str]) -> bool:
        """Whether a posted form was made for this browser, not too long ago."""
        return self.visits.is_good(self.visits.visit_of(request), form.get("token", ""))


def place_in(places: Sequence[str], asked: str | None) -> str:
    """The place of the list that was asked for, else its first: no other address is ever followed."""
    return next((place for place in places if place == asked), places[0])


async def no_sooner(answer: Awaitable[object]) -> object:
    """The answer, once the least time is over."""
    outcome, _ = await gather(answer, sleep(LEAST_S))
    return outcome
