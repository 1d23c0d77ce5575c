"""Desk: what every page needs at hand: the joined parts, the day, the paper; and how pages are handed out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from carrierbill.bootstrap import App
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.saying import Saying
from carrierbill.web.body import MOST_BYTES
from carrierbill.web.pages.asked import FaultyForm, rules_for
from carrierbill.web.pages.typed import ROWS, Typed, read_typed
from carrierbill.web.paper import Paper
from carrierbill.web.words import Words, language_for

# The statuses of the web framework that have a page of their own.
TOLD = (404, 405)
NOT_FOLDED = {"carrier", "principal", "due", "on"}
# What a template is given is of any type.
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """The joined parts of the program, the day in Seoul, the templates."""

    app: App
    today: Callable[[], date]
    paper: Paper

    def words(self, request: Request) -> Words:
        """The sentences in the language of a request."""
        return Words(self.app.texts, language_for(request))

    def page(
        self,
        request: Request,
        template: str,
        *,
        typed: Typed,
        values: Values,
        status: int = 200,
    ) -> HTMLResponse:
        """A page with what every page shows: the form's fields and the way to the other language."""
        words = self.words(request)
        faulty = set(values.get("faults", ()))
        path = request.url.path if request.url.path in {"/", "/bill"} else "/"
        shown = {
            "typed": typed,
            "switch": f"{path}?{typed.query(words.other)}",
            "faults": {},
            **values,
        }
        # Our own failure may lie in the rules the form asks for, so its page does without them.
        if template != "problem.html" or values["shows_form"]:
            shown |= self._form(typed, faulty)
        return self.paper.page(template, words, values=shown, status=status)

    def _form(self, typed: Typed, faulty: set[str]) -> dict[str, object]:
        """What the form needs; its folded part stands open where something in it is told or wrong."""
        told = {name for name, value in typed.fields.items() if value}
        told -= {"rules"} if typed.text("rules") == self.app.rules().name else set()
        return {
            "rules": rules_for(typed, self.app),
            "rule_names": self.app.shelf.names,
            "rows": ROWS,
            "opens_more": not (told | faulty) <= NOT_FOLDED,
        }

    def faulty(self, request: Request, typed: Typed, faulty: FaultyForm) -> HTMLResponse:
        """The form again, each fault beside its field, and nothing lost."""
        labels = {field: label_of(field, self.words(request)) for field in faulty.faults}
        told = {"faults": faulty.faults, "labels": labels}
        return self.page(request, "form.html", typed=typed, values=told, status=400)

    def refused(self, request: Request, typed: Typed, refused: RefusedError, *, instead: str) -> HTMLResponse:
        """Why the rules give no answer, the rule set that does give one (or empty), and the form."""
        told = {"reason": refused.reason, "instead": instead, "other": typed.by(instead)}
        return self.page(request, "refusal.html", typed=typed, values=told, status=422)

    def problem(
        self, request: Request, status: int, *, typed: Typed | None = None, told: str = "told"
    ) -> HTMLResponse:
        """A page for what is no question at all; it says nothing of the program's inside."""
        values = {
            "status": status,
            "heading": Saying(f"web.{status}.name"),
            "told": Saying(f"web.{status}.{told}"),
            "shows_form": typed is not None,
        }
        return self.page(request, "problem.html", typed=typed or Typed({}), values=values, status=status)


def label_of(field: str, words: Words) -> str:
    """What a field is called; the rows of repayments are numbered."""
    name, _, row = field.rpartition("_")
    if row.isdigit():
        return words.t(f"page.field.{name}_row", row=int(row))
    return words.t(f"page.field.{field}")


def typed_in(text: bytes) -> Typed:
    """The fields of a query or a urlencoded form, as far as its first 64 kB."""
    return read_typed(parse_qsl(text[:MOST_BYTES].decode("ascii", "replace"), keep_blank_values=True))


class Problems:
    """Pages that say what is wrong with a request, and never how the program is built."""

    def __init__(self, desk: Desk) -> None:
        """Work at the desk."""
        self.desk = desk

    def told(self, request: Request, error: Exception) -> Response:
        """A page for a status of the web framework; one without a sentence is told as not found."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        page = self.desk.problem(request, status if status in TOLD else 404)
        page.headers.update(getattr(error, "headers", None) or {})
        return page

    def failed(self, request: Request, error: Exception) -> Response:
        """Our own failure: sorry, and nothing of its inside."""
        del error
        return self.desk.problem(request, 500)
