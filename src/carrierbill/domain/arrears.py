"""Arrears: all of a holder's bills on a day, which of them are late, and what bears on them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.bill import Bill
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.lateness import Lateness, effective_due_on, is_time_barred, lateness_on
from carrierbill.domain.policy import RuleSet


@dataclass(frozen=True, slots=True)
class Claim:
    """A bill as it was issued, and as the rules see it."""

    issued: IssuedBill
    bill: Bill

    def is_late_on(self, day: date, rules: RuleSet) -> bool:
        """Whether it is owed after its effective due date, at the end of the day."""
        return self.bill.unpaid_won_on(day) > 0 and day > effective_due_on(self.bill, rules)

    def paid_late_on(self, day: date, rules: RuleSet) -> date | None:
        """The day up to `day` on which it was settled after its effective due date, or None."""
        settled_on = self.bill.settled_on()
        if settled_on is None or not effective_due_on(self.bill, rules) < settled_on <= day:
            return None
        return settled_on


@dataclass(frozen=True, slots=True)
class Relieved:
    """What reliefs change: bills in `spared` get nothing new, `served` says that service has returned.

    `reviewed_on` is the day of the last review that was granted.
    """

    spared: frozenset[int] = frozenset()
    served: bool = False
    reviewed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Arrears:
    """What the effects on a holder's lines are worked out from, at the end of a day; see `arrears_on`.

    `claims` are the holder's bills on all lines, `late` those of them that are late, `counted_won` the unpaid
    principal of these at each carrier, time-barred ones not counted. `delivered` has the day on which each
    announcement (bill, notice, stage) was delivered.
    """

    day: date
    rules: RuleSet
    claims: tuple[Claim, ...]
    late: tuple[Claim, ...]
    counted_won: Mapping[str, int]
    delivered: Mapping[tuple[int, str, str], date]
    relieved: Relieved

    def late_on(self, line_id: int) -> tuple[Claim, ...]:
        """The late bills of one line."""
        return tuple(claim for claim in self.late if claim.issued.line_id == line_id)

    def lateness_of(self, claim: Claim) -> Lateness:
        """The lateness of one of the late bills, beside all that counts with it."""
        counted_won = self.counted_won.get(claim.bill.carrier, 0)
        return lateness_on(claim.bill, self.day, self.rules, counted_won=counted_won)


def arrears_on(
    day: date,
    rules: RuleSet,
    claims: Iterable[Claim],
    *,
    delivered: Mapping[tuple[int, str, str], date],
    relieved: Relieved = Relieved(),
) -> Arrears:
    """How a holder stands at the end of the day."""
    kept = tuple(claims)
    late = tuple(claim for claim in kept if claim.is_late_on(day, rules))
    counted_won: dict[str, int] = {}
    for claim in late:
        if not is_time_barred(claim.bill, day, rules):
            carrier = claim.bill.carrier
            counted_won[carrier] = counted_won.get(carrier, 0) + claim.bill.unpaid_won_on(day)
    return Arrears(day, rules, kept, late, counted_won, delivered, relieved)
