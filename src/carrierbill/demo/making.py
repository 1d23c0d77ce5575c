"""Making: an empty database becomes a demo, whole or not at all, and is marked as one for good."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event

from carrierbill.bootstrap import App
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.settings import PREFIX, SQLITE, database_url
from carrierbill.storage.database import Database
from carrierbill.storage.marks import begin_demo, check_new, finish_demo

# What SQLite keeps beside its file while it works.
JOURNALS = ("-journal", "-wal", "-shm")
URL = f"{PREFIX}DATABASE_URL"


@contextmanager
def demo_database(app: App) -> Iterator[Database]:
    """The database that the settings name, to be filled, and marked as a demo at the end.

    Refuses with one line a database in which anything was ever done. A SQLite file is made beside its place
    and put there whole; on PostgreSQL an unfinished demo stays marked as such, and is no demo to anyone.
    """
    url = database_url(app.settings)
    if url.startswith(SQLITE):
        with _file_beside(Path(url.removeprefix(SQLITE)), app) as database:
            yield database
    else:
        with _marked(app) as database:
            yield database


@contextmanager
def _marked(app: App) -> Iterator[Database]:
    database, _ = app.upgraded_database()
    try:
        with database.session() as session:
            begin_demo(session)
        yield database
        with database.session() as session:
            finish_demo(session)
    finally:
        database.engine.dispose()


@contextmanager
def _file_beside(place: Path, app: App) -> Iterator[Database]:
    """A new file in the same folder, put in its place when it is whole and safe on disk."""
    _check_free(place, app)
    beside = place.with_name(f".{place.name}.being-made")
    with _held(beside):
        _clear(beside, "", *JOURNALS)
        try:
            settings = replace(app.settings, database_url=f"{SQLITE}{beside}")
            with _marked(replace(app, settings=settings)) as database:
                hurry(database)
                yield database
            _sync(beside)
            _check_free(place, app)
            beside.replace(place)
            _sync(place.parent)
        finally:
            _clear(beside, "", *JOURNALS)


def _check_free(place: Path, app: App) -> None:
    """Refuse a place that is taken by anything but an empty database of ours."""
    if not place.exists() or place.stat().st_size == 0:
        return
    database = app.database()
    try:
        with database.session() as session:
            check_new(session)
    finally:
        database.engine.dispose()


@contextmanager
def _held(beside: Path) -> Iterator[None]:
    """Keep others from making a demo in the same place at the same time; a program that ends lets go."""
    turn = beside.with_name(f"{beside.name}.lock")
    try:
        turn.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(turn, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise BadInputError(URL, Saying("database.unreachable", {"why": error.strerror or ""})) from None
    try:
        if not _is_ours(handle, turn):
            raise BadInputError(URL, Saying("database.demo_under_way"))
        try:
            yield
        finally:
            turn.unlink()
    finally:
        os.close(handle)


def _is_ours(handle: int, turn: Path) -> bool:
    """Whether nobody else holds the file, and it is still the one in its place."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(handle).st_ino == turn.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def hurry(database: Database) -> None:
    """Do not wait for the disk with each of thousands of commits: the file counts only once it is whole."""

    def unsynced(connection: Any, _record: object) -> None:  # noqa: ANN401  # what SQLAlchemy hands over
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(database.engine, "connect", unsynced)
    database.engine.dispose()


def _clear(place: Path, *ends: str) -> None:
    """Remove what a demo that was broken off has left, or an empty journal."""
    for end in ends:
        Path(f"{place}{end}").unlink(missing_ok=True)


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
