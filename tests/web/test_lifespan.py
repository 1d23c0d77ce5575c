"""The worker begins with the service; at its end all that was taken is finished, in order."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.applications import Starlette

from books import Books
from carrierbill.web import lifespan
from carrierbill.web.health import Health
from carrierbill.web.lifespan import lifespan_of


class Diary:
    """Stands for all parts, and keeps what was done with them."""

    def __init__(self, *, in_time: bool = True, fails: str = "") -> None:
        self.done: list[str] = []
        self.in_time = in_time
        self.fails = fails

    def _do(self, what: str) -> None:
        self.done.append(what)
        if what == self.fails:
            raise RuntimeError(what)

    def start(self) -> None:
        self._do("worker begins")

    def stop(self, timeout_s: float) -> bool:
        assert timeout_s == lifespan.WORKER_GRACE_S
        self._do("worker ends")
        return self.in_time

    def close(self) -> None:
        self._do("office closes")

    async def first(self) -> None:
        self._do("first closes")

    async def second(self) -> None:
        self._do("second closes")


ENDS = ["worker ends", "first closes", "second closes", "office closes"]


def lived(book: Books, diary: Any) -> Health:
    health = Health(book.db)
    living = lifespan_of(diary, diary, health, diary.first, diary.second)

    async def live() -> None:
        async with living(Starlette()):
            diary.done.append("answers")
            assert not health.stopping

    asyncio.run(live())
    return health


def test_all_ends_in_order(book: Books) -> None:
    diary = Diary()
    assert lived(book, diary).stopping
    assert diary.done == ["worker begins", "answers", *ENDS]


@pytest.mark.parametrize("fails", ENDS)
def test_one_that_fails_keeps_no_other_from_its_end(book: Books, fails: str) -> None:
    diary = Diary(fails=fails)
    with pytest.raises(RuntimeError, match=fails):
        lived(book, diary)
    assert diary.done == ["worker begins", "answers", *ENDS]


def test_a_worker_that_does_not_begin_leaves_nothing_open(book: Books) -> None:
    diary = Diary(fails="worker begins")
    with pytest.raises(RuntimeError):
        lived(book, diary)
    assert diary.done == ["worker begins", *ENDS]


def test_a_worker_that_is_not_done_in_time_is_told_of(book: Books, caplog: pytest.LogCaptureFixture) -> None:
    lived(book, Diary(in_time=False))
    assert [(each.levelno, each.name) for each in caplog.records] == [(logging.WARNING, lifespan.__name__)]
