"""Answering: how our own interface reads what is asked in an address and writes what came of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from msgspec.json import Encoder

from carrierbill.domain.errors import BadInputError, RefusedError, SayableError
from carrierbill.services.decide import Refused
from carrierbill.storage.own_lists import Span, Where, listed
from carrierbill.storage.sql import Session
from carrierbill.texts.load import Texts
from carrierbill.web.api import Answer, Asking, checked
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError, invalid
from carrierbill.web.shapes.own import Refusal, Told

ENCODE = Encoder().encode
MOST_A_PAGE = 1_000
A_PAGE = 10
REFUSED = "CARRIERBILL.REFUSED"
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
Outcome = TypeVar("Outcome")
Record = TypeVar("Record")


def answered(told: Told | Sequence[Told] | Mapping[str, Any], status: int = 200) -> Answer:
    """What is told, as an answer."""
    return Answer(status, ENCODE(told))


def refused(by: Refused | RefusedError, texts: Texts) -> Answer:
    """The answer to what a rule is against: its name, its sentence, and what would lift it."""
    reason = by.told if isinstance(by, Refused) else by.reason
    lifted = texts.both(by.lifted_by) if by.lifted_by else None
    told = Refusal(422, REFUSED, texts.say("en", reason), by.rule, texts.both(reason), lifted)
    return answered(told, told.status)


def settled(outcome: object, kind: type[Outcome], office: Office) -> Outcome | Answer:
    """The outcome, or what is answered where a rule is against it; ProblemError for bad input."""
    outcome = checked(outcome)
    if isinstance(outcome, Refused):
        return refused(outcome, office.app.texts)
    if isinstance(outcome, BadInputError):
        raise invalid(camel(outcome.field), outcome.reason)
    if isinstance(outcome, SayableError):
        raise invalid("request", outcome.reason)
    if not isinstance(outcome, kind):
        raise TypeError(outcome)
    return outcome


def camel(name: str) -> str:
    """A name as this interface writes it.

    >>> camel("due_on"), camel("won")
    ('dueOn', 'won')
    """
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def camel_document(value: Any) -> Any:  # noqa: ANN401  # whatever a document holds
    """A document of the command line as this interface writes it: its names, and nothing for null."""
    if isinstance(value, Mapping):
        return {camel(name): camel_document(part) for name, part in value.items() if part is not None}
    if isinstance(value, (list, tuple)):
        return [camel_document(part) for part in value]
    return value


# ── what stands in an address ────────────────────────────────────────────────────────────────────────────
def query(asking: Asking, name: str) -> str | None:
    """A parameter, or None where it is not given; given twice, nobody knows what is meant."""
    given = [value for key, value in asking.query if key == name]
    if len(given) > 1:
        raise invalid(name)
    return given[0] if given else None


def whole(asking: Asking, name: str, default: int, *, most: int) -> int:
    """A whole number from 1 to `most`."""
    given = query(asking, name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(most)) and 1 <= int(given) <= most):
        raise invalid(name)
    return int(given)


def one_of(asking: Asking, name: str, words: Sequence[str]) -> str | None:
    """A word of a list."""
    given = query(asking, name)
    if given is not None and given not in words:
        raise invalid(name)
    return given


def day(asking: Asking, name: str) -> date | None:
    """A day as ISO writes it."""
    given = query(asking, name)
    if given is None:
        return None
    if not DAY.fullmatch(given):
        raise invalid(name)
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise invalid(name) from None


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────
Telling = Callable[[Session, Sequence[Any]], Sequence[Told]]


async def listing(
    office: Office, asking: Asking, kind: type[Any], *, where: Where, telling: Telling
) -> Answer:
    """A page of the records that fulfil the conditions, the newest first unless asked otherwise."""
    page = whole(asking, "page", 1, most=10**9)
    most = whole(asking, "perPage", A_PAGE, most=MOST_A_PAGE)
    order = one_of(asking, "order", ("desc", "asc"))
    span = Span((page - 1) * most, most, newest_first=order != "asc")

    def look(session: Session) -> tuple[Sequence[Told], int]:
        found = listed(session, kind, where, span=span)
        return telling(session, found.records), found.total

    told, total = await office.look(look)
    if not told and page > 1:
        raise ProblemError("OUT_OF_RANGE")
    headers = {"X-Total-Count": str(total), "Content-Last-Key": str(span.skip + len(told))}
    return Answer(200, ENCODE(told), headers)
