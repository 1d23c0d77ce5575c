"""Passwords: the one set fits, no other does, and its hash says how it was made."""

import unicodedata

import pytest
from argon2 import PasswordHasher

from carrierbill.storage.passwords import MOST_LETTERS, Passwords

QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def test_a_password_is_hashed_by_argon2id_with_the_librarys_own_parameters() -> None:
    kept = Passwords().hash_of("something long enough")
    assert kept.startswith("$argon2id$")
    assert Passwords().renewed("something long enough", kept) is None
    assert Passwords().fits("something long enough", kept)


@pytest.mark.parametrize("typed", ["", "passwor", "password ", "Password", "pässword"])
def test_no_other_password_fits(typed: str) -> None:
    assert not QUICK.fits(typed, QUICK.hash_of("password"))


@pytest.mark.parametrize("kept", [None, "", "no hash at all", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
def test_nothing_fits_what_is_no_hash(kept: str | None) -> None:
    assert not QUICK.fits("", kept)
    assert not QUICK.fits("password", kept)


def test_two_hashes_of_a_password_differ() -> None:
    assert QUICK.hash_of("password") != QUICK.hash_of("password")


def test_a_letter_put_together_or_sent_in_parts_is_the_same() -> None:
    word = "\ube44\ubc00\ubc88\ud638 caf\u00e9"
    kept = QUICK.hash_of(unicodedata.normalize("NFD", word))
    assert QUICK.fits(unicodedata.normalize("NFC", word), kept)


def test_what_is_longer_than_a_password_fits_nothing() -> None:
    word = "x" * MOST_LETTERS
    kept = QUICK.hash_of(word)
    assert QUICK.fits(word, kept)
    assert not QUICK.fits(word + "y", kept)


def test_a_hash_made_another_way_is_renewed() -> None:
    kept = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).hash_of("password")
    renewed = QUICK.renewed("password", kept)
    assert renewed is not None
    assert QUICK.fits("password", renewed)
    assert QUICK.renewed("password", renewed) is None
