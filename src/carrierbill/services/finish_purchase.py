"""Finish purchase: what was accepted to be done a little later is done: charged, held, or given up."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.domain.request import Happening, PurchaseRequest, Step
from carrierbill.domain.saying import Saying
from carrierbill.services.asking import tell_client
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.holding import charge, is_blocked, lock_purchases, minutes_held, release
from carrierbill.services.ports import Once, Unit, UpTo


@dataclass(frozen=True, slots=True)
class Finish:
    """A purchase of which a step may be due."""

    purchase_id: int
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Finished:
    """The state a purchase is in after its step, or as it was where nothing was due."""

    purchase_id: int
    state: str


def steps_due(unit: Unit, most: int) -> list[Finish]:
    """Up to `most` purchases with a step that is due, as commands."""
    found = unit.peek(PurchaseRequest, due_at=UpTo(unit.now), most=most)
    return [Finish(request.purchase_id) for request in found]


def finish_purchase(commands: Sequence[Finish], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Finished; of two who finish the same step, the first to get the holder's lock does."""
    lock_purchases((command.purchase_id for command in commands), unit)

    def decide(command: Finish) -> Finished:
        purchase = unit.get(Purchase, command.purchase_id)
        request = unit.get(PurchaseRequest, command.purchase_id)
        if purchase is None or request is None:
            raise LookupError(command.purchase_id)
        is_due = request.step is not None and request.due_at is not None and request.due_at <= unit.now
        if is_due and request.step is not None:
            unit.put(request.later(None, None))
            if purchase.state == PurchaseState.PROCESSING:
                purchase = _done(purchase, request.step, unit, rules=rules)
        return Finished(purchase.id, purchase.state)

    return decide_each(commands, unit, decide)


def _done(purchase: Purchase, step: Step, unit: Unit, *, rules: RuleSet) -> Purchase:
    if step == Step.CANCEL:
        return release(purchase, PurchaseState.CANCELLED, unit)
    if step == Step.HOLD:
        held = purchase.held(unit.now, minutes_held(unit, rules))
        unit.put(held)
        tell_client(held, Happening.RESERVED, unit)
        return held
    if is_blocked(purchase, unit):
        return release(purchase, PurchaseState.DENIED, unit, told=Saying("refusal.confirm_late"))
    charged = charge(purchase, unit)
    unit.put(charged)
    return charged
