"""Line list: lines as a spreadsheet lists them, CSV or XLSX, read strictly; each fault with its row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carrierbill.documents.strict_list import (
    WHOLE,
    CellFaultError,
    Fault,
    Shape,
    day_in,
    number_in,
    read_strict_list,
    text_in,
    whole_in,
    yes_in,
)
from carrierbill.services.register_line import RegisterLine, same_number


@dataclass(slots=True)
class LineList:
    """The lines of a list with the rows they stand in, and everything that is wrong with it."""

    lines: list[tuple[int, RegisterLine]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_line_list(file: Path) -> LineList:
    """The list in a file; BadInputError for one that cannot be read at all."""
    found = read_strict_list(file, SHAPE)
    return LineList([(at, RegisterLine(**values)) for at, values in found.rows], found.faults)


def _by_category(cell: object) -> tuple[tuple[str, int], ...]:
    """`game=0 voucher=50000`."""
    limits = []
    for part in text_in(cell).split():
        category, parted, won = part.partition("=")
        if not parted or not WHOLE.fullmatch(won):
            raise CellFaultError("by_category")
        limits.append((category, int(won.replace(",", ""))))
    return tuple(limits)


READERS: Mapping[str, Callable[[object], Any]] = {
    "number": number_in,
    "name": text_in,
    "carrier": lambda cell: text_in(cell).upper(),
    "due_day": whole_in,
    "opened_on": day_in,
    "monthly_limit_won": whole_in,
    "person": text_in,
    "welfare": yes_in,
    "minor_until": day_in,
    "mvno": yes_in,
    "offered": yes_in,
    "consented_on": day_in,
    "daily_limit_won": whole_in,
    "purchase_limit_won": whole_in,
    "category_limits": _by_category,
}
REQUIRED = ("number", "name", "carrier", "due_day", "opened_on", "monthly_limit_won")
SHAPE = Shape(READERS, REQUIRED, ("number", "number_twice", same_number))
