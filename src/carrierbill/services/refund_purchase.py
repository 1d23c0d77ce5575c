"""Refund purchase: value goes back the way it was charged, never more than remains of the purchase."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.bill import check_won
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import PurchaseState
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import lock_purchases, purchase_of
from carrierbill.services.owing import give_back, load_for_refunds
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class RefundPurchase:
    """Won of a confirmed purchase to be given back; `client` must be the one that authorised it."""

    client: str
    purchase_id: int
    won: int
    cause: str = "merchant"
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Refunded:
    """Value given back: cancelled before its bill, credited to bill or line, or owed in money."""

    refund_id: int
    purchase_id: int
    cancelled_won: int
    credited_won: int
    paid_back_won: int


def refund_purchase(commands: Sequence[RefundPurchase], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Refunded or Refused, or a BadInputError for an amount or purchase that cannot be."""
    load_for_refunds(lock_purchases((command.purchase_id for command in commands), unit), unit)

    def decide(command: RefundPurchase) -> Refunded | Refused:
        check_won("won", command.won)
        purchase = purchase_of(command.client, command.purchase_id, unit)
        if purchase.state != PurchaseState.CONFIRMED:
            return Refused("purchase.state", Saying(f"refusal.refund_{purchase.state}"))
        if command.won > purchase.left_won:
            told = Saying("refusal.refund_remaining", {"left_won": purchase.left_won})
            return Refused("refund.remaining", told)
        refund = give_back(purchase, command.won, command.cause, unit=unit, rules=rules)
        return Refunded(
            refund.id, purchase.id, refund.cancelled_won, refund.credited_won, refund.paid_back_won
        )

    return decide_each(commands, unit, decide)
