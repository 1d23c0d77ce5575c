"""A purchase against which everything speaks is refused for the first reason, in the order of `rules.md` §8.

One line has every fault at once. They are lifted one after the other, as a person would who is told each time
what would help; each refusal has to name the next reason, a rule, and in both languages what lifts it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from books import Books
from carrierbill.domain.limits import Declined
from carrierbill.domain.line import Holder, Line, LineEffect, LineStatus
from carrierbill.domain.policy import Effect
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from rule_sets import APP

TODAY = date(2026, 3, 10)
LONG_AGO = date(2020, 1, 1)
UNKNOWN = "+821000009999"


class Faulty:
    """A line with every fault there is, and how each of them is lifted."""

    def __init__(self, book: Books) -> None:
        self.book = book
        book.clock.to(TODAY)
        book.merchant("shop", "goods")
        book.merchant("cards", "voucher")
        self.won, self.merchant = 150_000, "cards"
        # KT: the cap for vouchers, 100,000 a month, is what `above_cap` and at last `carrier_cap` look at.
        self.line = book.line(
            carrier="KT",
            offered=False,
            status=LineStatus.PAUSED,
            consented_on=None,
            blocked_on=TODAY,
            monthly_limit_won=400_000,
            daily_limit_won=320_000,
            purchase_limit_won=50_000,
            category_limits=(("voucher", 0),),
        )
        self.other = book.line(holder_id=self.line.holder_id)
        self.number = UNKNOWN
        for line in (self.line, self.other):
            self.block(line)

    def block(self, line: Line) -> None:
        blocked = Effect.BLOCK_PURCHASES
        with self.book.db.unit() as unit:
            key = unit.new_id(LineEffect)
            unit.add(LineEffect(key, line.id, line.holder_id, blocked, "late", bill_id=1, began_on=TODAY))

    def put(self, kind: type[Any], key: int, **changes: Any) -> None:
        with self.book.db.unit() as unit:
            (record,) = unit.load(kind, id=[key])
            unit.put(replace(record, **changes))

    def change(self, **changes: Any) -> None:
        self.put(Line, self.line.id, **changes)

    def end_block(self, line: Line) -> None:
        (effect,) = self.book.all(LineEffect, line_id=line.id)
        self.put(LineEffect, effect.id, ended_on=TODAY)

    def buy(self) -> Any:
        command = Authorise("shop", self.number, self.won, merchant=self.merchant, one_step=True)
        (outcome,) = self.book.decide(authorise_purchase, command)
        return outcome

    def bought(self, won: int, merchant: str) -> None:
        """Fill the month up, in one step, whatever the limits of the line are otherwise."""
        before = self.book.one(Line, self.line.id)
        self.change(daily_limit_won=None, purchase_limit_won=None, category_limits=())
        self.change(monthly_limit_won=900_000)
        command = Authorise("shop", self.number, won, merchant=merchant, one_step=True, exempt=True)
        (outcome,) = self.book.decide(authorise_purchase, command)
        assert not isinstance(outcome, Declined), outcome
        with self.book.db.unit() as unit:
            unit.load(Line, id=[self.line.id])
            unit.put(before)

    def ask_little(self) -> None:
        self.won = 60_000

    def checked(self) -> None:
        self.put(Holder, self.line.holder_id, checked_month=date(2026, 3, 1))


def test_everything_speaks_against_it_and_each_reason_comes_in_its_turn(book: Books) -> None:
    faulty = Faulty(book)
    # What it is refused for, by which rule, and what lifts that. The month is filled up for the rest.
    table: list[tuple[str, str, Callable[[], None]]] = [
        ("line_unknown", "line", lambda: setattr(faulty, "number", book.number(faulty.line))),
        ("not_offered", "line.offered", lambda: faulty.change(offered=True)),
        ("not_active", "line.status", lambda: faulty.change(status=LineStatus.ACTIVE)),
        ("not_consented", "line.consent", lambda: faulty.change(consented_on=LONG_AGO)),
        ("blocked_by_holder", "line.blocked", lambda: faulty.change(blocked_on=None)),
        ("late", "stages.block_purchases", lambda: faulty.end_block(faulty.line)),
        ("late_elsewhere", "stages.block_purchases", lambda: faulty.end_block(faulty.other)),
        ("category_blocked", "line.category", lambda: faulty.change(category_limits=(("voucher", 55_000),))),
        ("above_cap", "caps.voucher_KT", faulty.ask_little),
        ("above_purchase_limit", "line.purchase_limit", lambda: faulty.change(purchase_limit_won=None)),
    ]
    for reason, rule, lift in table:
        assert_declined(faulty.buy(), reason, rule)
        lift()
    faulty.bought(41_000, "cards")
    faulty.bought(270_000, "shop")
    table = [
        ("identity_check", "authorisation.identity_check", faulty.checked),
        ("daily_limit", "line.daily_limit", lambda: faulty.change(daily_limit_won=None)),
        ("category_limit", "line.category_limit", lambda: faulty.change(category_limits=())),
        # The declines up to here have lowered the limit; without that it is the line's own.
        ("monthly_limit", "authorisation.repeated_failures", lambda: faulty.change(lowered_until=None)),
        ("carrier_cap", "caps.voucher_KT", lambda: setattr(faulty, "merchant", "shop")),
    ]
    for reason, rule, lift in table:
        assert_declined(faulty.buy(), reason, rule)
        lift()
    faulty.change(lowered_until=None, monthly_limit_won=370_000)
    assert_declined(faulty.buy(), "monthly_limit", "line.monthly_limit")
    faulty.change(lowered_until=None, monthly_limit_won=371_000)
    assert faulty.buy().state == "confirmed"


def assert_declined(outcome: Any, reason: str, rule: str) -> None:
    assert isinstance(outcome, Declined), outcome
    assert (outcome.reason, outcome.rule) == (reason, rule)
    told = APP.texts.both(outcome.told)
    assert all(told.values())
    if reason == "line_unknown":
        assert outcome.lifted_by is None
    else:
        assert outcome.lifted_by is not None
        assert all(APP.texts.both(outcome.lifted_by).values())
