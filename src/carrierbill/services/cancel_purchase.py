"""Cancel purchase: give up what is held before it is charged; the limit is free again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import PurchaseState
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import lock_purchases, purchase_of, release
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class Cancel:
    """A purchase to be given up; `client` must be the one that authorised it."""

    client: str
    purchase_id: int
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
            unit.put(replace(purchase, state=PurchaseState.CANCELLED, ended_at=unit.now))
        elif purchase.state == PurchaseState.HELD:
            release(purchase, PurchaseState.CANCELLED, unit)
        else:
            return Refused("purchase.state", Saying(f"refusal.cancel_{purchase.state}"))
        return Cancelled(purchase.id)

    return decide_each(commands, unit, decide)
