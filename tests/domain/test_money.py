"""Money is whole won, rates are exact, and a fee is cut down to a won, never rounded up."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrierbill.domain.money import WonRange, cut_down, percent_of, rate_of


@given(ten_thousandths=st.integers(0, 10**8))
def test_a_rate_written_as_a_percentage_and_read_back_is_the_same(ten_thousandths: int) -> None:
    rate = Fraction(ten_thousandths, 10**6)
    assert rate_of(percent_of(rate)) == rate


@pytest.mark.parametrize("percent", ["0.00%", "2.00%", "4.50%", "0.125%", "15.00%", "120.00%"])
def test_a_percentage_with_two_places_or_more_is_written_as_it_was_read(percent: str) -> None:
    assert percent_of(rate_of(percent)) == percent


@pytest.mark.parametrize(
    "percent", ["", "%", "5", "5.0.0%", "-5%", "+5%", "five%", "1/2%", "5%%", " 5%", "٥%"]
)
def test_what_is_no_percentage_is_no_rate(percent: str) -> None:
    with pytest.raises(ValueError, match=f"{re.escape(percent)}$"):
        rate_of(percent)


@pytest.mark.parametrize(
    ("exact", "won"),
    [
        (Fraction(0), 0),
        (Fraction(999, 1_000), 0),
        (Fraction(1), 1),
        (Fraction(61_000, 365), 167),
        (Fraction(10**24 - 1, 10**12), 10**12 - 1),
    ],
)
def test_fractions_of_a_won_are_dropped(exact: Fraction, won: int) -> None:
    assert cut_down(exact) == won


def test_what_is_charged_is_the_low_end() -> None:
    assert WonRange(167, 376).charged == 167
