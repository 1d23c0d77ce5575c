"""Signing: access tokens are signed here and known again; the keys lie in a file beside the key file."""

import base64
import os
import re
import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.types import Options

from carrierbill.domain.access import Access, access_in
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.settings import PREFIX, Settings, keys_path
from carrierbill.storage.database import Database
from carrierbill.storage.marks import BOOK, marks
from carrierbill.storage.private_file import PrivateFile, put_text
from carrierbill.storage.sealed import id_of

FILE = "signing.toml"
NAMES = {"current", "keys"}
KEY_ID = re.compile("[0-9a-f]{8}")
SEED_BYTES = 32
# Old keys that are kept, so that tokens they signed stay good; the file does not grow for ever.
MOST_KEYS = 8
TOKEN_S = 3_600
ALGORITHM = "EdDSA"
KIND = "at+jwt"
# Days and instants are looked at by our own clock, the issuer by us; the library looks at the signature.
SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True)
class SigningKeys:
    """The keys by id, the newest last; the current one signs, all of them verify."""

    current: str
    keys: Mapping[str, Ed25519PrivateKey] = field(repr=False)

    def public(self, key_id: str) -> Ed25519PublicKey | None:
        """The key that verifies what the one of that id signed."""
        key = self.keys.get(key_id)
        return key.public_key() if key is not None else None

    def as_toml(self) -> str:
        """As the file holds them."""
        seeds = {
            key_id: base64.b64encode(key.private_bytes_raw()).decode() for key_id, key in self.keys.items()
        }
        lines = [f'current = "{self.current}"', "", "[keys]"]
        return "\n".join([*lines, *(f'{key_id} = "{seed}"' for key_id, seed in seeds.items())]) + "\n"


def key_id_of(key: Ed25519PrivateKey) -> str:
    """The id of a key, read off its public part, so that a damaged key does not pass for the one it was."""
    return id_of(key.public_key().public_bytes_raw())


class SigningFile:
    """The file of the signing keys; BadInputError says what is wrong with it, never what is in it."""

    def __init__(self, key_file: Path) -> None:
        """Only the place, beside the key file, whose owner's it is; nothing is read yet."""
        self.path, self._owner_of = key_file.with_name(FILE), key_file
        self._file = PrivateFile(self.path, self._fault)

    def made(self) -> SigningKeys:
        """The keys; the first time, the file is made with one."""
        if not self.path.exists():
            with self._file.changing() as place:
                # Another program may have made it since.
                if not place.exists():
                    put_text(place, _with_new_key({}).as_toml(), os.link, owner_of=self._owner_of)
        return self.read()

    def read(self) -> SigningKeys:
        """The keys; every fault of the file is refused with what would be right."""
        try:
            table = tomllib.loads(self._file.read().decode())
        except (ValueError, RecursionError):  # whose own words might repeat a key
            raise self._fault("malformed") from None
        seeds = table.get("keys")
        if set(table) != NAMES or not isinstance(seeds, dict) or not all(map(KEY_ID.fullmatch, seeds)):
            raise self._fault("malformed")
        keys = {key_id: self._key(key_id, seed) for key_id, seed in seeds.items()}
        current = str(table["current"])
        if current not in keys:
            raise self._fault("unknown_current", known=", ".join(keys))
        return SigningKeys(current, keys)

    def rotate(self, *, drop_old: bool = False) -> SigningKeys:
        """The keys with a new current one; without the old ones, all that these signed is worth nothing."""
        self.made()
        with self._file.changing() as place:
            keys = _with_new_key({} if drop_old else self.read().keys)
            put_text(place, keys.as_toml(), os.replace, owner_of=place)
        return keys

    def state(self) -> tuple[int, ...]:
        """What differs once the file was changed; empty where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _fault(self, what: str, **values: str) -> BadInputError:
        reason = Saying(f"signing.{what}", {"file": str(self.path), **values})
        return BadInputError(f"{PREFIX}KEYS_FILE", reason)

    def _key(self, key_id: str, written: object) -> Ed25519PrivateKey:
        try:
            seed = base64.b64decode(str(written), validate=True)
        except ValueError:
            seed = b""
        if len(seed) != SEED_BYTES:
            raise self._fault("wrong_length", key=key_id)
        key = Ed25519PrivateKey.from_private_bytes(seed)
        if key_id_of(key) != key_id:
            raise self._fault("damaged", key=key_id)
        return key


def _with_new_key(before: Mapping[str, Ed25519PrivateKey]) -> SigningKeys:
    key = Ed25519PrivateKey.generate()
    kept = dict(list(before.items())[1 - MOST_KEYS :])
    return SigningKeys(key_id_of(key), {**kept, key_id_of(key): key})


class AccessTokens:
    """Access tokens of one book: what another one signed is nothing here, even under the same keys."""

    def __init__(self, file: SigningFile, issuer: str) -> None:
        """Read the keys, made if there are none yet."""
        self._file, self.issuer = file, issuer
        self._state, self._keys = file.state(), file.made()

    def reread(self) -> bool:
        """Take in keys that were turned meanwhile; whether there were any.

        A file that cannot be read now changes nothing: its faults are told when a program starts.
        """
        state = self._file.state()
        if state == self._state:
            return False
        try:
            self._keys = self._file.read()
        except BadInputError:
            return False
        self._state = state
        return True

    def issue(self, access: Access, now: datetime) -> str:
        """A signed token that says what is allowed, from now on; good at once, and for nobody else's book."""
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": access.client,
            "client_id": access.client,
            "scope": " ".join(sorted(access.scopes)),
            "iat": int(now.timestamp()),
            "exp": access.until_s,
            "jti": uuid.uuid4().hex,
        }
        if access.number is not None:
            claims["phone_number"] = access.number
        headers = {"kid": self._keys.current, "typ": KIND}
        return jwt.encode(claims, self._keys.keys[self._keys.current], ALGORITHM, headers)

    def knows(self, key_id: str) -> bool:
        """Whether a key of this id is one of ours."""
        return key_id in self._keys.keys

    def access_of(self, token: str, key_id: str, now_s: int) -> Access | None:
        """What a token of ours allows now; None for one that is not ours, was changed, or is over."""
        key = self._keys.public(key_id)
        if key is None:
            return None
        try:
            claims = jwt.decode(token, key, [ALGORITHM], options=SIGNATURE_ALONE, issuer=self.issuer)
        except (jwt.PyJWTError, ValueError):
            return None
        return access_in(claims, now_s)

    def public_keys(self) -> dict[str, Any]:
        """The keys that verify, as a JWK set."""
        return {"keys": [_as_jwk(key_id, key.public_key()) for key_id, key in self._keys.keys.items()]}


def _as_jwk(key_id: str, key: Ed25519PublicKey) -> dict[str, str]:
    written = base64.urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "x": written, "kid": key_id, "use": "sig", "alg": ALGORITHM}


def key_id_in(token: str) -> str | None:
    """Which key a token says it was signed with; None for what is no token or does not say."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError):
        return None
    return key_id if isinstance(key_id, str) else None


def signing_file(settings: Settings) -> SigningFile:
    """The file of the signing keys, beside the key file that is named."""
    return SigningFile(keys_path(settings))


def tokens_of(database: Database, settings: Settings) -> AccessTokens:
    """The access tokens of a book."""
    with database.snapshot() as session:
        book = marks(session)[BOOK]
    return AccessTokens(signing_file(settings), f"carrierbill:{book}")
