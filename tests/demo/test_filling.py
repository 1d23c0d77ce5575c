"""A filled book is bought, billed, late and repaid by the services, and the same for the same seed."""

from collections import Counter

from books import Books, books
from carrierbill.demo.filling import FIRST_MONTH, MISSED, fill_year
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.dates import month_later
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.notice import Notice
from carrierbill.domain.purchase import Purchase
from carrierbill.services.verify_books import verify_books
from carrierbill.storage.facts import StoredFacts

LINES, MONTHS = 150, 3


def filled(url: str = "sqlite://", seed: int = 1) -> Books:
    book = books(url, "terms")
    fill_year(book.db, book.rules, lines=LINES, months=MONTHS, seed=seed)
    return book


def bought(book: Books) -> list[tuple[str, int]]:
    return sorted((str(each.created_at), each.won) for each in book.all(Purchase))


def test_a_filled_book_verifies_clean_and_has_every_month_of_it(database_url: str) -> None:
    book = filled(database_url)
    with book.db.session() as session:
        assert verify_books(StoredFacts(session, ())).clean
    assert len(book.all(Line)) == LINES
    by_month = Counter(bill.month for bill in book.all(IssuedBill))
    assert list(by_month) == [month_later(FIRST_MONTH, month) for month in range(MONTHS)]
    # One chance in two on each of four days: hardly a line buys nothing in a month.
    assert all(LINES * 8 // 10 < bills <= LINES for bills in by_month.values())
    book.close()


def test_some_miss_the_due_date_most_of_them_pay_within_two_weeks_and_a_few_stop() -> None:
    book = filled()
    due = {
        bill.id: bill for bill in book.all(IssuedBill) if bill.month < month_later(FIRST_MONTH, MONTHS - 1)
    }
    days = {
        counted.bill_id: (counted.received_on - due[counted.bill_id].due_on).days
        for counted in book.all(Allocation)
        if counted.bill_id in due and counted.cause == "repayment"
    }
    late = sum(late_by > 0 for late_by in days.values())
    assert MISSED - 10 < 100 * late // len(days) < MISSED + 10
    # The bill of the month before last may still be owed; the one before it is by those who stopped.
    first = [bill for bill in due.values() if bill.month == FIRST_MONTH]
    assert 0 <= sum(bill.settled_on is None for bill in first) < LINES // 20
    assert [effect for effect in book.all(LineEffect) if effect.ended_on is not None]
    assert {notice.state for notice in book.all(Notice, what="bill")} <= {"delivered", "queued"}


def test_the_same_seed_fills_the_same_book_and_another_one_another() -> None:
    first, again, other = filled(), filled(), filled(seed=2)
    assert bought(first) == bought(again) != bought(other)
    assert first.trial_balance() == again.trial_balance()
