"""Holding: what the services on purchases share: a line's standing, limits taken and freed, declines."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from carrierbill.domain.dates import days_later, month_of, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.limits import COUNTED, Declined, Standing, lowered_until
from carrierbill.domain.line import Decline, Holder, Line, LineEffect, Usage
from carrierbill.domain.notice import Notice, charge_notice, notice_of
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant, Purchase, PurchaseState
from carrierbill.domain.saying import Saying
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
    """A purchase held (until `expires_at`), charged, or waiting for its one-time code."""

    purchase_id: int
    state: str
    expires_at: datetime | None


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
    return Standing(
        line,
        holder,
        tuple([usage for usage in unit.of_holder(Usage, line.holder_id) if usage.month == month]),
        tuple([effect for effect in unit.of_holder(LineEffect, line.holder_id) if effect.ended_on is None]),
    )


def hold(purchase: Purchase, unit: Unit, rules: RuleSet, *, at_once: bool = False) -> Authorised:
    """Take the amount from the line's limits: held for its time, or charged `at_once` with its notice."""
    if at_once:
        purchase = charge(purchase, unit)
    else:
        day, _ = _today(unit.now)
        minutes = rules.in_force("authorisation", rules.authorisation["hold"], day).content.minutes
        purchase = purchase.held(unit.now, minutes or 0)
        unit.book(purchase.holding)
    _keep(purchase, unit)
    _take(purchase, unit)
    return Authorised(purchase.id, purchase.state, purchase.expires_at)


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

    What is declined while the limit is lowered does not make that time longer.
    """
    if declined.reason not in COUNTED:
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
    return after


def release(purchase: Purchase, state: PurchaseState, unit: Unit) -> Purchase:
    """Void a hold and free the limit it took; `unit` has the month's usage loaded."""
    after, entry = purchase.released(state, unit.now)
    unit.put(after)
    unit.book(entry)
    free(purchase, purchase.won, unit)
    return after


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
