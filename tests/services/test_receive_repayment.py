"""Money settles principal, then fees, of the bill it names or of the oldest; the rest is credit."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from books import Books
from carrierbill.domain.billing import Allocation, IssuedBill, MoneyReceived
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.line import Line
from carrierbill.services.owing import book_fee, load_bills, rules_bill
from carrierbill.services.ports import Once
from carrierbill.services.receive_repayment import Repaid, Repay, receive_repayment
from ledger_laws import broken_laws, tables
from money_steps import (
    APRIL,
    EFFECTIVE_ON,
    MARCH,
    bill,
    billed,
    buy,
    close,
    line_of,
    pay,
    shop_line,
    unpaid,
)
from rule_sets import RULE_SETS

A_DAY_LATE = EFFECTIVE_ON + timedelta(1)


def advance(book: Books, line_holder: int, day: date) -> None:
    """Book the fees of a day, as advancing to it does."""
    if book.clock.day < day:
        book.clock.to(day)
    with book.db.unit() as unit:
        unit.lock([line_holder])
        unit.load(Line, holder_id=[line_holder])
        for each in load_bills(unit, [line_holder]):
            book_fee(each, day, unit, rules=book.rules)


def fee_stated(book: Books, bill_id: int, day: date) -> int:
    """What issue 1 states for the bill and the day."""
    facts = bill(book, bill_id).as_bill(book.all(Allocation, bill_id=bill_id))
    return late_fee_on(facts, day, book.rules).fee.charged


def entries(book: Books, start: str) -> list[tuple[str, str]]:
    with book.db.session() as session:
        rows = session.rows("SELECT key, what FROM entries WHERE key LIKE ? ORDER BY seq", [f"{start}%"])
    return [(key, what) for key, what in rows]


def parts(repaid: Repaid) -> tuple[int, int, int]:
    return repaid.principal_won, repaid.fee_won, repaid.credit_won


def test_money_in_time_settles_principal_and_the_rest_is_credit(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    assert parts(pay(book, line, 20_000, date(2026, 4, 20))) == (20_000, 0, 0)
    assert bill(book, bill_id).settled_on is None
    assert parts(pay(book, line, 33_000, EFFECTIVE_ON)) == (30_000, 0, 3_000)
    assert bill(book, bill_id).settled_on == EFFECTIVE_ON
    assert (line_of(book, line).repaid_won, line_of(book, line).credit_won) == (53_000, 3_000)
    assert book.trial_balance()[LedgerAccount.BANK] == 53_000
    assert broken_laws(book.db) == []


def test_late_money_settles_principal_before_the_fee(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    assert parts(pay(book, line, 49_000, A_DAY_LATE)) == (49_000, 0, 0)
    assert bill(book, bill_id).fee_booked_won == 1_500
    assert parts(pay(book, line, 1_700, A_DAY_LATE)) == (1_000, 700, 0)
    assert bill(book, bill_id).settled_on == A_DAY_LATE
    assert parts(pay(book, line, 1_000, date(2026, 5, 2))) == (0, 800, 200)
    assert [key for key, _ in entries(book, "fee/")] == [f"fee/{bill_id}/{A_DAY_LATE}"]
    assert broken_laws(book.db) == []


def test_the_worked_example_of_the_terms_holds_in_the_books(book: Books) -> None:
    book.clock.to(date(2025, 8, 5))
    line = shop_line(book, due_day=31)
    buy(book, line, 50_000)
    bill_id = close(book, line, date(2025, 8, 1))
    pay(book, line, 20_000, date(2025, 10, 10))
    assert bill(book, bill_id).fee_booked_won == 1_500
    repaid = pay(book, line, 40_000, date(2025, 10, 31))
    assert parts(repaid) == (30_000, 1_650, 8_350)


def test_money_that_names_no_bill_goes_to_the_oldest_due_date_principal_then_fee(book: Books) -> None:
    line, _, first = billed(book, 50_000)
    buy(book, line, 10_000)
    second = close(book, line, APRIL)
    assert parts(pay(book, line, 53_000, date(2026, 5, 5))) == (51_500, 1_500, 0)
    assert (unpaid(book, first), unpaid(book, second)) == (0, 8_500)
    assert broken_laws(book.db) == []


def test_money_stays_with_the_bill_it_names(book: Books) -> None:
    line, _, first = billed(book, 50_000)
    buy(book, line, 10_000)
    second = close(book, line, APRIL)
    assert parts(pay(book, line, 15_000, date(2026, 5, 5), bill_id=second)) == (10_000, 0, 5_000)
    assert (unpaid(book, first), unpaid(book, second)) == (50_000, 0)
    assert broken_laws(book.db) == []


def test_money_for_a_bill_settles_the_fees_carried_onto_it_last(book: Books) -> None:
    line, _, first = billed(book, 50_000)
    pay(book, line, 50_000, A_DAY_LATE)
    buy(book, line, 10_000)
    second = close(book, line, APRIL)
    assert parts(pay(book, line, 12_000, date(2026, 5, 5), bill_id=second)) == (10_000, 1_500, 500)
    (fee,) = (each for each in book.all(Allocation, bill_id=first) if each.won == 1_500)
    assert fee.repayment_id is not None
    assert broken_laws(book.db) == []


def test_a_replayed_repayment_gets_its_first_answer_and_books_nothing(book: Books) -> None:
    line, _, _ = billed(book, 50_000)
    command = Repay(line.id, 20_000, APRIL, once=Once("bank", "repay", "statement/7", "f"))
    (first,) = book.decide(receive_repayment, command)
    before = tables(book.db)
    assert book.decide(receive_repayment, command) == [first]
    assert book.decide(receive_repayment, command, command) == [first, first]
    assert tables(book.db) == before


def test_money_in_one_transaction_is_counted_in_order(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    first, second = book.decide(
        receive_repayment, Repay(line.id, 45_000, APRIL), Repay(line.id, 45_000, APRIL)
    )
    assert (parts(first), parts(second)) == ((45_000, 0, 0), (5_000, 0, 40_000))
    assert unpaid(book, bill_id) == 0
    assert line_of(book, line).credit_won == 40_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"won": 0}, "won"),
        ({"line_id": 999_999}, "line"),
        ({"bill_id": 999_999}, "bill"),
        ({"received_on": date(2026, 4, 3)}, "received_on"),
        ({"received_on": date(2026, 3, 31)}, "received_on"),
    ],
)
def test_money_that_cannot_be_is_bad_input_and_harms_nobody(
    book: Books, change: dict[str, object], field: str
) -> None:
    line, _, _ = billed(book, 50_000)
    book.clock.to(date(2026, 4, 2))
    good = Repay(line.id, 1_000, date(2026, 4, 2))
    bad, fine = book.decide(receive_repayment, replace(good, **change), good)  # type: ignore[arg-type]  # the fault
    assert isinstance(bad, BadInputError)
    assert bad.field == field
    assert isinstance(fine, Repaid)
    assert len(book.all(MoneyReceived)) == 1


def test_money_for_a_line_without_any_bill_is_its_credit(book: Books) -> None:
    line = shop_line(book)
    (repaid,) = book.decide(receive_repayment, Repay(line.id, 1_000, date(2026, 3, 2)))
    assert isinstance(repaid, Repaid)
    assert (repaid.principal_won, repaid.fee_won, repaid.credit_won) == (0, 0, 1_000)
    assert book.one(Line, line.id).credit_won == 1_000


def test_another_lines_bill_cannot_be_named(book: Books) -> None:
    _, _, bill_id = billed(book, 50_000)
    other, _, _ = billed(book, 10_000)
    (bad,) = book.decide(receive_repayment, Repay(other.id, 1_000, APRIL, bill_id))
    assert isinstance(bad, BadInputError)


# ── money dated back ─────────────────────────────────────────────────────────────────────────────────────


def test_money_dated_back_corrects_the_fee_booked_since_and_names_the_cause(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    advance(book, line.holder_id, date(2026, 5, 26))
    # 3 % of 50,000 and, the second due date of 26 May missed tomorrow, nothing more yet.
    assert bill(book, bill_id).fee_booked_won == 1_500
    repaid = pay(book, line, 30_000, date(2026, 4, 24))
    assert parts(repaid) == (30_000, 0, 0)
    assert bill(book, bill_id).fee_booked_won == 600
    (_, corrected) = entries(book, "fee/")
    assert corrected[1] == f"late_fee_corrected/repayment/{repaid.repayment_id}"
    assert fee_stated(book, bill_id, date(2026, 5, 26)) == 600
    assert broken_laws(book.db) == []


def test_money_dated_back_before_the_due_date_makes_a_settled_bill_cheaper(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    pay(book, line, 51_500, A_DAY_LATE)
    book.clock.to(date(2026, 5, 6))
    repaid = pay(book, line, 20_000, date(2026, 4, 24))
    # It came first: 30,000 was owed when the rest came, so 600 was the fee and all beyond is credit.
    assert bill(book, bill_id).fee_booked_won == 900
    assert repaid.principal_won == 0
    assert line_of(book, line).credit_won == 51_500 + 20_000 - 50_000 - 900
    assert sum(each.won for each in book.all(Allocation, bill_id=bill_id)) == 50_900
    assert broken_laws(book.db) == []


def test_a_fee_that_was_waived_and_is_no_longer_due_is_waived_no_more(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    advance(book, line.holder_id, A_DAY_LATE)
    with book.db.unit() as unit:
        # A waiver, as it is booked when it is granted.
        unit.lock([line.holder_id])
        (late,) = load_bills(unit, [line.holder_id])
        unit.put(replace(late, fee_waived_won=1_500))
        waived = Posting(
            LedgerAccount.FEE_WAIVED, LedgerAccount.LATE_FEE_CLAIMS, 1_500, line.id, None, bill_id
        )
        unit.book(Entry("waive/1", "waive", unit.now, (waived,), line_id=line.id))
    pay(book, line, 50_000, date(2026, 4, 24))
    assert (bill(book, bill_id).fee_booked_won, bill(book, bill_id).fee_waived_won) == (0, 0)
    assert LedgerAccount.FEE_WAIVED not in book.trial_balance()
    assert broken_laws(book.db) == []


def test_money_dated_back_leaves_the_credit_that_a_bill_took_free_again(book: Books) -> None:
    line, _, _ = billed(book, 20_000)
    pay(book, line, 30_000, date(2026, 4, 20))
    buy(book, line, 15_000)
    second = close(book, line, APRIL)
    # The bill comes out on the 13th with 10,000 won of credit; on the 3rd it is paid whole.
    repaid = pay(book, line, 15_000, date(2026, 5, 3))
    assert repaid.principal_won == 5_000
    assert line_of(book, line).credit_won == 10_000
    assert bill(book, second).settled_on == date(2026, 5, 3)
    assert broken_laws(book.db) == []


# ── fees ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fee_is_booked_once_a_day_however_often_it_is_asked_for(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    for _ in range(2):
        advance(book, line.holder_id, A_DAY_LATE)
    advance(book, line.holder_id, EFFECTIVE_ON)
    pay(book, line, 10_000, A_DAY_LATE)
    assert entries(book, "fee/") == [(f"fee/{bill_id}/{A_DAY_LATE}", "late_fee")]


def test_a_fee_that_falls_by_another_policy_gives_back_what_was_repaid_of_it(book: Books) -> None:
    line, _, bill_id = billed(book, 50_000)
    pay(book, line, 51_500, A_DAY_LATE)
    book.rules = RULE_SETS["guide"]
    advance(book, line.holder_id, date(2026, 5, 6))
    # Under the guide, due on Saturday the 25th, three days late cost 2 % a year: 8 won.
    assert bill(book, bill_id).fee_booked_won == 8
    assert line_of(book, line).credit_won == 1_492
    assert entries(book, "fee/")[-1][1] == "late_fee_corrected/policy"
    assert broken_laws(book.db) == []


def test_what_is_booked_is_what_the_rules_state_after_any_day_and_repayment(book: Books) -> None:
    line, _, bill_id = billed(book, 77_777)
    for day, won in (
        (date(2026, 4, 26), 11_111),
        (date(2026, 4, 30), 22_222),
        (date(2026, 5, 26), 1),
        (date(2026, 5, 27), 40_000),
        (date(2026, 7, 1), 4_443),
        (date(2026, 7, 2), 5_000),
    ):
        pay(book, line, won, day)
        with book.db.unit() as unit:
            unit.lock([line.holder_id])
            (owed,) = load_bills(unit, [line.holder_id])
            assert owed.fee_booked_won == late_fee_on(rules_bill(owed, unit), day, book.rules).fee.charged
    assert book.one(IssuedBill, bill_id).month == MARCH
    assert broken_laws(book.db) == []
