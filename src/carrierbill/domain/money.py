"""Money is whole won; rates are exact fractions; what a source leaves open is a range."""

from dataclasses import dataclass
from fractions import Fraction

LEAST_WON = 1
MOST_WON = 10**12
PERCENT = 100


@dataclass(frozen=True, slots=True)
class WonRange:
    """An amount under a source that publishes a range: `low` and `high`, and what is `charged`.

    An unclear term is read in the customer's favour (art. 5(2) of the Act on the Regulation of Terms and
    Conditions), so the low run is the one charged.
    """

    low: int
    high: int

    @property
    def charged(self) -> int:
        """What an operator charges: the low run."""
        return self.low

    def plus(self, won: int) -> "WonRange":
        """Both ends with the same amount added.

        >>> WonRange(167, 376).plus(50_000)
        WonRange(low=50167, high=50376)
        """
        return WonRange(self.low + won, self.high + won)


def rate_of(percent: str) -> Fraction:
    """The exact rate a percent string means; ValueError when it is not one.

    >>> rate_of("4.5%")
    Fraction(9, 200)
    >>> rate_of("15.00%") * 365
    Fraction(219, 4)
    """
    digits = percent.removesuffix("%")
    plain = digits.replace(".", "", 1)
    if digits == percent or not (plain.isascii() and plain.isdigit()):
        raise ValueError(percent)
    return Fraction(digits) * Fraction(1, PERCENT)


def percent_of(rate: Fraction) -> str:
    """A rate as a percent string with at least two places; the rate must end in decimals.

    >>> percent_of(Fraction(9, 200))
    '4.50%'
    >>> percent_of(Fraction(1, 800))
    '0.125%'
    """
    places = 2
    while (rate * 10 ** (places + 2)).denominator != 1:
        places += 1
    whole, rest = divmod(int(rate * 10 ** (places + 2)), 10**places)
    return f"{whole}.{rest:0{places}d}%"


def cut_down(exact: Fraction) -> int:
    """Whole won of an exact amount, fractions of a won dropped.

    >>> cut_down(Fraction(61_000, 365))
    167
    """
    return exact.numerator // exact.denominator
