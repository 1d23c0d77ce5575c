"""Confirm purchase: charge what is held; a hold that ran out lapses instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import PurchaseState
from carrierbill.domain.request import Step
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import (
    charge,
    is_blocked,
    line_of,
    lock_purchases,
    purchase_of,
    put_off,
    release,
)
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class Confirm:
    """A held purchase to be charged, `later_s` seconds later; `client` must be the one that authorised it."""

    client: str
    purchase_id: int
    later_s: float | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Confirmed:
    """A purchase that is charged since `confirmed_at`, or, put off, is going to be."""

    purchase_id: int
    confirmed_at: datetime


def confirm_purchase(commands: Sequence[Confirm], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Confirmed or Refused, or a BadInputError for a purchase the client does not have."""
    del rules  # that a purchase may be made was decided when it was held
    lock_purchases((command.purchase_id for command in commands), unit)

    def decide(command: Confirm) -> Confirmed | Refused:
        purchase = purchase_of(command.client, command.purchase_id, unit)
        if purchase.state != PurchaseState.HELD:
            return Refused("purchase.state", Saying(f"refusal.confirm_{purchase.state}"))
        if purchase.expires_at is not None and purchase.expires_at <= unit.now:
            release(purchase, PurchaseState.LAPSED, unit)
            return Refused("authorisation.hold", Saying("refusal.confirm_lapsed"))
        if not line_of(purchase.line_id, unit).offered:
            return Refused("line.offered", Saying("refusal.confirm_not_offered"))
        if command.later_s is not None:
            put_off(purchase, Step.CONFIRM, command.later_s, unit=unit)
        elif is_blocked(purchase, unit):
            told = Saying("refusal.confirm_late")
            release(purchase, PurchaseState.DENIED, unit, told=told)
            return Refused("stages.block_purchases", told)
        else:
            unit.put(charge(purchase, unit))
        return Confirmed(purchase.id, unit.now)

    return decide_each(commands, unit, decide)
