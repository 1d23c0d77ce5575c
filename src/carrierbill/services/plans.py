"""Plans: what reliefs that run do to a holder's bills on a day, and whether they are kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from carrierbill.domain.arrangement import (
    PLANS,
    Arrangement,
    ArrangementKind,
    ArrangementState,
    is_broken_on,
    is_served_on,
    spares_on,
)
from carrierbill.domain.arrears import Relieved
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.dates import days_later
from carrierbill.domain.debt_notice import part_due_told, plan_told
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Told
from carrierbill.domain.policy import ReliefRule, RuleSet
from carrierbill.services.owing import owed_on, rules_bill
from carrierbill.services.ports import Audit, Unit

HOUSE = "carrierbill"


def rule_of(arrangement: Arrangement, rules: RuleSet) -> ReliefRule:
    """The rule of a relief on the day it was asked for; a review has none."""
    values = rules.relief[str(arrangement.kind)]
    return rules.in_force("relief", values, arrangement.asked_on).content


def relieved_on(holder_id: int, day: date, unit: Unit, *, rules: RuleSet) -> Relieved:
    """What the holder's loaded reliefs change on the day."""
    arrangements = unit.of_holder(Arrangement, holder_id)
    if not arrangements:
        return Relieved()
    spared: set[int] = set()
    served = False
    for plan in arrangements:
        if plan.kind in PLANS and spares_on(plan, day, rule_of(plan, rules)):
            spared |= {bill.id for bill in covered_by(plan, unit)}
            repaid_won = _repaid_won(plan, day, unit)
            served = served or is_served_on(plan, repaid_won, day, rule=rule_of(plan, rules))
    reviewed = [
        each.decided_on
        for each in arrangements
        if each.kind == ArrangementKind.LONG_TERM_REVIEW
        and each.state == ArrangementState.GRANTED
        and each.decided_on is not None
        and each.decided_on <= day
    ]
    return Relieved(frozenset(spared), served, max(reviewed, default=None))


def covered_by(plan: Arrangement, unit: Unit) -> list[IssuedBill]:
    """The loaded bills a plan is about."""
    return [bill for bill in unit.of_holder(IssuedBill, plan.holder_id) if plan.covers(bill)]


def _repaid_won(plan: Arrangement, day: date, unit: Unit) -> int:
    covered = {bill.id for bill in covered_by(plan, unit)}
    allocations = unit.of_holder(Allocation, plan.holder_id)
    return plan.repaid_won((each for each in allocations if each.bill_id in covered), day)


def follow_plans(line: Line, day: date, unit: Unit, *, rules: RuleSet) -> Iterator[Told]:
    """End the line's plans that are kept to the end or broken; what is to be told of that and of parts."""
    for plan in unit.of_holder(Arrangement, line.holder_id):
        if plan.line_id != line.id or not _is_running(plan, day):
            continue
        repaid_won = _repaid_won(plan, day, unit)
        if _is_kept(plan, repaid_won, day, unit=unit):
            yield _ended(plan, ArrangementState.KEPT, day, unit=unit)
        elif is_broken_on(plan, repaid_won, day, rule=rule_of(plan, rules)):
            yield _ended(plan, ArrangementState.BROKEN, day, unit=unit)
        elif plan.kind == ArrangementKind.INSTALMENT:
            yield from _coming_part(plan, repaid_won, day, rules=rules)


def _is_running(plan: Arrangement, day: date) -> bool:
    """Whether parts are due: a plan that is granted, or a debt adjustment from its record on."""
    if plan.kind not in PLANS or plan.first_due_on is None or day < plan.asked_on:
        return False
    is_asked = plan.state == ArrangementState.ASKED and plan.kind == ArrangementKind.DEBT_ADJUSTMENT
    return is_asked or plan.state == ArrangementState.GRANTED


def _is_kept(plan: Arrangement, repaid_won: int, day: date, *, unit: Unit) -> bool:
    if plan.months and plan.parts_paid(repaid_won) == plan.months:
        return True
    bills = covered_by(plan, unit)
    return bool(bills) and all(
        rules_bill(bill, unit).unpaid_won_on(day) == 0 and owed_on(bill, unit).fee_open_won == 0
        for bill in bills
    )


def _ended(plan: Arrangement, state: ArrangementState, day: date, *, unit: Unit) -> Told:
    after = replace(plan, state=state, ended_on=day)
    unit.put(after)
    details = {"arrangement": plan.id, "kind": str(plan.kind)}
    unit.audit(Audit(HOUSE, f"relief {state}", unit.now, plan.line_id, details=details))
    return plan_told(after, str(state))


def _coming_part(plan: Arrangement, repaid_won: int, day: date, *, rules: RuleSet) -> Iterator[Told]:
    """The part due so many days ahead as the last reminder of a bill is, unless it is paid already."""
    reminders = rules.in_force("reminders", rules.reminders["before_due"], day).content
    ahead = days_later(day, min(reminders.days_before, default=1))
    for nth in range(1, plan.months + 1):
        if plan.due_on(nth) == ahead and plan.parts_paid(repaid_won) < nth:
            yield part_due_told(plan, ahead)
