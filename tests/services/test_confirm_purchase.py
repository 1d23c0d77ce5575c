"""A hold may be confirmed until it runs out, not at that instant any more; then its limit is free again."""

from datetime import timedelta
from typing import Any

import pytest

from books import Books
from carrierbill.domain.line import Line, Usage
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.confirm_purchase import Confirm, Confirmed, confirm_purchase
from ledger_laws import broken_laws
from money_steps import shop_line


def held(book: Books, won: int = 9_000) -> tuple[Line, Purchase]:
    """A purchase that is held."""
    line = shop_line(book)
    (outcome,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), won))
    return line, book.one(Purchase, outcome.purchase_id)


def confirm(book: Books, purchase: Purchase, client: str = "shop") -> Any:
    (outcome,) = book.decide(confirm_purchase, Confirm(client, purchase.id))
    return outcome


@pytest.mark.parametrize(
    ("early", "state", "used_won"),
    [
        (timedelta(microseconds=1), PurchaseState.CONFIRMED, 9_000),
        (timedelta(0), PurchaseState.LAPSED, 0),
        (timedelta(microseconds=-1), PurchaseState.LAPSED, 0),
    ],
)
def test_a_hold_may_be_confirmed_until_the_instant_it_runs_out(
    early: timedelta, state: PurchaseState, used_won: int, book: Books
) -> None:
    _, purchase = held(book)
    assert purchase.expires_at is not None
    book.clock.at = purchase.expires_at - early
    outcome = confirm(book, purchase)
    assert isinstance(outcome, Confirmed) == (state == PurchaseState.CONFIRMED)
    assert book.one(Purchase, purchase.id).state == state
    assert sum(usage.won for usage in book.all(Usage)) == used_won
    assert broken_laws(book.db) == []


def test_what_is_charged_or_has_lapsed_is_not_confirmed_again(book: Books) -> None:
    _, first = held(book)
    _, second = held(book)
    assert isinstance(confirm(book, first), Confirmed)
    book.clock.by(days=1)
    assert confirm(book, second).rule == "authorisation.hold"
    rules = [confirm(book, purchase).rule for purchase in (first, second)]
    assert rules == ["purchase.state", "purchase.state"]
    assert broken_laws(book.db) == []
