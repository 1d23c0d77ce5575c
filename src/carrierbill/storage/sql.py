"""SQL: the few statements the books are made of, in the writing of either database, many rows at a time."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Any, Protocol

import psycopg

from carrierbill.services.ports import After, UpTo
from carrierbill.storage.postgres_text import array_text, copy_text
from carrierbill.storage.records import Field, Kind, Layout, instant_text

# SQLite allows 32,766 values in a statement; half of it leaves room for the other conditions.
MOST_VALUES = 16_000
# Rows that a server sends at a time when they are streamed.
STREAMED = 5_000
Row = tuple[Any, ...]
# What either driver raises when the database itself cannot do what it is told; the last where it stutters.
DATABASE_ERRORS = (sqlite3.DatabaseError, psycopg.DatabaseError, UnicodeDecodeError)


class Session(Protocol):
    """A transaction on one of the two databases."""

    on_sqlite: bool

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement written with `?` for its values; all rows."""
        ...

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Run a statement; its rows one after the other, however many, not all at a time."""
        ...

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows, all columns given."""
        ...

    def replace(self, layout: Layout, rows: Sequence[Row]) -> None:
        """Write anew the rows of these keys."""
        ...

    def delete(self, layout: Layout, row: Row) -> None:
        """Delete the row of this key."""
        ...

    def any_of(self, column: str, values: Iterable[Any]) -> list[tuple[str, list[Any]]]:
        """The condition that a column is one of the values, in parts that one statement can take."""
        ...


class SqliteSession:
    """Statements on SQLite."""

    on_sqlite = True

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on a connection whose transaction has begun."""
        self._connection = connection

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; all rows."""
        return self._connection.execute(statement, [plain(value) for value in values]).fetchall()

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Run a statement; its rows one after the other."""
        yield from self._connection.execute(statement, [plain(value) for value in values])

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows."""
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608  # names are ours

    def replace(self, layout: Layout, rows: Sequence[Row]) -> None:
        """Update rows by their keys."""
        names = [field.name for field in layout.columns]
        sets = ", ".join(f"{name} = ?{at}" for at, name in enumerate(names, 1) if name not in layout.key)
        keys = " AND ".join(f"{name} = ?{names.index(name) + 1}" for name in layout.key)
        self._connection.executemany(f"UPDATE {layout.table} SET {sets} WHERE {keys}", rows)  # noqa: S608  # names are ours

    def delete(self, layout: Layout, row: Row) -> None:
        """Delete a row by its key."""
        self.rows(*_delete(layout, row))

    def any_of(self, column: str, values: Iterable[Any]) -> list[tuple[str, list[Any]]]:
        """Parts of up to MOST_VALUES, filled up to a power of two, so that distinct statements are few."""
        given = list(values)
        parts = []
        for start in range(0, len(given), MOST_VALUES):
            part = given[start : start + MOST_VALUES]
            size = 1 << (len(part) - 1).bit_length()
            part += [part[-1]] * (size - len(part))
            parts.append((f"{column} IN ({', '.join('?' * size)})", part))
        return parts


class PostgresSession:
    """Statements on PostgreSQL."""

    on_sqlite = False

    def __init__(self, connection: "psycopg.Connection[Row]") -> None:
        """Work on a connection; its transaction begins with the first statement."""
        self._cursor = connection.cursor()
        self._streams = count()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; all rows."""
        cursor = self._cursor.execute(_marked(statement), values)
        return cursor.fetchall() if cursor.description else []

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Run a statement; its rows fetched from the server some at a time."""
        name = f"stream_{next(self._streams)}"
        with self._cursor.connection.cursor(name) as cursor:
            cursor.itersize = STREAMED
            yield from cursor.execute(statement.replace("?", "%s").encode(), values)

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows by COPY."""
        with self._cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
            copy.write(copy_text(rows))

    def replace(self, layout: Layout, rows: Sequence[Row]) -> None:
        """Update rows by their keys, all at once from arrays of their columns."""
        self._cursor.execute(_update(layout), [array_text(column) for column in zip(*rows, strict=True)])

    def delete(self, layout: Layout, row: Row) -> None:
        """Delete a row by its key."""
        statement, key = _delete(layout, row)
        self.rows(statement, [str(part) if isinstance(part, StrEnum) else part for part in key])

    def any_of(self, column: str, values: Iterable[Any]) -> list[tuple[str, list[Any]]]:
        """One part with an array."""
        given = list(values)
        if not given:
            return []
        kind = kind_of(given[0])
        return [(f"{column} = ANY(?::{kind.value}[])", [array_text(given)])]


def _delete(layout: Layout, row: Row) -> tuple[str, list[Any]]:
    names = [field.name for field in layout.columns]
    keys = " AND ".join(f"{name} = ?" for name in layout.key)
    return f"DELETE FROM {layout.table} WHERE {keys}", [row[names.index(name)] for name in layout.key]  # noqa: S608  # names are ours


@cache
def _marked(statement: str) -> bytes:
    """A statement with psycopg's marks for its values."""
    return statement.replace("?", "%s").encode()


@cache
def _update(layout: Layout) -> bytes:
    arrays = ", ".join(f"%s::{field.kind.value}[]" for field in layout.columns)
    names = [field.name for field in layout.columns]
    sets = ", ".join(f"{name} = given.{name}" for name in names if name not in layout.key)
    keys = " AND ".join(f"kept.{name} = given.{name}" for name in layout.key)
    given = f"unnest({arrays}) AS given ({', '.join(names)})"
    return f"UPDATE {layout.table} AS kept SET {sets} FROM {given} WHERE {keys}".encode()  # noqa: S608  # names are ours


def kind_of(value: object) -> Kind:
    """What a column holds that a value is compared with."""
    return next((kind for plain, kind in KINDS if isinstance(value, plain)), Kind.TEXT)


# A flag is a whole number to Python, and an instant a day: the narrower comes first.
KINDS: Sequence[tuple[type, Kind]] = (
    (bool, Kind.FLAG),
    (int, Kind.WHOLE),
    (datetime, Kind.INSTANT),
    (date, Kind.DAY),
    (bytes, Kind.BYTES),
)


def plain(value: Any) -> Any:  # noqa: ANN401  # whatever a column holds
    """A value as SQLite takes it: days and instants as text, flags as numbers."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, bool):
        return int(value)
    return value


def select(session: Session, layout: Layout, where: Mapping[str, Any], *, lock: bool = False) -> list[Row]:
    """The rows that fulfil all conditions, in the order of their keys; `most` of them; `lock` locks them."""
    conditions, values, many = [], [], []
    most, order = where.get("most"), list(layout.key)
    for column, condition in where.items():
        if column == "most":
            continue
        if condition is None:
            conditions.append(f"{column} IS NULL")
        elif isinstance(condition, UpTo):
            conditions.append(f"{column} <= ?")
            values.append(condition.value)
        elif isinstance(condition, After):
            conditions.append(f"{column} > ?")
            values.append(condition.value)
        elif not condition:
            return []
        elif len(condition) == 1 and isinstance(word := next(iter(condition)), StrEnum):
            # Written out, not a value: only so does SQLite use an index over that word's few rows.
            conditions.append(f"{column} = '{word}'")
            # With a sign it does not walk all rows in the order of their keys instead.
            order = [f"+{name}" for name in layout.key] if session.on_sqlite else order
        else:
            many.append((column, sorted(condition)))
    found: list[Row] = []
    for part in _parts(session, many):
        told = " AND ".join([*conditions, *(text for text, _ in part)]) or "1 = 1"
        statement = f"SELECT {_names(layout.columns)} FROM {layout.table} WHERE {told}"  # noqa: S608  # names are ours
        statement += f" ORDER BY {', '.join(order)}"
        statement += f" LIMIT {int(most)}" if most is not None else ""
        statement += " FOR NO KEY UPDATE" if lock else ""
        found += session.rows(statement, [*values, *(value for _, some in part for value in some)])
    return found


def _parts(session: Session, many: list[tuple[str, list[Any]]]) -> list[list[tuple[str, list[Any]]]]:
    """Every way to take one part of each condition that has many values; mostly there is one way."""
    ways: list[list[tuple[str, list[Any]]]] = [[]]
    for column, values in many:
        ways = [[*way, part] for way in ways for part in session.any_of(column, values)]
    return ways


def _names(columns: Iterable[Field]) -> str:
    return ", ".join(field.name for field in columns)
