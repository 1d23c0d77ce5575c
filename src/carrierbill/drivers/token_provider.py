"""Token provider: tokens of the provider that OIDC_ISSUER names, known by the keys it publishes."""

import json
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import jwt
from jwt.types import Options

from carrierbill.domain.access import Access, access_in

LOG = logging.getLogger(__name__)
DISCOVERY = "/.well-known/openid-configuration"
HTTPS = "https://"
# What tokens may be signed with, and the kind and curve of key that goes with it. None of it is secret-keyed.
ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
TIMEOUT_S = 5
MOST_BYTES = 1_000_000
# Keys are asked for again at most so often, be it for a token that names one unknown ...
LEAST_WAIT_S = 10
# ... and at least so often, so that a key that was withdrawn is not trusted for ever.
KEYS_FOR_S = 3_600
# Instants are looked at by our own clock; a token need not name us, for CAMARA knows no audience.
SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
    "enforce_minimum_key_length": True,
}


class ProviderError(RuntimeError):
    """The provider did not answer, or not as one does."""


class TokenProvider:
    """Knows a provider's tokens again; its keys are fetched over https alone, and kept for a while."""

    def __init__(
        self,
        issuer: str,
        *,
        trust: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is fetched yet; `trust` None are the certificates that this machine trusts."""
        self.issuer = issuer.rstrip("/")
        self._trust: ssl.SSLContext | bool = True if trust is None else trust
        self._monotonic = monotonic
        # The issuer as it writes itself, which some do with a slash at the end.
        self._named = self.issuer
        self._keys: Mapping[str, Mapping[str, Any]] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def is_due(self, key_id: str) -> bool:
        """Whether the keys should be fetched before a token under this one is looked at."""
        now = self._monotonic()
        if self._tried_at is not None and now - self._tried_at < LEAST_WAIT_S:
            return False
        return key_id not in self._keys or self._fetched_at is None or now - self._fetched_at >= KEYS_FOR_S

    def fetch(self) -> None:
        """Fetch the keys; where that fails those at hand are kept, and the log says so."""
        self._tried_at = self._monotonic()
        try:
            with httpx2.Client(verify=self._trust, timeout=TIMEOUT_S, follow_redirects=False) as client:
                named, place = self._discovered(_fetched(client, self.issuer + DISCOVERY))
                keys = _by_id(_fetched(client, place).get("keys"))
        except (httpx2.HTTPError, httpx2.InvalidURL, ProviderError) as error:
            LOG.warning("the keys of %s could not be fetched: %s", self.issuer, error)
            return
        self._named, self._keys, self._fetched_at = named, keys, self._tried_at

    def _discovered(self, told: Mapping[str, Any]) -> tuple[str, str]:
        """The issuer as it writes itself, and where its keys are."""
        named, place = told.get("issuer"), told.get("jwks_uri")
        if not isinstance(named, str) or named.rstrip("/") != self.issuer:
            raise ProviderError("its discovery document names another issuer")
        if not isinstance(place, str) or not place.startswith(HTTPS):
            raise ProviderError("its keys are not published over https")
        return named, place

    def access_of(self, token: str, key_id: str, now_s: int) -> Access | None:
        """What a token allows now; None for one that is not the provider's, was changed, or is over."""
        written = self._keys.get(key_id)
        if written is None:
            return None
        try:
            algorithm = str(jwt.get_unverified_header(token).get("alg"))
            if not _goes_with(written, algorithm):
                return None
            key = jwt.PyJWK(dict(written), algorithm)
            claims = jwt.decode(token, key, [algorithm], options=SIGNATURE_ALONE, issuer=self._named)
        except (jwt.PyJWTError, ValueError):
            return None
        return access_in(claims, now_s)


def _fetched(client: httpx2.Client, url: str) -> Mapping[str, Any]:
    """A JSON document, as far as it is of a size that one may have."""
    with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        if response.status_code != httpx2.codes.OK:
            raise ProviderError(f"{url} answered {response.status_code}")
        content = b""
        for part in response.iter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise ProviderError(f"{url} answered too much")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ProviderError(f"{url} answered no JSON object")
    return document


def _by_id(keys: object) -> Mapping[str, Mapping[str, Any]]:
    """The keys that name themselves, by their names; others cannot be told apart."""
    if not isinstance(keys, list):
        raise ProviderError("its key set has no keys")
    return {key["kid"]: key for key in keys if isinstance(key, dict) and isinstance(key.get("kid"), str)}


def _goes_with(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key may verify what is signed that way: of its kind, and meant for it as far as it says."""
    if algorithm not in ALGORITHMS:
        return False
    kind, curve = ALGORITHMS[algorithm]
    is_public = key.get("kty") == kind and (curve is None or key.get("crv") == curve) and "d" not in key
    return is_public and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
