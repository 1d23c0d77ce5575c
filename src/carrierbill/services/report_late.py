"""Report late: purchases a gateway reports after their month go on the next bill, marked with theirs."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.bill import check_won
from carrierbill.domain.dates import month_later, month_of, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Line, Usage
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import CATEGORIES, Merchant, Purchase, PurchaseState
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.holding import charge
from carrierbill.services.ports import Once, Unit

# Answers are remembered for 13 months: a report that could come later than that could be charged twice.
MOST_MONTHS = 12


@dataclass(frozen=True, slots=True)
class ReportLate:
    """A purchase a gateway let through in an earlier month and reports only now."""

    client: str
    number: str
    won: int
    bought_on: date
    merchant: str | None = None
    description: str = ""
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class ReportedLate:
    """The charge it became."""

    purchase_id: int


def report_late(commands: Sequence[ReportLate], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ReportedLate, or a BadInputError for an amount, number or day that cannot be.

    It was bought already, so no limit refuses it; it counts among what its own month used.
    """
    del rules
    known = unit.lines_by_number([command.number for command in commands])
    holder_ids = {holder_id for _, holder_id in known.values()}
    unit.lock(holder_ids)
    unit.load(Line, holder_id=holder_ids)
    unit.load(Usage, holder_id=holder_ids, month={month_of(command.bought_on) for command in commands})
    merchants = unit.load(Merchant, client={command.client for command in commands})
    sellers = {(merchant.client, merchant.identifier): merchant for merchant in merchants}

    def decide(command: ReportLate) -> ReportedLate:
        _check(command, known, today=seoul_day(unit.now))
        seller = sellers.get((command.client, command.merchant or command.client))
        if seller is None and command.merchant is not None:
            # What has no seller on record is paid to nobody.
            told = Saying("bad_input.no_merchant", {"merchant_id": command.merchant})
            raise BadInputError("merchant", told)
        line_id, holder_id = known[command.number]
        purchase = Purchase(
            id=unit.new_id(Purchase),
            line_id=line_id,
            holder_id=holder_id,
            merchant_id=seller.id if seller else None,
            client=command.client,
            category=seller.category if seller else CATEGORIES[0],
            won=command.won,
            description=command.description,
            state=PurchaseState.PENDING_VALIDATION,
            created_at=unit.now,
            month=month_of(command.bought_on),
            reported_month=month_of(command.bought_on),
        )
        unit.add(charge(purchase, unit))
        _use(purchase, unit)
        return ReportedLate(purchase.id)

    return decide_each(commands, unit, decide)


def _check(command: ReportLate, known: Container[str], *, today: date) -> None:
    """BadInputError for an amount, a number or a day that cannot be."""
    check_won("won", command.won)
    if command.number not in known:
        raise BadInputError("number", Saying("bad_input.no_such_number"))
    if command.bought_on >= month_of(today):
        raise BadInputError("bought_on", Saying("bad_input.not_late", {"first_on": month_of(today)}))
    first_on = month_later(month_of(today), -MOST_MONTHS)
    if command.bought_on < first_on:
        raise BadInputError("bought_on", Saying("bad_input.too_late", {"first_on": first_on}))


def _use(purchase: Purchase, unit: Unit) -> None:
    """Count it among what its own month used, on no day of it."""
    usage = unit.get(Usage, purchase.line_id, purchase.month, purchase.category)
    if usage is not None:
        unit.put(replace(usage, won=usage.won + purchase.won))
        return
    unit.add(
        Usage(
            line_id=purchase.line_id,
            month=purchase.month,
            category=purchase.category,
            holder_id=purchase.holder_id,
            won=purchase.won,
            day_on=purchase.month,
            day_won=0,
        )
    )
