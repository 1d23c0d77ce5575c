"""Workers and servers that end without warning: what was answered is there, once, and everything adds up.

`make prove` does it hundreds of times; here a few show that the trial itself works.
"""

from pathlib import Path

import pytest

from tools.ledger_kills import kills, server_kills
from tools.postgres_server import PostgresServer, temporary_server

SEED = 1


def test_a_killed_worker_loses_nothing_it_answered_and_books_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    tally = kills(database_url, 8, seed=SEED, folder=tmp_path)
    assert tally.faults == []
    assert tally.counts["ends"] == 8
    assert {"Authorise", "Confirm", "Cancel", "CloseLine", "Advance", "Repay"} <= tally.counts.keys()


def test_a_killed_server_loses_nothing_it_committed(
    postgres_server: PostgresServer,  # noqa: ARG001 -- where none can be started this is not tried
    tmp_path: Path,
) -> None:
    with temporary_server(durable=True) as server:
        tally = server_kills(server, server.new_database(), 2, seed=SEED, folder=tmp_path)
    assert tally.faults == []
    assert tally.counts["answered"] > 0


def test_a_server_is_killed_only_where_there_is_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no server"):
        server_kills(None, "sqlite://", 1, seed=SEED, folder=tmp_path)
