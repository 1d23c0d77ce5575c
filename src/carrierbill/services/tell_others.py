"""Tell others: what credit bureaus, lists and gateways are told of a day, with whom it is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.notice import BureauReport
from carrierbill.domain.policy import Effect
from carrierbill.domain.purchase import Purchase
from carrierbill.services.ports import Audit, NamedReport, Unit

ADD, WITHDRAW = "add", "withdraw"
MARK, CLEAR = "mark", "clear"


@dataclass(frozen=True, slots=True)
class GatewayMark:
    """A line a gateway is told is unpaid, or is so no longer: `won` is what that gateway has on the bill."""

    id: int
    client: str
    action: str
    number: str
    bill_id: int
    due_on: date
    won: int


def bureau_reports_of(day: date, unit: Unit) -> list[NamedReport]:
    """What bureaus and lists are told of a day: what is reported on it, and what is withdrawn again.

    What was cured before it was reported, or on the same day, is told to nobody.
    """
    new = unit.peek(BureauReport, reported_on=[day])
    told = [(report, ADD) for report in new if report.withdrawn_on != day]
    gone = unit.peek(BureauReport, withdrawn_on=[day])
    told += [(report, WITHDRAW) for report in gone if report.reported_on not in (None, day)]
    lines = {line.id: line for line in unit.peek(Line, id={report.line_id for report, _ in told})}
    names = unit.people.names_of({report.holder_id for report, _ in told})
    numbers = unit.people.numbers_of(lines)
    _note_reading("bureau files", day, len(told), unit=unit)
    return [
        NamedReport(
            report=report,
            action=action,
            name=names.get(report.holder_id, ""),
            number=numbers.get(report.line_id, ""),
            carrier=lines[report.line_id].carrier,
        )
        for report, action in sorted(told, key=lambda each: (each[0].id, each[1]))
    ]


def gateway_marks_of(day: date, unit: Unit) -> list[GatewayMark]:
    """What gateways are told of a day: whose bills with their purchases are late from it on, or no longer."""
    kind = [Effect.PG_MARKED_UNPAID]
    marks = [(effect, MARK) for effect in unit.peek(LineEffect, effect=kind, began_on=[day])]
    marks += [(effect, CLEAR) for effect in unit.peek(LineEffect, effect=kind, ended_on=[day])]
    bill_ids = {effect.bill_id for effect, _ in marks}
    bills = {bill.id: bill for bill in unit.peek(IssuedBill, id=bill_ids)}
    by_client = _won_by_client(unit.peek(Purchase, bill_id=bill_ids))
    numbers = unit.people.numbers_of({effect.line_id for effect, _ in marks})
    _note_reading("gateway files", day, len(marks), unit=unit)
    return [
        GatewayMark(
            id=effect.id,
            client=client,
            action=action,
            number=numbers.get(effect.line_id, ""),
            bill_id=effect.bill_id,
            due_on=bills[effect.bill_id].due_on,
            won=won,
        )
        for effect, action in sorted(marks, key=lambda each: (each[0].id, each[1]))
        for client, won in by_client.get(effect.bill_id, ())
    ]


def _won_by_client(purchases: Iterable[Purchase]) -> dict[int, Sequence[tuple[str, int]]]:
    """What each gateway has on each bill."""
    sums: dict[int, dict[str, int]] = {}
    for purchase in purchases:
        if purchase.bill_id is not None:
            on_bill = sums.setdefault(purchase.bill_id, {})
            on_bill[purchase.client] = on_bill.get(purchase.client, 0) + purchase.left_won
    return {bill_id: sorted(of_clients.items()) for bill_id, of_clients in sums.items()}


def _note_reading(of_what: str, day: date, count: int, *, unit: Unit) -> None:
    """Who holders are was read: how many, and what for."""
    if count:
        details = {"day": day.isoformat(), "records": count}
        unit.audit(Audit("carrierbill", f"read numbers for {of_what}", unit.now, details=details))
