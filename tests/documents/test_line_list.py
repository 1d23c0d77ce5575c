"""A list of lines is read strictly, whether CSV or XLSX, and every fault is told with its row and column."""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from carrierbill.documents.line_list import REQUIRED, LineList, read_line_list
from carrierbill.documents.strict_list import MOST_ROWS
from carrierbill.domain.errors import BadInputError
from carrierbill.services.register_line import RegisterLine
from carrierbill.texts.load import read_texts

ROW = ("010-0001-0001", "Hong Gildong", "SKT", "25", "2020-01-31", "300,000")
LINE = RegisterLine("010-0001-0001", "SKT", 25, date(2020, 1, 31), 300_000, name="Hong Gildong")


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "lines.csv"
    file.write_bytes(text.encode(encoding))
    return file


def csv_of(folder: Path, *rows: Sequence[str], head: Sequence[str] = REQUIRED) -> Path:
    return written(folder, "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in (head, *rows)))


def workbook_of(folder: Path, *rows: Sequence[Any], merge: str = "") -> Path:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    for row in (REQUIRED, *rows):
        sheet.append(list(row))
    if merge:
        sheet.merge_cells(merge)
    file = folder / "lines.xlsx"
    workbook.save(file)
    return file


def told(listed: LineList) -> list[tuple[int, str | None, str]]:
    return [(fault.row, fault.column, fault.told.key.removeprefix("line_list.")) for fault in listed.faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_text_list_is_read_in_each_of_its_usual_encodings(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    texts = read_texts().sentences["ko"]
    head = [texts[f"column.{column}"] for column in REQUIRED]
    name = texts["column.name"]  # letters that the encodings write differently
    row = [ROW[0], name, *ROW[2:5], "300000"]
    listed = read_line_list(written(tmp_path, "\n".join(map(separator.join, (head, row))), encoding))
    assert listed.faults == []
    ((at, line),) = listed.lines
    assert (at, line.name, line.carrier) == (2, name, "SKT")


def test_every_column_is_read_as_what_it_is(tmp_path: Path) -> None:
    head: tuple[str, ...] = (*REQUIRED, "Person", "welfare", "minor_until", "mvno", "offered", "consented_on")
    head += ("daily_limit_won", "purchase_limit_won", "category_limits")
    row = (
        *ROW,
        "p1",
        "yes",
        "2030-05-05",
        "n",
        "TRUE",
        "2026-01-31",
        "50000",
        "30000",
        "game=0 voucher=10,000",
    )
    ((_, line),) = read_line_list(csv_of(tmp_path, row, head=head)).lines
    assert line == RegisterLine(
        "010-0001-0001",
        "SKT",
        25,
        date(2020, 1, 31),
        300_000,
        name="Hong Gildong",
        person="p1",
        welfare=True,
        minor_until=date(2030, 5, 5),
        mvno=False,
        offered=True,
        consented_on=date(2026, 1, 31),
        daily_limit_won=50_000,
        purchase_limit_won=30_000,
        category_limits=(("game", 0), ("voucher", 10_000)),
    )


def test_a_workbook_is_read_with_its_own_kinds_of_cells(tmp_path: Path) -> None:
    row = ("010-0001-0001", "Hong Gildong", "skt", 25, datetime(2020, 1, 31), 300_000.0)  # noqa: DTZ001  # as openpyxl
    listed = read_line_list(workbook_of(tmp_path, row, (None, None), row[:1]))
    assert listed.lines == [(2, LINE)]
    assert (4, "number", "number_twice") in told(listed)
    assert {fault.column for fault in listed.faults} == set(REQUIRED)


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        (0, 1_000_010_001, "zero_lost"),
        (0, "1000010001", "zero_lost"),
        (0, "02-123-4567", "number"),
        (0, "=A1", "formula"),
        (1, None, "empty"),
        (1, "  ", "empty"),
        (3, "25th", "whole"),
        (3, 25.5, "whole"),
        (3, True, "whole"),
        (4, "2020.1.31", "day"),
        (4, "2020-02-30", "day"),
        (4, datetime(2020, 1, 31, 9), "day"),  # noqa: DTZ001  # as openpyxl reads it
        (5, "-1", "whole"),
        (5, "=SUM(A1:A2)", "formula"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_told_by_row_and_column(
    tmp_path: Path, column: int, cell: object, fault: str
) -> None:
    good = ("010-0001-0002", *ROW[1:])
    bad = [*ROW[:column], cell, *ROW[column + 1 :]]
    listed = read_line_list(workbook_of(tmp_path, good, bad))
    assert told(listed) == [(3, REQUIRED[column], fault)]
    assert [at for at, _ in listed.lines] == [2]


def test_a_comma_in_an_amount_is_told_and_makes_no_other_amount(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    head, row = ",".join(REQUIRED), ",".join(str(cell) for cell in ROW[:-1])
    file.write_text(f"{head}\n{row},300,000\n", encoding="utf-8")
    listed = read_line_list(file)
    assert told(listed) == [(2, None, "too_many_cells")]
    assert listed.lines == []


def test_a_lost_zero_is_told_with_the_number_that_would_be_right(tmp_path: Path) -> None:
    (fault,) = read_line_list(csv_of(tmp_path, ("1000010001", *ROW[1:]))).faults
    assert fault.told.values == {"right": "01000010001"}


def test_every_fault_of_a_list_is_told_not_only_the_first(tmp_path: Path) -> None:
    rows = [ROW, ("x", "", "SKT", "25", "soon", "300000"), ("01000010001", *ROW[1:])]
    assert told(read_line_list(csv_of(tmp_path, *rows))) == [
        (3, "number", "number"),
        (3, "name", "empty"),
        (3, "opened_on", "day"),
        (4, "number", "number_twice"),
    ]


@pytest.mark.parametrize(
    ("head", "faults"),
    [
        ((*REQUIRED, "colour"), [(1, "colour", "unknown_column")]),
        ((*REQUIRED, "name"), [(1, "name", "twice")]),
        (REQUIRED[1:], [(1, "number", "missing_column")]),
        ((), [(1, column, "missing_column") for column in REQUIRED]),
    ],
)
def test_a_head_that_cannot_be_meant_is_told(
    tmp_path: Path, head: tuple[str, ...], faults: list[tuple[int, str, str]]
) -> None:
    assert told(read_line_list(csv_of(tmp_path, ROW, head=head))) == faults


def test_a_list_without_lines_says_so(tmp_path: Path) -> None:
    assert told(read_line_list(csv_of(tmp_path))) == [(1, None, "nothing")]
    assert told(read_line_list(written(tmp_path, ""))) != []


def test_a_list_that_is_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ROWS == 200_000
    monkeypatch.setattr("carrierbill.documents.strict_list.MOST_ROWS", 2)
    rows = [(f"010-0001-{number:04d}", *ROW[1:]) for number in range(3)]
    assert told(read_line_list(csv_of(tmp_path, *rows[:2]))) == []
    assert told(read_line_list(csv_of(tmp_path, *rows))) == [(4, None, "too_long")]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"\xff\xfe\x00\xff", "encoding"),
        (b'number,"name\nx"y,z', "not_csv"),
        (b"PK\x03\x04 and nothing else", "not_workbook"),
    ],
)
def test_a_file_that_is_no_list_is_bad_input(tmp_path: Path, content: bytes, key: str) -> None:
    file = tmp_path / "lines"
    file.write_bytes(content)
    with pytest.raises(BadInputError) as bad:
        read_line_list(file)
    assert bad.value.reason.key == f"line_list.{key}"


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(BadInputError) as bad:
        read_line_list(tmp_path / "a.zip")
    assert bad.value.reason.key == "line_list.not_workbook"


def test_merged_cells_are_told_by_their_place(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as bad:
        read_line_list(workbook_of(tmp_path, ROW, ROW, merge="B2:B3"))
    assert bad.value.reason.values == {"cell": "B2"}


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as bad:
        read_line_list(tmp_path / "none.csv")
    assert bad.value.reason.key == "line_list.unreadable"
