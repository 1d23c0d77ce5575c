"""A merchant is paid for what was bought from it up to a day, less what went back, once."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.settlement import Settlement
from carrierbill.services.decide import Refused
from carrierbill.services.handle_objection import (
    AnswerObjection,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.ports import Once
from carrierbill.services.settle_merchants import Settle, SettledMerchant, settle_merchants
from ledger_laws import broken_laws, tables
from money_steps import buy, give_back

MARCH_END = date(2026, 3, 31)


def settle(book: Books, merchant_id: int, through_on: date = MARCH_END) -> SettledMerchant:
    if book.clock.day <= through_on:
        book.clock.to(date(through_on.year, through_on.month + 1, 15))
    (outcome,) = book.decide(settle_merchants, Settle(merchant_id, through_on))
    assert isinstance(outcome, SettledMerchant), outcome
    return outcome


def test_a_merchant_is_paid_purchases_less_refunds(book: Books) -> None:
    shop, game = book.merchant(), book.merchant("game", "game")
    line = book.line()
    first, _ = buy(book, line, 30_000), buy(book, line, 12_000)
    buy(book, line, 7_000, merchant="game")
    give_back(book, first, 5_000)
    paid = settle(book, shop.id)
    assert (paid.purchases_won, paid.refunds_won, paid.carried_won, paid.won) == (42_000, 5_000, 0, 37_000)
    assert book.trial_balance()[LedgerAccount.BANK] == -37_000
    assert book.trial_balance()[LedgerAccount.MERCHANT_PAYABLES] == -7_000
    assert settle(book, game.id).won == 7_000
    assert broken_laws(book.db) == []


def test_only_what_was_charged_by_the_end_of_the_day_in_seoul_counts(book: Books) -> None:
    shop, line = book.merchant(), book.line()
    book.clock.to(MARCH_END, 23, 59)
    counted = buy(book, line, 1_000)
    book.clock.to(date(2026, 4, 1), 0, 0)
    later = buy(book, line, 2_000)
    assert settle(book, shop.id).purchases_won == 1_000
    assert book.one(Purchase, counted).settlement_id is not None
    assert book.one(Purchase, later).settlement_id is None
    assert settle(book, shop.id, date(2026, 4, 30)).purchases_won == 2_000


def test_a_negative_rest_is_carried_to_the_next_time(book: Books) -> None:
    shop, line = book.merchant(), book.line()
    purchase_id = buy(book, line, 30_000)
    assert settle(book, shop.id).won == 30_000
    give_back(book, purchase_id, 20_000)
    buy(book, line, 5_000)
    april = settle(book, shop.id, date(2026, 4, 30))
    assert (april.purchases_won, april.refunds_won, april.carried_won, april.won) == (
        5_000,
        20_000,
        15_000,
        0,
    )
    buy(book, line, 18_000)
    may = settle(book, shop.id, date(2026, 5, 31))
    assert (may.carried_won, may.won) == (0, 3_000)
    assert LedgerAccount.MERCHANT_PAYABLES not in book.trial_balance()
    assert broken_laws(book.db) == []


def test_a_disputed_purchase_waits_for_its_answer(book: Books) -> None:
    shop, line = book.merchant(), book.line()
    disputed, _ = buy(book, line, 30_000), buy(book, line, 1_000)
    (filed,) = book.decide(file_objection, FileObjection(line.id, disputed, "not bought"))
    assert settle(book, shop.id).won == 1_000
    book.decide(answer_objection, AnswerObjection(filed.objection_id, upheld=False, why="bought"))
    assert settle(book, shop.id, date(2026, 4, 30)).won == 30_000
    assert LedgerAccount.MERCHANT_PAYABLES not in book.trial_balance()


def test_an_upheld_objection_costs_the_merchant_what_it_was_not_paid(book: Books) -> None:
    shop, line = book.merchant(), book.line()
    disputed = buy(book, line, 30_000)
    (filed,) = book.decide(file_objection, FileObjection(line.id, disputed, "not bought"))
    book.decide(answer_objection, AnswerObjection(filed.objection_id, upheld=True, why="not bought"))
    paid = settle(book, shop.id)
    assert (paid.purchases_won, paid.refunds_won, paid.won) == (30_000, 30_000, 0)
    assert LedgerAccount.BANK not in book.trial_balance()


def test_settling_the_same_day_again_gives_the_same_settlement_and_books_nothing(book: Books) -> None:
    shop, line = book.merchant(), book.line()
    buy(book, line, 30_000)
    first = settle(book, shop.id)
    before = tables(book.db)
    assert settle(book, shop.id) == first
    again = book.decide(settle_merchants, Settle(shop.id, MARCH_END), Settle(shop.id, MARCH_END))
    assert again == [first, first]
    once = Once("operator", "settle", "march", "f")
    assert book.decide(settle_merchants, Settle(shop.id, MARCH_END, once)) == [first]
    assert tables(book.db) == before


def test_a_merchant_nobody_bought_from_is_settled_at_nothing(book: Books) -> None:
    shop = book.merchant()
    assert settle(book, shop.id).won == 0
    assert len(book.all(Settlement)) == 1


def test_two_days_of_a_merchant_settled_together_count_each_purchase_once(book: Books) -> None:
    shop, line = book.merchant(), book.line()
    book.clock.to(date(2026, 3, 10))
    buy(book, line, 1_000)
    book.clock.to(date(2026, 3, 20))
    buy(book, line, 2_000)
    book.clock.to(date(2026, 4, 1))
    days = (date(2026, 3, 15), MARCH_END)
    outcomes = book.decide(settle_merchants, *(Settle(shop.id, day) for day in days))
    assert [outcome.won for outcome in outcomes] == [1_000, 2_000]


def test_a_day_that_is_not_over_is_refused_and_an_unknown_merchant_is_bad_input(book: Books) -> None:
    shop = book.merchant()
    refused, bad = book.decide(
        settle_merchants, Settle(shop.id, book.clock.day), Settle(999_999, date(2026, 2, 28))
    )
    assert isinstance(refused, Refused)
    assert refused.rule == "settlement.through"
    assert isinstance(bad, BadInputError)


def test_of_two_who_settle_a_merchant_at_once_one_waits_so_that_a_rest_is_taken_off_once(book: Books) -> None:
    shop, line = book.merchant(), book.line()
    first = buy(book, line, 30_000)
    settle(book, shop.id)
    give_back(book, first, 20_000)
    assert settle(book, shop.id, date(2026, 4, 30)).carried_won == 20_000
    book.clock.to(date(2026, 6, 20))
    buy(book, book.line(), 12_000)
    book.clock.to(date(2026, 7, 1))
    may, june = Settle(shop.id, date(2026, 5, 31)), Settle(shop.id, date(2026, 6, 30))
    with ThreadPoolExecutor(1) as other:
        with book.db.unit() as unit:
            (earlier,) = settle_merchants([may], unit, book.rules)
            asked = other.submit(book.decide, settle_merchants, june)
            assert not wait([asked], timeout=0.5).done
        (later,) = asked.result(timeout=30)
    assert isinstance(earlier, SettledMerchant)
    assert (earlier.purchases_won, earlier.carried_won) == (0, 20_000)
    assert (later.purchases_won, later.carried_won, later.won) == (12_000, 8_000, 0)
    assert sorted(each.place for each in book.all(Settlement)) == [1, 2, 3, 4]
    # The last in their own order counts, whatever ids a database gives out.
    assert settle(book, shop.id, date(2026, 7, 31)).carried_won == 8_000
    assert broken_laws(book.db) == []


def test_what_is_carried_is_that_of_the_latest_settlement_and_not_of_the_highest_id(book: Books) -> None:
    shop = book.merchant()
    days = (date(2026, 2, 27), date(2026, 2, 28))
    with book.db.unit() as unit:
        for settlement_id, place, carried in ((900_001, 1, 50), (900_000, 2, 7)):
            unit.add(Settlement(settlement_id, shop.id, place, days[place - 1], days[1], 0, 0, carried, 0))
    assert settle(book, shop.id).carried_won == 7
