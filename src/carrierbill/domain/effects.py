"""Effects: what should hold on a line for its late bills, what may start, and when each is over."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from carrierbill.domain.arrears import Arrears, Claim
from carrierbill.domain.lateness import effective_due_on, ladder_on, lateness_on
from carrierbill.domain.line import LineEffect
from carrierbill.domain.money import MOST_WON
from carrierbill.domain.policy import Effect, Ladder, StageRow
from carrierbill.domain.restoration import comes_back_after

ANNOUNCING = (Effect.NOTICE_SMS, Effect.NOTICE_LETTER)
# What the gateways are told, and the notices themselves, wait for no notice.
ADVERSE = frozenset(Effect) - {Effect.PG_MARKED_UNPAID, *ANNOUNCING}
# What is told to a bureau or a list, and taken back as soon as it is no longer so.
REPORTED = frozenset(
    {Effect.REPORT_SHORT_TERM, Effect.REGISTER_LONG_TERM, Effect.LIST_KAIT, Effect.REPORT_INSURER}
)
# What is carried out only where the rule is firm or the operator stands for it.
TO_BE_CONFIRMED = REPORTED | {
    Effect.SUSPEND_LINE,
    Effect.STOP_OUTGOING,
    Effect.STOP_ALL,
    Effect.END_CONTRACT,
}
# Which of the restoration times an effect comes back by.
COMES_BACK_WITH: Mapping[Effect, str] = {
    Effect.BLOCK_PURCHASES: "purchases",
    Effect.PG_REFUSES: "purchases",
    Effect.MARK_LONG_TERM: "purchases",
    Effect.LIMIT_ZERO: "limit",
    Effect.SUSPEND_LINE: "line",
    Effect.STOP_OUTGOING: "line",
    Effect.STOP_ALL: "line",
}
# What ends when service returns under a debt adjustment that is being paid.
SERVICE = frozenset(
    {Effect.BLOCK_PURCHASES, Effect.SUSPEND_LINE, Effect.STOP_OUTGOING, Effect.STOP_ALL},
)
REMINDER = "reminder"
IN_ORDER = {effect: place for place, effect in enumerate(Effect)}


class WhyNot(StrEnum):
    """Why an effect that should hold may not start yet."""

    NOT_CONFIRMED = "not_confirmed"
    SPARED = "spared"
    NOT_ANNOUNCED = "not_announced"


@dataclass(frozen=True, slots=True)
class Due:
    """An effect that should hold on a line for a bill on a rung; `why_not` says why it may not start yet."""

    effect: Effect
    stage: str
    bill_id: int
    line_id: int
    why_not: WhyNot | None


def effects_due(arrears: Arrears, line_id: int) -> list[Due]:
    """Every effect that should hold for each late bill of the line, in bit order; one a bill and effect.

    What should hold and is not in force is shown with its `why_not`: "would hold, not confirmed".
    """
    found = [due for claim in arrears.late_on(line_id) for due in _due_for(claim, arrears)]
    return sorted(found, key=lambda due: (IN_ORDER[due.effect], due.bill_id))


def _due_for(claim: Claim, arrears: Arrears) -> Iterator[Due]:
    lateness = arrears.lateness_of(claim)
    ladder = ladder_on(arrears.day, arrears.rules).content
    rows = [row for row in ladder.rows if row.stage in lateness.stages]
    for effect in lateness.effects:
        ways = [
            _why_not(effect, row, claim, arrears=arrears)
            for row in rows
            if effect in row.effects_for(claim.bill.carrier)
        ]
        # Where several rungs bring the same effect, one that may start it is enough.
        why_not = None if None in ways else ways[0]
        stage = next(row.stage for row in rows if effect in row.effects_for(claim.bill.carrier))
        yield Due(effect, stage, claim.issued.id, claim.issued.line_id, why_not)


def notices_due(claim: Claim, arrears: Arrears) -> list[tuple[Effect, str]]:
    """The text messages and letters that are due for a bill by now, each with the stage that sends it."""
    if claim not in arrears.late:
        return []
    stages = arrears.lateness_of(claim).stages
    return [
        (effect, row.stage)
        for row in ladder_on(arrears.day, arrears.rules).content.rows
        for effect in row.effects_for(claim.bill.carrier)
        if row.stage in stages and effect in ANNOUNCING
    ]


def _why_not(effect: Effect, row: StageRow, claim: Claim, *, arrears: Arrears) -> WhyNot | None:
    is_spared = claim.issued.id in arrears.relieved.spared
    if effect not in ADVERSE:
        return WhyNot.SPARED if is_spared and effect in ANNOUNCING else None
    if effect in TO_BE_CONFIRMED and not row.confirmed:
        return WhyNot.NOT_CONFIRMED
    if is_spared:
        return WhyNot.SPARED
    ladder = ladder_on(arrears.day, arrears.rules).content
    for what, stage in announcements_before(row, claim.bill.carrier, ladder):
        delivered_on = arrears.delivered.get((claim.issued.id, what, stage))
        if delivered_on is None or delivered_on >= arrears.day:
            return WhyNot.NOT_ANNOUNCED
    return None


def announcements_before(row: StageRow, carrier: str, ladder: Ladder) -> tuple[tuple[str, str], ...]:
    """The notices that have to be delivered before a rung's effects start, each with its stage.

    Those of the rungs below it; where none below sends any, the last reminder before the due date.
    """
    below = ladder.rows[: ladder.rows.index(row)]
    found = tuple(
        (str(effect), lower.stage)
        for lower in below
        for effect in lower.effects_for(carrier)
        if effect in ANNOUNCING
    )
    return found or ((REMINDER, ""),)


def beginnings(dues: Iterable[Due], in_force: Collection[LineEffect]) -> list[Due]:
    """The effects of a line that start now: due, free to start and not in force; one row an effect.

    The mark at the gateways is kept for each bill, since each bill has gateways of its own.
    """
    held = {_row_of(effect.effect, effect.bill_id) for effect in in_force}
    found = []
    for due in dues:
        row = _row_of(due.effect, due.bill_id)
        if due.why_not is None and row not in held:
            held.add(row)
            found.append(due)
    return found


def _row_of(effect: Effect, bill_id: int) -> tuple[Effect, int | None]:
    return effect, bill_id if effect == Effect.PG_MARKED_UNPAID else None


@dataclass(frozen=True, slots=True)
class Return:
    """Whether an effect in force is over; if not, when it is (None: nobody says), or which bills hold it."""

    is_over: bool
    on: date | None = None
    held_by: tuple[int, ...] = ()


def return_of(effect: LineEffect, arrears: Arrears, dues: Collection[Due]) -> Return:
    """What becomes of an effect in force on a line, given all that is due on that line."""
    kind, day = effect.effect, arrears.day
    if kind == Effect.END_CONTRACT:
        return Return(is_over=False)
    still = [due.bill_id for due in dues if _row_of(due.effect, due.bill_id) == _row_of(kind, effect.bill_id)]
    relieved = arrears.relieved
    if relieved.served and kind in SERVICE and relieved.spared.issuperset(still):
        return Return(is_over=True)
    if still:
        return Return(is_over=False, held_by=tuple(still))
    if kind not in COMES_BACK_WITH or _fell_away(effect, arrears):
        return Return(is_over=True)
    if arrears.late:
        return Return(is_over=False, held_by=tuple(claim.issued.id for claim in arrears.late))
    back_on = _back_on(effect, arrears)
    return Return(is_over=back_on is not None and back_on <= day, on=back_on)


def _fell_away(effect: LineEffect, arrears: Arrears) -> bool:
    """Whether a late bill of the line would still bring it, were it not for the amount or the time bar."""
    for claim in arrears.late_on(effect.line_id):
        by_time = lateness_on(claim.bill, arrears.day, arrears.rules, counted_won=MOST_WON)
        rows = ladder_on(arrears.day, arrears.rules).content.rows
        reached = [row for row in rows if row.stage in by_time.stages]
        if any(effect.effect in row.effects_for(claim.bill.carrier) for row in reached):
            return True
    return False


def _back_on(effect: LineEffect, arrears: Arrears) -> date | None:
    """The day it comes back, all that was late being paid: the carrier's time after the last settlement."""
    paid = [
        (claim, paid_on)
        for claim in arrears.claims
        if (paid_on := claim.paid_late_on(arrears.day, arrears.rules)) and paid_on >= effect.began_on
    ]
    own = [claim for claim, _ in paid if claim.issued.line_id == effect.line_id]
    if not paid or not own:
        # Nothing was ever owed late: what made it so was taken back.
        return arrears.day
    paid_on = max(day for _, day in paid)
    ladder = ladder_on(paid_on, arrears.rules).content
    worst = max((stage_unpaid(claim, arrears) for claim in own), key=ladder.rank)
    back = comes_back_after(worst, own[0].bill.carrier, paid_on, rules=arrears.rules)
    part = COMES_BACK_WITH[effect.effect]
    on, reviewed_on = back.parts[part].earliest_on, arrears.relieved.reviewed_on
    if on is None and part == "purchases" and reviewed_on is not None and reviewed_on >= paid_on:
        return reviewed_on
    return on


def stage_unpaid(claim: Claim, arrears: Arrears) -> str:
    """The stage a settled bill would have had on the day of its settlement, had nothing been paid then."""
    settled_on = claim.bill.settled_on() or arrears.day
    counted_won = sum(
        other.bill.before(settled_on).unpaid_won_on(settled_on)
        for other in arrears.claims
        if other.bill.carrier == claim.bill.carrier
        and settled_on > effective_due_on(other.bill, arrears.rules)
    )
    return lateness_on(
        claim.bill.before(settled_on), settled_on, arrears.rules, counted_won=counted_won
    ).stage
