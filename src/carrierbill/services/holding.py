"""Holding: what the services on purchases share: a line's standing, limits taken and freed, declines."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from carrierbill.domain.copies import changed, maker_of
from carrierbill.domain.dates import days_later, month_of, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.limits import BLOCKING, COUNTED, Declined, Standing, lowered_until
from carrierbill.domain.line import Decline, DemoPart, Holder, Line, LineEffect, Usage
from carrierbill.domain.notice import Notice, Told, charge_notice, notice_of
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant, OneTimeCode, Purchase, PurchaseState
from carrierbill.domain.request import Happening, PurchaseRequest, Step
from carrierbill.domain.saying import Saying
from carrierbill.services.asking import due, load_requests, tell_client
from carrierbill.services.decide import outcome
from carrierbill.services.ports import After, Unit

LOOK_BACK_DAYS = 366


@lru_cache(16)
def _today(now: datetime) -> tuple[date, date]:
    """The day and the month of an instant: of one and the same for all commands of a unit."""
    day = seoul_day(now)
    return day, month_of(day)


@outcome
@dataclass(frozen=True, slots=True)
class Authorised:
    """A purchase held or waiting for its one-time code (until `expires_at`), under way, or charged."""

    purchase_id: int
    state: str
    expires_at: datetime | None
    at: datetime | None = None


def load_standing(unit: Unit, holder_ids: set[int]) -> None:
    """Lock holders and load what a decision about their lines looks at."""
    unit.lock(holder_ids)
    _, month = _today(unit.now)
    unit.load(Holder, id=holder_ids)
    unit.load(Line, holder_id=holder_ids)
    unit.load(Usage, holder_id=holder_ids, month=[month])
    unit.load(LineEffect, holder_id=holder_ids, ended_on=None)


def standing_of(line: Line, unit: Unit) -> Standing:
    """What is known of a line whose holder is loaded."""
    holder = unit.get(Holder, line.holder_id)
    if holder is None:
        raise LookupError(line.holder_id)
    _, month = _today(unit.now)
    return make_standing(  # type: ignore[no-any-return]  # made by a twin of the class
        line,
        holder,
        tuple([usage for usage in unit.of_holder(Usage, line.holder_id) if usage.month == month]),
        tuple([effect for effect in unit.of_holder(LineEffect, line.holder_id) if effect.ended_on is None]),
    )


def hold(purchase: Purchase, unit: Unit, rules: RuleSet, *, at_once: bool = False) -> Authorised:
    """Take the amount from the line's limits: held for its time, or charged `at_once` with its notice.

    What is `processing` is held without an end: what was asked for is done soon.
    """
    if at_once:
        purchase = charge(purchase, unit)
    else:
        if purchase.state != PurchaseState.PROCESSING:
            purchase = purchase.held(unit.now, minutes_held(unit, rules))
            tell_client(purchase, Happening.RESERVED, unit)
        unit.book(purchase.holding)
    _keep(purchase, unit)
    _take(purchase, unit)
    return make_authorised(purchase.id, purchase.state, purchase.expires_at, unit.now)  # type: ignore[no-any-return]  # made by a twin of the class


make_standing, make_authorised = maker_of(Standing), maker_of(Authorised)


def minutes_held(unit: Unit, rules: RuleSet) -> int:
    """For how long an amount is held, and a one-time code waited for."""
    day, _ = _today(unit.now)
    return rules.in_force("authorisation", rules.authorisation["hold"], day).content.minutes or 0


def _keep(purchase: Purchase, unit: Unit) -> None:
    if unit.get(Purchase, purchase.id) is None:
        unit.add(purchase)
    else:
        unit.put(purchase)


def _take(purchase: Purchase, unit: Unit) -> None:
    day, _ = _today(unit.now)
    usage = unit.get(Usage, purchase.line_id, purchase.month, purchase.category)
    if usage is None:
        unit.add(
            Usage(
                purchase.line_id,
                purchase.month,
                purchase.category,
                purchase.holder_id,
                won=purchase.won,
                day_on=day,
                day_won=purchase.won,
            )
        )
    else:
        unit.put(usage.taken(purchase.won, day))


def note_decline(declined: Declined, line: Line, *, unit: Unit, rules: RuleSet) -> None:
    """Count a decline that hit a limit or failed a check; enough of them lower the limit for a time.

    What is declined while the limit is lowered does not make that time longer. What a line of a demo shows
    counts for nothing.
    """
    if declined.reason not in COUNTED or line.demo is not None:
        return
    day = seoul_day(unit.now)
    earlier = unit.peek(Decline, line_id=[line.id], declined_on=After(days_later(day, -LOOK_BACK_DAYS)))
    unit.add(Decline(unit.new_id(Decline), line.id, line.holder_id, day, declined.reason))
    here = [decline for decline in unit.of_holder(Decline, line.holder_id) if decline.line_id == line.id]
    until = lowered_until([decline.declined_on for decline in (*earlier, *here)], day, rules)
    is_lowered = line.lowered_until is not None and day <= line.lowered_until
    if until is not None and not is_lowered:
        unit.put(replace(line, lowered_until=until))


def charge(purchase: Purchase, unit: Unit) -> Purchase:
    """Charge a purchase and queue the notice of it in the same commit."""
    merchant = unit.get(Merchant, purchase.merchant_id) if purchase.merchant_id is not None else None
    line = unit.get(Line, purchase.line_id)
    if line is None:
        raise LookupError(purchase.line_id)
    after, entry = purchase.confirmed(unit.now)
    unit.add(notice_of(charge_notice(after, merchant), unit.new_id(Notice), line, at=unit.now))
    unit.book(entry)
    tell_client(after, Happening.COMPLETED, unit)
    return after


def release(purchase: Purchase, state: PurchaseState, unit: Unit, *, told: Saying | None = None) -> Purchase:
    """Void a hold and free the limit it took; `unit` has the month's usage loaded."""
    after, entry = purchase.released(state, unit.now)
    unit.put(after)
    unit.book(entry)
    free(purchase, purchase.won, unit)
    denied = state == PurchaseState.DENIED
    tell_client(after, Happening.DENIED if denied else Happening.CANCELLED, unit, told=told)
    return after


def end(purchase: Purchase, state: PurchaseState, unit: Unit, *, told: Saying | None = None) -> None:
    """End a purchase that waited for its one-time code; nothing was held of it."""
    after = changed(purchase, state=state, ended_at=unit.now, expires_at=None)
    unit.put(after)
    denied = state == PurchaseState.DENIED
    tell_client(after, Happening.DENIED if denied else Happening.CANCELLED, unit, told=told)


def keep_code(purchase: Purchase, code: OneTimeCode, secret: bytes | None, *, unit: Unit) -> None:
    """Keep a one-time code for a purchase, in the place of one before, and queue the notice that tells it."""
    (unit.put if unit.get(OneTimeCode, purchase.id) else unit.add)(code)
    told = Told("code", "notice.code", {"asked_won": purchase.won}, purchase_id=purchase.id)
    notice = notice_of(told, unit.new_id(Notice), line_of(purchase.line_id, unit), at=unit.now)
    unit.add(changed(notice, secret=secret))


def new_code(
    purchase: Purchase, code_hash: bytes, earlier: OneTimeCode | None, *, unit: Unit, rules: RuleSet
) -> OneTimeCode:
    """A code under the rule of the day; the tries left of an earlier one stay."""
    day, _ = _today(unit.now)
    rule = rules.in_force("authorisation", rules.authorisation["code"], day).content
    good_until = unit.now + timedelta(minutes=rule.minutes or 0)
    return OneTimeCode(
        purchase_id=purchase.id,
        line_id=purchase.line_id,
        code_hash=code_hash,
        tries_left=earlier.tries_left if earlier else rule.count or 0,
        expires_at=good_until,
        sent=earlier.sent + 1 if earlier else 1,
    )


def put_off(purchase: Purchase, step: Step, later_s: float, *, unit: Unit) -> None:
    """Have a step of a purchase done a little later; until then it is under way, its amount still held."""
    request = unit.get(PurchaseRequest, purchase.id)
    if request is None:
        raise LookupError(purchase.id)
    unit.put(request.later(step, due(unit, later_s)))
    if purchase.state == PurchaseState.HELD:
        unit.put(changed(purchase, state=PurchaseState.PROCESSING, expires_at=None))


def is_blocked(purchase: Purchase, unit: Unit) -> bool:
    """Whether lateness of the holder, or a demo, keeps a held purchase from being charged."""
    line = unit.get(Line, purchase.line_id)
    if line is not None and line.demo == DemoPart.BLOCKED_ON_THE_WAY:
        return True
    effects = unit.of_holder(LineEffect, purchase.holder_id)
    return any(effect.effect in BLOCKING and effect.ended_on is None for effect in effects)


def free(purchase: Purchase, won: int, unit: Unit) -> None:
    """Give won of a purchase back to the limits of its month."""
    usage = unit.get(Usage, purchase.line_id, purchase.month, purchase.category)
    if usage is None:
        raise LookupError(purchase.id)
    unit.put(usage.freed(won, purchase.taken_on or seoul_day(purchase.created_at)))


def lock_purchases(purchase_ids: Iterable[int], unit: Unit) -> list[Purchase]:
    """Lock the holders of purchases, then load the purchases (returned), their lines, merchants, usages."""
    found = unit.peek(Purchase, id=set(purchase_ids))
    holder_ids = {purchase.holder_id for purchase in found}
    load_standing(unit, holder_ids)
    purchases = unit.load(Purchase, id={purchase.id for purchase in found})
    load_requests(unit, [purchase.id for purchase in purchases])
    unit.load(
        Merchant, id={purchase.merchant_id for purchase in purchases if purchase.merchant_id is not None}
    )
    months = {purchase.month for purchase in purchases} - {month_of(seoul_day(unit.now))}
    if months:
        unit.load(Usage, holder_id=holder_ids, month=months)
    return purchases


def line_of(line_id: int, unit: Unit) -> Line:
    """The loaded line of that id; BadInputError when there is none."""
    line = unit.get(Line, line_id)
    if line is None:
        raise BadInputError("line", Saying("bad_input.no_line", {"line_id": str(line_id)}))
    return line


def purchase_of(client: str, purchase_id: int, unit: Unit) -> Purchase:
    """The client's loaded purchase; BadInputError when there is none of that id, or it is another's."""
    purchase = unit.get(Purchase, purchase_id)
    if purchase is None or purchase.client != client:
        raise BadInputError("purchase", Saying("bad_input.no_purchase", {"purchase_id": str(purchase_id)}))
    return purchase
