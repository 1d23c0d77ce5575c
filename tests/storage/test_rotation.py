"""Master keys are rotated in steps; one that is cut short goes on, and nobody's key is lost on the way."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from books import Books, books
from carrierbill.domain.line import Holder
from carrierbill.storage import rotation
from carrierbill.storage.database import Database
from carrierbill.storage.key_file import KeyFile
from carrierbill.storage.marks import MASTER_KEY, marks
from carrierbill.storage.people import KeysTurnedError
from carrierbill.storage.rotation import rotate_keys
from carrierbill.storage.sealed import master_key_of
from databases import sqlite_url


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    file = KeyFile(tmp_path / "keys.toml")
    file.create()
    return file


@pytest.fixture
def sealed(database_url: str, key_file: KeyFile) -> Iterator[Books]:
    """Books under the keys of the file, with five holders."""
    opened = books(database_url, keys=key_file.read())
    for name in ("Kim", "Lee", "Park", "Choi", "Jung"):
        opened.holder(name)
    yield opened
    opened.close()


def reopened(book: Books, key_file: KeyFile) -> Database:
    """The same database under what the file holds now."""
    return Database(book.db.engine, key_file.read(), book.clock)


def wrapped_under(book: Books) -> list[str]:
    with book.db.session() as session:
        return [
            master_key_of(bytes(key))
            for (key,) in session.rows("SELECT wrapped_key FROM people ORDER BY holder_id")
        ]


def names(database: Database) -> list[str]:
    with database.unit() as unit:
        found = unit.people.names_of(holder.id for holder in unit.peek(Holder))
    return [found[holder_id] for holder_id in sorted(found)]


def test_all_keys_are_wrapped_anew_and_the_old_master_key_is_dropped(
    sealed: Books, key_file: KeyFile
) -> None:
    old = key_file.read().current
    keys, wrapped = rotate_keys(sealed.db, key_file)
    assert keys == key_file.read()
    assert (wrapped, list(keys.master_keys)) == (5, [keys.current])
    assert keys.current != old
    assert wrapped_under(sealed) == [keys.current] * 5
    assert names(reopened(sealed, key_file)) == ["Kim", "Lee", "Park", "Choi", "Jung"]
    with sealed.db.session() as session:
        assert marks(session)[MASTER_KEY] == keys.current


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_a_rotation_that_was_cut_short_goes_on(
    sealed: Books, key_file: KeyFile, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "HOLDERS_AT_A_TIME", 2)
    write = rotation._write  # noqa: SLF001  # where a batch is written
    written: list[object] = []

    def cut(session: object, wrapped: object) -> None:
        if len(written) == batches:
            raise KeyboardInterrupt
        written.append(wrapped)
        write(session, wrapped)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(rotation, "_write", cut)
    with pytest.raises(KeyboardInterrupt):
        rotate_keys(sealed.db, key_file)
    between = key_file.read()
    assert len(between.master_keys) == 2
    assert wrapped_under(sealed).count(between.current) == 2 * batches
    assert names(reopened(sealed, key_file)) == ["Kim", "Lee", "Park", "Choi", "Jung"]
    monkeypatch.setattr(rotation, "_write", write)
    keys, wrapped = rotate_keys(reopened(sealed, key_file), key_file)
    assert (keys.current, wrapped) == (between.current, 5 - 2 * batches)
    assert list(keys.master_keys) == [keys.current]
    assert names(reopened(sealed, key_file)) == ["Kim", "Lee", "Park", "Choi", "Jung"]


def test_a_program_that_lacks_the_new_key_enrols_nobody(sealed: Books, key_file: KeyFile) -> None:
    rotate_keys(sealed.db, key_file)
    with pytest.raises(KeysTurnedError):
        sealed.holder("Late")
    assert len(sealed.all(Holder)) == 5
    again = reopened(sealed, key_file)
    with again.unit() as unit:
        unit.add(Holder(900))
        unit.people.enrol(900, "Yoon")
    assert names(again)[-1] == "Yoon"


KILLED = """
import os, sys
from pathlib import Path
from carrierbill.storage import rotation
from carrierbill.storage.database import open_database
from carrierbill.storage.key_file import KeyFile
file = KeyFile(Path(sys.argv[2]))
rotation.HOLDERS_AT_A_TIME = 2
write = rotation._write
def dying(session, wrapped):
    write(session, wrapped)
    os.kill(os.getpid(), 9)
rotation._write = dying
rotation.rotate_keys(open_database(sys.argv[1], file.read(), None), file)
"""


def test_a_killed_rotation_loses_nothing(tmp_path: Path, key_file: KeyFile) -> None:
    book = books(sqlite_url(tmp_path), keys=key_file.read())
    for name in ("Kim", "Lee", "Park"):
        book.holder(name)
    told = [sys.executable, "-c", KILLED, sqlite_url(tmp_path), str(key_file.path)]
    assert subprocess.run(told, check=False).returncode == -9
    assert len(key_file.read().master_keys) == 2
    rotate_keys(reopened(book, key_file), key_file)
    assert names(reopened(book, key_file)) == ["Kim", "Lee", "Park"]
    assert len(set(wrapped_under(book))) == 1
    book.close()
