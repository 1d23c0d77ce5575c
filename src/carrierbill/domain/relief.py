"""Relief: the ways out of lateness, in the order they are best tried, and until when each is open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.dates import days_later
from carrierbill.domain.policy import ReliefRule, RuleSet, Source
from carrierbill.domain.position import Position
from carrierbill.domain.saying import Saying

IN_ORDER = (
    "ask_carrier",
    "pay_all",
    "check_posted",
    "waiver",
    "carrier_instalment",
    "card_payment",
    "debt_adjustment",
)


@dataclass(frozen=True, slots=True)
class Relief:
    """One way out: whether it is open at the end of the day, its last day if it has one, who says so."""

    id: str
    open: bool
    until_on: date | None
    saying: Saying
    source: Source
    notes: tuple[str, ...]


def relief_on(position: Position, rules: RuleSet) -> Iterator[Relief]:
    """All reliefs in their order, as they stand at the position."""
    for name in IN_ORDER:
        value = rules.in_force("relief", rules.relief[name], position.on)
        is_open = is_relief_open(position, value.content)
        last_day = value.content.last_day_late
        closes_on = (
            None
            if last_day is None or not value.content.offered
            else days_later(position.effective_due_on, last_day)
        )
        yield Relief(name, is_open, closes_on, _saying(name, value.content), value.source, value.notes)


def is_relief_open(position: Position, rule: ReliefRule) -> bool:
    """Whether the rule's own conditions hold at the position."""
    return is_open_for(position.total.charged, position.lateness.days_late, rule)


def is_open_for(owed_won: int, days_late: int, rule: ReliefRule) -> bool:
    """Whether the rule's own conditions hold for an amount owed and so many days late."""
    return (
        rule.offered
        and (not rule.while_owed or owed_won > 0)
        and (rule.at_most_won is None or owed_won <= rule.at_most_won)
        and (rule.first_day_late is None or days_late >= rule.first_day_late)
        and (rule.last_day_late is None or days_late <= rule.last_day_late)
    )


def _saying(name: str, rule: ReliefRule) -> Saying:
    if not rule.offered:
        return Saying(f"relief.{name}.told_closed")
    told = {
        "first_day": rule.first_day_late,
        "last_day": rule.last_day_late,
        "at_most_won": rule.at_most_won,
    }
    return Saying(f"relief.{name}.told", {key: number for key, number in told.items() if number is not None})
