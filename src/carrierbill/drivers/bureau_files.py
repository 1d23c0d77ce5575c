"""Bureau files: a file a day for each credit bureau or list: who is added, and who is withdrawn again."""

import os
from collections.abc import Mapping, Sequence
from csv import writer
from datetime import date
from io import StringIO
from pathlib import Path

from carrierbill.domain.policy import Effect
from carrierbill.services.ports import NamedReport
from carrierbill.services.tell_others import ADD

LAYOUT = 1
# Who is told of which effect.
BUREAUS: Mapping[str, tuple[str, ...]] = {
    Effect.REPORT_SHORT_TERM: ("KCB", "NICE"),
    Effect.REGISTER_LONG_TERM: ("KCB", "NICE"),
    Effect.LIST_KAIT: ("KAIT",),
    Effect.REPORT_INSURER: ("SGI",),
}
Cell = str | int


class BureauFiles:
    """Writes `bureau-NAME-YYYY-MM-DD.csv` in a folder, as docs/reference/files.md lays down."""

    def __init__(self, folder: Path) -> None:
        """Know the folder; it is made when the first file is."""
        self._folder = folder

    def write(self, day: date, reports: Sequence[NamedReport]) -> list[str]:
        """Write the day's files whole and name them; a bureau that is told nothing gets none."""
        files = []
        for bureau in sorted({name for report in reports for name in BUREAUS[report.report.effect]}):
            told = [report for report in reports if bureau in BUREAUS[report.report.effect]]
            file = self._folder / f"bureau-{bureau}-{day.isoformat()}.csv"
            write_whole(file, _rows(bureau, day, told))
            files.append(str(file))
        return files


def _rows(bureau: str, day: date, reports: Sequence[NamedReport]) -> list[list[Cell]]:
    """Header with counts and sums, a record for each report, trailer with all of them together."""
    adds = [report.report.won for report in reports if report.action == ADD]
    withdrawals = [report.report.won for report in reports if report.action != ADD]
    counted: list[Cell] = [len(adds), sum(adds), len(withdrawals), sum(withdrawals)]
    return [
        ["H", LAYOUT, "carrierbill", bureau, day.isoformat(), *counted],
        *(_record(report) for report in reports),
        ["T", len(reports), sum(adds) + sum(withdrawals)],
    ]


def _record(named: NamedReport) -> list[Cell]:
    report = named.report
    since = report.reported_on or report.held_on
    return [
        "A" if named.action == ADD else "W",
        report.id,
        report.effect,
        named.carrier,
        named.name,
        named.number,
        report.bill_id,
        report.won,
        since.isoformat(),
    ]


def write_whole(file: Path, rows: Sequence[Sequence[Cell]]) -> None:
    """Write a CSV file (UTF-8, line feeds) so that it is there whole or not at all, durably."""
    text = StringIO()
    writer(text, lineterminator="\n").writerows(rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    being_written = file.with_name(f"{file.name}.part")
    with being_written.open("wb") as out:
        out.write(text.getvalue().encode())
        out.flush()
        os.fsync(out.fileno())
    being_written.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
