"""Deliveries: events on their way to many sinks at once, none of which can hold up the others."""

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from carrierbill.drivers.webhooks import Post, UnreachableError, Webhooks
from carrierbill.services.deliver_events import (
    DueEvent,
    RecordEvent,
    Result,
    TakeEvent,
    ToSend,
    events_due,
    ids_due,
    record_events,
    take_events,
)
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web.rounds import Footing, Resting, looking
from carrierbill.web.shapes.events import EventShape, UnusableError

# How many posts are under way at a time, how many of them to one sink, and to one that is slow or failing.
MOST, MOST_TO_ONE, MOST_TO_SLOW = 128, 8, 1
SLOW_S = 2
# Events looked at at a time, how many of one sink are noted, how often is looked while posts are under way.
PAGE, MOST_NOTED, LOOK_S = 500, 100, 0.1
# Looked through from the middle to the end and from the beginning again, all was seen.
TWICE = 2
OK, NO_LONGER_OK, GONE = 200, 300, 410


class Deliveries:
    """Sends what is due until nothing is; a worker's job."""

    name, apart = "deliver events", True

    def __init__(
        self, footing: Footing, shape: EventShape, webhooks: Webhooks, *, every_s: float = 1
    ) -> None:
        """Keep the parts; nothing is connected yet."""
        self._footing, self._shape, self._webhooks, self.every_s = footing, shape, webhooks, every_s
        self._database = footing.database
        self._resting = Resting(self._database.clock)

    def is_due(self, session: Session, unit: UnitOfWork) -> bool:
        """Whether an event is due."""
        del session
        return any(event_id not in self._resting for event_id in ids_due(unit, len(self._resting) + 1))

    def run(self, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Send until nothing is due, or, when stopping, until what is under way has ended."""
        asyncio.run(self._until_done(is_stopping))

    async def _until_done(self, is_stopping: Callable[[], bool]) -> None:
        traffic = Traffic(self._resting)
        async with self._webhooks.open(MOST) as post:
            while True:
                is_more = not is_stopping() and await self._start(traffic, post)
                if not traffic.under_way:
                    if is_more:
                        continue
                    return
                await asyncio.wait(traffic.under_way, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                await self._record(traffic.ended())

    async def _start(self, traffic: "Traffic", post: Post) -> bool:
        """Send as much of what is due as there is room for; whether anything was due."""
        await self._note(traffic)
        is_more = bool(traffic.noted)
        while chosen := traffic.next_ones():
            commands = [TakeEvent(due.event_id) for due in chosen]
            for due, taken in zip(chosen, await self._decide(take_events, commands), strict=True):
                if isinstance(taken, ToSend):
                    traffic.start(host_of(due.sink), self._sent(taken, post))
                elif isinstance(taken, Exception):
                    self._resting.rest(due.event_id)
        return is_more

    async def _note(self, traffic: "Traffic") -> None:
        """Look for what is due, a page at a time, so that a sink's many events do not hide another's few."""
        rounds = 0
        while traffic.may_look() and rounds < TWICE:
            began = traffic.seen_to
            traffic.note(await asyncio.to_thread(self._page, began))
            if traffic.noted or began == traffic.seen_to:
                return
            rounds += traffic.seen_to == 0

    def _page(self, after_id: int) -> list[DueEvent]:
        with looking(self._database) as (_, unit):
            return events_due(unit, PAGE, after_id)

    async def _sent(self, to_send: ToSend, post: Post) -> RecordEvent:
        """What became of one try."""
        event = to_send.event
        result, why = Result.FAILED, "error"
        try:
            message = self._shape.message(to_send, self._database.clock())
            status = await post(to_send.sink, message.headers, message.body)
            result, why = result_of(status), f"status {status}"
        except UnusableError as error:
            result, why = Result.UNUSABLE, error.why
        except UnreachableError as error:
            why = error.why
        except Exception as error:  # noqa: BLE001  # whatever one event has, the others are sent
            self._footing.failures.tell(f"{self.name}, one of them", error)
        return RecordEvent(event.id, event.tries, result, "" if result == Result.DELIVERED else why)

    async def _record(self, commands: Sequence[RecordEvent]) -> None:
        if commands:
            await self._decide(record_events, commands)

    async def _decide(self, service: Any, commands: Sequence[Any]) -> list[object]:  # noqa: ANN401  # of any service
        outcomes = await asyncio.to_thread(self._footing.outcomes, service, commands)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                self._footing.failures.tell(f"{self.name}, one of them", outcome)
        return outcomes


def result_of(status: int) -> Result:
    """What a sink's answer means; where it sends us elsewhere, we do not go.

    >>> [result_of(status).value for status in (204, 301, 410, 500)]
    ['delivered', 'failed', 'gone', 'failed']
    """
    if OK <= status < NO_LONGER_OK:
        return Result.DELIVERED
    return Result.GONE if status == GONE else Result.FAILED


def host_of(sink: str) -> str:
    """Who has to answer: a host and its port; several addresses there are one sink's."""
    with suppress(httpx2.InvalidURL):
        return httpx2.URL(sink).netloc.decode()
    return sink


@dataclass
class Traffic:
    """What is known to be due, by its host, and what is under way."""

    resting: Resting
    noted: dict[str, deque[DueEvent]] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    under_way: dict["asyncio.Task[RecordEvent]", tuple[str, float]] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    # Up to which id the pages were looked through; when the next one may be.
    seen_to: int = 0
    look_at: float = 0

    def may_look(self) -> bool:
        """Whether another page is worth its while: nothing is noted, or the last one is a while ago."""
        return not self.noted or time.monotonic() >= self.look_at

    def note(self, page: Sequence[DueEvent]) -> None:
        """Note what is due; after the last page the first one is looked at again."""
        self.look_at = time.monotonic() + LOOK_S
        for due in page:
            if due.event_id in self.known or due.event_id in self.resting:
                continue
            queue = self.noted.setdefault(host_of(due.sink), deque())
            if len(queue) < MOST_NOTED:
                queue.append(due)
                self.known.add(due.event_id)
        self.seen_to = page[-1].event_id if len(page) == PAGE else 0

    def next_ones(self) -> list[DueEvent]:
        """What there is room for, a sink after the other; it is no longer noted."""
        busy: dict[str, int] = {}
        for host, _ in self.under_way.values():
            busy[host] = busy.get(host, 0) + 1
        chosen: list[DueEvent] = []
        while len(chosen) + len(self.under_way) < MOST:
            free = [host for host in self.noted if busy.get(host, 0) < self._most_to(host)]
            if not free:
                break
            for host in free[: MOST - len(self.under_way) - len(chosen)]:
                chosen.append(self._taken_off(host))
                busy[host] = busy.get(host, 0) + 1
        return chosen

    def _most_to(self, host: str) -> int:
        return MOST_TO_SLOW if host in self.slow else MOST_TO_ONE

    def _taken_off(self, host: str) -> DueEvent:
        due = self.noted[host].popleft()
        self.known.discard(due.event_id)
        if not self.noted[host]:
            del self.noted[host]
        return due

    def start(self, host: str, sending: Any) -> None:  # noqa: ANN401  # a coroutine
        """Have something sent."""
        self.under_way[asyncio.create_task(sending)] = (host, time.monotonic())

    def ended(self) -> list[RecordEvent]:
        """What became of all that has ended; who was slow or failed is sent one at a time for now."""
        over = [task for task in self.under_way if task.done()]
        results = []
        for task in over:
            host, began = self.under_way.pop(task)
            result = task.result()
            was_quick = time.monotonic() - began < SLOW_S
            (self.slow.discard if was_quick and result.result == Result.DELIVERED else self.slow.add)(host)
            results.append(result)
        return results


async def look_up(host: str) -> list[str]:
    """The addresses of a host; a thread of its own for each, since a name server may take its time.

    Raises OSError or UnicodeError for what is no name, or a name nobody has.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: Exception | None) -> None:
        if not found.done():
            found.set_result(addresses) if error is None else found.set_exception(error)

    def look() -> None:
        addresses: list[str] = []
        error: Exception | None = None
        try:
            addresses = [str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as raised:
            error = raised
        # Who waited may have given up, and the loop be closed.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, addresses, error)

    threading.Thread(target=look, name="look up", daemon=True).start()
    return await found
