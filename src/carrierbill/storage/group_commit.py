"""Group commit: what is asked for while a commit is under way waits, and shares the next one."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from carrierbill.domain.errors import SayableError
from carrierbill.domain.policy import RuleSet
from carrierbill.services.decide import Command
from carrierbill.storage.database import Database, Service

Given = TypeVar("Given", bound=Command)
MOST = 1_024
# More committers gain nothing: all of them share one core, as Python runs one thread at a time.
COMMITTERS = 2
# Fewer than these are not parted between committers.
LEAST = 32
# A service, a command for it, where its outcome goes, and the loop that waits for it there, if one does.
Asked = tuple[Service[Any], Any, "Future[object] | asyncio.Future[object]", asyncio.AbstractEventLoop | None]


class ClosedError(RuntimeError):
    """A command for a group commit that takes no more; its cause, where it was not closed but broke."""


class GroupCommit:
    """Decides commands of many callers in few transactions; an outcome is handed out once it is durable.

    What one service is asked is decided in the order it came. Commands of different services that wait at the
    same time may go either way round: whoever needs an order waits for the first one's outcome.

    Committers take turns at deciding: while the server writes what one decided, the next one decides. SQLite
    takes one writer at a time, and has one committer.
    """

    def __init__(self, database: Database, rules: RuleSet, *, most: int = MOST) -> None:
        """Start the threads that commit, up to `most` commands of a service at a time."""
        self._database, self._rules, self._most = database, rules, most
        # By service, the one first that has waited longest.
        self._waiting: dict[Service[Any], deque[Asked]] = {}
        self._last: Asked | None = None
        self._under_way = 0
        self._changed = threading.Condition(threading.Lock())
        self._turn = threading.Lock()
        self._closed = False
        self._broken: BaseException | None = None
        names = [f"group commit {number}" for number in range(1 if database.on_sqlite else COMMITTERS)]
        self._committers = [
            threading.Thread(target=self._commit_all, name=name, daemon=True) for name in names
        ]
        for committer in self._committers:
            committer.start()

    def submit(self, service: Service[Given], command: Given) -> "Future[object]":
        """The outcome to be of a command, for threads; what no caller can be told is raised by it.

        ClosedError once closed.
        """
        future: Future[object] = Future()
        with self._changed:
            self._take_in((service, command, future, None))
            self._changed.notify()
        return future

    async def decide(self, service: Service[Given], command: Given) -> object:
        """The outcome of a command, for tasks of a loop; raises as `submit` does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        with self._changed:
            # Tasks that run in the same turn of the loop ask together: the first one has a committer told
            # when the turn is over.
            is_first = self._last is None or self._last[3] is not loop
            self._take_in((service, command, future, loop))
        if is_first:
            loop.call_soon(self._tell)
        return await future

    def close(self) -> None:
        """Take no more, answer all that was taken, and end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        for committer in self._committers:
            committer.join()

    def _take_in(self, asked: Asked) -> None:
        if self._closed:
            raise ClosedError("closed") from self._broken
        waiting = self._waiting.get(asked[0])
        if waiting is None:
            waiting = self._waiting[asked[0]] = deque()
        waiting.append(asked)
        self._last = asked

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify()

    # ── the committers' side ─────────────────────────────────────────────────────────────────────────────
    def _commit_all(self) -> None:
        taken: list[Asked] = []
        try:
            while taken := self._next():
                self._commit(taken)
        except BaseException as broken:  # noqa: BLE001  # whatever ended the thread, nobody may wait for ever
            self._give_up(taken, broken)

    def _next(self) -> list[Asked]:
        """What waits for a service, as soon as something does, and the turn; nothing once closed and done."""
        self._turn.acquire()
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            taken = self._taken() if self._waiting else []
        if not taken:
            self._turn.release()
        return taken

    def _taken(self) -> list[Asked]:
        service = next(iter(self._waiting))
        waiting = self._waiting.pop(service)
        size = self._size(len(waiting))
        self._last = None
        self._under_way += size
        if size == len(waiting):
            return list(waiting)
        self._waiting[service] = waiting
        return [waiting.popleft() for _ in range(size)]

    def _size(self, waiting: int) -> int:
        """How many to take: where many wait, the other committers' part is left to them."""
        part = -(-(waiting + self._under_way) // len(self._committers))
        size = waiting if waiting <= LEAST or 4 * waiting <= 5 * part else max(LEAST, part)
        return min(size, self._most)

    def _commit(self, taken: Sequence[Asked]) -> None:
        turn = [self._turn]

        def decided() -> None:
            """The next one's turn; the second time there is none to give."""
            while turn:
                turn.pop().release()

        try:
            _answer(self._outcomes(taken, decided))
        finally:
            decided()
            with self._changed:
                self._under_way -= len(taken)

    def _outcomes(self, taken: Sequence[Asked], decided: Callable[[], None]) -> list[tuple[Asked, object]]:
        wanted = [asked for asked in taken if not _is_given_up(asked)]
        if not wanted:
            return []
        try:
            commands = [asked[1] for asked in wanted]
            outcomes = self._database.decide(wanted[0][0], commands, self._rules, decided=decided)
            return list(zip(wanted, outcomes, strict=True))
        except Exception as broken:  # noqa: BLE001  # of an only command, or of a service that left one out
            return [(asked, broken) for asked in wanted]

    def _give_up(self, taken: Sequence[Asked], broken: BaseException) -> None:
        with self._changed:
            self._closed, self._broken = True, broken
            left = [*taken, *(asked for waiting in self._waiting.values() for asked in waiting)]
            self._waiting.clear()
            self._changed.notify()
        error = ClosedError("broken")
        error.__cause__ = broken
        _answer((asked, error) for asked in left)


def _is_given_up(asked: Asked) -> bool:
    """Whether its caller no longer waits for it; from now on it is too late for that."""
    future = asked[2]
    return not future.set_running_or_notify_cancel() if isinstance(future, Future) else future.cancelled()


def _answer(outcomes: Iterable[tuple[Asked, object]]) -> None:
    """Hand out outcomes: to threads at once, to each loop all of its own in one turn."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[object], object]]] = {}
    for (_, _, future, loop), outcome in outcomes:
        if loop is not None:
            by_loop.setdefault(loop, []).append((future, outcome))  # type: ignore[arg-type]  # of that loop
        else:
            _settle(future, outcome)
    for loop, answered in by_loop.items():
        # A loop that has ended has nobody waiting.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_each, answered)


def _settle_each(answered: Iterable[tuple["asyncio.Future[object]", object]]) -> None:
    for future, outcome in answered:
        _settle(future, outcome)


def _settle(future: "Future[object] | asyncio.Future[object]", outcome: object) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception) and not isinstance(outcome, SayableError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
