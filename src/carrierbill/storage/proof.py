"""Proof: the chains walked from their first row, against themselves and against the heads printed outside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from os import fsync
from pathlib import Path

from carrierbill.domain.dates import seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.services.verify_books import WrongRow
from carrierbill.storage.chain import (
    AUDIT_COLUMNS,
    ENTRY_COLUMNS,
    POLICY_COLUMNS,
    POSTING_COLUMNS,
    START,
    link,
    plain_row,
)
from carrierbill.storage.marks import BOOK, marks
from carrierbill.storage.records import instant_text
from carrierbill.storage.sql import DATABASE_ERRORS, Row, Session
from carrierbill.storage.tables import CHAINS

# Where a row has the key it is known by; None: it is known by its number alone.
KEY_AT: Mapping[str, int] = {"entries": 1, "audits": 2, "policies": 1}
COLUMNS: Mapping[str, Sequence[str]] = {"audits": AUDIT_COLUMNS, "policies": POLICY_COLUMNS}


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain had come at an instant: the number of its last row, and that row's hash."""

    at: datetime
    book: str
    chain: str
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainedRow:
    """A row as it stands: its number, its key, what its hash was made of, and the hash that is kept."""

    seq: int
    key: str
    content: Sequence[object]
    hash: bytes


class Walk:
    """A walk along every chain of a database at one moment."""

    def __init__(self, session: Session, printed: Sequence[Head]) -> None:
        """Read in this session, and believe what was printed of this book."""
        self._session = session
        self._printed = [head for head in printed if head.book == marks(session).get(BOOK)]
        self.counted: dict[str, int] = {}

    def wrong_rows(self) -> Iterator[WrongRow]:
        """The first wrong row of each chain, then postings that belong to no entry."""
        rows = self._readable("SELECT name, seq, head FROM chains")
        kept = {name: (seq, _hash(head)) for name, seq, head in rows}
        for chain in CHAINS:
            self.counted[chain] = 0
            try:
                wrong = self._first_wrong(chain, kept.get(chain, (0, b"")))
            except DATABASE_ERRORS:
                wrong = WrongRow(chain, self.counted[chain] + 1, None, "unreadable")
            if wrong is not None:
                yield wrong
        statement = (
            "SELECT entry_seq FROM postings p WHERE NOT EXISTS"
            " (SELECT 1 FROM entries e WHERE e.seq = p.entry_seq) ORDER BY 1 LIMIT 1"
        )
        for (seq,) in self._readable(statement):
            yield WrongRow("postings", seq, None, "extra")
        for (count,) in self._readable("SELECT COUNT(*) FROM postings"):
            self.counted["postings"] = count

    def _readable(self, statement: str) -> list[Row]:
        """The rows, or none where they cannot be read, which the walk itself has told then."""
        try:
            return self._session.rows(statement)
        except DATABASE_ERRORS:
            return []

    def _first_wrong(self, chain: str, kept: tuple[int, bytes]) -> WrongRow | None:
        printed = {head.seq: head.hash for head in self._printed if head.chain == chain}
        seq, before = 0, START
        for row in self._rows(chain):
            if row.seq != seq + 1:
                return WrongRow(chain, seq + 1, None, "missing") if row.seq > seq else _wrong(chain, row)
            expected = link(before, row.content)
            if row.hash != expected:
                return _wrong(chain, row)
            seq, before = row.seq, expected
            self.counted[chain] = seq
            if printed.pop(seq, before) != before:
                return WrongRow(chain, seq, row.key, "rewritten")
        if kept[0] > seq or printed:
            return WrongRow(chain, seq + 1, None, "cut")
        if kept != (seq, before):
            return WrongRow("chains", seq, chain, "changed")
        return None

    def _rows(self, chain: str) -> Iterator[ChainedRow]:
        if chain == "entries":
            yield from self._entries()
            return
        for row in self._session.stream(f"SELECT {', '.join(COLUMNS[chain])} FROM {chain} ORDER BY seq"):  # noqa: S608  # names are ours
            yield ChainedRow(row[0], str(row[KEY_AT[chain]]), plain_row(row[:-1]), _hash(row[-1]))

    def _entries(self) -> Iterator[ChainedRow]:
        own, legs = len(ENTRY_COLUMNS), len(POSTING_COLUMNS)
        names = [f"e.{name}" for name in ENTRY_COLUMNS] + [f"p.{name}" for name in POSTING_COLUMNS]
        statement = (
            f"SELECT {', '.join(names)} FROM entries e LEFT JOIN postings p ON p.entry_seq = e.seq "  # noqa: S608  # names are ours
            "ORDER BY e.seq, p.leg"
        )
        for _, rows in groupby(self._session.stream(statement), key=itemgetter(0)):
            entry, postings = _split(list(rows), own, legs)
            yield ChainedRow(entry[0], str(entry[1]), [*plain_row(entry[:-1]), *postings], _hash(entry[-1]))


def _split(rows: list[Row], own: int, legs: int) -> tuple[Row, list[Row]]:
    """The entry of joined rows, and its postings without its number; it may have lost them all."""
    postings = [row[own + 1 : own + legs] for row in rows if row[own] is not None]
    return rows[0][:own], postings


def _hash(kept: object) -> bytes:
    """A hash as it is kept; in a damaged file it may be anything."""
    return bytes(kept) if isinstance(kept, (bytes, memoryview)) else b""


def _wrong(chain: str, row: ChainedRow) -> WrongRow:
    return WrongRow(chain, row.seq, row.key, "changed")


def heads_of(session: Session, at: datetime) -> list[Head]:
    """How far the chains have come, those that have begun."""
    book = marks(session)[BOOK]
    rows = session.rows("SELECT name, seq, head FROM chains ORDER BY name")
    return [Head(at, book, chain, seq, bytes(head)) for chain, seq, head in rows if seq]


def printed_heads(file: Path) -> list[Head]:
    """The heads that were printed; BadInputError for a line that is none."""
    if not file.exists():
        return []
    heads = []
    for at, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        parts = line.split(" ")
        try:
            instant, book, chain, seq, printed = parts
            heads.append(Head(datetime.fromisoformat(instant), book, chain, int(seq), bytes.fromhex(printed)))
        except ValueError:
            raise BadInputError(str(file), Saying("database.heads", {"line": at})) from None
    return heads


def print_heads(session: Session, file: Path, at: datetime) -> None:
    """Print the heads of a database into a file outside of it, once a day; safe on disk when this returns."""
    book, today = marks(session)[BOOK], seoul_day(at)
    if any(head.book == book and seoul_day(head.at) == today for head in printed_heads(file)):
        return
    lines = [
        f"{instant_text(head.at)} {head.book} {head.chain} {head.seq} {head.hash.hex()}\n"
        for head in heads_of(session, at)
    ]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("a", encoding="ascii") as log:
        log.writelines(lines)
        log.flush()
        fsync(log.fileno())
