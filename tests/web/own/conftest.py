"""A scene to ask about: in a SQLite file, or in each kind of database in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from books import Books, books
from databases import sqlite_url
from own_interface import Interface, Scene, scene


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is kept outside the database is kept in the test's own folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.fixture
def face(tmp_path: Path) -> Iterator[Interface]:
    """The interface over empty books."""
    book = books(sqlite_url(tmp_path))
    opened = Interface(book)
    yield opened
    opened.commits.close()
    book.close()


@pytest.fixture
def at(face: Interface) -> Scene:
    """A line with a past, and another one."""
    return scene(face)


@pytest.fixture
def at_each(book: Books) -> Iterator[Scene]:
    """The same in each kind of database."""
    face = Interface(book)
    yield scene(face)
    face.commits.close()
