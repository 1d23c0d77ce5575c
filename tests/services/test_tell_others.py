"""What bureaus, lists and gateways are told of a day, and what gateways report late."""

from datetime import date
from typing import Any

import pytest

from books import Books
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import month_of
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.line import Line, Usage
from carrierbill.domain.notice import BureauReport, Notice
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.ports import NamedReport, Once
from carrierbill.services.report_late import ReportedLate, ReportLate, report_late
from carrierbill.services.tell_others import GatewayMark, bureau_reports_of, gateway_marks_of
from carrierbill.services.verify_books import verify_books
from carrierbill.storage.facts import StoredFacts
from ledger_laws import broken_laws
from working_days import GUIDE, WorkingDays

DUE_ON, FIRST = date(2025, 9, 30), date(2025, 9, 24)


@pytest.fixture
def days(book: Books) -> WorkingDays:
    return WorkingDays(book, GUIDE)


def late_line(days: WorkingDays, number: str = "010-1234-5678", name: str = "Hong Gildong") -> Line:
    holder = days.book.holder(name)
    line = days.book.line(number, holder_id=holder.id)
    days.book.clock.to(FIRST)
    days.bill(line, 50_000, DUE_ON)
    return line


def reports(days: WorkingDays, day: date) -> list[NamedReport]:
    with days.book.db.unit() as unit:
        return bureau_reports_of(day, unit)


def marks(days: WorkingDays, day: date) -> list[GatewayMark]:
    with days.book.db.unit() as unit:
        return gateway_marks_of(day, unit)


def test_a_report_is_told_on_its_day_with_whom_it_is_about(days: WorkingDays) -> None:
    line = late_line(days)
    days.through(FIRST, date(2025, 11, 29), line)
    assert reports(days, date(2025, 11, 28)) == []
    (told,) = reports(days, date(2025, 11, 29))
    assert (told.action, told.name, told.number, told.carrier, told.report.won) == (
        "add",
        "Hong Gildong",
        "+821012345678",
        "SKT",
        50_000,
    )


def test_it_is_told_again_when_it_is_withdrawn(days: WorkingDays) -> None:
    line = late_line(days)
    days.through(FIRST, date(2025, 11, 29), line)
    days.repay(line, 51_000, date(2025, 12, 1))
    days.through(date(2025, 11, 30), date(2025, 12, 1), line)
    assert [told.action for told in reports(days, date(2025, 12, 1))] == ["withdraw"]


def test_what_is_held_and_cured_is_told_to_nobody(days: WorkingDays) -> None:
    line = late_line(days)
    days.undelivered = {"notice_letter"}
    days.through(FIRST, date(2025, 11, 29), line)
    days.repay(line, 51_000, date(2025, 11, 30))
    days.through(date(2025, 11, 30), date(2025, 11, 30), line)
    assert [reports(days, day) for day in (date(2025, 11, 29), date(2025, 11, 30))] == [[], []]


def test_what_began_and_was_cured_within_missed_days_is_told_to_nobody(days: WorkingDays) -> None:
    line = late_line(days)
    days.through(FIRST, date(2025, 11, 20), line)
    days.repay(line, 51_000, date(2025, 12, 1))
    days.work(date(2025, 12, 5), line)
    (report,) = days.book.all(BureauReport)
    assert (report.held_on, report.reported_on, report.withdrawn_on) == (
        date(2025, 11, 29),
        date(2025, 12, 5),
        date(2025, 12, 5),
    )
    assert reports(days, date(2025, 12, 5)) == []


def test_reading_who_they_are_is_audited(days: WorkingDays) -> None:
    line = late_line(days)
    days.through(FIRST, date(2025, 11, 29), line)
    reports(days, date(2025, 11, 29))
    reports(days, date(2025, 11, 28))
    with days.book.db.session() as session:
        rows = session.rows("SELECT details FROM audits WHERE action = 'read numbers for bureau files'")
    assert rows == [('{"day":"2025-11-29","records":1}',)]


# ── gateways ─────────────────────────────────────────────────────────────────────────────────────────────
def bought(days: WorkingDays, line: Line, bill: IssuedBill, **won: int) -> None:
    """Purchases on a bill, by the gateway's name."""
    with days.book.db.unit() as unit:
        for client, each in won.items():
            purchase = Purchase(
                id=unit.new_id(Purchase),
                line_id=line.id,
                holder_id=line.holder_id,
                merchant_id=None,
                client=client,
                category="goods",
                won=each,
                description="",
                state=PurchaseState.CONFIRMED,
                created_at=unit.now,
                confirmed_at=unit.now,
                month=bill.month,
                billed_month=bill.month,
                bill_id=bill.id,
            )
            unit.add(purchase)


def test_each_gateway_is_told_of_its_own_won_on_the_late_bill_and_when_it_is_paid(days: WorkingDays) -> None:
    line = late_line(days)
    (bill,) = days.book.all(IssuedBill)
    bought(days, line, bill, kg=20_000, danal=30_000)
    days.through(FIRST, date(2025, 10, 1), line)
    told = [(mark.client, mark.action, mark.number, mark.won) for mark in marks(days, date(2025, 10, 1))]
    assert told == [
        ("danal", "mark", "+821012345678", 30_000),
        ("kg", "mark", "+821012345678", 20_000),
    ]
    days.repay(line, 51_000, date(2025, 10, 3))
    days.through(date(2025, 10, 2), date(2025, 10, 3), line)
    assert marks(days, date(2025, 10, 2)) == []
    told_later = [(mark.client, mark.action) for mark in marks(days, date(2025, 10, 3))]
    assert told_later == [("danal", "clear"), ("kg", "clear")]


def test_a_second_late_bill_is_told_to_its_own_gateways(days: WorkingDays) -> None:
    line = late_line(days)
    (first,) = days.book.all(IssuedBill)
    second = days.bill(line, 10_000, date(2025, 10, 31))
    bought(days, line, first, kg=50_000)
    bought(days, line, second, danal=10_000)
    days.through(FIRST, date(2025, 11, 3), line)
    assert [mark.client for mark in marks(days, date(2025, 11, 3))] == ["danal"]


# ── what gateways report late ────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def line(book: Books) -> Line:
    book.clock.to(date(2025, 10, 6))
    return book.line("010-1234-5678", due_day=25)


def late(**told: Any) -> ReportLate:
    ordinary = {"client": "kg", "number": "+821012345678", "won": 7_000, "bought_on": date(2025, 9, 29)}
    return ReportLate(**{**ordinary, **told})


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    ("told", "field"),
    [({"merchant": "unknown"}, "merchant"), ({"bought_on": date(2024, 9, 30)}, "bought_on")],
)
def test_a_late_report_of_an_unknown_seller_or_from_over_a_year_ago_is_bad_input(
    book: Books, told: dict[str, Any], field: str
) -> None:
    book.clock.to(date(2025, 10, 2))
    (bad,) = book.decide(report_late, late(**told))
    assert isinstance(bad, BadInputError)
    assert bad.field == field
    (booked,) = book.decide(report_late, late(bought_on=date(2024, 10, 1)))
    assert isinstance(booked, ReportedLate)


@pytest.mark.usefixtures("line")
def test_what_is_reported_late_is_charged_with_its_notice_and_marked_with_its_month(book: Books) -> None:
    merchant = book.merchant("books", client="kg")
    (outcome,) = book.decide(report_late, late(merchant="books", description="a book"))
    assert isinstance(outcome, ReportedLate)
    purchase = book.one(Purchase, outcome.purchase_id)
    assert (purchase.state, purchase.merchant_id, purchase.won) == ("confirmed", merchant.id, 7_000)
    assert (purchase.month, purchase.reported_month, purchase.billed_month) == (
        date(2025, 9, 1),
        date(2025, 9, 1),
        date(2025, 10, 1),
    )
    assert book.trial_balance() == {
        LedgerAccount.UNBILLED_CLAIMS: 7_000,
        LedgerAccount.MERCHANT_PAYABLES: -7_000,
    }
    (notice,) = book.all(Notice)
    assert (notice.what, notice.purchase_id) == ("charge", purchase.id)


def test_it_goes_on_the_next_bill(book: Books, line: Line) -> None:
    book.decide(report_late, late())
    book.clock.to(date(2025, 11, 3))
    (closed,) = book.decide(close_month, CloseLine(line.id, date(2025, 10, 1)))
    assert closed.principal_won == 7_000


def test_what_is_reported_late_may_pass_the_limit_and_breaks_no_law(book: Books, line: Line) -> None:
    book.decide(report_late, late(won=line.monthly_limit_won + 1))
    assert broken_laws(book.db) == []
    with book.db.snapshot() as session:
        assert verify_books(StoredFacts(session, ())).clean


@pytest.mark.usefixtures("line")
def test_it_counts_among_what_its_own_month_used(book: Books) -> None:
    book.decide(report_late, late(), late(won=1_000))
    (usage,) = book.all(Usage)
    assert (usage.month, usage.won, usage.day_won) == (date(2025, 9, 1), 8_000, 0)


@pytest.mark.usefixtures("line")
def test_the_same_report_twice_charges_once(book: Books) -> None:
    once = Once("kg", "report_late", "r-1", "f")
    first, second = (book.decide(report_late, late(once=once)) for _ in range(2))
    assert first == second
    assert len(book.all(Purchase)) == 1


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"number": "+821099999999"}, "number"),
        ({"bought_on": date(2025, 10, 1)}, "bought_on"),
        ({"won": 0}, "won"),
    ],
)
def test_a_report_that_cannot_be_is_bad_input_and_fails_no_other(
    told: dict[str, Any], field: str, book: Books
) -> None:
    bad, good = book.decide(report_late, late(**told), late())
    assert isinstance(bad, BadInputError)
    assert bad.field == field
    assert isinstance(good, ReportedLate)
    assert month_of(book.clock.day) == date(2025, 10, 1)
