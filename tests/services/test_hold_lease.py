"""A job has one worker at a time; one that is heard no more loses it when its time is over."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg

from books import Books
from carrierbill.domain.lease import Lease
from carrierbill.services.hold_lease import FOR, GiveUpLease, HoldLease, give_up_lease, hold_lease


def hold(book: Books, owner: str, name: str = "job") -> Lease:
    lease: Lease = book.decide(hold_lease, HoldLease(name, owner))[0]
    return lease


def test_the_first_to_ask_has_it_and_may_renew_it(book: Books) -> None:
    assert hold(book, "a") == Lease("job", "a", book.clock.at + FOR)
    assert hold(book, "b").owner == "a"
    book.clock.at += FOR / 2
    assert hold(book, "a").until == book.clock.at + FOR
    book.clock.at += FOR / 2
    assert hold(book, "b").owner == "a"


def test_who_is_heard_no_more_loses_it(book: Books) -> None:
    hold(book, "a")
    book.clock.at += FOR
    assert hold(book, "b").owner == "b"
    assert hold(book, "a").owner == "b"


def test_who_gives_it_up_leaves_it_to_others_at_once_but_only_what_is_theirs(book: Books) -> None:
    hold(book, "a")
    assert book.decide(give_up_lease, GiveUpLease("job", "b"), GiveUpLease("none", "a")) == [False, False]
    assert hold(book, "b").owner == "a"
    assert book.decide(give_up_lease, GiveUpLease("job", "a")) == [True]
    assert hold(book, "b").owner == "b"


def test_jobs_are_leased_each_for_itself(book: Books) -> None:
    assert [hold(book, "a", "one").owner, hold(book, "b", "two").owner] == ["a", "b"]


def test_of_many_that_ask_at_once_one_has_it_be_it_new_or_run_out(book: Books) -> None:
    for _ in range(5):
        barrier = Barrier(4)

        def ask(owner: str, barrier: Barrier = barrier) -> bool:
            barrier.wait()
            try:
                return hold(book, owner).owner == owner
            except psycopg.errors.UniqueViolation:  # a new one's row was there first
                return False

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(ask, "abcd")) == [False, False, False, True]
        book.clock.at += FOR
