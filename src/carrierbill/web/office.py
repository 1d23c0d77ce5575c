"""Office: what the interfaces work with: the database, the rules that act in it, the one way to commit."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import psycopg
from starlette.concurrency import run_in_threadpool

from carrierbill.bootstrap import App
from carrierbill.domain.policy import RuleSet
from carrierbill.storage.codes import PublicIds, SecretCodes, Vault
from carrierbill.storage.database import Database, Service
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import UnitOfWork

Found = TypeVar("Found")
# How often a command is tried whose key another process took in the same moment.
TRIES = 3
# What either driver raises when a key that has to be new is not.
TAKEN = (sqlite3.IntegrityError, psycopg.errors.UniqueViolation)


@dataclass(frozen=True)
class Office:
    """The joined parts behind the interfaces; `demo` when the database was made as one."""

    app: App
    database: Database
    rules: RuleSet
    commits: GroupCommit
    demo: bool

    @property
    def now(self) -> datetime:
        """The instant, by the one clock."""
        return self.database.clock()

    @property
    def later_s(self) -> float | None:
        """In how many seconds what is asked for is done; None in sync mode: at once."""
        settings = self.app.settings
        return settings.async_delay_s if settings.mode == "async" else None

    @cached_property
    def codes(self) -> SecretCodes:
        """One-time codes."""
        return SecretCodes(self.database.keys.index_secret)

    @cached_property
    def ids(self) -> PublicIds:
        """The ids that are told outside."""
        return PublicIds(self.database.keys.index_secret)

    @cached_property
    def vault(self) -> Vault:
        """Secrets that clients leave here, sealed."""
        return Vault(self.database.keys.index_secret)

    async def decide(self, service: Service[Any], command: Any) -> Any:  # noqa: ANN401  # of any service
        """The durable outcome of a command; one whose key was taken meanwhile is decided anew."""
        for left in reversed(range(TRIES)):
            try:
                return await self.commits.decide(service, command)
            except TAKEN:
                if not left:
                    raise
        raise RuntimeError(service)

    async def read(self, reading: Callable[[UnitOfWork], Found]) -> Found:
        """What a reading finds in the books, beside the loop."""

        def found() -> Found:
            with self.database.unit() as unit:
                return reading(unit)

        return await run_in_threadpool(found)

    async def look(self, reading: Callable[[Session], Found]) -> Found:
        """What a reading finds by statements of its own, at one moment, beside the loop."""

        def found() -> Found:
            with self.database.snapshot() as session:
                return reading(session)

        return await run_in_threadpool(found)

    def close(self) -> None:
        """Answer all that was taken, then let go of the database."""
        self.commits.close()
        self.database.close()
