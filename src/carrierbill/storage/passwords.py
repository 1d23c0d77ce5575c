"""Passwords: kept as hashes that are slow to guess against; one is checked even where nobody has the name."""

import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# A password is as long as this, or it is none.
LEAST_LETTERS, MOST_LETTERS = 12, 200


class Passwords:
    """Argon2id with its library's own parameters, which follow the advice of the day."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Hash with these parameters."""
        self._hasher = hasher or PasswordHasher()

    def hash_of(self, password: str) -> str:
        """The hash to be kept; 50 ms and 64 MiB of work."""
        return self._hasher.hash(_written(password))

    def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the one hashed; None takes as long and fits nothing."""
        kept = password_hash if len(password) <= MOST_LETTERS else None
        try:
            self._hasher.verify(self._nobodys if kept is None else kept, _written(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    def renewed(self, password: str, password_hash: str) -> str | None:
        """A fitting password hashed anew where the parameters have changed since; else None."""
        return self.hash_of(password) if self._hasher.check_needs_rehash(password_hash) else None

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("")


def _written(password: str) -> str:
    # One keyboard puts a letter together, another sends its parts.
    return unicodedata.normalize("NFC", password[:MOST_LETTERS])
