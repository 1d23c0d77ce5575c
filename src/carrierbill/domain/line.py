"""Line: one phone number at one carrier, and its holder; who they are stays sealed elsewhere."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from carrierbill.domain.copies import changed
from carrierbill.domain.policy import Effect


class LineStatus(StrEnum):
    """Whether a line is in use."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


class DemoPart(StrEnum):
    """What a line of a demo shows; there is none in a database that was not made as a demo.

    All of them are exempt from the identity check; one needs a one-time code for each purchase, one becomes
    blocked while a purchase is under way.
    """

    EXEMPT = "exempt"
    NEEDS_CODE = "needs_code"
    BLOCKED_ON_THE_WAY = "blocked_on_the_way"


@dataclass(frozen=True, slots=True)
class Holder:
    """A person with lines.

    `minor_until` is the day a minor comes of age; `checked_month` the month for which the identity check is
    on record; `forgotten_on` the day the person's key was destroyed.
    """

    id: int
    welfare: bool = False
    minor_until: date | None = None
    checked_month: date | None = None
    forgotten_on: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands: its contract, its limits in won (None: none of its own), its money.

    A category's limit of 0 blocks it. `lowered_until` is the last day of the lower limit after repeated
    declines. `repaid_won` is all it ever repaid, `paid_back_won` all it was ever paid in money, `credit_won`
    what it has to its credit. `card_expires_on` and `balance_won` are what is known of its auto-pay.
    """

    id: int
    holder_id: int
    carrier: str
    opened_on: date
    due_day: int
    monthly_limit_won: int
    daily_limit_won: int | None = None
    purchase_limit_won: int | None = None
    category_limits: tuple[tuple[str, int], ...] = ()
    mvno: bool = False
    offered: bool = True
    status: LineStatus = LineStatus.ACTIVE
    consented_on: date | None = None
    blocked_on: date | None = None
    lowered_until: date | None = None
    card_expires_on: date | None = None
    balance_won: int | None = None
    credit_won: int = 0
    repaid_won: int = 0
    paid_back_won: int = 0
    demo: DemoPart | None = None

    def category_limit_won(self, category: str) -> int | None:
        """The line's own limit for a category, or None."""
        for name, won in self.category_limits:
            if name == category:
                return won
        return None


@dataclass(frozen=True, slots=True)
class LimitsAsked:
    """Limits a line is to have, in won; None leaves one as it is, `by_category` replaces all categories'."""

    monthly_won: int | None = None
    daily_won: int | None = None
    purchase_won: int | None = None
    by_category: tuple[tuple[str, int], ...] | None = None

    @property
    def given(self) -> tuple[tuple[str, int], ...]:
        """The amounts that are asked for, by the name of their limit."""
        own = (
            ("monthly_limit", self.monthly_won),
            ("daily_limit", self.daily_won),
            ("purchase_limit", self.purchase_won),
        )
        return (*((name, won) for name, won in own if won is not None), *(self.by_category or ()))

    def on(self, line: Line) -> Line:
        """The line with these limits."""

        def new(asked: int | None, before: int | None) -> int | None:
            return before if asked is None else asked

        return changed(
            line,
            monthly_limit_won=line.monthly_limit_won if self.monthly_won is None else self.monthly_won,
            daily_limit_won=new(self.daily_won, line.daily_limit_won),
            purchase_limit_won=new(self.purchase_won, line.purchase_limit_won),
            category_limits=line.category_limits if self.by_category is None else self.by_category,
        )


def is_raised(before: Line, after: Line) -> bool:
    """Whether the line may buy more than before, in whatever way; having no limit is more than any.

    >>> line = Line(1, 1, "SKT", date(2020, 1, 1), 25, 300_000, category_limits=(("game", 0),))
    >>> is_raised(line, changed(line, daily_limit_won=10_000))
    False
    >>> is_raised(line, changed(line, category_limits=()))
    True
    """
    names = {name for name, _ in (*before.category_limits, *after.category_limits)}
    pairs = [
        (before.monthly_limit_won, after.monthly_limit_won),
        (before.daily_limit_won, after.daily_limit_won),
        (before.purchase_limit_won, after.purchase_limit_won),
        *((before.category_limit_won(name), after.category_limit_won(name)) for name in names),
    ]
    return any(old is not None and (new is None or new > old) for old, new in pairs)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a line used of its limits in a month and category, holds included; `day_won` that of `day_on`."""

    line_id: int
    month: date
    category: str
    holder_id: int
    won: int
    day_on: date
    day_won: int

    def taken(self, won: int, day: date) -> "Usage":
        """The usage with a purchase of the day added."""
        day_won = self.day_won if self.day_on == day else 0
        return changed(self, won=self.won + won, day_on=day, day_won=day_won + won)

    def freed(self, won: int, day: date) -> "Usage":
        """The usage with a purchase made on `day` taken out again."""
        day_won = self.day_won - won if self.day_on == day else self.day_won
        return changed(self, won=self.won - won, day_won=day_won)


@dataclass(frozen=True, slots=True)
class LineEffect:
    """An effect of lateness in force on a line since `began_on` (None in `ended_on`: still)."""

    id: int
    line_id: int
    holder_id: int
    effect: Effect
    stage: str
    bill_id: int
    began_on: date
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """A purchase declined for a limit or a failed check; enough of them lower the limit for a time."""

    id: int
    line_id: int
    holder_id: int
    declined_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class LineDay:
    """The day up to which a line was advanced; a day is worked once for each line."""

    line_id: int
    holder_id: int
    advanced_to: date
