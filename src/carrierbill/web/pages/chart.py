"""Chart: what each day costs, as lines to draw and as rows to read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.dates import ONE_DAY, days_later
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.money import WonRange
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked
from carrierbill.web.pages.headline import Side

WIDTH, HEIGHT = 360, 200
TOP, BOTTOM, LEFT, RIGHT = 34, 176, 4, 356
DAYS_AFTER_DUE, DAYS_AHEAD = 100, 30
# A line bends only on these days; the longest arrears bend monthly, and then every few bends do.
MOST_BENDS = 20
ROW_DAYS = (0, 1, 7, 30, 60, 90)
NICE = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Line:
    """The fee by one rule set: its place among the lines, its charged line, the area up to the high one."""

    place: int
    rules: str
    points: str
    area: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A height with its amount."""

    y: str
    won: int


@dataclass(frozen=True, slots=True)
class Row:
    """A day's fees, one a side; `days_late` is 0 once the purchases are repaid."""

    on: date
    days_late: int
    fees: tuple[WonRange, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """The lines, the ticks, where the day asked for stands (None: outside), the rows of the table.

    `told` says what the lines show.
    """

    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    today_x: str | None
    today_anchor: str
    dots: tuple[str, ...]
    first_on: date
    last_on: date
    rows: tuple[Row, ...]
    told: Saying


@dataclass(frozen=True, slots=True)
class Frame:
    """The days and won that fill the drawing."""

    first_on: date
    last_on: date
    most_won: int

    def x(self, day: date) -> int:
        """Where a day stands, in tenths, so that whole numbers are fine enough."""
        days = (self.last_on - self.first_on).days
        return LEFT * 10 + (RIGHT - LEFT) * 10 * (day - self.first_on).days // days

    def y(self, won: int) -> int:
        """Where an amount stands, in tenths."""
        return BOTTOM * 10 - (BOTTOM - TOP) * 10 * won // self.most_won


Fees = dict[date, WonRange]


def chart_for(asked: Asked, sides: Sequence[Side]) -> Chart | None:
    """The chart of the late fee from the due date on; None where no fee ever comes."""
    first_on = min(side.position.effective_due_on for side in sides)
    last_on = max(days_later(asked.on, DAYS_AHEAD), days_later(first_on, DAYS_AFTER_DUE))
    last_on = min(last_on, asked.rules.calendar.last_on)
    if last_on <= first_on:
        return None
    try:
        fees = [_fees(asked, side, first_on, last_on=last_on) for side in sides]
    except RefusedError:
        return None
    most = max(won.high for by_day in fees for won in by_day.values())
    if most == 0:
        return None
    frame = Frame(first_on, last_on, nice_above(most))
    is_inside = first_on <= asked.on <= last_on
    return Chart(
        lines=tuple(
            _line(place, side.rules.name, by_day, frame=frame)
            for place, (side, by_day) in enumerate(zip(sides, fees, strict=True), start=1)
        ),
        ticks=tuple(Tick(tenths(frame.y(won)), won) for won in (frame.most_won, frame.most_won // 2)),
        today_x=tenths(frame.x(asked.on)) if is_inside else None,
        today_anchor=anchor(frame.x(asked.on)) if is_inside else "",
        dots=tuple(tenths(frame.y(side.position.late_fee.fee.charged)) for side in sides),
        first_on=first_on,
        last_on=last_on,
        rows=tuple(_rows(asked, sides, first_on, last_on=last_on)),
        told=_told(asked),
    )


def _told(asked: Asked) -> Saying:
    settled_on = asked.bill.settled_on()
    if settled_on is None:
        return Saying("page.chart.caption")
    return Saying("page.chart.caption_settled", {"on": settled_on})


def anchor(x: int) -> str:
    """Which side a word at a place stands on, so that it never leaves the drawing.

    >>> anchor(100), anchor(1800), anchor(3400)
    ('start', 'middle', 'end')
    """
    if x < WIDTH * 10 // 6:
        return "start"
    return "end" if x > WIDTH * 10 * 5 // 6 else "middle"


def nice_above(won: int) -> int:
    """The round amount a scale ends at.

    >>> nice_above(1_750), nice_above(376), nice_above(1)
    (2000, 500, 2)
    """
    power: int = 10 ** (len(str(won)) - 1)
    return max(2, next(step * power for step in NICE if step * power >= won))


def _fees(asked: Asked, side: Side, first_on: date, *, last_on: date) -> Fees:
    """The fee on every day a line bends."""
    bends = sorted({first_on, last_on, min(max(asked.on, first_on), last_on), *_bends(asked, side, last_on)})
    step = len(bends) // MOST_BENDS + 1
    kept = sorted({*bends[::step], last_on})
    return {day: late_fee_on(asked.bill, day, side.rules).fee for day in kept}


def _bends(asked: Asked, side: Side, last_on: date) -> Iterator[date]:
    """Where a piece begins or ends: base or rate change there, or a step is added."""
    fee = late_fee_on(asked.bill, last_on, side.rules)
    for piece in (*fee.low.pieces, *fee.high.pieces):
        yield from (piece.from_on - ONE_DAY, piece.to_on)


def _line(place: int, rules: str, fees: Fees, *, frame: Frame) -> Line:
    low = [(frame.x(day), frame.y(won.charged)) for day, won in fees.items()]
    high = [(frame.x(day), frame.y(won.high)) for day, won in fees.items()]
    area = _points([*high, *reversed(low)]) if high != low else ""
    return Line(place, rules, _points(low), area)


def _points(points: list[tuple[int, int]]) -> str:
    return " ".join(f"{tenths(x)},{tenths(y)}" for x, y in points)


def tenths(number: int) -> str:
    """A number of tenths as a decimal.

    >>> tenths(125), tenths(120)
    ('12.5', '12')
    """
    return f"{number // 10}.{number % 10}".removesuffix(".0")


def _rows(asked: Asked, sides: Sequence[Side], first_on: date, *, last_on: date) -> Iterator[Row]:
    due_on = sides[0].position.effective_due_on
    days = {days_later(due_on, late) for late in ROW_DAYS}
    days |= {first_on, asked.on, asked.on + ONE_DAY, last_on}
    for day in sorted(day for day in days if first_on <= day <= last_on):
        fees = tuple(late_fee_on(asked.bill, day, side.rules).fee for side in sides)
        is_owed = asked.bill.unpaid_won_on(day) > 0
        yield Row(day, max(0, (day - due_on).days) if is_owed else 0, fees)
