"""Strict list: a spreadsheet's rows, CSV or XLSX, read strictly; each fault with its row and column."""

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


@dataclass(frozen=True, slots=True)
class Shape:
    """What a list's columns are read by, which of them must be there, and which holds no value twice.

    `unique`: the column, the word that tells of it, and what the ways of writing one value have in common.
    """

    readers: Mapping[str, Callable[[object], Any]]
    required: tuple[str, ...]
    unique: tuple[str, str, Callable[[str], str]] | None = None


@dataclass(slots=True)
class StrictList:
    """The values of each row with the row they stand in, and everything that is wrong with the list."""

    shape: Shape
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_strict_list(file: Path, *shapes: Shape) -> StrictList:
    """The list in a file, of the shape that its heading fits best.

    Raises BadInputError for a file that cannot be read at all.
    """
    try:
        with file.open("rb") as opened:
            is_workbook = opened.read(4) == b"PK\x03\x04"
        rows = _workbook_rows(file) if is_workbook else _text_rows(file)
        return _list_of(rows, shapes)
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
def _list_of(rows: Iterator[tuple[object, ...]], shapes: tuple[Shape, ...]) -> StrictList:
    head = next(rows, ())
    candidates = [_headed(head, shape) for shape in shapes]
    found, columns = min(candidates, key=lambda each: len(each[0].faults))
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
    if not found.rows and not found.faults:
        found.faults.append(Fault(at, None, Saying("line_list.nothing")))
    return found


def _headed(head: tuple[object, ...], shape: Shape) -> tuple[StrictList, list[str]]:
    """The columns by their names, ours or a language's; what is unknown, missing or double is told."""
    texts, found = read_texts(), StrictList(shape)
    names = {
        texts.sentences[language][f"column.{column}"]: column
        for language in LANGUAGES
        for column in shape.readers
    }
    known = ", ".join(shape.readers)
    columns = []
    for cell in head:
        name = str(cell or "").strip()
        column = names.get(name, name.lower())
        if name and column not in shape.readers:
            found.faults.append(Fault(1, name, Saying("line_list.unknown_column", {"known": known})))
        elif name and column in columns:
            found.faults.append(Fault(1, name, Saying("line_list.twice")))
        columns.append(column)
    missing = (column for column in shape.required if column not in columns)
    found.faults += [Fault(1, column, Saying("line_list.missing_column")) for column in missing]
    return found, columns


def _add_row(at: int, row: Mapping[str, object], found: StrictList, *, seen: dict[str, int]) -> None:
    shape, values, faults = found.shape, dict[str, Any](), list[Fault]()
    for column, read in shape.readers.items():
        cell = row.get(column)
        if _is_empty(cell):
            if column in shape.required:
                faults.append(Fault(at, column, Saying("line_list.empty")))
            continue
        try:
            values[column] = _plain(read, cell)
        except CellFaultError as fault:
            faults.append(Fault(at, column, fault.told))
    faults += _seen_before(at, values, shape, seen=seen)
    found.faults += faults
    if not faults:
        found.rows.append((at, values))


def _seen_before(at: int, values: Mapping[str, Any], shape: Shape, *, seen: dict[str, int]) -> list[Fault]:
    if shape.unique is None or shape.unique[0] not in values:
        return []
    column, twice, same = shape.unique
    first_at = seen.setdefault(same(values[column]), at)
    return [] if first_at == at else [Fault(at, column, Saying(f"line_list.{twice}", {"row": first_at}))]


def _plain(read: Callable[[object], Any], cell: object) -> Any:  # noqa: ANN401  # of any type
    """What a cell says; a formula says nothing by itself."""
    if isinstance(cell, str) and cell.startswith("="):
        raise CellFaultError("formula")
    return read(cell)


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────
def text_in(cell: object) -> str:
    """The text of a cell, without blanks around it."""
    return str(cell).strip()


def number_in(cell: object) -> str:
    """A phone number as it is written; a leading zero that was lost is told."""
    text = text_in(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)
    if ZERO_LOST.fullmatch(text):
        raise CellFaultError("zero_lost", right=f"0{text}")
    if not NUMBER.fullmatch(text):
        raise CellFaultError("number")
    return text


def whole_in(cell: object) -> int:
    """A whole number, thousands commas allowed."""
    if isinstance(cell, bool):
        raise CellFaultError("whole")
    text = text_in(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)
    if not WHOLE.fullmatch(text):
        raise CellFaultError("whole")
    return int(text.replace(",", ""))


def day_in(cell: object) -> date:
    """A day."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()
    try:
        if isinstance(cell, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", cell.strip()):
            return date.fromisoformat(cell.strip())
    except ValueError:
        pass
    raise CellFaultError("day")


def yes_in(cell: object) -> bool:
    """Yes or no, in the words of either language."""
    if isinstance(cell, bool):
        return cell
    texts, word = read_texts(), text_in(cell).lower()
    for key, answer in (("line_list.yes", True), ("line_list.no", False)):
        if any(word in texts.sentences[language][key].lower().split() for language in LANGUAGES):
            return answer
    raise CellFaultError("yes_or_no")
