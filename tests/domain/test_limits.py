"""The advised limit is a fifth of the income, and never more than 300,000 won."""

from datetime import date

import pytest

from carrierbill.domain.limits import recommended_limit_won
from rule_sets import RULE_SETS


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
