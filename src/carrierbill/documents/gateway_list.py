"""Gateway list: what a gateway sends, purchases it reports late or arrears of its own, read strictly."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carrierbill.documents.strict_list import (
    CellFaultError,
    Fault,
    Shape,
    day_in,
    number_in,
    read_strict_list,
    text_in,
    whole_in,
)
from carrierbill.services.ports import Once
from carrierbill.services.register_line import same_number
from carrierbill.services.report_late import ReportLate
from carrierbill.services.take_marks import TakeMark
from carrierbill.services.tell_others import CLEAR, MARK


def _action(cell: object) -> str:
    action = text_in(cell).lower()
    if action not in (MARK, CLEAR):
        raise CellFaultError("action", known=f"{MARK}, {CLEAR}")
    return action


Readers = Mapping[str, Callable[[object], Any]]
LATE_READERS: Readers = {
    "reference": text_in,
    "number": number_in,
    "won": whole_in,
    "bought_on": day_in,
    "merchant": text_in,
    "description": text_in,
}
MARK_READERS: Readers = {
    "reference": text_in,
    "action": _action,
    "number": number_in,
    "won": whole_in,
    "due_on": day_in,
}
LATE = Shape(LATE_READERS, ("reference", "number", "won", "bought_on"), ("reference", "reference_twice", str))
# A mark and its end, of one reference, may come in one file.
MARKS = Shape(MARK_READERS, tuple(MARK_READERS))


@dataclass(frozen=True, slots=True)
class GatewayList:
    """The commands of a file of one kind with the rows they stand in, and all that is wrong with it."""

    late: Sequence[tuple[int, ReportLate]]
    marks: Sequence[tuple[int, TakeMark]]
    faults: Sequence[Fault]


def read_gateway_list(file: Path, client: str) -> GatewayList:
    """The list of a client in a file, told apart by its heading; BadInputError for one that cannot be read.

    The reference names a row for good: the same file read twice books nothing twice.
    """
    found = read_strict_list(file, LATE, MARKS)
    if found.shape is LATE:
        return GatewayList([(at, _late(values, client)) for at, values in found.rows], (), found.faults)
    marks = [(at, TakeMark(client=client, **values)) for at, values in found.rows]
    return GatewayList((), marks, found.faults)


def _late(values: Mapping[str, Any], client: str) -> ReportLate:
    return ReportLate(
        client=client,
        number=values["number"],
        won=values["won"],
        bought_on=values["bought_on"],
        merchant=values.get("merchant"),
        description=values.get("description", ""),
        once=Once(client, "report_late", values["reference"], _fingerprint(values)),
    )


def _fingerprint(values: Mapping[str, Any]) -> str:
    """The same for the same report, however its file writes number and amount."""
    told = {**values, "number": same_number(values["number"])}
    return hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()
