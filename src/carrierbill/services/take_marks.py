"""Take marks: a gateway's own arrears marks are taken, and cleared again, each once for good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.bill import check_won
from carrierbill.domain.dates import seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.gateway import GatewayArrears
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import decide_each, outcome
from carrierbill.services.ports import Once, Unit
from carrierbill.services.tell_others import CLEAR, MARK


@dataclass(frozen=True, slots=True)
class TakeMark:
    """A gateway says that a line owes it something (`mark`), or does so no longer (`clear`)."""

    client: str
    reference: str
    action: str
    number: str
    won: int
    due_on: date
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class MarkTaken:
    """The arrears as they are known now; `new` is false for what was said before."""

    arrears_id: int
    action: str
    new: bool


def take_marks(commands: Sequence[TakeMark], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's MarkTaken, or a BadInputError for a number, mark or amount that cannot be.

    What was cleared stays so when its mark is said again: a file that is read twice changes nothing twice.
    """
    del rules  # what a gateway's books say is a fact
    numbers = unit.lines_by_number([command.number for command in commands])
    unit.lock({holder_id for _, holder_id in numbers.values()})
    clients, references = ({getattr(each, name) for each in commands} for name in ("client", "reference"))
    found = unit.load(GatewayArrears, client=clients, reference=references)
    known = {(arrears.client, arrears.reference): arrears.id for arrears in found}

    def decide(command: TakeMark) -> MarkTaken:
        if command.action not in (MARK, CLEAR):
            raise BadInputError("action", Saying("bad_input.mark_action", {"known": f"{MARK}, {CLEAR}"}))
        check_won("won", command.won)
        if command.number not in numbers:
            raise BadInputError("number", Saying("bad_input.no_such_number"))
        key = (command.client, command.reference)
        arrears = unit.get(GatewayArrears, known[key]) if key in known else None
        if arrears is None:
            arrears = _marked(command, numbers[command.number], unit)
            known[key] = arrears.id
            return MarkTaken(arrears.id, command.action, new=True)
        if (arrears.line_id, arrears.won, arrears.due_on) != (
            numbers[command.number][0],
            command.won,
            command.due_on,
        ):
            raise BadInputError("reference", Saying("bad_input.reference_differs"))
        is_new = command.action == CLEAR and arrears.cleared_on is None
        if is_new:
            unit.put(replace(arrears, cleared_on=seoul_day(unit.now)))
        return MarkTaken(arrears.id, command.action, new=is_new)

    return decide_each(commands, unit, decide)


def _marked(command: TakeMark, owner: tuple[int, int], unit: Unit) -> GatewayArrears:
    if command.action == CLEAR:
        raise BadInputError("reference", Saying("bad_input.no_such_mark"))
    line_id, holder_id = owner
    arrears = GatewayArrears(
        id=unit.new_id(GatewayArrears),
        client=command.client,
        reference=command.reference,
        line_id=line_id,
        holder_id=holder_id,
        won=command.won,
        due_on=command.due_on,
        marked_on=seoul_day(unit.now),
    )
    unit.add(arrears)
    return arrears
