"""Arrangement: a waiver, an instalment plan or a debt adjustment, and what it holds off while it is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.dates import days_later, month_later, month_of
from carrierbill.domain.policy import ReliefRule


class ArrangementKind(StrEnum):
    """The reliefs that are recorded."""

    WAIVER = "waiver"
    INSTALMENT = "carrier_instalment"
    DEBT_ADJUSTMENT = "debt_adjustment"
    LONG_TERM_REVIEW = "long_term_review"


class ArrangementState(StrEnum):
    """Where an arrangement stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A relief asked for by a line or its holder.

    Plans have `months` parts of `part_won`, the first due on `first_due_on`; `bill_id` None covers all bills
    of the holder. `ended_on` is the day it was kept to the end, refused or broken.
    """

    id: int
    line_id: int
    holder_id: int
    kind: ArrangementKind
    state: ArrangementState
    asked_on: date
    bill_id: int | None = None
    decided_on: date | None = None
    waived_won: int = 0
    months: int = 0
    part_won: int = 0
    first_due_on: date | None = None
    ended_on: date | None = None

    def covers(self, bill: IssuedBill) -> bool:
        """Whether it is about the bill: the one it names, or any of the months before it was asked for."""
        if self.bill_id is not None:
            return bill.id == self.bill_id
        return bill.holder_id == self.holder_id and bill.month < month_of(self.asked_on)

    def due_on(self, nth: int) -> date | None:
        """The day the n-th part is due; None while no plan is set."""
        return month_later(self.first_due_on, nth - 1) if self.first_due_on is not None else None

    def parts_due_before(self, day: date) -> int:
        """How many parts were due before the day."""
        if self.first_due_on is None:
            return 0
        return sum(month_later(self.first_due_on, nth) < day for nth in range(self.months))

    def parts_paid(self, repaid_won: int) -> int:
        """How many whole parts an amount comes to.

        >>> from dataclasses import replace
        >>> kind, state = ArrangementKind.INSTALMENT, ArrangementState.GRANTED
        >>> plan = Arrangement(1, 1, 1, kind, state, date(2026, 1, 5))
        >>> replace(plan, months=3, part_won=20_000).parts_paid(50_000)
        2
        """
        return min(self.months, repaid_won // self.part_won) if self.part_won else 0

    def repaid_won(self, allocations: Iterable[Allocation], day: date) -> int:
        """What of the allocations to the bills it covers was repaid since it was asked for, up to the day."""
        return sum(each.won for each in allocations if self.asked_on <= each.received_on <= day)


# The reliefs that are a plan of parts, and hold off what is adverse while they are kept.
PLANS = (ArrangementKind.INSTALMENT, ArrangementKind.DEBT_ADJUSTMENT)


def spares_on(arrangement: Arrangement, day: date, rule: ReliefRule) -> bool:
    """Whether on the day it keeps contact and anything new and adverse from the bills it covers.

    A debt adjustment does so from its rule's days after it was asked for on, an instalment plan once granted.
    """
    if arrangement.kind not in PLANS or arrangement.state == ArrangementState.REFUSED:
        return False
    if arrangement.kind == ArrangementKind.DEBT_ADJUSTMENT:
        if rule.stops_contact_days is None:
            return False
        from_on = days_later(arrangement.asked_on, rule.stops_contact_days)
    elif arrangement.decided_on is None:
        return False
    else:
        from_on = arrangement.decided_on
    broken_on = arrangement.ended_on if arrangement.state == ArrangementState.BROKEN else None
    return from_on <= day and (broken_on is None or day < broken_on)


def is_broken_on(arrangement: Arrangement, repaid_won: int, day: date, *, rule: ReliefRule) -> bool:
    """Whether a plan is broken: a part not paid in time; of a debt adjustment, as many as its rule says."""
    missed = arrangement.parts_due_before(day) - arrangement.parts_paid(repaid_won)
    if arrangement.kind == ArrangementKind.DEBT_ADJUSTMENT:
        return rule.missed_void is not None and missed >= rule.missed_void
    return missed > 0


def is_served_on(arrangement: Arrangement, repaid_won: int, day: date, *, rule: ReliefRule) -> bool:
    """Whether service may return on the day: enough parts of a debt adjustment are paid."""
    return (
        arrangement.kind == ArrangementKind.DEBT_ADJUSTMENT
        and spares_on(arrangement, day, rule)
        and rule.paid_return is not None
        and arrangement.parts_paid(repaid_won) >= rule.paid_return
    )
