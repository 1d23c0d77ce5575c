"""What was handed over is followed up by receipts, and letters count as delivered by rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from books import Books
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Channel, Notice, NoticeState, Told, notice_of
from carrierbill.services import follow_notices
from carrierbill.services.follow_notices import Followed, follow_up, take_receipts
from carrierbill.services.ports import Delivery
from carrierbill.services.send_notices import RecordDelivery

FRIDAY = date(2026, 3, 6)
TOLD = Told("returned", "notice.returned", {"effects": "limit_zero", "on": "2026-03-06"})


class Source:
    """Knows what it is told to."""

    def __init__(self) -> None:
        self.knows: dict[int, Delivery] = {}
        self.asked: list[list[int]] = []

    def receipts(self, notices: Sequence[Notice]) -> list[Delivery]:
        self.asked.append([notice.id for notice in notices])
        return [self.knows[notice.id] for notice in notices if notice.id in self.knows]


def handed_over(book: Books, line: Line, channel: Channel = Channel.SMS, **more: Any) -> Notice:
    with book.db.unit() as unit:
        notice = notice_of(replace(TOLD, channel=channel), unit.new_id(Notice), line, at=unit.now)
        ordinary = {"state": NoticeState.SENT, "sent_at": unit.now, "reference": f"x/{notice.id}", "tries": 1}
        notice = replace(notice, **{**ordinary, **more})
        unit.add(notice)
    return notice


@pytest.fixture
def line(book: Books) -> Line:
    book.clock.to(FRIDAY)
    return book.line()


def test_only_what_was_handed_over_and_has_no_answer_is_asked_after(book: Books, line: Line) -> None:
    under_way = handed_over(book, line)
    handed_over(book, line, reference="")
    handed_over(book, line, state=NoticeState.QUEUED)
    handed_over(book, line, state=NoticeState.DELIVERED, delivered_on=FRIDAY)
    source = Source()
    assert follow_up(book.db, source, book.rules) == Followed()
    assert source.asked == [[under_way.id]]


def test_what_is_known_is_recorded_page_by_page(
    book: Books, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_notices, "AT_A_TIME", 2)
    notices, source = [handed_over(book, line) for _ in range(5)], Source()
    for notice in notices[1:]:
        source.knows[notice.id] = Delivery(notice.id, notice.reference, FRIDAY)
    failed = notices[4]
    source.knows[failed.id] = Delivery(failed.id, failed.reference, None, failed=True)
    assert follow_up(book.db, source, book.rules) == Followed(delivered=3, failed=1)
    assert [len(asked) for asked in source.asked] == [2, 2, 1]
    states = [book.one(Notice, notice.id).state for notice in notices]
    assert states == ["sent", "delivered", "delivered", "delivered", "queued"]
    assert book.one(Notice, failed.id).not_before == book.clock() + timedelta(minutes=5)


def test_a_letter_counts_as_delivered_three_business_days_after_it_was_handed_over(
    book: Books, line: Line
) -> None:
    letter, source = handed_over(book, line, Channel.LETTER), Source()
    # Handed over on a Friday: Monday, Tuesday, Wednesday.
    for day in (7, 8, 9, 10):
        book.clock.to(date(2026, 3, day))
        assert follow_up(book.db, source, book.rules) == Followed()
    # Asked days later, it counts from its day all the same.
    book.clock.to(date(2026, 3, 13))
    assert follow_up(book.db, source, book.rules) == Followed(delivered=1)
    after = book.one(Notice, letter.id)
    assert (after.state, after.delivered_on) == (NoticeState.DELIVERED, date(2026, 3, 11))
    assert all(asked == [] for asked in source.asked)


def test_where_policy_does_not_say_when_letters_arrive_none_does_by_itself(book: Books, line: Line) -> None:
    letter = handed_over(book, line, Channel.LETTER)
    (value,) = book.rules.debt_contact["contact"].values
    unsaid = replace(value, content=replace(value.content, letter_days=None))
    rules = replace(
        book.rules, debt_contact={"contact": replace(book.rules.debt_contact["contact"], values=(unsaid,))}
    )
    book.clock.to(date(2026, 4, 6))
    assert follow_up(book.db, Source(), rules) == Followed()
    assert book.one(Notice, letter.id).state == NoticeState.SENT


def test_a_receipt_of_another_message_or_of_what_was_delivered_changes_nothing(
    book: Books, line: Line
) -> None:
    notice = handed_over(book, line)
    done = handed_over(book, line, state=NoticeState.DELIVERED, delivered_on=FRIDAY)
    told = [
        Delivery(notice.id, "x/other", None, failed=True),
        Delivery(done.id, done.reference, None, failed=True),
        Delivery(999_999, "x/999999", FRIDAY),
    ]
    outcomes = book.decide(take_receipts, *map(RecordDelivery, told))
    assert [each.state for each in outcomes] == ["unknown"] * 3
    assert book.one(Notice, notice.id) == notice
    assert book.one(Notice, done.id) == done
