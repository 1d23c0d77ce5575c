"""Lapse holds: what is held and not confirmed in its time comes to nothing, and frees its limit once."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.holding import end, lock_purchases, release
from carrierbill.services.ports import Once, Unit, UpTo

WAITING = (PurchaseState.HELD, PurchaseState.PENDING_VALIDATION)


@dataclass(frozen=True, slots=True)
class Lapse:
    """A hold that may have run out."""

    purchase_id: int
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Lapsed:
    """What became of it: `lapsed` now, or it was no longer held, or its time is not over."""

    purchase_id: int
    lapsed: bool


def holds_run_out(unit: Unit, most: int) -> list[Lapse]:
    """Up to `most` purchases that were held, or waited for a code, until their time was over, as commands."""
    over = [unit.peek(Purchase, state=[state], expires_at=UpTo(unit.now), most=most) for state in WAITING]
    return [Lapse(purchase.id) for found in over for purchase in found][:most]


def lapse_holds(commands: Sequence[Lapse], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Lapsed; confirming and lapsing race for the holder's lock, the first to get it wins."""
    del rules  # the hold carries its end
    lock_purchases((command.purchase_id for command in commands), unit)

    def decide(command: Lapse) -> Lapsed:
        purchase = unit.get(Purchase, command.purchase_id)
        is_over = (
            purchase is not None
            and purchase.state in WAITING
            and purchase.expires_at is not None
            and purchase.expires_at <= unit.now
        )
        if is_over and purchase is not None:
            told = Saying("event.lapsed")
            give_up = release if purchase.state == PurchaseState.HELD else end
            give_up(purchase, PurchaseState.LAPSED, unit, told=told)
        return Lapsed(command.purchase_id, is_over)

    return decide_each(commands, unit, decide)
