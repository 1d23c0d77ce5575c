"""What a line used of its limits is counted by month, and for its last day by itself."""

from dataclasses import replace
from datetime import date

import pytest

from carrierbill.domain.line import LimitsAsked, Line, Usage, is_raised

FIRST, SECOND, THIRD = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
USAGE = Usage(1, date(2026, 3, 1), "game", 1, won=10_000, day_on=SECOND, day_won=4_000)
LINE = Line(1, 1, "SKT", date(2020, 1, 1), 25, 300_000, category_limits=(("game", 0),))


def test_a_purchase_of_the_same_day_adds_to_it() -> None:
    assert USAGE.taken(500, SECOND) == replace(USAGE, won=10_500, day_won=4_500)


def test_with_the_first_purchase_of_another_day_the_day_begins_anew() -> None:
    assert USAGE.taken(500, THIRD) == replace(USAGE, won=10_500, day_on=THIRD, day_won=500)


def test_what_is_given_up_on_its_day_is_free_for_the_day_as_well() -> None:
    assert USAGE.freed(500, SECOND) == replace(USAGE, won=9_500, day_won=3_500)


def test_what_was_bought_on_an_earlier_day_is_free_for_the_month_alone() -> None:
    assert USAGE.freed(500, FIRST) == replace(USAGE, won=9_500)


@pytest.mark.parametrize(
    ("asked", "raised"),
    [
        (LimitsAsked(), False),
        (LimitsAsked(monthly_won=300_000), False),
        (LimitsAsked(monthly_won=299_999, daily_won=10_000, purchase_won=10_000), False),
        (LimitsAsked(monthly_won=300_001), True),
        (LimitsAsked(by_category=(("game", 0), ("voucher", 0))), False),
        (LimitsAsked(by_category=(("game", 1),)), True),
        (LimitsAsked(by_category=()), True),
    ],
)
def test_only_what_lets_a_line_buy_more_than_before_raises_its_limits(
    asked: LimitsAsked, *, raised: bool
) -> None:
    assert is_raised(LINE, asked.on(LINE)) == raised
