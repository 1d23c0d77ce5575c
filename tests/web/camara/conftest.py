"""The face in either mode, on either database; and on the quick one alone, where nothing is stored."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from books import Books, books
from camara_face import Face
from databases import sqlite_url


@pytest.fixture
def face(book: Books) -> Iterator[Face]:
    """The operations in sync mode, over each kind of database in turn."""
    made = Face(book)
    yield made
    made.close()


@pytest.fixture
def slow_face(book: Books) -> Iterator[Face]:
    """The operations in async mode, over each kind of database in turn."""
    made = Face(book, mode="async", async_delay_s=1)
    yield made
    made.close()


@pytest.fixture
def on_file(tmp_path: Path) -> Iterator[Books]:
    """Books in a SQLite file."""
    opened = books(sqlite_url(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def quick(on_file: Books) -> Iterator[Face]:
    """The operations in sync mode, over a SQLite file alone."""
    made = Face(on_file)
    yield made
    made.close()
