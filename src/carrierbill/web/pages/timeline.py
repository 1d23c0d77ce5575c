"""Timeline: the bill's days in order, those that are over and those to come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from carrierbill.domain.dates import days_later, month_later
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.event import Event, events_between
from carrierbill.domain.late_fee import daily_rates_on, late_fee_on
from carrierbill.domain.policy import Effect
from carrierbill.domain.position import Position
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked
from carrierbill.web.pages.headline import Side

DAYS_BEFORE_DUE = 3
# Far enough to see every rung of the shipped ladders but the time bar, and never less than four months.
DAYS_AFTER_DUE = 160
DAYS_AHEAD = 120
# Told once while the fee grows daily: they come again every month and would bury what matters.
MONTHLY = ("capitalised", "fee_posted")
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happens: what kind (it has an icon), its heading's text key, and the sentence."""

    what: str
    heading: str
    saying: Saying
    repeats: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """A day on which something happens; `when` says how far off it is."""

    on: date
    when: Saying
    told: tuple[Told, ...]
    starts: tuple[Effect, ...]
    ends: tuple[Effect, ...]
    position: Position
    beside_won: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Days that are over, the day asked for if something happens on it, and days to come.

    `lead` says what they are, `rest` what is to be said where nothing is to come.
    """

    lead: Saying
    past: tuple[Moment, ...]
    now: tuple[Moment, ...]
    coming: tuple[Moment, ...]
    rest: Saying | None

    @property
    def has_dates(self) -> bool:
        """Whether something that calls for a place in a calendar is still to come."""
        return any(told.what not in MONTHLY for moment in (*self.now, *self.coming) for told in moment.told)


def timeline_for(asked: Asked, sides: tuple[Side, ...]) -> Timeline:
    """The days around the day asked for."""
    due_on = sides[0].position.effective_due_on
    yesterday, last_on = days_later(asked.on, -1), last_day(asked, due_on)
    # After the ladder's last rung little happened, and each day takes time.
    past_until = min(yesterday, days_later(due_on, DAYS_AFTER_DUE))
    first_on = max(days_later(due_on, -DAYS_BEFORE_DUE), asked.rules.calendar.first_on)
    events = list(_news([*events_on(asked, first_on, past_until), *events_on(asked, asked.on, last_on)]))
    past = [event for event in events if event.position.on < asked.on]
    ahead = [event for event in events if event.position.on >= asked.on]
    moments = list(_moments(ahead, last_on, asked, sides=sides))
    coming = tuple(moment for moment in moments if moment.on > asked.on)
    return Timeline(
        lead=_lead(asked, sides[0], is_posted=any(event.what == "fee_posted" for event in ahead)),
        past=tuple(_moments(past, past_until, asked, sides=sides)),
        now=tuple(moment for moment in moments if moment.on == asked.on),
        coming=coming,
        rest=None if coming else _rest(sides[0], last_on),
    )


def _lead(asked: Asked, side: Side, *, is_posted: bool) -> Saying:
    """What the days are: what follows on not paying, or what is left of a bill that is repaid."""
    rules = {"rules": side.rules.name}
    if side.position.unpaid_won == 0:
        has_more = is_posted and side.owed_won > 0
        return Saying("page.ahead.by_settled_left" if has_more else "page.ahead.by_settled", rules)
    if asked.on <= side.position.effective_due_on:
        return Saying("page.ahead.by_in_time", {**rules, "due_on": side.position.effective_due_on})
    return Saying("page.ahead.by", rules)


def _rest(side: Side, last_on: date) -> Saying:
    if side.position.unpaid_won == 0:
        return Saying("page.ahead.nothing_settled")
    return Saying("page.ahead.nothing", {"last_on": last_on})


def _news(events: list[Event]) -> Iterator[Event]:
    """The events but those that move no money: the fee billed as the time before, nothing capitalised."""
    posted: object = 0
    for event in events:
        fee_won = event.saying.values.get("fee_won", 0)
        if event.what == "fee_posted":
            moves, posted = fee_won != posted, fee_won
        else:
            moves = event.what != "capitalised" or fee_won != 0
        if moves or event.starts or event.ends:
            yield event


def _moments(
    events: list[Event], last_on: date, asked: Asked, *, sides: tuple[Side, ...]
) -> Iterator[Moment]:
    """The days of a window, what goes on every month to its end told once."""
    again = {what for what in MONTHLY if goes_on(what, events, last_on, asked=asked)}
    for _, of_day in groupby(_told_once(events, again), key=lambda event: event.position.on):
        yield _moment(list(of_day), again, asked, sides=sides)


def goes_on(what: str, events: list[Event], last_on: date, *, asked: Asked) -> bool:
    """Whether a kind of event comes every month from its first day to the window's end, and after it."""
    days = [event.position.on for event in events if event.what == what]
    if len(days) <= 1 or not grows_daily_on(asked, last_on):
        return False
    months = [day.year * MONTHS_A_YEAR + day.month for day in days]
    is_monthly = months == list(range(months[0], months[0] + len(months)))
    return is_monthly and month_later(days[0], len(days)) > last_on


def grows_daily_on(asked: Asked, day: date) -> bool:
    """Whether the late fee still grows daily then: only so does a monthly event come every month."""
    try:
        rates = daily_rates_on(asked.bill, day, asked.rules)
    except RefusedError:
        return False
    return asked.bill.settled_on() is None and any(rates)


def _told_once(events: list[Event], again: set[str]) -> Iterator[Event]:
    """The events without the second and later of what comes every month, unless an effect hangs on it."""
    seen = set()
    for event in events:
        if event.what not in again or event.what not in seen or event.starts or event.ends:
            yield event
        seen.add(event.what)


def last_day(asked: Asked, due_on: date) -> date:
    """How far ahead the timeline looks, never beyond the days that can be worked out."""
    last_on = max(days_later(asked.on, DAYS_AHEAD), days_later(due_on, DAYS_AFTER_DUE))
    return min(last_on, asked.rules.calendar.last_on)


def events_on(asked: Asked, first_on: date, last_on: date) -> Iterator[Event]:
    """The events of a window, as far as they can be told: a coming day without a rule ends them."""
    try:
        yield from events_between(asked.bill, (first_on, last_on), asked.rules, autopay=asked.autopay)
    except RefusedError:
        return


def _moment(events: list[Event], again: set[str], asked: Asked, *, sides: tuple[Side, ...]) -> Moment:
    position = events[0].position
    # The first rung of a ladder says itself that the lateness shows.
    shown_by_stage = {"reflected"} if any(event.what == "stage" for event in events) else set()
    return Moment(
        on=position.on,
        when=distance(asked.on, position.on),
        told=tuple(_told(event, again) for event in events if event.what not in shown_by_stage),
        starts=events[0].starts,
        ends=events[0].ends,
        position=position,
        beside_won=_beside_won(asked, position.on, sides),
    )


def _told(event: Event, again: set[str]) -> Told:
    """A change of stage goes by the stage's name, all else by its kind."""
    is_stage = event.what == "stage"
    heading = f"stage.{event.position.lateness.stage}.name" if is_stage else f"what.{event.what}"
    return Told(event.what, heading, event.saying, repeats=event.what in again)


def _beside_won(asked: Asked, on: date, sides: tuple[Side, ...]) -> int | None:
    """What would be paid on the day by the rules beside those asked for; None where they do not say."""
    for side in sides[1:]:
        try:
            fee = late_fee_on(asked.bill, on, side.rules)
        except RefusedError:
            return None
        return asked.bill.unpaid_won_on(on) + fee.unpaid.charged
    return None


def distance(on: date, other: date) -> Saying:
    """How far a day is from the one asked for.

    >>> distance(date(2026, 1, 1), date(2026, 1, 31)).key
    'page.when.days_ahead'
    """
    days = (other - on).days
    if days == 0:
        return Saying("page.when.this_day")
    if abs(days) == 1:
        return Saying("page.when.day_ahead" if days > 0 else "page.when.day_ago")
    return Saying("page.when.days_ahead" if days > 0 else "page.when.days_ago", {"days": abs(days)})
