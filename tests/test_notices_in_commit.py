"""No purchase is charged and no bill made without its notice (art. 58 para. 1) in the same commit.

The notice names the four items in both languages: when; with whom and their contact; how much for what; how
and where to object. That it is the same commit is shown by a database that takes no notices.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from books import Books
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.notice import Notice
from carrierbill.domain.purchase import Merchant, Purchase
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.send_notices import said
from ledger_laws import broken_laws, tables
from rule_sets import APP

MARCH = date(2026, 3, 1)
REFUSE = {
    True: [
        "CREATE TRIGGER no_notices BEFORE INSERT ON notices BEGIN SELECT RAISE(ABORT, 'no notices'); END",
    ],
    False: [
        "CREATE FUNCTION no_notices() RETURNS trigger AS $$ BEGIN RAISE 'no notices'; END$$ LANGUAGE plpgsql",
        "CREATE TRIGGER no_notices BEFORE INSERT ON notices FOR EACH ROW EXECUTE FUNCTION no_notices()",
    ],
}
ACCEPT = {True: "DROP TRIGGER no_notices", False: "DROP TRIGGER no_notices ON notices"}


@pytest.fixture
def shop(book: Books) -> Books:
    """Books with a seller whose contact is worth finding, and a clock on 5 March 2026, 14:07."""
    with book.db.unit() as unit:
        unit.add(Merchant(unit.new_id(Merchant), "shop", "shop", "Dokkaebi Books", "02-1234-5678", "goods"))
    book.clock.at = datetime(2026, 3, 5, 14, 7, tzinfo=SEOUL)
    return book


def buy(book: Books, number: str, won: int, *, one_step: bool) -> Authorise:
    del book
    return Authorise("shop", number, won, merchant="shop", description="A picture book", one_step=one_step)


def told_of(book: Books, **where: Any) -> tuple[Notice, dict[str, str]]:
    """The one notice about a purchase or a bill, and its sentences."""
    (notice,) = book.all(Notice, **where)
    return notice, said(notice, APP.texts)


def with_no_notices(book: Books, act: Callable[[], object]) -> None:
    """Do something while the database takes no notices: it fails, and leaves nothing at all behind."""
    before = tables(book.db)
    with book.db.session() as session:
        for statement in REFUSE[book.db.on_sqlite]:
            session.rows(statement)
    try:
        with pytest.raises(Exception, match="no notices"):
            act()
    finally:
        with book.db.session() as session:
            session.rows(ACCEPT[book.db.on_sqlite])
    assert tables(book.db) == before


def test_a_purchase_in_one_step_has_its_notice_or_is_not_charged(shop: Books) -> None:
    number = shop.number(shop.line())
    command = buy(shop, number, 12_300, one_step=True)
    with_no_notices(shop, lambda: shop.decide(authorise_purchase, command))
    assert shop.all(Purchase) == []
    (outcome,) = shop.decide(authorise_purchase, command)
    notice, words = told_of(shop, purchase_id=outcome.purchase_id)
    assert notice.what == "charge"
    assert notice.not_before <= shop.clock.at
    for language, won in (("en", "12,300 won"), ("ko", "12,300원")):
        assert "2026-03-05 14:07" in words[language]  # when
        assert "Dokkaebi Books" in words[language]  # with whom
        assert "02-1234-5678" in words[language]  # and their contact
        assert won in words[language]  # how much
        assert "A picture book" in words[language]  # for what
    assert "object" in words["en"]  # how and where to object
    assert "이의" in words["ko"]


def test_a_purchase_in_two_steps_is_told_of_when_it_is_charged_and_not_before(shop: Books) -> None:
    number = shop.number(shop.line())
    (held,) = shop.decide(authorise_purchase, buy(shop, number, 12_300, one_step=False))
    assert shop.all(Notice) == []
    shop.clock.by(minutes=3)
    command = Confirm("shop", held.purchase_id)
    with_no_notices(shop, lambda: shop.decide(confirm_purchase, command))
    assert shop.one(Purchase, held.purchase_id).state == "held"
    shop.decide(confirm_purchase, command)
    _, words = told_of(shop, purchase_id=held.purchase_id)
    assert "2026-03-05 14:10" in words["en"]


def test_of_purchases_that_share_a_commit_each_has_its_notice(shop: Books) -> None:
    numbers = [shop.number(shop.line()) for _ in range(5)]
    outcomes = shop.decide(
        authorise_purchase,
        *(buy(shop, number, 1_000 + n, one_step=True) for n, number in enumerate(numbers)),
        buy(shop, "+821000099999", 1, one_step=True),
    )
    charged = [outcome.purchase_id for outcome in outcomes if hasattr(outcome, "purchase_id")]
    assert len(charged) == 5
    assert sorted(notice.purchase_id or 0 for notice in shop.all(Notice)) == sorted(charged)
    assert broken_laws(shop.db) == []


def test_a_bill_has_its_notice_with_every_item_or_is_not_made(shop: Books) -> None:
    line = shop.line()
    number = shop.number(line)
    shop.decide(authorise_purchase, buy(shop, number, 12_300, one_step=True))
    shop.clock.by(days=1)
    shop.decide(authorise_purchase, buy(shop, number, 4_500, one_step=True))
    shop.clock.to(date(2026, 4, 1))
    command = CloseLine(line.id, MARCH)
    with_no_notices(shop, lambda: shop.decide(close_month, command))
    assert {purchase.bill_id for purchase in shop.all(Purchase)} == {None}
    (outcome,) = shop.decide(close_month, command)
    notice, words = told_of(shop, bill_id=outcome.bill_id)
    # Issued on the 13th: nobody is told of a bill that is not out.
    assert notice.not_before == datetime(2026, 4, 13, 9, tzinfo=SEOUL)
    for language, amounts in (
        ("en", ("16,800 won", "12,300", "4,500", "25 Apr 2026")),
        ("ko", ("16,800원", "12,300", "4,500", "2026년 4월 25일")),
    ):
        for item in ("2026-03-05 14:07", "2026-03-06 14:07", "Dokkaebi Books", "02-1234-5678", *amounts):
            assert item in words[language]
        assert "A picture book" in words[language]
    assert "object" in words["en"]
    assert "이의" in words["ko"]


def test_a_month_with_nothing_to_bill_tells_nothing(shop: Books) -> None:
    line = shop.line()
    shop.clock.to(date(2026, 4, 1))
    (outcome,) = shop.decide(close_month, CloseLine(line.id, MARCH))
    assert outcome.bill_id is None
    assert shop.all(Notice) == []
