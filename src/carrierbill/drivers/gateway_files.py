"""Gateway files: a file a day for each gateway, whose bills are unpaid; what gateways report late, read."""

import hashlib
import re
from collections.abc import Sequence
from csv import DictReader
from csv import Error as CsvError
from datetime import date
from io import StringIO
from pathlib import Path
from urllib.parse import quote

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.drivers.bureau_files import LAYOUT, Cell, write_whole
from carrierbill.services.ports import Once
from carrierbill.services.report_late import ReportLate
from carrierbill.services.tell_others import MARK, GatewayMark

WON, DAY = re.compile(r"[0-9]{1,13}"), re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LATE_COLUMNS = ("reference", "number", "won", "bought_on", "merchant", "description")


class GatewayFiles:
    """Writes `gateway-CLIENT-YYYY-MM-DD.csv` in a folder, as docs/reference/files.md lays down."""

    def __init__(self, folder: Path) -> None:
        """Know the folder; it is made when the first file is."""
        self._folder = folder

    def write(self, day: date, marks: Sequence[GatewayMark]) -> list[str]:
        """Write the day's files whole and name them; a gateway that is told nothing gets none."""
        files = []
        for client in sorted({mark.client for mark in marks}):
            told = [mark for mark in marks if mark.client == client]
            file = self._folder / f"gateway-{quote(client, safe='')}-{day.isoformat()}.csv"
            write_whole(file, _rows(client, day, told))
            files.append(str(file))
        return files


def _rows(client: str, day: date, marks: Sequence[GatewayMark]) -> list[list[Cell]]:
    marked = [mark.won for mark in marks if mark.action == MARK]
    cleared = [mark.won for mark in marks if mark.action != MARK]
    counted: list[Cell] = [len(marked), sum(marked), len(cleared), sum(cleared)]
    return [
        ["H", LAYOUT, "carrierbill", client, day.isoformat(), *counted],
        *(_record(mark) for mark in marks),
        ["T", len(marks), sum(marked) + sum(cleared)],
    ]


def _record(mark: GatewayMark) -> list[Cell]:
    kind = "M" if mark.action == MARK else "C"
    return [kind, mark.id, mark.number, mark.bill_id, mark.due_on.isoformat(), mark.won]


def read_late(file: Path, client: str) -> list[ReportLate]:
    """The purchases in a gateway's file of late reports; BadInputError names the first row that is faulty.

    Each row's reference names it for good: the same file read twice charges nothing twice.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(str(file), Saying("bad_input.unreadable_file", {"why": str(error)})) from None
    rows = DictReader(StringIO(text, newline=""), strict=True)
    try:
        if tuple(rows.fieldnames or ()) != LATE_COLUMNS:
            raise BadInputError(str(file), Saying("bad_input.columns", {"columns": ",".join(LATE_COLUMNS)}))
        return [_late(row, client, f"{file}:{rows.line_num}") for row in rows]
    except CsvError:
        raise BadInputError(f"{file}:{rows.line_num}", Saying("bad_input.late_row")) from None


def _late(row: dict[str, str], client: str, place: str) -> ReportLate:
    faulty = BadInputError(place, Saying("bad_input.late_row"))
    is_whole = tuple(row) == LATE_COLUMNS and None not in row.values()
    if (
        not is_whole
        or not row["reference"]
        or not WON.fullmatch(row["won"])
        or not DAY.fullmatch(row["bought_on"])
    ):
        raise faulty
    try:
        bought_on = date.fromisoformat(row["bought_on"])
    except ValueError:
        raise faulty from None
    fingerprint = hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()
    return ReportLate(
        client=client,
        number=row["number"],
        won=int(row["won"]),
        bought_on=bought_on,
        merchant=row["merchant"] or None,
        description=row["description"] or "",
        once=Once(client, "report_late", row["reference"], fingerprint),
    )
