"""Database: opens SQLite or PostgreSQL as its durability needs, and runs services in units of work."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.storage.sealed import Keys
from carrierbill.storage.sql import PostgresSession, Session, SqliteSession
from carrierbill.storage.unit_of_work import Ids, UnitOfWork

Given = TypeVar("Given")
# A service: commands decided in order in one transaction, an outcome for each.
Service = Callable[[Sequence[Given], UnitOfWork, RuleSet], Sequence[object]]
BUSY_MS = 60_000
CONNECTIONS = 8
# States of SQL that tell of a lost connection or a server that ends: classes 08 and 57P.
LOST = ("08", "57P")
# Pages of the file kept in memory; what a transaction changes beyond them is written and waited for twice.
CACHE_KIB = 64 * 1024


class Database:
    """One of the two databases, with the keys of its sealed part and the clock it is run by."""

    def __init__(self, engine: Engine, keys: Keys, clock: Callable[[], datetime]) -> None:
        """Keep the parts; nothing is connected yet."""
        self.engine, self.keys, self.clock = engine, keys, clock
        self._ids = threading.local()
        # An in-memory database has one connection, and so one unit at a time.
        self._alone = threading.RLock() if isinstance(engine.pool, StaticPool) else None

    @property
    def on_sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back when something is raised."""
        with self._connection() as driver:
            if self.on_sqlite:
                driver.execute("BEGIN IMMEDIATE")
            yield SqliteSession(driver) if self.on_sqlite else PostgresSession(driver)

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """The driver's own connection, in memory one at a time; what was done is committed at the end."""
        if self._alone is not None:
            self._alone.acquire()
        try:
            connection = self.engine.raw_connection()
            try:
                driver: Any = connection.driver_connection
                yield driver
                driver.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                connection.close()
        finally:
            if self._alone is not None:
                self._alone.release()

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """The database as it stands at one moment, to be read at length while others go on writing.

        On SQLite bytes that are no text are read all the same: who looks for damage must not trip over it.
        """
        with self._connection() as driver:
            if self.on_sqlite:
                text_factory, driver.text_factory = driver.text_factory, _readable
                driver.execute("BEGIN")
                try:
                    yield SqliteSession(driver)
                finally:
                    driver.text_factory = text_factory
                    # Nothing was written, and a damaged file may refuse to commit even that.
                    driver.rollback()
            else:
                driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                driver.execute("SET LOCAL enable_seqscan = on")
                yield PostgresSession(driver)

    @contextmanager
    def whole(self) -> Iterator[tuple[Connection, Session]]:
        """A transaction that may change schema and rows: by SQLAlchemy's connection, and by ours."""
        with self.engine.begin() as connection:
            driver: Any = connection.connection.driver_connection
            if self.on_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection, SqliteSession(driver) if self.on_sqlite else PostgresSession(driver)

    def reclaim(self, tables: Iterable[str]) -> None:
        """Write tables anew without what was deleted, so that its bytes are gone from their files."""
        with self._connection() as driver:
            if self.on_sqlite:
                driver.execute("VACUUM")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                return
            driver.autocommit = True
            for table in tables:
                driver.execute(f"VACUUM (FULL, ANALYZE) {table}")
            driver.autocommit = False

    @contextmanager
    def unit(self) -> Iterator[UnitOfWork]:
        """A unit of work, written and committed at the end; durable when this returns."""
        ids = Ids() if self.on_sqlite else self._own_ids()
        with self.session() as session:
            unit = UnitOfWork(session, self.keys, self.clock(), ids=ids)
            yield unit
            unit.flush()

    def _own_ids(self) -> Ids:
        if not hasattr(self._ids, "blocks"):
            self._ids.blocks = Ids()
        ids: Ids = self._ids.blocks
        return ids

    def decide(
        self,
        service: Service[Given],
        commands: Sequence[Given],
        rules: RuleSet,
        *,
        decided: Callable[[], None] = lambda: None,
    ) -> list[object]:
        """The outcome of each command, all durable; `decided` is called when they are still to be written.

        Should the whole fail in a way that nobody can be told (a bug, a key taken meanwhile), its halves are
        tried in transactions of their own, and so on: one never fails its neighbours. What fails alone is its
        outcome; of an only command it is raised. Where the server was lost, nobody knows whether it
        committed: then nothing is tried again, and every caller is told.
        """
        if len(commands) > 1:
            return self._decided(service, commands, rules, decided=decided)
        return self._decided_at_once(service, commands, rules, decided=decided)

    def _decided_at_once(
        self,
        service: Service[Given],
        commands: Sequence[Given],
        rules: RuleSet,
        *,
        decided: Callable[[], None] = lambda: None,
    ) -> list[object]:
        with self.unit() as unit:
            outcomes = list(service(commands, unit, rules))
            decided()
        return outcomes

    def _decided(
        self,
        service: Service[Given],
        commands: Sequence[Given],
        rules: RuleSet,
        *,
        decided: Callable[[], None] = lambda: None,
    ) -> list[object]:
        try:
            return self._decided_at_once(service, commands, rules, decided=decided)
        except Exception as broken:  # noqa: BLE001  # it is handed to the one who asked
            if len(commands) == 1 or is_unsure(broken):
                return [broken] * len(commands)
        half = len(commands) // 2
        parts = (commands[:half], commands[half:])
        return [outcome for part in parts for outcome in self._decided(service, part, rules)]


def is_unsure(error: Exception) -> bool:
    """Whether the server went away, so that a commit may have happened or not.

    >>> is_unsure(psycopg.OperationalError("server closed the connection")), is_unsure(ValueError())
    (True, False)
    """
    if not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(LOST)


def open_database(url: str, keys: Keys, clock: Callable[[], datetime]) -> Database:
    """The database of a URL; BadInputError for one that names neither SQLite nor PostgreSQL."""
    return Database(engine_of(url), keys, clock)


def engine_of(url: str) -> Engine:
    """An engine whose commits are durable: fsync on either database, foreign keys checked on SQLite."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=CONNECTIONS,
            max_overflow=CONNECTIONS,
            pool_pre_ping=True,
        )
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    in_memory = parsed.database in {None, "", ":memory:"}
    if not in_memory:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    how: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": BUSY_MS // 1000}}
    engine = create_engine(parsed, **how, poolclass=StaticPool) if in_memory else create_engine(parsed, **how)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _readable(written: bytes) -> str:
    return written.decode(errors="replace")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise BadInputError("DATABASE_URL", Saying("setting.DATABASE_URL"))
    return parsed


def _prepare_postgres(connection: Any, _record: object) -> None:  # noqa: ANN401  # what SQLAlchemy hands over
    # All that a unit reads is found by an index. A plan made while a table was small reads all of it, and is
    # kept for the connection's life: commits would get slower with every purchase.
    connection.execute("SET enable_seqscan = off")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # what SQLAlchemy hands over
    connection.isolation_level = None  # transactions are begun and ended by us alone
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    journal, synchronous = (
        ("WAL", "FULL") if is_wal_safe(sqlite3.sqlite_version_info) else ("TRUNCATE", "EXTRA")
    )
    connection.execute(f"PRAGMA journal_mode = {journal}").fetchall()
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def is_wal_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite is free of the bug that can corrupt a write-ahead log.

    >>> is_wal_safe((3, 40, 1)), is_wal_safe((3, 50, 7)), is_wal_safe((3, 51, 3))
    (False, True, True)
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
