"""Marks: what a database knows of itself: whose keys it is under, whether it is a demo, what rules acted."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from fractions import Fraction

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.settings import PREFIX
from carrierbill.storage.chain import append_policy
from carrierbill.storage.sealed import Keys
from carrierbill.storage.sql import DATABASE_ERRORS, Session

# The marks there are. A book keeps its name when it is backed up and restored elsewhere.
BOOK, INDEX_ID, MASTER_KEY, DEMO = "book", "index_id", "master_key", "demo"
MADE, BEING_MADE = "1", "being made"
NAME_BYTES = 8
# What has a row in these is no longer new.
BEGUN = ("holders", "merchants", "entries", "audits")


def marks(session: Session) -> Mapping[str, str]:
    """All marks by name."""
    return dict(session.rows("SELECT name, value FROM marks"))


def put_mark(session: Session, name: str, value: str) -> None:
    """Set a mark, new or not."""
    session.rows("DELETE FROM marks WHERE name = ?", [name])
    session.append("marks", ("name", "value"), [(name, value)])


def settle_keys(session: Session, keys: Keys) -> None:
    """Mark a new database with its keys and a name of its own; refuse other keys than those marked."""
    known = marks(session)
    if INDEX_ID not in known:
        put_mark(session, INDEX_ID, keys.index_id)
        put_mark(session, MASTER_KEY, keys.current)
        put_mark(session, BOOK, os.urandom(NAME_BYTES).hex())
    check_keys(session, keys)


def check_keys(session: Session, keys: Keys) -> None:
    """Refuse keys under which nothing in this database would be found or opened."""
    try:
        known = marks(session)
    except DATABASE_ERRORS as error:
        why = " ".join(str(error).split())
        raise BadInputError(f"{PREFIX}DATABASE_URL", Saying("database.unreachable", {"why": why})) from None
    if INDEX_ID not in known:
        raise BadInputError(f"{PREFIX}DATABASE_URL", Saying("database.unmarked"))
    if known[INDEX_ID] != keys.index_id:
        told = {"marked": known[INDEX_ID], "given": keys.index_id}
        raise BadInputError(f"{PREFIX}KEYS_FILE", Saying("keys.other_database", told))
    if known[MASTER_KEY] not in keys.master_keys:
        raise BadInputError(f"{PREFIX}KEYS_FILE", Saying("keys.master_missing", {"key": known[MASTER_KEY]}))


def check_new(session: Session) -> None:
    """Refuse a database in which anything was ever done."""
    if any(session.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in BEGUN):  # noqa: S608  # names are ours
        raise BadInputError(f"{PREFIX}DATABASE_URL", Saying("database.demo_too_late"))


def mark_demo(session: Session) -> None:
    """Mark an empty database as a demo; one in which anything was ever done is refused for good."""
    check_new(session)
    put_mark(session, DEMO, MADE)


def begin_demo(session: Session) -> None:
    """Mark an empty database as a demo being made, which is no demo yet; one broken off before is refused."""
    if marks(session).get(DEMO) == BEING_MADE:
        raise BadInputError(f"{PREFIX}DATABASE_URL", Saying("database.demo_unfinished"))
    mark_demo(session)
    put_mark(session, DEMO, BEING_MADE)


def finish_demo(session: Session) -> None:
    """Mark a demo that was being made as made."""
    put_mark(session, DEMO, MADE)


def is_demo(session: Session) -> bool:
    """Whether the database was made as a demo."""
    return marks(session).get(DEMO) == MADE


def record_rules(session: Session, rules: RuleSet, at: datetime) -> None:
    """Keep the whole text of a rule set that is acted by, once for each text."""
    content = rules_text(rules)
    digest = hashlib.sha256(content.encode()).hexdigest()
    # The chain is locked first, so that two starts at a time do not keep it twice.
    lock = "" if session.on_sqlite else " FOR UPDATE"
    session.rows(f"SELECT seq FROM chains WHERE name = 'policies'{lock}")  # noqa: S608  # ours
    if not session.rows("SELECT 1 FROM policies WHERE name = ? AND digest = ?", [rules.name, digest]):
        append_policy(session, rules.name, digest, content=content, at=at)


def rules_text(rules: RuleSet) -> str:
    """All that a rule set says, calendar and confirmations included, in one writing."""
    return json.dumps(_plain(rules), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(name)): _plain(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, (date, time)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError(type(value))
