"""What a gateway sends is read row by row, told apart by its heading, and every fault is named."""

from datetime import date
from pathlib import Path

import pytest

from carrierbill.documents.gateway_list import GatewayList, read_gateway_list
from carrierbill.domain.errors import BadInputError
from carrierbill.services.take_marks import TakeMark

LATE = "reference,number,won,bought_on,merchant,description\n"
MARKS = "reference,action,number,won,due_on\n"


def read(folder: Path, text: str, encoding: str = "utf-8") -> GatewayList:
    file = folder / "list.csv"
    file.write_bytes(text.encode(encoding))
    return read_gateway_list(file, "kg")


def faults(listed: GatewayList) -> list[tuple[int, str | None, str]]:
    return [(fault.row, fault.column, fault.told.key.removeprefix("line_list.")) for fault in listed.faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_late_reports_are_read_row_by_row_each_named_by_its_reference(tmp_path: Path, encoding: str) -> None:
    rows = (
        'r-1,010-1234-5678,"7,000",2025-09-29,books,"책 한 권, 헌 것"\nr-2,+821012345678,500,2025-08-01,,\n'
    )
    listed = read(tmp_path, LATE + rows, encoding)
    assert (listed.faults, listed.marks) == ([], ())
    (first_at, first), (second_at, second) = listed.late
    assert (first_at, second_at) == (2, 3)
    assert (first.client, first.number, first.won, first.bought_on, first.merchant, first.description) == (
        "kg",
        "010-1234-5678",
        7_000,
        date(2025, 9, 29),
        "books",
        "책 한 권, 헌 것",
    )
    assert (second.merchant, second.description) == (None, "")
    assert [each.once and (each.once.client, each.once.key) for each in (first, second)] == [
        ("kg", "r-1"),
        ("kg", "r-2"),
    ]


def test_the_same_report_written_another_way_is_the_same_and_another_report_is_not(tmp_path: Path) -> None:
    ways = ("r-1,010-1234-5678,7000,2025-09-29", 'r-1,+821012345678,"7,000",2025-09-29')
    others = ("r-1,010-1234-5679,7000,2025-09-29", "r-1,010-1234-5678,7001,2025-09-29")
    head = "reference,number,won,bought_on\n"
    onces = [read(tmp_path, f"{head}{row}\n").late[0][1].once for row in (*ways, *others)]
    assert onces[0] == onces[1]
    assert len({once.fingerprint for once in onces if once}) == 3


def test_a_gateways_marks_are_read_and_one_may_be_cleared_in_the_same_file(tmp_path: Path) -> None:
    rows = "m-1,mark,010-1234-5678,7000,2025-09-30\nm-1,CLEAR,010-1234-5678,7000,2025-09-30\n"
    listed = read(tmp_path, MARKS + rows)
    assert (listed.faults, listed.late) == ([], ())
    assert [(at, mark.action) for at, mark in listed.marks] == [(2, "mark"), (3, "clear")]
    assert listed.marks[0][1] == TakeMark("kg", "m-1", "mark", "010-1234-5678", 7_000, date(2025, 9, 30))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",010-1234-5678,7000,2025-09-29,,", ("reference", "empty")),
        ("r-1,10-1234-5678,7000,2025-09-29,,", ("number", "number")),
        ("r-1,1012345678,7000,2025-09-29,,", ("number", "zero_lost")),
        ("r-1,010-1234-5678,7 000,2025-09-29,,", ("won", "whole")),
        ("r-1,010-1234-5678,7_000,2025-09-29,,", ("won", "whole")),
        ("r-1,010-1234-5678,-7000,2025-09-29,,", ("won", "whole")),
        ("r-1,010-1234-5678,7000,29.9.2025,,", ("bought_on", "day")),
        ("r-1,010-1234-5678,7000,20250929,,", ("bought_on", "day")),
        ("r-1,010-1234-5678,7000,2025-02-30,,", ("bought_on", "day")),
        ("r-1,010-1234-5678,7000", ("bought_on", "empty")),
        ("r-1,010-1234-5678,7000,2025-09-29,,,more", (None, "too_many_cells")),
        ("r-1,010-1234-5678,=A1,2025-09-29,,", ("won", "formula")),
    ],
)
def test_a_faulty_row_is_named_with_its_column(
    tmp_path: Path, row: str, fault: tuple[str | None, str]
) -> None:
    good = "r-0,010-1234-5678,7000,2025-09-29,,\n"
    assert faults(read(tmp_path, f"{LATE}{good}{row}\n")) == [(3, *fault)]


def test_every_faulty_row_is_named_and_a_reference_that_stands_twice_too(tmp_path: Path) -> None:
    rows = "r-1,010-1234-5678,x,2025-09-29,,\nr-2,010,1,2025-09-29,,\nr-1,010-1234-5678,1,2025-09-29,,\n"
    assert faults(read(tmp_path, LATE + rows)) == [
        (2, "won", "whole"),
        (3, "number", "number"),
        (4, "reference", "reference_twice"),
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("m-1,block,010-1234-5678,7000,2025-09-30", ("action", "action")),
        ("m-1,mark,010-1234-5678,7000,", ("due_on", "empty")),
    ],
)
def test_a_faulty_mark_is_named_too(tmp_path: Path, row: str, fault: tuple[str, str]) -> None:
    assert faults(read(tmp_path, f"{MARKS}{row}\n")) == [(2, *fault)]


def test_a_heading_that_is_neither_is_told_what_it_nearly_was(tmp_path: Path) -> None:
    assert faults(read(tmp_path, "reference,number,won\nr-1,010-1234-5678,1\n")) == [
        (1, "bought_on", "missing_column")
    ]
    assert ("due_on", "missing_column") in [
        fault[1:] for fault in faults(read(tmp_path, "reference,action,number,won\n"))
    ]


@pytest.mark.parametrize("text", [LATE, MARKS, ""])
def test_a_file_that_says_nothing_is_a_fault(tmp_path: Path, text: str) -> None:
    assert faults(read(tmp_path, text)) != []


def test_a_file_that_is_not_there_or_has_no_letters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        read_gateway_list(tmp_path / "none.csv", "kg")
    (tmp_path / "list.csv").write_bytes(b"reference\xff\xff\n")
    with pytest.raises(BadInputError):
        read_gateway_list(tmp_path / "list.csv", "kg")
