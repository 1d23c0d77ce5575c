"""Metrics: what the service measures of itself, in numbers alone: no address, no id, nobody's data."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.pool import QueuePool
from starlette.requests import Request
from starlette.responses import Response

from carrierbill.domain.request import EventState
from carrierbill.storage.sql import Session
from carrierbill.web.office import Office
from carrierbill.web.overload import Load

OURS = "carrierbill_"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
# Events are counted by reading, so a reader that asks often is told what was counted a little before.
COUNTED_FOR_S = 10
COUNT_EVENTS = "SELECT count(*) FROM client_events WHERE state = "
COUNTED = (EventState.WAITING, EventState.DEAD)


class Metrics:
    """All measures in a registry of their own; `load` is what the interfaces have under way."""

    def __init__(self, load: Load) -> None:
        """Begin at nothing."""
        self.registry = CollectorRegistry()
        self.load = load
        self.requests = self._counter("requests", "Answers given", "operation", "status")
        self.request_s = self._times("request_seconds", "How long answers took", "operation")
        self.refused = self._counter("requests_refused", "Requests refused since there were too many")
        self._gauge("requests_in_flight", "Requests of the interfaces under way").set_function(
            lambda: load.in_flight
        )
        self.batch = Histogram(
            f"{OURS}commit_commands", "Commands that shared a commit", buckets=SIZES, registry=self.registry
        )
        self.batch_s = self._times("commit_seconds", "How long deciding and committing a batch took")
        self.commit_waiting = self._gauge("commit_waiting", "Commands asked for and not yet durable")
        self.events = self._gauge("events", "Events for clients that are not delivered", "state")
        self.job_s = self._times("job_seconds", "How long jobs of the worker took", "job")
        self.job_failures = self._counter("job_failures", "Jobs of the worker that failed", "job")
        self.connections = self._gauge("database_connections", "Connections to the database", "state")
        self._answers: dict[tuple[str, int], Counter] = {}
        self._took: dict[str, Histogram] = {}
        self._counted_at = -float(COUNTED_FOR_S)

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """An answer was given."""
        key = (operation, status // 100)
        counter = self._answers.get(key)
        if counter is None:
            counter = self._answers[key] = self.requests.labels(operation, f"{key[1]}xx")
            self._took[operation] = self.request_s.labels(operation)
        counter.inc()
        self._took[operation].observe(seconds)

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """Measure a job of the worker; one that raises has failed."""
        began = perf_counter()
        try:
            yield
        except Exception:
            self.job_failures.labels(name).inc()
            raise
        finally:
            self.job_s.labels(name).observe(perf_counter() - began)

    async def look(self, office: Office) -> None:
        """Bring up to date what is known only by looking."""
        pool = office.database.engine.pool
        if isinstance(pool, QueuePool):
            self.connections.labels("in_use").set(pool.checkedout())
            self.connections.labels("idle").set(pool.checkedin())
        if perf_counter() - self._counted_at >= COUNTED_FOR_S:
            self._counted_at = perf_counter()
            for state, count in (await office.look(count_events)).items():
                self.events.labels(state).set(count)

    def text(self) -> bytes:
        """All measures as Prometheus reads them."""
        return generate_latest(self.registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"{OURS}{name}", told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        return Gauge(f"{OURS}{name}", told, labels, registry=self.registry)

    def _times(self, name: str, told: str, *labels: str) -> Histogram:
        return Histogram(f"{OURS}{name}", told, labels, buckets=SECONDS, registry=self.registry)


def count_events(session: Session) -> dict[str, int]:
    """How many events wait, and how many were given up."""
    return {state: session.rows(COUNT_EVENTS + f"'{state}'")[0][0] for state in COUNTED}


class MetricsPage:
    """Hands out the measures."""

    def __init__(self, metrics: Metrics, office: Office) -> None:
        """Keep what is measured and where to look."""
        self._metrics, self._office = metrics, office

    async def answer(self, request: Request) -> Response:
        """The measures; those of a database that does not answer are as they were."""
        del request
        try:
            await self._metrics.look(self._office)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, /readyz tells
            del error
        return Response(self._metrics.text(), media_type=CONTENT_TYPE_LATEST)
