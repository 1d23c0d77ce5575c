"""Value goes back the way it was charged: off its month, off its bill, or as money; never beyond it."""

from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest

from books import Books
from carrierbill.domain.billing import Allocation, Cause
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.line import Usage
from carrierbill.domain.purchase import Purchase, Refund
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.decide import Refused
from carrierbill.services.ports import Once
from carrierbill.services.refund_purchase import Refunded, RefundPurchase, refund_purchase
from carrierbill.texts.load import read_texts
from ledger_laws import broken_laws, tables
from money_steps import APRIL, bill, billed, buy, close, give_back, line_of, pay, shop_line, unpaid


def parts(refunded: Refunded) -> tuple[int, int, int]:
    assert isinstance(refunded, Refunded), refunded
    return refunded.cancelled_won, refunded.credited_won, refunded.paid_back_won


def used(book: Books) -> int:
    return sum(usage.won for usage in book.all(Usage))


# ── in its own month ─────────────────────────────────────────────────────────────────────────────────────


def test_in_its_month_a_refund_cancels_and_the_limit_is_free_again_once(book: Books) -> None:
    line = shop_line(book, monthly_limit_won=50_000)
    purchase_id = buy(book, line, 50_000)
    assert parts(give_back(book, purchase_id, 20_000)) == (20_000, 0, 0)
    assert used(book) == 30_000
    assert isinstance(give_back(book, purchase_id, 30_001), Refused)
    assert parts(give_back(book, purchase_id, 30_000)) == (30_000, 0, 0)
    assert used(book) == 0
    assert isinstance(give_back(book, purchase_id, 1), Refused)
    assert used(book) == 0
    buy(book, line, 50_000)
    assert line_of(book, line).credit_won == 0
    assert broken_laws(book.db) == []


def test_what_was_bought_in_the_month_before_frees_nothing_of_this_one(book: Books) -> None:
    line = shop_line(book)
    book.clock.to(date(2026, 3, 31), 23, 55)
    (held,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 9_000))
    book.clock.to(date(2026, 4, 1), 0, 2)
    book.decide(confirm_purchase, Confirm("shop", held.purchase_id))
    assert parts(give_back(book, held.purchase_id, 9_000)) == (9_000, 0, 0)
    assert [(usage.month, usage.won) for usage in book.all(Usage)] == [(date(2026, 3, 1), 9_000)]
    assert broken_laws(book.db) == []


# ── after its month ──────────────────────────────────────────────────────────────────────────────────────


def test_between_the_months_end_and_its_close_a_refund_is_credit_that_the_bill_takes(book: Books) -> None:
    line = shop_line(book)
    purchase_id, _ = buy(book, line, 30_000), buy(book, line, 5_000)
    book.clock.to(date(2026, 4, 1), 0, 1)
    assert parts(give_back(book, purchase_id, 30_000)) == (0, 30_000, 0)
    assert line_of(book, line).credit_won == 30_000
    bill_id = close(book, line)
    assert bill(book, bill_id).principal_won == 35_000
    assert unpaid(book, bill_id) == 5_000
    assert line_of(book, line).credit_won == 0
    assert broken_laws(book.db) == []


def test_what_is_not_repaid_comes_off_the_bill_that_carries_it(book: Books) -> None:
    _, (first, second), bill_id = billed(book, 30_000, 20_000)
    assert parts(give_back(book, second, 15_000)) == (0, 15_000, 0)
    assert unpaid(book, bill_id) == 35_000
    (allocation,) = book.all(Allocation, bill_id=bill_id)
    assert (allocation.cause, allocation.purchase_id) == (Cause.REFUND, second)
    assert parts(give_back(book, first, 30_000)) == (0, 30_000, 0)
    assert parts(give_back(book, second, 5_000)) == (0, 5_000, 0)
    assert bill(book, bill_id).settled_on == APRIL
    assert broken_laws(book.db) == []


def test_what_is_repaid_goes_back_as_money_the_unpaid_part_first(book: Books) -> None:
    line, (first, second), bill_id = billed(book, 30_000, 20_000)
    pay(book, line, 38_000, APRIL)
    assert parts(give_back(book, second, 15_000)) == (0, 12_000, 3_000)
    assert unpaid(book, bill_id) == 0
    assert parts(give_back(book, first, 30_000)) == (0, 0, 30_000)
    assert parts(give_back(book, second, 5_000)) == (0, 0, 5_000)
    assert (line_of(book, line).paid_back_won, line_of(book, line).repaid_won) == (38_000, 38_000)
    assert book.one(Purchase, first).paid_back_won == 30_000
    assert book.trial_balance()[LedgerAccount.REFUNDS_PAYABLE] == -38_000
    assert broken_laws(book.db) == []


def test_while_a_bill_of_the_holder_is_late_what_would_be_money_is_credit(book: Books) -> None:
    line, (purchase_id,), _ = billed(book, 30_000)
    pay(book, line, 30_000, APRIL)
    other = book.line(holder_id=line.holder_id)
    buy(book, other, 10_000)
    close(book, other, APRIL)
    # The other line's bill is due on 25 May, a day off in 2026, and so on the 26th.
    book.clock.to(date(2026, 5, 26))
    assert parts(give_back(book, purchase_id, 1_000)) == (0, 0, 1_000)
    book.clock.to(date(2026, 5, 27))
    assert parts(give_back(book, purchase_id, 9_000)) == (0, 9_000, 0)
    assert line_of(book, line).credit_won == 9_000
    pay(book, other, 20_000, date(2026, 5, 28))
    assert parts(give_back(book, purchase_id, 20_000)) == (0, 0, 20_000)
    assert broken_laws(book.db) == []


def test_credit_that_settled_a_bill_never_comes_back_as_money_the_line_did_not_pay(book: Books) -> None:
    line = shop_line(book)
    first, second = buy(book, line, 30_000), buy(book, line, 30_000)
    book.clock.to(APRIL)
    give_back(book, second, 30_000)
    bill_id = close(book, line)
    # The credit settled the first purchase of the bill, though not a won had come in for it.
    assert unpaid(book, bill_id) == 30_000
    pay(book, line, 1_000, APRIL)
    assert parts(give_back(book, first, 30_000)) == (0, 29_000, 1_000)
    # What is no money is a credit on the bill that carries it, which is still owed.
    assert (unpaid(book, bill_id), line_of(book, line).credit_won) == (0, 0)
    assert line_of(book, line).paid_back_won == 1_000 == line_of(book, line).repaid_won
    assert broken_laws(book.db) == []


def test_what_was_paid_back_before_is_no_more_there_to_be_paid_back(book: Books) -> None:
    line, (first,), _ = billed(book, 10_000)
    pay(book, line, 10_000, APRIL)
    assert parts(give_back(book, first, 10_000)) == (0, 0, 10_000)
    second, third = buy(book, line, 10_000), buy(book, line, 10_000)
    book.clock.to(date(2026, 5, 1))
    assert parts(give_back(book, third, 10_000)) == (0, 10_000, 0)
    bill_id = close(book, line, APRIL)
    # The credit settled the second purchase; all that ever came in has gone back.
    assert parts(give_back(book, second, 10_000)) == (0, 10_000, 0)
    assert unpaid(book, bill_id) == 0
    assert line_of(book, line).paid_back_won == 10_000 == line_of(book, line).repaid_won
    assert broken_laws(book.db) == []


def test_a_refund_takes_no_part_in_settling_the_other_purchases_of_its_bill(book: Books) -> None:
    line, (earlier,), _ = billed(book, 10_000)
    pay(book, line, 10_000, APRIL)
    second, third = buy(book, line, 10_000), buy(book, line, 20_000)
    bill_id = close(book, line, APRIL)
    assert parts(give_back(book, second, 10_000)) == (0, 10_000, 0)
    # Nothing was repaid of this bill, so nothing of it goes back as money.
    assert parts(give_back(book, third, 20_000)) == (0, 20_000, 0)
    assert (unpaid(book, bill_id), line_of(book, line).paid_back_won) == (0, 0)
    assert parts(give_back(book, earlier, 10_000)) == (0, 0, 10_000)
    assert broken_laws(book.db) == []


def test_a_refund_on_a_late_bill_stops_the_fee_from_the_next_day_on(book: Books) -> None:
    _, (purchase_id,), bill_id = billed(book, 50_000)
    book.clock.to(date(2026, 5, 4))
    assert parts(give_back(book, purchase_id, 40_000)) == (0, 40_000, 0)
    assert bill(book, bill_id).fee_booked_won == 1_500
    assert unpaid(book, bill_id) == 10_000
    assert broken_laws(book.db) == []


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────


def test_more_than_remains_is_refused_and_says_what_remains(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 5_000)
    refused = give_back(book, purchase_id, 5_001)
    assert refused.rule == "refund.remaining"
    assert refused.told.values == {"left_won": 5_000}
    assert book.all(Refund) == []


def test_only_a_charged_purchase_is_refunded(book: Books) -> None:
    line = shop_line(book)
    (held,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 1_000))
    refused = give_back(book, held.purchase_id, 1_000)
    assert (refused.rule, refused.told.key) == ("purchase.state", "refusal.refund_held")
    book.decide(cancel_purchase, Cancel("shop", held.purchase_id))
    assert give_back(book, held.purchase_id, 1_000).told.key == "refusal.refund_cancelled"
    assert all(read_texts().has(f"refusal.refund_{state}") for state in ("lapsed", "denied"))


@pytest.mark.parametrize(("client", "won"), [("shop", 0), ("other", 1_000)])
def test_nothing_and_another_clients_purchase_are_bad_input(book: Books, client: str, won: int) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 1_000)
    (bad,) = book.decide(refund_purchase, RefundPurchase(client, purchase_id, won))
    assert isinstance(bad, BadInputError)


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_replayed_refund_gets_its_first_answer_and_books_nothing(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 5_000)
    command = RefundPurchase("shop", purchase_id, 2_000, once=Once("shop", "refund", "r1", "f"))
    (first,) = book.decide(refund_purchase, command)
    before = tables(book.db)
    assert book.decide(refund_purchase, command, command) == [first, first]
    assert tables(book.db) == before


def test_of_two_refunds_that_together_exceed_what_remains_exactly_one_is_made(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 5_000)
    outcomes = book.decide(refund_purchase, *(RefundPurchase("shop", purchase_id, 3_000) for _ in range(2)))
    assert [type(outcome) for outcome in outcomes] == [Refunded, Refused]
    assert book.one(Purchase, purchase_id).refunded_won == 3_000


def test_of_two_refunds_at_the_same_moment_exactly_one_is_made(book: Books) -> None:
    line = shop_line(book)
    purchase_ids = [buy(book, line, 5_000) for _ in range(5)]
    for purchase_id in purchase_ids:
        outcomes: list[Any] = []
        together = Barrier(2)

        def refund(purchase_id: int = purchase_id, outcomes: list[Any] = outcomes) -> None:
            together.wait()  # noqa: B023  # the threads are over before the next round
            outcomes.append(give_back(book, purchase_id, 3_000))

        threads = [Thread(target=refund) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refunded", "Refused"]
    assert len(book.all(Refund)) == 5
    assert broken_laws(book.db) == []
