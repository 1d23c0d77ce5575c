"""Hands that reach into a database past its guards: past triggers, foreign keys and checks."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg

from books import Books


def tamper(book: Books, *statements: str, values: Sequence[Any] = ()) -> None:
    """Run statements on a connection of one's own; `?` stands for a value."""
    url = book.db.engine.url
    if book.db.on_sqlite:
        file = sqlite3.connect(str(url.database))
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            file.execute(statement, values)
        file.commit()
        file.close()
        return
    told = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        _run(told, statements, values)
    except psycopg.errors.CheckViolation:
        _run(told, [*_without_checks(told), *statements], values)


def _run(url: str, statements: Sequence[str], values: Sequence[Any]) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            given = values if "?" in statement else None
            connection.execute((statement.replace("?", "%s") if given else statement).encode(), given)


def _without_checks(url: str) -> list[str]:
    checks = (
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint"
        " WHERE contype = 'c' AND conrelid <> 0 AND connamespace = 'public'::regnamespace"
    )
    with psycopg.connect(url) as connection:
        return [statement for (statement,) in connection.execute(checks.encode())]
