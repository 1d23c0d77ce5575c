"""Chain: each appended row carries the hash of itself and of the row before it, so a changed past shows."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from msgspec.json import Encoder

from carrierbill.domain.journal import Entry, Posting
from carrierbill.services.ports import Audit
from carrierbill.storage.records import instant_text, json_text
from carrierbill.storage.sql import Row, Session, plain

START = bytes(32)


WRITING = Encoder()


def link(before: bytes, row: Sequence[Any]) -> bytes:
    """The hash of a row that follows the one hashed to `before`.

    The row is written as JSON without spaces, and may hold whole numbers, texts, None, and lists of these:
    what else a database hands out (an instant, bytes) goes through `plain_row` first.

    >>> link(START, [1, "hold/7"]).hex()[:16]
    'f24d7c8d5e2f75ef'
    """
    return hashlib.sha256(before + WRITING.encode(row)).digest()


def plain_row(row: Sequence[Any]) -> list[Any]:
    """A row as both databases would have it, to be hashed anew."""
    return [_plain(value) for value in row]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else value


ENTRY_COLUMNS = ("seq", "key", "what", "at", "line_id", "reverses", "hash")
POSTING_COLUMNS = ("entry_seq", "leg", "debit", "credit", "won", "line_id", "merchant_id", "bill_id")
AUDIT_COLUMNS = ("seq", "actor", "action", "at", "line_id", "why", "details", "hash")
POLICY_COLUMNS = ("seq", "name", "digest", "content", "recorded_at", "hash")


def append_entries(session: Session, entries: Sequence[Entry]) -> None:
    """Append entries with their postings; an entry's hash covers its postings."""
    if not entries:
        return
    seq, head = _take_head(session, "entries")
    rows: list[Row] = []
    legs: list[Row] = []
    for entry in entries:
        seq += 1
        own = (seq, entry.key, entry.what, instant_text(entry.at), entry.line_id, entry.reverses)
        postings = [_columns_of(leg, posting) for leg, posting in enumerate(entry.postings)]
        head = link(head, (*own, *postings))
        rows.append((*own, head))
        legs += [(seq, *posting) for posting in postings]
    session.append("entries", ENTRY_COLUMNS, rows)
    session.append("postings", POSTING_COLUMNS, legs)
    _put_head(session, "entries", seq, head=head)


def _columns_of(leg: int, posting: Posting) -> Row:
    debit, credit = posting.debit.value, posting.credit.value
    return (leg, debit, credit, posting.won, posting.line_id, posting.merchant_id, posting.bill_id)


def append_audits(session: Session, audits: Sequence[Audit]) -> None:
    """Append to the audit trail."""
    rows = [
        (
            audit.actor,
            audit.action,
            instant_text(audit.at),
            audit.line_id,
            audit.why,
            json_text(audit.details),
        )
        for audit in audits
    ]
    _append(session, "audits", AUDIT_COLUMNS, rows=rows)


def append_policy(session: Session, name: str, digest: str, *, content: str, at: datetime) -> None:
    """Keep the text of a rule set that is acted by."""
    _append(session, "policies", POLICY_COLUMNS, rows=[(name, digest, content, instant_text(at))])


def _append(session: Session, table: str, columns: Sequence[str], *, rows: Sequence[Row]) -> None:
    if not rows:
        return
    seq, head = _take_head(session, table)
    chained = []
    for row in rows:
        seq += 1
        head = link(head, (seq, *row))
        chained.append((seq, *row, head))
    session.append(table, columns, chained)
    _put_head(session, table, seq, head=head)


def _take_head(session: Session, chain: str) -> tuple[int, bytes]:
    """Number and hash of the last row, locked until the commit: one commit at a time extends a chain."""
    lock = "" if session.on_sqlite else " FOR UPDATE"
    ((seq, head),) = session.rows(f"SELECT seq, head FROM chains WHERE name = ?{lock}", [chain])  # noqa: S608  # ours
    return int(seq), bytes(head)


def _put_head(session: Session, chain: str, seq: int, *, head: bytes) -> None:
    session.rows("UPDATE chains SET seq = ?, head = ? WHERE name = ?", [seq, plain(head), chain])
