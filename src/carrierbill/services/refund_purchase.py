"""Refund purchase: value goes back the way it was charged, never more than remains of the purchase."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from carrierbill.domain.bill import check_won
from carrierbill.domain.copies import changed
from carrierbill.domain.dates import days_later, month_of, seoul_day
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant, Purchase, PurchaseState, Refund, RefundTerms
from carrierbill.domain.request import Ask, Happening, RefundRequest, RequestState
from carrierbill.domain.saying import Saying
from carrierbill.services.asking import NamesUsed, due, tell_client
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import lock_purchases, purchase_of
from carrierbill.services.owing import give_back, load_for_refunds
from carrierbill.services.ports import After, Once, Unit, UpTo


@dataclass(frozen=True, slots=True)
class RefundPurchase:
    """Won of a confirmed purchase to be given back (None: all that is left), `later_s` seconds later.

    `client` must be the one that authorised it.
    """

    client: str
    purchase_id: int
    won: int | None
    cause: str = "merchant"
    ask: Ask | None = None
    later_s: float | None = None
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
    request_id: int | None = None
    at: datetime | None = None


@outcome
@dataclass(frozen=True, slots=True)
class RefundPutOff:
    """A refund that is accepted and done a little later."""

    request_id: int
    purchase_id: int
    won: int
    at: datetime


@dataclass(frozen=True, slots=True)
class FinishRefund:
    """A refund that was put off and may be due."""

    request_id: int
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class RefundFinished:
    """The state a refund that was put off is in."""

    request_id: int
    state: str


def refund_purchase(commands: Sequence[RefundPurchase], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Refunded, RefundPutOff or Refused, or BadInputError for an amount or purchase."""
    _load({command.purchase_id for command in commands}, unit)
    names = NamesUsed(unit, commands, RefundRequest)

    def decide(command: RefundPurchase) -> Refunded | RefundPutOff | Refused:
        if command.won is not None:
            check_won("won", command.won)
        refused = names.refusal_of(command.client, command.ask) if command.ask is not None else None
        if refused is not None:
            return refused
        purchase = purchase_of(command.client, command.purchase_id, unit)
        left_won = _left_won(purchase, unit)
        won = left_won if command.won is None else command.won
        if _is_given_in_total(purchase, unit):
            return Refused("refund.total", Saying("refusal.refund_total"))
        refused = _against(purchase, won, left_won, unit=unit, later=command.later_s is not None)
        if refused is not None:
            return refused
        if command.ask is None:
            return _refunded(give_back(purchase, won, command.cause, unit=unit, rules=rules), unit)
        names.use(command.client, command.ask)
        request = _requested(command, command.ask, purchase, won=won, unit=unit)
        if command.later_s is not None:
            unit.add(request)
            return RefundPutOff(request.id, purchase.id, won, unit.now)
        return _given(request, purchase, command.cause, unit=unit, rules=rules)

    return decide_each(commands, unit, decide)


def refunds_due(unit: Unit, most: int) -> list[FinishRefund]:
    """Up to `most` refunds that were put off until now, as commands."""
    return [
        FinishRefund(request.id) for request in unit.peek(RefundRequest, due_at=UpTo(unit.now), most=most)
    ]


def finish_refund(commands: Sequence[FinishRefund], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's RefundFinished; one that may no longer be given is denied, and its client told why."""
    ids = [command.request_id for command in commands]
    _load({request.purchase_id for request in unit.peek(RefundRequest, id=ids)}, unit)

    def decide(command: FinishRefund) -> RefundFinished:
        request = unit.get(RefundRequest, command.request_id)
        purchase = unit.get(Purchase, request.purchase_id) if request is not None else None
        if request is None or purchase is None:
            raise LookupError(command.request_id)
        is_due = request.due_at is not None and request.due_at <= unit.now
        if request.state != RequestState.PROCESSING or not is_due:
            return RefundFinished(request.id, request.state)
        unit.put(changed(request, state=RequestState.DENIED, due_at=None, done_at=unit.now))
        refused = _against(purchase, request.won, _left_won(purchase, unit), unit=unit, later=False)
        if refused is not None:
            tell_client(purchase, Happening.REFUND_DENIED, unit, told=refused.told, refund=request)
            return RefundFinished(request.id, RequestState.DENIED)
        _given(request, purchase, "merchant", unit=unit, rules=rules)
        return RefundFinished(request.id, RequestState.SUCCEEDED)

    return decide_each(commands, unit, decide)


def _load(purchase_ids: Collection[int], unit: Unit) -> None:
    purchases = lock_purchases(purchase_ids, unit)
    load_for_refunds(purchases, unit)
    unit.load(RefundRequest, purchase_id={purchase.id for purchase in purchases})


def _requests_of(purchase: Purchase, unit: Unit) -> list[RefundRequest]:
    asked = unit.of_holder(RefundRequest, purchase.holder_id)
    return [request for request in asked if request.purchase_id == purchase.id]


def _left_won(purchase: Purchase, unit: Unit) -> int:
    """What can still be asked for: what is not refunded, less refunds under way."""
    under_way = [
        request.won for request in _requests_of(purchase, unit) if request.state == RequestState.PROCESSING
    ]
    return purchase.left_won - sum(under_way)


def _is_given_in_total(purchase: Purchase, unit: Unit) -> bool:
    """Whether a total refund of the purchase was asked for and not denied: then there is no further one."""
    requests = _requests_of(purchase, unit)
    return any(request.total and request.state != RequestState.DENIED for request in requests)


def _against(purchase: Purchase, won: int, left_won: int, *, unit: Unit, later: bool) -> Refused | None:
    """Why won of a purchase are not given back; what a merchant refuses is told once it is done (`later`)."""
    if purchase.state != PurchaseState.CONFIRMED:
        return Refused("purchase.state", Saying(f"refusal.refund_{purchase.state}"))
    merchant = unit.get(Merchant, purchase.merchant_id) if purchase.merchant_id is not None else None
    if merchant is not None and merchant.refund_terms == RefundTerms.EXCLUDED:
        return Refused("merchant.refunds_excluded", Saying("refusal.refund_excluded"))
    if merchant is not None and merchant.refund_terms == RefundTerms.REFUSED and not later:
        return Refused("merchant.refunds_refused", Saying("refusal.refund_refused"))
    if not 0 < won <= left_won:
        return Refused("refund.remaining", Saying("refusal.refund_remaining", {"left_won": left_won}))
    return _above_cap(purchase, won, merchant, unit=unit)


def _above_cap(purchase: Purchase, won: int, merchant: Merchant | None, *, unit: Unit) -> Refused | None:
    if merchant is None or merchant.refund_cap_won is None:
        return None
    last_month = days_later(month_of(seoul_day(unit.now)), -1)
    given = {
        refund.id: refund
        for refund in unit.peek(Refund, merchant_id=[merchant.id], refunded_on=After(last_month))
    }
    given |= {refund.id: refund for refund in unit.of_holder(Refund, purchase.holder_id)}
    used_won = sum(
        refund.won
        for refund in given.values()
        if refund.line_id == purchase.line_id
        and refund.merchant_id == merchant.id
        and refund.refunded_on > last_month
    )
    if used_won + won <= merchant.refund_cap_won:
        return None
    told = Saying("refusal.refund_cap", {"limit_won": merchant.refund_cap_won, "used_won": used_won})
    return Refused("merchant.refund_cap", told)


def _requested(
    command: RefundPurchase, ask: Ask, purchase: Purchase, *, won: int, unit: Unit
) -> RefundRequest:
    return RefundRequest(
        id=unit.new_id(RefundRequest),
        purchase_id=purchase.id,
        line_id=purchase.line_id,
        holder_id=purchase.holder_id,
        client=command.client,
        asked_at=unit.now,
        reference=ask.reference,
        correlator=ask.correlator,
        asked=ask.asked,
        total=command.won is None,
        won=won,
        state=RequestState.PROCESSING,
        sink=ask.sink,
        credential=ask.credential,
        due_at=None if command.later_s is None else due(unit, command.later_s),
    )


def _given(request: RefundRequest, purchase: Purchase, cause: str, *, unit: Unit, rules: RuleSet) -> Refunded:
    """Give back what a request asks for, keep what came of it, and tell the client."""
    refund = give_back(purchase, request.won, cause, unit=unit, rules=rules)
    done = changed(
        request,
        state=RequestState.SUCCEEDED,
        due_at=None,
        done_at=unit.now,
        refund_id=refund.id,
        in_bill=refund.cancelled_won == 0,
    )
    (unit.put if unit.get(RefundRequest, request.id) else unit.add)(done)
    what = Happening.REFUND_IN_BILL if done.in_bill else Happening.REFUND_COMPLETED
    tell_client(purchase, what, unit, refund=done)
    return _refunded(refund, unit, request.id)


def _refunded(refund: Refund, unit: Unit, request_id: int | None = None) -> Refunded:
    return Refunded(
        refund.id,
        refund.purchase_id,
        refund.cancelled_won,
        refund.credited_won,
        refund.paid_back_won,
        request_id,
        unit.now,
    )
