"""Who need be known no longer is gone: from tables, from the database's own files, logs and backups."""

import gzip
import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from books import Books
from carrierbill.domain.allowances import Retention
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.gateway import GatewayArrears
from carrierbill.domain.line import Holder, Line, LineStatus
from carrierbill.domain.notice import Channel, Notice, NoticeState
from carrierbill.domain.objection import Objection, ObjectionState
from carrierbill.domain.purchase import Purchase
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.ports import Once
from carrierbill.services.verify_books import Findings, verify_books
from carrierbill.storage.backup import back_up
from carrierbill.storage.facts import StoredFacts
from carrierbill.storage.forgetting import delete_files, forget_before
from carrierbill.storage.proof import heads_of
from tools.postgres_server import PostgresServer

KEPT = Retention(above_won=10_000, months=60, months_below=12)
BOUGHT_ON = date(2018, 3, 5)
WORDS = "a birthday cake for grandmother"


def bought(book: Books, won: int, on: date = BOUGHT_ON) -> Line:
    """A line that bought something once and cancelled it, so that nothing is open."""
    book.clock.to(on)
    line = book.line(
        card_expires_on=date(2020, 2, 29), balance_won=777_123, opened_on=date(2017, 1, 2), consented_on=on
    )
    (held,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), won, description=WORDS))
    book.decide(cancel_purchase, Cancel("shop", held.purchase_id))
    return line


def verified(book: Books) -> Findings:
    with book.db.snapshot() as session:
        return verify_books(StoredFacts(session, heads_of(session, book.clock())))


def forget(book: Books, before: date) -> int:
    book.clock.to(date(2026, 3, 2))
    return forget_before(book.db, before, KEPT)


@pytest.mark.parametrize(
    ("won", "before", "gone"),
    [
        (10_001, date(2023, 3, 5), 0),
        (10_001, date(2023, 3, 6), 1),
        (10_000, date(2019, 3, 5), 0),
        (10_000, date(2019, 3, 6), 1),
    ],
)
def test_records_above_10000_won_are_kept_five_years_others_one(
    book: Books, won: int, before: date, gone: int
) -> None:
    line = bought(book, won)
    assert forget(book, before) == gone
    with book.db.unit() as unit:
        assert (unit.people.name_of(line.holder_id) is None) == bool(gone)
        assert (unit.people.number_of(line.id) is None) == bool(gone)


def test_the_latest_of_all_their_records_counts(book: Books) -> None:
    line = bought(book, 1_000)
    book.clock.to(date(2025, 7, 1))
    (held,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 500))
    book.decide(cancel_purchase, Cancel("shop", held.purchase_id))
    assert forget(book, date(2026, 7, 1)) == 0
    assert forget(book, date(2026, 7, 2)) == 1


def test_who_has_something_open_stays(book: Books) -> None:
    open_lines = [bought(book, 1_000) for _ in range(6)]
    book.clock.to(BOUGHT_ON)
    held, unbilled, credit, noticed, objecting, _ = open_lines
    for line in (held, unbilled):
        (made,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 500))
    book.decide(confirm_purchase, Confirm("shop", made.purchase_id))
    with book.db.unit() as unit:
        unit.load(Line)
        for notice in unit.load(Notice):
            unit.put(replace(notice, state=NoticeState.DELIVERED))
        unit.put(replace(credit, credit_won=1))
        unit.add(Notice(900, noticed.id, noticed.holder_id, "x", "x", Channel.SMS, unit.now, unit.now))
        (purchase, *_) = unit.load(Purchase, line_id=[objecting.id])
        unit.add(
            Objection(901, purchase.id, objecting.id, objecting.holder_id, None, BOUGHT_ON, BOUGHT_ON, 5, "")
        )
    assert forget(book, date(2026, 1, 1)) == 1
    with book.db.unit() as unit:
        assert set(unit.people.numbers_of(line.id for line in open_lines)) == {
            line.id for line in open_lines[:5]
        }


def test_a_line_that_was_never_used_is_not_forgotten_while_it_is_in_service(book: Books) -> None:
    waiting, closed = (book.line(status=status) for status in (LineStatus.ACTIVE, LineStatus.CLOSED))
    assert forget(book, date(2026, 1, 1)) == 1
    with book.db.unit() as unit:
        assert set(unit.people.numbers_of([waiting.id, closed.id])) == {waiting.id}


def test_amounts_and_entries_stay_and_the_book_is_clean(book: Books) -> None:
    line = bought(book, 1_000)
    before = book.trial_balance(), [(p.id, p.won, p.state) for p in book.all(Purchase)], verified(book).rows
    assert forget(book, date(2020, 1, 1)) == 1
    found = verified(book)
    assert found.clean
    assert (book.trial_balance(), [(p.id, p.won, p.state) for p in book.all(Purchase)]) == before[:2]
    assert found.rows == {**before[2], "audits": before[2]["audits"] + 1}
    holder = book.one(Holder, line.holder_id)
    assert (holder.forgotten_on, holder.minor_until) == (date(2026, 3, 2), None)
    gone = book.one(Line, line.id)
    assert (gone.card_expires_on, gone.balance_won, gone.status) == (None, None, LineStatus.CLOSED)


def test_free_words_about_them_are_emptied(book: Books) -> None:
    line = bought(book, 1_000)
    with book.db.unit() as unit:
        (purchase,) = unit.load(Purchase)
        unit.add(
            Notice(
                900,
                line.id,
                line.holder_id,
                "charge",
                "notice.charge",
                Channel.SMS,
                unit.now,
                unit.now,
                details={"what": WORDS},
                state=NoticeState.DELIVERED,
                reference=WORDS,
                secret=b"sealed",
            )
        )
        unit.add(
            Objection(
                901,
                purchase.id,
                line.id,
                line.holder_id,
                None,
                BOUGHT_ON,
                BOUGHT_ON,
                5,
                WORDS,
                ObjectionState.REJECTED,
                BOUGHT_ON,
            )
        )
    assert forget(book, date(2020, 1, 1)) == 1
    (notice,) = book.all(Notice)
    assert (notice.details, notice.reference, notice.secret) == ({}, "", None)
    assert [purchase.description for purchase in book.all(Purchase)] == [""]
    assert [objection.reason for objection in book.all(Objection)] == [""]


def test_forgetting_twice_forgets_nobody_twice(book: Books) -> None:
    bought(book, 1_000)
    assert [forget(book, date(2020, 1, 1)) for _ in range(2)] == [1, 0]


def test_answers_are_remembered_for_13_months(book: Books) -> None:
    line = book.line()
    number = book.number(line)
    commands = []
    for on in (date(2025, 2, 1), date(2025, 2, 2)):
        book.clock.to(on, hour=0)
        commands.append(Authorise("shop", number, 500, once=Once("shop", "create", f"{on}", "f")))
        book.decide(authorise_purchase, commands[-1])
    assert forget(book, date(2020, 1, 1)) == 0
    with book.db.session() as session:
        assert session.rows("SELECT key FROM answers") == [("2025-02-02",)]


def files_of(book: Books, request: pytest.FixtureRequest) -> bytes:
    """All bytes in the database's own files; of a server those of its tables, once it has written them."""
    if book.db.on_sqlite:
        file = Path(str(book.db.engine.url.database))
        return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with book.db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("CHECKPOINT")
        number = connection.exec_driver_sql(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).scalar_one()
    folder = server.folder / "data" / "base" / str(number)
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_no_byte_of_them_is_left_in_the_files_of_the_database(
    book: Books, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    lines = [bought(book, 1_000) for _ in range(40)]
    stays = bought(book, 1_000, date(2026, 3, 1))
    with book.db.session() as session:
        sealed = [
            bytes(value)
            for row in session.rows("SELECT wrapped_key, name_sealed, name_hash FROM people")
            for value in row
        ]
        numbers = session.rows("SELECT line_id, number_sealed, number_hash, tail_hash FROM numbers")
    sealed = [value for value in sealed if value]
    of_stays = {bytes(value) for row in numbers if row[0] == stays.id for value in row[1:]}
    gone = [bytes(value) for row in numbers if row[0] != stays.id for value in row[1:]]
    assert gone[0] in files_of(book, request)
    assert forget(book, date(2020, 1, 1)) == len(lines)
    left = files_of(book, request)
    found = {value for value in sealed if value in left}
    assert len(found) == 3
    assert not [value for value in gone if value in left and value not in of_stays]
    assert left.count(WORDS.encode()) >= 1
    back_up(book.db, tmp_path / "book.backup")
    inside = gzip.decompress((tmp_path / "book.backup").read_bytes()).decode()
    assert inside.count(WORDS) == 1


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_went_out_and_what_was_logged_before_the_day_is_deleted(tmp_path: Path) -> None:
    out = tmp_path / "outgoing" / "notices"
    out.mkdir(parents=True)
    old, new = datetime(2019, 5, 1, tzinfo=SEOUL), datetime(2021, 5, 1, tzinfo=SEOUL)
    for name, at in {
        "serve.log.1": old,
        "serve.log": new,
        "heads.log": old,
        "carrierbill.db": old,
        "keys.toml": old,
        "outgoing/notices/notices-2019-12-31.jsonl": new,
        "outgoing/notices/notices-2020-01-01.jsonl": old,
        "outgoing/other.csv": old,
    }.items():
        (tmp_path / name).write_text("x", encoding="utf-8")
        os.utime(tmp_path / name, (at.timestamp(), at.timestamp()))
    assert delete_files(tmp_path, date(2020, 1, 1)) == 3
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "carrierbill.db",
        "heads.log",
        "keys.toml",
        "notices-2020-01-01.jsonl",
        "serve.log",
    ]


def test_a_gateways_arrears_hold_their_line_until_cleared_and_then_lose_what_names_them(book: Books) -> None:
    line = bought(book, 1_000)
    with book.db.unit() as unit:
        for number in (1, 2):
            told = (f"m-{number}", line.id, line.holder_id, 500, BOUGHT_ON, BOUGHT_ON)
            unit.add(GatewayArrears(unit.new_id(GatewayArrears), "kg", *told))
    assert forget(book, date(2026, 3, 2)) == 0
    with book.db.unit() as unit:
        for arrears in unit.load(GatewayArrears):
            unit.put(replace(arrears, cleared_on=date(2020, 1, 1)))
    assert forget(book, date(2021, 1, 1)) == 0
    assert forget(book, date(2021, 1, 2)) == 1
    left = [each.reference for each in book.all(GatewayArrears)]
    assert [reference.partition("/")[0] for reference in left] == ["forgotten", "forgotten"]
