"""App: every route in one table, joined to its page."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from carrierbill.bootstrap import App
from carrierbill.settings import has_database
from carrierbill.web.desk import Desk, Problems
from carrierbill.web.guard import Guard
from carrierbill.web.logs import write_lines
from carrierbill.web.pages.bill import BillPages
from carrierbill.web.paper import Asset, read_paper
from carrierbill.web.reference import Reference
from carrierbill.web.running import Running

# The address of an asset changes with its content, so a copy is good for ever.
FOREVER = "public, max-age=31536000, immutable"


class Site(Starlette):
    """The program with its guard outermost, so that failures are guarded too."""

    behind: Running | None = None

    def build_middleware_stack(self) -> ASGIApp:
        """Put the guard around all that Starlette puts around the routes."""
        program = super().build_middleware_stack()
        return Guard(self.behind.around(program) if self.behind else program)


def make_app(app: App, today: Callable[[], date] | None = None, behind: Running | None = None) -> Starlette:
    """The site; `today` replaces the clock in tests and pictures, `behind` is what a database is for."""
    desk = Desk(app, today or app.today, read_paper())
    bill, problems = BillPages(desk), Problems(desk)
    routes = [
        *(behind.routes(desk) if behind else [Route("/healthz", alive)]),
        *Reference(desk.paper, app.texts).routes(),
        Route("/", by_method(bill.form, bill.posted), methods=["GET", "POST"]),
        Route("/bill", by_method(bill.answer, bill.posted), methods=["GET", "POST"]),
        Route("/bill.ics", bill.calendar, methods=["GET"]),
        Route("/static/{name}", static_files(desk.paper.assets), methods=["GET"]),
    ]
    handlers = {HTTPException: problems.told, Exception: problems.failed}
    lifespan = behind.lifespan if behind else None
    site = Site(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    site.behind = behind
    # An address is right or wrong; a guess would be sent on with whatever host a request claims.
    site.router.redirect_slashes = False
    return site


def open_site(app: App) -> Starlette:
    """The site as it is served: with all that needs a database where one is named, or there already.

    Raises BadInputError, in one line, for a database that cannot be used.
    """
    write_lines(logging.getLogger())
    if not has_database(app.settings):
        return make_app(app)
    return make_app(app, behind=Running(app))


async def alive(request: Request) -> Response:
    """Whoever can answer lives."""
    del request
    return JSONResponse({"status": "alive"})


Getting = Callable[[Request], Response]
Posting = Callable[[Request], Awaitable[Response]]


def by_method(got: Getting, posted: Posting) -> Posting:
    """One route for both ways to ask, so that a third is told what would be taken."""

    async def chosen(request: Request) -> Response:
        if request.method == "POST":
            return await posted(request)
        return await run_in_threadpool(got, request)

    return chosen


def static_files(assets: Mapping[str, Asset]) -> Getting:
    """How an asset is handed out: by its whole address only."""
    by_path = {asset.path: asset for asset in assets.values()}

    def handed_out(request: Request) -> Response:
        asset = by_path.get(request.url.path)
        if asset is None:
            raise HTTPException(404)
        return Response(asset.content, media_type=asset.kind, headers={"Cache-Control": FOREVER})

    return handed_out
