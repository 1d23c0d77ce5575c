"""Short words for what the tests of the money services do again and again: buy, close, pay, give back."""

from datetime import date
from typing import Any

from books import Books
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.dates import month_later
from carrierbill.domain.line import Line
from carrierbill.domain.purchase import Merchant
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.receive_repayment import Repaid, Repay, receive_repayment
from carrierbill.services.refund_purchase import RefundPurchase, refund_purchase

MARCH = date(2026, 3, 1)
APRIL = date(2026, 4, 1)
# Of a bill of March at the usual due day: 25 April 2026 is a Saturday.
DUE_ON, EFFECTIVE_ON = date(2026, 4, 25), date(2026, 4, 27)


def shop_line(book: Books, **told: Any) -> Line:
    """A line, and a seller to buy from."""
    if not book.all(Merchant):
        book.merchant()
    return book.line(**told)


def buy(book: Books, line: Line, won: int, **told: Any) -> int:
    """A purchase charged at once; its id."""
    (outcome,) = book.decide(
        authorise_purchase, Authorise("shop", book.number(line), won, one_step=True, exempt=True, **told)
    )
    found: int = outcome.purchase_id
    return found


def close(book: Books, line: Line, month: date = MARCH) -> int:
    """The bill of a month, closed on the 1st of the next unless the clock is past it; its id."""
    if book.clock.day < month_later(month, 1):
        book.clock.to(month_later(month, 1))
    (outcome,) = book.decide(close_month, CloseLine(line.id, month))
    found: int = outcome.bill_id
    return found


def pay(book: Books, line: Line, won: int, on: date, **told: Any) -> Repaid:
    """Money that comes in on a day; the clock is moved to the day if it is still before it."""
    if book.clock.day < on:
        book.clock.to(on)
    (outcome,) = book.decide(receive_repayment, Repay(line.id, won, on, **told))
    assert isinstance(outcome, Repaid), outcome
    return outcome


def give_back(book: Books, purchase_id: int, won: int) -> Any:
    """What becomes of a refund, or why there is none."""
    (outcome,) = book.decide(refund_purchase, RefundPurchase("shop", purchase_id, won))
    return outcome


def billed(book: Books, *amounts: int, **told: Any) -> tuple[Line, list[int], int]:
    """A line with purchases of March, its bill closed: the line, the purchases, the bill."""
    line = shop_line(book, **told)
    bought = [buy(book, line, won) for won in amounts]
    return line, bought, close(book, line)


def bill(book: Books, bill_id: int) -> IssuedBill:
    """The bill as it stands."""
    return book.one(IssuedBill, bill_id)


def unpaid(book: Books, bill_id: int) -> int:
    """The principal still owed."""
    counted = sum(each.won for each in book.all(Allocation, bill_id=bill_id))
    return max(0, bill(book, bill_id).principal_won - counted)


def line_of(book: Books, line: Line) -> Line:
    """The line as it stands."""
    return book.one(Line, line.id)
