"""Why: how each fee came about, piece by piece, and where the sources disagree."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from carrierbill.documents.answer import exact_won
from carrierbill.domain.late_fee import FeeRun, Piece
from carrierbill.domain.lateness import ladder_on
from carrierbill.domain.money import cut_down, percent_of
from carrierbill.domain.policy import Measure, Source
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked
from carrierbill.web.pages.headline import Side
from carrierbill.web.pages.state import due_date_notes
from carrierbill.web.pages.ways import BESIDE_ARREARS, Ways, limit_notes
from carrierbill.web.words import plural

PLACES = 4
# The longest arrears have hundreds of pieces, a month each: the first and the last tell the story.
MOST_AT_EACH_END = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a fee: its days, how it is worked out, and who says so."""

    from_on: date
    to_on: date
    sum: Saying
    source: Source


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a tariff: its parts, how many of them are left out, and what they come to."""

    heading: Saying
    first: tuple[Part, ...]
    left_out: int
    last: tuple[Part, ...]
    capitalised: tuple[Saying, ...]
    comes_to: Saying


@dataclass(frozen=True, slots=True)
class Why:
    """The readings, and the keys of the notes on every value that was used."""

    readings: tuple[Reading, ...]
    notes: tuple[str, ...]


def why_for(asked: Asked, sides: tuple[Side, ...], ways: Ways) -> Why:
    """Everything the amount rests on."""
    readings = tuple(reading for side in sides for reading in _readings(side))
    seen = dict.fromkeys(_notes(asked, sides, ways))
    return Why(readings, tuple(note for note in seen if note != BESIDE_ARREARS))


def _readings(side: Side) -> Iterator[Reading]:
    fee = side.position.late_fee
    if fee.low == fee.high:
        yield _reading(fee.low, Saying("page.why.run", {"rules": side.rules.name}))
        return
    yield _reading(fee.low, Saying("page.why.run_low", {"rules": side.rules.name}))
    yield _reading(fee.high, Saying("page.why.run_high", {"rules": side.rules.name}))


def _reading(run: FeeRun, heading: Saying) -> Reading:
    parts = [_part(piece) for piece in run.pieces]
    left_out = max(0, len(parts) - 2 * MOST_AT_EACH_END)
    first = parts[:MOST_AT_EACH_END] if left_out else parts
    capitalised = [each for each in run.capitalised if each.won]
    return Reading(
        heading=heading,
        first=tuple(first),
        left_out=left_out,
        last=tuple(parts[-MOST_AT_EACH_END:]) if left_out else (),
        capitalised=tuple(
            Saying("page.why.capitalised", {"on": each.on, "fee_won": each.won, "cut": decimal(each.cut)})
            for each in capitalised[:MOST_AT_EACH_END]
        ),
        comes_to=_comes_to(run),
    )


def _part(piece: Piece) -> Part:
    values: dict[str, int | str | date | Saying] = {
        "base_won": piece.principal_won + piece.capitalised_won,
        "rate": percent_of(piece.rate),
        "days": piece.units,
        "exact": decimal(piece.exact),
        "fraction": exact_won(piece),
    }
    daily = piece.measure == Measure.DAYS_LATE
    key = f"page.why.daily_{plural(piece.units)}" if daily else "page.why.step"
    return Part(piece.from_on, piece.to_on, Saying(key, values), piece.source)


def _comes_to(run: FeeRun) -> Saying:
    if not run.pieces:
        return Saying("page.why.no_fee")
    capitalised_won = sum(each.won for each in run.capitalised)
    gone = sum((each.won + each.cut for each in run.capitalised), Fraction(0))
    accrued = sum((piece.exact for piece in run.pieces), Fraction(0)) - gone
    values: dict[str, int | str | date | Saying] = {"exact": decimal(accrued), "fee_won": run.fee_won}
    if capitalised_won:
        return Saying("page.why.sum_capitalised", values | {"capitalised_won": capitalised_won})
    return Saying("page.why.sum", values)


def decimal(exact: Fraction) -> str:
    """An exact amount in decimals: all of them, or cut with a sign that more follow.

    >>> decimal(Fraction(61_000, 365)), decimal(Fraction(1_501, 2)), decimal(Fraction(1_750))
    ('167.1232…', '750.5', '1,750')
    """
    whole = cut_down(exact)
    rest = exact - whole
    shifted = rest * 10**PLACES
    digits = f"{cut_down(shifted):0{PLACES}d}"
    if shifted.denominator != 1:
        return f"{whole:,}.{digits}…"
    digits = digits.rstrip("0")
    return f"{whole:,}.{digits}" if digits else f"{whole:,}"


def _notes(asked: Asked, sides: tuple[Side, ...], ways: Ways) -> Iterator[str]:
    """The notes of tariff, due date, ladder, ways, limit and rule set, the weightiest first."""
    for side in sides:
        tariff = side.rules.tariffs_for(asked.bill.carrier).value_on(asked.on)
        yield from tariff.notes if tariff else ()
    yield from due_date_notes(asked)
    ladder = ladder_on(asked.on, asked.rules)
    yield from ladder.notes
    for row in ladder.content.rows:
        yield from row.notes if row.stage in sides[0].position.lateness.stages else ()
    for way in (*ways.open, *ways.closed):
        yield from way.relief.notes
    yield from limit_notes(asked)
    yield from asked.rules.notes
