"""The databases that storage is tested on: a SQLite file, and a PostgreSQL server that is ours alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.postgres_server import PostgresServer, temporary_server

KINDS = ("sqlite", "postgresql")


def sqlite_url(folder: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{folder / 'book.db'}"


@contextmanager
def ordinary_server() -> Iterator[PostgresServer]:
    """The server of a run of tests: it need not outlast the machine, so it does not wait for the disk."""
    with temporary_server(durable=False) as server:
        yield server


@contextmanager
def fresh_database(server: PostgresServer, copy_of: str | None = None) -> Iterator[str]:
    """The URL of an empty database or a copy, dropped afterwards: a thousand of them would fill a disk."""
    url = server.new_database(copy_of)
    try:
        yield url
    finally:
        server.drop_database(url)
