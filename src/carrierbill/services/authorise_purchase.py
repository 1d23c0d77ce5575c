"""Authorise purchase: hold an amount under a line's limits, charge it at once, or decline with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from carrierbill.domain.bill import check_won
from carrierbill.domain.caps import InForce, in_force_on
from carrierbill.domain.copies import changed, maker_of
from carrierbill.domain.dates import month_of, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.limits import (
    Declined,
    Reason,
    Wanted,
    decline_of,
    demo_decline_of,
    unknown_line,
)
from carrierbill.domain.line import DemoPart, Line
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import CATEGORIES, Merchant, Purchase, PurchaseState, stricter
from carrierbill.domain.request import Ask, Happening, PurchaseRequest, Step
from carrierbill.domain.saying import Saying
from carrierbill.services.asking import NamesUsed, due, note_request, tell_client
from carrierbill.services.decide import decide_each
from carrierbill.services.holding import (
    Authorised,
    hold,
    keep_code,
    load_standing,
    minutes_held,
    new_code,
    note_decline,
    standing_of,
)
from carrierbill.services.ports import Codes, Once, Unit


@dataclass(frozen=True, slots=True)
class Authorise:
    """A purchase a client asks for on a number; `one_step` charges it at once, or `later_s` seconds later.

    `merchant` is an identifier (None: the client's own), `category` may only narrow the merchant's. With
    `codes`, a purchase that needs a one-time code has it sent at once.
    """

    client: str
    number: str
    won: int
    merchant: str | None = None
    category: str | None = None
    description: str = ""
    one_step: bool = False
    exempt: bool = False
    ask: Ask | None = None
    later_s: float | None = None
    codes: Codes | None = None
    once: Once | None = None


def authorise_purchase(commands: Sequence[Authorise], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Authorised or Declined, or a BadInputError for an amount or category that cannot be.

    Refused where the client used its correlator or reference before.
    """
    known = unit.lines_by_number([command.number for command in commands])
    load_standing(unit, {holder_id for _, holder_id in known.values()})
    sellers = Sellers(unit, {command.client for command in commands})
    in_force = in_force_on(seoul_day(unit.now), rules)
    names = NamesUsed(unit, commands, PurchaseRequest)

    def decide(command: Authorise) -> object:
        check_won("won", command.won)
        refused = names.refusal_of(command.client, command.ask) if command.ask is not None else None
        if refused is not None:
            return refused
        place = known.get(command.number)
        if place is None:
            return unknown_line()
        line = unit.get(Line, place[0])
        if line is None:
            return unknown_line()
        decision = _authorised(command, line, sellers, unit=unit, in_force=in_force)
        if command.ask is not None and isinstance(decision, Authorised):
            names.use(command.client, command.ask)
        return decision

    return decide_each(commands, unit, decide)


make_wanted, make_purchase = maker_of(Wanted), maker_of(Purchase)


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
    exempt = command.exempt or line.demo is not None
    wanted = make_wanted(command.won, category, in_force.on, exempt)
    declined = decline_of(wanted, standing_of(line, unit), in_force)
    if declined is None and line.demo is not None:
        declined = demo_decline_of(line, one_step=command.one_step, at_once=command.later_s is None)
    to_be_checked = declined is not None and declined.reason == Reason.IDENTITY_CHECK and not command.one_step
    if declined is not None and not to_be_checked:
        note_decline(declined, line, unit=unit, rules=in_force.rules)
        return declined
    purchase = make_purchase(
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
        return _waiting(command, purchase, unit=unit, rules=in_force.rules)
    if command.ask is not None:
        step, due_at = Step.CHARGE if command.one_step else Step.HOLD, None
        if command.later_s is not None:
            purchase, due_at = changed(purchase, state=PurchaseState.PROCESSING), due(unit, command.later_s)
        note_request(purchase, command.ask, unit, step=step, due_at=due_at)
    at_once = command.one_step and purchase.state != PurchaseState.PROCESSING
    return hold(purchase, unit, in_force.rules, at_once=at_once)


def _waiting(command: Authorise, purchase: Purchase, *, unit: Unit, rules: RuleSet) -> Authorised:
    """A purchase that waits for its one-time code as long as it would be held; the limit is not touched."""
    expires_at = unit.now + timedelta(minutes=minutes_held(unit, rules))
    purchase = changed(purchase, expires_at=expires_at)
    unit.add(purchase)
    if command.ask is not None:
        note_request(purchase, command.ask, unit, step=Step.HOLD, due_at=None)
    if command.codes is not None:
        line = unit.get(Line, purchase.line_id)
        code_hash, secret = command.codes.new(
            purchase.id, for_demo=line is not None and line.demo == DemoPart.NEEDS_CODE
        )
        keep_code(purchase, new_code(purchase, code_hash, None, unit=unit, rules=rules), secret, unit=unit)
    tell_client(purchase, Happening.PENDING_VALIDATION, unit)
    return Authorised(purchase.id, purchase.state, expires_at, unit.now)
