"""Next day: what waiting one more day costs, in words."""

from collections.abc import Iterator
from fractions import Fraction

from carrierbill.domain.dates import ONE_DAY, days_later
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.late_fee import FeeRun, late_fee_on, steps_by
from carrierbill.domain.money import cut_down
from carrierbill.domain.policy import Measure
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked
from carrierbill.web.pages.headline import Side

# Longer than from one due date to the next, even when both are moved.
DAYS_TO_NEXT_STEP = 50
SMALL_WON = 10


def next_day_for(asked: Asked, sides: tuple[Side, ...]) -> tuple[Saying, ...]:
    """A sentence a side: so much a day, or the next step and its day, or nothing more."""
    if sides[0].position.unpaid_won == 0:
        has_fee = any(side.position.late_fee.fee.high for side in sides)
        return (Saying("page.next.settled" if has_fee else "page.next.settled_in_time"),)
    try:
        return tuple(saying for side in sides for saying in _by(asked, side))
    except RefusedError:
        return ()


def _by(asked: Asked, side: Side) -> Iterator[Saying]:
    """What the first late day from the day asked for on adds."""
    day = max(asked.on, side.position.effective_due_on) + ONE_DAY
    fee = late_fee_on(asked.bill, day, side.rules)
    low, high = daily_won(fee.low), daily_won(fee.high)
    if high:
        values = {"rules": side.rules.name, "low": about(low), "high": about(high)}
        yield Saying("page.next.daily" if low == high else "page.next.daily_range", values)
        return
    ahead = max(days_later(asked.on, DAYS_TO_NEXT_STEP), day)
    for step in steps_by(asked.bill, ahead, side.rules):
        if step.added_on > asked.on:
            won = cut_down(side.position.unpaid_won * step.low)
            yield Saying("page.next.step", {"rules": side.rules.name, "on": step.added_on, "step_won": won})
            return
    yield Saying("page.next.nothing", {"rules": side.rules.name})


def daily_won(run: FeeRun) -> Fraction:
    """What the last day of a run added, exactly, if it is counted by the day."""
    if run.pieces and run.pieces[-1].measure == Measure.DAYS_LATE:
        return run.pieces[-1].exact / run.pieces[-1].units
    return Fraction(0)


def about(won: Fraction) -> str:
    """An amount a day in won, one decimal where it is small.

    >>> about(Fraction(1000, 365)), about(Fraction(12345, 2))
    ('2.7', '6,172')
    """
    if won >= SMALL_WON:
        return f"{cut_down(won):,}"
    tenths = cut_down(won * 10)
    return f"{tenths // 10}.{tenths % 10}"
