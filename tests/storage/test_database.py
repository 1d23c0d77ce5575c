"""A database runs services: what fails is tried again only where it is sure that nothing was committed."""

from collections.abc import Sequence

import psycopg
import pytest
from psycopg import errors

from books import Books


class Failing:
    """A service that fails whenever it is asked for more than one, and counts how often it was asked."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def __call__(self, commands: Sequence[int], *_: object) -> list[object]:
        self.calls += 1
        if len(commands) > 1:
            raise self.error
        return [commands[0] * 10]


@pytest.mark.parametrize("error", [ZeroDivisionError(), errors.DeadlockDetected(), errors.UniqueViolation()])
def test_what_surely_failed_is_tried_again_in_halves(book: Books, error: Exception) -> None:
    service = Failing(error)
    assert book.db.decide(service, [1, 2, 3], book.rules) == [10, 20, 30]
    assert service.calls == 5


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is lost"),
        errors.AdminShutdown(),
        errors.ConnectionFailure(),
    ],
)
def test_what_may_have_been_committed_is_never_tried_again(book: Books, error: Exception) -> None:
    service = Failing(error)
    assert book.db.decide(service, [1, 2, 3], book.rules) == [error, error, error]
    assert service.calls == 1
