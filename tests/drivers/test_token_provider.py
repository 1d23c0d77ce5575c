"""A provider's tokens are known by the keys it publishes over https, and by nothing else."""

import hashlib
import hmac
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from carrierbill.domain.access import Access
from carrierbill.drivers.token_provider import DISCOVERY, KEYS_FOR_S, LEAST_WAIT_S, TokenProvider
from fake_provider import EC, ED, KEYS, RSA, FakeProvider, Ticks, public, trusting

NOW_S = 1_800_000_000
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
SMALL_RSA = rsa.generate_private_key(65_537, 1_024)  # noqa: S505  # which is what is refused
EC_384 = ec.generate_private_key(ec.SECP384R1())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def fake(authority: trustme.CA) -> Iterator[FakeProvider]:
    with FakeProvider(authority).running() as running:
        yield running


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def provider(fake: FakeProvider, authority: trustme.CA, ticks: Ticks) -> TokenProvider:
    return TokenProvider(fake.issuer, trust=trusting(authority), monotonic=ticks)


def token(provider: TokenProvider, algorithm: str = "RS256", key: Any = None, **changed: Any) -> str:
    claims = {"iss": provider.issuer, "client_id": "shop", "scope": "a b", "exp": NOW_S + 60, **changed}
    key_id = changed.pop("kid", algorithm)
    claims.pop("kid", None)
    return jwt.encode(claims, key or KEYS[algorithm], algorithm, {"kid": key_id})


def read(provider: TokenProvider, written: str, key_id: str = "RS256") -> Access | None:
    if provider.is_due(key_id):
        provider.fetch()
    return provider.access_of(written, key_id, NOW_S)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_known_by_the_key_that_is_published(algorithm: str, provider: TokenProvider) -> None:
    written = token(provider, algorithm, phone_number="+821000000001", aud="others", sub=7)
    known = Access("shop", frozenset({"a", "b"}), NOW_S + 60, "+821000000001")
    assert read(provider, written, algorithm) == known


def hmac_with_the_public_key(provider: TokenProvider) -> str:
    """Taken where a token may choose its algorithm: everybody knows the public key."""
    head, _, body = token(provider).rpartition(".")[0].partition(".")
    head = jwt.utils.base64url_encode(json.dumps({"alg": "HS256", "kid": "RS256"}).encode()).decode()
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mark = hmac.digest(pem, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{jwt.utils.base64url_encode(mark).decode()}"


def unsigned(provider: TokenProvider) -> str:
    head = jwt.utils.base64url_encode(json.dumps({"alg": "none", "kid": "RS256"}).encode()).decode()
    return f"{head}.{token(provider).split('.')[1]}."


FORGED: dict[str, Callable[[TokenProvider], str]] = {
    "unsigned": unsigned,
    "the public key as a password": hmac_with_the_public_key,
    "another issuer": lambda provider: token(provider, iss="https://example.org"),
    "no issuer": lambda _: jwt.encode(
        {"client_id": "shop", "scope": "a", "exp": NOW_S + 9}, RSA, "RS256", {"kid": "RS256"}
    ),
    "over by no second": lambda provider: token(provider, exp=NOW_S),
    "not begun": lambda provider: token(provider, nbf=NOW_S + 1),
    "a foreign key": lambda provider: token(provider, key=rsa.generate_private_key(65_537, 2_048)),
    "another key's id": lambda provider: token(provider, "ES256", kid="RS256"),
    "a longer hash": lambda provider: token(provider, "RS512", key=RSA, kid="RS256"),
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_forged_or_of_another_time_lets_nobody_in(forged: str, provider: TokenProvider) -> None:
    assert read(provider, token(provider)) is not None
    assert read(provider, FORGED[forged](provider)) is None


UNFIT: dict[str, tuple[str, dict[str, Any], Any]] = {
    "a small key": ("RS256", public(SMALL_RSA), SMALL_RSA),
    "a key for encryption": ("RS256", {**public(RSA), "use": "enc"}, RSA),
    "a key for another algorithm": ("RS256", {**public(RSA), "alg": "PS256"}, RSA),
    "a key with its secret": ("EdDSA", get_default_algorithms()["EdDSA"].to_jwk(ED, as_dict=True), ED),
    "a key of another curve": ("ES384", public(EC_384), EC_384),
    "a password": ("HS256", {"kty": "oct", "k": "QUFB" * 16}, b"AAA" * 16),
    "a broken key": ("RS256", {"kty": "RSA", "n": "AQAB"}, RSA),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_a_key_that_is_not_fit_for_it_verifies_nothing(
    unfit: str, provider: TokenProvider, fake: FakeProvider
) -> None:
    algorithm, told, key = UNFIT[unfit]
    fake.publish(odd={name: value for name, value in told.items() if name != "key_ops"})
    with warnings.catch_warnings():
        # The library warns of a small key whoever signs with it.
        warnings.simplefilter("ignore")
        written = token(provider, algorithm, key=key, kid="odd")
    assert read(provider, written, "odd") is None


def test_keys_are_kept_and_asked_for_again_for_an_unknown_one_at_most_every_few_seconds(
    provider: TokenProvider, fake: FakeProvider, ticks: Ticks
) -> None:
    for _ in range(5):
        assert read(provider, token(provider)) is not None
    once = [DISCOVERY, "/keys"]
    assert fake.asked == once
    for _ in range(5):
        assert read(provider, token(provider, kid="new"), "new") is None
    assert fake.asked == once
    fake.publish(new=public(RSA))
    ticks.s += LEAST_WAIT_S
    assert read(provider, token(provider, kid="new"), "new") is not None
    assert fake.asked == 2 * once


def test_a_key_that_was_withdrawn_is_trusted_for_an_hour_at_most(
    provider: TokenProvider, fake: FakeProvider, ticks: Ticks
) -> None:
    assert read(provider, token(provider)) is not None
    fake.publish(other=public(EC))
    ticks.s += KEYS_FOR_S - 1
    assert read(provider, token(provider)) is not None
    ticks.s += 1
    assert read(provider, token(provider)) is None


def faulty(fake: FakeProvider, **pages: Any) -> None:
    discovery = {**fake.pages[DISCOVERY], **pages.pop("discovery", {})}
    fake.pages |= {DISCOVERY: discovery, **{f"/{name}": page for name, page in pages.items()}}


FAULTS: dict[str, Callable[[FakeProvider], object]] = {
    "names another issuer": lambda fake: faulty(fake, discovery={"issuer": "https://example.org"}),
    "not published over https": lambda fake: faulty(fake, discovery={"jwks_uri": "http://127.0.0.1/keys"}),
    "are not published": lambda fake: faulty(fake, discovery={"jwks_uri": None}),
    "Invalid port": lambda fake: faulty(fake, discovery={"jwks_uri": f"{fake.issuer}9x/keys"}),
    "has no keys": lambda fake: faulty(fake, keys={"keys": 5}),
    "answered no JSON": lambda fake: faulty(fake, keys=b"{"),
    "no JSON object": lambda fake: faulty(fake, keys=[]),
    "answered too much": lambda fake: faulty(fake, keys=b'{"keys": []}' + b" " * 1_000_000),
    "/keys answered 302": lambda fake: fake.pages.pop("/keys"),
    "openid-configuration answered 302": lambda fake: fake.pages.pop(DISCOVERY),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_answer_is_logged_and_the_keys_at_hand_are_kept(
    fault: str, provider: TokenProvider, fake: FakeProvider, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(provider, token(provider)) is not None
    FAULTS[fault](fake)
    ticks.s += KEYS_FOR_S
    with caplog.at_level(logging.WARNING):
        assert read(provider, token(provider)) is not None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert fake.issuer in caplog.text
    assert fault in caplog.text


def test_a_provider_whose_certificate_nobody_vouches_for_is_not_believed(
    fake: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = TokenProvider(fake.issuer)
    assert read(stranger, token(stranger)) is None
    assert fake.asked == []
    assert "could not be fetched" in caplog.text


def test_an_issuer_may_write_itself_with_a_slash_at_the_end(
    provider: TokenProvider, fake: FakeProvider
) -> None:
    faulty(fake, discovery={"issuer": f"{fake.issuer}/"})
    assert read(provider, token(provider, iss=f"{fake.issuer}/")) is not None
    assert read(provider, token(provider)) is None
