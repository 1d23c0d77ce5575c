"""Gateway files: a file a day for each gateway: whose bills are unpaid, and whose no longer are."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote

from carrierbill.drivers.bureau_files import LAYOUT, Cell, write_whole
from carrierbill.services.tell_others import MARK, GatewayMark


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
