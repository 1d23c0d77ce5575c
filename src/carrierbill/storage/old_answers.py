"""Old answers: what a repeated command was once answered is dropped when nobody may ask again."""

from datetime import datetime

from carrierbill.domain.dates import SEOUL, month_later, seoul_day
from carrierbill.storage.forgetting import ANSWERS_MONTHS
from carrierbill.storage.sql import Session

AT_A_TIME = 5_000


def kept_from(now: datetime) -> datetime:
    """The first instant of which answers are still kept."""
    last = month_later(seoul_day(now), -ANSWERS_MONTHS)
    return datetime(last.year, last.month, last.day, tzinfo=SEOUL)


def has_old_answers(session: Session, now: datetime) -> bool:
    """Whether there is something to drop."""
    return bool(session.rows("SELECT 1 FROM answers WHERE answered_at < ? LIMIT 1", [kept_from(now)]))


def drop_old_answers(session: Session, now: datetime) -> int:
    """Drop some of what is old; how many."""
    before = kept_from(now)
    some = "SELECT key, client, operation FROM answers WHERE answered_at < ? LIMIT ?"
    dropped = session.rows(
        f"DELETE FROM answers WHERE (key, client, operation) IN ({some}) RETURNING 1",  # noqa: S608  # ours
        [before, AT_A_TIME],
    )
    return len(dropped)
