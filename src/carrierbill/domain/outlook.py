"""Outlook: what will happen to a bill, day by day, if nothing more is repaid than was said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import days_later
from carrierbill.domain.event import Event, events_between
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.limits import recommended_limit_won
from carrierbill.domain.policy import Contact, RuleSet, Value
from carrierbill.domain.position import Elsewhere, Position, elsewhere_on, notes_on, position_on
from carrierbill.domain.relief import Relief, relief_on
from carrierbill.domain.reminder import AutoPay
from carrierbill.domain.saying import Saying

DAYS_BEFORE_DUE = 3


@dataclass(frozen=True, slots=True)
class Outlook:
    """A bill's coming days from `from_on`: events, relief, advice, whom to call, and other rule sets."""

    bill: Bill
    rules: RuleSet
    from_on: date
    days: int
    now: Position
    events: tuple[Event, ...]
    relief: tuple[Relief, ...]
    limit_advice_won: int
    contacts: tuple[Value[Contact], ...]
    elsewhere: tuple[Elsewhere, ...]
    notes: tuple[Saying, ...]

    @property
    def last_on(self) -> date:
        """The last day of the window."""
        return days_later(self.from_on, self.days - 1)


@dataclass(frozen=True, slots=True)
class Question:
    """What an outlook is asked for.

    `from_on` is its first day (None: three days before the due date), `days` how many it has; the
    monthly income in won and how the bill is paid by itself are None when not told.
    """

    from_on: date | None = None
    days: int = 120
    income_won: int | None = None
    autopay: AutoPay | None = None


def outlook_for(bill: Bill, question: Question, rules: RuleSet, *, others: Iterable[RuleSet]) -> Outlook:
    """The outlook of a bill; raises what `position_on` raises, for any day of the window."""
    from_on = question.from_on or days_later(effective_due_on(bill, rules), -DAYS_BEFORE_DUE)
    last_on = days_later(from_on, question.days - 1)
    now, at_last = position_on(bill, from_on, rules), position_on(bill, last_on, rules)
    elsewhere, notes = elsewhere_on(bill, at_last, others)
    return Outlook(
        bill=bill,
        rules=rules,
        from_on=from_on,
        days=question.days,
        now=now,
        events=tuple(events_between(bill, (from_on, last_on), rules, autopay=question.autopay)),
        relief=tuple(relief_on(now, rules)),
        limit_advice_won=recommended_limit_won(question.income_won, from_on, rules),
        contacts=contacts_for(bill.carrier, from_on, rules),
        elsewhere=elsewhere,
        notes=(*notes, *notes_on(bill, last_on, rules)),
    )


def contacts_for(carrier: str, day: date, rules: RuleSet) -> tuple[Value[Contact], ...]:
    """The carrier's own line first, then everyone's."""
    in_force = [value for dated in rules.contacts.values() if (value := dated.value_on(day))]
    own = [value for value in in_force if value.content.carrier == carrier]
    return (*own, *(value for value in in_force if value.content.carrier is None))
