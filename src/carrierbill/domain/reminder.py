"""Reminders: the days before a due date on which it is told, and auto-pay that is going to fail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import days_later
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.policy import RuleSet, Source


@dataclass(frozen=True, slots=True)
class AutoPay:
    """How a bill is paid by itself: the card's last valid day, the balance told in won; None unknown."""

    card_valid_until: date | None = None
    balance_won: int | None = None

    def will_fail(self, due_on: date, owed_won: int) -> str | None:
        """Why it is going to fail on the due date: `card_expired`, `balance_short`, or None.

        >>> AutoPay(card_valid_until=date(2026, 10, 31)).will_fail(date(2026, 11, 25), 50_000)
        'card_expired'
        """
        if self.card_valid_until is not None and self.card_valid_until < due_on:
            return "card_expired"
        if self.balance_won is not None and self.balance_won < owed_won:
            return "balance_short"
        return None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder: its day, how many days before the due date, and why auto-pay will fail (first one only)."""

    on: date
    days_before: int
    autopay_fails: str | None
    source: Source


def reminders_for(bill: Bill, rules: RuleSet, autopay: AutoPay | None = None) -> Iterator[Reminder]:
    """The bill's reminders by rising day, of the rule in force on its due date."""
    due_on = effective_due_on(bill, rules)
    value = rules.in_force("reminders", rules.reminders["before_due"], bill.due_on)
    for nth, days_before in enumerate(value.content.days_before):
        on = days_later(due_on, -days_before)
        fails = autopay.will_fail(due_on, bill.unpaid_won_on(on)) if autopay and nth == 0 else None
        yield Reminder(on, days_before, fails, value.source)
