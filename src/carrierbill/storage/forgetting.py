"""Forgetting: whose records need be kept no longer is destroyed as a person; amounts and entries stay."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from carrierbill.domain.allowances import Retention
from carrierbill.domain.dates import SEOUL, month_later, seoul_day
from carrierbill.services.ports import Audit
from carrierbill.settings import outgoing_folder
from carrierbill.storage.chain import append_audits
from carrierbill.storage.database import Database
from carrierbill.storage.sql import Session

# Every day that a record of a holder bears, with the won it is about; a record may bear several.
DATED = (
    ("purchases", "created_at", "won"),
    ("purchases", "confirmed_at", "won"),
    ("purchases", "ended_at", "won"),
    ("bills", "due_on", "principal_won"),
    ("bills", "settled_on", "principal_won"),
    ("repayments", "received_on", "won"),
    ("allocations", "received_on", "won"),
    ("refunds", "refunded_on", "won"),
    ("objections", "filed_on", "withheld_won"),
    ("objections", "answered_on", "withheld_won"),
    ("arrangements", "asked_on", "waived_won"),
    ("arrangements", "ended_on", "waived_won"),
    ("line_effects", "ended_on", "0"),
    ("bureau_reports", "withdrawn_on", "won"),
    ("gateway_arrears", "marked_on", "won"),
    ("gateway_arrears", "cleared_on", "won"),
    ("declines", "declined_on", "0"),
    ("lines", "opened_on", "0"),
    ("lines", "consented_on", "0"),
)
# Who still owes or is owed something, or has something under way; a line never used yet is about to be.
OPEN = (
    "SELECT holder_id FROM purchases WHERE state IN ('held', 'processing', 'pending_validation')",
    "SELECT holder_id FROM purchases WHERE state = 'confirmed' AND bill_id IS NULL AND refunded_won < won",
    "SELECT holder_id FROM bills WHERE settled_on IS NULL",
    (
        "SELECT b.holder_id FROM bills b JOIN (SELECT bill_id, SUM(won) AS won FROM allocations GROUP BY 1) a"
        " ON a.bill_id = b.id WHERE b.fee_booked_won - b.fee_waived_won > a.won - b.principal_won"
    ),
    "SELECT holder_id FROM lines WHERE credit_won > 0",
    (
        "SELECT holder_id FROM lines WHERE status <> 'closed'"
        " AND NOT EXISTS (SELECT 1 FROM purchases p WHERE p.line_id = lines.id)"
    ),
    "SELECT holder_id FROM objections WHERE state = 'open'",
    "SELECT holder_id FROM arrangements WHERE state IN ('asked', 'granted')",
    "SELECT holder_id FROM line_effects WHERE ended_on IS NULL",
    "SELECT holder_id FROM bureau_reports WHERE withdrawn_on IS NULL",
    "SELECT holder_id FROM gateway_arrears WHERE cleared_on IS NULL",
    "SELECT holder_id FROM notices WHERE state = 'queued'",
)
# What is said of a person in free words, or tells of their card: emptied; what is only about them: deleted.
EMPTIED = (
    ("lines", "card_expires_on = NULL, balance_won = NULL, status = 'closed'"),
    ("purchases", "description = ''"),
    ("purchase_requests", "asked = '{}', sink = '', credential = NULL"),
    ("refund_requests", "asked = '{}', sink = '', credential = NULL"),
    ("notices", "details = '{}', reference = '', secret = NULL"),
    ("objections", "reason = ''"),
    ("repayments", "reference = ''"),
    ("gateway_arrears", "reference = 'forgotten/' || id"),
)
DELETED = ("sessions", "sign_in_codes", "numbers", "people")
HOLDERS_AT_A_TIME = 1_000
# How long a repeated command is answered as the first was; no person is in an answer.
ANSWERS_MONTHS = 13
DAY_IN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many holders were forgotten, and how many files were deleted."""

    holders: int
    files: int


def forget_before(database: Database, before: date, retention: Retention) -> int:
    """Destroy every person whose last retention period ended before the day and who has nothing open.

    Batches are transactions of their own: stopped in between, it goes on from there the next time. At the end
    the space they took is given back, so that their bytes are gone from the database's own files.
    """
    with database.session() as session:
        gone = _whose_time_ended(session, before, retention)
    today = seoul_day(database.clock())
    with database.session() as session:
        last = month_later(today, -ANSWERS_MONTHS)
        old = datetime(last.year, last.month, last.day, tzinfo=SEOUL)
        session.rows("DELETE FROM answers WHERE answered_at < ?", [old])
    for start in range(0, len(gone), HOLDERS_AT_A_TIME):
        with database.session() as session:
            _forget(
                session, gone[start : start + HOLDERS_AT_A_TIME], database.clock(), before=before, today=today
            )
    database.keys.forget_opened()
    database.reclaim([*(table for table, _ in EMPTIED), "holders", "one_time_codes", "answers", *DELETED])
    return len(gone)


def _whose_time_ended(session: Session, before: date, retention: Retention) -> list[int]:
    ends: dict[int, date] = {}
    for holder_id, on, is_large in _last_days(session, retention.above_won):
        end = retention.ends_on(on, retention.above_won + int(is_large))
        ends[holder_id] = max(end, ends.get(holder_id, end))
    for statement in OPEN:
        for (holder_id,) in session.stream(f"SELECT DISTINCT holder_id FROM ({statement}) AS still"):  # noqa: S608  # ours
            ends.pop(holder_id, None)
    return sorted(holder_id for holder_id, end in ends.items() if end < before)


def _last_days(session: Session, above_won: int) -> Iterator[tuple[int, date, bool]]:
    """The last day of each holder's larger and smaller records of each kind, of those not forgotten yet."""
    for table, column, won in DATED:
        statement = (
            f"SELECT r.holder_id, MAX(r.{column}), {won} > ? FROM {table} r JOIN people USING (holder_id) "  # noqa: S608  # ours
            f"WHERE r.{column} IS NOT NULL GROUP BY 1, 3"
        )
        for holder_id, on, is_large in session.stream(statement, [above_won]):
            yield holder_id, _day(on), bool(is_large)


def _day(on: object) -> date:
    if isinstance(on, str) and "T" in on:
        on = datetime.fromisoformat(on)
    if isinstance(on, datetime):
        return on.astimezone(SEOUL).date()
    return on if isinstance(on, date) else date.fromisoformat(str(on))


def _forget(session: Session, holder_ids: list[int], at: datetime, *, before: date, today: date) -> None:
    ((condition, values),) = session.any_of("holder_id", holder_ids)
    if session.on_sqlite:
        session.rows("PRAGMA secure_delete = ON")
    for table, emptied in EMPTIED:
        session.rows(f"UPDATE {table} SET {emptied} WHERE {condition}", values)  # noqa: S608  # ours
    session.rows(
        f"DELETE FROM one_time_codes WHERE line_id IN (SELECT id FROM lines WHERE {condition})",  # noqa: S608  # ours
        values,
    )
    for table in DELETED:
        session.rows(f"DELETE FROM {table} WHERE {condition}", values)  # noqa: S608  # ours
    ((condition, values),) = session.any_of("id", holder_ids)
    session.rows(
        f"UPDATE holders SET forgotten_on = ?, minor_until = NULL WHERE {condition}",  # noqa: S608  # ours
        [today, *values],
    )
    details: Mapping[str, object] = {"before": before.isoformat(), "holders": len(holder_ids)}
    append_audits(session, [Audit("carrierbill", "forget", at, details=details)])


def delete_files(folder: Path, before: date) -> int:
    """Delete what went out and what was logged before the day; the printed heads stay. How many files."""
    logs = [file for file in folder.glob("*.log*") if not file.name.startswith("heads.log")]
    outgoing = [file for file in (folder / outgoing_folder().name).rglob("*") if file.is_file()]
    old = [file for file in (*logs, *outgoing) if _day_of_file(file) < before]
    for file in old:
        file.unlink()
    return len(old)


def _day_of_file(file: Path) -> date:
    """The day in its name, else the day it was last written."""
    named = DAY_IN_NAME.search(file.name)
    if named is not None:
        return date.fromisoformat(named[0])
    return datetime.fromtimestamp(file.stat().st_mtime, tz=SEOUL).date()
