"""Lateness: from which day a bill is late, since how long, and the stage and effects that follow."""

from dataclasses import dataclass
from datetime import date

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import ONE_DAY, days_later, month_later
from carrierbill.domain.policy import CLEAR, DueDateRule, Effect, Ladder, RuleSet, StageRow, Value


@dataclass(frozen=True, slots=True)
class Lateness:
    """A bill's lateness at the end of a day: days late, status day, stage, and effects in bit order.

    `stages` are all rows of the ladder that hold, the last of them is the stage.
    """

    days_late: int
    status_day: int
    stage: str
    effects: tuple[Effect, ...]
    stages: tuple[str, ...]


NOT_LATE = Lateness(0, 0, CLEAR, (), ())


def due_date_rule(bill: Bill, rules: RuleSet) -> Value[DueDateRule]:
    """The convention in force on the bill's due date."""
    return rules.in_force("due_dates", rules.due_dates["due_date"], bill.due_on)


def due_date_missed(bill: Bill, rules: RuleSet, count: int) -> date:
    """The count-th due date of the bill (the first is its own), moved by the convention."""
    nominal = month_later(bill.due_on, count - 1)
    if due_date_rule(bill, rules).content.moves_to_business_day:
        return rules.calendar.business_day_from(nominal)
    return nominal


def effective_due_on(bill: Bill, rules: RuleSet) -> date:
    """The last day to pay the bill in time."""
    rules.calendar.check(bill.due_on)
    return due_date_missed(bill, rules, 1)


def reflected_on(bill: Bill, rules: RuleSet) -> date:
    """The day from which lateness shows in status and blocks."""
    effective_on = effective_due_on(bill, rules)
    if due_date_rule(bill, rules).content.reflects_on_business_day:
        return rules.calendar.business_days_after(effective_on, 1)
    return effective_on + ONE_DAY


def is_time_barred(bill: Bill, day: date, rules: RuleSet) -> bool:
    """Whether the claim's limitation period has run out by the day.

    The period runs from the effective due date; a repayment within the running period starts it anew,
    one after its end moves nothing.
    """
    starts_on = effective_due_on(bill, rules)
    if not _period_over(starts_on, day, rules):
        return False
    for repayment in bill.repayments:
        if starts_on < repayment.received_on <= day and not _period_over(
            starts_on, repayment.received_on, rules
        ):
            starts_on = repayment.received_on
    return _period_over(starts_on, day, rules)


def _period_over(starts_on: date, day: date, rules: RuleSet) -> bool:
    months = rules.in_force("law", rules.law["limitation"], starts_on).content.months
    ends_on = month_later(starts_on, months)
    # The calendar is asked last: most days are far from the end, which may lie beyond its last day.
    return day > ends_on and day > rules.calendar.end_of_legal_period(ends_on)


def lateness_on(bill: Bill, day: date, rules: RuleSet, *, counted_won: int | None = None) -> Lateness:
    """The bill's lateness at the end of the day, its repayments of that day included.

    `counted_won` is the unpaid principal of all the holder's late bills at the carrier that are not
    time-barred; None takes this bill for the whole.
    """
    due_on = effective_due_on(bill, rules)
    if day <= due_on or bill.unpaid_won_on(day) == 0:
        return NOT_LATE
    is_barred = is_time_barred(bill, day, rules)
    if counted_won is None:
        counted_won = 0 if is_barred else bill.unpaid_won_on(day)
    shown_from = reflected_on(bill, rules)
    status_day = (day - shown_from).days + 1 if day >= shown_from else 0
    rows = tuple(
        row
        for row in ladder_on(day, rules).content.rows
        if counted_won >= row.at_least_won
        and (
            is_barred
            if row.time_barred
            else day >= _reached_on(row, shown_from, due_on, welfare=bill.welfare)
        )
    )
    held = {effect for row in rows for effect in row.effects_for(bill.carrier)}
    held -= {effect for row in rows for effect in row.ends}
    return Lateness(
        days_late=(day - due_on).days,
        status_day=status_day,
        stage=rows[-1].stage if rows else CLEAR,
        effects=tuple(effect for effect in Effect if effect in held),
        stages=tuple(row.stage for row in rows),
    )


def ladder_on(day: date, rules: RuleSet) -> Value[Ladder]:
    """The ladder in force on the day."""
    return rules.in_force("stages", rules.stages["ladder"], day)


def rung_reached_on(row: StageRow, bill: Bill, rules: RuleSet) -> date | None:
    """The first day of a rung's own time for an unpaid bill; None where that is the time bar."""
    if row.time_barred:
        return None
    return _reached_on(row, reflected_on(bill, rules), effective_due_on(bill, rules), welfare=bill.welfare)


def _reached_on(row: StageRow, shown_from: date, due_on: date, *, welfare: bool) -> date:
    """The first day of a rung's own time: a status day, or months and days after the effective due date."""
    if row.from_status_day is not None:
        return days_later(shown_from, row.from_status_day - 1)
    after = month_later(due_on, row.after_months or 0)
    return days_later(after, row.welfare_plus_days if welfare else row.plus_days)
