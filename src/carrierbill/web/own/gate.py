"""Gate: whose line an asker may see or change; not theirs and not there look alike."""

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from carrierbill.domain.consent import Consent
from carrierbill.domain.line import Line
from carrierbill.services.decide import Remembered
from carrierbill.services.on_record import Noted, NoteReading, note_reading
from carrierbill.services.ports import Once
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web.api import PURPOSE, Asking, Caller
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError, invalid
from carrierbill.web.shapes.own_asked import not_there

OPS, READ, WRITE, REPAY = (
    f"carrierbill:{scope}" for scope in ("ops", "lines:read", "lines:write", "repayments:write")
)
Record = TypeVar("Record")
PURPOSE_SHAPE = re.compile("[ -~]{3,200}")


@dataclass(frozen=True)
class Gate:
    """Lets askers through to lines and what belongs to them.

    A token of a line opens that line. Without one, an operator sees every line, each reading on record with
    its purpose; another client sees the lines whose holders consented to it.
    """

    office: Office

    def is_ops(self, caller: Caller) -> bool:
        """Whether an operator asks; with a token of a line nobody is one."""
        return caller.number is None and OPS in caller.scopes

    def check_ops(self, asking: Asking) -> None:
        """ProblemError for a token of a line, whatever its scopes: it opens that line alone."""
        if asking.caller.number is not None:
            raise ProblemError("PERMISSION_DENIED")

    def number(self, told: str, of: str) -> int:
        """The number here of an id that was told; ProblemError for what never was."""
        found = self.office.ids.number(told, of)
        if found is None:
            raise not_there()
        return found

    def told(self, number: int, of: str) -> str:
        """The id that is told for a number here."""
        return self.office.ids.told(number, of)

    def told_or_none(self, number: int | None, of: str) -> str | None:
        """The same where there may be nothing."""
        return None if number is None else self.told(number, of)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────
    async def line_to_read(self, asking: Asking, what: str) -> Line:
        """The line of the address, for an asker that may read it."""
        return await self.read_line(asking, self.number(asking.path["lineId"], "line"), what)

    async def read_line(self, asking: Asking, line_id: int, what: str) -> Line:
        """A line by its number here, for an asker that may read it; an operator's reading is noted."""
        purpose = self.purpose(asking)
        line = await self.office.read(lambda unit: line_for(asking.caller, line_id, unit))
        if line is None:
            raise not_there()
        if purpose:
            await self.note(asking, what, line.id)
        return line

    def purpose(self, asking: Asking) -> str:
        """Why an operator asks, which has to be said; nothing for others."""
        is_ops, purpose = self.is_ops(asking.caller), asking.purpose
        if (purpose is not None or is_ops) and not PURPOSE_SHAPE.fullmatch(purpose or ""):
            raise invalid(PURPOSE)
        return purpose if is_ops and purpose is not None else ""

    async def note(self, asking: Asking, what: str, line_id: int | None = None) -> None:
        """Put an operator's reading on record, before anything is read."""
        reading = NoteReading(asking.caller.client, what, why_of(asking), line_id)
        await self.office.decide(note_reading, reading)

    # ── changing ─────────────────────────────────────────────────────────────────────────────────────────
    async def line_to_change(self, asking: Asking) -> Line:
        """The line of the address, for an asker that may change it."""
        return await self.change_line(asking, self.number(asking.path["lineId"], "line"))

    async def change_line(self, asking: Asking, line_id: int) -> Line:
        """A line by its number here; one who only asks again gets the first answer, whatever came since."""

        def found(unit: UnitOfWork) -> Line | None:
            line = line_for(asking.caller, line_id, unit)
            if line is None and asking.once is not None and is_asked_again(asking.once, unit):
                line = first(unit.peek(Line, id=[line_id]))
            return line

        line = await self.office.read(found)
        if line is None:
            raise not_there()
        return line

    def by_holder(self, caller: Caller) -> bool:
        """Whether what is asked for is the holder's own word: by their token, or taken by an operator."""
        return caller.number is not None or self.is_ops(caller)

    def noted(self, asking: Asking, command: Any, action: str, *, line_id: int | None = None) -> Noted:  # noqa: ANN401  # of any service
        """A command to be noted with who gives it and why."""
        return Noted(command, asking.caller.client, action, line_id, why_of(asking))


def why_of(asking: Asking) -> str:
    """What is said of why, where it is said in a way that can be kept."""
    said = asking.purpose or ""
    return said if PURPOSE_SHAPE.fullmatch(said) else ""


def first(found: list[Record]) -> Record | None:
    """What was found, if anything."""
    return found[0] if found else None


def line_for(caller: Caller, line_id: int, unit: UnitOfWork) -> Line | None:
    """The line, if the caller may have it."""
    line = first(unit.peek(Line, id=[line_id]))
    if line is None:
        return None
    if caller.number is not None:
        place = unit.lines_by_number([caller.number]).get(caller.number)
        return line if place is not None and place[0] == line.id else None
    if OPS in caller.scopes:
        return line
    consents = unit.peek(Consent, line_id=[line.id], client=[caller.client])
    return line if any(consent.holds for consent in consents) else None


def is_asked_again(once: Once, unit: UnitOfWork) -> bool:
    """Whether the very same was asked before under this name, and decided."""
    unit.load_answers([once])
    earlier = unit.answered(once)
    return isinstance(earlier, Remembered) and earlier.fingerprint == once.fingerprint
