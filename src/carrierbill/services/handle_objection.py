"""Handle objection: a disputed charge withholds the seller's money until it is answered, for or against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.dates import days_later, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.notice import Notice, Told, notice_of
from carrierbill.domain.objection import Objection, ObjectionState
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import line_of, lock_purchases
from carrierbill.services.owing import give_back, load_for_refunds
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class FileObjection:
    """A holder's objection to a charge on a line, in their words."""

    line_id: int
    purchase_id: int
    reason: str
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Filed:
    """An objection on file: until when it is to be answered, and what is withheld of the seller."""

    objection_id: int
    answer_due_on: date
    withheld_won: int


@dataclass(frozen=True, slots=True)
class AnswerObjection:
    """The answer to an objection, and why: upheld, the charge is refunded; else the seller gets the money."""

    objection_id: int
    upheld: bool
    why: str
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Answered:
    """An answered objection; `refund_id` where it gave something back."""

    objection_id: int
    state: str
    refund_id: int | None


def file_objection(commands: Sequence[FileObjection], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Filed or Refused, or a BadInputError for a purchase that is not the line's."""
    purchases = lock_purchases((command.purchase_id for command in commands), unit)
    unit.load(Objection, purchase_id={purchase.id for purchase in purchases})

    def decide(command: FileObjection) -> Filed | Refused:
        purchase = unit.get(Purchase, command.purchase_id)
        if purchase is None or purchase.line_id != command.line_id:
            raise BadInputError(
                "purchase", Saying("bad_input.no_purchase", {"purchase_id": str(command.purchase_id)})
            )
        return _against_filing(purchase, unit) or _filed(command, purchase, unit, rules=rules)

    return decide_each(commands, unit, decide)


def _against_filing(purchase: Purchase, unit: Unit) -> Refused | None:
    if purchase.state != PurchaseState.CONFIRMED:
        return Refused("purchase.state", Saying("refusal.objection_not_charged"))
    if not purchase.left_won:
        return Refused("objection.nothing_left", Saying("refusal.objection_nothing_left"))
    for objection in unit.of_holder(Objection, purchase.holder_id):
        if objection.purchase_id == purchase.id and objection.state == ObjectionState.OPEN:
            told = Saying("refusal.objection_open", {"answer_due_on": objection.answer_due_on})
            return Refused("objection.open", told)
    return None


def _filed(command: FileObjection, purchase: Purchase, unit: Unit, *, rules: RuleSet) -> Filed:
    today = seoul_day(unit.now)
    days = rules.in_force("objections", rules.objections["answer"], today).content.days
    is_settled = purchase.settlement_id is not None
    objection = Objection(
        id=unit.new_id(Objection),
        purchase_id=purchase.id,
        line_id=purchase.line_id,
        holder_id=purchase.holder_id,
        merchant_id=purchase.merchant_id,
        filed_on=today,
        answer_due_on=days_later(today, days),
        # What the seller was paid already cannot be withheld; upheld, it comes off the next settlement.
        withheld_won=0 if is_settled else purchase.left_won,
        reason=command.reason,
    )
    unit.add(objection)
    if not is_settled:
        unit.book(objection.withholding(unit.now))
    told: dict[str, int | str] = {"answer_due_on": objection.answer_due_on.isoformat()}
    key = "notice.objection_filed_settled" if is_settled else "notice.objection_filed"
    _tell(objection, key, told, unit=unit)
    return Filed(objection.id, objection.answer_due_on, objection.withheld_won)


def answer_objection(commands: Sequence[AnswerObjection], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Answered or Refused, or a BadInputError for an objection that is not there."""
    found = unit.peek(Objection, id={command.objection_id for command in commands})
    load_for_refunds(lock_purchases((objection.purchase_id for objection in found), unit), unit)
    unit.load(Objection, id={objection.id for objection in found})

    def decide(command: AnswerObjection) -> Answered | Refused:
        objection = unit.get(Objection, command.objection_id)
        if objection is None:
            raise BadInputError(
                "objection", Saying("bad_input.no_objection", {"objection_id": str(command.objection_id)})
            )
        if objection.state != ObjectionState.OPEN:
            return Refused("objection.answered", Saying("refusal.objection_answered"))
        return _answered(command, objection, unit, rules=rules)

    return decide_each(commands, unit, decide)


def _answered(command: AnswerObjection, objection: Objection, unit: Unit, *, rules: RuleSet) -> Answered:
    state = ObjectionState.UPHELD if command.upheld else ObjectionState.REJECTED
    unit.put(replace(objection, state=state, answered_on=seoul_day(unit.now), answer=command.why))
    if objection.withheld_won:
        withheld = objection.withholding(unit.now)
        unit.book(withheld.reversal(f"release/{objection.id}", f"objection_{state}", unit.now))
    purchase = unit.get(Purchase, objection.purchase_id)
    if purchase is None:
        raise LookupError(objection.purchase_id)
    refund = None
    if command.upheld and purchase.left_won:
        refund = give_back(purchase, purchase.left_won, "objection", unit=unit, rules=rules)
    given_won = refund.won if refund else 0
    key = "notice.objection_upheld" if command.upheld else "notice.objection_rejected"
    _tell(objection, key, {"given_back_won": given_won, "why": command.why}, unit=unit)
    return Answered(objection.id, state, refund.id if refund else None)


def _tell(objection: Objection, key: str, details: dict[str, int | str], *, unit: Unit) -> None:
    told = Told(
        what="objection",
        key=key,
        details={"purchase": str(objection.purchase_id), **details},
        purchase_id=objection.purchase_id,
    )
    unit.add(notice_of(told, unit.new_id(Notice), line_of(objection.line_id, unit), at=unit.now))
