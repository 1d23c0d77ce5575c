"""Running: all that lies behind the pages of a service with a database, opened in order and joined."""

from collections.abc import Callable, Sequence
from functools import cached_property

from msgspec import DecodeError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from carrierbill.bootstrap import App
from carrierbill.domain.dates import seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.notice import Notice, NoticeState
from carrierbill.drivers.outgoing import OutgoingNotices, outgoing_notices
from carrierbill.drivers.text_messages import is_pushed_by_solapi, receipts_in
from carrierbill.services.follow_notices import follow_up, take_receipts
from carrierbill.services.keep_session import sign_ins_to_sweep, sweep_sign_ins
from carrierbill.services.ports import After
from carrierbill.services.send_notices import RecordDelivery
from carrierbill.settings import outgoing_folder
from carrierbill.storage.marks import is_demo
from carrierbill.storage.sealed import masked_number
from carrierbill.storage.sql import Session
from carrierbill.storage.unit_of_work import UnitOfWork
from carrierbill.web.access import Gate
from carrierbill.web.api import DECODE, Api
from carrierbill.web.body import MOST_BYTES, read_body
from carrierbill.web.camara.payments import payment_operations
from carrierbill.web.camara.refunds import refund_operations
from carrierbill.web.desk import Desk
from carrierbill.web.health import Health
from carrierbill.web.jobs import SELDOM_S, CommandsJob, make_worker
from carrierbill.web.lifespan import lifespan_of
from carrierbill.web.measured import (
    Measured,
    MeasuredCommits,
    MeasuredDatabase,
    MeasuredWorker,
    operation_names,
)
from carrierbill.web.metrics import Metrics, MetricsPage
from carrierbill.web.office import Office
from carrierbill.web.overload import Load, Overload
from carrierbill.web.own.table import own_operations
from carrierbill.web.pages import sign_in
from carrierbill.web.rounds import Failures, Footing
from carrierbill.web.tokens import TokenDesk

PAYMENTS, REFUNDS, OWN = "/carrier-billing/v0.5", "/carrier-billing-refund/v0.3", "/carrierbill/v1"
RECEIPTS = "/receipts/messages"


class FollowJob:
    """Asks after notices that were handed over and not yet delivered."""

    name, apart, every_s = "follow notices", True, SELDOM_S

    def __init__(self, office: Office, notices: OutgoingNotices) -> None:
        """Keep the parts."""
        self._office, self._notices = office, notices

    def is_due(self, session: Session, unit: UnitOfWork) -> bool:
        """Whether a notice is under way."""
        del session
        return bool(unit.peek(Notice, state=[NoticeState.SENT], reference=After(""), most=1))

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Ask after all of them."""
        del is_stopping
        follow_up(self._office.database, self._notices, self._office.rules)


class Running:
    """The office with its door, interfaces, worker and measures, around which the site is built."""

    def __init__(self, app: App) -> None:
        """Open the database and read the keys; BadInputError, in one line, for what keeps it from running."""
        database = app.database()
        try:
            rules = app.acting_rules(database)
            with database.session() as session:
                demo = is_demo(session)
        except BadInputError:
            database.close()
            raise
        self.load = Load()
        self.metrics = Metrics(self.load)
        measured = MeasuredDatabase(database, self.metrics)
        commits = MeasuredCommits(measured, rules, self.metrics)
        self.office = Office(app, measured, rules, commits, demo)
        try:
            self.gate = Gate(self.office)
            self.worker = self._worker(app)
        except BadInputError:
            self.office.close()
            raise
        self.health = Health(measured, worker=self.worker, commits=commits)
        self.lifespan = lifespan_of(self.office, self.worker, self.health)

    def _worker(self, app: App) -> MeasuredWorker:
        office = self.office
        notices = outgoing_notices(
            app.settings,
            outgoing_folder(),
            today=lambda: seoul_day(office.now),
            masked=masked_number,
            demo=office.demo,
        )
        footing = Footing(office.database, office.rules, Failures())
        sweeping = CommandsJob(
            "sweep sign-ins", sign_ins_to_sweep, sweep_sign_ins, every_s=SELDOM_S, footing=footing
        )
        return MeasuredWorker.of(
            make_worker(office, notices, [sweeping, FollowJob(office, notices)]), self.metrics
        )

    @cached_property
    def interfaces(self) -> Sequence[Api]:
        """The standard's two interfaces, and our own."""
        texts = self.office.app.texts
        return (
            Api(PAYMENTS, payment_operations(self.office), self.gate, texts),
            Api(REFUNDS, refund_operations(self.office), self.gate, texts),
            Api(OWN, own_operations(self.office), self.gate, texts),
        )

    def routes(self, desk: Desk) -> list[Route]:
        """Everything that needs a database."""
        return [
            *(route for api in self.interfaces for route in api.routes()),
            *TokenDesk(self.gate).routes(),
            *self.health.routes(),
            Route("/metrics", MetricsPage(self.metrics, self.office).answer, methods=["GET"]),
            Route(RECEIPTS, self.receipts, methods=["POST"]),
            *sign_in.routes(desk, self.office),
        ]

    def around(self, program: ASGIApp) -> ASGIApp:
        """The program, measured, and guarded against more than it can answer."""
        bases = [api.base for api in self.interfaces]
        texts, refused = self.office.app.texts, self.metrics.refused.inc
        guarded = Overload(program, bases, texts=texts, load=self.load, refused=refused)
        return Measured(guarded, self.metrics, operation_names(self.interfaces))

    async def receipts(self, request: Request) -> Response:
        """Receipts that are pushed by those who send our messages, under the secret agreed with them."""
        secret = self.office.app.settings.sms_receipts_secret
        if not is_pushed_by_solapi(request.headers.get("x-solapi-secret"), secret):
            return Response(status_code=404)
        sent = await read_body(request)
        try:
            told = receipts_in(DECODE(sent) if len(sent) <= MOST_BYTES else None, self.office.now)
        except (DecodeError, UnicodeDecodeError, RecursionError, BadInputError):
            return Response(status_code=400)
        commands = [RecordDelivery(delivery) for delivery in told]
        database, rules = self.office.database, self.office.rules
        if commands:
            await run_in_threadpool(database.decide, take_receipts, commands, rules)
        return Response(status_code=200)
