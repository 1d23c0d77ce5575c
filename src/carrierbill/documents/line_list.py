"""Line list: lines as a spreadsheet lists them, CSV or XLSX, read strictly; each fault with its row."""

import csv
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.services.register_line import RegisterLine, same_number
from carrierbill.texts.load import LANGUAGES, read_texts

MOST_ROWS = 200_000
WHOLE = re.compile(r"[0-9]{1,3}(,[0-9]{3})+|[0-9]{1,13}")
NUMBER = re.compile(r"(?:[+]8210|010)[0-9]{8}|010-[0-9]{4}-[0-9]{4}")
# What is left of 010-1234-5678 where a spreadsheet took it for an amount.
ZERO_LOST = re.compile(r"10[0-9]{8}")
SEPARATORS = ",;\t"
MERGED = re.compile(rb'<mergeCell [^>]*ref="([A-Z]+)([0-9]+)')
FIRST_SHEET = re.compile(rb'<sheet [^>]*r:id="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row (numbered as in the spreadsheet) and column (None: all), and what is right."""

    row: int
    column: str | None
    told: Saying


@dataclass(slots=True)
class LineList:
    """The lines of a list with the rows they stand in, and everything that is wrong with it."""

    lines: list[tuple[int, RegisterLine]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_line_list(file: Path) -> LineList:
    """The list in a file; BadInputError for one that cannot be read at all."""
    try:
        with file.open("rb") as opened:
            is_workbook = opened.read(4) == b"PK\x03\x04"
        rows = _workbook_rows(file) if is_workbook else _text_rows(file)
        return _list_of(rows)
    except OSError as error:
        raise BadInputError("FILE", Saying("line_list.unreadable", {"why": error.strerror or ""})) from None


class CellFaultError(Exception):
    """A cell that cannot be meant."""

    def __init__(self, what: str, **values: int | str | date) -> None:
        """Keep the sentence."""
        super().__init__(what)
        self.told = Saying(f"line_list.{what}", values)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────
def _text_rows(file: Path) -> Iterator[tuple[object, ...]]:
    content = file.read_bytes()
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = text.partition("\n")[0]
        separator = max(SEPARATORS, key=first.count)
        try:
            yield from map(tuple, csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True))
        except csv.Error as error:
            raise BadInputError("FILE", Saying("line_list.not_csv", {"why": str(error)})) from None
        return
    raise BadInputError("FILE", Saying("line_list.encoding"))


def _workbook_rows(file: Path) -> Iterator[tuple[object, ...]]:
    """The rows of the first sheet; a formula comes as its text, so that it is seen."""
    try:
        merged = _first_merged(file)
        if merged is not None:
            raise BadInputError("FILE", Saying("line_list.merged", {"cell": merged}))
        workbook = load_workbook(file, read_only=True, data_only=False)
        try:
            sheet = workbook.worksheets[0]
            # What a file says of its own size is often wrong.
            sheet.reset_dimensions()
            yield from sheet.iter_rows(values_only=True)
        finally:
            workbook.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError, ParseError):
        raise BadInputError("FILE", Saying("line_list.not_workbook")) from None


def _first_merged(file: Path) -> str | None:
    """The first merged cell of the first sheet; they stand behind its rows, out of a reader's way."""
    with zipfile.ZipFile(file) as parts:
        found = FIRST_SHEET.search(parts.read("xl/workbook.xml"))
        name = re.escape(found[1]) if found else b"rId1"
        links = parts.read("xl/_rels/workbook.xml.rels")
        link = next(
            (tag for tag in re.findall(rb"<Relationship [^>]*>", links) if b'"' + name + b'"' in tag), b""
        )
        target = re.search(rb'Target="/?(?:xl/)?([^"]+)"', link)
        sheet = parts.read(f"xl/{target[1].decode()}") if target else b""
    merged = MERGED.search(sheet)
    return f"{merged[1].decode()}{merged[2].decode()}" if merged else None


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────
def _list_of(rows: Iterator[tuple[object, ...]]) -> LineList:
    found = LineList()
    columns = _columns_of(next(rows, ()), found)
    seen: dict[str, int] = {}
    if found.faults:
        return found
    at = 1
    for at, row in enumerate(islice(rows, MOST_ROWS), start=2):
        if any(not _is_empty(cell) for cell in row[len(columns) :]):
            # A comma in an amount makes two cells of it: taken as they stand, the amount would be another.
            found.faults.append(Fault(at, None, Saying("line_list.too_many_cells", {"most": len(columns)})))
        elif any(not _is_empty(cell) for cell in row):
            _add_row(at, dict(zip(columns, row, strict=False)), found, seen=seen)
    if next(rows, None) is not None:
        found.faults.append(Fault(at + 1, None, Saying("line_list.too_long", {"most": MOST_ROWS})))
    if not found.lines and not found.faults:
        found.faults.append(Fault(at, None, Saying("line_list.nothing")))
    return found


def _columns_of(head: tuple[object, ...], found: LineList) -> list[str]:
    """The columns by their names, ours or a language's; what is unknown, missing or double is told."""
    texts = read_texts()
    names = {
        texts.sentences[language][f"column.{column}"]: column for language in LANGUAGES for column in READERS
    }
    known = ", ".join(READERS)
    columns = []
    for cell in head:
        name = str(cell or "").strip()
        column = names.get(name, name.lower())
        if name and column not in READERS:
            found.faults.append(Fault(1, name, Saying("line_list.unknown_column", {"known": known})))
        elif name and column in columns:
            found.faults.append(Fault(1, name, Saying("line_list.twice")))
        columns.append(column)
    for column in REQUIRED:
        if column not in columns:
            found.faults.append(Fault(1, column, Saying("line_list.missing_column")))
    return columns


def _add_row(at: int, row: Mapping[str, object], found: LineList, *, seen: dict[str, int]) -> None:
    values: dict[str, Any] = {}
    faults = []
    for column, read in READERS.items():
        cell = row.get(column)
        if _is_empty(cell):
            if column in REQUIRED:
                faults.append(Fault(at, column, Saying("line_list.empty")))
            continue
        try:
            values[column] = _plain(read, cell)
        except CellFaultError as fault:
            faults.append(Fault(at, column, fault.told))
    if "number" in values:
        first_at = seen.setdefault(same_number(values["number"]), at)
        if first_at != at:
            faults.append(Fault(at, "number", Saying("line_list.number_twice", {"row": first_at})))
    found.faults += faults
    if not faults:
        found.lines.append((at, RegisterLine(**values)))


def _plain(read: Callable[[object], Any], cell: object) -> Any:  # noqa: ANN401  # of any type
    """What a cell says; a formula says nothing by itself."""
    if isinstance(cell, str) and cell.startswith("="):
        raise CellFaultError("formula")
    return read(cell)


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────
def _text(cell: object) -> str:
    return str(cell).strip()


def _number(cell: object) -> str:
    text = _text(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)
    if ZERO_LOST.fullmatch(text):
        raise CellFaultError("zero_lost", right=f"0{text}")
    if not NUMBER.fullmatch(text):
        raise CellFaultError("number")
    return text


def _whole(cell: object) -> int:
    if isinstance(cell, bool):
        raise CellFaultError("whole")
    text = _text(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)
    if not WHOLE.fullmatch(text):
        raise CellFaultError("whole")
    return int(text.replace(",", ""))


def _day(cell: object) -> date:
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()
    try:
        if isinstance(cell, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", cell.strip()):
            return date.fromisoformat(cell.strip())
    except ValueError:
        pass
    raise CellFaultError("day")


def _yes(cell: object) -> bool:
    if isinstance(cell, bool):
        return cell
    texts, word = read_texts(), _text(cell).lower()
    for key, answer in (("line_list.yes", True), ("line_list.no", False)):
        if any(word in texts.sentences[language][key].lower().split() for language in LANGUAGES):
            return answer
    raise CellFaultError("yes_or_no")


def _by_category(cell: object) -> tuple[tuple[str, int], ...]:
    """`game=0 voucher=50000`."""
    limits = []
    for part in _text(cell).split():
        category, parted, won = part.partition("=")
        if not parted or not WHOLE.fullmatch(won):
            raise CellFaultError("by_category")
        limits.append((category, int(won.replace(",", ""))))
    return tuple(limits)


READERS: Mapping[str, Callable[[object], Any]] = {
    "number": _number,
    "name": _text,
    "carrier": lambda cell: _text(cell).upper(),
    "due_day": _whole,
    "opened_on": _day,
    "monthly_limit_won": _whole,
    "person": _text,
    "welfare": _yes,
    "minor_until": _day,
    "mvno": _yes,
    "offered": _yes,
    "consented_on": _day,
    "daily_limit_won": _whole,
    "purchase_limit_won": _whole,
    "category_limits": _by_category,
}
REQUIRED = ("number", "name", "carrier", "due_day", "opened_on", "monthly_limit_won")
