"""Health: whether the service lives, and whether it is ready to be asked; words for machines, no secrets."""

from asyncio import Task, create_task, wait
from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from carrierbill.storage.database import Database
from carrierbill.storage.schema import version_of, versions

# A database that takes longer does not answer.
MOST_WAIT_S = 2.0
# Who asks more often is told what was found a moment before, so that asking keeps no database busy.
GOOD_FOR_S = 1.0


class Part(Protocol):
    """A part of the service that works on its own, and may stop working."""

    @property
    def is_alive(self) -> bool:
        """Whether it works."""
        ...


class Health:
    """Answers /healthz and /readyz; `stopping` is set when the service is told to end."""

    def __init__(self, database: Database, **parts: Part) -> None:
        """Watch over a database and the parts by their names."""
        self.stopping = False
        self._database, self._parts = database, parts
        self._asked_at = -GOOD_FOR_S
        self._asking: Task[None] | None = None
        self._found = ""

    def routes(self) -> list[Route]:
        """The two addresses."""
        return [Route("/healthz", self.alive), Route("/readyz", self.ready)]

    async def alive(self, request: Request) -> Response:
        """Whoever can answer lives."""
        del request
        return JSONResponse({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """Ready, or every reason why not."""
        del request
        why = await self.reasons()
        if why:
            return JSONResponse({"status": "not ready", "reasons": why}, 503, {"Retry-After": "1"})
        return JSONResponse({"status": "ready"})

    async def reasons(self) -> Sequence[str]:
        """Why the service should not be asked now; none when it may be."""
        found = ["stopping"] if self.stopping else []
        found += [f"{name}_stopped" for name, part in self._parts.items() if not part.is_alive]
        fault = await self._database_fault()
        return [*found, fault] if fault else found

    async def _database_fault(self) -> str:
        """What is wrong with the database, asked by one at a time and not again at once."""
        if self._asking is None and monotonic() - self._asked_at >= GOOD_FOR_S:
            self._asked_at = monotonic()
            self._asking = create_task(self._ask())
        if self._asking is not None:
            done, _ = await wait({self._asking}, timeout=MOST_WAIT_S)
            if not done:
                return "database_unreachable"
        return self._found

    async def _ask(self) -> None:
        try:
            self._found = await run_in_threadpool(fault_of, self._database)
        finally:
            self._asking = None


def fault_of(database: Database) -> str:
    """What is wrong with a database; empty if nothing is."""
    try:
        version = version_of(database.engine)
    except Exception:  # noqa: BLE001  # whatever a driver or a pool raises, the answer is the same
        return "database_unreachable"
    return "" if version == versions()[-1] else "schema_not_newest"
