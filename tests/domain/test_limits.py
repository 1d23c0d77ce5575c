"""What limits come to on a day: the line's own, the lower one after declines, and the advised one."""

from dataclasses import replace
from datetime import date

import pytest

from carrierbill.domain.limits import (
    Standing,
    Wanted,
    decline_of,
    lowered_until,
    monthly_limit_won,
    recommended_limit_won,
)
from carrierbill.domain.line import Holder, Line, Usage
from rule_sets import RULE_SETS

GUIDE = RULE_SETS["guide"]
UNTIL = date(2026, 4, 13)


def line(monthly_limit_won: int, lowered_until: date | None = UNTIL) -> Line:
    return Line(1, 1, "SKT", date(2020, 1, 1), 25, monthly_limit_won, lowered_until=lowered_until)


@pytest.mark.parametrize(
    ("day", "limit"),
    [
        (date(2026, 4, 1), (300_000, UNTIL)),
        (UNTIL, (300_000, UNTIL)),
        (date(2026, 4, 14), (500_000, None)),
    ],
)
def test_the_lower_limit_holds_through_its_last_day(day: date, limit: tuple[int, date | None]) -> None:
    assert monthly_limit_won(line(500_000), day, GUIDE) == limit
    assert monthly_limit_won(line(500_000, None), day, GUIDE) == (500_000, None)


@pytest.mark.parametrize("own_won", [0, 100_000, 300_000])
def test_the_lower_limit_never_raises_a_lines_own(own_won: int) -> None:
    assert monthly_limit_won(line(own_won), UNTIL, GUIDE) == (own_won, None)


@pytest.mark.parametrize(
    ("first_on", "until"), [(date(2026, 3, 3), date(2026, 5, 1)), (date(2026, 3, 2), None)]
)
def test_three_declines_in_30_days_lower_the_limit_for_30_days(first_on: date, until: date | None) -> None:
    day = date(2026, 4, 1)
    assert lowered_until([first_on, date(2026, 3, 20), day], day, GUIDE) == until


def test_a_rule_set_that_names_no_count_lowers_no_limit() -> None:
    dated = GUIDE.authorisation["repeated_failures"]
    (value,) = dated.values
    unnamed = replace(value, content=replace(value.content, count=None, won=None))
    made = {**GUIDE.authorisation, "repeated_failures": replace(dated, values=(unnamed,))}
    rules = replace(GUIDE, authorisation=made)
    assert lowered_until([date(2026, 4, 1)] * 9, date(2026, 4, 1), rules) is None
    assert monthly_limit_won(line(500_000), date(2026, 4, 1), rules) == (500_000, None)


def test_two_declines_lower_nothing_and_those_to_come_count_for_nothing() -> None:
    day = date(2026, 4, 1)
    assert lowered_until([day, day], day, GUIDE) is None
    assert lowered_until([day, day, date(2026, 4, 2)], day, GUIDE) is None


@pytest.mark.parametrize(
    ("income_won", "limit_won"),
    [
        (None, 300_000),
        (0, 0),
        (4, 0),
        (5, 1),
        (1_000_000, 200_000),
        (1_499_999, 299_999),
        (1_500_000, 300_000),
        (10**12, 300_000),
    ],
)
def test_the_advised_limit_is_a_fifth_of_the_income_or_300_000(
    income_won: int | None, limit_won: int
) -> None:
    assert recommended_limit_won(income_won, date(2026, 1, 1), RULE_SETS["guide"]) == limit_won


@pytest.mark.parametrize(
    ("category", "won", "reason"),
    [("goods", 50_000, None), ("voucher", 50_000, None), ("voucher", 50_001, "carrier_cap")],
)
def test_the_cap_on_vouchers_at_kt_counts_vouchers_alone(category: str, won: int, reason: str | None) -> None:
    day = date(2026, 3, 2)
    bought = {"goods": 200_000, "voucher": 50_000}
    used = [Usage(1, date(2026, 3, 1), name, 1, spent, day, spent) for name, spent in bought.items()]
    standing = Standing(
        replace(line(500_000, None), carrier="KT", consented_on=day), Holder(1), tuple(used), effects=()
    )
    declined = decline_of(Wanted(won, category, day, exempt=True), standing, GUIDE)
    assert (declined and declined.reason) == reason
