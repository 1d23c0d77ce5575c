"""Backup: the whole book as one file that either database restores; sealed data stays sealed in it.

The file is gzip over lines of JSON: what it is, then each table's columns and its rows, then how many there
were and a seal over all before it, made with the index secret: who lacks the key file can neither read nor
forge one.
"""

import base64
import gzip
import hmac
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Table

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.storage.database import Database
from carrierbill.storage.marks import BEGUN, check_keys
from carrierbill.storage.records import Kind, instant_text
from carrierbill.storage.schema import URL, make_file, upgrade_within, version_within, versions
from carrierbill.storage.sealed import Keys
from carrierbill.storage.sql import Session
from carrierbill.storage.tables import metadata
from carrierbill.storage.unit_of_work import Ids

FORMAT = 1
# Each database counts ids in its own way; the next one is told in the first line.
LEFT_OUT = frozenset({"counters"})
# What a new database has before anything happened in it, and what of a backup takes its place.
REPLACED = ("chains", "marks")
AT_A_TIME = 5_000
COMPRESSION = 3
ROW = b"["
WRITING, READING = msgspec.json.Encoder(), msgspec.json.Decoder()
Change = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Held:
    """What a backup holds: when it was taken, its schema, under which keys, the next id, how many rows."""

    at: str
    schema: str
    index_id: str
    next_id: int
    rows: int


def back_up(database: Database, file: Path) -> Held:
    """Write a backup as the books stand at one moment; a file that exists is never written over."""
    with _new_file(file) as out, database.snapshot() as session:
        seal, lines = _seal(database.keys), 0
        head = {
            "carrierbill_backup": FORMAT,
            "at": instant_text(database.clock()),
            "schema": versions()[-1],
            "index_id": database.keys.index_id,
            "next_id": _next_id(session),
        }
        every = _lines(session, head)
        while batch := list(islice(every, AT_A_TIME)):
            written = b"".join(batch)
            seal.update(written)
            out.write(written)
            lines += len(batch)
        out.write(_line({"lines": lines, "seal": seal.hexdigest()}))
    return examine(file, database.keys)


def _seal(keys: Keys) -> "hmac.HMAC":
    return hmac.new(keys.index_secret, b"backup\0", "sha256")


def _tables() -> list[Table]:
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def _lines(session: Session, head: Mapping[str, object]) -> Iterator[bytes]:
    yield _line(head)
    for table in _tables():
        columns = [(str(column.name), column.info["kind"]) for column in table.columns]
        yield _line({"table": str(table.name), "columns": [[name, kind.value] for name, kind in columns]})
        names = ", ".join(name for name, _ in columns)
        keys = ", ".join(column.name for column in table.primary_key)
        changes = _changes([kind for _, kind in columns], OUT[session.on_sqlite])
        for row in session.stream(f"SELECT {names} FROM {table.name} ORDER BY {keys}"):  # noqa: S608  # names are ours
            yield _line(_changed(row, changes))


def _line(value: object) -> bytes:
    return WRITING.encode(value) + b"\n"


def _changes(kinds: Sequence[Kind], by_kind: Mapping[Kind, Change]) -> list[tuple[int, Change]]:
    """The columns in which something has to be done, and what."""
    return [(at, by_kind[kind]) for at, kind in enumerate(kinds) if kind in by_kind]


def _changed(row: Sequence[Any], changes: list[tuple[int, Change]]) -> Sequence[Any]:
    if not changes:
        return row
    values = list(row)
    for at, change in changes:
        if values[at] is not None:
            values[at] = change(values[at])
    return values


def _as_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


# How what a column holds is written, by whether it comes from SQLite; and how it is read for either.
OUT: Mapping[bool, Mapping[Kind, Change]] = {
    True: {Kind.BYTES: _as_base64, Kind.FLAG: bool},
    False: {Kind.BYTES: _as_base64, Kind.INSTANT: instant_text, Kind.DAY: date.isoformat},
}
IN: Mapping[bool, Mapping[Kind, Change]] = {
    True: {Kind.BYTES: base64.b64decode, Kind.FLAG: int},
    False: {
        Kind.BYTES: base64.b64decode,
        Kind.INSTANT: datetime.fromisoformat,
        Kind.DAY: date.fromisoformat,
    },
}


def _next_id(session: Session) -> int:
    if session.on_sqlite:
        return int(session.rows("SELECT next FROM counters WHERE name = 'ids'")[0][0])
    # The block begun last may still be in use; the next one is not.
    return int(session.rows("SELECT last_value FROM ids")[0][0]) + Ids.BLOCK


@contextmanager
def _new_file(file: Path) -> Iterator[gzip.GzipFile]:
    """A file its owner's alone, put in its place once it is whole and safe on disk."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(handle, "wb") as raw:
                with gzip.GzipFile("", "wb", fileobj=raw, compresslevel=COMPRESSION, mtime=0) as out:
                    yield out
                raw.flush()
                os.fsync(handle)
            os.link(beside, file)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        raise BadInputError(str(file), Saying("backup.exists")) from None
    except OSError as error:
        raise BadInputError(str(file), Saying("backup.unwritable", {"why": error.strerror or ""})) from None


# ── restoring ────────────────────────────────────────────────────────────────────────────────────────────


def restore(database: Database, file: Path) -> Held:
    """Put a backup into an empty database, all of it or nothing.

    The file is read to its end first: one that was damaged, cut or forged, or is under other keys, is refused
    before anything is written.
    """
    held = examine(file, database.keys)
    make_file(str(database.engine.url))
    with database.whole() as (connection, session):
        before = version_within(connection)
        if before is not None and (before != versions()[-1] or not _is_empty(session)):
            raise BadInputError(URL, Saying("backup.not_empty"))
        if before is None:
            upgrade_within(connection, held.schema)
        for table in REPLACED:
            session.rows(f"DELETE FROM {table}")  # noqa: S608  # names are ours
        _load(session, _checked(file, database.keys))
        _go_on_from(session, held.next_id)
        upgrade_within(connection)
        check_keys(session, database.keys)
    return held


def examine(file: Path, keys: Keys) -> Held:
    """What a backup holds, read to its end; BadInputError for one not whole, not ours, or of other keys."""
    lines = _checked(file, keys)
    head = READING.decode(next(lines))
    rows = sum(line.startswith(ROW) for line in lines)
    return Held(head["at"], head["schema"], head["index_id"], head["next_id"], rows)


def _checked(file: Path, keys: Keys) -> Iterator[bytes]:
    """The lines before the last; BadInputError, at the end at the latest, if anything is wrong with them."""
    seal, lines, sealed = _seal(keys), 0, False
    for written in _read(file):
        if sealed:
            raise _damaged(file)
        if lines == 0:
            _check_head(_parsed(written, file), keys, file)
        elif not written.startswith(ROW):
            line = _parsed(written, file)
            if isinstance(line, dict) and "seal" in line:
                sealed = line == {"lines": lines, "seal": seal.hexdigest()}
                if not sealed:
                    raise _damaged(file)
                continue
        seal.update(written)
        lines += 1
        yield written
    if not sealed:
        raise _damaged(file)


def _check_head(line: object, keys: Keys, file: Path) -> None:
    if not isinstance(line, dict) or line.get("carrierbill_backup") != FORMAT:
        raise BadInputError(str(file), Saying("backup.not_one"))
    if line.get("index_id") != keys.index_id:
        told = {"marked": str(line.get("index_id")), "given": keys.index_id}
        raise BadInputError(str(file), Saying("backup.other_keys", told))
    if line.get("schema") not in versions():
        raise BadInputError(str(file), Saying("database.newer", {"version": str(line.get("schema"))}))


def _read(file: Path) -> Iterator[bytes]:
    """The lines of the file; what gzip itself finds damaged is refused here."""
    try:
        with gzip.open(file, "rb") as lines:
            yield from lines
    except FileNotFoundError:
        raise BadInputError(str(file), Saying("backup.no_file")) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise _damaged(file) from None
    except OSError as error:
        raise BadInputError(str(file), Saying("backup.unreadable", {"why": error.strerror or ""})) from None


def _parsed(written: bytes, file: Path) -> object:
    try:
        line: object = READING.decode(written)
    except (ValueError, RecursionError):  # msgspec's own errors are the former
        raise _damaged(file) from None
    return line


def _damaged(file: Path) -> BadInputError:
    return BadInputError(str(file), Saying("backup.damaged"))


def _is_empty(session: Session) -> bool:
    return not any(session.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in (*BEGUN, "policies"))  # noqa: S608  # ours


def _load(session: Session, lines: Iterator[bytes]) -> None:
    next(lines)
    table = ""
    names: list[str] = []
    changes: list[tuple[int, Change]] = []
    for are_rows, group in groupby(lines, key=lambda line: line.startswith(ROW)):
        if are_rows:
            while batch := list(islice(group, AT_A_TIME)):
                rows = [tuple(_changed(READING.decode(line), changes)) for line in batch]
                session.append(table, names, rows)
            continue
        # Of several in a row, all but the last have no rows.
        *_, line = group
        of = READING.decode(line)
        table, names = of["table"], [name for name, _ in of["columns"]]
        changes = _changes([Kind(kind) for _, kind in of["columns"]], IN[session.on_sqlite])


def _go_on_from(session: Session, next_id: int) -> None:
    if session.on_sqlite:
        session.rows("UPDATE counters SET next = ? WHERE name = 'ids'", [next_id])
    else:
        session.rows("SELECT setval('ids', ?, FALSE)", [next_id])
