"""State: the due date and why it is that day, how late the bill is, and what that brings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from carrierbill.domain.dates import ONE_DAY, SATURDAY, Calendar
from carrierbill.domain.lateness import due_date_rule, ladder_on, reflected_on
from carrierbill.domain.policy import CLEAR, Effect, Standing
from carrierbill.domain.position import Answer
from carrierbill.domain.restoration import Window
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked
from carrierbill.web.pages.headline import Side
from carrierbill.web.words import Words


@dataclass(frozen=True, slots=True)
class ComesBackOn:
    """Things that come back at the same time, and when, in words."""

    parts: tuple[str, ...]
    saying: Saying


@dataclass(frozen=True, slots=True)
class State:
    """The bill's state on the day in sentences; `effects` are names, `beside` is the other rules' state."""

    due: tuple[Saying, ...]
    late: tuple[Saying, ...]
    stage: str
    effects: tuple[Effect, ...]
    standing: Standing
    beside: Saying | None
    back: tuple[ComesBackOn, ...]
    notes: tuple[Saying, ...]


def state_for(asked: Asked, sides: tuple[Side, ...], answer: Answer, *, words: Words) -> State:
    """The state by the rules asked for, and in one sentence by those beside them."""
    lateness = answer.position.lateness
    back = answer.restoration.parts if answer.restoration else {}
    return State(
        due=tuple(_due(asked, sides, words)),
        late=tuple(_late(asked, sides[0])),
        stage=lateness.stage,
        effects=lateness.effects,
        standing=ladder_on(asked.on, asked.rules).source.standing,
        beside=_beside(sides, words),
        back=tuple(_back(back, asked)),
        notes=answer.notes,
    )


def _due(asked: Asked, sides: tuple[Side, ...], words: Words) -> Iterator[Saying]:
    bill, calendar = asked.bill, asked.rules.calendar
    effective_on = sides[0].position.effective_due_on
    if not calendar.is_business_day(bill.due_on):
        yield Saying(
            "page.state.due_off", {"due_on": bill.due_on, "day_off": day_off(calendar, asked, words)}
        )
        if effective_on != bill.due_on:
            yield Saying("page.state.due_moved", {"rules": asked.rules.name, "effective_on": effective_on})
        else:
            yield Saying("page.state.due_stays", {"rules": asked.rules.name})
    for side in sides[1:]:
        theirs = side.position.effective_due_on
        if theirs != effective_on:
            yield Saying("page.state.due_beside", {"rules": side.rules.name, "effective_on": theirs})


def day_off(calendar: Calendar, asked: Asked, words: Words) -> str:
    """Why the due date is no business day: the holiday's name, else Saturday or Sunday."""
    holiday = calendar.holidays.get(asked.bill.due_on)
    if holiday is not None:
        return holiday.names[words.language]
    return words.name("page.state", "saturday" if asked.bill.due_on.weekday() == SATURDAY else "sunday")


def _late(asked: Asked, side: Side) -> Iterator[Saying]:
    position = side.position
    days_left = (position.effective_due_on - asked.on).days
    if position.unpaid_won == 0:
        yield Saying("page.state.settled")
    elif days_left > 0:
        yield Saying("page.state.days_left", {"days": days_left})
    elif days_left == 0:
        yield Saying("page.state.due_today")
    else:
        first_on = position.effective_due_on + ONE_DAY
        yield Saying("page.state.days_late", {"days": position.lateness.days_late})
        yield Saying("page.state.counted_from", {"from_on": first_on})
        if position.lateness.status_day == 0:
            yield Saying("page.state.not_reflected", {"on": reflected_on(asked.bill, side.rules)})


def _beside(sides: tuple[Side, ...], words: Words) -> Saying | None:
    for side in sides[1:]:
        lateness = side.position.lateness
        if lateness.stage == CLEAR:
            return None
        effects = ", ".join(words.name("effect", effect) for effect in lateness.effects)
        names = {
            "rules": side.rules.name,
            "stage": words.name("stage", f"{lateness.stage}.name"),
            "effects": effects,
        }
        return Saying("page.state.beside", names)
    return None


def _back(windows: Mapping[str, Window], asked: Asked) -> Iterator[ComesBackOn]:
    for window in dict.fromkeys(windows.values()):
        parts = tuple(part for part, its in windows.items() if its == window)
        yield ComesBackOn(parts, _window(window, asked))


def _window(window: Window, asked: Asked) -> Saying:
    earliest, latest = window.earliest_on, window.latest_on
    if earliest is None:
        return Saying("page.state.back_unknown")
    if latest is None:
        return Saying("page.state.back_from", {"on": earliest})
    if earliest == latest == asked.on:
        return Saying("page.state.back_same_day")
    if earliest == latest:
        return Saying("page.state.back_on", {"on": earliest})
    return Saying("page.state.back_between", {"earliest_on": earliest, "latest_on": latest})


def due_date_notes(asked: Asked) -> tuple[str, ...]:
    """The notes on the convention that decides the due date."""
    return due_date_rule(asked.bill, asked.rules).notes
