"""On record: who read whose data and why, and who did what, kept in the audit trail of the same commit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from carrierbill.domain.policy import RuleSet
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.ports import Audit, Once, Unit


@dataclass(frozen=True, slots=True)
class NoteReading:
    """Somebody is about to read what is known of a line (None: of many); `why` is their reason."""

    actor: str
    what: str
    why: str
    line_id: int | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class ReadingNoted:
    """A reading that is on record."""


def note_reading(commands: Sequence[NoteReading], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ReadingNoted."""
    del rules  # every reading is noted

    def decide(command: NoteReading) -> ReadingNoted:
        unit.audit(Audit(command.actor, f"read.{command.what}", unit.now, command.line_id, command.why))
        return ReadingNoted()

    return decide_each(commands, unit, decide)


@dataclass(frozen=True, slots=True)
class Noted:
    """A command with who gives it and why, to be noted once it is carried out."""

    command: Any
    actor: str
    action: str
    line_id: int | None = None
    why: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def once(self) -> Once | None:
        """The name of the command itself."""
        once: Once | None = self.command.once
        return once


Service = Callable[[Sequence[Any], Unit, RuleSet], list[object]]


def on_record(service: Service) -> Service:
    """The service, with each command that it carries out noted; not one that is only asked again."""

    def noted(commands: Sequence[Noted], unit: Unit, rules: RuleSet) -> list[object]:
        unit.load_answers([command.once for command in commands if command.once is not None])
        known = {once for command in commands if (once := command.once) and unit.answered(once) is not None}
        outcomes = service([command.command for command in commands], unit, rules)
        for command, what in zip(commands, outcomes, strict=True):
            if command.once not in known and not isinstance(what, (Refused, Exception)):
                unit.audit(_audit(command, unit))
            if command.once is not None:
                known.add(command.once)
        return outcomes

    return noted


def _audit(command: Noted, unit: Unit) -> Audit:
    return Audit(command.actor, command.action, unit.now, command.line_id, command.why, dict(command.details))
