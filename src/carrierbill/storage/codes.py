"""Codes: one-time codes by chance, kept as keyed hashes, sealed until their notice is out; fills `Codes`."""

import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from carrierbill.domain.errors import SayableError
from carrierbill.domain.saying import Saying
from carrierbill.storage.sealed import NONCE_BYTES

DIGITS = 6


class SecretCodes:
    """Codes under the secret of the keyed hashes; each is bound to its purchase."""

    def __init__(self, index_secret: bytes) -> None:
        """Derive the keys for hashing and for sealing, so that neither is used for anything else."""
        self._hash_key = hmac.digest(index_secret, b"hash of a one-time code", "sha256")
        self._cipher = AESGCMSIV(hmac.digest(index_secret, b"seal of a one-time code", "sha256"))

    def new(self, purchase_id: int) -> tuple[bytes, bytes]:
        """A fresh code: its hash, and itself sealed."""
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, code.encode(), _bound(purchase_id))
        return self.hash_of(purchase_id, code), sealed

    def hash_of(self, purchase_id: int, code: str) -> bytes:
        """The hash of a code as typed in; spaces around it do not count."""
        return hmac.digest(self._hash_key, _bound(purchase_id) + code.strip().encode(), "sha256")

    def code_in(self, purchase_id: int, secret: bytes) -> str:
        """The code that was sealed; SayableError where it was changed or is another purchase's."""
        nonce, rest = secret[:NONCE_BYTES], secret[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, _bound(purchase_id)).decode()
        except (InvalidTag, ValueError):  # the latter of too few bytes
            raise SayableError(Saying("keys.code_broken", {"purchase": str(purchase_id)})) from None


def _bound(purchase_id: int) -> bytes:
    return purchase_id.to_bytes(8, "big")
