"""Nobody is written to about a debt at night, nor more often than so many times in so many days."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from random import Random

import pytest

from carrierbill.domain.allowances import ContactRule
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.notice import (
    Channel,
    Notice,
    NoticeState,
    contact_at,
    contact_days,
    is_quiet,
    out_of_quiet,
)

RULE = ContactRule(time(21), time(8), at_most=7, in_days=7)
DAY = date(2025, 10, 1)


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        (at(7, 59), at(8)),
        (at(8), at(8)),
        (at(20, 59), at(20, 59)),
        (at(21), at(8, day=date(2025, 10, 2))),
        (at(0), at(8)),
    ],
)
def test_quiet_hours_end_at_eight_in_the_morning(given: datetime, moved: datetime) -> None:
    assert out_of_quiet(given, RULE) == moved
    assert is_quiet(given, RULE) == (given != moved)


def test_quiet_hours_are_those_of_seoul() -> None:
    utc = datetime.fromisoformat("2025-09-30T23:30:00+00:00")  # half past eight in Seoul
    assert not is_quiet(utc, RULE)


def test_quiet_hours_may_lie_within_a_day() -> None:
    noon = ContactRule(time(12), time(13), at_most=7, in_days=7)
    assert [is_quiet(at(hour), noon) for hour in (11, 12, 13)] == [False, True, False]
    assert out_of_quiet(at(12, 30), noon) == at(13)


@pytest.mark.parametrize(
    ("contacts", "moved"),
    [
        ([DAY] * 6, at(10)),  # the seventh has room
        ([DAY] * 7, at(8, day=DAY + timedelta(7))),  # the eighth waits until they are seven days old
        ([DAY - timedelta(6)] * 7, at(8, day=DAY + timedelta(1))),
        ([DAY - timedelta(7)] * 7, at(10)),
        ([DAY + timedelta(3)] * 7, at(8, day=DAY + timedelta(10))),  # those to come count too
    ],
)
def test_a_contact_too_many_moves_to_the_first_day_with_room(contacts: list[date], moved: datetime) -> None:
    assert contact_at(at(10), contacts, RULE) == moved


def test_however_contacts_are_placed_no_stretch_of_days_has_too_many() -> None:
    random = Random(7)  # noqa: S311  # chance for a test
    for _ in range(50):
        rule = ContactRule(time(21), time(8), at_most=random.randrange(1, 5), in_days=random.randrange(1, 9))
        placed: list[date] = []
        for _ in range(30):
            wanted = at(random.randrange(24), day=DAY + timedelta(random.randrange(20)))
            moved = contact_at(wanted, placed, rule)
            assert moved >= wanted
            placed.append(moved.date())
        per_day = Counter(placed)
        for start in sorted(per_day):
            stretch = [start + timedelta(ahead) for ahead in range(rule.in_days)]
            assert sum(per_day[day] for day in stretch) <= rule.at_most


def test_a_contact_moves_no_further_than_it_has_to() -> None:
    random = Random(8)  # noqa: S311  # chance for a test
    for _ in range(200):
        placed = [DAY + timedelta(random.randrange(-9, 15)) for _ in range(random.randrange(12))]
        moved = contact_at(at(10), placed, RULE).date()
        for ahead in range((moved - DAY).days):
            with_it = [*placed, DAY + timedelta(ahead)]
            assert any(
                sum(start <= day < start + timedelta(7) for day in with_it) > 7
                for start in (DAY + timedelta(ahead - back) for back in range(7))
            )


def notice(state: NoticeState, *, debt_contact: bool = True, sent_at: datetime | None = None) -> Notice:
    return Notice(
        id=1,
        line_id=1,
        holder_id=1,
        what="reminder",
        key="notice.reminder",
        channel=Channel.SMS,
        created_at=at(9),
        not_before=at(9),
        debt_contact=debt_contact,
        state=state,
        sent_at=sent_at,
    )


@pytest.mark.parametrize(
    ("one", "days"),
    [
        (notice(NoticeState.QUEUED), [DAY]),
        (notice(NoticeState.DELIVERED, sent_at=at(9, day=DAY + timedelta(2))), [DAY + timedelta(2)]),
        (notice(NoticeState.WITHDRAWN), []),
        (notice(NoticeState.FAILED), []),
        (notice(NoticeState.QUEUED, debt_contact=False), []),
    ],
)
def test_only_what_presses_for_money_and_goes_out_is_a_contact(one: Notice, days: list[date]) -> None:
    assert contact_days([one]) == days


def test_when_sending_only_what_was_sent_counts() -> None:
    sent = notice(NoticeState.SENT, sent_at=at(9))
    assert contact_days([sent, notice(NoticeState.QUEUED)], sent_only=True) == [DAY]
