"""Day's work: what a day does to a line: its fees, what is told, what starts, ends and is reported."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.arrangement import Arrangement
from carrierbill.domain.arrears import Arrears, Claim, arrears_on
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import seoul_day
from carrierbill.domain.debt_notice import (
    Ahead,
    ahead_of,
    begun_told,
    reminder_told,
    returned_told,
    stage_told,
)
from carrierbill.domain.effects import (
    ADVERSE,
    COMES_BACK_WITH,
    IN_ORDER,
    REMINDER,
    REPORTED,
    Due,
    beginnings,
    effects_due,
    notices_due,
    return_of,
)
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.notice import BureauReport, Told
from carrierbill.domain.policy import Effect, RuleSet
from carrierbill.domain.reminder import AutoPay, reminders_for
from carrierbill.services.owing import bills_of, book_fee, owed_on, rules_bill
from carrierbill.services.plans import follow_plans, relieved_on
from carrierbill.services.ports import Unit
from carrierbill.services.telling import announced, delivered, tell


@dataclass(frozen=True, slots=True)
class Worked:
    """What days brought a line so far."""

    fee_won: int = 0
    started: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    notices: int = 0

    def plus(self, other: "Worked") -> "Worked":
        """Both together."""
        return Worked(
            self.fee_won + other.fee_won,
            (*self.started, *other.started),
            (*self.ended, *other.ended),
            self.notices + other.notices,
        )


class DaysWork:
    """Works days on lines whose holders are locked and loaded."""

    def __init__(self, unit: Unit, rules: RuleSet) -> None:
        """Begin with nothing worked."""
        self._unit, self._rules = unit, rules
        self._notices = 0

    def of_line(self, line_id: int, day: date, *, told_on: date) -> Worked:
        """Work one day of a line; `told_on` is the day on which bureaus are told what it brings."""
        unit, rules = self._unit, self._rules
        line = unit.get(Line, line_id)
        if line is None:
            raise LookupError(line_id)
        self._notices = 0
        fee_won = self._book_fees(line, day)
        for told in follow_plans(line, day, unit, rules=rules):
            self._tell(told, line)
        arrears = self._arrears(line, day)
        self._remind(line, arrears)
        self._warn(line, arrears)
        dues = effects_due(arrears, line.id)
        ended = self._end(line, arrears, dues)
        started = self._start(line, arrears, dues)
        self._report(line, arrears, dues, told_on=told_on)
        self._close(line, day)
        return Worked(fee_won, started, ended, self._notices)

    # ── fees ─────────────────────────────────────────────────────────────────────────────────────────────
    def _book_fees(self, line: Line, day: date) -> int:
        """Book every open bill's fee to the day; what that comes to."""
        fee_won = 0
        for bill in bills_of(line, self._unit):
            if bill.closed_on is None and day > bill.due_on:
                after = book_fee(bill, day, self._unit, rules=self._rules)
                fee_won += after.fee_booked_won - bill.fee_booked_won
        return fee_won

    def _arrears(self, line: Line, day: date) -> Arrears:
        """How the line's holder stands at the end of the day, over all lines."""
        unit, rules = self._unit, self._rules
        claims = [Claim(bill, rules_bill(bill, unit)) for bill in unit.of_holder(IssuedBill, line.holder_id)]
        return arrears_on(
            day,
            rules,
            claims,
            delivered=delivered(announced(line.holder_id, unit)),
            relieved=relieved_on(line.holder_id, day, unit, rules=rules),
        )

    # ── what is told ─────────────────────────────────────────────────────────────────────────────────────
    def _tell(self, told: Told, line: Line) -> None:
        tell(told, line, self._unit, rules=self._rules)
        self._notices += 1

    def _remind(self, line: Line, arrears: Arrears) -> None:
        """Send the last reminder whose day has come by now and that is not sent yet."""
        known, today = announced(line.holder_id, self._unit), seoul_day(self._unit.now)
        autopay = AutoPay(line.card_expires_on, line.balance_won)
        for claim in self._pressed(line, arrears):
            if (claim.issued.id, REMINDER, "") in known:
                continue
            reminders = list(reminders_for(claim.bill, self._rules, autopay))
            if not reminders or reminders[0].on > arrears.day:
                continue
            come = [reminder for reminder in reminders if reminder.on <= today]
            ahead = self._ahead(claim, None, arrears) if len(come) == len(reminders) else None
            told = reminder_told(claim, come[-1], today, ahead=ahead, rules=self._rules)
            if (claim.issued.id, told.what, "") not in known:
                self._tell(told, line)

    def _warn(self, line: Line, arrears: Arrears) -> None:
        """Send the text messages and letters of the rungs that are reached and were not sent yet."""
        known, today = announced(line.holder_id, self._unit), seoul_day(self._unit.now)
        for claim in self._pressed(line, arrears):
            for due in notices_due(claim, arrears):
                if (claim.issued.id, *map(str, due)) not in known:
                    ahead = self._ahead(claim, due[1], arrears)
                    told = stage_told(claim, due, today, ahead=ahead, rules=self._rules)
                    self._tell(told, line)

    def _ahead(self, claim: Claim, stage: str | None, arrears: Arrears) -> list[Ahead]:
        """What a notice announces now: thresholds look at the bill beside all that is late already."""
        today, carrier = seoul_day(self._unit.now), claim.bill.carrier
        others_won = arrears.counted_won.get(carrier, 0)
        own_won = 0 if claim in arrears.late else claim.bill.unpaid_won_on(today)
        return ahead_of(claim, stage, today, counted_won=others_won + own_won, rules=self._rules)

    def _pressed(self, line: Line, arrears: Arrears) -> Iterable[Claim]:
        """The line's bills that are unpaid, on the day and now, and that no relief spares."""
        today = seoul_day(self._unit.now)
        return [
            claim
            for claim in arrears.claims
            if claim.issued.line_id == line.id
            and claim.issued.id not in arrears.relieved.spared
            and claim.bill.unpaid_won_on(arrears.day) > 0
            and claim.bill.unpaid_won_on(today) > 0
        ]

    # ── what ends and what starts ────────────────────────────────────────────────────────────────────────
    def _in_force(self, line: Line) -> list[LineEffect]:
        effects = self._unit.of_holder(LineEffect, line.holder_id)
        return [effect for effect in effects if effect.line_id == line.id and effect.ended_on is None]

    def bring_back(self, line: Line) -> None:
        """End what comes back at once now that money came in; marks and reports follow with the day."""
        if self._in_force(line):
            arrears = self._arrears(line, seoul_day(self._unit.now))
            self._end(line, arrears, effects_due(arrears, line.id), only=COMES_BACK_WITH)

    def _end(
        self, line: Line, arrears: Arrears, dues: Sequence[Due], *, only: Collection[Effect] = IN_ORDER
    ) -> tuple[str, ...]:
        held = [effect for effect in self._in_force(line) if effect.effect in only]
        over = [effect for effect in held if return_of(effect, arrears, dues).is_over]
        for effect in over:
            self._unit.put(replace(effect, ended_on=arrears.day))
        felt = [effect.effect for effect in over if effect.effect in ADVERSE]
        if felt:
            self._tell(returned_told(felt, arrears.day), line)
        return tuple(str(effect.effect) for effect in over)

    def _start(self, line: Line, arrears: Arrears, dues: Sequence[Due]) -> tuple[str, ...]:
        begun = beginnings(dues, self._in_force(line))
        for due in begun:
            self._unit.add(
                LineEffect(
                    id=self._unit.new_id(LineEffect),
                    line_id=line.id,
                    holder_id=line.holder_id,
                    effect=due.effect,
                    stage=due.stage,
                    bill_id=due.bill_id,
                    began_on=arrears.day,
                )
            )
        felt = [due for due in begun if due.effect in ADVERSE]
        if felt:
            claim = next(claim for claim in arrears.late if claim.issued.id == felt[0].bill_id)
            effects = [due.effect for due in felt]
            self._tell(begun_told(claim, effects, arrears.day, rules=self._rules), line)
        return tuple(str(due.effect) for due in begun)

    # ── what bureaus and lists are told ──────────────────────────────────────────────────────────────────
    def _report(self, line: Line, arrears: Arrears, dues: Sequence[Due], *, told_on: date) -> None:
        """Hold what should be told and may not be yet, report what may, withdraw what is no longer so."""
        unit = self._unit
        live = {
            (report.bill_id, report.effect): report
            for report in unit.of_holder(BureauReport, line.holder_id)
            if report.line_id == line.id and report.withdrawn_on is None
        }
        unpaid_won = {claim.issued.id: claim.bill.unpaid_won_on(arrears.day) for claim in arrears.late}
        for due in dues:
            if due.effect not in REPORTED:
                continue
            report = live.pop((due.bill_id, str(due.effect)), None)
            reported_on = told_on if due.why_not is None else None
            if report is None:
                unit.add(
                    BureauReport(
                        id=unit.new_id(BureauReport),
                        line_id=line.id,
                        holder_id=line.holder_id,
                        bill_id=due.bill_id,
                        effect=str(due.effect),
                        won=unpaid_won[due.bill_id],
                        held_on=arrears.day,
                        reported_on=reported_on,
                    )
                )
            elif report.reported_on is None and reported_on is not None:
                unit.put(replace(report, won=unpaid_won[due.bill_id], reported_on=reported_on))
        for report in live.values():
            unit.put(replace(report, withdrawn_on=told_on))

    # ── bills to which nothing more can happen ───────────────────────────────────────────────────────────
    def _close(self, line: Line, day: date) -> None:
        for bill in bills_of(line, self._unit):
            is_over = bill.settled_on is not None and bill.settled_on <= day
            if bill.closed_on is None and is_over and owed_on(bill, self._unit).fee_open_won == 0:
                self._unit.put(replace(bill, closed_on=day))


def load_effects(unit: Unit, holder_ids: Collection[int]) -> None:
    """Load what is in force on the lines of locked holders whose bills are loaded, and what bears on it."""
    held = {effect.holder_id for effect in unit.load(LineEffect, holder_id=holder_ids, ended_on=None)}
    unit.load(Line, holder_id=held)
    unit.load(Arrangement, holder_id=held)


def bring_back(holder_id: int, unit: Unit, rules: RuleSet) -> None:
    """End what comes back at once on a holder's lines, now that something was paid; after `load_effects`."""
    work = DaysWork(unit, rules)
    for line in unit.of_holder(Line, holder_id):
        work.bring_back(line)
