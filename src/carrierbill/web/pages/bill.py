"""Bill: the form, the answer, its calendar file, and forms that were posted."""

from asyncio import timeout
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from carrierbill.domain.errors import RefusedError
from carrierbill.domain.position import position_on
from carrierbill.web.body import (
    FORM,
    MOST_BYTES,
    MOST_WAIT_S,
    is_refused_unread,
    kind_of,
    language_in,
    read_body,
)
from carrierbill.web.desk import Desk, typed_in
from carrierbill.web.pages.answer import answer_page
from carrierbill.web.pages.asked import Asked, FaultyForm, read_asked
from carrierbill.web.pages.headline import TERMS
from carrierbill.web.pages.timeline import events_on, last_day
from carrierbill.web.pages.typed import Typed


class BillPages:
    """The pages of a bill."""

    def __init__(self, desk: Desk) -> None:
        """Work at the desk."""
        self.desk = desk

    def form(self, request: Request) -> Response:
        """The empty form, or one filled in by its address."""
        if too_long := self._too_long(request):
            return too_long
        return self.desk.page(request, "form.html", typed=typed_in(request.scope["query_string"]), values={})

    def answer(self, request: Request) -> Response:
        """The answer to a question in the address."""
        if too_long := self._too_long(request):
            return too_long
        typed = typed_in(request.scope["query_string"])
        if typed.is_blank:
            return RedirectResponse(f"/?lang={self.desk.words(request).language}", status_code=303)
        return self._answer_to(request, typed)

    def _answer_to(self, request: Request, typed: Typed) -> Response:
        """The answer; the form again where it cannot be read; the reason where the rules give none."""
        desk, words = self.desk, self.desk.words(request)
        try:
            asked = read_asked(typed, desk.app, desk.today(), words=words)
        except FaultyForm as faulty:
            return desk.faulty(request, typed, faulty)
        try:
            page = answer_page(asked, desk.app, desk.today(), words=words)
        except RefusedError as refused:
            return desk.refused(request, typed, refused, instead=self._instead_of(asked, request))
        share = f"/bill?{typed.query(words.language)}"
        values = {
            "page": page,
            "is_today": asked.on == desk.today(),
            "share": share,
            "share_shown": str(request.base_url).rstrip("/") + share,
            "calendar": f"/bill.ics?{typed.query(words.language)}",
        }
        return desk.page(request, "bill.html", typed=typed, values=values)

    def calendar(self, request: Request) -> Response:
        """The coming dates as a calendar file."""
        from carrierbill.documents.calendar import calendar_file, file_name  # noqa: PLC0415  # its library is slow to load

        if too_long := self._too_long(request):
            return too_long
        desk, words = self.desk, self.desk.words(request)
        typed = typed_in(request.scope["query_string"])
        try:
            asked = read_asked(typed, desk.app, desk.today(), words=words)
        except FaultyForm as faulty:
            return desk.faulty(request, typed, faulty)
        try:
            due_on = position_on(asked.bill, asked.on, asked.rules).effective_due_on
        except RefusedError as refused:
            return desk.refused(request, typed, refused, instead=self._instead_of(asked, request))
        ahead = events_on(asked, asked.on, last_day(asked, due_on))
        content = calendar_file(asked.bill, ahead, desk.app.texts, language=words.language, rules=asked.rules)
        name = file_name(asked.bill, asked.on)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)

    async def posted(self, request: Request) -> Response:
        """A posted form: sent on to the address that asks the same, or answered where it is personal."""
        if not_taken := self._not_taken(request):
            return not_taken
        try:
            async with timeout(MOST_WAIT_S):
                body = await read_body(request)
        except TimeoutError:
            page = self.desk.problem(request, 408)
            page.headers["Connection"] = "close"
            return page
        except ClientDisconnect:
            return Response(status_code=400)
        typed = typed_in(body)
        request.state.language = language_in(body)
        if len(body) > MOST_BYTES:
            return self.desk.problem(request, 413, typed=typed)
        if typed.is_personal:
            return await run_in_threadpool(self._answer_to, request, typed)
        language = self.desk.words(request).language
        return RedirectResponse(f"/bill?{typed.query(language)}", status_code=303)

    def _instead_of(self, asked: Asked, request: Request) -> str:
        """The rule set that answers what another refused: the gateways' terms reach back further; or none."""
        desk = self.desk
        by_terms = replace(asked, rules=desk.app.rules(TERMS))
        try:
            answer_page(by_terms, desk.app, desk.today(), words=desk.words(request))
        except RefusedError:
            return ""
        return TERMS

    def _not_taken(self, request: Request) -> Response | None:
        """What its own heading says against a body, before any of it is read."""
        if kind_of(request.headers) != FORM:
            return self.desk.problem(request, 415)
        if is_refused_unread(request.headers):
            return self.desk.problem(request, 413, told="unread")
        return None

    def _too_long(self, request: Request) -> Response | None:
        query: bytes = request.scope["query_string"]
        if len(query) <= MOST_BYTES:
            return None
        return self.desk.problem(request, 414, typed=typed_in(query))
