"""The clients of a demo have every scope and secrets that everybody knows."""

from pathlib import Path

from books import KEYS, books
from carrierbill.demo.year import demo_clients
from carrierbill.domain.access import SCOPES
from carrierbill.services.admit_client import admit_client, is_proven
from carrierbill.storage.clients import ClientSecrets, clients_in
from carrierbill.storage.marks import DEMO, MADE, put_mark
from databases import sqlite_url

SECRETS = ClientSecrets(KEYS.index_secret)


def test_both_clients_of_a_demo_may_ask_for_everything_there_and_are_unknown_elsewhere(
    tmp_path: Path,
) -> None:
    book = books(sqlite_url(tmp_path))
    book.decide(admit_client, *demo_clients(SECRETS))
    with book.db.session() as session:
        assert clients_in(session) == {}
        put_mark(session, DEMO, MADE)
        known = clients_in(session)
    book.close()
    assert set(known) == {"demo-shop", "demo-game"}
    for client in known.values():
        assert client.scopes == SCOPES
        assert is_proven(client, SECRETS.hash_of(client.id, f"{client.id}-secret"))
