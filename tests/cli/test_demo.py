"""A demo is a whole year, clearly made up, in a database that was empty; half a demo passes for none."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from books import Books, Clock, books
from carrierbill.bootstrap import confirmed
from carrierbill.cli.demo import show_summary
from carrierbill.cli.main import run
from carrierbill.demo import year
from carrierbill.demo.cast import CLIENTS
from carrierbill.demo.making import hurry
from carrierbill.demo.scene import Scene
from carrierbill.demo.summary import Summary, summary_of
from carrierbill.demo.year import Plan, make_year
from carrierbill.domain.arrangement import Arrangement, ArrangementKind
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import month_later
from carrierbill.domain.limits import Declined, Reason
from carrierbill.domain.line import DemoPart, Holder, Line, LineEffect
from carrierbill.domain.notice import BureauReport, Notice
from carrierbill.domain.purchase import Merchant, Purchase
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.holding import Authorised
from carrierbill.services.verify_books import verify_books
from carrierbill.storage.database import open_database
from carrierbill.storage.facts import StoredFacts
from carrierbill.storage.key_file import KeyFile
from carrierbill.storage.marks import begin_demo, is_demo
from carrierbill.texts.load import read_texts
from databases import KINDS, fresh_database, sqlite_url
from rule_sets import RULE_SETS

UNTIL = date(2026, 6, 18)
GUIDE = confirmed(RULE_SETS["guide"])
FURTHER, FURTHER_LIMIT_WON = 5, 70_000
PLAN = Plan(UNTIL, lines=12, further=FURTHER, further_limit_won=FURTHER_LIMIT_WON)


@dataclass(frozen=True)
class Made:
    """A year that was made, its scene and what is summed up of it."""

    book: Books
    scene: Scene
    summary: Summary


def made_year(url: str, plan: Plan) -> Made:
    book = books(url, "guide")
    if book.db.on_sqlite and url != "sqlite://":
        hurry(book.db)
    scene = make_year(book.db, GUIDE, plan)
    # Whoever looks at the year does so on the next day.
    book.clock.to(UNTIL + timedelta(days=1))
    book.rules, book.db.clock = GUIDE, book.clock
    return Made(book, scene, summary_of(scene))


@cache
def in_memory(plan: Plan) -> Made:
    return made_year("sqlite://", plan)


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    if request.param == "sqlite":
        yield made_year(sqlite_url(tmp_path_factory.mktemp("demo")), PLAN)
        return
    with fresh_database(request.getfixturevalue("postgres_server")) as url:
        year_made = made_year(url, PLAN)
        yield year_made
        year_made.book.close()


# ── the books are right ──────────────────────────────────────────────────────────────────────────────────


def test_a_made_year_verifies_clean(made: Made) -> None:
    with made.book.db.session() as session:
        found = verify_books(StoredFacts(session, ()))
    assert found.clean, found
    assert found.rows["entries"] > 1_000


def test_the_trial_balance_of_a_year_is_zero_and_no_account_was_left_out(made: Made) -> None:
    assert sum(made.summary.balances.values()) == 0
    assert made.book.trial_balance() == {
        account: won for account, won in made.summary.balances.items() if won
    }
    moved = {account for account, won in made.summary.balances.items() if won}
    assert {"bank", "billed_claims", "late_fee_income", "merchant_payables", "refunds_payable"} <= moved
    assert {"fee_waived", "withheld_payables", "line_credit", "unbilled_claims"} <= moved


# ── everything that was promised is there ────────────────────────────────────────────────────────────────

PROMISED = {
    "lines": ("SKT", "KT", "LGU"),
    "purchases": ("confirmed", "cancelled", "lapsed", "denied"),
    "declined": ("above_cap", "category_blocked", "daily_limit", "late", "late_elsewhere", "monthly_limit"),
    "bills": ("settled", "late"),
    "refunds": ("cancelled", "credited", "paid_back"),
    "objections": ("open", "upheld", "rejected"),
    "arrangements": ("granted", "refused", "kept", "broken"),
    "reports": ("reported", "withdrawn"),
}


@pytest.mark.parametrize("kind", PROMISED)
def test_a_year_has_everything_that_is_promised_of_it(kind: str, made: Made) -> None:
    counts = made.summary.counts[kind]
    assert {name: counts.get(name, 0) for name in PROMISED[kind] if not counts.get(name)} == {}


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (ArrangementKind.WAIVER, "granted"),
        (ArrangementKind.WAIVER, "refused"),
        (ArrangementKind.INSTALMENT, "kept"),
        (ArrangementKind.INSTALMENT, "broken"),
        (ArrangementKind.DEBT_ADJUSTMENT, "granted"),
        (ArrangementKind.DEBT_ADJUSTMENT, "broken"),
        (ArrangementKind.LONG_TERM_REVIEW, "granted"),
    ],
)
def test_reliefs_are_granted_refused_kept_and_broken(kind: ArrangementKind, state: str, made: Made) -> None:
    assert [each for each in made.book.all(Arrangement) if (each.kind, each.state) == (kind, state)]


def test_a_waiver_took_some_fee_away(made: Made) -> None:
    waivers = [each for each in made.book.all(Arrangement) if each.kind == ArrangementKind.WAIVER]
    assert sum(waiver.waived_won for waiver in waivers) == made.summary.balances["fee_waived"] > 0


def test_one_report_was_held_and_withdrawn_before_it_went_out_and_one_after(made: Made) -> None:
    withdrawn = [each for each in made.book.all(BureauReport) if each.withdrawn_on]
    assert {each.reported_on is None for each in withdrawn} == {True, False}


def test_some_lines_are_blocked_and_others_came_back(made: Made) -> None:
    effects = made.book.all(LineEffect)
    held = {each.line_id for each in effects if each.ended_on is None and each.effect == "block_purchases"}
    back = {each.line_id for each in effects if each.effect == "suspend_line" and each.ended_on} - held
    assert held
    assert back
    assert sum(made.summary.stages.values()) == len({each.line_id for each in effects if not each.ended_on})


def test_the_reminder_named_the_card_that_expires_and_the_balance_that_is_short(made: Made) -> None:
    also = ",".join(str(each.details.get("also", "")) for each in made.book.all(Notice))
    assert {"notice.card_expired", "notice.balance_short"} <= set(also.split(","))


def test_lines_are_of_mvnos_minors_welfare_recipients_and_holders_of_several(made: Made) -> None:
    lines, holders = made.book.all(Line), made.book.all(Holder)
    assert [line for line in lines if line.mvno and line.offered]
    assert [holder for holder in holders if holder.welfare]
    assert [holder for holder in holders if holder.minor_until and holder.minor_until > UNTIL]
    assert len({line.holder_id for line in lines}) < len(lines)


def test_what_a_gateway_reported_late_is_on_a_bill_of_the_next_month(made: Made) -> None:
    late = [each for each in made.book.all(Purchase) if each.reported_month is not None]
    bills = {bill.id: bill.month for bill in made.book.all(IssuedBill)}
    assert late
    assert all(month_later(each.month, 1) == bills[each.bill_id or 0] for each in late)


def test_no_step_of_the_year_was_refused_but_those_that_should_be(made: Made) -> None:
    rules = {refused.rule for refused in made.scene.play.refused}
    assert rules == {"validate_wrong", "authorisation.repeated_failures"}


def test_merchants_were_paid_each_month(made: Made) -> None:
    assert made.summary.counts["settlements"]["made"] >= 11 * len(CLIENTS)
    assert [each for each in made.book.all(Purchase) if each.settlement_id is not None]


# ── clearly made up ──────────────────────────────────────────────────────────────────────────────────────


def test_every_number_is_of_a_demo_range(made: Made) -> None:
    with made.book.db.unit() as unit:
        numbers = unit.people.numbers_of(line.id for line in unit.peek(Line))
    places = sorted(int(number.removeprefix("+8210")) for number in numbers.values())
    assert places[:7] == [1, 2, 3, 4, 5, 6, 7]
    assert places[-FURTHER:] == list(range(100_001, 100_001 + FURTHER))
    assert all(10_001 <= place <= 19_999 for place in places[7:-FURTHER])


def test_every_name_says_that_it_is_of_a_demo(made: Made) -> None:
    with made.book.db.unit() as unit:
        names = unit.people.names_of(holder.id for holder in unit.peek(Holder))
    sellers = {merchant.name for merchant in made.book.all(Merchant)}
    assert [name for name in (*names.values(), *sellers) if not name.startswith(("데모", "Demo"))] == []


# ── the promised lines and merchants ─────────────────────────────────────────────────────────────────────


class NotKeptError(Exception):
    """Ends a unit of work whose outcome was all that was wanted."""


def tried(made: Made, place: int, won: int = 1_000) -> Any:
    """What a purchase would come to; the year stays as it is."""
    command = Authorise("demo-shop", f"+8210{place:08d}", won, exempt=True)
    outcomes: list[object] = []
    with suppress(NotKeptError), made.book.db.unit() as unit:
        outcomes += authorise_purchase([command], unit, GUIDE)
        raise NotKeptError
    return outcomes[0]


@pytest.mark.parametrize("place", [1, 3, 6, 7, 100_001, 100_000 + FURTHER])
def test_an_eligible_line_may_buy(place: int, made: Made) -> None:
    assert isinstance(tried(made, place), Authorised)


@pytest.mark.parametrize(
    ("place", "reason"), [(2, Reason.LATE), (4, Reason.MONTHLY_LIMIT), (5, Reason.NOT_OFFERED)]
)
def test_a_line_that_may_not_buy_says_why(place: int, reason: Reason, made: Made) -> None:
    outcome = tried(made, place)
    assert isinstance(outcome, Declined)
    assert outcome.reason == reason


def test_each_promised_line_shows_its_part_and_the_years_own_lines_show_none(made: Made) -> None:
    lines, parts = made.scene.lines, {line.id: line.demo for line in made.book.all(Line)}
    told = {place: parts[lines[f"+8210{place:08d}"]] for place in range(1, 8)}
    expected = dict.fromkeys(range(1, 8), DemoPart.EXEMPT)
    assert told == expected | {3: DemoPart.NEEDS_CODE, 6: DemoPart.BLOCKED_ON_THE_WAY}
    assert {parts[line_id] for number, line_id in lines.items() if number > "+821000010000"} == {None}


def test_the_seventh_line_and_the_further_ones_never_bought_anything() -> None:
    made = in_memory(PLAN)
    buyers = {purchase.line_id for purchase in made.book.all(Purchase)}
    with made.book.db.unit() as unit:
        known = unit.lines_by_number(["+821000000007", "+821000100001", "+821000100002"])
    assert len(known) == 3
    assert not {line_id for line_id, _ in known.values()} & buyers


def test_a_further_line_has_the_limit_it_was_given(made: Made) -> None:
    outcome = tried(made, 100_002, FURTHER_LIMIT_WON + 1)
    assert outcome.reason == Reason.MONTHLY_LIMIT
    assert isinstance(tried(made, 100_002, FURTHER_LIMIT_WON), Authorised)


def test_both_clients_have_the_merchants_for_refunds_and_their_own(made: Made) -> None:
    of_client = {
        client: {merchant.identifier for merchant in made.book.all(Merchant, client=client)}
        for client in CLIENTS
    }
    refunding = {"demo-refund-denied", "demo-no-refund", "demo-refund-threshold", "demo-next-bill"}
    assert all({client, *refunding} <= identifiers for client, identifiers in of_client.items())


# ── the same for the same seed and day ───────────────────────────────────────────────────────────────────


def told(made: Made) -> list[tuple[Any, ...]]:
    """What a year's purchases are, without their ids."""
    with made.book.db.unit() as unit:
        numbers = unit.people.numbers_of(line.id for line in unit.peek(Line))
        purchases = unit.peek(Purchase)
    return sorted((numbers[p.line_id], str(p.created_at), p.won, p.state, p.refunded_won) for p in purchases)


def test_two_runs_of_a_seed_and_day_are_alike() -> None:
    first, again = in_memory(PLAN), made_year("sqlite://", PLAN)
    assert told(first) == told(again)
    assert first.summary == again.summary


def test_both_databases_hold_the_same_year(made: Made) -> None:
    assert told(made) == told(in_memory(PLAN))
    assert made.summary == in_memory(PLAN).summary


def test_another_seed_makes_another_year() -> None:
    other = made_year("sqlite://", replace(PLAN, seed=2))
    assert told(other) != told(in_memory(PLAN))
    assert other.summary.balances != in_memory(PLAN).summary.balances


@pytest.mark.parametrize("until", [date(2025, 3, 1), date(2028, 2, 29)])
def test_a_year_may_end_on_any_day(until: date) -> None:
    made = made_year("sqlite://", Plan(until, lines=2))
    counts = made.summary.counts
    assert {kind: set(names) - set(counts[kind]) for kind, names in PROMISED.items()} == {
        kind: set() for kind in PROMISED
    }
    with made.book.db.session() as session:
        assert verify_books(StoredFacts(session, ())).clean


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and few ordinary lines."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(year, "LINES", 2)
    return tmp_path / "carrierbill"


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["demo", "--until", UNTIL.isoformat(), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_makes_a_database_marked_as_a_demo(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = asked(capsys, "--json", "--lines", "3", "--limit", "50000")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["until"] == UNTIL.isoformat()
    assert document["rules"] == "guide"
    assert sum(account["won"] for account in document["accounts"]) == 0
    assert [example["number"][:5] for example in document["examples"]] == ["+8210"] * 3
    assert all(set(example["text"]) == {"ko", "en"} for example in document["examples"])
    database = open_database(
        f"sqlite:///{home / 'carrierbill.db'}", KeyFile(home / "keys.toml").read(), Clock()
    )
    with database.session() as session:
        assert is_demo(session)
    assert sorted(file.name for file in home.iterdir()) == ["carrierbill.db", "keys.toml"]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_summary_is_short_and_in_the_asked_language(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_summary(in_memory(PLAN).summary, read_texts(), language)
    out = capsys.readouterr().out
    assert len(out.splitlines()) < 50
    assert ("청구서" in out) == (language == "ko")
    assert "+821000000002" in out
    assert not re.search(r"[{}_]", out)


@pytest.mark.usefixtures("home")
def test_a_database_that_is_not_empty_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = asked(capsys)
    assert (code, err) == (0, "")
    assert "+821000000002" in out
    code, out, err = asked(capsys, "--json")
    assert (code, out) == (2, "")
    assert err.startswith("carrierbill: CARRIERBILL_DATABASE_URL: ")
    assert err.count("\n") == 1


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("--limit", ["--limit", "1000"]),
        ("--lines", ["--lines", "0"]),
        ("--until", ["--until", "2025-02-28"]),
        ("--until", ["--until", "2050-07-01"]),
        ("--seed", ["--seed", "-1"]),
    ],
)
def test_bad_use_names_the_option(
    option: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = asked(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"carrierbill: {option}: ")


# ── whole or not at all ──────────────────────────────────────────────────────────────────────────────────


# More than the empty tables take.
HALF_BYTES = 600_000


def started(folder: Path, **settings: str) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARRIERBILL_")}
    return subprocess.Popen(
        # The further lines come last, so that being half way is far from the end.
        [sys.executable, "-m", "carrierbill", "demo", "--until", UNTIL.isoformat(), "--lines", "3000"],
        env={**environment, "XDG_DATA_HOME": str(folder), **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def stopped_half_way(process: "subprocess.Popen[bytes]", by: signal.Signals, home: Path) -> None:
    beside = home / ".carrierbill.db.being-made"
    end = time.monotonic() + 60
    while not (beside.exists() and beside.stat().st_size > HALF_BYTES):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < end, "it never came half way"
        time.sleep(0.02)
    process.send_signal(by)
    process.wait()


def test_a_killed_demo_leaves_no_database_and_the_next_one_is_made(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_half_way(started(tmp_path), signal.SIGKILL, home)
    assert not (home / "carrierbill.db").exists()
    assert asked(capsys)[0] == 0
    assert sorted(file.name for file in home.iterdir()) == ["carrierbill.db", "keys.toml"]


def test_a_demo_that_is_interrupted_cleans_up_behind_itself(home: Path, tmp_path: Path) -> None:
    stopped_half_way(started(tmp_path), signal.SIGINT, home)
    assert [file.name for file in home.iterdir()] == ["keys.toml"]


def test_what_is_not_empty_is_refused_before_anything_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(capsys)[0] == 0
    monkeypatch.setattr(year, "make_year", None)
    before = (home / "carrierbill.db").stat()
    assert asked(capsys)[0] == 2
    assert (home / "carrierbill.db").stat() == before


def test_a_database_that_came_in_between_is_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make = year.make_year

    def slowly(*given: Any) -> Scene:
        scene = make(*given)
        came = books(f"sqlite:///{home / 'carrierbill.db'}", keys=KeyFile(home / "keys.toml").read())
        came.line()
        came.close()
        return scene

    monkeypatch.setattr(year, "make_year", slowly)
    code, out, err = asked(capsys)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    kept = books(f"sqlite:///{home / 'carrierbill.db'}", keys=KeyFile(home / "keys.toml").read())
    assert len(kept.all(Line)) == 1
    kept.close()
    assert not list(home.glob(".*"))


def test_two_demos_are_not_made_in_one_place_at_a_time(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = started(tmp_path)
    beside = home / ".carrierbill.db.being-made"
    killed = False
    try:
        while not (beside.exists() and beside.stat().st_size):
            assert first.poll() is None
            time.sleep(0.02)
        code, _, err = asked(capsys)
        killed = first.poll() is None
        assert code == 2
        assert "please wait" in err
    finally:
        first.kill()
        first.wait()
    assert killed, "the first one was over before the second began"


def test_a_demo_that_is_not_finished_is_none_and_says_what_to_do(database_url: str) -> None:
    book = books(database_url)
    with book.db.session() as session:
        begin_demo(session)
        assert not is_demo(session)
    with book.db.session() as session, pytest.raises(Exception, match="demo_unfinished"):
        begin_demo(session)
    book.close()
