"""Grant relief: waivers, instalment plans, debt adjustments and reviews: asked for, decided, and told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.arrangement import PLANS, Arrangement, ArrangementKind, ArrangementState
from carrierbill.domain.bill import check_won
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import seoul_day
from carrierbill.domain.debt_notice import plan_told
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.line import Line
from carrierbill.domain.notice import Notice, NoticeState
from carrierbill.domain.policy import ReliefRule, RuleSet
from carrierbill.domain.relief import is_open_for
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.owing import book_fee, load_bills, owed_on, rules_bill
from carrierbill.services.plans import covered_by, rule_of
from carrierbill.services.ports import Audit, Once, Unit
from carrierbill.services.telling import load_contacts, tell, withdraw

MOST_MONTHS = 120
# What is asked for about one bill.
OF_A_BILL = (ArrangementKind.WAIVER, ArrangementKind.INSTALMENT)


@dataclass(frozen=True, slots=True)
class AskRelief:
    """A relief a line asks for; a plan has `months` parts of `part_won` (0: worked out), the first on a day.

    A debt adjustment without a bill covers all the holder owes.
    """

    line_id: int
    kind: ArrangementKind
    bill_id: int | None = None
    months: int = 0
    first_due_on: date | None = None
    part_won: int = 0
    actor: str = "holder"
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Asked:
    """A relief that is on record and waits for its decision."""

    arrangement_id: int


@dataclass(frozen=True, slots=True)
class DecideRelief:
    """The decision on a relief: who made it, and why."""

    arrangement_id: int
    granted: bool
    actor: str
    why: str
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Decided:
    """A decided relief, and what of the late fee was waived by it."""

    arrangement_id: int
    state: str
    waived_won: int


def ask_relief(commands: Sequence[AskRelief], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Asked, Refused where the rules do not open the relief, or a BadInputError.

    A debt adjustment is recorded as it is; debt contacts still queued are withdrawn at once.
    """
    line_ids = {command.line_id for command in commands}
    _load({line.holder_id for line in unit.peek(Line, id=line_ids)}, unit, rules)

    def decide(command: AskRelief) -> Asked | Refused:
        line = unit.get(Line, command.line_id)
        if line is None:
            raise BadInputError("line", Saying("bad_input.no_line", {"line_id": command.line_id}))
        plan = Arrangement(
            id=0,
            line_id=line.id,
            holder_id=line.holder_id,
            kind=command.kind,
            state=ArrangementState.ASKED,
            asked_on=seoul_day(unit.now),
            bill_id=command.bill_id,
            months=command.months,
            part_won=command.part_won,
            first_due_on=command.first_due_on,
        )
        refused = _against(plan, unit, rules)
        return refused or _asked(_with_parts(plan, unit, rules), command.actor, unit, rules=rules)

    return decide_each(commands, unit, decide)


def _load(holder_ids: set[int], unit: Unit, rules: RuleSet) -> None:
    """Lock holders; load their lines, bills, reliefs, and what was told of their debts."""
    unit.lock(holder_ids)
    lines = unit.load(Line, holder_id=holder_ids)
    load_bills(unit, holder_ids, closed=True)
    unit.load(Arrangement, holder_id=holder_ids)
    load_contacts(unit, {line.id for line in lines}, rules)


def _bill_of(plan: Arrangement, unit: Unit) -> IssuedBill:
    bill = unit.get(IssuedBill, plan.bill_id)
    if bill is None or bill.line_id != plan.line_id:
        raise BadInputError("bill", Saying("bad_input.no_bill", {"bill_id": str(plan.bill_id)}))
    return bill


def _against(plan: Arrangement, unit: Unit, rules: RuleSet) -> Refused | None:
    """The rule against a relief, or None; BadInputError for terms that cannot be."""
    if plan.bill_id is not None or plan.kind in OF_A_BILL:
        bill = _bill_of(plan, unit)
    if plan.kind == ArrangementKind.LONG_TERM_REVIEW:
        return None
    rule = rule_of(plan, rules)
    if plan.kind in OF_A_BILL and not _is_open(bill, rule, plan.asked_on, unit=unit, rules=rules):
        return _refused(plan, "closed")
    if plan.kind in PLANS:
        _check_terms(plan)
        if rule.most_months is not None and plan.months > rule.most_months:
            return _refused(plan, "months", most_months=rule.most_months)
        if _runs_already(plan, unit):
            return _refused(plan, "running")
    return None


def _is_open(bill: IssuedBill, rule: ReliefRule, day: date, *, unit: Unit, rules: RuleSet) -> bool:
    facts = rules_bill(bill, unit)
    days_late = (day - effective_due_on(facts, rules)).days if facts.unpaid_won_on(day) else 0
    return is_open_for(_owed_won(bill, day, unit, rules=rules), max(0, days_late), rule)


def _owed_won(bill: IssuedBill, day: date, unit: Unit, *, rules: RuleSet) -> int:
    """Principal still open, and the fee stated on the day that is neither waived nor repaid."""
    owed = owed_on(bill, unit)
    fee_won = late_fee_on(rules_bill(bill, unit), day, rules).fee.charged
    open_fee_won = fee_won - bill.fee_waived_won - owed.fee_repaid_won
    return max(0, bill.principal_won - owed.counted_won) + max(0, open_fee_won)


def _check_terms(plan: Arrangement) -> None:
    if plan.kind == ArrangementKind.INSTALMENT or plan.months:
        if not 1 <= plan.months <= MOST_MONTHS:
            raise BadInputError("months", Saying("bad_input.months", {"most": MOST_MONTHS}))
        if plan.first_due_on is None or plan.first_due_on <= plan.asked_on:
            raise BadInputError("first_due_on", Saying("bad_input.first_due", {"today": plan.asked_on}))
    if plan.part_won:
        check_won("part", plan.part_won)


def _runs_already(plan: Arrangement, unit: Unit) -> bool:
    return any(
        other.kind == plan.kind
        and other.bill_id == plan.bill_id
        and other.state in {ArrangementState.ASKED, ArrangementState.GRANTED}
        for other in unit.of_holder(Arrangement, plan.holder_id)
    )


def _refused(plan: Arrangement, why: str, **values: int) -> Refused:
    return Refused(f"relief.{plan.kind}", Saying(f"refusal.relief_{why}", values))


def _with_parts(plan: Arrangement, unit: Unit, rules: RuleSet) -> Arrangement:
    """An instalment plan whose parts come to all that is owed, the last perhaps to less than the others."""
    if plan.kind != ArrangementKind.INSTALMENT:
        return plan
    owed_won = _owed_won(_bill_of(plan, unit), plan.asked_on, unit, rules=rules)
    least_won = -(-owed_won // plan.months)
    if plan.part_won and plan.part_won < least_won:
        raise BadInputError("part", Saying("bad_input.part", {"least_won": least_won}))
    return replace(plan, part_won=plan.part_won or least_won)


def _asked(plan: Arrangement, actor: str, unit: Unit, *, rules: RuleSet) -> Asked:
    plan = replace(plan, id=unit.new_id(Arrangement))
    unit.add(plan)
    details = {"arrangement": plan.id, "kind": str(plan.kind)}
    unit.audit(Audit(actor, "relief asked for", unit.now, plan.line_id, details=details))
    if plan.kind == ArrangementKind.DEBT_ADJUSTMENT:
        _stop_contact(plan, unit)
        _tell(plan, "asked", unit, rules=rules)
    return Asked(plan.id)


def _stop_contact(plan: Arrangement, unit: Unit) -> None:
    """Withdraw what is queued about the debts it covers; what is out is out."""
    covered = {bill.id for bill in covered_by(plan, unit)}
    queued = unit.load(Notice, bill_id=covered, state=[NoticeState.QUEUED])
    withdraw([notice for notice in queued if notice.debt_contact], unit)


def _tell(plan: Arrangement, what: str, unit: Unit, *, rules: RuleSet) -> None:
    line = unit.get(Line, plan.line_id)
    if line is not None:
        tell(plan_told(plan, what), line, unit, rules=rules)


# ── the decision ─────────────────────────────────────────────────────────────────────────────────────────
def decide_relief(commands: Sequence[DecideRelief], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Decided, Refused where it was decided before, or a BadInputError.

    A waiver waives the fee stated today that is not repaid.
    """
    ids = {command.arrangement_id for command in commands}
    _load({plan.holder_id for plan in unit.peek(Arrangement, id=ids)}, unit, rules)

    def decide(command: DecideRelief) -> Decided | Refused:
        plan = unit.get(Arrangement, command.arrangement_id)
        if plan is None:
            asked = {"arrangement_id": command.arrangement_id}
            raise BadInputError("arrangement", Saying("bad_input.no_arrangement", asked))
        if plan.state != ArrangementState.ASKED:
            return _refused(plan, "decided")
        after = _decided(plan, command, unit, rules=rules)
        unit.put(after)
        details = {"arrangement": plan.id, "kind": str(plan.kind), "waived_won": after.waived_won}
        action = f"relief {after.state}"
        unit.audit(Audit(command.actor, action, unit.now, plan.line_id, command.why, details))
        _tell(after, str(after.state), unit, rules=rules)
        return Decided(after.id, after.state, after.waived_won)

    return decide_each(commands, unit, decide)


def _decided(plan: Arrangement, command: DecideRelief, unit: Unit, *, rules: RuleSet) -> Arrangement:
    today = seoul_day(unit.now)
    if not command.granted:
        return replace(plan, state=ArrangementState.REFUSED, decided_on=today, ended_on=today)
    after = replace(plan, state=ArrangementState.GRANTED, decided_on=today)
    if plan.kind != ArrangementKind.WAIVER:
        return after
    return replace(after, waived_won=_waive(plan, unit, rules), ended_on=today)


def _waive(plan: Arrangement, unit: Unit, rules: RuleSet) -> int:
    """Waive the bill's fee as stated today, less what was repaid or waived of it; how much that is."""
    bill = book_fee(_bill_of(plan, unit), seoul_day(unit.now), unit, rules=rules)
    open_won = owed_on(bill, unit).fee_open_won
    if open_won <= 0:
        return 0
    waived = Posting(
        LedgerAccount.FEE_WAIVED, LedgerAccount.LATE_FEE_CLAIMS, open_won, bill.line_id, bill_id=bill.id
    )
    unit.book(Entry(f"waive/{plan.id}", "waiver", unit.now, (waived,), line_id=bill.line_id))
    unit.put(replace(bill, fee_waived_won=bill.fee_waived_won + open_won))
    return open_won
