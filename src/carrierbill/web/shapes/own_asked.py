"""Own asked: what clients send to our own interface, field by field; anything else is refused."""

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct, ValidationError, convert

from carrierbill.domain.money import MOST_WON
from carrierbill.web.problems import ProblemError, invalid

Number = Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{4,14}\Z")]
Won = Annotated[int, Meta(ge=1, le=MOST_WON)]
LimitWon = Annotated[int, Meta(ge=0, le=MOST_WON)]
# No database stores a NUL in a text.
Text = Annotated[str, Meta(pattern=r"^[^\x00]+\Z", max_length=1_000)]
Short = Annotated[str, Meta(pattern=r"^[^\x00]+\Z", max_length=256)]
Category = Literal["goods", "transport", "content", "game", "voucher"]
Purpose = Literal["purchases", "data"]
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z")]


class Asked(Struct, rename="camel", forbid_unknown_fields=True):
    """What is sent: only the fields that are named."""


class LineSearch(Asked):
    """The line of a number; a token of a line names it already."""

    phone_number: Number | None = None


class CategoryLimit(Asked):
    """The most a line buys of a category in a month; 0 blocks it."""

    category: Category
    won: LimitWon


class Limits(Asked):
    """Limits a line is to have; what is left out stays as it is."""

    monthly_won: LimitWon | None = None
    daily_won: LimitWon | None = None
    purchase_won: LimitWon | None = None
    categories: Annotated[list[CategoryLimit], Meta(max_length=5)] | None = None


class NewLine(Asked):
    """A line with its holder's name; without a consent it buys nothing yet."""

    phone_number: Number
    carrier: Short
    holder_name: Short
    due_day: Annotated[int, Meta(ge=1, le=31)]
    opened_on: date
    monthly_won: LimitWon
    daily_won: LimitWon | None = None
    purchase_won: LimitWon | None = None
    categories: Annotated[list[CategoryLimit], Meta(max_length=5)] | None = None
    consented_on: date | None = None
    minor_until: date | None = None
    welfare: bool = False
    mvno: bool = False
    offered: bool = True


class NewConsent(Asked):
    """What the holder consents to; only an operator names another client than itself."""

    purpose: Purpose
    client_id: Short | None = None


class Wish(Asked):
    """A purchase somebody has in mind."""

    amount_won: Won
    phone_number: Number | None = None
    category: Category | None = None
    merchant_identifier: Short | None = None


class NewRepayment(Asked):
    """Money that came in from a line: named by its number or id, or by the token."""

    won: Won
    received_on: date
    phone_number: Number | None = None
    line_id: Short | None = None
    bill_id: Short | None = None
    reference: Short | None = None


class NewObjection(Asked):
    """A charge that is disputed, and why."""

    payment_id: Short
    reason: Text


class ObjectionAnswer(Asked):
    """Whether an objection is right, and why."""

    upheld: bool
    why: Text


class NewRelief(Asked):
    """A relief that is asked for; plans have parts."""

    kind: Literal["waiver", "carrier_instalment", "debt_adjustment", "long_term_review"]
    bill_id: Short | None = None
    months: Annotated[int, Meta(ge=1, le=120)] | None = None
    first_due_on: date | None = None
    part_won: Won | None = None


class ReliefDecision(Asked):
    """Whether a relief is granted, and why."""

    granted: bool
    why: Text


class MonthStep(Asked):
    """A month to be closed, from behind a line on."""

    month: Month
    after: Short | None = None


class DayStep(Asked):
    """A day to be worked, from behind a line on."""

    day: date
    after: Short | None = None


class SettlementStep(Asked):
    """The last day to be settled, from behind a merchant on."""

    through_on: date
    after: Short | None = None


class Resending(Asked):
    """Events to be sent again: all that were given up, or those of one payment."""

    payment_id: Short | None = None
    client_id: Short | None = None


Shape = TypeVar("Shape", bound=Asked)


def asked(body: Any, shape: type[Shape]) -> Shape:  # noqa: ANN401  # whatever JSON holds
    """The body as its shape; ProblemError names the field that is wrong, missing or not known."""
    try:
        return convert(_whole(body), shape)
    except ValidationError as error:
        told = str(error)
        path = told.partition(" - at `$.")[2].rstrip("`")
        named = told.split("`")[1] if told.startswith("Object ") else ""
        raise invalid(".".join(part for part in (path, named) if part) or "body") from None
    except RecursionError:
        raise invalid("body") from None


def _whole(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    """The value with numbers like 100.0 as the whole ones they are; nothing is ever null."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        for name, part in value.items():
            if part is None:
                raise invalid(name)
        return {name: _whole(part) for name, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list) else value


def not_there() -> ProblemError:
    """What is answered for what is absent, and for what belongs to somebody else."""
    return ProblemError("NOT_FOUND")
