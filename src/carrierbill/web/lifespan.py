"""Lifespan: the worker begins with the server; at the end all that was taken is finished, in order."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from carrierbill.web.health import Health
from carrierbill.web.office import Office

log = logging.getLogger(__name__)
# How long the worker has to finish what it is at once it is told to stop.
WORKER_GRACE_S = 5


class Worker(Protocol):
    """What is done beside the answers, in threads of its own."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self, timeout_s: float) -> bool:
        """Begin nothing more and end what is under way; whether it has ended in time."""
        ...


Closing = Callable[[], Awaitable[None]]


def lifespan_of(
    office: Office, worker: Worker, health: Health, *closing: Closing
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """What a server enters before its first answer and leaves after its last.

    At the end: not ready any more; the worker finishes; `closing` (clients of the outside world) is let go;
    the commits answer all they took, and the database is closed. One that fails keeps no other from its end.
    """

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        del app
        async with AsyncExitStack() as ends:
            ends.push_async_callback(run_in_threadpool, office.close)
            for close in reversed(closing):
                ends.push_async_callback(close)
            ends.push_async_callback(_stop, worker)
            worker.start()
            yield
            health.stopping = True

    return living


async def _stop(worker: Worker) -> None:
    if not await run_in_threadpool(worker.stop, WORKER_GRACE_S):
        log.warning("the worker did not finish in time; what it was at is done again at the next start")
