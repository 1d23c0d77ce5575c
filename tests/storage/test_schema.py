"""The migrations give the tables of tables.py on both databases, and what is appended cannot be changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from books import Books, books, check_tables
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.services.ports import Audit
from carrierbill.storage.chain import append_policy
from carrierbill.storage.database import engine_of
from carrierbill.storage.schema import check_newest, upgrade, version_of, versions
from carrierbill.storage.tables import APPEND_ONLY, CHAINS, metadata
from databases import fresh_database

# What a database says about itself: each object of the schema by name, as it was made.
SQLITE = (
    "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
)
POSTGRESQL = (
    (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND conrelid <> 0"
    ),
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    (
        "SELECT table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default)"
        " FROM information_schema.columns WHERE table_schema = 'public'"
    ),
)


def objects(engine: Engine) -> set[tuple[Any, ...]]:
    """Tables, columns, constraints and indexes; not what belongs to the migrations themselves."""
    statements = [SQLITE] if engine.dialect.name == "sqlite" else POSTGRESQL
    with engine.connect() as connection:
        rows = [row for one in statements for row in connection.exec_driver_sql(one.replace("%", "%%"))]
    return {
        (kind, name, " ".join(str(told).split()))
        for kind, name, told in rows
        if "alembic" not in kind and "alembic" not in name and kind != "trigger"
    }


def filled(book: Books) -> None:
    """A row in every table that is only appended to."""
    with book.db.unit() as unit:
        move = Posting(LedgerAccount.BANK, LedgerAccount.LINE_CREDIT, 500)
        unit.book(Entry("money/1", "money", unit.now, (move,)))
        unit.audit(Audit("clerk", "look", unit.now))
    with book.db.session() as session:
        append_policy(session, "terms", "0" * 64, content="{}", at=book.clock())


def test_the_files_of_the_first_migration_say_what_the_tables_say() -> None:
    check_tables()


def test_a_migrated_database_has_the_tables(book: Books) -> None:
    with book.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_and_their_checks_and_partial_indexes_as_they_would_be_created(
    book: Books, tmp_path: Any, request: pytest.FixtureRequest
) -> None:
    def created(url: str) -> set[tuple[Any, ...]]:
        engine = engine_of(url)
        metadata.create_all(engine)
        found = objects(engine)
        engine.dispose()
        return found

    migrated = objects(book.db.engine)
    if book.db.on_sqlite:
        assert migrated == created(f"sqlite:///{tmp_path / 'created.db'}")
    else:
        with fresh_database(request.getfixturevalue("postgres_server")) as url:
            assert migrated == created(url)
    told = " ".join(text for _, _, text in migrated)
    assert "paid_back_won <= repaid_won" in told
    assert "WHERE" in told


def test_money_is_whole_and_tables_are_strict_on_sqlite_too(book: Books) -> None:
    if book.db.on_sqlite:
        with book.db.session() as session:
            loose = session.rows("SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict")
        assert {name for (name,) in loose} == {"alembic_version", "sqlite_schema", "sqlite_temp_schema"}


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_is_appended_is_neither_changed_nor_deleted(book: Books, table: str) -> None:
    filled(book)
    column = metadata.tables[table].columns.keys()[-1]
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if not book.db.on_sqlite:
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        # TRUNCATE reaches the postings of its entries first or last; either refuses.
        with pytest.raises(Exception, match="are appended"), book.db.session() as session:
            session.rows(statement)


def test_chains_and_ids_begin_at_their_start(book: Books) -> None:
    with book.db.session() as session:
        rows = session.rows("SELECT name, seq, head FROM chains ORDER BY name")
    assert [(name, seq, bytes(head)) for name, seq, head in rows] == [
        (name, 0, bytes(32)) for name in sorted(CHAINS)
    ]
    with book.db.unit() as unit:
        assert [unit.new_id(object) for _ in range(3)] == [1, 2, 3]


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    engine = engine_of(database_url)
    assert version_of(engine) is None
    assert upgrade(engine) == (None, versions()[-1])
    assert upgrade(engine) == (versions()[-1], versions()[-1])
    engine.dispose()


def test_two_upgrades_at_a_time_wait_for_each_other(database_url: str) -> None:
    engines = [engine_of(database_url) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ends = sorted(before or "" for before, _ in pool.map(upgrade, engines))
    assert ends == ["", versions()[-1]]
    for engine in engines:
        engine.dispose()


def fault_of(call: Callable[[], object]) -> str:
    with pytest.raises(BadInputError) as fault:
        call()
    assert fault.value.field == "CARRIERBILL_DATABASE_URL"
    return fault.value.reason.key


def test_a_database_without_our_schema_is_told_to_be_upgraded(database_url: str) -> None:
    engine = engine_of(database_url)
    assert fault_of(lambda: check_newest(engine)) == "database.none"
    engine.dispose()


@pytest.mark.parametrize(("version", "key"), [("0000", "database.newer"), ("9999", "database.newer")])
def test_a_schema_this_program_does_not_know_is_left_alone(book: Books, version: str, key: str) -> None:
    check_newest(book.db.engine)
    with book.db.session() as session:
        session.rows("UPDATE alembic_version SET version_num = ?", [version])
    assert fault_of(lambda: check_newest(book.db.engine)) == key
    assert fault_of(lambda: upgrade(book.db.engine)) == key


def test_the_database_itself_refuses_what_no_book_may_hold(book: Books) -> None:
    line = book.line()
    for broken in (
        "UPDATE lines SET paid_back_won = 1",
        "UPDATE lines SET credit_won = -1",
        "UPDATE lines SET due_day = 32",
        f"UPDATE lines SET monthly_limit_won = {10**12 + 1}",
        "UPDATE lines SET holder_id = 0",
    ):
        with pytest.raises(Exception, match=r"(?i)constraint"), book.db.session() as session:
            session.rows(broken)
    assert book.one(type(line), line.id) == line


def test_books_open_on_an_empty_url(database_url: str) -> None:
    opened = books(database_url)
    assert opened.line().opened_on == date(2020, 1, 1)
    opened.close()
