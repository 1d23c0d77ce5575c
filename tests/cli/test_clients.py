"""`client` registers, lists and disables programs and turns the signing key; `token` prints one for them."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from carrierbill.bootstrap import start
from carrierbill.cli.main import run
from carrierbill.domain.access import CAMARA_SCOPES, SCOPES, Access, Client
from carrierbill.services.admit_client import is_proven
from carrierbill.storage.clients import ClientSecrets, clients_in
from carrierbill.storage.signing import key_id_in, tokens_of
from carrierbill.texts.load import LANGUAGES

Capture = pytest.CaptureFixture[str]
TWO = " ".join(CAMARA_SCOPES[:2])
ADD = ("client", "add", "shop", "--name", "Bookshop", "--scope", TWO)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database; nothing acts in it, so no rules are named."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    start().upgraded_database()[0].close()
    return tmp_path / "carrierbill"


def answered(capsys: Capture, *arguments: str, code: int = 0) -> Any:
    assert run([*arguments, "--json"]) == code
    shown, errors = capsys.readouterr()
    assert errors == ""
    return json.loads(shown)


def refused(capsys: Capture, *arguments: str) -> str:
    """The one line that bad use is answered with."""
    assert run(arguments) == 2
    shown, errors = capsys.readouterr()
    assert shown == ""
    assert errors.count("\n") == 1
    return errors


def known() -> dict[str, Client]:
    database = start().database()
    with database.snapshot() as session:
        found = dict(clients_in(session))
    database.close()
    return found


def read(token: str) -> Access | None:
    """What a server on this database reads in a token now."""
    app = start()
    database = app.database()
    tokens = tokens_of(database, app.settings)
    now_s = int(database.clock().timestamp())
    database.close()
    return tokens.access_of(token, key_id_in(token) or "", now_s)


# ── client ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_client_is_added_and_its_secret_is_told_once(capsys: Capture, place: Path) -> None:
    told = answered(capsys, *ADD)
    secret = told.pop("client_secret")
    assert told == {"client_id": "shop", "scopes": list(CAMARA_SCOPES[:2])}
    database = start().database()
    hashed = ClientSecrets(database.keys.index_secret).hash_of("shop", secret)
    database.close()
    assert is_proven(known()["shop"], hashed)
    assert run(["client", "list"]) == 0
    assert run(["client", "list", "--json"]) == 0
    shown = capsys.readouterr().out
    assert "Bookshop" in shown
    assert secret not in shown
    assert hashed.hex() not in shown
    assert not [file for file in place.iterdir() if secret.encode() in file.read_bytes()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_person_is_told_the_secret_too(language: str, capsys: Capture) -> None:
    assert run([*ADD, "--lang", language]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert len(line.split()[-1]) == 43


def test_an_id_that_is_taken_is_refused(capsys: Capture) -> None:
    first = answered(capsys, *ADD)
    told = answered(capsys, *ADD, code=1)["refused"]
    assert told["rule"] == "client.id"
    assert set(told["reason"]) == set(LANGUAGES)
    assert first["client_secret"] not in json.dumps(told)


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        ("ID", ("client", "add", "a b", "--name", "B", "--scope", TWO)),
        ("ID", ("client", "add", "\udcff", "--name", "B", "--scope", TWO)),
        ("--name", ("client", "add", "shop", "--name", " ", "--scope", TWO)),
        ("--scope", ("client", "add", "shop", "--name", "B", "--scope", "")),
        ("--scope", ("client", "add", "shop", "--name", "B", "--scope", f"{TWO} openid")),
        ("--scope", ("client", "add", "shop", "--name", "B")),
        ("--name", ("client", "add", "shop", "--scope", TWO)),
        ("id", ("client", "add", "--name", "B", "--scope", TWO)),
        ("ID", ("client", "disable", "nobody")),
        ("id", ("client", "disable")),
        ("remove", ("client", "remove", "shop")),
        ("--client", ("token", "--client", "demo-shop", "--scope", TWO)),
        ("--client", ("token", "--scope", TWO)),
    ],
)
def test_bad_use_is_one_line_that_names_it(named: str, arguments: tuple[str, ...], capsys: Capture) -> None:
    assert refused(capsys, *arguments).startswith(f"carrierbill: {named}: ")
    assert known() == {}


def test_clients_are_listed_and_disabled_for_good(capsys: Capture) -> None:
    assert answered(capsys, "client", "list") == {"clients": []}
    answered(capsys, *ADD)
    assert answered(capsys, "client", "disable", "shop") == {"client_id": "shop"}
    assert answered(capsys, "client", "disable", "shop") == {"client_id": "shop"}
    (listed,) = answered(capsys, "client", "list")["clients"]
    ended_at = known()["shop"].disabled_at
    assert ended_at is not None
    assert listed["disabled_at"] == ended_at.isoformat()
    assert set(listed) == {"client_id", "name", "scopes", "registered_at", "disabled_at"}
    for language in LANGUAGES:
        assert run(["client", "list", "--lang", language]) == 0
        assert run(["client", "disable", "shop", "--lang", language]) == 0
        assert "shop" in capsys.readouterr().out


def test_the_signing_key_is_turned_and_old_ones_are_let_go_when_asked(capsys: Capture) -> None:
    answered(capsys, *ADD)
    old = answered(capsys, "token", "--client", "shop", "--scope", TWO)["access_token"]
    turned = answered(capsys, "client", "rotate-key")
    assert turned["keys"] == [key_id_in(old), turned["current"]]
    assert read(old) is not None
    last = answered(capsys, "client", "rotate-key", "--drop-old")
    assert last["keys"] == [last["current"]]
    assert read(old) is None
    assert run(["client", "rotate-key", "--lang", "ko"]) == 0
    assert "2" in capsys.readouterr().out


# ── token ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_one_bare_line_that_a_server_takes(capsys: Capture) -> None:
    answered(capsys, *ADD)
    assert run(["token", "--client", "shop", "--scope", TWO]) == 0
    shown, errors = capsys.readouterr()
    assert (shown.count("\n"), errors) == (1, "")
    access = read(shown.strip())
    assert access is not None
    assert (access.client, access.scopes, access.number) == ("shop", frozenset(CAMARA_SCOPES[:2]), None)
    claims = jwt.decode(shown.strip(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3_600


@pytest.mark.parametrize("typed", ["+821000000001", "010-0000-0001", "01000000001"])
def test_a_token_may_be_bound_to_a_number(typed: str, capsys: Capture) -> None:
    answered(capsys, *ADD)
    told = answered(capsys, "token", "--client", "shop", "--scope", TWO, "--phone", typed)
    assert set(told) == {"access_token"}
    access = read(told["access_token"])
    assert access is not None
    assert access.number == "+821000000001"


def test_a_token_may_be_over_when_it_is_made(capsys: Capture) -> None:
    answered(capsys, *ADD)
    for seconds in (-5, 0):
        asked = ("token", "--client", "shop", "--scope", TWO, "--expires-in", str(seconds))
        token = answered(capsys, *asked)["access_token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == seconds
        assert read(token) is None


@pytest.mark.parametrize(
    ("named", "more"),
    [
        ("--scope", ("--scope", "carrierbill:ops")),
        ("--scope", ("--scope", "")),
        ("--phone", ("--scope", TWO, "--phone", "+14155550100")),
        ("--expires-in", ("--scope", TWO, "--expires-in", "1.5")),
        ("--expires-in", ("--scope", TWO, "--expires-in", "9999999999")),
    ],
)
def test_a_token_is_given_only_for_what_the_client_was_registered_with(
    named: str, more: tuple[str, ...], capsys: Capture
) -> None:
    answered(capsys, *ADD)
    line = refused(capsys, "token", "--client", "shop", *more)
    assert line.startswith(f"carrierbill: {named}: ")
    assert "415" not in line


def test_a_disabled_client_gets_no_token(capsys: Capture) -> None:
    answered(capsys, *ADD)
    answered(capsys, "client", "disable", "shop")
    assert "--client" in refused(capsys, "token", "--client", "shop", "--scope", TWO)


def test_every_scope_can_be_registered_and_given(capsys: Capture) -> None:
    everything = " ".join(SCOPES)
    answered(capsys, "client", "add", "all", "--name", "All", "--scope", everything)
    token = answered(capsys, "token", "--client", "all", "--scope", everything)["access_token"]
    access = read(token)
    assert access is not None
    assert access.scopes == frozenset(SCOPES)


def test_a_faulty_signing_file_is_told_in_one_line(capsys: Capture, place: Path) -> None:
    answered(capsys, *ADD)
    (place / "signing.toml").write_text("x", encoding="utf-8")
    (place / "signing.toml").chmod(0o600)
    line = refused(capsys, "token", "--client", "shop", "--scope", TWO)
    assert str(place / "signing.toml") in line
