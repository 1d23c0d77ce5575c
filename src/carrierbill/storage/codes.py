"""Codes: one-time codes, ids that are told outside, and the secrets of clients, under one secret each."""

import base64
import hashlib
import hmac
import os
import re
import secrets
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from carrierbill.domain.errors import SayableError
from carrierbill.domain.saying import Saying
from carrierbill.services.ports import CodeUse
from carrierbill.storage.sealed import NONCE_BYTES

DIGITS = 6
PUBLIC_ID = re.compile("[A-Z2-7]{26}")


class SecretCodes:
    """Codes under the secret of the keyed hashes; each is bound to what it is good for."""

    def __init__(self, index_secret: bytes) -> None:
        """Derive the keys for hashing and for sealing, so that neither is used for anything else."""
        self._hash_key = hmac.digest(index_secret, b"hash of a one-time code", "sha256")
        self._cipher = AESGCMSIV(hmac.digest(index_secret, b"seal of a one-time code", "sha256"))

    def new(
        self, number: int, *, use: CodeUse = CodeUse.PURCHASE, for_demo: bool = False
    ) -> tuple[bytes, bytes]:
        """A fresh code (in a demo the one everybody knows): its hash, and itself sealed."""
        code = f"{0 if for_demo else secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, code.encode(), _bound(number, use))
        return self.hash_of(number, code, use=use), sealed

    def hash_of(self, number: int, code: str, *, use: CodeUse = CodeUse.PURCHASE) -> bytes:
        """The hash of a code as typed in; spaces around it do not count."""
        return hmac.digest(self._hash_key, _bound(number, use) + code.strip().encode(), "sha256")

    def code_in(self, number: int, secret: bytes, *, use: CodeUse = CodeUse.PURCHASE) -> str:
        """The code that was sealed; SayableError where it was changed or is good for something else."""
        nonce, rest = secret[:NONCE_BYTES], secret[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, _bound(number, use)).decode()
        except (InvalidTag, ValueError):  # the latter of too few bytes
            raise SayableError(Saying("keys.code_broken", {"purchase": str(number)})) from None


class PublicIds:
    """Ids as they are told outside: each means a number here, and no other can be guessed from it."""

    def __init__(self, index_secret: bytes) -> None:
        """Derive the key; a block of 16 bytes under it is the number and a mark of what it is of."""
        key = hmac.digest(index_secret, b"ids told outside", "sha256")
        self._cipher = Cipher(algorithms.AES256(key), modes.ECB())  # noqa: S305  # one block, each different
        self._encrypt, self._decrypt = self._cipher.encryptor(), self._cipher.decryptor()
        # One context is used by all threads.
        self._alone = threading.Lock()

    def told(self, number: int, of: str) -> str:
        """The id that is told for a number: 26 letters and digits."""
        block = number.to_bytes(8, "big") + _mark(of)
        with self._alone:
            hidden = self._encrypt.update(block)
        return base64.b32encode(hidden).decode().rstrip("=")

    def number(self, told: str, of: str) -> int | None:
        """The number that an id was told for; None for what was never told as such."""
        if not PUBLIC_ID.fullmatch(told):
            return None
        with self._alone:
            block = self._decrypt.update(base64.b32decode(told + "======"))
        # Of the last letter some bits mean nothing: only one way of writing is right.
        number = int.from_bytes(block[:8], "big")
        return number if block[8:] == _mark(of) and self.told(number, of) == told else None


def _mark(of: str) -> bytes:
    return hashlib.sha256(of.encode()).digest()[:8]


class Vault:
    """Secrets that clients leave, sealed and bound to whom and what they are for."""

    def __init__(self, index_secret: bytes) -> None:
        """Derive the key."""
        self._cipher = AESGCMSIV(hmac.digest(index_secret, b"secrets of clients", "sha256"))

    def seal(self, text: str, bound: str) -> bytes:
        """The text, sealed."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), bound.encode())

    def open(self, sealed: bytes, bound: str) -> str:
        """The text that was sealed; SayableError for what was changed or is bound to something else."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, bound.encode()).decode()
        except (InvalidTag, ValueError):  # the latter of too few bytes
            raise SayableError(Saying("keys.secret_broken")) from None


def _bound(number: int, use: CodeUse) -> bytes:
    # The zero ends the word, so that no word and number are another word and another number.
    return use.encode() + b"\0" + number.to_bytes(8, "big")
