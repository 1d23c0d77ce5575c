"""Records that are nobody's: taken hold of against other processes, deleted, and brought back."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from books import Books
from carrierbill.domain.session import Tries, Trying
from carrierbill.storage.database import open_database

ADDED = 10


def noted(book: Books, *whose: bytes) -> None:
    with book.db.unit() as unit:
        for each in whose:
            unit.add(Tries(Trying.LINE_CODES, each, (), unit.now))


def kept(book: Books) -> list[bytes]:
    return [tries.whose for tries in book.all(Tries)]


def test_what_two_processes_take_hold_of_is_changed_by_one_after_the_other(book: Books) -> None:
    noted(book, b"a", b"b")
    url = book.db.engine.url.render_as_string(hide_password=False)
    other = open_database(url, book.db.keys, book.clock)
    start = Barrier(2)

    def add(place: int) -> None:
        start.wait()
        for _ in range(ADDED):
            with (book.db, other)[place].unit() as unit:
                for tries in unit.claim(Tries, what=[Trying.LINE_CODES], whose=[b"a", b"b"]):
                    unit.put(replace(tries, seconds=(*tries.seconds, place)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, range(2)))
    other.close()
    assert [len(tries.seconds) for tries in book.all(Tries)] == [2 * ADDED] * 2


def test_a_removed_record_is_gone_and_found_no_more(book: Books) -> None:
    noted(book, b"a", b"b", b"c")
    with book.db.unit() as unit:
        for tries in unit.claim(Tries, what=[Trying.LINE_CODES], whose=[b"a", b"b"]):
            unit.put(replace(tries, seconds=(1,)))
            unit.remove(tries)
            assert unit.get(Tries, tries.what, tries.whose) is None
    assert kept(book) == [b"c"]


def test_a_removed_record_may_come_anew(book: Books) -> None:
    noted(book, b"a")
    with book.db.unit() as unit:
        (tries,) = unit.claim(Tries, what=[Trying.LINE_CODES], whose=[b"a"])
        unit.remove(tries)
        unit.add(replace(tries, seconds=(7,)))
    assert [tries.seconds for tries in book.all(Tries)] == [(7,)]


@pytest.mark.parametrize("changed", [False, True])
def test_what_is_undone_was_not_removed(book: Books, changed: bool) -> None:  # noqa: FBT001  # a case
    noted(book, b"a")
    with book.db.unit() as unit:
        (tries,) = unit.claim(Tries, what=[Trying.LINE_CODES], whose=[b"a"])
        if changed:
            unit.put(replace(tries, seconds=(7,)))
        mark = unit.mark()
        unit.remove(tries)
        unit.undo_to(mark)
        assert unit.get(Tries, Trying.LINE_CODES, b"a") is not None
    assert [tries.seconds for tries in book.all(Tries)] == [(7,) if changed else ()]


def test_nothing_is_removed_by_a_unit_that_fails(book: Books) -> None:
    noted(book, b"a")
    book.clock.at += timedelta(hours=1)

    def fail() -> None:
        with book.db.unit() as unit:
            (tries,) = unit.claim(Tries, what=[Trying.LINE_CODES], whose=[b"a"])
            unit.remove(tries)
            unit.flush()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert kept(book) == [b"a"]
