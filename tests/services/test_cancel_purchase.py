"""What is held is given up once; what has come to an end in whatever way is left as it is."""

from datetime import date
from typing import Any

from books import Books
from carrierbill.domain.line import Usage
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, Cancelled, cancel_purchase
from carrierbill.services.decide import Refused
from carrierbill.services.lapse_holds import Lapse, Lapsed, holds_run_out, lapse_holds
from ledger_laws import broken_laws
from money_steps import buy, shop_line


def held(book: Books, won: int = 9_000) -> tuple[str, int]:
    """A line's number, and a purchase of it that is held."""
    number = book.number(shop_line(book))
    (outcome,) = book.decide(authorise_purchase, Authorise("shop", number, won))
    return number, outcome.purchase_id


def cancel(book: Books, purchase_id: int) -> Any:
    (outcome,) = book.decide(cancel_purchase, Cancel("shop", purchase_id))
    return outcome


def used(book: Books) -> int:
    return sum(usage.won for usage in book.all(Usage))


def test_what_is_given_up_frees_its_limit_once(book: Books) -> None:
    _, purchase_id = held(book)
    assert cancel(book, purchase_id) == Cancelled(purchase_id)
    assert isinstance(cancel(book, purchase_id), Refused)
    assert used(book) == 0
    assert broken_laws(book.db) == []


def test_what_was_held_yesterday_frees_nothing_of_today(book: Books) -> None:
    number = book.number(shop_line(book, daily_limit_won=20_000))
    book.clock.to(date(2026, 3, 2), 23, 59)
    (hold,) = book.decide(authorise_purchase, Authorise("shop", number, 9_000))
    book.clock.to(date(2026, 3, 3), 0, 1)
    book.decide(authorise_purchase, Authorise("shop", number, 15_000))
    cancel(book, hold.purchase_id)
    (usage,) = book.all(Usage)
    assert (usage.won, usage.day_on, usage.day_won) == (15_000, date(2026, 3, 3), 15_000)
    (over,) = book.decide(authorise_purchase, Authorise("shop", number, 5_001))
    assert over.reason == "daily_limit"


def test_what_has_lapsed_is_not_given_up_as_well(book: Books) -> None:
    number, purchase_id = held(book)
    book.clock.by(days=1)
    book.decide(lapse_holds, Lapse(purchase_id))
    book.decide(authorise_purchase, Authorise("shop", number, 20_000))
    assert cancel(book, purchase_id).told.key == "refusal.cancel_lapsed"
    assert book.one(Purchase, purchase_id).state == PurchaseState.LAPSED
    assert used(book) == 20_000
    assert broken_laws(book.db) == []


def test_what_is_charged_is_refunded_not_given_up(book: Books) -> None:
    purchase_id = buy(book, shop_line(book), 9_000)
    assert cancel(book, purchase_id).told.key == "refusal.cancel_confirmed"
    assert used(book) == 9_000


def test_a_hold_lapses_at_the_instant_it_runs_out_and_once(book: Books) -> None:
    _, purchase_id = held(book)
    ends_at = book.one(Purchase, purchase_id).expires_at
    assert ends_at is not None
    with book.db.unit() as unit:
        assert holds_run_out(unit, 10) == []
    assert book.decide(lapse_holds, Lapse(purchase_id)) == [Lapsed(purchase_id, lapsed=False)]
    book.clock.at = ends_at
    with book.db.unit() as unit:
        assert holds_run_out(unit, 10) == [Lapse(purchase_id)]
    assert book.decide(lapse_holds, *[Lapse(purchase_id)] * 2) == [
        Lapsed(purchase_id, lapsed=True),
        Lapsed(purchase_id, lapsed=False),
    ]
    assert used(book) == 0
    assert broken_laws(book.db) == []
