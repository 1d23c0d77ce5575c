"""An objection withholds the seller's money until it is answered; upheld, the charge goes back."""

from datetime import date
from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.notice import Notice
from carrierbill.domain.objection import Objection, ObjectionState
from carrierbill.domain.purchase import Merchant, Purchase, Refund
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.decide import Refused
from carrierbill.services.handle_objection import (
    Answered,
    AnswerObjection,
    Filed,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.ports import Once
from carrierbill.services.settle_merchants import Settle, settle_merchants
from carrierbill.texts.load import LANGUAGES, placeholders, read_texts
from ledger_laws import broken_laws, tables
from money_steps import APRIL, billed, buy, give_back, line_of, pay, shop_line


def file(book: Books, line_id: int, purchase_id: int, once: Once | None = None) -> Any:
    (outcome,) = book.decide(file_objection, FileObjection(line_id, purchase_id, "not bought", once))
    return outcome


def answer(book: Books, objection_id: int, *, upheld: bool, once: Once | None = None) -> Any:
    (outcome,) = book.decide(answer_objection, AnswerObjection(objection_id, upheld, "looked into", once))
    return outcome


def notices(book: Books) -> list[Notice]:
    return [notice for notice in book.all(Notice) if notice.what == "objection"]


def test_filing_withholds_what_is_left_and_tells_until_when_it_is_answered(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 30_000)
    give_back(book, purchase_id, 10_000)
    filed = file(book, line.id, purchase_id)
    assert (filed.withheld_won, filed.answer_due_on) == (20_000, date(2026, 3, 16))
    balance = book.trial_balance()
    assert balance[LedgerAccount.WITHHELD_PAYABLES] == -20_000
    assert LedgerAccount.MERCHANT_PAYABLES not in balance
    (notice,) = notices(book)
    assert notice.details["answer_due_on"] == "2026-03-16"
    assert broken_laws(book.db) == []


def test_a_rejected_objection_gives_the_seller_the_money_back(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 30_000)
    filed = file(book, line.id, purchase_id)
    answered = answer(book, filed.objection_id, upheld=False)
    assert answered == Answered(filed.objection_id, ObjectionState.REJECTED, None)
    assert book.trial_balance()[LedgerAccount.MERCHANT_PAYABLES] == -30_000
    assert LedgerAccount.WITHHELD_PAYABLES not in book.trial_balance()
    assert notices(book)[-1].key == "notice.objection_rejected"
    stored = book.one(Objection, filed.objection_id)
    assert (stored.answer, stored.answered_on) == ("looked into", date(2026, 3, 2))
    assert broken_laws(book.db) == []


def test_an_upheld_objection_refunds_what_is_left_the_way_it_was_charged(book: Books) -> None:
    line, (purchase_id,), _ = billed(book, 30_000)
    filed = file(book, line.id, purchase_id)
    pay(book, line, 10_000, APRIL)
    answered = answer(book, filed.objection_id, upheld=True)
    refund = book.one(Refund, answered.refund_id)
    assert (refund.cause, refund.credited_won, refund.paid_back_won) == ("objection", 20_000, 10_000)
    assert line_of(book, line).paid_back_won == 10_000
    balance = book.trial_balance()
    assert LedgerAccount.WITHHELD_PAYABLES not in balance
    assert LedgerAccount.MERCHANT_PAYABLES not in balance
    assert notices(book)[-1].details["given_back_won"] == 30_000
    assert broken_laws(book.db) == []


def test_what_the_seller_gave_back_meanwhile_is_not_given_back_again(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 30_000)
    filed = file(book, line.id, purchase_id)
    give_back(book, purchase_id, 30_000)
    assert answer(book, filed.objection_id, upheld=True).refund_id is None
    assert len(book.all(Refund)) == 1
    assert broken_laws(book.db) == []


def test_what_the_seller_gave_back_in_part_meanwhile_is_taken_off_what_is_refunded(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 30_000)
    filed = file(book, line.id, purchase_id)
    give_back(book, purchase_id, 10_000)
    answered = answer(book, filed.objection_id, upheld=True)
    assert book.one(Refund, answered.refund_id).won == 20_000
    assert book.one(Purchase, purchase_id).left_won == 0
    assert broken_laws(book.db) == []


def test_every_notice_of_an_objection_brings_what_its_sentence_asks_for(book: Books) -> None:
    line = shop_line(book)
    for upheld in (True, False):
        filed = file(book, line.id, buy(book, line, 1_000))
        answer(book, filed.objection_id, upheld=upheld)
    assert len({notice.key for notice in notices(book)}) == 3
    for notice in notices(book):
        for language in LANGUAGES:
            assert placeholders(read_texts().sentences[language][notice.key]) <= notice.details.keys()


def test_there_is_one_open_objection_to_a_purchase_at_a_time(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 30_000)
    commands = [FileObjection(line.id, purchase_id, "not bought") for _ in range(2)]
    filed, refused = book.decide(file_objection, *commands)
    assert isinstance(filed, Filed)
    assert refused.rule == "objection.open"
    assert file(book, line.id, purchase_id).rule == "objection.open"
    answer(book, filed.objection_id, upheld=False)
    assert isinstance(file(book, line.id, purchase_id), Filed)


def test_there_is_nothing_to_object_to_before_the_charge_or_after_all_came_back(book: Books) -> None:
    line = shop_line(book)
    (held,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 1_000))
    assert file(book, line.id, held.purchase_id).rule == "purchase.state"
    purchase_id = buy(book, line, 1_000)
    give_back(book, purchase_id, 1_000)
    assert file(book, line.id, purchase_id).rule == "objection.nothing_left"


def test_another_lines_purchase_and_an_unknown_objection_are_bad_input(book: Books) -> None:
    line, other = shop_line(book), book.line()
    assert isinstance(file(book, other.id, buy(book, line, 1_000)), BadInputError)
    assert isinstance(answer(book, 999_999, upheld=True), BadInputError)


@pytest.mark.parametrize("upheld", [True, False])
def test_an_objection_is_answered_once(book: Books, *, upheld: bool) -> None:
    line = shop_line(book)
    filed = file(book, line.id, buy(book, line, 1_000))
    answer(book, filed.objection_id, upheld=upheld)
    before = tables(book.db)
    again = answer(book, filed.objection_id, upheld=not upheld)
    assert isinstance(again, Refused)
    assert again.rule == "objection.answered"
    assert tables(book.db) == before


def test_a_replay_of_filing_and_of_answering_books_nothing(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 1_000)
    filing, answering = Once("desk", "file", "1", "f"), Once("desk", "answer", "1", "f")
    filed = file(book, line.id, purchase_id, filing)
    answered = answer(book, filed.objection_id, upheld=True, once=answering)
    before = tables(book.db)
    assert file(book, line.id, purchase_id, filing) == filed
    assert answer(book, filed.objection_id, upheld=True, once=answering) == answered
    assert tables(book.db) == before


# ── what the seller has given back, or was paid, already ─────────────────────────────────────────────────


def test_what_the_seller_gives_back_meanwhile_is_withheld_no_more_and_is_settled_with_its_purchase(
    book: Books,
) -> None:
    line = shop_line(book)
    disputed, _ = buy(book, line, 30_000), buy(book, line, 20_000)
    filed = file(book, line.id, disputed)
    give_back(book, disputed, 10_000)
    assert book.one(Objection, filed.objection_id).withheld_won == 20_000
    give_back(book, disputed, 20_000)
    assert LedgerAccount.WITHHELD_PAYABLES not in book.trial_balance()
    book.clock.to(APRIL)
    (merchant,) = book.all(Merchant)
    settle = Settle(merchant.id, date(2026, 3, 31))
    (settled,) = book.decide(settle_merchants, settle)
    assert (settled.purchases_won, settled.refunds_won, settled.won) == (20_000, 0, 20_000)
    assert answer(book, filed.objection_id, upheld=True) == Answered(
        filed.objection_id, ObjectionState.UPHELD, None
    )
    book.clock.to(date(2026, 5, 2))
    (settled,) = book.decide(settle_merchants, Settle(merchant.id, date(2026, 4, 30)))
    assert (settled.purchases_won, settled.refunds_won, settled.won) == (30_000, 30_000, 0)
    assert broken_laws(book.db) == []


def test_what_the_seller_was_paid_already_is_not_withheld_and_is_not_said_to_be(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 30_000)
    book.clock.to(APRIL)
    (merchant,) = book.all(Merchant)
    book.decide(settle_merchants, Settle(merchant.id, date(2026, 3, 31)))
    filed = file(book, line.id, purchase_id)
    assert filed.withheld_won == 0
    assert notices(book)[-1].key == "notice.objection_filed_settled"
    assert LedgerAccount.WITHHELD_PAYABLES not in book.trial_balance()
    assert isinstance(answer(book, filed.objection_id, upheld=False), Answered)
    assert broken_laws(book.db) == []
