"""Sign in: a number, the code that was sent to it, and in; in a demo by one click; and out again."""

import re
from dataclasses import dataclass
from functools import cache

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from carrierbill.demo.cast import promised_members
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Line, LineStatus
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused
from carrierbill.services.ports import CodeUse, Unit
from carrierbill.services.sign_in import (
    NOBODYS,
    AskCode,
    CheckCode,
    SignInDemo,
    ask_code,
    check_code,
    code_minutes,
    sign_in_demo,
)
from carrierbill.storage.sealed import masked_number, normalised_number
from carrierbill.web.desk import Desk
from carrierbill.web.forms import NotTakenError, posted_form
from carrierbill.web.office import Office
from carrierbill.web.pages.entry import NOTHING, STALE, Entry, Said, no_sooner, of_refusal, place_in
from carrierbill.web.pages.staff_sign_in import staff_routes
from carrierbill.web.pages.typed import tidy
from carrierbill.web.sessions import COOKIE, Sessions, admitting, cookie_in, new_token

HERE, CODE, DEMO, HOME, OUT = "/sign-in", "/sign-in/code", "/sign-in/demo", "/me", "/sign-out"
# Where a person may be taken once signed in.
PLACES = (HOME,)
# What the first page may say when another one sent the person to it.
NOTICES = ("over", "out", "stale")
DIGITS = re.compile("[0-9]{6}")
APART = re.compile(r"[\s.-]")


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line of the holder as it is shown; `is_shown` for the one whose number was signed in with."""

    carrier: str
    number: str
    status: LineStatus
    is_here: bool


class SignInPages:
    """The pages for those who have a line."""

    def __init__(self, desk: Desk, office: Office, sessions: Sessions) -> None:
        """Work at the desk, for the office."""
        self.office, self.sessions = office, sessions
        self.entry = Entry(desk, office, sessions)

    async def start(self, request: Request) -> Response:
        """Ask for the number."""
        if request.method == "POST":
            return await self._ask(request)
        place = place_in(PLACES, request.query_params.get("next"))
        notice = request.query_params.get("notice")
        said = Said(notice=Saying(f"page.sign_in.{notice}")) if notice in NOTICES else NOTHING
        return self._number_page(request, place, said=said)

    async def _ask(self, request: Request) -> Response:
        """A code to the number, if it has a line: what is answered tells nobody whether it has."""
        form = await posted_form(request)
        place, given = place_in(PLACES, form.get("next")), tidy(form.get("number", ""))
        if not self.entry.is_ours(request, form):
            return self._number_page(request, place, number=given, said=STALE)
        number = number_of(given)
        if number is None:
            said = Said(fault=Saying("page.sign_in.number_fault"), status=400)
            return self._number_page(request, place, number=given, said=said)
        outcome = await no_sooner(self._asked(request, number))
        if isinstance(outcome, Refused):
            return self._number_page(request, place, number=given, said=of_refusal(outcome))
        response = self.entry.to(request, CODE, next=place)
        self.entry.visits.keep_number(request, response, number)
        return response

    async def _asked(self, request: Request, number: str) -> object:
        line = await self.office.read(lambda unit: line_of(number, unit))
        line_id = line.id if line is not None else None
        is_demos = self.office.demo and line is not None and line.demo is not None
        code_hash, secret = self.office.codes.new(line_id or NOBODYS, use=CodeUse.SIGN_IN, for_demo=is_demos)
        whose, browser = self.sessions.hash_of("number", number), self.sessions.browser(request)
        return await self.office.decide(ask_code, AskCode(whose, line_id, browser, code_hash, secret))

    async def code(self, request: Request) -> Response:
        """Ask for the code; a right one signs in."""
        if request.method == "POST":
            return await self._check(request)
        place = place_in(PLACES, request.query_params.get("next"))
        number = self.entry.visits.number(request)
        return self._code_page(request, place, number) if number else self.entry.to(request, HERE, next=place)

    async def _check(self, request: Request) -> Response:
        form = await posted_form(request)
        place, number = place_in(PLACES, form.get("next")), self.entry.visits.number(request)
        if not number or not self.entry.is_ours(request, form):
            return self.entry.to(request, HERE, notice="stale", next=place)
        code = APART.sub("", form.get("code", ""))
        if not DIGITS.fullmatch(code):
            said = Said(fault=Saying("page.sign_in.code_fault"), status=400)
            return self._code_page(request, place, number, said=said)
        token = new_token()
        outcome = await no_sooner(self._checked(request, number, code, token=token))
        if isinstance(outcome, Refused):
            return self._code_page(request, place, number, said=of_refusal(outcome))
        return self._signed_in(request, place, token)

    async def _checked(self, request: Request, number: str, code: str, *, token: str) -> object:
        line = await self.office.read(lambda unit: line_of(number, unit))
        line_id = line.id if line is not None else None
        code_hash = self.office.codes.hash_of(line_id or NOBODYS, code, use=CodeUse.SIGN_IN)
        browser = self.sessions.browser(request, token)
        return await self.office.decide(check_code, CheckCode(line_id, browser, code_hash))

    async def demo(self, request: Request) -> Response:
        """One click on a line of a demo; elsewhere this address is not there."""
        form = await posted_form(request)
        place, number = place_in(PLACES, form.get("next")), form.get("line", "")
        if not self.entry.is_ours(request, form):
            return self.entry.to(request, HERE, notice="stale", next=place)
        line = (
            await self.office.read(lambda unit: line_of(number, unit)) if number in demo_numbers() else None
        )
        if line is None:
            raise NotTakenError(403)
        token = new_token()
        command = SignInDemo(line.id, self.sessions.browser(request, token))
        if isinstance(await self.office.decide(sign_in_demo, command), Refused):
            raise NotTakenError(403)
        return self._signed_in(request, place, token)

    def _signed_in(self, request: Request, place: str, token: str) -> Response:
        response = self.entry.to(request, place)
        self.entry.visits.end(request, response)
        self.sessions.begin(request, response, token)
        return response

    async def home(self, request: Request) -> Response:
        """Which lines are the holder's, and the way out."""
        signed = await self.sessions.signed_in(request)
        if signed is None or signed.session.holder_id is None:
            over = {"notice": "over"} if signed is None and cookie_in(request, COOKIE) else {}
            return self.entry.to(request, HERE, next=HOME, **over)
        holder_id, line_id = signed.session.holder_id, signed.session.line_id
        lines = await self.office.read(lambda unit: own_lines(holder_id, line_id, unit))
        values = {"lines": lines, "staff": None, "csrf": signed.csrf, "out": OUT}
        return self.entry.page(request, "signed_in.html", path=HOME, values=values)

    async def out(self, request: Request) -> Response:
        """End the session."""
        form = await posted_form(request)
        signed = await self.sessions.signed_in(request)
        if signed is not None:
            self.sessions.check_form(signed, form.get("token", ""))
        response = self.entry.to(request, HERE, notice="out")
        await self.sessions.end(request, response)
        return response

    def _number_page(
        self, request: Request, place: str, *, number: str = "", said: Said = NOTHING
    ) -> HTMLResponse:
        offered = demo_numbers() if self.office.demo else ()
        demo_lines = [(each, shown(each)) for each in offered]
        values = {"place": place, "number": number, "demo_lines": demo_lines}
        return self.entry.form_page(request, "sign_in.html", path=HERE, values=values, said=said)

    def _code_page(self, request: Request, place: str, number: str, *, said: Said = NOTHING) -> HTMLResponse:
        values = {
            "place": place,
            "number": number,
            "shown": shown(number),
            "minutes": code_minutes(self.office.now, self.office.rules),
            "is_demo": self.office.demo,
        }
        return self.entry.form_page(request, "sign_in_code.html", path=CODE, values=values, said=said)


def number_of(given: str) -> str | None:
    """The number meant, however it is spaced; None for what is none."""
    try:
        return normalised_number(APART.sub("", given))
    except BadInputError:
        return None


def shown(number: str) -> str:
    """A number as people write it.

    >>> shown("+821012345678")
    '010-1234-5678'
    """
    return f"010-{number[-8:-4]}-{number[-4:]}"


@cache
def demo_numbers() -> tuple[str, ...]:
    """The lines that every demo has."""
    return tuple(member.number for member in promised_members())


def line_of(number: str, unit: Unit) -> Line | None:
    """The line of a number, or None; looked for alike in both cases."""
    line_id, _ = unit.lines_by_number([number]).get(number, (NOBODYS, NOBODYS))
    found = unit.peek(Line, id=[line_id])
    return found[0] if found else None


def own_lines(holder_id: int, line_id: int | None, unit: Unit) -> list[OwnLine]:
    """The holder's lines in service, that of the session first.

    That holders look at what is their own is told by the trace of the sign-in, once.
    """
    lines = [line for line in unit.peek(Line, holder_id=[holder_id]) if line.status != LineStatus.CLOSED]
    numbers = unit.people.numbers_of({line.id for line in lines})
    lines.sort(key=lambda line: line.id != line_id)
    return [
        OwnLine(line.carrier, masked_number(numbers[line.id]), line.status, line.id == line_id)
        for line in lines
        if line.id in numbers
    ]


def routes(desk: Desk, office: Office) -> list[Route]:
    """All addresses of signing in and out, for holders and for staff."""
    sessions = Sessions(office)
    pages = SignInPages(desk, office, sessions)
    both = ["GET", "POST"]
    found = [
        Route(HERE, admitting(desk, pages.start), methods=both),
        Route(CODE, admitting(desk, pages.code), methods=both),
        Route(HOME, admitting(desk, pages.home), methods=["GET"]),
        Route(OUT, admitting(desk, pages.out), methods=["POST"]),
    ]
    if office.demo:
        found.append(Route(DEMO, admitting(desk, pages.demo), methods=["POST"]))
    return [*found, *staff_routes(desk, office, sessions)]
