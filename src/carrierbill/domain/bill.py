"""Bill: what a line owes for one month of purchases, due on one day, and what was repaid of it."""

from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.money import LEAST_WON, MOST_WON
from carrierbill.domain.saying import Saying


@dataclass(frozen=True, slots=True)
class Repayment:
    """Money received from a line: the day and the won."""

    received_on: date
    won: int


@dataclass(frozen=True, slots=True)
class Bill:
    """One phone-billed amount: carrier, principal in won, nominal due date, repayments by rising day.

    Raises BadInputError for an amount outside 1 … 10^12 won.
    """

    carrier: str
    principal_won: int
    due_on: date
    repayments: tuple[Repayment, ...] = ()
    welfare: bool = False

    def __post_init__(self) -> None:
        """Check the amounts and put the repayments in order of their days."""
        check_won("principal", self.principal_won)
        for repayment in self.repayments:
            check_won("repaid", repayment.won)
        by_day = tuple(sorted(self.repayments, key=lambda repayment: repayment.received_on))
        object.__setattr__(self, "repayments", by_day)

    def repaid_won_by(self, day: date) -> int:
        """All that was received up to the day and on it."""
        return sum(repayment.won for repayment in self.repayments if repayment.received_on <= day)

    def unpaid_won_on(self, day: date) -> int:
        """The principal still owed at the end of the day."""
        return max(0, self.principal_won - self.repaid_won_by(day))

    def settled_on(self) -> date | None:
        """The day its repayments together reached its principal, or None."""
        left_won = self.principal_won
        for repayment in self.repayments:
            left_won -= repayment.won
            if left_won <= 0:
                return repayment.received_on
        return None

    def before(self, day: date) -> "Bill":
        """The same bill with only what was received before the day."""
        earlier = tuple(repayment for repayment in self.repayments if repayment.received_on < day)
        return replace(self, repayments=earlier)


def check_won(field: str, won: int) -> None:
    """Raise BadInputError unless 1 ≤ won ≤ 10^12."""
    if not LEAST_WON <= won <= MOST_WON:
        raise BadInputError(field, Saying("bad_input.won", {"least_won": LEAST_WON, "most_won": MOST_WON}))
