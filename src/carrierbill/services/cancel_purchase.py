"""Cancel purchase: give up what is held before it is charged; the limit is free again."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.domain.request import PurchaseRequest, Step
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import end, lock_purchases, purchase_of, put_off, release
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class Cancel:
    """A purchase to be given up, `later_s` seconds later; `client` must be the one that authorised it."""

    client: str
    purchase_id: int
    later_s: float | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Cancelled:
    """A purchase that is given up."""

    purchase_id: int


def cancel_purchase(commands: Sequence[Cancel], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Cancelled or Refused, or a BadInputError for a purchase the client does not have."""
    del rules  # cancelling is always allowed while nothing is charged
    lock_purchases((command.purchase_id for command in commands), unit)

    def decide(command: Cancel) -> Cancelled | Refused:
        purchase = purchase_of(command.client, command.purchase_id, unit)
        if purchase.state == PurchaseState.PENDING_VALIDATION:
            end(purchase, PurchaseState.CANCELLED, unit)
        elif purchase.state == PurchaseState.HELD and command.later_s is None:
            release(purchase, PurchaseState.CANCELLED, unit)
        elif purchase.state == PurchaseState.HELD or _is_being_held(purchase, unit):
            put_off(purchase, Step.CANCEL, command.later_s or 0, unit=unit)
        else:
            return Refused("purchase.state", Saying(f"refusal.cancel_{purchase.state}"))
        return Cancelled(purchase.id)

    return decide_each(commands, unit, decide)


def _is_being_held(purchase: Purchase, unit: Unit) -> bool:
    """Whether a purchase under way was only to be held, so that it can still be given up."""
    request = unit.get(PurchaseRequest, purchase.id)
    is_under_way = purchase.state == PurchaseState.PROCESSING
    return is_under_way and request is not None and request.step == Step.HOLD
