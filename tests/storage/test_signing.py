"""Only what this book signed is taken, whatever a token says of itself; the keys are their owner's alone."""

import base64
import hashlib
import hmac
import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from books import START, Books
from carrierbill.cli.bad_use import sentence_for
from carrierbill.domain.access import Access
from carrierbill.domain.errors import BadInputError
from carrierbill.settings import Settings
from carrierbill.storage.signing import (
    MOST_KEYS,
    AccessTokens,
    SigningFile,
    key_id_in,
    key_id_of,
    tokens_of,
)
from carrierbill.texts.load import LANGUAGES

NOW_S = int(START.timestamp())
ACCESS = Access("shop", frozenset({"a", "b"}), NOW_S + 60, "+821000000001")
ISSUER = "carrierbill:this"
SEED = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
KEY_ID = key_id_of(KEY)
SEED_TEXT = base64.b64encode(SEED).decode()
WRITTEN = f'current = "{KEY_ID}"\n\n[keys]\n{KEY_ID} = "{SEED_TEXT}"\n'


@pytest.fixture
def file(tmp_path: Path) -> SigningFile:
    """A file of one known key, beside a key file."""
    key_file = tmp_path / "keys.toml"
    key_file.touch(mode=0o600)
    return put(SigningFile(key_file))


@pytest.fixture
def tokens(file: SigningFile) -> AccessTokens:
    return AccessTokens(file, ISSUER)


def put(file: SigningFile, text: str | bytes = WRITTEN, mode: int = 0o600) -> SigningFile:
    file.path.write_bytes(text.encode() if isinstance(text, str) else text)
    file.path.chmod(mode)
    return file


def read(tokens: AccessTokens, token: str, now_s: int = NOW_S) -> Access | None:
    return tokens.access_of(token, key_id_in(token) or "", now_s)


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def signed(headers: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token signed with the known key, other claims or headers changed."""
    claims = {"iss": ISSUER, "client_id": "shop", "scope": "a", "exp": NOW_S + 60, **changed}
    told = {"kid": KEY_ID, **(headers or {})}
    return jwt.encode(claims, KEY, "EdDSA", told)


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_known_again_with_all_that_it_was_given(tokens: AccessTokens) -> None:
    token = tokens.issue(ACCESS, START)
    assert read(tokens, token) == ACCESS
    assert tokens.knows(key_id_in(token) or "")


def test_a_token_says_what_others_read_in_it(tokens: AccessTokens) -> None:
    token = tokens.issue(ACCESS, START)
    claims = jwt.decode(token, options={"verify_signature": False})
    identity = claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "sub": "shop",
        "client_id": "shop",
        "scope": "a b",
        "iat": NOW_S,
        "exp": NOW_S + 60,
        "phone_number": "+821000000001",
    }
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "kid": KEY_ID, "typ": "at+jwt"}
    again = jwt.decode(tokens.issue(ACCESS, START), options={"verify_signature": False})
    assert again["jti"] != identity


def test_a_token_without_a_number_names_none(tokens: AccessTokens) -> None:
    token = tokens.issue(Access("shop", frozenset({"a"}), NOW_S + 1), START)
    assert "phone_number" not in jwt.decode(token, options={"verify_signature": False})


def test_a_token_ends_with_its_second_and_without_leeway(tokens: AccessTokens) -> None:
    token = tokens.issue(ACCESS, START)
    assert read(tokens, token, NOW_S + 59) is not None
    assert read(tokens, token, NOW_S + 60) is None


def test_the_tokens_of_another_book_are_nothing_here_even_under_the_same_keys(file: SigningFile) -> None:
    token = AccessTokens(file, "carrierbill:other").issue(ACCESS, START)
    assert read(AccessTokens(file, ISSUER), token) is None


def with_algorithm_none() -> str:
    head, claims = {"alg": "none", "kid": KEY_ID}, {"iss": ISSUER, "client_id": "shop", "scope": "a"}
    return f"{part(head)}.{part({**claims, 'exp': NOW_S + 60})}."


def with_the_public_key_as_a_password() -> str:
    """Signed by HMAC with what everybody can read: taken where the token may choose its algorithm."""
    head = part({"alg": "HS256", "kid": KEY_ID})
    body = part({"iss": ISSUER, "client_id": "shop", "scope": "a", "exp": NOW_S + 60})
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mark = hmac.digest(public, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def tampered() -> str:
    head, _, mark = signed().split(".")
    claims = {"iss": ISSUER, "client_id": "shop", "scope": "a b", "exp": NOW_S + 60}
    return f"{head}.{part(claims)}.{mark}"


def with_a_foreign_key() -> str:
    claims = {"iss": ISSUER, "client_id": "shop", "scope": "a", "exp": NOW_S + 60}
    return jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", {"kid": KEY_ID})


FORGED: dict[str, Callable[[], str]] = {
    "no algorithm": with_algorithm_none,
    "the public key as a password": with_the_public_key_as_a_password,
    "other claims under an old signature": tampered,
    "a foreign key under our id": with_a_foreign_key,
    "no signature": lambda: signed().rpartition(".")[0] + ".",
    "an unknown key": lambda: signed({"kid": "00000000"}),
    "no key named": lambda: signed({"kid": ""}),
    "another issuer": lambda: signed(iss="https://example.org"),
    "no issuer": lambda: jwt.encode(
        {"client_id": "shop", "scope": "a", "exp": NOW_S + 9}, KEY, "EdDSA", {"kid": KEY_ID}
    ),
    "over by no second": lambda: signed(exp=NOW_S),
    "no end": lambda: signed(exp=None),
    "not begun": lambda: signed(nbf=NOW_S + 1),
    "no client": lambda: signed(client_id=None),
    "an extension nobody knows": lambda: signed({"crit": ["x"], "x": 1}),
    "no token": lambda: "x",
    "three empty parts": lambda: "..",
    "letters beyond ASCII": lambda: "é.é.é",
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_forged_or_of_another_time_lets_nobody_in(forged: str, tokens: AccessTokens) -> None:
    assert read(tokens, signed()) is not None
    assert read(tokens, FORGED[forged]()) is None


def test_the_public_keys_verify_what_was_signed_and_tell_no_secret(tokens: AccessTokens) -> None:
    (told,) = tokens.public_keys()["keys"]
    assert set(told) == {"kty", "crv", "x", "kid", "use", "alg"}
    claims = jwt.decode(
        signed(), jwt.PyJWK(told), ["EdDSA"], options={"verify_exp": False, "verify_aud": False}
    )
    assert claims["client_id"] == "shop"


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_need_makes_the_file_which_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").touch()
    file = SigningFile(tmp_path / "keys.toml")
    made = file.made()
    assert file.path == tmp_path / "signing.toml"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.made().current == file.read().current == made.current
    assert sorted(each.name for each in tmp_path.iterdir()) == ["keys.toml", "signing.toml"]


def test_of_many_first_needs_at_once_one_makes_the_file(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").touch()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: SigningFile(tmp_path / "keys.toml").made().current, range(24)))
    assert len(set(made)) == 1


def test_a_file_made_by_root_is_left_to_the_owner_of_the_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys.toml").touch()
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _, user, group: owners.append((user, group)))
    SigningFile(tmp_path / "keys.toml").made()
    assert owners == [((tmp_path / "keys.toml").stat().st_uid, -1)]


def test_an_old_key_still_verifies_once_the_keys_were_turned(file: SigningFile, tokens: AccessTokens) -> None:
    old = tokens.issue(ACCESS, START)
    turned = file.rotate()
    assert turned.current != KEY_ID
    assert not tokens.knows(turned.current)
    assert tokens.reread()
    assert not tokens.reread()
    new = tokens.issue(ACCESS, START)
    assert key_id_in(new) == turned.current
    assert read(tokens, old) == read(tokens, new) == ACCESS


def test_a_key_that_was_let_go_verifies_nothing(file: SigningFile, tokens: AccessTokens) -> None:
    old = tokens.issue(ACCESS, START)
    file.rotate(drop_old=True)
    assert tokens.reread()
    assert read(tokens, old) is None
    assert len(file.read().keys) == 1


def test_the_file_does_not_grow_for_ever(file: SigningFile) -> None:
    turned = [file.rotate().current for _ in range(MOST_KEYS + 2)]
    assert list(file.read().keys) == turned[-MOST_KEYS:]


def test_of_many_rotations_at_once_none_is_lost(file: SigningFile) -> None:
    with ThreadPoolExecutor(4) as pool:
        turned = list(pool.map(lambda _: file.rotate().current, range(6)))
    assert set(file.read().keys) == {KEY_ID, *turned}


def test_a_file_that_becomes_faulty_changes_nothing_for_who_runs(
    file: SigningFile, tokens: AccessTokens
) -> None:
    token = tokens.issue(ACCESS, START)
    put(file, "x")
    assert not tokens.reread()
    file.path.unlink()
    assert not tokens.reread()
    assert read(tokens, token) == ACCESS


def with_text(old: str, new: str) -> Callable[[SigningFile], object]:
    assert old in WRITTEN
    return lambda file: put(file, WRITTEN.replace(old, new))


def as_folder(file: SigningFile) -> None:
    file.path.unlink()
    file.path.mkdir()


def as_pipe(file: SigningFile) -> None:
    file.path.unlink()
    os.mkfifo(file.path, 0o600)


FAULTY: dict[str, tuple[str, Callable[[SigningFile], object]]] = {
    "a folder": ("unreadable", as_folder),
    "a pipe": ("unreadable", as_pipe),
    "readable by the group": ("open_to_others", lambda file: put(file, mode=0o640)),
    "readable by all": ("open_to_others", lambda file: put(file, mode=0o604)),
    "an empty file": ("malformed", lambda file: put(file, "")),
    "no TOML": ("malformed", lambda file: put(file, "[")),
    "no text": ("malformed", lambda file: put(file, b"\xff")),
    "a name missing": ("malformed", with_text("current", "# current")),
    "a name too many": ("malformed", lambda file: put(file, "later = 1\n" + WRITTEN)),
    "no table of keys": ("malformed", with_text(f"[keys]\n{KEY_ID}", "keys")),
    "an id of another form": ("malformed", with_text(f"{KEY_ID} =", "x =")),
    "a short key": ("wrong_length", with_text(SEED_TEXT, SEED_TEXT[:-4])),
    "no base64": ("wrong_length", with_text("AAEC", "A?EC")),
    "a key that is no text": ("wrong_length", with_text(f'"{SEED_TEXT}"', "1")),
    "another letter": ("damaged", with_text("AAEC", "AAED")),
    "another id": ("damaged", with_text(f"\n{KEY_ID}", "\n00000000")),
    "an unknown current key": ("unknown_current", with_text(f'"{KEY_ID}"', '"00000000"')),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_file_is_refused_in_one_line_that_names_it_and_no_secret(
    fault: str, file: SigningFile
) -> None:
    key, make = FAULTY[fault]
    make(file)
    with pytest.raises(BadInputError) as raised:
        AccessTokens(file, ISSUER)
    assert raised.value.reason.key == f"signing.{key}"
    for language in LANGUAGES:
        said = sentence_for(raised.value, language)
        assert said.startswith(f"CARRIERBILL_KEYS_FILE: {file.path}: ")
        assert said.splitlines() == [said]
        assert "{" not in said
        assert SEED_TEXT[:8] not in f"{said}{raised.value.args}{raised.value.__cause__}"


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_file_is_not_turned(fault: str, file: SigningFile) -> None:
    FAULTY[fault][1](file)
    before = file.path.read_bytes() if file.path.is_file() else b""
    with pytest.raises(BadInputError):
        file.rotate()
    assert (file.path.read_bytes() if file.path.is_file() else b"") == before


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as raised:
        SigningFile(tmp_path / "none" / "keys.toml").made()
    assert raised.value.reason.key == "signing.unwritable"


def test_no_secret_shows_when_keys_are_printed(file: SigningFile) -> None:
    assert SEED_TEXT[:8] not in repr(file.read())
    assert "private" not in repr(file.read()).lower()


def test_the_tokens_of_a_book_bear_its_name(book: Books, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").touch()
    tokens = tokens_of(book.db, Settings(keys_file=tmp_path / "keys.toml"))
    with book.db.session() as session:
        ((name,),) = session.rows("SELECT value FROM marks WHERE name = 'book'")
    assert tokens.issuer == f"carrierbill:{name}"
    assert (tmp_path / "signing.toml").exists()
