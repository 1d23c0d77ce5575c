"""`line import` registers all of a list or nothing, `merchant add` one seller, `month close` every line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from carrierbill.bootstrap import start
from carrierbill.cli.main import run
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.line import Holder, Line
from carrierbill.domain.purchase import Merchant
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase

Capture = pytest.CaptureFixture[str]
HEAD = "number,name,carrier,due_day,opened_on,monthly_limit_won,person,consented_on\n"
LINES = (
    "010-0001-0001,Hong Gildong,SKT,25,2020-01-01,300000,h,2020-01-01\n"
    "010-0001-0002,Hong Gildong,KT,21,2021-01-01,200000,h,\n"
    "010-0001-0003,Kim Minsu,LGU,18,2022-01-01,100000,,2022-01-01\n"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database of each kind, made, with rules to act by."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("CARRIERBILL_RULES", "terms")
    server, url = None, ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = server.new_database()
        (tmp_path / "data/carrierbill").mkdir(parents=True)
        monkeypatch.setenv("CARRIERBILL_DATABASE_URL", url)
        monkeypatch.setenv("CARRIERBILL_KEYS_FILE", str(tmp_path / "data/carrierbill/keys.toml"))
    start().upgraded_database()[0].close()
    yield tmp_path
    if server is not None:
        server.drop_database(url)


def answered(capsys: Capture, *arguments: str, code: int = 0) -> Any:
    assert run([*arguments, "--json"]) == code
    shown, errors = capsys.readouterr()
    assert errors == ""
    return json.loads(shown)


def listed(place: Path, text: str) -> str:
    file = place / "lines.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def everything(kind: type[Any]) -> list[Any]:
    database = start().database()
    with database.unit() as unit:
        found = unit.peek(kind)
    database.close()
    return found


def test_a_list_is_registered_whole(place: Path, capsys: Capture) -> None:
    assert answered(capsys, "line", "import", listed(place, HEAD + LINES)) == {"lines": 3, "holders": 2}
    lines = everything(Line)
    assert [(line.carrier, line.due_day, line.monthly_limit_won) for line in lines] == [
        ("SKT", 25, 300_000),
        ("KT", 21, 200_000),
        ("LGU", 18, 100_000),
    ]
    assert lines[0].holder_id == lines[1].holder_id
    assert lines[1].consented_on is None
    database = start().database()
    with database.unit() as unit:
        assert unit.people.name_of(lines[2].holder_id) == "Kim Minsu"
        assert unit.lines_by_number(["01000010003"])["01000010003"][0] == lines[2].id
    database.close()


def test_with_one_bad_row_nothing_is_registered_and_every_bad_row_is_named(
    place: Path, capsys: Capture
) -> None:
    bad = (
        "1000010004,Lee,SKT,25,2020-01-01,1\n"
        "010-0001-0005,Lee,SKT,26,2020-01-01,1\n"
        "010-0001-0006,Lee,XX,25,2020-01-01,1\n"
    )
    document = answered(capsys, "line", "import", listed(place, HEAD + LINES + bad), code=1)
    assert document["refused"]["rule"] == "line_list"
    assert [(fault["row"], fault["column"]) for fault in document["faults"]] == [
        (5, "number"),
        (6, "due_day"),
        (7, "carrier"),
    ]
    assert all(fault["text"]["ko"] and fault["text"]["en"] for fault in document["faults"])
    assert everything(Line) == everything(Holder) == []


def test_a_number_on_record_already_is_named_and_nothing_is_registered_twice(
    place: Path, capsys: Capture
) -> None:
    answered(capsys, "line", "import", listed(place, HEAD + LINES))
    document = answered(capsys, "line", "import", listed(place, HEAD + LINES), code=1)
    assert [(fault["row"], fault["column"]) for fault in document["faults"]] == [
        (row, "number") for row in (2, 3, 4)
    ]
    assert len(everything(Line)) == 3


def test_bad_rows_are_told_to_people_a_line_each(place: Path, capsys: Capture) -> None:
    assert run(["line", "import", listed(place, HEAD + "1,Lee,SKT,25,soon,1,,\n"), "--lang", "en"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "The list has 2 faults; nothing was registered.",
        "row 2, phone number: give a mobile number such as 010-1234-5678",
        "row 2, opened on: give a day such as 2026-01-31",
    ]
    assert run(["line", "import", listed(place, HEAD + LINES), "--lang", "ko"]) == 0
    assert "3" in capsys.readouterr().out


def test_a_list_that_is_not_there_is_bad_use(place: Path, capsys: Capture) -> None:
    assert run(["line", "import", str(place / "none.csv"), "--lang", "en"]) == 2
    shown, errors = capsys.readouterr()
    assert shown == ""
    assert errors.count("\n") == 1


SELLER = ("--client", "shop", "--identifier", "shop", "--name", "Bookshop", "--contact", "02-0000-0000")


def test_a_merchant_is_added_once(place: Path, capsys: Capture) -> None:
    del place
    added = answered(capsys, "merchant", "add", *SELLER, "--category", "goods")
    (merchant,) = everything(Merchant)
    assert added == {"merchant_id": merchant.id}
    assert (merchant.client, merchant.contact, merchant.category) == ("shop", "02-0000-0000", "goods")
    again = answered(capsys, "merchant", "add", *SELLER, "--category", "goods", code=1)
    assert again["refused"]["rule"] == "merchant.identifier"
    assert run(["merchant", "add", *SELLER, "--category", "guns", "--lang", "en"]) == 2
    assert capsys.readouterr().err.startswith("carrierbill: --category: give a category of goods")
    assert run(["merchant", "add", *SELLER[:-1], " ", "--category", "game", "--lang", "en"]) == 2
    assert capsys.readouterr().err.startswith("carrierbill: --contact: ")


def test_a_month_is_closed_for_every_line_and_again_for_none(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(capsys, "line", "import", listed(place, HEAD + LINES))
    answered(capsys, "merchant", "add", *SELLER, "--category", "goods")
    monkeypatch.setattr("carrierbill.cli.operations.LINES_AT_ONCE", 1)
    database = start().database()
    database.clock = lambda: datetime(2026, 3, 10, 12, tzinfo=SEOUL)
    wanted = [Authorise("shop", f"0100001000{last}", 5_000, one_step=True) for last in (1, 3)]
    database.decide(authorise_purchase, wanted, start().rules("terms"))
    database.close()
    closed = answered(capsys, "month", "close", "2026-03")
    assert closed == {"rules": "terms", "month": "2026-03", "bills": 2, "principal_won": 10_000}
    assert [bill.principal_won for bill in everything(IssuedBill)] == [5_000, 5_000]
    assert answered(capsys, "month", "close", "2026-03")["bills"] == 0
    refused = answered(capsys, "month", "close", "2049-12", code=1)
    assert refused["refused"]["rule"] == "billing.month"
    assert run(["month", "close", "2026-03", "--lang", "en"]) == 0
    assert capsys.readouterr().out == "2026-03 closed: 0 bills, 0 won\n"
    for wrong in ("2026-13", "2026-3", "March"):
        assert run(["month", "close", wrong]) == 2
    capsys.readouterr()


def test_nothing_is_closed_without_rules_that_are_named(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    del place
    monkeypatch.delenv("CARRIERBILL_RULES")
    assert run(["month", "close", "2026-03"]) == 2
    assert "CARRIERBILL_RULES" in capsys.readouterr().err
