"""Measured: the parts of the service with something that counts and times around them."""

from collections.abc import Callable, Mapping, Sequence
from logging import ERROR, WARNING
from time import perf_counter
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carrierbill.domain.policy import RuleSet
from carrierbill.services.decide import Command
from carrierbill.storage.database import Database, Service
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web.api import CORRELATOR, Api
from carrierbill.web.logs import log_answer
from carrierbill.web.metrics import Metrics
from carrierbill.web.rounds import Job
from carrierbill.web.worker import Worker

Given = TypeVar("Given")
Asked = TypeVar("Asked", bound=Command)
# Slower than this an answer is told of in the log.
SLOW_S = 1.0
FAILED = 500
# What is asked at an address that is none.
NOWHERE = "nowhere"
Operations = Mapping[tuple[str, str], str]


class Measured:
    """Counts and times every answer of the program inside; those that failed or were slow are logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics, operations: Operations) -> None:
        """Measure the program; an address that is no operation is called by its pattern, without values."""
        self.app, self._metrics, self._operations = app, metrics, operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the program inside does."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started: Message = {"status": FAILED, "headers": []}
        began = perf_counter()

        async def send_measured(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message
            await send(message)

        try:
            await self.app(scope, receive, send_measured)
        finally:
            self._answered(scope, started, perf_counter() - began)

    def _answered(self, scope: Scope, started: Message, seconds: float) -> None:
        route = scope.get("route")
        path = NOWHERE if route is None else route.path
        operation = self._operations.get((scope["method"], path), path)
        status = started["status"]
        self._metrics.answered(operation, status, seconds)
        if status < FAILED and seconds < SLOW_S:
            return
        level = WARNING if status < FAILED else ERROR
        correlator = dict(started["headers"]).get(CORRELATOR.encode(), b"").decode("ascii", "replace")
        ms = round(seconds * 1000)
        log_answer(level, operation=operation, status=status, ms=ms, correlator=correlator or None)


def operation_names(apis: Sequence[Api]) -> Operations:
    """What the operations of interfaces are called, by method and pattern."""
    return {(each.method, api.base + each.path): each.id for api in apis for each in api.operations}


class MeasuredDatabase(Database):
    """A database that tells how many commands share a commit, and how long it takes."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        """The same database; the one given is to be used no more."""
        super().__init__(database.engine, database.keys, database.clock)
        self._metrics = metrics

    def decide(
        self,
        service: Service[Given],
        commands: Sequence[Given],
        rules: RuleSet,
        *,
        decided: Callable[[], None] = lambda: None,
    ) -> list[object]:
        """The outcome of each command, as the database gives it."""
        began = perf_counter()
        try:
            return super().decide(service, commands, rules, decided=decided)
        finally:
            self._metrics.batch.observe(len(commands))
            self._metrics.batch_s.observe(perf_counter() - began)


class MeasuredCommits(GroupCommit):
    """A group commit that tells how many wait for it, and whether it still takes commands."""

    def __init__(self, database: MeasuredDatabase, rules: RuleSet, metrics: Metrics) -> None:
        """Commit for as many at once as there is work under way."""
        super().__init__(database, rules)
        self._pending = 0
        metrics.commit_waiting.set_function(lambda: self._pending)

    @property
    def is_alive(self) -> bool:
        """Whether commands are taken."""
        return not self._closed

    async def decide(self, service: Service[Asked], command: Asked) -> object:
        """The outcome of a command."""
        self._pending += 1
        try:
            return await super().decide(service, command)
        finally:
            self._pending -= 1


class MeasuredJob:
    """A job of the worker that tells how long it took, and when it failed."""

    def __init__(self, job: Job, metrics: Metrics) -> None:
        """The same job."""
        self.name, self.every_s, self.apart = job.name, job.every_s, job.apart
        self._job, self._metrics = job, metrics

    def is_due(self, session: Session, unit: UnitOfWork) -> bool:
        """Whether there is something to do."""
        return self._job.is_due(session, unit)

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Do it."""
        with self._metrics.job(self.name):
            self._job.run(is_stopping)


class MeasuredWorker(Worker):
    """A worker whose jobs are measured, and that tells whether it works."""

    @classmethod
    def of(cls, worker: Worker, metrics: Metrics) -> "MeasuredWorker":
        """The same worker, not begun yet; the one given is to be used no more."""
        return cls(worker.footing, [MeasuredJob(job, metrics) for job in worker.jobs], worker.owner)

    @property
    def is_alive(self) -> bool:
        """Whether it works."""
        return self._thread.is_alive()
