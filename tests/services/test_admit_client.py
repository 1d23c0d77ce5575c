"""Clients are registered once, prove who they are by their secret, and are disabled for good."""

import json
from typing import Any

import pytest

from books import Books
from carrierbill.domain.access import CAMARA_SCOPES, SCOPES, Client
from carrierbill.domain.errors import BadInputError
from carrierbill.services.admit_client import (
    AdmitClient,
    ClientAdmitted,
    ClientDisabled,
    DisableClient,
    admit_client,
    disable_client,
    is_proven,
)
from carrierbill.services.decide import Refused
from carrierbill.storage.clients import ClientSecrets, clients_in
from carrierbill.storage.marks import mark_demo

SECRETS = ClientSecrets(b"2" * 32)


def asked(client_id: str = "shop", **changed: Any) -> AdmitClient:
    usual = {"name": " Bookshop ", "scopes": CAMARA_SCOPES[:2]}
    return AdmitClient(client_id, secret_hash=SECRETS.hash_of(client_id, "s3cret"), **{**usual, **changed})


def audits(book: Books) -> list[tuple[str, str, Any]]:
    with book.db.session() as session:
        rows = session.rows("SELECT actor, action, details FROM audits ORDER BY seq")
    return [(actor, action, json.loads(details)) for actor, action, details in rows]


def test_a_client_is_kept_with_its_scopes_and_the_hash_of_its_secret_alone(book: Books) -> None:
    assert book.decide(admit_client, asked(scopes=CAMARA_SCOPES[1::-1])) == [ClientAdmitted("shop")]
    hashed = SECRETS.hash_of("shop", "s3cret")
    assert book.all(Client) == [Client("shop", "Bookshop", CAMARA_SCOPES[:2], hashed, book.clock.at)]
    told = {"client": "shop", "scopes": list(CAMARA_SCOPES[:2])}
    assert audits(book) == [("cli", "client.add", told)]
    assert b"s3cret" not in hashed


def test_an_id_is_given_once(book: Books) -> None:
    first, second = book.decide(admit_client, asked(), asked(name="Another"))
    (third,) = book.decide(admit_client, asked(name="A third"))
    assert first == ClientAdmitted("shop")
    assert isinstance(second, Refused)
    assert second.rule == "client.id"
    assert third == second
    assert [client.name for client in book.all(Client)] == ["Bookshop"]
    assert len(audits(book)) == 1


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        *[
            ("id", {"client_id": given})
            for given in ("", "a b", "-a", "a/b", "x" * 65, "가게", "a\n", "\udcff", "a\0")
        ],
        *[("name", {"name": given}) for given in ("", "  ", "x" * 101, "a\nb")],
        *[("scope", {"scopes": given}) for given in ((), ("openid",), (SCOPES[0], "x"))],
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_said_by_its_field(field: str, changed: dict[str, Any], book: Books) -> None:
    (outcome,) = book.decide(admit_client, asked(**changed))
    assert isinstance(outcome, BadInputError)
    assert outcome.field == field
    assert book.all(Client) == []
    assert audits(book) == []


def test_a_client_that_is_disabled_stays_on_record_and_is_disabled_once(book: Books) -> None:
    book.decide(admit_client, asked())
    book.clock.by(days=1)
    ended_at = book.clock.at
    assert book.decide(disable_client, DisableClient("shop", by="kim")) == [ClientDisabled("shop")]
    book.clock.by(days=1)
    assert book.decide(disable_client, DisableClient("shop", by="kim")) == [ClientDisabled("shop")]
    (client,) = book.all(Client)
    assert client.disabled_at == ended_at
    assert audits(book)[1:] == [("kim", "client.disable", {"client": "shop"})]


@pytest.mark.parametrize("client_id", ["shop", "", "\udcff", "a\0"])
def test_a_client_that_there_is_not_cannot_be_disabled(client_id: str, book: Books) -> None:
    (outcome,) = book.decide(disable_client, DisableClient(client_id))
    assert isinstance(outcome, BadInputError)
    assert outcome.field == "id"


def test_only_its_own_secret_proves_an_active_client(book: Books) -> None:
    book.decide(admit_client, asked(), asked("game"))
    with book.db.snapshot() as session:
        known = clients_in(session)
    assert is_proven(known["shop"], SECRETS.hash_of("shop", "s3cret"))
    for wrong in ("", "s3cre", "s3cret ", "S3cret"):
        assert not is_proven(known["shop"], SECRETS.hash_of("shop", wrong))
    assert not is_proven(known["shop"], known["game"].secret_hash)
    assert not is_proven(None, SECRETS.hash_of("none", "s3cret"))
    assert not is_proven(None, bytes(32))
    book.decide(disable_client, DisableClient("shop"))
    with book.db.snapshot() as session:
        assert not is_proven(clients_in(session)["shop"], SECRETS.hash_of("shop", "s3cret"))


def test_the_same_secret_of_two_clients_or_under_another_key_has_another_hash() -> None:
    hashes = {
        SECRETS.hash_of("a", "b"),
        SECRETS.hash_of("b", "b"),
        SECRETS.hash_of("a", "c"),
        ClientSecrets(b"3" * 32).hash_of("a", "b"),
    }
    assert len(hashes) == 4


def test_secrets_are_long_and_never_alike() -> None:
    made = {ClientSecrets.new() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {43}


def test_a_demo_client_is_unknown_in_a_database_that_is_no_demo(book: Books) -> None:
    with book.db.session() as session:
        mark_demo(session)
    book.decide(admit_client, asked(demo=True), asked("own"))
    with book.db.session() as session:
        assert set(clients_in(session)) == {"own", "shop"}
        session.rows("DELETE FROM marks WHERE name = 'demo'")
        assert set(clients_in(session)) == {"own"}
