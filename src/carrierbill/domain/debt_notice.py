"""Debt notice: what a holder is told before a bill is due, while it is late, and when things come back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.arrangement import Arrangement, ArrangementKind
from carrierbill.domain.arrears import Claim
from carrierbill.domain.dates import ONE_DAY
from carrierbill.domain.effects import ADVERSE, ANNOUNCING, REMINDER, TO_BE_CONFIRMED
from carrierbill.domain.lateness import effective_due_on, ladder_on, rung_reached_on
from carrierbill.domain.notice import Channel, Notice, Told
from carrierbill.domain.outlook import contacts_for
from carrierbill.domain.policy import Effect, RuleSet, StageRow
from carrierbill.domain.reminder import Reminder

# The last reminder before the due date announces what follows first; those before it announce nothing.
EARLY_REMINDER = "early_reminder"
CHANNELS: Mapping[Effect, Channel] = {
    Effect.NOTICE_SMS: Channel.SMS,
    Effect.NOTICE_LETTER: Channel.LETTER,
}
# All that presses for money, by what it is.
PRESSING = (REMINDER, EARLY_REMINDER, *map(str, ANNOUNCING), "begun", "part_due", "plan_broken")
Details = dict[str, int | str]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Effects announced for a day, should nothing be paid."""

    from_on: date
    effects: tuple[Effect, ...]


def announcement_of(notice: Notice) -> tuple[int, str, str] | None:
    """What a notice about a bill is known by: the bill, what it is, the stage it was sent at."""
    if notice.bill_id is None:
        return None
    return notice.bill_id, notice.what, str(notice.details.get("stage", ""))


def ahead_of(claim: Claim, stage: str | None, day: date, *, counted_won: int, rules: RuleSet) -> list[Ahead]:
    """The adverse effects a notice of the day announces at a stage; those of the last reminder for None.

    Only what will be carried out is announced: not what is unconfirmed, nor what `counted_won` (the bill and
    all that counts with it) is too little for. Nothing follows before the day after.
    """
    rows = ladder_on(day, rules).content.rows
    places = [place for place, row in enumerate(rows) if _announces(row, claim)]
    if stage is None:
        announced = rows[: places[0] + 1] if places else rows
    else:
        announced = rows[[row.stage for row in rows].index(stage) + 1 :]
    found = []
    for row in announced:
        reached_on = rung_reached_on(row, claim.bill, rules)
        effects = tuple(effect for effect in row.effects_for(claim.bill.carrier) if _is_coming(effect, row))
        if reached_on and effects and counted_won >= row.at_least_won:
            found.append(Ahead(max(reached_on, day + ONE_DAY), effects))
    return found


def _announces(row: StageRow, claim: Claim) -> bool:
    return any(effect in ANNOUNCING for effect in row.effects_for(claim.bill.carrier))


def _is_coming(effect: Effect, row: StageRow) -> bool:
    return effect in ADVERSE and (row.confirmed or effect not in TO_BE_CONFIRMED)


def _with_ahead(details: Details, ahead: Sequence[Ahead], *also: str) -> Details:
    """The details with what is announced, and the keys of the further sentences to be said."""
    keys = list(also)
    if ahead:
        first, *rest = ahead
        details |= {"from_on": first.from_on.isoformat(), "effects": names(first.effects)}
        keys.append("notice.ahead")
        if rest:
            details["later"] = names(effect for each in rest for effect in each.effects)
            keys.append("notice.ahead_later")
    return details | ({"also": ",".join(keys)} if keys else {})


def names(effects: Iterable[Effect]) -> str:
    """Effects as a notice's details hold them."""
    return ",".join(dict.fromkeys(map(str, effects)))


def reminder_told(
    claim: Claim, reminder: Reminder, day: date, *, ahead: Sequence[Ahead] | None, rules: RuleSet
) -> Told:
    """A reminder; the last one announces what is `ahead` (None: it is not the last), a late one says so."""
    due_on = effective_due_on(claim.bill, rules)
    details: Details = {
        "due_on": due_on.isoformat(),
        "owed_won": claim.bill.unpaid_won_on(day),
        "days_before": reminder.days_before,
    }
    also = [f"notice.{reminder.autopay_fails}"] if reminder.autopay_fails else []
    return Told(
        what=EARLY_REMINDER if ahead is None else REMINDER,
        key="notice.reminder" if day <= due_on else "notice.reminder_passed",
        details=_with_ahead(details, ahead or (), *also),
        debt_contact=True,
        bill_id=claim.issued.id,
    )


def stage_told(
    claim: Claim, due: tuple[Effect, str], day: date, *, ahead: Sequence[Ahead], rules: RuleSet
) -> Told:
    """The text message or letter due at a stage, which announces all that follows."""
    effect, stage = due
    details: Details = {
        "stage": stage,
        "due_on": effective_due_on(claim.bill, rules).isoformat(),
        "unpaid_won": claim.bill.unpaid_won_on(day),
        "fee_won": claim.issued.fee_booked_won - claim.issued.fee_waived_won,
        "contact": contacts_for(claim.bill.carrier, day, rules)[0].content.number,
    }
    return Told(
        what=str(effect),
        key="notice.late",
        details=_with_ahead(details, ahead, "notice.help"),
        channel=CHANNELS[effect],
        debt_contact=True,
        bill_id=claim.issued.id,
    )


def begun_told(claim: Claim, effects: Iterable[Effect], day: date, *, rules: RuleSet) -> Told:
    """What begins to hold today, and for which bill."""
    details: Details = {
        "effects": names(effects),
        "due_on": effective_due_on(claim.bill, rules).isoformat(),
        "unpaid_won": claim.bill.unpaid_won_on(day),
        "contact": contacts_for(claim.bill.carrier, day, rules)[0].content.number,
        "also": "notice.help",
    }
    return Told("begun", "notice.begun", details, debt_contact=True, bill_id=claim.issued.id)


def returned_told(effects: Iterable[Effect], day: date) -> Told:
    """What no longer holds from today on."""
    return Told("returned", "notice.returned", {"effects": names(effects), "on": day.isoformat()})


def part_due_told(plan: Arrangement, due_on: date) -> Told:
    """A part of an instalment plan that is due soon."""
    details: Details = {"part_won": plan.part_won, "due_on": due_on.isoformat()}
    return Told("part_due", "notice.part_due", details, debt_contact=True, bill_id=plan.bill_id)


def plan_told(plan: Arrangement, what: str) -> Told:
    """What became of a relief: `granted`, `refused`, `kept`, `broken`, `served`."""
    details: Details = {"waived_won": plan.waived_won, "part_won": plan.part_won, "months": plan.months}
    if plan.first_due_on is not None:
        details["first_on"] = plan.first_due_on.isoformat()
    pressing = what == "broken" and plan.kind == ArrangementKind.INSTALMENT
    key = f"notice.{plan.kind}_{what}"
    return Told(f"plan_{what}", key, details, debt_contact=pressing, bill_id=plan.bill_id)
