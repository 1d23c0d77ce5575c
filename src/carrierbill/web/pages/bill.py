"""Bill: the form, the answer, its calendar file, and forms that were posted."""

from asyncio import timeout
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from carrierbill.domain.errors import RefusedError
from carrierbill.domain.event import events_between
from carrierbill.domain.position import position_on
from carrierbill.texts.load import LANGUAGES
from carrierbill.web.desk import MOST_BYTES, Desk, typed_in
from carrierbill.web.pages.answer import answer_page
from carrierbill.web.pages.asked import FaultyForm, read_asked
from carrierbill.web.pages.timeline import events_on, last_day
from carrierbill.web.pages.typed import Typed

# A body that is far too long is read no further than this before it is answered.
MOST_DRAINED = 1024 * 1024
# A form that is not all here by then is not coming.
MOST_WAIT_S = 20
FORM = "application/x-www-form-urlencoded"


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
            page = answer_page(asked, desk.app, desk.today(), words=words)
        except FaultyForm as faulty:
            return desk.faulty(request, typed, faulty)
        except RefusedError as refused:
            return desk.refused(request, typed, refused)
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
        from carrierbill.documents.calendar import calendar_file, file_name, is_entered  # noqa: PLC0415  # its library is slow to load

        if too_long := self._too_long(request):
            return too_long
        desk, words = self.desk, self.desk.words(request)
        typed = typed_in(request.scope["query_string"])
        try:
            asked = read_asked(typed, desk.app, desk.today(), words=words)
            due_on = position_on(asked.bill, asked.on, asked.rules).effective_due_on
        except FaultyForm as faulty:
            return desk.faulty(request, typed, faulty)
        except RefusedError as refused:
            return desk.refused(request, typed, refused)
        ahead = list(events_on(asked, asked.on, last_day(asked, due_on)))
        bill = asked.bill
        if not any(is_entered(event) for event in ahead):
            # A calendar file has at least one entry: where nothing is ahead any more, the due date itself.
            bill = replace(bill, repayments=())
            ahead = list(events_between(bill, (due_on, due_on), asked.rules))
        content = calendar_file(bill, ahead, desk.app.texts, language=words.language, rules=asked.rules.name)
        name = file_name(asked.bill, asked.on)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)

    async def posted(self, request: Request) -> Response:
        """A posted form: sent on to the address that asks the same, or answered where it is personal."""
        if request.headers.get("content-type", FORM).partition(";")[0].strip().lower() != FORM:
            return self.desk.problem(request, 415)
        if int(request.headers.get("content-length", "0")) > MOST_DRAINED:
            return self.desk.problem(request, 413, typed=Typed({}))
        try:
            async with timeout(MOST_WAIT_S):
                body = await read_body(request)
        except TimeoutError:
            return self.desk.problem(request, 408)
        typed = typed_in(body)
        if len(body) > MOST_BYTES:
            return self.desk.problem(request, 413, typed=typed)
        if typed.is_personal:
            return await run_in_threadpool(self._answer_to, request, typed)
        asked_for = dict(parse_qsl(body.decode("ascii", "replace"))).get("lang", "")
        language = asked_for if asked_for in LANGUAGES else self.desk.words(request).language
        return RedirectResponse(f"/bill?{typed.query(language)}", status_code=303)

    def _too_long(self, request: Request) -> Response | None:
        query: bytes = request.scope["query_string"]
        if len(query) <= MOST_BYTES:
            return None
        return self.desk.problem(request, 414, typed=typed_in(query))


async def read_body(request: Request) -> bytes:
    """The body as far as it is needed: a byte more than may be, the rest is let go."""
    kept, drained = b"", 0
    async for chunk in request.stream():
        kept = (kept + chunk)[: MOST_BYTES + 1]
        drained += len(chunk)
        if drained > MOST_DRAINED:
            break
    return kept
