"""Record consent: a holder lets a line buy, or a client ask about it; either ends as soon as they say so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.consent import Consent, ConsentPurpose
from carrierbill.domain.dates import seoul_day
from carrierbill.domain.line import Line
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import line_of
from carrierbill.services.ports import Audit, Once, Unit


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """A consent on a line; `by_holder`: the holder gave it, by a token of the line or before a clerk."""

    line_id: int
    purpose: ConsentPurpose
    client: str
    actor: str
    by_holder: bool
    why: str = ""
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A consent on record, and since when it holds."""

    line_id: int
    given_on: date


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """A consent that is to hold no longer."""

    line_id: int
    purpose: ConsentPurpose
    client: str
    actor: str
    why: str = ""
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """A consent that does not hold, from now on or already before."""

    line_id: int


def give_consent(commands: Sequence[GiveConsent], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ConsentGiven, Refused where it was not the holder, or a BadInputError for no line."""
    del rules  # a consent stands by itself
    _load({command.line_id for command in commands}, unit)

    def decide(command: GiveConsent) -> ConsentGiven | Refused:
        line = line_of(command.line_id, unit)
        if not command.by_holder:
            return Refused("line.consent", Saying("refusal.consent_holder"), Saying("refusal.consent_lifted"))
        given_on = _given(command, line, unit)
        unit.audit(_audit(command, "consent.give", unit))
        return ConsentGiven(line.id, given_on)

    return decide_each(commands, unit, decide)


def withdraw_consent(commands: Sequence[WithdrawConsent], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ConsentWithdrawn, whether or not there was one; a BadInputError for no line."""
    del rules  # a holder may withdraw at any time
    _load({command.line_id for command in commands}, unit)

    def decide(command: WithdrawConsent) -> ConsentWithdrawn:
        line = line_of(command.line_id, unit)
        if command.purpose == ConsentPurpose.PURCHASES:
            unit.put(replace(line, consented_on=None))
        else:
            kept = unit.get(Consent, line.id, command.client)
            if kept is not None and kept.holds:
                unit.put(replace(kept, withdrawn_on=seoul_day(unit.now)))
        unit.audit(_audit(command, "consent.withdraw", unit))
        return ConsentWithdrawn(line.id)

    return decide_each(commands, unit, decide)


def _load(line_ids: Collection[int], unit: Unit) -> None:
    unit.lock({line.holder_id for line in unit.peek(Line, id=line_ids)})
    unit.load(Line, id=line_ids)
    unit.load(Consent, line_id=line_ids)


def _given(command: GiveConsent, line: Line, unit: Unit) -> date:
    """Keep the consent; one that holds already stays as it is."""
    today = seoul_day(unit.now)
    if command.purpose == ConsentPurpose.PURCHASES:
        if line.consented_on is None:
            unit.put(replace(line, consented_on=today))
        return line.consented_on or today
    kept = unit.get(Consent, line.id, command.client)
    if kept is None:
        unit.add(Consent(line.id, command.client, line.holder_id, today))
    elif not kept.holds:
        unit.put(replace(kept, given_on=today, withdrawn_on=None))
    else:
        return kept.given_on
    return today


def _audit(command: GiveConsent | WithdrawConsent, action: str, unit: Unit) -> Audit:
    details = {"purpose": str(command.purpose), "client": command.client}
    return Audit(command.actor, action, unit.now, command.line_id, command.why, details)
