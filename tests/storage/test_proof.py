"""With the guards off, whatever is changed, deleted or cut in an appended table is named, the first row."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from books import KEYS, Books, books
from books import START as AT
from carrierbill.domain.billing import IssuedBill, MoneyReceived
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Holder, Line
from carrierbill.domain.objection import Objection
from carrierbill.domain.purchase import Merchant, Purchase, PurchaseState, Refund
from carrierbill.domain.settlement import Settlement
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.ports import Audit
from carrierbill.services.verify_books import (
    LAWS,
    NEVER,
    TOLD_TWICE,
    BrokenLaw,
    Findings,
    WrongRow,
    verify_books,
)
from carrierbill.storage.chain import ENTRY_COLUMNS, START, link, plain_row
from carrierbill.storage.database import Database, engine_of
from carrierbill.storage.facts import StoredFacts, statements
from carrierbill.storage.marks import record_rules
from carrierbill.storage.proof import Head, heads_of, print_heads, printed_heads
from carrierbill.storage.records import instant_text
from carrierbill.storage.schema import check_newest
from carrierbill.storage.sql import DATABASE_ERRORS
from carrierbill.storage.tables import APPEND_ONLY, metadata
from databases import sqlite_url
from rule_sets import RULE_SETS
from tampering import tamper

COLUMNS = [(table, column.name) for table in APPEND_ONLY for column in metadata.tables[table].columns]
# Which row is changed, and what names it: an entry's hash covers its postings too.
SECOND = {
    "entries": "seq = 2",
    "postings": "entry_seq = 2 AND leg = 0",
    "audits": "seq = 2",
    "policies": "seq = 2",
}
CHAIN = {table: "entries" if table == "postings" else table for table in APPEND_ONLY}


def verified(book: Books, *printed: Head) -> Findings:
    with book.db.snapshot() as session:
        return verify_books(StoredFacts(session, printed))


def heads(book: Books) -> list[Head]:
    with book.db.snapshot() as session:
        return heads_of(session, book.clock())


@pytest.fixture
def told(book: Books) -> Books:
    """A book with something in every appended table."""
    fill(book)
    return book


def fill(book: Books) -> None:
    """A held, a confirmed and a cancelled purchase, three audits and three rule sets."""
    line, shop = book.line(), book.merchant()
    numbers = [book.number(line)] * 3
    made = book.decide(
        authorise_purchase,
        *(Authorise("shop", number, 1_000, merchant=shop.identifier) for number in numbers),
    )
    book.decide(confirm_purchase, Confirm("shop", made[0].purchase_id))
    book.decide(cancel_purchase, Cancel("shop", made[1].purchase_id))
    with book.db.unit() as unit:
        for why in ("first", "second", "third"):
            unit.audit(Audit("clerk", "look", unit.now, line_id=line.id, why=why))
    with book.db.session() as session:
        for rules in RULE_SETS.values():
            record_rules(session, rules, book.clock())


def test_books_that_were_left_alone_are_clean(told: Books) -> None:
    found = verified(told, *heads(told))
    assert (found.wrong_rows, found.broken_laws) == ((), ())
    assert found.clean
    assert found.rows == {"entries": 5, "postings": 6, "audits": 3, "policies": 3}
    assert {account: won for account, won in found.trial_balance.items() if won} == {
        "held_claims": 1_000,
        "held_payables": -1_000,
        "unbilled_claims": 1_000,
        "merchant_payables": -1_000,
    }


def test_empty_books_are_clean(book: Books) -> None:
    assert verified(book).clean


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_changed_cell_of_any_column_is_named(told: Books, table: str, column: str) -> None:
    kind = str(metadata.tables[table].columns[column].info["kind"].value)
    sqlite = told.db.on_sqlite
    change = {
        "bigint": f"COALESCE({column}, 0) + 1000",
        "text": f"COALESCE({column}, '') || 'x'",
        "timestamptz": f"replace({column}, '+00:00', '+00:01')" if sqlite else f"{column} + interval '1us'",
        "bytea": "zeroblob(32)" if sqlite else "decode(repeat('00', 32), 'hex')",
    }[kind]
    tamper(told, f"UPDATE {table} SET {column} = {change} WHERE {SECOND[table]}")
    (wrong, *_) = verified(told).wrong_rows
    assert (wrong.table, wrong.seq) == (CHAIN[table], 2)
    assert wrong.what == ("missing" if column == "seq" else "changed")


def test_the_named_row_bears_its_key(told: Books) -> None:
    with told.db.session() as session:
        ((key,),) = session.rows("SELECT key FROM entries WHERE seq = 3")
    tamper(told, "UPDATE postings SET won = won + 1 WHERE entry_seq = 3")
    assert verified(told).wrong_rows == (WrongRow("entries", 3, key, "changed"),)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_deleted_row_is_named(told: Books, table: str) -> None:
    tamper(told, f"DELETE FROM {table} WHERE {SECOND[table]}")
    (wrong, *_) = verified(told).wrong_rows
    what = "changed" if table == "postings" else "missing"
    assert (wrong.table, wrong.seq, wrong.what) == (CHAIN[table], 2, what)


@pytest.mark.parametrize("table", ["entries", "audits", "policies"])
def test_a_cut_tail_is_named(told: Books, table: str) -> None:
    tamper(told, f"DELETE FROM {table} WHERE seq >= 3")
    (wrong, *_) = verified(told).wrong_rows
    assert wrong == WrongRow(table, 3, None, "cut")


@pytest.mark.parametrize("table", ["entries", "audits", "policies"])
def test_a_cut_tail_is_named_by_what_was_printed_though_the_inside_agrees(told: Books, table: str) -> None:
    printed = heads(told)
    tamper(
        told,
        f"DELETE FROM postings WHERE entry_seq >= 3 AND '{table}' = 'entries'",
        f"DELETE FROM {table} WHERE seq >= 3",
        f"UPDATE chains SET seq = 2, head = (SELECT hash FROM {table} WHERE seq = 2) WHERE name = '{table}'",
    )
    assert verified(told).wrong_rows == ()
    assert verified(told, *printed).wrong_rows == (WrongRow(table, 3, None, "cut"),)


def test_a_chain_that_was_made_anew_is_named_by_what_was_printed(told: Books) -> None:
    printed = [head for head in heads(told) if head.chain == "audits"]
    with told.db.session() as session:
        rows = session.rows("SELECT seq, actor, action, at, line_id, why, details FROM audits ORDER BY seq")
    before = START
    for seq, actor, *rest in map(plain_row, rows):
        forged = "somebody else" if seq == 2 else actor
        before = link(before, [seq, forged, *rest])
        tamper(told, "UPDATE audits SET actor = ?, hash = ? WHERE seq = ?", values=(forged, before, seq))
    tamper(told, "UPDATE chains SET head = ? WHERE name = 'audits'", values=(before,))
    assert verified(told).wrong_rows == ()
    assert verified(told, *printed).wrong_rows == (WrongRow("audits", 3, "look", "rewritten"),)


def test_a_head_that_was_changed_is_named(told: Books) -> None:
    tamper(told, "UPDATE chains SET head = ? WHERE name = 'entries'", values=(bytes(32),))
    assert verified(told).wrong_rows == (WrongRow("chains", 5, "entries", "changed"),)


def test_a_row_that_was_put_behind_is_named(told: Books) -> None:
    tamper(
        told,
        f"INSERT INTO entries ({', '.join(ENTRY_COLUMNS)})"
        " SELECT 6, 'money/9', what, at, line_id, reverses, hash FROM entries WHERE seq = 1",
    )
    assert verified(told).wrong_rows == (WrongRow("entries", 6, "money/9", "changed"),)


def test_postings_of_no_entry_are_named(told: Books) -> None:
    tamper(told, "INSERT INTO postings VALUES (900, 0, 'bank', 'line_credit', 5, NULL, NULL, NULL)")
    assert WrongRow("postings", 900, None, "extra") in verified(told).wrong_rows


def test_bytes_that_are_no_text_are_named_and_not_tripped_over(told: Books) -> None:
    if told.db.on_sqlite:
        tamper(told, "UPDATE audits SET why = CAST(x'FF' AS TEXT) WHERE seq = 2")
    else:
        tamper(told, "UPDATE audits SET why = '' WHERE seq = 2")
    assert verified(told).wrong_rows == (WrongRow("audits", 2, "look", "changed"),)


def test_heads_of_another_book_say_nothing_of_this_one(told: Books) -> None:
    (head, *_) = heads(told)
    other = Head(head.at, "another", head.chain, 1_000, bytes(32))
    assert verified(told, other).clean


def appended(file: Path) -> object:
    """All rows of the appended tables, or what stands in the way of reading them."""
    connection = sqlite3.connect(file)
    connection.text_factory = bytes
    try:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in APPEND_ONLY
        ]
    except DATABASE_ERRORS as error:
        return error
    finally:
        connection.close()


def test_a_damaged_file_is_never_clean_and_never_a_bug(tmp_path: Path) -> None:
    """One bit of a file, anywhere: what is read of the appended tables is the same, or something is named."""
    book = books(sqlite_url(tmp_path))
    fill(book)
    book.close()
    file = tmp_path / "book.db"
    whole, rows, seed = file.read_bytes(), appended(file), 20_261_124
    named = 0
    chance = Random(seed)  # noqa: S311  # places, not secrets
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[chance.randrange(4_096, len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        opened = Database(engine_of(sqlite_url(tmp_path)), KEYS, book.clock)
        try:
            check_newest(opened.engine)
            clean = verified(Books(opened, book.clock, book.rules)).clean
        except BadInputError:  # the one line that a person sees
            clean = False
        opened.close()
        named += not clean
        assert appended(file) == rows or not clean
    assert named > 30


# ── heads outside ────────────────────────────────────────────────────────────────────────────────────────


def test_heads_are_printed_once_a_day_and_read_back(told: Books, tmp_path: Path) -> None:
    file = tmp_path / "data" / "heads.log"
    assert printed_heads(file) == []
    for day in (told.clock.day, told.clock.day, told.clock.day + timedelta(days=1)):
        told.clock.to(day)
        with told.db.snapshot() as session:
            print_heads(session, file, told.clock())
    printed = printed_heads(file)
    assert len(printed) == 6
    assert printed[3:] == heads(told)
    assert verified(told, *printed).clean


def test_a_line_that_is_no_head_is_named_with_its_file(told: Books, tmp_path: Path) -> None:
    file = tmp_path / "heads.log"
    (head, *_) = heads(told)
    file.write_text(
        f"{instant_text(head.at)} book entries 5 {head.hash.hex()}\nentries 5\n", encoding="utf-8"
    )
    with pytest.raises(BadInputError) as fault:
        printed_heads(file)
    assert (fault.value.field, fault.value.reason.values) == (str(file), {"line": 2})


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────

DAY = date(2026, 3, 2)


def a_bill(line: Line, **told: Any) -> IssuedBill:
    month = date(2026, 2, 1)
    return IssuedBill(900, line.id, line.holder_id, "SKT", month, DAY, DAY, **{"principal_won": 5, **told})


def an_objection(purchase: Purchase) -> Objection:
    of = (purchase.id, purchase.line_id, purchase.holder_id, purchase.merchant_id)
    return Objection(900, *of, DAY, DAY, 5, "")


def a_refund(purchase: Purchase) -> Refund:
    of = (purchase.id, purchase.line_id, purchase.holder_id, purchase.merchant_id)
    return Refund(900, *of, DAY, 5, 5, 0, 0, "request")


def added(make: Callable[[Any], object], kind: type[Any], **where: Any) -> Callable[[Books], None]:
    """Put a record in that the ledger knows nothing of, made from one that is there."""

    def add(book: Books) -> None:
        with book.db.unit() as unit:
            unit.add(make(unit.load(kind, **where)[0]))

    return add


def tampered(statement: str) -> Callable[[Books], None]:
    return lambda book: tamper(book, statement)


# The key is unique by an index, which has to go first.
SAME_KEY = "UPDATE entries SET key = (SELECT e.key FROM entries e WHERE e.seq = 1) WHERE seq = 2"
TWICE: Mapping[bool, list[tuple[str, ...]]] = {
    True: [
        (
            "PRAGMA writable_schema = ON",
            (
                "UPDATE sqlite_master SET sql = replace(sql, 'UNIQUE (\"key\")', 'CHECK (1)')"
                " WHERE name = 'entries'"
            ),
            "DELETE FROM sqlite_master WHERE tbl_name = 'entries' AND name LIKE 'sqlite_autoindex%'",
        ),
        (SAME_KEY,),
    ],
    False: [("ALTER TABLE entries DROP CONSTRAINT entries_key_once", SAME_KEY)],
}


def book_twice(book: Books) -> None:
    for step in TWICE[book.db.on_sqlite]:
        tamper(book, *step)


CONFIRMED = {"state": [PurchaseState.CONFIRMED]}
SETTLEMENT = added(lambda shop: Settlement(900, shop.id, 1, DAY, DAY, 5, 0, 0, 5), Merchant)
RECEIVED = added(lambda line: MoneyReceived(900, line.id, line.holder_id, 5, DAY, AT), Line)
# What breaks each law, done behind the back of the services.
BREAKS: Mapping[str, Callable[[Books], object]] = {
    "held_claims": tampered("UPDATE purchases SET won = won + 1 WHERE state = 'held'"),
    "held_payables": tampered("UPDATE purchases SET won = won + 1 WHERE state = 'held'"),
    "unbilled_claims": tampered("UPDATE purchases SET won = won + 1 WHERE state = 'confirmed'"),
    "billed_claims": added(a_bill, Line),
    "late_fee_claims": added(lambda line: a_bill(line, fee_booked_won=3), Line),
    "late_fee_income": added(lambda line: a_bill(line, fee_booked_won=3), Line),
    "fee_waived": added(lambda line: a_bill(line, fee_booked_won=3, fee_waived_won=1), Line),
    "line_credit": tampered("UPDATE lines SET credit_won = 7"),
    "refunds_payable": tampered("UPDATE lines SET paid_back_won = 7"),
    "withheld_payables": added(an_objection, Purchase, **CONFIRMED),
    "merchant_payables": SETTLEMENT,
    "bank": SETTLEMENT,
    "repaid": RECEIVED,
    "paid_back": tampered("UPDATE lines SET paid_back_won = 7"),
    "refunded": added(a_refund, Purchase, **CONFIRMED),
    "cancelled": tampered(
        "UPDATE purchases SET refunded_won = 7, cancelled_won = 7 WHERE state = 'confirmed'"
    ),
    "refunded_in_money": tampered("UPDATE purchases SET paid_back_won = 7 WHERE state = 'confirmed'"),
    "used": tampered("UPDATE usages SET won = won + 1"),
    "voided_and_posted": tampered(
        "UPDATE entries SET key = (SELECT MIN('void/' || substr(c.key, 9)) FROM entries c"
        " WHERE c.key LIKE 'confirm/%') WHERE key LIKE 'void/%'"
    ),
    "confirmed_unposted": tampered("UPDATE purchases SET state = 'confirmed' WHERE state = 'cancelled'"),
    "held_unposted": tampered("UPDATE purchases SET id = id + 100 WHERE state = 'held'"),
    "paid_back_beyond_repaid": tampered("UPDATE lines SET paid_back_won = 7"),
    "above_limit": tampered("UPDATE lines SET monthly_limit_won = 1999"),
    "key_twice": book_twice,
    "reverses_nothing": tampered("UPDATE entries SET reverses = 'hold/0' WHERE reverses IS NOT NULL"),
    "settled_wrongly": added(lambda line: a_bill(line, settled_on=DAY), Line),
    "purchase_of_nobody": tampered("UPDATE purchases SET merchant_id = 0 WHERE merchant_id IS NOT NULL"),
}


def test_every_law_is_tried() -> None:
    assert set(BREAKS) == {*LAWS, *TOLD_TWICE, *NEVER}
    asked = {part for law in LAWS.values() for _, part in law.parts}
    asked |= {name for pair in TOLD_TWICE.values() for name in pair}
    assert asked | set(NEVER) == set(statements())


@pytest.mark.parametrize("law", sorted(BREAKS))
def test_what_breaks_a_law_is_named(told: Books, law: str) -> None:
    BREAKS[law](told)
    assert law in {broken.law for broken in verified(told).broken_laws}


def test_a_broken_law_tells_whose_it_is_and_both_sums(told: Books) -> None:
    (line,) = told.all(Line)
    tamper(told, "UPDATE lines SET credit_won = 7")
    assert verified(told).broken_laws == (BrokenLaw("line_credit", str(line.id), 0, 7),)


def test_a_book_that_is_wrong_throughout_is_not_listed_whole(book: Books) -> None:
    with book.db.unit() as unit:
        for number in range(1, 152):
            unit.add(Holder(number))
            unit.add(Line(number, number, "SKT", DAY, 25, 500_000, credit_won=1))
    assert len(verified(book).broken_laws) == 100
