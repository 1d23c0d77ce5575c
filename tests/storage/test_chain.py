"""A chain is extended by one commit at a time, each row going on from the one before it."""

from threading import Thread

import pytest

from books import Books
from carrierbill.services.ports import Audit
from carrierbill.storage.chain import START, append_audits, link
from carrierbill.storage.proof import Walk


def append(book: Books, *actions: str) -> None:
    with book.db.session() as session:
        append_audits(session, [Audit("tester", action, book.clock()) for action in actions])


def _append_and_break(book: Books) -> None:
    with book.db.session() as session:
        append_audits(session, [Audit("tester", "lost", book.clock())])
        raise KeyError


def wrong(book: Books) -> list[object]:
    with book.db.snapshot() as session:
        return list(Walk(session, []).wrong_rows())


def test_of_two_commits_at_once_the_second_goes_on_from_the_first(book: Books) -> None:
    failed: list[Exception] = []

    def second() -> None:
        try:
            append(book, "third", "fourth")
        except Exception as error:  # noqa: BLE001  # what it is shows below
            failed.append(error)

    other = Thread(target=second)
    with book.db.session() as session:
        append_audits(session, [Audit("tester", what, book.clock()) for what in ("first", "second")])
        other.start()
        other.join(0.3)
        assert other.is_alive(), failed
    other.join(30)
    assert failed == []
    with book.db.session() as session:
        rows = session.rows("SELECT seq, action FROM audits ORDER BY seq")
    assert rows == [(1, "first"), (2, "second"), (3, "third"), (4, "fourth")]
    assert wrong(book) == []


def test_what_is_rolled_back_leaves_the_chain_where_it_was(book: Books) -> None:
    append(book, "first")
    with pytest.raises(KeyError):
        _append_and_break(book)
    append(book, "second")
    with book.db.session() as session:
        assert session.rows("SELECT seq, action FROM audits ORDER BY seq") == [(1, "first"), (2, "second")]
    assert wrong(book) == []


def test_the_same_row_after_another_has_another_hash() -> None:
    row = [2, "hold/7"]
    assert link(START, row) != link(link(START, [1, "hold/6"]), row)
