"""Rotation: a new master key, every holder's key wrapped under it, the old one dropped; resumable."""

from collections.abc import Iterator

from carrierbill.storage.database import Database
from carrierbill.storage.key_file import KeyFile
from carrierbill.storage.marks import MASTER_KEY, put_mark
from carrierbill.storage.sealed import Keys, master_key_of
from carrierbill.storage.sql import Session

HOLDERS_AT_A_TIME = 1_000


def rotate_keys(database: Database, key_file: KeyFile) -> tuple[Keys, int]:
    """The keys after a rotation, and how many holders' keys were wrapped anew.

    More than one master key in the file means that an earlier rotation was cut short: that one is ended.
    """
    keys = key_file.read()
    if len(keys.master_keys) == 1:
        keys = key_file.add_master_key()
    with database.session() as session:
        # From here on, no program that lacks the new key enrols anybody.
        put_mark(session, MASTER_KEY, keys.current)
    wrapped = sum(_wrapped_anew(database, keys))
    for old in [key_id for key_id in keys.master_keys if key_id != keys.current]:
        keys = key_file.drop_master_key(old)
    return keys, wrapped


def _wrapped_anew(database: Database, keys: Keys) -> Iterator[int]:
    """How many were wrapped anew, transaction by transaction, in the order of holders."""
    last = 0
    while True:
        with database.session() as session:
            rows = session.rows(
                "SELECT holder_id, wrapped_key FROM people WHERE holder_id > ? ORDER BY holder_id LIMIT ?",
                [last, HOLDERS_AT_A_TIME],
            )
            if not rows:
                return
            old = [
                (holder_id, bytes(key))
                for holder_id, key in rows
                if master_key_of(bytes(key)) != keys.current
            ]
            _write(session, [(keys.rewrap(holder_id, key), holder_id) for holder_id, key in old])
            last = rows[-1][0]
        yield len(old)


def _write(session: Session, wrapped: list[tuple[bytes, int]]) -> None:
    for key, holder_id in wrapped:
        session.rows("UPDATE people SET wrapped_key = ? WHERE holder_id = ?", [key, holder_id])
