"""Staff sign in: a name and a password, checked a few at a time; a page that says who one is; the way out."""

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from carrierbill.domain.saying import Saying
from carrierbill.domain.session import Role
from carrierbill.services.admit_staff import DEMO_NAMES
from carrierbill.services.decide import Refused
from carrierbill.services.sign_in_staff import SignInStaff, sign_in_staff, staff_at_door
from carrierbill.storage.passwords import Passwords
from carrierbill.web.desk import Desk
from carrierbill.web.forms import posted_form
from carrierbill.web.office import Office
from carrierbill.web.pages.entry import NOTHING, STALE, Entry, Said, no_sooner, of_refusal, place_in
from carrierbill.web.pages.typed import tidy
from carrierbill.web.sessions import STAFF_ENTRY, Sessions, admitting, new_token

HOME, OUT = "/staff", "/staff/sign-out"
PLACES = (HOME,)
NOTICES = ("out",)
# A password takes a core and 64 MiB while it is hashed: more at a time would leave nothing for purchases.
AT_A_TIME = 2


class StaffPages:
    """The pages for staff to come in by."""

    def __init__(self, desk: Desk, office: Office, sessions: Sessions) -> None:
        """Work at the desk, for the office."""
        self.office, self.sessions = office, sessions
        self.entry = Entry(desk, office, sessions)
        self.passwords, self._turn = Passwords(), CapacityLimiter(AT_A_TIME)

    async def start(self, request: Request) -> Response:
        """Ask for name and password."""
        if request.method == "POST":
            return await self._enter(request)
        notice = request.query_params.get("notice")
        said = Said(notice=Saying(f"page.sign_in.{notice}")) if notice in NOTICES else NOTHING
        return self._page(request, place_in(PLACES, request.query_params.get("next")), said=said)

    async def _enter(self, request: Request) -> Response:
        form = await posted_form(request)
        place, name = place_in(PLACES, form.get("next")), tidy(form.get("name", "")).lower()
        if not self.entry.is_ours(request, form):
            return self._page(request, place, name=name, said=STALE)
        token = new_token()
        outcome = await no_sooner(self._entered(request, name, form.get("password", ""), token=token))
        if isinstance(outcome, Refused):
            return self._page(request, place, name=name, said=of_refusal(outcome))
        response = self.entry.to(request, place)
        self.entry.visits.end(request, response)
        self.sessions.begin(request, response, token)
        return response

    async def _entered(self, request: Request, name: str, password: str, *, token: str) -> object:
        whose, browser = self.sessions.hash_of("staff", name), self.sessions.browser(request, token)
        # A demo's login in a book that is no demo is nobody's.
        known = name if self.office.demo or not name.startswith(DEMO_NAMES) else ""
        found = await self.office.read(
            lambda unit: staff_at_door(known, whose, browser.address_hash, unit=unit)
        )
        if isinstance(found, Refused):
            return found
        password_hash = found.password_hash if found is not None else None
        fitted, renewed = await to_thread.run_sync(self._fitted, password, password_hash, limiter=self._turn)
        command = SignInStaff(known, whose, browser, fitted, password_hash or "", renewed)
        return await self.office.decide(sign_in_staff, command)

    def _fitted(self, password: str, password_hash: str | None) -> tuple[bool, str | None]:
        fits = self.passwords.fits(password, password_hash)
        return fits, self.passwords.renewed(password, password_hash) if fits and password_hash else None

    async def home(self, request: Request) -> Response:
        """Who is signed in, as what, and the way out."""
        signed = await self.sessions.require(request, *Role)
        values: dict[str, object] = {"lines": [], "staff": signed.staff, "csrf": signed.csrf, "out": OUT}
        return self.entry.page(request, "signed_in.html", path=HOME, values=values)

    async def out(self, request: Request) -> Response:
        """End the session."""
        form = await posted_form(request)
        signed = await self.sessions.signed_in(request)
        if signed is not None:
            self.sessions.check_form(signed, form.get("token", ""))
        response = self.entry.to(request, STAFF_ENTRY, notice="out")
        await self.sessions.end(request, response)
        return response

    def _page(self, request: Request, place: str, *, name: str = "", said: Said = NOTHING) -> HTMLResponse:
        demo_names = [f"{DEMO_NAMES}{role}" for role in Role] if self.office.demo else []
        values = {"place": place, "name": name, "demo_names": demo_names}
        return self.entry.form_page(request, "staff_sign_in.html", path=STAFF_ENTRY, values=values, said=said)


def staff_routes(desk: Desk, office: Office, sessions: Sessions) -> list[Route]:
    """The addresses for staff to come in by."""
    pages = StaffPages(desk, office, sessions)
    return [
        Route(STAFF_ENTRY, admitting(desk, pages.start), methods=["GET", "POST"]),
        Route(HOME, admitting(desk, pages.home), methods=["GET"]),
        Route(OUT, admitting(desk, pages.out), methods=["POST"]),
    ]
