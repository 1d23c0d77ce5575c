"""Parts: what the bodies of payments and refunds have in common, and how a body is read as one of them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert
from msgspec.json import Encoder

from carrierbill.domain.dates import SEOUL
from carrierbill.domain.money import LEAST_WON, MOST_WON
from carrierbill.domain.saying import Saying
from carrierbill.web.problems import ProblemError, invalid

ENCODE = Encoder().encode
CURRENCY = "KRW"
# So long that no index is too narrow for it, in whatever letters.
Name = Annotated[str, Meta(max_length=512)]
PHONE_NUMBER = r"\A\+[1-9][0-9]{4,14}\Z"
PhoneNumber = Annotated[str, Meta(pattern=PHONE_NUMBER)]
Number = int | float
# What is wrong and where, as the reader tells it: `… - at `$.amountTransaction.referenceCode``.
PLACE = re.compile(r" - at `\$\.?(.*)`\Z")
MISSING = re.compile(r"Object missing required field `(.*?)`")
# A character that no database keeps in a text.
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# Of places, as many as we tell count.
INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,30})?"
    r"([Zz]|[+\- ][0-9]{2}:[0-9]{2})"
)

Shape = TypeVar("Shape")


class FaultyFieldError(ValueError):
    """A field that is of the right type and yet cannot be meant; `told` says what would be right."""

    def __init__(self, told: Saying) -> None:
        """Keep the sentence."""
        super().__init__(told.key)
        self.told = told


def whole_won(number: Number, least: int = LEAST_WON) -> int:
    """An amount in whole won, however it is written (100.0 is 100); FaultyFieldError for any other."""
    if isinstance(number, float) and not number.is_integer():
        raise _not_whole(least)
    won = int(number)
    if not least <= won <= MOST_WON:
        raise _not_whole(least)
    return won


def _not_whole(least: int) -> FaultyFieldError:
    return FaultyFieldError(Saying("problem.WHOLE_WON", {"least_won": least, "most_won": MOST_WON}))


class Charge(Struct, kw_only=True, rename="camel"):
    """An amount with its currency, what it is for, and how it is taxed."""

    amount: Number
    currency: str
    description: str
    is_tax_included: bool | UnsetType = UNSET
    tax_amount: Number | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Bring amounts to whole won."""
        if self.currency != CURRENCY:
            raise FaultyFieldError(Saying("problem.CURRENCY"))
        self.amount = whole_won(self.amount)
        if self.tax_amount is not UNSET:
            self.tax_amount = whole_won(self.tax_amount, 0)

    @property
    def won(self) -> int:
        """The amount, which is whole."""
        return int(self.amount)

    @property
    def with_tax(self) -> bool:
        """Whether the tax is in the amount; it is not where nothing is said."""
        return self.is_tax_included is True


# ── reading and telling ──────────────────────────────────────────────────────────────────────────────────
def read(shape: type[Shape], body: Any) -> Shape:  # noqa: ANN401  # whatever JSON holds
    """A body as a shape; ProblemError names the first field that does not fit. What is unknown is let go."""
    try:
        return convert(body, shape)
    except ValidationError as error:
        raise _faulty(error) from None


def _faulty(error: ValidationError) -> ProblemError:
    told = str(error)
    found, missing = PLACE.search(told), MISSING.match(told)
    place = found[1] if found else ""
    if missing is not None:
        name = f"{place}.{missing[1]}" if place else missing[1]
        return ProblemError("INVALID_ARGUMENT", Saying("problem.MISSING_FIELD", {"field": name}))
    cause = error.__cause__
    return invalid(place or "body", cause.told if isinstance(cause, FaultyFieldError) else None)


def kept_text(asked: Struct) -> str:
    """What was asked, as it is kept; ProblemError for what no database keeps."""
    encoded = ENCODE(asked)
    if b"\\u0000" in encoded and NUL.search(encoded):
        raise invalid("body")
    return encoded.decode()


def read_instant(text: str) -> datetime | None:
    """The instant of a text by RFC 3339, which bears its zone; None for any other.

    >>> read_instant("2026-03-02T01:00:00Z") == read_instant("2026-03-02 10:00:00.0000000+09:00")
    True
    >>> read_instant("2026-03-02T01:00:00"), read_instant("2026-02-30T01:00:00Z")
    (None, None)
    """
    found = INSTANT.fullmatch(text)
    if found is None:
        return None
    day, time, places, zone = found.groups()
    # In an address an unescaped plus is read as a space.
    zone = "+00:00" if zone in "Zz" else zone.replace(" ", "+")
    try:
        at = datetime.fromisoformat(f"{day}T{time}{(places or '')[:7]}{zone}")
        # What cannot be said in another zone lies outside of all we know.
        return at.astimezone(SEOUL).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def instant(at: datetime) -> str:
    """An instant by RFC 3339, to the microsecond, so that it finds what it was told of.

    >>> instant(datetime(2026, 3, 2, 10, tzinfo=SEOUL))
    '2026-03-02T10:00:00.000000+09:00'
    """
    return at.astimezone(SEOUL).isoformat(timespec="microseconds")
