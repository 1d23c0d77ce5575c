"""Ways: what can be done now, what is open first, and whom to call."""

from collections.abc import Mapping
from dataclasses import dataclass

from carrierbill.domain.limits import recommended_limit, recommended_limit_won
from carrierbill.domain.outlook import contacts_for
from carrierbill.domain.policy import Contact, Value
from carrierbill.domain.position import Position
from carrierbill.domain.relief import Relief, relief_on
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked

# Which line a way leads to: the carrier's own, or another by its key. The rest needs no call.
CARRIERS_LINE = ("ask_carrier", "waiver", "carrier_instalment")
OTHER_LINE = {"debt_adjustment": "credit_recovery"}
# Told where it applies and nowhere else.
BESIDE_ARREARS = "cash_advance_beside_arrears"


@dataclass(frozen=True, slots=True)
class Way:
    """One way, and the line it leads to (None: no call is needed)."""

    relief: Relief
    contact: Value[Contact] | None


@dataclass(frozen=True, slots=True)
class Ways:
    """Open ways in their order, then those that are not; lines to call; the advised limit.

    `watch` is what to watch while nothing is late yet.
    """

    open: tuple[Way, ...]
    closed: tuple[Way, ...]
    carrier_line: Value[Contact] | None
    contacts: tuple[Value[Contact], ...]
    limit_won: int
    by_income: bool
    watch: Saying | None
    notes: tuple[str, ...]


def ways_for(asked: Asked, position: Position) -> Ways:
    """What can be done about the bill on the day."""
    contacts = contacts_for(asked.bill.carrier, asked.on, asked.rules)
    by_key = {contact.key: contact for contact in contacts}
    carrier_line = next((contact for contact in contacts if contact.content.carrier), None)
    ways = [
        Way(relief, _line_for(relief, carrier_line, by_key)) for relief in relief_on(position, asked.rules)
    ]
    is_late = position.unpaid_won > 0 and position.on > position.effective_due_on
    return Ways(
        open=tuple(way for way in ways if way.relief.open),
        closed=tuple(way for way in ways if not way.relief.open),
        carrier_line=carrier_line,
        contacts=contacts,
        limit_won=recommended_limit_won(asked.income_won, asked.on, asked.rules),
        by_income=asked.income_won is not None,
        watch=None if is_late else _watch(asked, position),
        notes=(BESIDE_ARREARS,) if asked.cash_advance and is_late else (),
    )


def _watch(asked: Asked, position: Position) -> Saying | None:
    if not asked.cash_advance or position.unpaid_won == 0:
        return None
    return Saying("page.ways.cash_advance_in_time", {"due_on": position.effective_due_on})


def limit_notes(asked: Asked) -> tuple[str, ...]:
    """The notes on the advised limit."""
    return recommended_limit(asked.on, asked.rules).notes


def _line_for(
    relief: Relief, carrier_line: Value[Contact] | None, by_key: Mapping[str, Value[Contact]]
) -> Value[Contact] | None:
    if relief.id in CARRIERS_LINE:
        return carrier_line
    return by_key.get(OTHER_LINE.get(relief.id, ""))
