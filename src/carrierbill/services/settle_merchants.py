"""Settle merchants: each is paid for what was bought from it up to a day, less what went back, once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from carrierbill.domain.dates import SEOUL, days_later, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.objection import Objection, ObjectionState
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant, Purchase, PurchaseState, Refund
from carrierbill.domain.saying import Saying
from carrierbill.domain.settlement import Settlement
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.ports import Once, Unit, UpTo

LAST_INSTANT = time(23, 59, 59, 999_999, tzinfo=SEOUL)


@dataclass(frozen=True, slots=True)
class Settle:
    """A merchant to be paid for purchases confirmed up to a day and on it."""

    merchant_id: int
    through_on: date
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class SettledMerchant:
    """What a merchant is paid: purchases less refunds and an earlier rest; `carried_won` is still short."""

    settlement_id: int
    purchases_won: int
    refunds_won: int
    carried_won: int
    won: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What was loaded of merchants: ids of purchases and refunds, and their settlements."""

    purchase_ids: Sequence[int]
    refund_ids: Sequence[int]
    settlements: Mapping[int, list[Settlement]]


def settle_merchants(commands: Sequence[Settle], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's SettledMerchant, Refused while the day is not over, or a BadInputError.

    Purchases under an open objection wait for its answer. The same day again gives the same settlement.
    """
    del rules  # when a merchant's turn comes is the caller's to know
    found = _load(commands, unit)

    def decide(command: Settle) -> SettledMerchant | Refused:
        if unit.get(Merchant, command.merchant_id) is None:
            told = Saying("bad_input.no_merchant", {"merchant_id": str(command.merchant_id)})
            raise BadInputError("merchant", told)
        if command.through_on >= seoul_day(unit.now):
            return Refused(
                "settlement.through",
                Saying("refusal.settle_day_not_over", {"through_on": command.through_on}),
                Saying("refusal.settle_day_not_over_lifted", {"from_on": days_later(command.through_on, 1)}),
            )
        earlier = found.settlements[command.merchant_id]
        same = next((each for each in earlier if each.through_on == command.through_on), None)
        settlement = same or _settle(command, found, unit)
        if same is None:
            earlier.append(settlement)
        return SettledMerchant(
            settlement.id,
            settlement.purchases_won,
            settlement.refunds_won,
            settlement.carried_won,
            settlement.won,
        )

    return decide_each(commands, unit, decide)


def _load(commands: Sequence[Settle], unit: Unit) -> _Found:
    merchant_ids = {command.merchant_id for command in commands}
    last_on = max((command.through_on for command in commands), default=date.min)
    # Of two who settle a merchant at a time, one waits: else both would take off what is carried.
    unit.claim(Merchant, id=merchant_ids)
    purchases = unit.peek(
        Purchase,
        merchant_id=merchant_ids,
        settlement_id=None,
        state=[PurchaseState.CONFIRMED],
        confirmed_at=UpTo(datetime.combine(last_on, LAST_INSTANT)),
    )
    refunds = unit.peek(Refund, merchant_id=merchant_ids, settlement_id=None)
    unit.lock({each.holder_id for each in purchases} | {each.holder_id for each in refunds})
    purchase_ids, refund_ids = [each.id for each in purchases], [each.id for each in refunds]
    unit.load(Purchase, id=purchase_ids)
    unit.load(Refund, id=refund_ids)
    unit.load(Objection, purchase_id={*purchase_ids, *(refund.purchase_id for refund in refunds)})
    settlements: dict[int, list[Settlement]] = {merchant_id: [] for merchant_id in merchant_ids}
    for settlement in unit.load(Settlement, merchant_id=merchant_ids):
        settlements[settlement.merchant_id].append(settlement)
    return _Found(purchase_ids, refund_ids, settlements)


def _settle(command: Settle, found: _Found, unit: Unit) -> Settlement:
    bought = list(_bought(command, found.purchase_ids, unit))
    loaded = (unit.get(Refund, refund_id) for refund_id in found.refund_ids)
    back = [
        refund
        for refund in loaded
        if refund
        and refund.merchant_id == command.merchant_id
        and refund.settlement_id is None
        and not _waits(refund, unit)
    ]
    earlier = found.settlements[command.merchant_id]
    latest = max(earlier, key=lambda each: each.place, default=None)
    short_won = latest.carried_won if latest else 0
    purchases_won, refunds_won = sum(each.won for each in bought), sum(each.won for each in back)
    rest_won = purchases_won - refunds_won - short_won
    settlement = Settlement(
        id=unit.new_id(Settlement),
        merchant_id=command.merchant_id,
        place=latest.place + 1 if latest else 1,
        through_on=command.through_on,
        settled_on=seoul_day(unit.now),
        purchases_won=purchases_won,
        refunds_won=refunds_won,
        carried_won=max(0, -rest_won),
        won=max(0, rest_won),
    )
    unit.add(settlement)
    for purchase in bought:
        unit.put(replace(purchase, settlement_id=settlement.id))
    for refund in back:
        unit.put(replace(refund, settlement_id=settlement.id))
    if settlement.won:
        unit.book(_paid_out(settlement, unit))
    return settlement


def _paid_out(settlement: Settlement, unit: Unit) -> Entry:
    posting = Posting(
        LedgerAccount.MERCHANT_PAYABLES,
        LedgerAccount.BANK,
        settlement.won,
        merchant_id=settlement.merchant_id,
    )
    return Entry(f"settle/{settlement.id}", "settle", unit.now, (posting,))


def _bought(command: Settle, purchase_ids: Iterable[int], unit: Unit) -> Iterable[Purchase]:
    """The merchant's purchases confirmed up to the day, not settled and not disputed."""
    for purchase_id in purchase_ids:
        purchase = unit.get(Purchase, purchase_id)
        if (
            purchase is None
            or purchase.merchant_id != command.merchant_id
            or purchase.settlement_id is not None
            or purchase.confirmed_at is None
            or seoul_day(purchase.confirmed_at) > command.through_on
        ):
            continue
        if not _is_disputed(purchase.id, purchase.holder_id, unit):
            yield purchase


def _is_disputed(purchase_id: int, holder_id: int, unit: Unit) -> bool:
    objections = unit.of_holder(Objection, holder_id)
    return any(each.purchase_id == purchase_id and each.state == ObjectionState.OPEN for each in objections)


def _waits(refund: Refund, unit: Unit) -> bool:
    """Whether it is settled with its purchase, which is not settled while it is disputed."""
    purchase = unit.get(Purchase, refund.purchase_id)
    is_settled = purchase is None or purchase.settlement_id is not None
    return not is_settled and _is_disputed(refund.purchase_id, refund.holder_id, unit)
