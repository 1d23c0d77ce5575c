"""`day advance` works the whole book to a day: lines, notices, files, and the heads of the chains."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from books import Books, Clock
from carrierbill.bootstrap import confirmed, start
from carrierbill.cli import operations
from carrierbill.cli.main import run
from carrierbill.domain.line import Line, LineDay, LineEffect
from carrierbill.storage.marks import begin_demo, finish_demo
from fake_solapi import FakeSolapi, served
from rule_sets import RULE_SETS
from working_days import WorkingDays

DUE_ON = date(2026, 9, 30)  # a Wednesday


class Desk:
    """A data folder with books in it, and the command line at a time of its own."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder / "carrierbill"
        self.capsys = capsys
        self.clock = Clock()
        self.clock.to(date(2026, 9, 24))
        monkeypatch.setenv("XDG_DATA_HOME", str(folder))
        monkeypatch.setattr(operations, "start", lambda: replace(start(), clock=self.clock))
        self.run("db", "upgrade")
        database = replace(start(), clock=self.clock).database()
        self.days = WorkingDays(Books(database, self.clock, RULE_SETS["guide"]), RULE_SETS["guide"])

    def run(self, *arguments: str) -> int:
        self.capsys.readouterr()
        return run([*arguments, "--lang", "en"])

    def advance(self, day: date) -> Any:
        """What the command answers as JSON."""
        assert self.run("day", "advance", day.isoformat(), "--json") == 0
        return json.loads(self.capsys.readouterr().out)

    def late_line(self, number: str = "010-1234-5678") -> Line:
        line = self.days.book.line(number)
        self.days.bill(line, 50_000, DUE_ON)
        return line

    def outgoing(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "outgoing").iterdir())


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    monkeypatch.setenv("CARRIERBILL_RULES", "guide")
    made = Desk(tmp_path, monkeypatch, capsys)
    yield made
    made.days.book.close()


def test_a_day_books_fees_sends_notices_and_prints_the_heads(desk: Desk) -> None:
    desk.late_line()
    desk.clock.to(date(2026, 9, 29), 10)
    answer = desk.advance(date(2026, 9, 29))
    assert answer["rules"] == "guide"
    assert answer["days"] == [
        {
            "day": "2026-09-29",
            "lines": 1,
            "late_fee_won": 0,
            "starts": {},
            "ends": {},
            "notices": {"queued": 1, "handed_over": 1, "delivered": 1},
            "refused": {},
            "files": [],
        }
    ]
    assert [head["chain"] for head in answer["heads"]] == ["audits", "entries", "policies"]
    printed = (desk.folder / "heads.log").read_text(encoding="ascii")
    assert all(head["hash"] in printed for head in answer["heads"])
    desk.clock.to(date(2026, 10, 1), 10)
    answer = desk.advance(date(2026, 10, 1))
    assert [day["starts"] for day in answer["days"]] == [
        {},
        {},
        {"pg_marked_unpaid": 1, "block_purchases": 1},
    ]
    assert [day["late_fee_won"] for day in answer["days"]] == [0, 0, 2]


def test_days_that_were_missed_are_worked_in_order(desk: Desk) -> None:
    line = desk.late_line()
    desk.clock.to(date(2026, 9, 29), 10)
    desk.advance(date(2026, 9, 29))
    desk.clock.to(date(2026, 10, 20), 10)
    answer = desk.advance(date(2026, 10, 20))
    assert [day["day"] for day in answer["days"]] == [
        (date(2026, 9, 29) + timedelta(ahead)).isoformat() for ahead in range(22)
    ]
    (mark,) = desk.days.book.all(LineDay, line_id=line.id)
    assert mark.advanced_to == date(2026, 10, 20)


def test_the_same_day_again_changes_nothing_and_writes_the_same_files(desk: Desk) -> None:
    desk.late_line()
    for day in (date(2026, 9, 29), date(2026, 10, 1)):
        desk.clock.to(day, 10)
        desk.advance(day)
    entries = desk.days.book.trial_balance()
    files = {name: (desk.folder / "outgoing" / name).read_bytes() for name in desk.outgoing()}
    again = desk.advance(date(2026, 10, 1))
    assert [day["lines"] for day in again["days"]] == [0]
    assert desk.days.book.trial_balance() == entries
    assert {name: (desk.folder / "outgoing" / name).read_bytes() for name in desk.outgoing()} == files


def test_no_number_and_no_name_is_in_the_notices_file_or_the_answer(desk: Desk) -> None:
    desk.late_line()
    desk.clock.to(date(2026, 9, 29), 10)
    assert desk.run("day", "advance", "2026-09-29") == 0
    out = desk.capsys.readouterr().out
    written = (desk.folder / "outgoing" / "notices-2026-09-29.jsonl").read_text(encoding="utf-8")
    for text in (out, written):
        assert "1234" not in text
        assert "Hong" not in text
    assert "010-****-5678" in written


def test_where_a_way_out_is_set_notices_go_by_it_and_their_receipts_are_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = desk.late_line()
    with served(FakeSolapi()) as fake:
        told = {"API_KEY": fake.key, "API_SECRET": fake.secret, "FROM": "0212345678", "URL": fake.url}
        for name, value in told.items():
            monkeypatch.setenv(f"CARRIERBILL_SMS_{name}", value)
        desk.clock.to(date(2026, 9, 29), 10)
        answer = desk.advance(date(2026, 9, 29))
        assert answer["days"][0]["notices"] == {"queued": 1, "handed_over": 1, "delivered": 0}
        ((message_id, message),) = fake.messages.items()
        assert message["to"] == "01012345678"
        assert not (desk.folder / "outgoing").exists()
        fake.becomes("4000", dateReceived="2026-09-29T03:00:00Z")
        desk.clock.to(date(2026, 9, 30), 10)
        desk.advance(date(2026, 9, 30))
    (notice,) = desk.days.notices(line, "reminder")
    assert (notice.reference, notice.delivered_on) == (f"solapi/{message_id}", date(2026, 9, 29))


def test_people_read_sums_and_names(desk: Desk) -> None:
    desk.late_line()
    for day in (date(2026, 9, 29), date(2026, 10, 1)):
        desk.clock.to(day, 10)
        assert desk.run("day", "advance", day.isoformat()) == 0
    out = desk.capsys.readouterr().out
    assert "Thu 1 Oct 2026" in out
    assert "new purchases blocked (1)" in " ".join(out.split())
    assert "2 won" in out
    # The day before was worked already and brings nothing to read.
    assert "Tue 29 Sep 2026" not in out


def test_a_day_to_come_is_bad_use(desk: Desk) -> None:
    desk.clock.to(date(2026, 9, 29), 23, 59)
    assert desk.run("day", "advance", "2026-09-30") == 2
    told = desk.capsys.readouterr()
    assert (told.out, told.err) == (
        "",
        "carrierbill: DAY: Wed 30 Sep 2026 has not come yet; give today or an earlier day\n",
    )


def test_the_rules_have_to_be_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARRIERBILL_RULES")
    assert desk.run("day", "advance", "2026-09-24") == 2
    assert desk.capsys.readouterr().err.startswith("carrierbill: CARRIERBILL_RULES: ")


def test_in_a_demo_the_clock_stands_where_the_day_is_and_the_guide_is_confirmed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CARRIERBILL_RULES")
    with desk.days.book.db.session() as session:
        for table in ("audits", "policies"):
            assert session.rows(f"SELECT COUNT(*) FROM {table}") == [(0,)]  # two names of ours
        begin_demo(session)
        finish_demo(session)
    desk.days.book.rules = confirmed(RULE_SETS["guide"])
    line = desk.late_line()
    desk.advance(date(2026, 9, 29))
    desk.advance(date(2026, 10, 30))
    effects = {
        str(effect.effect): effect.began_on for effect in desk.days.book.all(LineEffect, line_id=line.id)
    }
    assert effects["block_purchases"] == date(2026, 10, 1)
    assert effects["suspend_line"] == date(2026, 10, 30)
    assert "notices-2026-10-15.jsonl" in desk.outgoing()
