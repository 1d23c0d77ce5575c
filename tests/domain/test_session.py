"""When sessions end and how often things may be tried, on the instant."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrierbill.domain.dates import SEOUL
from carrierbill.domain.session import CODE_TRIES, IDLE, LIMITS, LONGEST, Session, SignInCode, Tries, Trying

START = datetime(2026, 3, 2, 10, tzinfo=SEOUL)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("began", "seen", "ends"),
    [
        (timedelta(0), timedelta(0), IDLE),
        (timedelta(0), timedelta(hours=3), timedelta(hours=3) + IDLE),
        (timedelta(0), LONGEST - SECOND, LONGEST),
        (timedelta(0), LONGEST - IDLE, LONGEST),
    ],
)
def test_a_session_ends_when_unused_or_too_old(began: timedelta, seen: timedelta, ends: timedelta) -> None:
    session = Session(b"", START + began, START + seen, holder_id=1, line_id=1)
    assert session.ends_at == START + ends
    assert not session.is_over(START + ends - SECOND)
    assert session.is_over(START + ends)


@pytest.mark.parametrize(
    ("tries_left", "after", "good"),
    [
        (CODE_TRIES, timedelta(0), True),
        (1, IDLE - SECOND, True),
        (0, timedelta(0), False),
        (1, IDLE, False),
    ],
)
def test_a_code_is_good_while_it_has_tries_and_time(tries_left: int, after: timedelta, good: bool) -> None:  # noqa: FBT001  # the outcome of a row
    assert SignInCode(1, 1, b"", tries_left, START + IDLE).is_good(START + after) is good


@given(st.sampled_from(list(Trying)), st.lists(st.integers(0, 2_000), min_size=1, max_size=120))
def test_in_no_stretch_of_the_limits_length_is_more_tried_than_it_says(
    what: Trying, waits: list[int]
) -> None:
    limit, tries, now = LIMITS[what], Tries(what, b"", (), START), START
    taken: list[datetime] = []
    for wait in waits:
        now += wait * SECOND
        free_at = tries.free_at(now)
        if free_at is None:
            tries = tries.and_at(now)
            taken.append(now)
        else:
            assert now < free_at
            assert tries.free_at(free_at - SECOND) is not None
            assert tries.free_at(free_at) is None
    assert len(tries.seconds) <= limit.most
    for place, last in enumerate(taken):
        within = [each for each in taken[: place + 1] if each > last - limit.within]
        if limit.pause is None:
            assert len(within) <= limit.most
        else:
            beyond = within[limit.most - 1 :]
            assert all(after - before >= limit.pause for before, after in pairwise(beyond))
