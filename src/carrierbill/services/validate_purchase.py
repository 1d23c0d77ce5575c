"""Validate purchase: a one-time code shows that the holder is buying; the right one decides it anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest

from carrierbill.domain.dates import month_of, seoul_day
from carrierbill.domain.limits import Declined, Reason, Wanted, decline_of
from carrierbill.domain.line import Holder
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import OneTimeCode, Purchase, PurchaseState
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import (
    end,
    hold,
    keep_code,
    line_of,
    lock_purchases,
    new_code,
    note_decline,
    purchase_of,
    standing_of,
)
from carrierbill.services.ports import Once, Unit

RULE = "authorisation.code"
# How often a code is sent for one purchase.
MOST_SENT = 3


@dataclass(frozen=True, slots=True)
class SendCode:
    """A code for a purchase that waits for one: its keyed hash, and itself sealed for the notice."""

    client: str
    purchase_id: int
    code_hash: bytes
    secret: bytes | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code on its way, good until `expires_at`."""

    purchase_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Validate:
    """A code typed in for a purchase, as its keyed hash."""

    client: str
    purchase_id: int
    code_hash: bytes
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class Validated:
    """A purchase whose code was right: held until `expires_at`."""

    purchase_id: int
    state: str
    expires_at: datetime | None


def send_code(commands: Sequence[SendCode], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's CodeSent, or Refused where no code is waited for.

    A further code takes the place of the one before; the tries that are left stay.
    """
    _load([command.purchase_id for command in commands], unit)

    def decide(command: SendCode) -> CodeSent | Refused:
        purchase = purchase_of(command.client, command.purchase_id, unit)
        earlier = unit.get(OneTimeCode, purchase.id)
        refused = _against(purchase, earlier)
        if refused is not None:
            return refused
        if earlier is not None and earlier.sent >= MOST_SENT:
            return Refused(RULE, Saying("refusal.code_sent_often", {"times": MOST_SENT}))
        code = new_code(purchase, command.code_hash, earlier, unit=unit, rules=rules)
        keep_code(purchase, code, command.secret, unit=unit)
        return CodeSent(purchase.id, code.expires_at)

    return decide_each(commands, unit, decide)


def validate_purchase(commands: Sequence[Validate], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Validated, or Refused: a wrong or late code, none sent, or a rule against the purchase.

    The last wrong try denies the purchase. A right code holds for the holder until the month ends.
    """
    _load([command.purchase_id for command in commands], unit)

    def decide(command: Validate) -> Validated | Refused:
        purchase = purchase_of(command.client, command.purchase_id, unit)
        code = unit.get(OneTimeCode, purchase.id)
        refused = _against(purchase, code)
        if refused is not None:
            return refused
        if code is None:
            return Refused(RULE, Saying("refusal.validate_no_code"))
        if code.expires_at <= unit.now:
            return Refused(RULE, Saying("refusal.validate_expired"), Saying("refusal.validate_lifted"))
        if not compare_digest(code.code_hash, command.code_hash):
            return _wrong(purchase, code, unit, rules=rules)
        return _right(purchase, code, unit, rules=rules)

    return decide_each(commands, unit, decide)


def _load(purchase_ids: Sequence[int], unit: Unit) -> None:
    lock_purchases(purchase_ids, unit)
    unit.load(OneTimeCode, purchase_id=set(purchase_ids))


def _against(purchase: Purchase, code: OneTimeCode | None) -> Refused | None:
    if purchase.state == PurchaseState.PENDING_VALIDATION:
        return None
    if code is not None and code.passed_at is not None:
        return Refused("validate_done", Saying("refusal.validate_done"))
    if purchase.state == PurchaseState.DENIED:
        return Refused("validate_failed", Saying("refusal.validate_failed"))
    return Refused("purchase.state", Saying("refusal.validate_not_asked"))


def _wrong(purchase: Purchase, code: OneTimeCode, unit: Unit, *, rules: RuleSet) -> Refused:
    left = code.tries_left - 1
    unit.put(replace(code, tries_left=max(0, left)))
    if left > 0:
        told = Saying("refusal.validate_wrong", {"tries": left})
        return Refused("validate_wrong", told, Saying("refusal.validate_lifted"))
    told = Saying("refusal.validate_failed")
    end(purchase, PurchaseState.DENIED, unit, told=told)
    check = Declined(Reason.IDENTITY_CHECK, RULE, told, None)
    note_decline(check, line_of(purchase.line_id, unit), unit=unit, rules=rules)
    return Refused("validate_wrong", told)


def _right(purchase: Purchase, code: OneTimeCode, unit: Unit, *, rules: RuleSet) -> Validated | Refused:
    today, line = seoul_day(unit.now), line_of(purchase.line_id, unit)
    unit.put(replace(code, passed_at=unit.now))
    holder = unit.get(Holder, purchase.holder_id)
    if holder is not None:
        unit.put(replace(holder, checked_month=month_of(today)))
    wanted = Wanted(purchase.won, purchase.category, today, exempt=line.demo is not None)
    declined = decline_of(wanted, standing_of(line, unit), rules)
    if declined is not None:
        end(purchase, PurchaseState.DENIED, unit, told=declined.told)
        note_decline(declined, line, unit=unit, rules=rules)
        return Refused(declined.rule, declined.told, declined.lifted_by)
    held = hold(replace(purchase, month=month_of(today), taken_on=today), unit, rules)
    return Validated(held.purchase_id, held.state, held.expires_at)
