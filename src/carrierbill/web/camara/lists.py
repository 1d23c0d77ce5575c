"""Lists: which page of what a client asks for, and what the headers say of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from carrierbill.domain.saying import Saying
from carrierbill.storage.listing import Wanted
from carrierbill.web.api import Answer, Asking
from carrierbill.web.camara.faults import fault
from carrierbill.web.problems import ProblemError, invalid
from carrierbill.web.shapes.parts import read_instant

WHOLE = re.compile("-?[0-9]+")
# No list has so many pages.
MOST_DIGITS = 9
MOST_PER_PAGE = 1_000
PER_PAGE = 10
ORDERS = ("desc", "asc")


@dataclass(frozen=True, slots=True)
class ListNames:
    """What the parameters of a list are named, which status each state has, and whose faults they are."""

    of: str
    since: str
    until: str
    status: str
    statuses: Mapping[str, str]
    merchant_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListAsked:
    """A page of a list: which one, how long, of what."""

    page: int
    per_page: int
    wanted: Wanted

    @property
    def skip(self) -> int:
        """How many items come before it."""
        return (self.page - 1) * self.per_page


def list_asked(asking: Asking, names: ListNames) -> ListAsked:
    """The page a client asks for; ProblemError for what a parameter cannot be. Unknown ones are let go."""
    given: dict[str, list[str]] = {}
    for name, value in asking.query:
        given.setdefault(name, []).append(value)
    since, until = _instant_in(given, names.since), _instant_in(given, names.until)
    order = _only(given, "order")
    if order not in (None, *ORDERS):
        raise _not_one_of("order", ORDERS)
    merchant = _only(given, "merchantIdentifier")
    if merchant is not None and "\0" in merchant:
        raise invalid("merchantIdentifier")
    asked = ListAsked(
        page=_whole_in(given, "page", 1),
        per_page=_whole_in(given, "perPage", PER_PAGE, most=MOST_PER_PAGE),
        wanted=Wanted(
            asking.caller.client,
            states=_states_in(given, names),
            merchant=merchant,
            merchant_at=names.merchant_at,
            since=since,
            until=until,
            newest_first=order != "asc",
        ),
    )
    if since is not None and until is not None and since > until:
        raise fault(names.of, "INVALID_DATE_RANGE", 400)
    return asked


def check_matching(total: int, asked: ListAsked, names: ListNames, *, most: int) -> None:
    """ProblemError where more match than are told at all (`most` 0: any number), or the page has nothing."""
    if 0 < most < total:
        raise fault(names.of, "TOO_MANY_MATCHING_RECORDS", 400)
    if asked.skip >= total and asked.page > 1:
        raise ProblemError("OUT_OF_RANGE")


def list_answer(body: bytes, total: int, asked: ListAsked) -> Answer:
    """A page; its headers say the place of its last item among all, from 1 on, and how many there are."""
    last = min(asked.skip + asked.per_page, total)
    return Answer(200, body, {"Content-Last-Key": str(last), "X-Total-Count": str(total)})


def _only(given: Mapping[str, list[str]], name: str) -> str | None:
    values = given.get(name)
    if values is None:
        return None
    if len(values) > 1:
        raise invalid(name)
    return values[0]


def _whole_in(given: Mapping[str, list[str]], name: str, default: int, *, most: int | None = None) -> int:
    text = _only(given, name)
    if text is None:
        return default
    if not WHOLE.fullmatch(text):
        raise invalid(name, Saying("problem.WHOLE_NUMBER"))
    number = int(text) if len(text) <= MOST_DIGITS else 0
    if number < 1 or (most is not None and number > most):
        raise ProblemError("OUT_OF_RANGE")
    return number


def _instant_in(given: Mapping[str, list[str]], name: str) -> datetime | None:
    text = _only(given, name)
    if text is None:
        return None
    at = read_instant(text)
    if at is None:
        raise invalid(name, Saying("problem.INSTANT"))
    return at


def _states_in(given: Mapping[str, list[str]], names: ListNames) -> tuple[str, ...]:
    """The states of all statuses asked for, each on its own, or in one row with commas between."""
    asked = {part for value in given.get(names.status, ()) for part in value.split(",")}
    if not asked <= set(names.statuses.values()):
        raise _not_one_of(names.status, tuple(dict.fromkeys(names.statuses.values())))
    return tuple(state for state, status in names.statuses.items() if status in asked)


def _not_one_of(name: str, known: Sequence[str]) -> ProblemError:
    return invalid(name, Saying("problem.ONE_OF", {"known": ", ".join(known)}))
