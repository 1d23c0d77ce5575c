"""Scene: what the people of a year can do, turn by turn, and the play of all turns in order of time."""

import heapq
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from carrierbill.demo.cast import CLIENTS, Firm, Member, Sold, dice
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.dates import SEOUL, days_later, month_later, on_day_of_month
from carrierbill.domain.limits import Declined, Reason
from carrierbill.domain.line import Line
from carrierbill.domain.notice import BureauReport
from carrierbill.domain.policy import RuleSet
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.close_month import Closed
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.decide import Refused
from carrierbill.services.holding import Authorised
from carrierbill.services.lapse_holds import Lapse, lapse_holds
from carrierbill.services.receive_repayment import Repay, receive_repayment
from carrierbill.services.refund_purchase import RefundPurchase, refund_purchase
from carrierbill.storage.database import Database, Service

# So many commands share a transaction.
MOST = 1_000
# The day of the next month on which a month is closed, and when people can know their bill.
CLOSING_DAY = 2
SOON = timedelta(minutes=3)
OVER = timedelta(minutes=11)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is done at an instant: a command to a service, a `job` of the house, or nothing but waiting."""

    at: datetime
    service: Service[Any] | None = None
    command: object = None
    job: Callable[[], object] | None = None


# A story yields its turns; what came of each is sent back into it. A part of one comes out with something.
Story = Generator[Turn, Any, None]
Part = Generator[Turn, Any, Any]


class MisplayedError(RuntimeError):
    """A story asked for what cannot be, or the books failed."""


class Play:
    """The books and a clock that is moved from turn to turn."""

    def __init__(self, database: Database, rules: RuleSet, start: datetime) -> None:
        """Take the database's clock in hand."""
        self.database, self.rules, self.now = database, rules, start
        database.clock = lambda: self.now
        self.declined: dict[Reason, int] = {}
        self.refused: list[Refused] = []
        self._waiting: list[tuple[datetime, int, Turn, Story]] = []
        self._order = count()

    def decide(self, service: Service[Any], commands: Iterable[Any]) -> list[Any]:
        """The outcomes of commands at this moment, up to MOST of them in a transaction."""
        outcomes: list[Any] = []
        for part in parts_of(commands):
            outcomes += self.database.decide(service, part, self.rules)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise MisplayedError(service, outcome) from outcome
            if isinstance(outcome, Refused):
                self.refused.append(outcome)
            if isinstance(outcome, Declined):
                self.declined[outcome.reason] = self.declined.get(outcome.reason, 0) + 1
        return outcomes

    def tell(self, story: Story) -> None:
        """Take up a story; its first turn waits for its time."""
        self._wait(story, None)

    def until(self, end: datetime) -> None:
        """Play all turns up to an instant; what would come later is left untold."""
        while self._waiting and self._waiting[0][0] <= end:
            self.now = self._waiting[0][0]
            due: list[tuple[Turn, Story]] = []
            while self._waiting and self._waiting[0][0] == self.now:
                _, _, turn, story = heapq.heappop(self._waiting)
                due.append((turn, story))
            self._play(due)

    def _play(self, due: Sequence[tuple[Turn, Story]]) -> None:
        """Those of one instant: commands to the same service share a transaction."""
        together: dict[object, list[tuple[Turn, Story]]] = {}
        for turn, story in due:
            together.setdefault(turn.service or story, []).append((turn, story))
        for group in together.values():
            first = group[0][0]
            if first.service is not None:
                outcomes = self.decide(first.service, [turn.command for turn, _ in group])
            else:
                outcomes = [turn.job() if turn.job else None for turn, _ in group]
            for (_, story), outcome in zip(group, outcomes, strict=True):
                self._wait(story, outcome)

    def _wait(self, story: Story, outcome: object) -> None:
        try:
            turn = story.send(outcome)
        except StopIteration:
            return
        # Nobody acts in the past: what should have been done is done now.
        heapq.heappush(self._waiting, (max(turn.at, self.now), next(self._order), turn, story))


def parts_of(commands: Iterable[Any], most: int = MOST) -> Iterator[list[Any]]:
    """Lists of up to so many.

    >>> list(parts_of(range(5), 2))
    [[0, 1], [2, 3], [4]]
    """
    part: list[Any] = []
    for command in commands:
        part.append(command)
        if len(part) == most:
            yield part
            part = []
    if part:
        yield part


@dataclass(slots=True)
class Scene:
    """The year: its months, its bills as they are closed, who sells what, and how notices go out."""

    play: Play
    tell: Callable[[], None]
    seed: int
    first_month: date
    until: date
    firms: Sequence[Firm]
    sold: Mapping[str, Sold]
    bills: dict[tuple[int, date], Closed] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)

    def month(self, place: int) -> date:
        """The month at a place, the first being 0."""
        return month_later(self.first_month, place)


class Person:
    """A member on the scene, with a line."""

    def __init__(self, scene: Scene, member: Member) -> None:
        """Take the member's part; the line may be registered later."""
        self.scene, self.member = scene, member
        self.chance = dice(scene.seed, f"life/{member.number}")

    @property
    def line_id(self) -> int:
        """The line, once it is registered."""
        return self.scene.lines[self.member.number]

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.scene.play.now

    def when(self, month: int, day: int, hour: int = 11, *, minute: int = 0) -> datetime:
        """An instant of a month of the year."""
        return at(on_day_of_month(self.scene.month(month), day), hour, minute)

    def wish(self, won: int, category: str = "goods", *, one_step: bool = True) -> Authorise:
        """A purchase at one of the category's firms."""
        firm = self.chance.choice([firm for firm in self.scene.firms if firm.category == category])
        item = self.chance.choice(self.scene.sold[category].items)
        return Authorise(
            firm.client, self.member.number, won, firm.identifier, description=item, one_step=one_step
        )

    def price(self, category: str) -> int:
        """What a thing of the category costs."""
        sold = self.scene.sold[category]
        return 100 * self.chance.randint(sold.least, sold.most)

    def buy(self, when: datetime, won: int, category: str = "goods") -> Part:
        """Buy in one step: Authorised or Declined."""
        return (yield Turn(when, authorise_purchase, self.wish(won, category)))

    def hold(self, when: datetime, won: int, category: str = "goods") -> Part:
        """Begin to buy in two steps: the wish, and what came of it."""
        wish = self.wish(won, category, one_step=False)
        return wish, (yield Turn(when, authorise_purchase, wish))

    def confirm(self, when: datetime, wish: Authorise, held: Authorised) -> Part:
        """The second step, soon after the first."""
        return (yield Turn(when + SOON, confirm_purchase, Confirm(wish.client, held.purchase_id)))

    def cancel(self, when: datetime, wish: Authorise, held: Authorised) -> Part:
        """Think better of it, soon after the first step."""
        return (yield Turn(when + SOON, cancel_purchase, Cancel(wish.client, held.purchase_id)))

    def let_lapse(self, when: datetime, held: Authorised) -> Part:
        """Do nothing more, so that the hold runs out."""
        return (yield Turn(when + OVER, lapse_holds, Lapse(held.purchase_id)))

    def bill(self, month: int) -> Part:
        """Wait for the bill of a month: how it was closed."""
        yield Turn(self.when(month + 1, CLOSING_DAY))
        return self.scene.bills.get((self.line_id, self.scene.month(month)))

    def pay(self, when: datetime, won: int, bill_id: int | None = None) -> Part:
        """Repay so much; nothing at all is no repayment."""
        if won > 0:
            day = when.date()
            yield Turn(when, receive_repayment, Repay(self.line_id, won, day, bill_id))

    def pay_all(self, when: datetime) -> Part:
        """Repay whatever is owed by then, fees included."""
        yield Turn(when)
        yield from self.pay(when, self.owed_won)

    def refund(self, when: datetime, bought: Authorised, won: int, *, client: str = CLIENTS[0]) -> Part:
        """Give back so much of something that was bought, in a shop where nothing else is told."""
        return (yield Turn(when, refund_purchase, RefundPurchase(client, bought.purchase_id, won)))

    @property
    def is_reported(self) -> bool:
        """Whether a report on the line is held ready or out by now."""
        with self.scene.play.database.unit() as unit:
            holder_id = unit.peek(Line, id=[self.line_id])[0].holder_id
            return bool(unit.peek(BureauReport, holder_id=[holder_id], withdrawn_on=None))

    @property
    def owed_won(self) -> int:
        """What the line owes now on its bills, fees booked so far included."""
        with self.scene.play.database.unit() as unit:
            bills = unit.peek(IssuedBill, line_id=[self.line_id])
            counted = unit.peek(Allocation, line_id=[self.line_id])
        due_won = sum(bill.principal_won + bill.fee_booked_won - bill.fee_waived_won for bill in bills)
        return max(0, due_won - sum(allocation.won for allocation in counted))


def late(closed: Closed, days: int, hour: int = 14) -> datetime:
    """An instant so many days after a bill was due."""
    if closed.due_on is None:
        raise LookupError(closed)
    return at(days_later(closed.due_on, days), hour)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant of a day in Seoul."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SEOUL)
