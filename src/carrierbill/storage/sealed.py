"""Sealed: personal data under a key of its holder, found by keyed hashes, shown with stars."""

import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from carrierbill.domain.errors import BadInputError, SayableError
from carrierbill.domain.saying import Saying

KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
BLOCK_BYTES = 16
TAG_BYTES = 16
OPENED_AT_MOST = 1_024
# The first byte of all that is sealed or wrapped; another way of sealing takes another.
VERSION = b"\x01"
HEAD_BYTES = len(VERSION) + KEY_ID_BYTES
WRAPPED_BYTES = HEAD_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES

NUMBER = re.compile("(?:[+]8210|010)([0-9]{8})|010-([0-9]{4})-([0-9]{4})")
TAIL = re.compile("[0-9]{4}")
# What marks a name as a company's: the word, its first syllable in brackets (narrow or wide), the sign.
COMPANY_MARK = re.compile("\uc8fc\uc2dd\ud68c\uc0ac|[(\uff08]\uc8fc[)\uff09]|\u321c")


class SealBrokenError(SayableError):
    """What was sealed cannot be opened: changed, moved, or its key is not there; the content is not told."""

    def __init__(self, holder_id: int, field: str, reason: Saying) -> None:
        """Keep whose it is and which field."""
        super().__init__(reason)
        self.holder_id = holder_id
        self.field = field


@dataclass(frozen=True)
class Keys:
    """The master keys by id, the one that wraps now, and the secret of the keyed hashes."""

    current: str
    master_keys: Mapping[str, bytes] = field(repr=False)
    index_secret: bytes = field(repr=False)

    @property
    def index_id(self) -> str:
        """Which secret the hashes were made with; a database that keeps it knows a wrong key file at once."""
        return id_of(self.index_secret)

    def new_holder_key(self, holder_id: int) -> bytes:
        """A new key for the holder, wrapped under the current master key."""
        return self._wrap(holder_id, os.urandom(KEY_BYTES))

    def unwrap(self, holder_id: int, wrapped: bytes) -> bytes:
        """The holder's key itself; SealBrokenError where it is not the holder's or its master key is gone."""
        key_id = master_key_of(wrapped)
        if len(wrapped) != WRAPPED_BYTES or wrapped[:1] != VERSION:
            raise _broken(holder_id, "key")
        if key_id not in self._masters:
            reason = Saying("keys.no_master_key", {"holder": str(holder_id), "key": key_id})
            raise SealBrokenError(holder_id, "key", reason)
        nonce, rest = wrapped[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], wrapped[HEAD_BYTES + NONCE_BYTES :]
        try:
            return self._masters[key_id].decrypt(nonce, rest, _bound(holder_id, "key", key_id))
        except InvalidTag:
            raise _broken(holder_id, "key") from None

    def rewrap(self, holder_id: int, wrapped: bytes) -> bytes:
        """The same key under the current master key; what was sealed under it stays readable."""
        return self._wrap(holder_id, self.unwrap(holder_id, wrapped))

    def seal(self, holder_id: int, wrapped: bytes, field: str, *, text: str) -> bytes:
        """The text under the holder's key, bound to holder and field; its length is told to 16 bytes only."""
        marked = text.encode() + b"\x80"
        padded = marked.ljust(len(marked) + -len(marked) % BLOCK_BYTES, b"\0")
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._opened(holder_id, wrapped)
        return VERSION + nonce + cipher.encrypt(nonce, padded, _bound(holder_id, "field", field))

    def unseal(self, holder_id: int, wrapped: bytes, field: str, *, sealed: bytes) -> str:
        """The text that was sealed; SealBrokenError where anything about it was changed or moved."""
        cipher = self._opened(holder_id, wrapped)
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if sealed[:1] != VERSION:
            raise _broken(holder_id, field)
        try:
            padded = cipher.decrypt(nonce, rest, _bound(holder_id, "field", field))
        except (InvalidTag, ValueError):  # the latter of too few bytes
            raise _broken(holder_id, field) from None
        return padded.rstrip(b"\0")[:-1].decode()

    def forget_opened(self) -> None:
        """Keep no holder's key in memory; once one is destroyed, it is not to live on here."""
        vars(self).pop("_opened", None)

    def number_hash(self, number: str) -> bytes:
        """By what a number is found, however it is written; BadInputError for what is no number."""
        return self._hash(b"number", normalised_number(number))

    def tail_hash(self, number: str) -> bytes:
        """By what the last four digits of a number are found; they may be given alone."""
        tail = number if TAIL.fullmatch(number) else normalised_number(number)[-4:]
        return self._hash(b"tail", tail)

    def name_hash(self, name: str) -> bytes:
        """By what a name is found, however it is spaced and whatever mark of a company it bears."""
        return self._hash(b"name", normalised_name(name))

    def _hash(self, kind: bytes, text: str) -> bytes:
        begun = self._begun.copy()
        begun.update(kind + b"\0" + text.encode())
        return begun.digest()

    @cached_property
    def _begun(self) -> hmac.HMAC:
        return hmac.new(self.index_secret, digestmod="sha256")

    def _wrap(self, holder_id: int, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        bound = _bound(holder_id, "key", self.current)
        head = VERSION + bytes.fromhex(self.current) + nonce
        return head + self._masters[self.current].encrypt(nonce, key, bound)

    @cached_property
    def _masters(self) -> Mapping[str, AESGCMSIV]:
        return {key_id: AESGCMSIV(key) for key_id, key in self.master_keys.items()}

    @cached_property
    def _opened(self) -> Callable[[int, bytes], AESGCMSIV]:
        # By holder as well as by wrapped key: one that was moved to another holder is not to be found here.
        return lru_cache(OPENED_AT_MOST)(
            lambda holder_id, wrapped: AESGCMSIV(self.unwrap(holder_id, wrapped))
        )


def id_of(key: bytes) -> str:
    """The id of a key, read off the key itself, so that one damaged in its file does not pass for it."""
    return hashlib.sha256(b"id of a key\0" + key).hexdigest()[: 2 * KEY_ID_BYTES]


def master_key_of(wrapped: bytes) -> str:
    """The id of the master key that a holder's key is wrapped under."""
    return wrapped[len(VERSION) : HEAD_BYTES].hex()


def _bound(holder_id: int, *parts: str) -> bytes:
    # Each with its length in front, so that no two lists of parts give the same bytes.
    encoded = [part.encode() for part in (str(holder_id), *parts)]
    return VERSION + b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _broken(holder_id: int, field: str) -> SealBrokenError:
    reason = Saying("keys.broken", {"holder": str(holder_id), "field": field})
    return SealBrokenError(holder_id, field, reason)


def normalised_number(number: str) -> str:
    """A mobile number as +8210 and eight digits; BadInputError, which does not repeat it, for anything else.

    >>> normalised_number("010-1234-5678"), normalised_number("01012345678")
    ('+821012345678', '+821012345678')
    """
    found = NUMBER.fullmatch(number)
    if found is None:
        raise BadInputError("number", Saying("bad_use.number"))
    return f"+8210{found[1] or found[2] + found[3]}"


def masked_number(number: str) -> str:
    """A number as logs and pages show it.

    >>> masked_number("+821012345678")
    '010-****-5678'
    """
    return f"010-****-{normalised_number(number)[-4:]}"


def normalised_name(name: str) -> str:
    """A name as names are compared: without spaces, case and the marks of a company.

    >>> normalised_name("Hong  Gildong")
    'honggildong'
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    bare = "".join(folded.split())
    # A name that is nothing but a mark is compared as it is.
    return COMPANY_MARK.sub("", bare) or bare


def masked_name(name: str) -> str:
    """A name as logs and pages show it: its first and last letter, of two letters the first only.

    >>> masked_name("Kim"), masked_name("Li"), masked_name("X")
    ('K*m', 'L*', '*')
    """
    letters = unicodedata.normalize("NFC", name.strip())
    between = letters[1:-1]
    if not between:
        return letters[:-1] + "*" * len(letters[-1:])
    return letters[0] + "*" * len(between) + letters[-1]
