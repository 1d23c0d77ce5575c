"""Summary: what a demo holds, counted from its books, and three lines worth a look."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from carrierbill.demo.scene import Scene
from carrierbill.domain.arrangement import Arrangement
from carrierbill.domain.billing import Allocation, IssuedBill, MoneyReceived
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.notice import BureauReport
from carrierbill.domain.objection import Objection
from carrierbill.domain.purchase import Merchant, Purchase, Refund
from carrierbill.domain.saying import Saying
from carrierbill.domain.settlement import Settlement
from carrierbill.storage.facts import StoredFacts
from carrierbill.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Example:
    """A line worth a look: its number and what there is to see."""

    number: str
    told: Saying


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by kind and state, each account's balance in won, lines by stage, and examples."""

    first_on: date
    until: date
    seed: int
    counts: Mapping[str, Mapping[str, int]]
    balances: Mapping[str, int]
    stages: Mapping[str, int]
    examples: Sequence[Example]


def summary_of(scene: Scene) -> Summary:
    """Count what came of a year."""
    database = scene.play.database
    with database.unit() as unit:
        counts = _counts(unit, scene)
        stages = _stages(unit)
        examples = _examples(unit, scene)
    with database.session() as session:
        balances = StoredFacts(session, ()).trial_balance()
    return Summary(scene.first_month, scene.until, scene.seed, counts, balances, stages, examples)


def _counts(unit: UnitOfWork, scene: Scene) -> dict[str, dict[str, int]]:
    bills = unit.peek(IssuedBill)
    late = {effect.bill_id for effect in unit.peek(LineEffect, ended_on=None)}
    told: dict[str, list[str]] = {
        "lines": [line.carrier for line in unit.peek(Line)],
        "merchants": [merchant.category for merchant in unit.peek(Merchant)],
        "purchases": [purchase.state for purchase in unit.peek(Purchase)],
        "declined": [reason for reason, times in scene.play.declined.items() for _ in range(times)],
        "bills": [_state(bill, late) for bill in bills],
        "repayments": ["received" for _ in unit.peek(MoneyReceived)],
        "refunds": [_way(refund) for refund in unit.peek(Refund)],
        "objections": [objection.state for objection in unit.peek(Objection)],
        "arrangements": [each.state for each in unit.peek(Arrangement)],
        "reports": [_standing(report) for report in unit.peek(BureauReport)],
        "settlements": ["made" for _ in unit.peek(Settlement)],
    }
    return {name: _by_name(states) for name, states in told.items()}


def _by_name(states: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(str(state) for state in states).items()))


def _state(bill: IssuedBill, late: set[int]) -> str:
    if bill.settled_on is not None:
        return "settled"
    return "late" if bill.id in late else "open"


def _way(refund: Refund) -> str:
    if refund.paid_back_won:
        return "paid_back"
    return "credited" if refund.credited_won else "cancelled"


def _standing(report: BureauReport) -> str:
    if report.withdrawn_on is not None:
        return "withdrawn"
    return "held" if report.reported_on is None else "reported"


def _stages(unit: UnitOfWork) -> dict[str, int]:
    """How many lines are at each stage that an effect in force was begun at, the worst of a line's."""
    worst: dict[int, str] = {}
    for effect in sorted(unit.peek(LineEffect, ended_on=None), key=lambda each: (each.began_on, each.id)):
        worst[effect.line_id] = effect.stage
    return dict(sorted(Counter(worst.values()).items()))


def _examples(unit: UnitOfWork, scene: Scene) -> list[Example]:
    """One line that is blocked, one that was reported and cured, one that got money back."""
    numbers = {member.story: member.number for member in scene.members}
    blocked, cured, back = (numbers[each] for each in ("blocked", "reported_and_cured", "refund_in_money"))
    (bill,) = unit.peek(IssuedBill, line_id=[scene.lines[blocked]], settled_on=None)
    counted = unit.peek(Allocation, bill_id=[bill.id])
    owed_won = bill.principal_won + bill.fee_booked_won - sum(each.won for each in counted)
    (line,) = unit.peek(Line, id=[scene.lines[cured]])
    report = unit.peek(BureauReport, holder_id=[line.holder_id])[0]
    days = {
        "reported_on": report.reported_on or report.held_on,
        "withdrawn_on": report.withdrawn_on or scene.until,
    }
    (repaid,) = unit.peek(Line, id=[scene.lines[back]])
    return [
        Example(blocked, Saying("demo.blocked", {"owed_won": owed_won, "due_on": bill.due_on})),
        Example(cured, Saying("demo.cured", days)),
        Example(back, Saying("demo.paid_back", {"back_won": repaid.paid_back_won})),
    ]
