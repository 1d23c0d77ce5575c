"""A month closes into one bill a line, once, with its notice in the same commit."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from books import Books
from carrierbill.domain.billing import Allocation, BillItem, Cause, ItemKind
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Notice
from carrierbill.domain.purchase import Purchase
from carrierbill.services.close_month import Closed, CloseLine, close_month, lines_to_close
from carrierbill.services.decide import Refused
from carrierbill.services.ports import Once
from carrierbill.texts.load import LANGUAGES, placeholders, read_texts
from ledger_laws import broken_laws, tables
from money_steps import APRIL, DUE_ON, MARCH, bill, billed, buy, close, give_back, line_of, pay, shop_line


def notices_of(book: Books, bill_id: int) -> list[Notice]:
    return [notice for notice in book.all(Notice) if notice.bill_id == bill_id]


def items_of(book: Books, bill_id: int) -> list[tuple[ItemKind, int]]:
    return [(item.kind, item.won) for item in book.all(BillItem, bill_id=bill_id)]


def test_the_purchases_of_a_month_make_one_bill_due_on_the_lines_due_day(book: Books) -> None:
    line, bought, bill_id = billed(book, 30_000, 12_000)
    issued = bill(book, bill_id)
    assert (issued.principal_won, issued.month, issued.due_on) == (42_000, MARCH, DUE_ON)
    assert issued.issued_on == date(2026, 4, 13)
    assert [book.one(Purchase, one).bill_id for one in bought] == [bill_id, bill_id]
    assert items_of(book, bill_id) == [(ItemKind.PURCHASE, 30_000), (ItemKind.PURCHASE, 12_000)]
    assert book.trial_balance()[LedgerAccount.BILLED_CLAIMS] == 42_000
    assert LedgerAccount.UNBILLED_CLAIMS not in book.trial_balance()
    assert line_of(book, line).credit_won == 0
    assert broken_laws(book.db) == []


@pytest.mark.parametrize(
    ("carrier", "due_day", "month", "days"),
    [
        # Due on the 7th: five business days before it, but not before the first one of the month.
        ("LGU", 7, MARCH, (date(2026, 4, 1), date(2026, 4, 7))),
        # Due on Sunday the 15th, moved to the 16th: five business days before that is the 9th.
        ("LGU", 15, date(2026, 2, 1), (date(2026, 3, 9), date(2026, 3, 15))),
        ("SKT", 31, MARCH, (date(2026, 4, 13), date(2026, 4, 30))),
        # The first business day of May 2026 is the 4th: the 1st is Labour Day, then a weekend.
        ("LGU", 7, APRIL, (date(2026, 5, 4), date(2026, 5, 7))),
    ],
)
def test_a_bill_comes_out_early_enough_before_it_is_due(
    book: Books, carrier: str, due_day: int, month: date, days: tuple[date, date]
) -> None:
    book.clock.to(month)
    line = shop_line(book, carrier=carrier, due_day=due_day)
    buy(book, line, 10_000)
    issued = bill(book, close(book, line, month))
    assert (issued.issued_on, issued.due_on) == days


def test_a_month_that_is_not_over_is_refused(book: Books) -> None:
    line = shop_line(book)
    buy(book, line, 10_000)
    book.clock.to(date(2026, 3, 31), 23, 59)
    (refused,) = book.decide(close_month, CloseLine(line.id, MARCH))
    assert isinstance(refused, Refused)
    assert refused.rule == "billing.month"
    assert refused.lifted_by is not None
    book.clock.to(APRIL, 0, 0)
    (closed,) = book.decide(close_month, CloseLine(line.id, MARCH))
    assert isinstance(closed, Closed)


def test_closing_again_gives_the_same_bill_and_books_nothing(book: Books) -> None:
    line, _, bill_id = billed(book, 30_000)
    before = tables(book.db)
    again = book.decide(close_month, CloseLine(line.id, MARCH), CloseLine(line.id, MARCH))
    assert [closed.bill_id for closed in again] == [bill_id, bill_id]
    assert again[0].principal_won == 30_000
    once = Once("operator", "close", "march", "f")
    assert book.decide(close_month, CloseLine(line.id, MARCH, once)) == [again[0]]
    assert book.decide(close_month, CloseLine(line.id, MARCH, once)) == [again[0]]
    assert tables(book.db) == before


def test_a_line_that_bought_nothing_gets_no_bill(book: Books) -> None:
    line = shop_line(book)
    cancelled = buy(book, line, 8_000)
    give_back(book, cancelled, 8_000)
    book.clock.to(APRIL)
    (closed,) = book.decide(close_month, CloseLine(line.id, MARCH))
    assert closed == Closed(line.id, MARCH, None, 0, DUE_ON)
    with book.db.unit() as unit:
        assert lines_to_close(unit, MARCH, after_id=0, most=10) == []


def test_what_was_cancelled_within_the_month_never_reaches_the_bill(book: Books) -> None:
    line = shop_line(book)
    first, _ = buy(book, line, 30_000), buy(book, line, 5_000)
    give_back(book, first, 12_000)
    bill_id = close(book, line)
    assert bill(book, bill_id).principal_won == 23_000
    assert items_of(book, bill_id) == [(ItemKind.PURCHASE, 18_000), (ItemKind.PURCHASE, 5_000)]


def test_what_is_unbilled_of_earlier_months_goes_along_marked_with_its_own_month(book: Books) -> None:
    book.clock.to(date(2026, 2, 10))
    line = shop_line(book)
    early = buy(book, line, 4_000)
    book.clock.to(date(2026, 3, 10))
    late = buy(book, line, 6_000)
    with book.db.unit() as unit:
        # What a gateway tells late was bought a month before it was confirmed here.
        unit.lock([line.holder_id])
        (told,) = unit.load(Purchase, id=[late])
        unit.put(replace(told, reported_month=date(2026, 1, 1)))
    bill_id = close(book, line)
    assert {(item.purchase_id, item.month) for item in book.all(BillItem, bill_id=bill_id)} == {
        (early, date(2026, 2, 1)),
        (late, date(2026, 1, 1)),
    }
    (notice,) = notices_of(book, bill_id)
    shown = str(notice.details["purchases"]).splitlines()
    assert [row[:9] for row in shown] == ["[2026-02]", "[2026-01]"]


def test_closing_a_month_leaves_the_next_ones_purchases_alone(book: Books) -> None:
    line = shop_line(book)
    buy(book, line, 4_000)
    book.clock.to(date(2026, 4, 1), 0, 1)
    later = buy(book, line, 6_000)
    assert bill(book, close(book, line)).principal_won == 4_000
    assert book.one(Purchase, later).bill_id is None


def test_the_bill_tells_the_four_items_of_each_purchase_from_its_day_of_issue_on(book: Books) -> None:
    line = shop_line(book)
    purchase_id = buy(book, line, 30_000, description="Headphones")
    (notice,) = notices_of(book, close(book, line))
    assert notice.not_before == datetime(2026, 4, 13, 9, tzinfo=SEOUL)
    assert notice.details["owed_won"] == 30_000
    assert notice.details["purchases"] == (
        f"2026-03-02 10:00 Seller shop (02-0000-0000) Headphones 30,000 #{purchase_id}"
    )
    for language in LANGUAGES:
        sentence = read_texts().sentences[language][notice.key]
        assert placeholders(sentence) <= notice.details.keys()


def test_a_bill_closed_after_its_day_of_issue_is_told_at_once(book: Books) -> None:
    line = shop_line(book)
    buy(book, line, 30_000)
    book.clock.to(date(2026, 4, 20))
    (notice,) = notices_of(book, close(book, line))
    assert notice.not_before == book.clock.at


def test_the_lines_credit_is_counted_against_its_new_bill_on_the_day_of_issue(book: Books) -> None:
    line, _, first = billed(book, 20_000)
    pay(book, line, 26_000, date(2026, 4, 20))
    buy(book, line, 15_000)
    second = close(book, line, APRIL)
    (allocation,) = book.all(Allocation, bill_id=second)
    assert (allocation.won, allocation.cause, allocation.repayment_id) == (6_000, Cause.CREDIT, None)
    assert allocation.received_on == bill(book, second).issued_on
    assert items_of(book, second)[-1] == (ItemKind.CREDIT, 6_000)
    assert line_of(book, line).credit_won == 0
    assert bill(book, first).settled_on == date(2026, 4, 20)
    assert bill(book, second).settled_on is None
    (notice,) = notices_of(book, second)
    assert (notice.details["owed_won"], notice.details["credit_won"]) == (9_000, 6_000)
    assert broken_laws(book.db) == []


def test_credit_beyond_the_bill_stays_and_the_bill_is_settled(book: Books) -> None:
    line, _, _ = billed(book, 20_000)
    pay(book, line, 50_000, date(2026, 4, 20))
    buy(book, line, 15_000)
    second = bill(book, close(book, line, APRIL))
    assert second.settled_on == second.issued_on
    assert line_of(book, line).credit_won == 15_000
    assert broken_laws(book.db) == []


def test_a_fee_left_open_on_a_settled_bill_is_asked_for_on_the_next_one_once(book: Books) -> None:
    line, _, first = billed(book, 50_000)
    # A day late: 3 % of 50,000 won. The principal is paid, the fee is not.
    pay(book, line, 50_000, date(2026, 4, 28))
    assert bill(book, first).fee_booked_won == 1_500
    buy(book, line, 10_000)
    second = close(book, line, APRIL)
    assert bill(book, second).carried_fee_won == 1_500
    assert bill(book, second).principal_won == 10_000
    assert bill(book, first).fee_carried_won == 1_500
    assert (ItemKind.CARRIED_FEE, 1_500) in items_of(book, second)
    (notice,) = notices_of(book, second)
    assert notice.details["owed_won"] == 11_500
    buy(book, line, 10_000)
    third = close(book, line, date(2026, 5, 1))
    assert bill(book, third).carried_fee_won == 0
    assert broken_laws(book.db) == []


def test_a_fee_of_a_bill_still_owed_is_not_carried(book: Books) -> None:
    line, _, first = billed(book, 50_000)
    pay(book, line, 10_000, date(2026, 4, 28))
    buy(book, line, 10_000)
    assert bill(book, first).fee_booked_won == 1_500
    assert bill(book, close(book, line, APRIL)).carried_fee_won == 0


def test_an_unknown_line_is_bad_input_and_its_neighbour_is_billed(book: Books) -> None:
    line = shop_line(book)
    buy(book, line, 10_000)
    book.clock.to(APRIL)
    bad, good = book.decide(close_month, CloseLine(999_999, MARCH), CloseLine(line.id, MARCH))
    assert isinstance(bad, BadInputError)
    assert isinstance(good, Closed)


def test_the_lines_to_close_come_in_runs_by_their_ids(book: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    # Runs of two lines at a time, so that a run without any purchase lies between others.
    monkeypatch.setattr("carrierbill.services.close_month.LOOKED_AT", 2)
    lines = [shop_line(book) for _ in range(7)]
    buyers = [lines[at] for at in (0, 4, 5, 6)]
    for line in buyers:
        buy(book, line, 1_000)
    with book.db.unit() as unit:
        first = lines_to_close(unit, MARCH, after_id=0, most=3)
        rest = lines_to_close(unit, MARCH, after_id=first[-1].line_id, most=3)
    assert [command.line_id for command in first] == [line.id for line in buyers[:3]]
    assert [command.line_id for command in rest] == [buyers[3].id]
    with book.db.unit() as unit:
        assert lines_to_close(unit, date(2026, 2, 1), after_id=0, most=3) == []


def test_a_bill_remembers_whether_its_holder_is_on_welfare(book: Books) -> None:
    holder = book.holder(welfare=True)
    line = shop_line(book, holder_id=holder.id)
    buy(book, line, 1_000)
    assert bill(book, close(book, line)).welfare
    assert book.one(Line, line.id).holder_id == holder.id
