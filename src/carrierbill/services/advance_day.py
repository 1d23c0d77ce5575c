"""Advance day: work a day for lines: fees, reminders and notices, effects, reports, plans; each day once."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from carrierbill.domain.arrangement import PLANS, Arrangement, ArrangementState
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.dates import ONE_DAY, days_later, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.line import Line, LineDay, LineEffect
from carrierbill.domain.notice import BureauReport, Notice
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.services.days_work import DaysWork, Worked
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.owing import bills_of, load_bills, rules_bill
from carrierbill.services.ports import After, Ledger, Once, Unit, UpTo
from carrierbill.services.telling import load_contacts


@dataclass(frozen=True, slots=True)
class Advance:
    """A line to be brought to the end of a day; days that were missed are worked first, in order."""

    line_id: int
    day: date
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Advanced:
    """What the days brought a line: late fees, effects started and ended, notices queued."""

    line_id: int
    day: date
    fee_won: int
    started: tuple[str, ...]
    ended: tuple[str, ...]
    notices: int


def lines_to_advance(
    unit: Unit, day: date, *, after_id: int = 0, most: int = 500, rules: RuleSet | None = None
) -> list[Advance]:
    """Up to `most` lines, by rising id from after `after_id` on, on which the day may bring something.

    A line is left out while nothing can happen to it: no bill is near its due date or late, no effect holds,
    no plan runs. Should a bill come, its days are caught up with from the first that matters.
    """
    found: list[Advance] = []
    while len(found) < most:
        lines = unit.peek(Line, id=After(after_id), most=most)
        if not lines:
            break
        after_id = lines[-1].id
        busy = _busy({line.id: line.holder_id for line in lines}, day, unit, rules=rules)
        found += [Advance(line_id, day) for line_id in sorted(busy)]
    return found[:most]


# Without rules at hand, reminders go out no earlier than so many days before the due date.
LOOK_AHEAD_DAYS = 31


def _look_ahead(day: date, rules: RuleSet | None) -> date:
    """The last due date of bills on which the day may bring something."""
    if rules is None:
        return days_later(day, LOOK_AHEAD_DAYS)
    reminders = rules.in_force("reminders", rules.reminders["before_due"], day).content
    return days_later(day, max(reminders.days_before, default=0))


def _busy(lines: dict[int, int], day: date, unit: Unit, *, rules: RuleSet | None) -> set[int]:
    """Those of the lines (line to holder) on which something may happen and the day is not worked yet."""
    holder_ids = set(lines.values())
    near = UpTo(_look_ahead(day, rules))
    busy = {bill.line_id for bill in unit.peek(IssuedBill, holder_id=holder_ids, closed_on=None, due_on=near)}
    busy |= {effect.line_id for effect in unit.peek(LineEffect, holder_id=holder_ids, ended_on=None)}
    running = unit.peek(Arrangement, holder_id=holder_ids, state=RUNNING)
    busy |= {plan.line_id for plan in running if plan.kind in PLANS}
    busy &= set(lines)
    done = {mark.line_id for mark in unit.peek(LineDay, line_id=busy) if mark.advanced_to >= day}
    return busy - done


RUNNING = (ArrangementState.ASKED, ArrangementState.GRANTED)


def advance_day(commands: Sequence[Advance], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Advanced, Refused where a day has no rule, or a BadInputError.

    That is for a line there is none of, or a day that has not come.
    """
    work = DaysWork(unit, rules)
    _load(commands, unit, rules)

    def decide(command: Advance) -> Advanced:
        rules.calendar.check(command.day)
        line = unit.get(Line, command.line_id)
        if line is None:
            raise BadInputError("line", Saying("bad_input.no_line", {"line_id": command.line_id}))
        if command.day > seoul_day(unit.now):
            raise BadInputError("day", Saying("bad_input.day_to_come", {"on": command.day}))
        worked = Worked()
        for day in _days(line, command.day, unit, rules=rules):
            worked = worked.plus(work.of_line(line.id, day, told_on=command.day))
        _mark(line, command.day, unit)
        return Advanced(line.id, command.day, worked.fee_won, worked.started, worked.ended, worked.notices)

    return decide_each(commands, unit, decide)


def _load(commands: Sequence[Advance], unit: Unit, rules: RuleSet) -> None:
    """Lock the holders, then load what their days look at, each kind at one go."""
    line_ids = {command.line_id for command in commands}
    holder_ids = {line.holder_id for line in unit.peek(Line, id=line_ids)}
    unit.lock(holder_ids)
    lines = unit.load(Line, holder_id=holder_ids)
    unit.load(LineDay, line_id=line_ids)
    bills = load_bills(unit, holder_ids)
    effects = unit.load(LineEffect, holder_id=holder_ids, ended_on=None)
    arrangements = unit.load(Arrangement, holder_id=holder_ids)
    if effects:
        # What was settled since they began tells when they are over.
        since = days_later(min(effect.began_on for effect in effects), -1)
        held = {effect.holder_id for effect in effects}
        _load_settled(held, unit, settled_on=After(since))
    _load_settled({plan.holder_id for plan in arrangements if plan.kind in PLANS}, unit)
    near_on = _look_ahead(max((command.day for command in commands), default=date.min), rules)
    near = [bill for bill in bills if bill.due_on <= near_on]
    near_holders = {bill.holder_id for bill in near} | {plan.holder_id for plan in arrangements}
    unit.load(Notice, bill_id={bill.id for bill in near})
    load_contacts(unit, {line.id for line in lines if line.holder_id in near_holders}, rules)
    late_holders = {effect.holder_id for effect in effects} | {bill.holder_id for bill in near}
    unit.load(BureauReport, holder_id=late_holders, withdrawn_on=None)


def _load_settled(holder_ids: Collection[int], unit: Unit, **where: object) -> None:
    bills = unit.load(IssuedBill, holder_id=holder_ids, **where)
    unit.load(Allocation, bill_id={bill.id for bill in bills if bill.closed_on is not None})


def _days(line: Line, last: date, unit: Unit, *, rules: RuleSet) -> list[date]:
    """The days still to be worked, in order, from the first on which something can happen."""
    mark = unit.get(LineDay, line.id)
    bills = [bill for bill in bills_of(line, unit) if bill.closed_on is None]
    first = min((_first_day_of(bill, unit, rules) for bill in bills), default=last)
    if mark is not None:
        following = mark.advanced_to + ONE_DAY
        first = following if _is_bound(line, unit) else max(first, following)
    return [days_later(first, ahead) for ahead in range((last - first).days + 1)]


def _first_day_of(bill: IssuedBill, unit: Unit, rules: RuleSet) -> date:
    """The day of a bill's first reminder: before it nothing happens."""
    reminders = rules.in_force("reminders", rules.reminders["before_due"], bill.due_on).content
    ahead = max(reminders.days_before, default=0)
    return days_later(effective_due_on(rules_bill(bill, unit), rules), -ahead)


def _is_bound(line: Line, unit: Unit) -> bool:
    """Whether an effect or a relief may change on any day."""
    line_ids = [effect.line_id for effect in unit.of_holder(LineEffect, line.holder_id)]
    line_ids += [plan.line_id for plan in unit.of_holder(Arrangement, line.holder_id)]
    return line.id in line_ids


def _mark(line: Line, day: date, unit: Unit) -> None:
    mark = unit.get(LineDay, line.id)
    if mark is None:
        unit.add(LineDay(line.id, line.holder_id, day))
    elif mark.advanced_to < day:
        unit.put(replace(mark, advanced_to=day))


# ── the whole book ───────────────────────────────────────────────────────────────────────────────────────
# How far back the last day that was worked is looked for; after a longer rest each line catches up by itself.
MOST_DAYS_BACK = 92
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Round:
    """What a day brought the whole book: how many lines were worked, their fees, effects and notices.

    `refused` counts the lines whose day no rule covers, by the rule that is missing; they are tried again.
    """

    day: date
    lines: int = 0
    fee_won: int = 0
    started: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, int] = field(default_factory=dict)
    notices: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)


def days_to_work(unit: Unit, day: date) -> list[date]:
    """The days from the last one worked on any line up to the day; that one may not be done with."""
    since = After(days_later(day, -MOST_DAYS_BACK))
    worked = [mark.advanced_to for mark in unit.peek(LineDay, advanced_to=since) if mark.advanced_to <= day]
    first = max(worked, default=day)
    return [days_later(first, ahead) for ahead in range((day - first).days + 1)]


def advance_all(ledger: Ledger, day: date, rules: RuleSet) -> Round:
    """Advance every line on which the day may bring something; what fails is raised when all is done."""
    decided: list[object] = []
    after_id = 0
    while True:
        with ledger.unit() as unit:
            commands = lines_to_advance(unit, day, after_id=after_id, most=AT_A_TIME, rules=rules)
        if not commands:
            break
        after_id = commands[-1].line_id
        decided += ledger.decide(advance_day, commands, rules)
    for what in decided:
        if isinstance(what, Exception):
            raise what
    return _summed_up(day, decided)


def _summed_up(day: date, decided: Sequence[object]) -> Round:
    advanced = [each for each in decided if isinstance(each, Advanced)]
    return Round(
        day=day,
        lines=len(advanced),
        fee_won=sum(each.fee_won for each in advanced),
        started=Counter(effect for each in advanced for effect in each.started),
        ended=Counter(effect for each in advanced for effect in each.ended),
        notices=sum(each.notices for each in advanced),
        refused=Counter(each.rule for each in decided if isinstance(each, Refused)),
    )
