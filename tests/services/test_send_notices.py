"""A notice goes out once, in its time, whatever fails in between; what becomes of it is recorded."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Notice, NoticeState, Told, notice_of
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.services.ports import Addressed, Delivery
from carrierbill.services.send_notices import (
    LEASE,
    MOST_TRIES,
    RecordDelivery,
    Recorded,
    Sent,
    Take,
    Taken,
    notices_to_send,
    record_delivery,
    send_due,
    take_notices,
)
from carrierbill.storage.codes import SecretCodes
from carrierbill.texts.load import read_texts

DAY = date(2025, 10, 1)
RETURNED = Told("returned", "notice.returned", {"effects": "suspend_line,limit_zero", "on": "2025-10-01"})
PRESSING = replace(RETURNED, what="reminder", debt_contact=True)


class Driver:
    """Delivers at once, or answers what it is told to."""

    def __init__(self, book: Books) -> None:
        self.book = book
        self.sent: list[Addressed] = []
        self.fails = False
        self.breaks = False

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        self.sent += notices
        if self.breaks:
            raise OSError
        day = None if self.fails else self.book.clock.day
        return [Delivery(each.notice.id, "", day, failed=self.fails) for each in notices]


def queue(book: Books, line: Line, told: Told = RETURNED, **more: Any) -> Notice:
    with book.db.unit() as unit:
        notice = replace(notice_of(told, unit.new_id(Notice), line, at=unit.now), **more)
        unit.add(notice)
    return notice


def send(book: Books, driver: Driver) -> Sent:
    codes = SecretCodes(book.db.keys.index_secret)
    return send_due(book.db, driver, texts=read_texts(), rules=book.rules, codes=codes)


@pytest.fixture
def line(book: Books) -> Line:
    book.clock.to(DAY)
    return book.line("010-1234-5678")


def test_a_notice_due_goes_to_the_number_in_both_languages_and_is_delivered(book: Books, line: Line) -> None:
    notice, driver = queue(book, line), Driver(book)
    assert send(book, driver) == Sent(1, 1)
    (addressed,) = driver.sent
    assert addressed.number == "+821012345678"
    assert addressed.said == {
        "ko": "2025년 10월 1일(수)부터 풀렸어요: 휴대폰 이용 정지, 소액결제 한도 0원.",
        "en": "Lifted from Wed 1 Oct 2025: line suspended, purchase limit 0 won.",
    }
    after = book.one(Notice, notice.id)
    assert (after.state, after.delivered_on, after.tries) == (NoticeState.DELIVERED, DAY, 1)
    assert send(book, driver) == Sent(0, 0)


def test_a_notice_waits_for_its_time(book: Books, line: Line) -> None:
    queue(book, line, not_before=book.clock() + timedelta(minutes=1))
    driver = Driver(book)
    assert send(book, driver) == Sent()
    book.clock.by(minutes=1)
    assert send(book, driver) == Sent(1, 1)


def test_reading_numbers_is_audited_without_naming_any(book: Books, line: Line) -> None:
    queue(book, line)
    send(book, Driver(book))
    with book.db.session() as session:
        rows = session.rows("SELECT action, details FROM audits")
    assert rows == [("read numbers to send notices", '{"lines":1}')]


def test_of_two_workers_that_want_the_same_notice_one_has_it(book: Books, line: Line) -> None:
    notices = [queue(book, line) for _ in range(5)]
    start = Barrier(2)

    def take() -> list[Any]:
        start.wait()
        return book.decide(take_notices, *(Take(notice.id) for notice in notices))

    with ThreadPoolExecutor(2) as workers:
        both = [future.result() for future in [workers.submit(take), workers.submit(take)]]
    assert sorted(each.taken for taken in both for each in taken) == [False] * 5 + [True] * 5
    assert {notice.tries for notice in book.all(Notice)} == {1}


def test_what_a_worker_took_and_never_recorded_goes_out_again_under_its_id(book: Books, line: Line) -> None:
    notice, driver = queue(book, line), Driver(book)
    driver.breaks = True
    with pytest.raises(OSError, match=r"^$"):
        send(book, driver)
    driver.breaks = False
    assert send(book, driver) == Sent()  # under the lease of the one that broke
    book.clock.by(minutes=LEASE.seconds // 60)
    assert send(book, driver) == Sent(1, 1)
    assert [each.notice.id for each in driver.sent] == [notice.id, notice.id]
    assert [each.notice.tries for each in driver.sent] == [1, 2]


def test_what_fails_is_tried_again_ever_later_and_given_up(book: Books, line: Line) -> None:
    notice, driver = queue(book, line, secret=b"sealed", purchase_id=None), Driver(book)
    driver.fails = True
    waits = []
    while book.one(Notice, notice.id).state == NoticeState.QUEUED:
        assert send(book, driver) == Sent(1, 0)
        after = book.one(Notice, notice.id)
        waits.append((after.not_before - book.clock()) // timedelta(minutes=1))
        book.clock.at = max(book.clock(), after.not_before)
    assert waits[: MOST_TRIES - 1] == [5, 20, 80, 320, 1_280]
    assert len(driver.sent) == MOST_TRIES
    failed = book.one(Notice, notice.id)
    assert (failed.state, failed.delivered_on, failed.secret) == (NoticeState.FAILED, None, None)


def test_a_notice_to_a_line_without_a_number_fails(book: Books) -> None:
    book.clock.to(DAY)
    holder = book.holder()
    with book.db.unit() as unit:
        nameless = Line(unit.new_id(Line), holder.id, "SKT", DAY, 25, 0)
        unit.add(nameless)
    notice = queue(book, nameless)
    driver = Driver(book)
    assert send(book, driver) == Sent()
    assert (driver.sent, book.one(Notice, notice.id).state) == ([], NoticeState.QUEUED)


def test_a_delivery_told_later_is_recorded_with_its_day(book: Books, line: Line) -> None:
    notice = queue(book, line)
    book.decide(take_notices, Take(notice.id))
    told = Delivery(notice.id, "r-1", None)
    assert book.decide(record_delivery, RecordDelivery(told)) == [Recorded(notice.id, "sent")]
    book.clock.to(date(2025, 10, 3))
    told = Delivery(notice.id, "r-1", date(2025, 10, 2))
    assert book.decide(record_delivery, RecordDelivery(told)) == [Recorded(notice.id, "delivered")]
    after = book.one(Notice, notice.id)
    assert (after.reference, after.delivered_on) == ("r-1", date(2025, 10, 2))
    late = Delivery(notice.id, "r-1", None, failed=True)
    assert book.decide(record_delivery, RecordDelivery(late)) == [Recorded(notice.id, "delivered")]


def test_what_was_handed_over_and_waits_to_be_delivered_stays_out(book: Books, line: Line) -> None:
    notice = queue(book, line)
    book.decide(take_notices, Take(notice.id))
    book.decide(record_delivery, RecordDelivery(Delivery(notice.id, "r-1", None)))
    book.clock.by(days=2)
    with book.db.unit() as unit:
        assert notices_to_send(unit) == []
    assert book.decide(take_notices, Take(notice.id)) == [Taken(notice.id, taken=False)]


def test_what_cannot_be_is_bad_input(book: Books, line: Line) -> None:
    notice = queue(book, line)
    tomorrow = Delivery(notice.id, "", DAY + timedelta(1))
    nobody = Delivery(999_999, "", DAY)
    outcomes = book.decide(record_delivery, RecordDelivery(tomorrow), RecordDelivery(nobody))
    outcomes += book.decide(take_notices, Take(999_999))
    assert [type(outcome) for outcome in outcomes] == [BadInputError] * 3


# ── about a debt ─────────────────────────────────────────────────────────────────────────────────────────
def test_at_night_what_is_about_a_debt_waits_and_the_rest_goes(book: Books, line: Line) -> None:
    pressing, other = queue(book, line, PRESSING), queue(book, line)
    book.clock.to(DAY, 21)
    driver = Driver(book)
    assert send(book, driver) == Sent(1, 1)
    assert [each.notice.id for each in driver.sent] == [other.id]
    assert book.one(Notice, pressing.id).not_before.isoformat() == "2025-10-02T08:00:00+09:00"


def test_after_a_standstill_the_eighth_contact_in_seven_days_waits(book: Books, line: Line) -> None:
    other = book.line(holder_id=line.holder_id)
    notices = [queue(book, each, PRESSING) for each in (line, other) * 5]
    book.clock.to(DAY + timedelta(30))
    driver = Driver(book)
    assert send(book, driver) == Sent(7, 7)
    waiting = [book.one(Notice, notice.id) for notice in notices[7:]]
    assert {notice.state for notice in waiting} == {NoticeState.QUEUED}
    assert {notice.not_before.date() for notice in waiting} == {DAY + timedelta(37)}
    book.clock.to(DAY + timedelta(37), 8)
    assert send(book, driver) == Sent(3, 3)


def test_a_contact_whose_worker_broke_is_no_contact_more(book: Books, line: Line) -> None:
    for _ in range(6):
        queue(book, line, PRESSING)
    driver = Driver(book)
    assert send(book, driver) == Sent(6, 6)
    seventh = queue(book, line, PRESSING)
    assert book.decide(take_notices, Take(seventh.id)) == [Taken(seventh.id, taken=True)]
    book.clock.by(minutes=LEASE.seconds // 60)
    assert send(book, driver) == Sent(1, 1)


def test_another_holders_contacts_count_for_nothing(book: Books, line: Line) -> None:
    other = book.line()
    for each in (line, other):
        for _ in range(5):
            queue(book, each, PRESSING)
    assert send(book, Driver(book)) == Sent(10, 10)


# ── sentences ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_one_time_code_is_opened_for_its_notice_and_dropped_once_it_is_out(book: Books, line: Line) -> None:
    codes = SecretCodes(book.db.keys.index_secret)
    with book.db.unit() as unit:
        purchase = Purchase(
            id=unit.new_id(Purchase),
            line_id=line.id,
            holder_id=line.holder_id,
            merchant_id=None,
            client="shop",
            category="goods",
            won=1_000,
            description="",
            state=PurchaseState.PENDING_VALIDATION,
            expires_at=book.clock.at + timedelta(minutes=10),
            created_at=unit.now,
            month=DAY,
        )
        unit.add(purchase)
    _, secret = codes.new(purchase.id)
    told = Told("code", "notice.code", {"asked_won": 1_000}, purchase_id=purchase.id)
    notice, driver = queue(book, line, told, secret=secret), Driver(book)
    send(book, driver)
    code = codes.code_in(purchase.id, secret)
    assert all(code in words for words in driver.sent[0].said.values())
    after = book.one(Notice, notice.id)
    assert (after.secret, code in str(after.details)) == (None, False)


def test_further_sentences_are_said_after_the_first(book: Books, line: Line) -> None:
    owed: dict[str, int | str] = {"due_on": "2025-09-30", "owed_won": 1_000}
    details = owed | {"also": "notice.card_expired"}
    queue(book, line, Told("reminder", "notice.reminder", details))
    driver = Driver(book)
    send(book, driver)
    assert driver.sent[0].said["en"] == (
        "Your phone purchases of 1,000 won are due on Tue 30 Sep 2025. "
        "The auto-pay card expires before then, so nothing will be taken. Please pay another way."
    )
