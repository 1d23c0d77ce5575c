"""Random bills with repayments, drawn so that edges are met often: month ends, thresholds, days 89 to 91."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import day_by_day
from carrierbill.domain.bill import Bill
from carrierbill.domain.errors import NoRuleInForceError
from carrierbill.domain.event import events_between
from carrierbill.domain.position import position_on
from carrierbill.domain.relief import relief_on
from carrierbill.domain.restoration import restoration_on
from rule_sets import RULE_SETS, a_bill

FIRST_DUE = date(2010, 1, 4)
LAST_DUE = date(2040, 12, 31)
EDGES = (
    0,
    1,
    2,
    7,
    9,
    10,
    11,
    15,
    29,
    30,
    31,
    59,
    60,
    61,
    62,
    74,
    89,
    90,
    91,
    92,
    120,
    151,
    152,
    153,
    365,
    1_094,
    1_098,
)
AMOUNTS = (
    1,
    2,
    99,
    9_999,
    10_000,
    10_001,
    30_000,
    50_000,
    99_999,
    100_000,
    100_001,
    299_999,
    300_000,
    10**12,
)


@dataclass(frozen=True)
class Drawn:
    """One question: which rule set, which bill, on which day."""

    rules: str
    bill: Bill
    on: date

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "rules": self.rules,
            "carrier": self.bill.carrier,
            "principal_won": self.bill.principal_won,
            "due_on": self.bill.due_on,
            "repaid": [(one.received_on, one.won) for one in self.bill.repayments],
            "welfare": self.bill.welfare,
        }


def draw(random: Random, rules: str) -> Drawn:
    first = FIRST_DUE if rules == "terms" or random.random() < 0.05 else date(2021, 1, 1)
    due_on = first + timedelta(days=random.randrange((LAST_DUE - first).days))
    if random.random() < 0.2:
        due_on = due_on.replace(day=28) + timedelta(days=random.randrange(4))
    principal_won = (
        random.choice(AMOUNTS)
        if random.random() < 0.4
        else random.randrange(1, 10 ** random.randrange(2, 13))
    )
    days = random.choice(EDGES) if random.random() < 0.5 else random.randrange(-5, 900)
    on = due_on + timedelta(days=days + random.randrange(-1, 3))
    count = random.choice((0, 0, 1, 1, 2, 3, 5))
    repaid = [
        (on - timedelta(days=random.randrange(max(1, days + 8))), _part(random, principal_won))
        for _ in range(count)
    ]
    bill = a_bill(
        random.choice(("SKT", "KT", "LGU")),
        principal_won,
        due_on,
        repaid=[(day, won) for day, won in repaid if day >= FIRST_DUE],
        welfare=random.random() < 0.2,
    )
    return Drawn(rules, bill, on)


def _part(random: Random, principal_won: int) -> int:
    share = random.choice((1, 2, 3, 5, 10, 50, 95, 99, 100, 101, 103, 110))
    return min(10**12, max(1, principal_won * share // 100))


def stated(drawn: Drawn) -> dict[str, Any] | str:
    """What the domain says, in the words of the reference; a refusal is named by its day."""
    rules = RULE_SETS[drawn.rules]
    try:
        position = position_on(drawn.bill, drawn.on, rules)
        back = restoration_on(drawn.bill, drawn.on, rules)
    except NoRuleInForceError as refused:
        return f"no rule on {refused.on}"
    ranges = {
        "late_fee_won": position.late_fee.fee,
        "fee_repaid_won": position.late_fee.repaid,
        "total_won": position.total,
        "credit_won": position.late_fee.credit,
    }
    return {
        "effective_due_on": position.effective_due_on,
        "days_late": position.lateness.days_late,
        "status_day": position.lateness.status_day,
        "stage": position.lateness.stage,
        "effects": [str(effect) for effect in position.lateness.effects],
        "unpaid_won": position.unpaid_won,
        **{name: {"low": won.low, "high": won.high, "charged": won.charged} for name, won in ranges.items()},
        "capitalised": [
            {"on": one.on, "won": one.won, "cut": str(one.cut)}
            for one in position.late_fee.high.capitalised
            if one.won
        ],
        "restoration": back
        and {
            **{
                part: {"earliest_on": window.earliest_on, "latest_on": window.latest_on}
                for part, window in back.parts.items()
            },
            "held_by": list(back.held_by),
        },
    }


def expected(drawn: Drawn) -> dict[str, Any] | str:
    try:
        return day_by_day.late_fee(**drawn.facts, on=drawn.on)
    except day_by_day.NoRule as refused:
        return f"no rule on {refused.day}"


def stated_events(drawn: Drawn, days: int) -> list[tuple[Any, ...]] | str:
    rules = RULE_SETS[drawn.rules]
    window = (drawn.on, drawn.on + timedelta(days=days - 1))
    try:
        position_on(drawn.bill, window[1], rules)
        return [
            (
                event.position.on,
                event.what,
                event.position.lateness.stage,
                event.position.late_fee.fee.low,
                event.position.total.high,
                [str(effect) for effect in event.position.lateness.effects],
                [str(effect) for effect in event.starts],
                [str(effect) for effect in event.ends],
            )
            for event in events_between(drawn.bill, window, rules)
        ]
    except NoRuleInForceError as refused:
        return f"no rule on {refused.on}"


def expected_events(drawn: Drawn, days: int) -> list[tuple[Any, ...]] | str:
    try:
        return [
            (
                event["on"],
                event["what"],
                event["stage"],
                event["late_fee_won"]["low"],
                event["total_won"]["high"],
                event["effects"],
                event["starts"],
                event["ends"],
            )
            for event in day_by_day.outlook(**drawn.facts, from_on=drawn.on, days=days)
        ]
    except day_by_day.NoRule as refused:
        return f"no rule on {refused.day}"


def stated_relief(drawn: Drawn) -> list[tuple[Any, ...]]:
    rules = RULE_SETS[drawn.rules]
    return [
        (one.id, one.open, one.until_on) for one in relief_on(position_on(drawn.bill, drawn.on, rules), rules)
    ]


def expected_relief(drawn: Drawn) -> list[tuple[Any, ...]]:
    facts = {name: fact for name, fact in drawn.facts.items() if name != "welfare"}
    return [(one["id"], one["open"], one["until"]) for one in day_by_day.relief(**facts, on=drawn.on)]
