"""Restoration: when line, purchases and limit come back once everything late is paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.allowances import Comeback, Wait
from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import Calendar, days_later
from carrierbill.domain.lateness import effective_due_on, ladder_on, lateness_on
from carrierbill.domain.policy import RuleSet, Source
from carrierbill.domain.saying import Saying


@dataclass(frozen=True, slots=True)
class Window:
    """The earliest and the latest day something comes back; None where nobody says."""

    earliest_on: date | None
    latest_on: date | None


@dataclass(frozen=True, slots=True)
class ComesBack:
    """What comes back when, if all that is late is paid on a day; `notes` say what does not."""

    parts: Mapping[str, Window]
    stage: str
    held_by: tuple[str, ...]
    notes: tuple[Saying, ...]
    source: Source


def restoration_on(bill: Bill, day: date, rules: RuleSet) -> ComesBack | None:
    """When things come back if all is paid on the day; None when nothing was late at its start.

    The stage that counts is the one that would have held that evening had nothing been paid.
    """
    unpaid = bill.before(day)
    if day <= effective_due_on(bill, rules) or unpaid.unpaid_won_on(day) == 0:
        return None
    return comes_back_after(lateness_on(unpaid, day, rules).stage, bill.carrier, day, rules=rules)


def comes_back_after(stage: str, carrier: str, paid_on: date, *, rules: RuleSet) -> ComesBack:
    """When things come back at the carrier after the stage, all that is late being paid on the day."""
    ladder = ladder_on(paid_on, rules).content
    value = rules.in_force("restoration", rules.restoration[carrier], paid_on)
    reached = [row for row in value.content.rows if ladder.rank(row.from_stage) <= ladder.rank(stage)]
    row = max(reached, key=lambda row: ladder.rank(row.from_stage))
    calendar = rules.calendar
    return ComesBack(
        parts={
            "line": _window(row.line, paid_on, calendar),
            "purchases": _window(row.purchases, paid_on, calendar),
            "limit": _window(row.limit, paid_on, calendar),
        },
        stage=stage,
        held_by=(),
        notes=(Saying(f"note.{row.note}"),) if row.note else (),
        source=value.source,
    )


def _window(comeback: Comeback, day: date, calendar: Calendar) -> Window:
    return Window(
        earliest_on=_after(comeback.earliest, day, calendar),
        latest_on=_after(comeback.latest, day, calendar),
    )


def _after(wait: Wait | None, day: date, calendar: Calendar) -> date | None:
    if wait is None:
        return None
    return calendar.business_days_after(day, wait.days) if wait.business else days_later(day, wait.days)
