"""Jobs: what is late by nature and done beside the requests, each due by what stands in the database."""

from collections.abc import Callable, Sequence
from typing import Any

from carrierbill.domain.errors import SayableError
from carrierbill.drivers.webhooks import Webhooks
from carrierbill.services.finish_purchase import finish_purchase, steps_due
from carrierbill.services.lapse_holds import holds_run_out, lapse_holds
from carrierbill.services.ports import NoticeDriver, Unit
from carrierbill.services.refund_purchase import finish_refund, refunds_due
from carrierbill.services.send_notices import notices_to_send, send_due
from carrierbill.storage.database import Database, Service
from carrierbill.storage.old_answers import drop_old_answers, has_old_answers
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web.deliveries import Deliveries, look_up
from carrierbill.web.office import Office
from carrierbill.web.rounds import Failures, Footing, Job, Resting, looking
from carrierbill.web.shapes.events import EventShape
from carrierbill.web.worker import Worker

# How often is looked where somebody waits for a step that was put off, and where nobody does.
PROMPT_S, USUAL_S, SELDOM_S = 0.1, 1, 60
AT_A_TIME = 200


class CommandsJob:
    """Commands that a service decides once their time has come."""

    apart = False

    def __init__(
        self,
        name: str,
        due: Callable[[Unit, int], Sequence[Any]],
        service: Service[Any],
        *,
        every_s: float,
        footing: Footing,
    ) -> None:
        """`due` finds up to so many commands for the service."""
        self.name, self.every_s = name, every_s
        self._due, self._service = due, service
        self._footing, self._resting = footing, Resting(footing.database.clock)

    def is_due(self, session: Session, unit: UnitOfWork) -> bool:
        """Whether a command is due that has not just failed."""
        del session
        return bool(self._commands(unit, 1))

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Decide some."""
        del is_stopping
        with looking(self._footing.database) as (_, unit):
            commands = self._commands(unit, AT_A_TIME)
        for command, outcome in zip(commands, self._footing.outcomes(self._service, commands), strict=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, SayableError):
                self._footing.failures.tell(f"{self.name}, one of them", outcome)
            if isinstance(outcome, Exception):
                self._resting.rest(command)

    def _commands(self, unit: UnitOfWork, most: int) -> list[Any]:
        due = self._due(unit, most + len(self._resting))
        return [command for command in due if command not in self._resting][:most]


class NoticesJob:
    """Notices whose time has come, handed to a driver."""

    name, apart, every_s = "send notices", True, USUAL_S

    def __init__(self, office: Office, driver: NoticeDriver) -> None:
        """Keep the parts."""
        self._office, self._driver = office, driver

    def is_due(self, session: Session, unit: UnitOfWork) -> bool:
        """Whether a notice is to be sent."""
        del session
        return bool(notices_to_send(unit, 1))

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Send all of them."""
        del is_stopping
        office = self._office
        texts, codes = office.app.texts, office.codes
        send_due(office.database, self._driver, texts=texts, rules=office.rules, codes=codes)


class OldAnswersJob:
    """Remembered answers that nobody may ask for again; the first of them goes each midnight."""

    name, apart, every_s = "drop old answers", True, SELDOM_S

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def is_due(self, session: Session, unit: UnitOfWork) -> bool:
        """Whether there is one."""
        return has_old_answers(session, unit.now)

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Drop them, some in a transaction, so that nobody waits for long."""
        is_more = True
        while is_more and not is_stopping():
            with self._database.session() as session:
                is_more = bool(drop_old_answers(session, self._database.clock()))


def make_worker(office: Office, notices: NoticeDriver | None = None, extra: Sequence[Job] = ()) -> Worker:
    """The worker of an office; notices go out where there is a driver, `extra` jobs are done as well."""
    footing = Footing(office.database, office.rules, Failures())
    prompt_s = USUAL_S if office.later_s is None else PROMPT_S
    jobs: list[Job] = [
        CommandsJob("finish purchases", steps_due, finish_purchase, every_s=prompt_s, footing=footing),
        CommandsJob("finish refunds", refunds_due, finish_refund, every_s=prompt_s, footing=footing),
        CommandsJob("lapse holds", holds_run_out, lapse_holds, every_s=USUAL_S, footing=footing),
        deliveries(office, footing, every_s=prompt_s),
        OldAnswersJob(office.database),
    ]
    if notices is not None:
        jobs.append(NoticesJob(office, notices))
    return Worker(footing, [*jobs, *extra])


def deliveries(office: Office, footing: Footing, *, every_s: float = USUAL_S) -> Deliveries:
    """The way of events out of an office, by its settings."""
    settings = office.app.settings
    webhooks = Webhooks(look_up, private=settings.sink_private, ca_file=settings.sink_ca_file)
    shape = EventShape(office.ids, office.vault, office.app.texts)
    return Deliveries(footing, shape, webhooks, every_s=every_s)
