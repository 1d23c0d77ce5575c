"""Check eligibility: whether a line could buy now, for those who may know; nothing is held or written."""

from dataclasses import dataclass

from carrierbill.domain.caps import in_force_on
from carrierbill.domain.consent import Consent
from carrierbill.domain.dates import month_of, seoul_day
from carrierbill.domain.limits import Declined, Wanted, decline_of, demo_decline_of
from carrierbill.domain.line import Holder, Line, LineEffect, Usage
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.services.authorise_purchase import Authorise, Sellers
from carrierbill.services.holding import standing_of
from carrierbill.services.ports import Unit


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a purchase would be allowed as things stand; else the first reason against it."""

    declined: Declined | None


def check_eligibility(
    wish: Authorise, unit: Unit, rules: RuleSet, *, by_holder: bool = False
) -> Eligibility | None:
    """The answer for a purchase that a client has in mind; None for a line that is unknown to it.

    A line is known to a client by its holder (`by_holder`), by their consent, or by having bought from it.
    """
    place = unit.lines_by_number([wish.number]).get(wish.number)
    if place is None or not (by_holder or is_known_to(wish.client, place[0], unit)):
        return None
    line = _read(*place, unit)
    if line is None:
        return None
    _, category = Sellers(unit, {wish.client}).seller_of(wish)
    in_force = in_force_on(seoul_day(unit.now), rules)
    wanted = Wanted(wish.won, category, in_force.on, exempt=line.demo is not None)
    declined = decline_of(wanted, standing_of(line, unit), in_force)
    return Eligibility(declined or demo_decline_of(line, one_step=False, at_once=False))


def is_known_to(client: str, line_id: int, unit: Unit) -> bool:
    """Whether a client has a consent on the line, or charged it before."""
    if any(consent.holds for consent in unit.peek(Consent, line_id=[line_id], client=[client])):
        return True
    return bool(
        unit.peek(Purchase, line_id=[line_id], client=[client], state=[PurchaseState.CONFIRMED], most=1)
    )


def _read(line_id: int, holder_id: int, unit: Unit) -> Line | None:
    """Read what a decision looks at; nobody is locked, since nothing follows from it."""
    unit.load(Holder, id=[holder_id])
    unit.load(Line, holder_id=[holder_id])
    unit.load(Usage, holder_id=[holder_id], month=[month_of(seoul_day(unit.now))])
    unit.load(LineEffect, holder_id=[holder_id], ended_on=None)
    return unit.get(Line, line_id)
