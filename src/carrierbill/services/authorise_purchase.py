"""Authorise purchase: hold an amount under a line's limits, charge it at once, or decline with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.bill import check_won
from carrierbill.domain.caps import InForce, in_force_on
from carrierbill.domain.dates import month_of, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.limits import (
    Declined,
    Reason,
    Wanted,
    decline_of,
    unknown_line,
)
from carrierbill.domain.line import Line
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import CATEGORIES, Merchant, Purchase, PurchaseState, stricter
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import decide_each
from carrierbill.services.holding import Authorised, hold, load_standing, note_decline, standing_of
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class Authorise:
    """A purchase a client asks for on a number; `one_step` charges it at once.

    `merchant` is an identifier (None: the client's own), `category` may only narrow the merchant's.
    """

    client: str
    number: str
    won: int
    merchant: str | None = None
    category: str | None = None
    description: str = ""
    one_step: bool = False
    exempt: bool = False
    once: Once | None = None


def authorise_purchase(commands: Sequence[Authorise], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Authorised or Declined, or a BadInputError for an amount or category that cannot be."""
    known = unit.lines_by_number([command.number for command in commands])
    load_standing(unit, {holder_id for _, holder_id in known.values()})
    sellers = Sellers(unit, {command.client for command in commands})
    in_force = in_force_on(seoul_day(unit.now), rules)

    def decide(command: Authorise) -> object:
        check_won("won", command.won)
        place = known.get(command.number)
        if place is None:
            return unknown_line()
        line = unit.get(Line, place[0])
        if line is None:
            return unknown_line()
        return _authorised(command, line, sellers, unit=unit, in_force=in_force)

    return decide_each(commands, unit, decide)


class Sellers:
    """The merchants of the clients at hand."""

    def __init__(self, unit: Unit, clients: set[str]) -> None:
        """Load them."""
        self._by_client: dict[str, dict[str, Merchant]] = {}
        for merchant in unit.load(Merchant, client=clients):
            self._by_client.setdefault(merchant.client, {})[merchant.identifier] = merchant

    def seller_of(self, command: Authorise) -> tuple[Merchant | None, str]:
        """The merchant and the category that counts; an unknown merchant takes the client's strictest."""
        own = self._by_client.get(command.client, {})
        merchant = own.get(command.client if command.merchant is None else command.merchant)
        category = merchant.category if merchant else CATEGORIES[0]
        if merchant is None:
            for other in own.values():
                category = stricter(category, other.category)
        if command.category is not None:
            if command.category not in CATEGORIES:
                known = {"known": ", ".join(CATEGORIES), "given": command.category}
                raise BadInputError("category", Saying("bad_input.category", known))
            category = stricter(category, command.category)
        return merchant or own.get(command.client), category


def _authorised(
    command: Authorise, line: Line, sellers: Sellers, *, unit: Unit, in_force: InForce
) -> Authorised | Declined:
    merchant, category = sellers.seller_of(command)
    wanted = Wanted(command.won, category, in_force.on, exempt=command.exempt)
    declined = decline_of(wanted, standing_of(line, unit), in_force)
    to_be_checked = declined is not None and declined.reason == Reason.IDENTITY_CHECK and not command.one_step
    if declined is not None and not to_be_checked:
        note_decline(declined, line, unit=unit, rules=in_force.rules)
        return declined
    purchase = Purchase(
        id=unit.new_id(Purchase),
        line_id=line.id,
        holder_id=line.holder_id,
        merchant_id=merchant.id if merchant else None,
        client=command.client,
        category=category,
        won=command.won,
        description=command.description,
        state=PurchaseState.PENDING_VALIDATION,
        created_at=unit.now,
        month=month_of(in_force.on),
    )
    if to_be_checked:
        unit.add(purchase)
        return Authorised(purchase.id, purchase.state, None)
    return hold(purchase, unit, in_force.rules, at_once=command.one_step)
