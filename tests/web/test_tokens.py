"""A registered client that proves who it is gets a token, by RFC 6749; nobody else learns anything."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from books import Books
from carrierbill.domain.access import SCOPES
from carrierbill.services.admit_client import DisableClient, disable_client
from carrierbill.storage.clients import ClientSecrets
from gates import READ, SECRET, WRITE, Entrance, entrance

GRANT = {"grant_type": "client_credentials"}
BODY = {**GRANT, "client_id": "shop", "client_secret": "s3cret"}


@pytest.fixture
def desk(book: Books, tmp_path: Path) -> Iterator[Entrance]:
    """A gate with a desk beside it; `shop` is registered for two scopes."""
    with entrance(book, tmp_path) as made:
        made.admit(scopes=(READ, WRITE))
        yield made


def basic(client_id: str = "shop", secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def refused(answer: Any, error: str, status: int = 400) -> bool:
    told = answer.json()
    assert set(told) == {"error", "error_description"}
    assert told["error_description"].isascii()
    assert not set('"\\') & set(told["error_description"])
    assert answer.headers["cache-control"] == "no-store"
    assert "s3cret" not in answer.text
    return bool((told["error"], answer.status_code) == (error, status))


def test_a_token_is_given_for_credentials_in_the_header_or_the_form(desk: Entrance) -> None:
    for answer in (desk.post(GRANT, headers=basic()), desk.post(BODY)):
        assert answer.status_code == 200
        told = answer.json()
        assert set(told) == {"access_token", "token_type", "expires_in", "scope"}
        assert (told["token_type"], told["expires_in"]) == ("Bearer", 3_600)
        assert told["scope"].split() == [READ, WRITE]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["pragma"] == "no-cache"
        assert answer.headers["content-type"] == "application/json"
        assert desk.who(told["access_token"]).text == f"shop None {READ} {WRITE}"


def test_a_token_lasts_an_hour(desk: Entrance) -> None:
    token = desk.post(BODY).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3_600
    desk.book.clock.by(minutes=60)
    assert desk.who(token).status_code == 401


def test_fewer_scopes_may_be_asked_for_but_no_other_ones(desk: Entrance) -> None:
    assert desk.post({**BODY, "scope": READ}).json()["scope"] == READ
    assert desk.post({**BODY, "scope": ""}).json()["scope"] == f"{READ} {WRITE}"
    for scope in (f"{READ} carrierbill:ops", "openid", READ.upper(), "é"):
        assert refused(desk.post({**BODY, "scope": scope}), "invalid_scope")


WRONG: dict[str, dict[str, Any]] = {
    "a wrong secret in the form": {"data": {**BODY, "client_secret": "S3cret"}},
    "a wrong secret in the header": {"data": GRANT, "headers": basic("shop", "x")},
    "an unknown client in the form": {"data": {**BODY, "client_id": "demo-shop"}},
    "an unknown client in the header": {"data": GRANT, "headers": basic("nobody")},
    "no secret": {"data": {**GRANT, "client_id": "shop"}},
    "an empty secret": {"data": {**BODY, "client_secret": ""}},
    "no credentials": {"data": GRANT},
    "credentials in the address": {"data": GRANT, "params": BODY},
    "another scheme": {"data": GRANT, "headers": {"Authorization": "Bearer x"}},
    "no base64": {"data": GRANT, "headers": {"Authorization": "Basic ?"}},
    "no colon": {"data": GRANT, "headers": {"Authorization": "Basic c2hvcA=="}},
    "no text": {"data": GRANT, "headers": {"Authorization": "Basic //8="}},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_whoever_proves_nothing_is_told_the_same(wrong: str, desk: Entrance) -> None:
    answer, plain = desk.post(**WRONG[wrong]), desk.post({**BODY, "client_secret": "x"})
    assert refused(answer, "invalid_client", 401)
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert (answer.content, dict(answer.headers)) == (plain.content, dict(plain.headers))


def test_the_same_work_is_done_for_a_client_that_there_is_not(
    desk: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = ClientSecrets.hash_of

    def counted(secrets: ClientSecrets, client_id: str, secret: str) -> bytes:
        hashed.append(client_id)
        return real(secrets, client_id, secret)

    monkeypatch.setattr(ClientSecrets, "hash_of", counted)
    desk.post({**BODY, "client_secret": "x"})
    desk.post({**BODY, "client_id": "nobody"})
    assert hashed == ["shop", "nobody"]


def test_a_disabled_client_is_told_the_same_at_once(desk: Entrance) -> None:
    desk.book.decide(disable_client, DisableClient("shop"))
    assert refused(desk.post(BODY), "invalid_client", 401)


FORM = "application/x-www-form-urlencoded"
MISSHAPEN: dict[str, dict[str, Any]] = {
    "no grant type": {"data": {"client_id": "shop", "client_secret": "s3cret"}},
    "an empty grant type": {"data": {**BODY, "grant_type": ""}},
    "JSON": {"json": BODY},
    "no kind of body": {"content": urlencode(BODY)},
    "a field twice": {
        "content": urlencode([*BODY.items(), ("scope", READ), ("scope", WRITE)]),
        "headers": {"content-type": FORM},
    },
    "credentials in both places": {"data": BODY, "headers": basic()},
    "two ids": {"data": {**GRANT, "client_id": "game"}, "headers": basic()},
    "bytes that are no text": {
        "content": urlencode(BODY).encode() + b"&x=%ff",
        "headers": {"content-type": FORM},
    },
    "too many fields": {"data": {**BODY, **{f"x{place}": "1" for place in range(60)}}},
    "too much": {"data": {**BODY, "x": "1" * 70_000}},
}


@pytest.mark.parametrize("misshapen", MISSHAPEN)
def test_a_request_of_another_shape_is_refused(misshapen: str, desk: Entrance) -> None:
    assert refused(desk.post(**MISSHAPEN[misshapen]), "invalid_request")


def test_the_id_may_stand_in_the_form_beside_the_header(desk: Entrance) -> None:
    assert desk.post({**GRANT, "client_id": "shop"}, headers=basic()).status_code == 200


def test_credentials_in_the_header_are_form_encoded(desk: Entrance) -> None:
    desk.admit("odd", "a:b c%")
    assert desk.post(GRANT, headers=basic("odd", "a%3Ab+c%25")).status_code == 200


def test_only_client_credentials_are_granted(desk: Entrance) -> None:
    for grant in ("authorization_code", "password", "refresh_token", "CLIENT_CREDENTIALS"):
        assert refused(desk.post({**BODY, "grant_type": grant}), "unsupported_grant_type")


def test_another_method_is_told_which_one_is_right(desk: Entrance) -> None:
    answer = desk.client.get("/oauth2/token", params=BODY)
    assert refused(answer, "invalid_request", 405)
    assert answer.headers["allow"] == "POST"


def test_the_published_keys_verify_a_token(desk: Entrance) -> None:
    token = desk.post(BODY).json()["access_token"]
    answer = desk.client.get("/oauth2/jwks")
    assert answer.status_code == 200
    key = jwt.PyJWKSet.from_dict(answer.json())[jwt.get_unverified_header(token)["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key, ["EdDSA"], options=options)["client_id"] == "shop"


def test_who_asks_for_tokens_too_often_has_to_wait_and_may_still_use_one(book: Books, tmp_path: Path) -> None:
    with entrance(book, tmp_path, rate=2) as limited:
        limited.admit(scopes=SCOPES)
        asked = [limited.post(BODY) for _ in range(3)]
        assert [answer.status_code for answer in asked] == [200, 200, 429]
        assert refused(asked[2], "temporarily_unavailable", 429)
        assert asked[2].headers["retry-after"] == "1"
        assert refused(limited.post({**BODY, "client_secret": "x"}), "invalid_client", 401)
        token = asked[0].json()["access_token"]
        assert [limited.who(token).status_code for _ in range(3)] == [200, 200, 429]


def test_no_secret_and_no_token_is_logged(desk: Entrance, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "carrierbill"):
        token = desk.post(BODY).json()["access_token"]
        desk.who(token)
        desk.post({**BODY, "client_secret": "s3cret-wrong"})
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("carrierbill")]
    assert not [line for line in ours if "s3cret" in line or token in line]
