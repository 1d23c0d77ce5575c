"""Every life in lives/ comes out as it was worked out by hand, and the laws hold at its end."""

from copy import deepcopy
from typing import Any

import pytest

from books import Books
from ledger_laws import broken_laws
from told_lives import ToldLife, lives


@pytest.mark.parametrize("life", [pytest.param(life, id=name) for name, life in lives()])
def test_a_life_goes_as_it_is_told(life: dict[str, Any], book: Books) -> None:
    assert "\n".join(ToldLife(book, deepcopy(life)).live()) == ""
    assert broken_laws(book.db) == []
