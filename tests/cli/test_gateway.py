"""`gateway read` books all of a file or nothing, once; `merchant settle` pays all and tells each client."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from books import Books, Clock
from carrierbill.bootstrap import start
from carrierbill.cli import gateway, lines
from carrierbill.cli.main import run
from carrierbill.domain.gateway import GatewayArrears
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.settlement import Settlement
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.refund_purchase import RefundPurchase, refund_purchase
from ledger_laws import broken_laws, tables
from rule_sets import RULE_SETS

LATE = "reference,number,won,bought_on,merchant,description\n"
MARKS = "reference,action,number,won,due_on\n"


class Counter:
    """Books of either kind behind the command line, at a time of their own."""

    def __init__(self, folder: Path, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.clock, self.capsys = folder, clock, capsys
        database = replace(start(), clock=clock).database()
        self.book = Books(database, clock, RULE_SETS["terms"])

    def answered(self, *arguments: str, code: int = 0) -> Any:
        self.capsys.readouterr()
        assert run([*arguments, "--json"]) == code
        shown, errors = self.capsys.readouterr()
        assert errors == ""
        return json.loads(shown)

    def said(self, *arguments: str, code: int = 0) -> str:
        self.capsys.readouterr()
        assert run([*arguments, "--lang", "en"]) == code
        shown, errors = self.capsys.readouterr()
        assert code == 2 or errors == ""
        return errors if code == 2 else shown

    def file(self, text: str) -> str:
        file = self.folder / "given.csv"
        file.write_text(text, encoding="utf-8")
        return str(file)


@pytest.fixture(params=["sqlite", "postgresql"])
def counter(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Counter]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("CARRIERBILL_RULES", "terms")
    drop: Callable[[], None] = lambda: None  # noqa: E731  # nothing to drop
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = server.new_database()
        monkeypatch.setenv("CARRIERBILL_DATABASE_URL", url)
        monkeypatch.setenv("CARRIERBILL_KEYS_FILE", str(tmp_path / "keys.toml"))
        drop = lambda: server.drop_database(url)  # noqa: E731  # told here what to drop
    start().upgraded_database()[0].close()
    clock = Clock()
    for module in (gateway, lines):
        monkeypatch.setattr(module, "start", lambda: replace(start(), clock=clock))
    counter = Counter(tmp_path, clock, capsys)
    yield counter
    counter.book.close()
    drop()


# ── what a gateway sends ─────────────────────────────────────────────────────────────────────────────────
def test_late_purchases_are_booked_once_however_often_the_file_is_read(counter: Counter) -> None:
    counter.book.merchant(client="kg")
    counter.book.line("010-1234-5678")
    rows = "r-1,010-1234-5678,7000,2026-02-27,shop,a book\nr-2,010-1234-5678,500,2026-01-31,shop,\n"
    read = ("gateway", "read", counter.file(LATE + rows), "--client", "kg")
    none = {"marked": 0, "cleared": 0, "known": 0}
    assert counter.answered(*read) == {"client": "kg", "late": {"booked": 2, "known": 0}, "marks": none}
    assert sorted(each.won for each in counter.book.all(Purchase)) == [500, 7_000]
    before = tables(counter.book.db)
    again = counter.answered(*read)
    assert (again["late"], tables(counter.book.db) == before) == ({"booked": 0, "known": 2}, True)
    assert broken_laws(counter.book.db) == []
    third = LATE + rows + "r-3,010-1234-5678,100,2026-02-01,,\n"
    assert counter.said("gateway", "read", counter.file(third), "--client", "kg") == (
        "1 late purchases are booked; 2 were known.\n"
    )


def test_with_bad_rows_nothing_is_booked_and_every_one_of_them_is_named(counter: Counter) -> None:
    counter.book.merchant(client="kg")
    counter.book.line("010-1234-5678")
    first = "r-1,010-1234-5678,7000,2026-02-27,shop,\n"
    counter.answered("gateway", "read", counter.file(LATE + first), "--client", "kg")
    before = tables(counter.book.db)
    rows = (
        "r-2,010-1234-5678,1,2026-02-01,,\n"
        "r-3,010-9999-9999,1,2026-02-01,,\n"
        "r-4,010-1234-5678,0,2026-02-01,,\n"
        "r-5,010-1234-5678,1,2026-03-01,,\n"
        "r-6,010-1234-5678,1,2026-02-01,nobody,\n"
        "r-1,010-1234-5678,7001,2026-02-27,shop,\n"
    )
    document = counter.answered("gateway", "read", counter.file(LATE + rows), "--client", "kg", code=1)
    assert document["refused"]["rule"] == "gateway_list"
    assert [(fault["row"], fault["column"]) for fault in document["faults"]] == [
        (3, "number"),
        (4, "won"),
        (5, "bought_on"),
        (6, "merchant"),
        (7, "reference"),
    ]
    assert all(fault["text"]["ko"] and fault["text"]["en"] for fault in document["faults"])
    assert tables(counter.book.db) == before
    unreadable = counter.file(LATE + rows + "r-7,010-1234-5678,soon,2026-02-01,,\n")
    said = counter.said("gateway", "read", unreadable, "--client", "kg", code=1)
    assert said.splitlines() == [
        "The file has 1 faults; nothing was booked.",
        "row 8, amount: give a whole number such as 300000",
    ]


def test_a_gateways_marks_are_taken_and_cleared(counter: Counter) -> None:
    counter.book.merchant(client="kg")
    counter.book.line("010-1234-5678")
    row = "m-1,mark,010-1234-5678,7000,2026-02-25\n"
    read = ("gateway", "read", counter.file(MARKS + row), "--client", "kg")
    assert counter.answered(*read)["marks"] == {"marked": 1, "cleared": 0, "known": 0}
    assert counter.answered(*read)["marks"] == {"marked": 0, "cleared": 0, "known": 1}
    cleared = counter.file(MARKS + row + row.replace("mark", "clear"))
    assert counter.said("gateway", "read", cleared, "--client", "kg") == (
        "0 lines are marked, 1 cleared; 1 were known.\n"
    )
    assert [each.cleared_on for each in counter.book.all(GatewayArrears)] == [counter.clock.day]
    with counter.book.db.session() as session:
        rows = session.rows("SELECT details FROM audits WHERE action = 'gateway.read' ORDER BY seq")
    assert "010" not in str(rows)
    assert '"cleared":1' in rows[-1][0]


def test_a_client_nobody_knows_and_a_file_that_is_not_there_are_bad_use(counter: Counter) -> None:
    counter.book.merchant(client="kg")
    told = counter.said("gateway", "read", counter.file(LATE), "--client", "gk", code=2)
    assert told == "carrierbill: --client: there is no client gk; there are: kg\n"
    told = counter.said("gateway", "read", "nowhere.csv", "--client", "kg", code=2)
    assert told.startswith("carrierbill: FILE: ")
    assert counter.said("gateway", "read", "nowhere.csv", code=2).startswith("carrierbill: --client: ")
    assert counter.said("gateway", "raed", code=2).count("\n") == 1


# ── what merchants are paid ──────────────────────────────────────────────────────────────────────────────
def test_all_merchants_are_paid_and_each_client_has_its_file_which_stays_the_same(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carrierbill.cli.settling.MERCHANTS_AT_ONCE", 2)
    book = counter.book
    book.merchant("books", client="kg")
    book.merchant("toys", client="kg")
    book.merchant("danal", client="danal")
    number = book.number(book.line())
    bought = [
        book.decide(authorise_purchase, Authorise(client, number, won, merchant=merchant, one_step=True))[0]
        for client, merchant, won in (("kg", "toys", 30_000), ("kg", "books", 10_000), ("danal", "danal", 5))
    ]
    book.decide(refund_purchase, RefundPurchase("kg", bought[0].purchase_id, 4_000))
    counter.clock.to(date(2026, 4, 15))
    settled = counter.answered("merchant", "settle")
    assert (settled["through"], settled["merchants"], settled["won"]) == ("2026-03-31", 3, 36_005)
    assert [Path(file).name for file in settled["files"]] == [
        "settlement-danal-2026-03-31.csv",
        "settlement-kg-2026-03-31.csv",
    ]
    written = Path(settled["files"][1]).read_text(encoding="utf-8")
    ids = {each.won: each.id for each in book.all(Settlement)}
    assert written == (
        "H,1,carrierbill,kg,2026-03-31,2,40000,4000,0,0,36000\n"
        f"S,{ids[10_000]},books,10000,0,0,0,10000\n"
        f"S,{ids[26_000]},toys,30000,4000,0,0,26000\n"
        "T,2,36000\n"
    )
    before = tables(book.db)
    assert counter.answered("merchant", "settle", "--through", "2026-03-31") == settled
    assert Path(settled["files"][1]).read_text(encoding="utf-8") == written
    assert tables(book.db) == before
    assert broken_laws(book.db) == []
    counter.clock.to(date(2026, 5, 15))
    told = counter.said("merchant", "settle")
    assert told.splitlines()[0] == (
        "3 merchants are paid 0 won for purchases up to Thu 30 Apr 2026; 0 won are carried on."
    )


def test_a_day_that_is_not_over_is_refused_and_one_outside_the_calendar_is_bad_use(counter: Counter) -> None:
    counter.book.merchant()
    today = counter.clock.day.isoformat()
    document = counter.answered("merchant", "settle", "--through", today, code=1)
    assert document["refused"]["rule"] == "settlement.through"
    assert counter.said("merchant", "settle", "--through", "2051-01-01", code=2).count("\n") == 1
    assert counter.said("merchant", "settle", "--through", "soon", code=2).startswith(
        "carrierbill: --through"
    )
