"""Unit of work: one transaction over the books; records in their latest version, written at its end."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.journal import Entry
from carrierbill.domain.line import Holder
from carrierbill.services.decide import Remembered
from carrierbill.services.ports import Audit, Once
from carrierbill.storage.at_hand import AtHand
from carrierbill.storage.chain import append_audits, append_entries
from carrierbill.storage.outcomes import outcome_of, outcome_text
from carrierbill.storage.people import SealedPeople
from carrierbill.storage.records import RECORDS, instant_text, layout_of
from carrierbill.storage.sealed import Keys
from carrierbill.storage.sql import Row, Session, select

Record = TypeVar("Record")
ANSWER_COLUMNS = ("key", "client", "operation", "fingerprint", "outcome", "answered_at")


class UnitOfWork:
    """What a transaction has read and is going to write; fills the port `Unit`."""

    def __init__(self, session: Session, keys: Keys, now: datetime, *, ids: "Ids") -> None:
        """Begin with nothing read."""
        self._session, self._keys, self._ids = session, keys, ids
        # The instant of this transaction.
        self.now = now
        self._kinds: dict[type, AtHand] = {}
        self._locked: set[int] = set()
        self._entries: list[Entry] = []
        self._audits: list[Audit] = []
        self._answers: dict[tuple[str, str, str], Remembered] = {}
        self._fresh: list[Once] = []
        self._undo: list[tuple[Any, ...]] = []
        self._people: SealedPeople | None = None

    @property
    def people(self) -> SealedPeople:
        """Who holders are, sealed."""
        if self._people is None:
            self._people = SealedPeople(self._session, self._keys, lambda table: self._undo.append((table,)))
        return self._people

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────
    def peek(self, kind: type[Record], **where: object) -> list[Record]:
        """Records as they stand, neither locked nor kept."""
        layout = self._of(kind).layout
        return [layout.record_of(row) for row in select(self._session, layout, where)]

    def lock(self, holder_ids: Iterable[int]) -> None:
        """Lock holders in the order of their ids; SQLite has locked the whole file already."""
        wanted = sorted(set(holder_ids))
        if not wanted or self._session.on_sqlite:
            return
        self._take_in(Holder, select(self._session, self._of(Holder).layout, {"id": wanted}, lock=True))
        self._locked.update(wanted)

    def claim(self, kind: type[Record], **where: object) -> list[Record]:
        """Records by their columns, none of them at hand yet, each locked until the end."""
        of = self._of(kind)
        return self._take_in(kind, select(self._session, of.layout, where, lock=not self._session.on_sqlite))

    def load(self, kind: type[Record], **where: object) -> list[Record]:
        """Records by their columns; one that was read or written before is the one kept."""
        if kind is Holder and self._locked and where.keys() == {"id"}:
            found = self._locked_holders(where["id"])
            if found is not None:
                return found
        return self._take_in(kind, select(self._session, self._of(kind).layout, where))

    def _locked_holders(self, holder_ids: Any) -> list[Any] | None:  # noqa: ANN401  # as `load` takes them
        """Holders that were read when they were locked; None where one was not."""
        wanted = sorted(holder_ids)
        if not self._locked.issuperset(wanted):
            return None
        kept = self._of(Holder).kept
        return [kept[holder_id] for holder_id in wanted if holder_id in kept]

    def _take_in(self, kind: type[Any], rows: Iterable[Row]) -> list[Any]:
        of = self._of(kind)
        layout, kept = of.layout, of.kept
        found = []
        for row in rows:
            record = layout.record_of(row)
            key = layout.key_of(record)
            if key in kept:
                record = kept[key]
            else:
                of.keep(key, record)
            found.append(record)
        return found

    def get(self, kind: type[Record], *key: object) -> Record | None:
        """The latest version of a record read or added before."""
        of = self._kinds.get(kind)
        return of.kept.get(key if len(key) > 1 else key[0]) if of else None

    def of_holder(self, kind: type[Record], holder_id: int) -> list[Record]:
        """All of a holder's records at hand."""
        of = self._kinds.get(kind)
        return of.of_holder(holder_id) if of else []

    def lines_by_number(self, numbers: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Line and holder id by number, for the numbers that are known."""
        hashes: dict[bytes, list[str]] = {}
        for number in set(numbers):
            # What is no number at all is no line's either.
            with suppress(BadInputError):
                hashes.setdefault(self._keys.number_hash(number), []).append(number)
        found: dict[str, tuple[int, int]] = {}
        for condition, values in self._session.any_of("number_hash", hashes) if hashes else ():
            statement = f"SELECT number_hash, line_id, holder_id FROM numbers WHERE {condition}"  # noqa: S608  # ours
            for number_hash, line_id, holder_id in self._session.rows(statement, values):
                found |= dict.fromkeys(hashes[bytes(number_hash)], (line_id, holder_id))
        return found

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────
    def new_id(self, kind: type[Any]) -> int:
        """A fresh id; ids are never used twice, in whatever table."""
        del kind
        return self._ids.take(self._session)

    def add(self, record: object) -> None:
        """Write a new record at the end."""
        of = self._of(type(record))
        key = of.layout.key_of(record)
        of.keep(key, record)
        of.new[key] = None
        self._undo.append(("add", of, key))

    def put(self, record: object) -> None:
        """Replace a record by its next version."""
        of = self._of(type(record))
        key = of.layout.key_of(record)
        self._undo.append(("put", of, key, of.kept[key], key in of.changed))
        of.kept[key] = record
        of.changed[key] = None

    def remove(self, record: object) -> None:
        """Delete a record that was read before."""
        of = self._of(type(record))
        key = of.layout.key_of(record)
        self._undo.append(("remove", of, key, key in of.changed))
        of.changed.pop(key, None)
        of.remove(key)

    def book(self, entry: Entry) -> None:
        """Append an entry to the journal."""
        self._entries.append(entry)
        self._undo.append(("book",))

    def audit(self, audit: Audit) -> None:
        """Append to the audit trail."""
        self._audits.append(audit)
        self._undo.append(("audit",))

    def mark(self) -> int:
        """A point to return to."""
        return len(self._undo)

    def undo_to(self, mark: int) -> None:
        """Take back all since the mark, the last first."""
        while len(self._undo) > mark:
            self._take_back(*self._undo.pop())

    def _take_back(self, what: str, *of: Any) -> None:  # noqa: ANN401  # what was noted
        if what == "add":
            kind, key = of
            kind.forget(key)
        elif what == "put":
            kind, key, before, was_changed = of
            kind.kept[key] = before
            if not was_changed:
                del kind.changed[key]
        elif what == "remove":
            kind, key, was_changed = of
            kind.keep(key, kind.gone.pop(key))
            if was_changed:
                kind.changed[key] = None
        elif what == "book":
            self._entries.pop()
        elif what == "audit":
            self._audits.pop()
        else:
            self.people.take_back(what)

    # ── remembered answers ───────────────────────────────────────────────────────────────────────────────
    def load_answers(self, onces: Iterable[Once]) -> None:
        """Look up remembered outcomes, many at a time."""
        asked = {(once.key, once.client, once.operation) for once in onces}
        keys = sorted({key for key, _, _ in asked})
        for condition, values in self._session.any_of("key", keys) if keys else ():
            statement = f"SELECT client, operation, key, fingerprint, outcome FROM answers WHERE {condition}"  # noqa: S608  # ours
            for client, operation, key, fingerprint, outcome in self._session.rows(statement, values):
                # Another client's or operation's under the same key is nothing to us.
                if (key, client, operation) in asked:
                    self._answers[key, client, operation] = Remembered(fingerprint, outcome_of(outcome))

    def answered(self, once: Once) -> object | None:
        """What was remembered of a command, in the database or earlier in this unit."""
        return self._answers.get((once.key, once.client, once.operation))

    def remember(self, once: Once, outcome: object) -> None:
        """Remember an outcome with everything else of this unit."""
        if isinstance(outcome, Remembered):
            self._answers[once.key, once.client, once.operation] = outcome
            self._fresh.append(once)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────
    def flush(self) -> None:
        """Write everything, what is pointed at before what points at it; the caller commits."""
        for kind in RECORDS:
            self._write(kind)
        if self._people is not None:
            self._people.flush()
        if self._fresh:
            at = instant_text(self.now)
            rows = [self._answer_row(once, at) for once in self._fresh]
            self._session.append("answers", ANSWER_COLUMNS, rows)
        append_audits(self._session, self._audits)
        append_entries(self._session, self._entries)
        self._ids.keep(self._session)

    def _write(self, kind: type) -> None:
        of = self._kinds.get(kind)
        if of is None:
            return
        layout, kept, new = of.layout, of.kept, of.new
        for record in of.gone.values():
            self._session.delete(layout, layout.row_of(record))
        if new:
            names = [field.name for field in layout.columns]
            self._session.append(layout.table, names, [layout.row_of(kept[key]) for key in new])
        changed = [layout.row_of(kept[key]) for key in of.changed if key not in new]
        if changed:
            self._session.replace(layout, changed)

    def _answer_row(self, once: Once, at: object) -> tuple[Any, ...]:
        remembered = self._answers[once.key, once.client, once.operation]
        outcome = outcome_text(remembered.outcome)
        return (once.key, once.client, once.operation, remembered.fingerprint, outcome, at)

    def _of(self, kind: type) -> AtHand:
        of = self._kinds.get(kind)
        if of is None:
            of = self._kinds[kind] = AtHand(kind, layout_of(kind, on_sqlite=self._session.on_sqlite))
        return of


class Ids:
    """Ids that are never used twice: blocks of a PostgreSQL sequence, or a counter in the SQLite file itself.

    A block outlives its transaction, so ids may be skipped there; the counter is part of the transaction.
    """

    BLOCK = 1_000

    def __init__(self) -> None:
        """Begin without a block."""
        self._next = self._end = 0

    def take(self, session: Session) -> int:
        """The next id."""
        if self._next == self._end:
            self._next, self._end = self._more(session)
        self._next += 1
        return self._next - 1

    def keep(self, session: Session) -> None:
        """Write the counter back, where there is one."""
        if session.on_sqlite and self._next:
            session.rows("UPDATE counters SET next = ? WHERE name = 'ids'", [self._next])

    def _more(self, session: Session) -> tuple[int, int]:
        if session.on_sqlite:
            return int(session.rows("SELECT next FROM counters WHERE name = 'ids'")[0][0]), sys.maxsize
        first = int(session.rows("SELECT nextval('ids')")[0][0])
        return first, first + self.BLOCK
