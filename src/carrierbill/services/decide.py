"""Decide: commands one after the other in one transaction; a repeated one gets its first answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from carrierbill.domain.copies import maker_of
from carrierbill.domain.errors import RefusedError, SayableError
from carrierbill.domain.limits import Declined
from carrierbill.domain.saying import Saying
from carrierbill.services.ports import Once, Unit


class Command(Protocol):
    """What a service is told to do; `once` names it for good (None: it may not be repeated)."""

    @property
    def once(self) -> Once | None:
        """The name under which its outcome is remembered."""
        ...


class KeyReusedError(SayableError):
    """The same idempotency key came with another command."""

    def __init__(self, key: str) -> None:
        """Name the key."""
        super().__init__(Saying("refusal.key_reused", {"key": key}))


Decision = TypeVar("Decision", bound=type)
# The outcomes there are, by name: what is remembered is written and read by it.
OUTCOMES: dict[str, type] = {"Declined": Declined, "Saying": Saying}


def outcome(kind: Decision) -> Decision:
    """Mark a dataclass as an outcome to be remembered; its fields are plain values or other outcomes."""
    OUTCOMES[kind.__name__] = kind
    return kind


@outcome
@dataclass(frozen=True, slots=True)
class Refused:
    """A command that a rule refuses: which, what is told, what would lift it. An answer, not a failure."""

    rule: str
    told: Saying
    lifted_by: Saying | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """An outcome as it was first decided, beside the fingerprint of the command it answered."""

    fingerprint: str
    outcome: object


make_remembered = maker_of(Remembered)
Given = TypeVar("Given", bound=Command)


def decide_each(commands: Sequence[Given], unit: Unit, decide: Callable[[Given], object]) -> list[object]:
    """The outcome of each command in order: what `decide` returns, Refused, or a BadInputError it raised.

    A command that raises leaves nothing behind; its neighbours are decided all the same. Decisions are
    remembered, refusals too; bad commands are not. Errors nobody can be told (bugs) are raised, for the
    caller to try the commands one by one.
    """
    unit.load_answers([command.once for command in commands if command.once is not None])
    return [_decided(command, unit, decide) for command in commands]


def _decided(command: Given, unit: Unit, decide: Callable[[Given], object]) -> object:
    once = command.once
    if once is not None:
        earlier = unit.answered(once)
        if isinstance(earlier, Remembered):
            return earlier.outcome if earlier.fingerprint == once.fingerprint else KeyReusedError(once.key)
    mark = unit.mark()
    try:
        decision = decide(command)
    except RefusedError as refused:
        unit.undo_to(mark)
        decision = Refused(refused.rule, refused.reason, refused.lifted_by)
    except SayableError as told:
        unit.undo_to(mark)
        return told
    if once is not None:
        unit.remember(once, make_remembered(once.fingerprint, decision))
    return decision
