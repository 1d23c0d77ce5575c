"""What the outlook foretold on the day a bill came out is what the ledger does, day by day and to the won.

Nothing is repaid, every notice arrives the day it is sent, and an operator stands for every rung.
"""

from datetime import date, timedelta
from typing import Any

import pytest

from books import Books
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.line import LineEffect
from carrierbill.domain.outlook import Question, outlook_for
from rule_sets import a_bill
from told_lives import ToldLife

DAYS = {"guide": 100, "guide-example": 35, "terms": 160}


@pytest.mark.parametrize(
    ("rules", "carrier", "due_day"),
    [
        ("guide", "SKT", 25),
        ("guide", "KT", 21),
        ("guide", "LGU", 7),
        ("guide-example", "SKT", 15),
        ("terms", "LGU", 31),
    ],
)
def test_the_ledger_does_on_each_day_what_was_foretold(
    book: Books, rules: str, carrier: str, due_day: int
) -> None:
    told = {"line": [{"name": "main", "carrier": carrier, "due_day": due_day}], "step": []}
    life = ToldLife(book, {"rules": rules, "begins": date(2026, 3, 2), **told})
    life.do_buy({"line": "main", "won": 123_457})
    book.clock.to(date(2026, 4, 1))
    life.do_close({"line": "main", "month": date(2026, 3, 1), "as": "march"})
    bill = book.one(IssuedBill, life.known["march"])
    facts = a_bill(carrier, bill.principal_won, bill.due_on)
    first = bill.due_on - timedelta(3)
    outlook = outlook_for(facts, Question(first, DAYS[rules]), book.rules, others=[])
    fees, effects = foretold(outlook.events, first, DAYS[rules])
    life.do_days({"to": first - timedelta(1)})
    for day, fee_won in fees.items():
        life.do_days({"to": day})
        if fee_won is not None:
            assert book.one(IssuedBill, bill.id).fee_booked_won == fee_won, day
        in_force = {one.effect for one in book.all(LineEffect, ended_on=None)}
        assert in_force == effects[day], day


def foretold(events: Any, first: date, days: int) -> tuple[dict[date, int | None], dict[date, set[Any]]]:
    """The fee of each day with an event (the outlook names no others), and what holds on every day."""
    by_day = {event.position.on: event.position for event in events}
    fees: dict[date, int | None] = {}
    effects: dict[date, set[Any]] = {}
    held: set[Any] = set()
    for n in range(days):
        day = first + timedelta(n)
        position = by_day.get(day)
        held = set(position.lateness.effects) if position else held
        fees[day] = position.late_fee.fee.charged if position else None
        effects[day] = held
    return fees, effects
