"""Event: what happens to a bill on a day, found by looking at each day beside the one before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import ONE_DAY, days_later, is_months_later, month_later
from carrierbill.domain.late_fee import daily_rates_on, late_fee_on, steps_by
from carrierbill.domain.lateness import (
    NOT_LATE,
    Lateness,
    due_date_rule,
    effective_due_on,
    is_time_barred,
    ladder_on,
    lateness_on,
    reflected_on,
)
from carrierbill.domain.money import percent_of
from carrierbill.domain.policy import Effect, Posting, RuleSet, Source
from carrierbill.domain.position import Position, position_on
from carrierbill.domain.reminder import AutoPay, reminders_for
from carrierbill.domain.saying import Saying, Values


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens, how it is told, and who says so."""

    what: str
    saying: Saying
    source: Source


@dataclass(frozen=True, slots=True)
class Event:
    """A happening with the position at the end of its day and the effects the day starts and ends.

    `starts` and `ends` stand on the first event of a day only.
    """

    what: str
    position: Position
    starts: tuple[Effect, ...]
    ends: tuple[Effect, ...]
    saying: Saying
    source: Source


@dataclass(frozen=True, slots=True)
class _Day:
    """A day of a bill due (effectively) on `due_on`: its lateness at the end of the day and of its eve."""

    bill: Bill
    rules: RuleSet
    on: date
    due_on: date
    before: Lateness
    now: Lateness

    @property
    def eve(self) -> date:
        return self.on - ONE_DAY


def events_between(
    bill: Bill, window: tuple[date, date], rules: RuleSet, *, autopay: AutoPay | None = None
) -> Iterator[Event]:
    """All events of the bill from the window's first day to its last, by day and, within it, by kind."""
    from_on, last_on = window
    settled_on, due_on = bill.settled_on(), effective_due_on(bill, rules)
    before = lateness_on(bill, from_on - ONE_DAY, rules)
    for ahead in range((last_on - from_on).days + 1):
        on = days_later(from_on, ahead)
        day = _Day(bill, rules, on, due_on, before, lateness_on(bill, on, rules))
        is_over = settled_on is not None and on > settled_on
        yield from _events_on(day, _posted(day) if is_over else _happenings(day, autopay))
        before = day.now


def _events_on(day: _Day, happenings: Iterator[Happening]) -> Iterator[Event]:
    position = None
    for happening in happenings:
        is_first, position = position is None, position or position_on(day.bill, day.on, day.rules)
        before, now = day.before.effects, day.now.effects
        yield Event(
            what=happening.what,
            position=position,
            starts=tuple(effect for effect in now if effect not in before) if is_first else (),
            ends=tuple(effect for effect in before if effect not in now) if is_first else (),
            saying=happening.saying,
            source=happening.source,
        )


def _happenings(day: _Day, autopay: AutoPay | None) -> Iterator[Happening]:
    """What happens on a day of a bill not settled before it, in the order it is listed."""
    if day.on <= day.due_on:
        yield from _before_due(day, autopay)
        return
    if day.now.status_day == 1 or (day.now == NOT_LATE and day.on == reflected_on(day.bill, day.rules)):
        yield Happening("reflected", Saying("event.reflected"), due_date_rule(day.bill, day.rules).source)
    yield from _stage_change(day)
    yield from _fee_steps(day)
    yield from _posted(day)
    yield from _capitalised(day)
    yield from _waiver_closes(day)
    yield from _time_barred(day)


def _before_due(day: _Day, autopay: AutoPay | None) -> Iterator[Happening]:
    owed: Values = {"due_on": day.due_on, "owed_won": day.bill.unpaid_won_on(day.on)}
    for reminder in reminders_for(day.bill, day.rules, autopay):
        if reminder.on == day.on:
            key = f"event.reminder_{reminder.autopay_fails}" if reminder.autopay_fails else "event.reminder"
            yield Happening("reminder", Saying(key, owed), reminder.source)
    if day.on == day.due_on:
        yield Happening("due", Saying("event.due", owed), due_date_rule(day.bill, day.rules).source)


def _stage_change(day: _Day) -> Iterator[Happening]:
    before, now = day.before, day.now
    if (before.stage, before.effects) == (now.stage, now.effects):
        return
    ladder = ladder_on(day.on, day.rules)
    source = next((row.source for row in ladder.content.rows if row.stage == now.stage), ladder.source)
    yield Happening("stage", Saying(f"stage.{now.stage}.told"), source)


def _fee_steps(day: _Day) -> Iterator[Happening]:
    """A flat step added on the day, or a daily rate that differs from the day before."""
    for step in steps_by(day.bill, day.on, day.rules):
        if step.added_on == day.on:
            yield Happening(
                "fee_step", _rates_saying("event.fee_step_flat", step.low, step.high), step.source
            )
    if day.eve == day.due_on:
        return
    rates = daily_rates_on(day.bill, day.on, day.rules)
    if rates != daily_rates_on(day.bill, day.eve, day.rules):
        tariffs = day.rules.tariffs_for(day.bill.carrier)
        source = day.rules.in_force("late_fee", tariffs, day.on).source
        yield Happening("fee_step", _rates_saying("event.fee_step_daily", *rates), source)


def _rates_saying(key: str, low: Fraction, high: Fraction) -> Saying:
    if low == high:
        return Saying(key, {"rate": percent_of(low)})
    return Saying(f"{key}_range", {"low_rate": percent_of(low), "high_rate": percent_of(high)})


def _posted(day: _Day) -> Iterator[Happening]:
    """The fee's way onto a bill: at a stage, or on a day of the month after something was added."""
    tariff = day.rules.tariffs_for(day.bill.carrier).value_on(day.on)
    if day.on > day.due_on and tariff is not None and _is_posted_on(day, tariff.content.posting):
        fee_won = late_fee_on(day.bill, day.on, day.rules).fee.charged
        yield Happening("fee_posted", Saying("event.fee_posted", {"fee_won": fee_won}), tariff.source)


def _is_posted_on(day: _Day, posting: Posting) -> bool:
    if posting.stage is not None:
        return posting.stage in day.now.stages and posting.stage not in day.before.stages
    if day.on.day != posting.day_of_month:
        return False
    pieces = late_fee_on(day.bill, day.eve, day.rules).low.pieces
    return any(piece.exact > 0 and piece.to_on >= month_later(day.on, -1) for piece in pieces)


def _capitalised(day: _Day) -> Iterator[Happening]:
    tariff = day.rules.tariffs_for(day.bill.carrier).value_on(day.on)
    if tariff is None or tariff.content.compounds_from is None:
        return
    if not is_months_later(day.bill.due_on, day.on):
        return
    for capitalisation in late_fee_on(day.bill, day.on, day.rules).high.capitalised:
        if capitalisation.on == day.on:
            key = "event.capitalised" if capitalisation.won else "event.capitalised_nothing"
            saying = Saying(key, {"fee_won": capitalisation.won} if capitalisation.won else {})
            yield Happening("capitalised", saying, tariff.source)


def _waiver_closes(day: _Day) -> Iterator[Happening]:
    waiver = day.rules.in_force("relief", day.rules.relief["waiver"], day.on)
    last_day = waiver.content.last_day_late
    if waiver.content.offered and last_day is not None and day.on == days_later(day.due_on, last_day):
        yield Happening("waiver_closes", Saying("event.waiver_closes"), waiver.source)


def _time_barred(day: _Day) -> Iterator[Happening]:
    """Told only where the ladder has the rung: elsewhere the claim's end is no part of the rule set."""
    rungs = [row for row in ladder_on(day.on, day.rules).content.rows if row.time_barred]
    if not rungs or is_time_barred(day.bill, day.eve, day.rules):
        return
    if is_time_barred(day.bill, day.on, day.rules):
        yield Happening("time_barred", Saying("event.time_barred"), rungs[0].source)
