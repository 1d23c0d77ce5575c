"""Rounds: what the worker's jobs share: how they look, how they decide, and how they tell what fails."""

import logging
import traceback
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from carrierbill.domain.policy import RuleSet
from carrierbill.storage.database import Database, Service
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import Ids, UnitOfWork

logger = logging.getLogger("carrierbill.worker")
# What failed alone is left out of the rounds for so long, so that it does not keep them busy.
REST = timedelta(minutes=1)


class Job(Protocol):
    """Something that is done whenever it is due, by one worker at a time."""

    @property
    def name(self) -> str:
        """Its name, the same for all workers."""
        ...

    @property
    def every_s(self) -> float:
        """How often is looked whether it is due."""
        ...

    @property
    def apart(self) -> bool:
        """Whether it may take long, and so needs a thread of its own."""
        ...

    def is_due(self, session: Session, unit: UnitOfWork) -> bool:
        """Whether there is something to do; nothing may be written."""
        ...

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Do some of it; end soon when stopping."""
        ...


@contextmanager
def looking(database: Database) -> Iterator[tuple[Session, UnitOfWork]]:
    """The books to look at, by statements and by records, in the way of nobody who writes."""
    if not database.on_sqlite:
        with database.session() as session:
            yield session, UnitOfWork(session, database.keys, database.clock(), ids=Ids())
        return
    with database.snapshot() as session:
        yield session, UnitOfWork(session, database.keys, database.clock(), ids=Ids())


class Resting:
    """What failed alone, and is not tried again for a while."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Nothing rests."""
        self._clock = clock
        self._until: dict[Hashable, datetime] = {}

    def rest(self, what: Hashable) -> None:
        """Leave it alone for a while."""
        self._until[what] = self._clock() + REST

    def __contains__(self, what: Hashable) -> bool:
        return what in self._until

    def __len__(self) -> int:
        now = self._clock()
        self._until = {what: until for what, until in self._until.items() if until > now}
        return len(self._until)


class Failures:
    """Tells a failure of a job once, until the job has gone well again."""

    def __init__(self) -> None:
        """Nothing has failed."""
        self._told: dict[str, set[str]] = {}

    def tell(self, job: str, error: BaseException) -> None:
        """Log the kind of an error and its place; its message may say whose data it was about."""
        what = f"{type(error).__module__}.{type(error).__qualname__}{_place(error)}"
        told = self._told.setdefault(job, set())
        if what not in told:
            told.add(what)
            logger.error("%s failed, and is tried again: %s", job, what)

    def went_well(self, job: str) -> None:
        """Another failure of the job is news again."""
        self._told.pop(job, None)


def _place(error: BaseException) -> str:
    """Where in our own code it was raised, or passed through last."""
    root = Path(__file__).parents[1]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(root)]
    if not ours:
        return ""
    return f" at {Path(ours[-1].filename).relative_to(root)}:{ours[-1].lineno}"


@dataclass(frozen=True)
class Footing:
    """What every job stands on: the books, the rules that act in them, where failures are told."""

    database: Database
    rules: RuleSet
    failures: Failures

    def outcomes(self, service: Service[Any], commands: Sequence[Any]) -> list[object]:
        """The outcome of each command, durable; what fails alone is its outcome, of an only command too."""
        if not commands:
            return []
        try:
            return self.database.decide(service, commands, self.rules)
        except Exception as broken:  # noqa: BLE001  # an only command's, raised
            return [broken]
