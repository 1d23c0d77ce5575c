"""Worker: does beside the requests what is due, each job leased, so that several workers may run."""

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from carrierbill.domain.lease import Lease
from carrierbill.services.hold_lease import FOR, GiveUpLease, HoldLease, give_up_lease, hold_lease
from carrierbill.web.rounds import Footing, Job, looking

# A job that failed rests, each time twice as long up to a minute.
FIRST_REST_S, MOST_REST_S, MOST_DOUBLED = 1, 60, 6
# How soon is looked again at a job that others do, and at one that has just been done.
OTHERS_S, AGAIN_S = 1, 0.01


@dataclass
class Standing:
    """Where a job stands: when it is looked at next, how often it failed running, what runs it now."""

    job: Job
    look_at: float = 0
    failed: int = 0
    thread: threading.Thread | None = None
    lease_until: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Whether a thread of its own is at it."""
        return self.thread is not None and self.thread.is_alive()


@dataclass
class Worker:
    """Looks in one thread, and does most jobs in it; those that may take long have their own threads."""

    footing: Footing
    jobs: Sequence[Job]
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self._standings = [Standing(job) for job in self.jobs]
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once; for whoever has just made something due."""
        self._woken.set()

    def stop(self, timeout_s: float) -> bool:
        """Begin nothing more and end what is under way; whether all of it has ended in time."""
        until = time.monotonic() + timeout_s
        self._stopping.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join(max(0, until - time.monotonic()))
        for standing in self._standings:
            if standing.thread is not None:
                standing.thread.join(max(0, until - time.monotonic()))
        is_done = not self._thread.is_alive() and not any(each.is_running for each in self._standings)
        self._give_up()
        return is_done

    # ── the thread ───────────────────────────────────────────────────────────────────────────────────────
    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001  # of the looking itself: the database is away
                self.footing.failures.tell("look", error)
                self._stopping.wait(FIRST_REST_S)
            else:
                self.footing.failures.went_well("look")
                next_at = min((each.look_at for each in self._standings), default=time.monotonic() + 1)
                self._pause(next_at - time.monotonic())

    def _pause(self, pause_s: float) -> None:
        if self._woken.wait(max(0, pause_s)):
            self._woken.clear()
            for standing in self._standings:
                if not standing.failed:
                    standing.look_at = 0

    def turn(self) -> None:
        """Look once at all jobs whose time it is, and do what is due."""
        for standing in self._standings:
            if standing.is_running:
                self._holds(standing)
        for standing in self._due():
            if self._stopping.is_set():
                return
            if not self._holds(standing):
                standing.look_at = time.monotonic() + OTHERS_S
            elif standing.job.apart:
                name = f"worker: {standing.job.name}"
                standing.thread = threading.Thread(target=self._run, args=[standing], name=name, daemon=True)
                standing.thread.start()
            else:
                self._run(standing)

    def _due(self) -> list[Standing]:
        """The jobs that are due; nothing is written to find out."""
        now = time.monotonic()
        looked = [each for each in self._standings if each.look_at <= now]
        for standing in looked:
            standing.look_at = now + standing.job.every_s
        idle = [each for each in looked if not each.is_running]
        if not idle:
            return []
        due = []
        with looking(self.footing.database) as (session, unit):
            for standing in idle:
                try:
                    if standing.job.is_due(session, unit):
                        due.append(standing)
                except Exception as error:  # noqa: BLE001  # one job's fault is not the others'
                    self._rest(standing, error)
                    break  # after a failed statement no other one is answered
        return due

    def _run(self, standing: Standing) -> None:
        try:
            standing.job.run(self._stopping.is_set)
        except Exception as error:  # noqa: BLE001  # whatever a job does, the worker lives
            self._rest(standing, error)
        else:
            standing.failed = 0
            self.footing.failures.went_well(standing.job.name)
            # There may be more of it.
            standing.look_at = time.monotonic() + AGAIN_S
            if standing.job.apart:
                self._woken.set()

    def _rest(self, standing: Standing, error: Exception) -> None:
        self.footing.failures.tell(standing.job.name, error)
        rest_s = min(MOST_REST_S, FIRST_REST_S << min(standing.failed, MOST_DOUBLED))
        standing.failed += 1
        standing.look_at = time.monotonic() + rest_s

    # ── leases ───────────────────────────────────────────────────────────────────────────────────────────
    def _holds(self, standing: Standing) -> bool:
        """Whether a job is ours for now; renewed only when half of its time is over."""
        now = self.footing.database.clock()
        if standing.lease_until is not None and standing.lease_until - now > FOR / 2:
            return True
        command = HoldLease(standing.job.name, self.owner)
        (lease,) = self.footing.outcomes(hold_lease, [command])
        is_ours = isinstance(lease, Lease) and lease.owner == self.owner
        standing.lease_until = lease.until if isinstance(lease, Lease) and is_ours else None
        return is_ours

    def _give_up(self) -> None:
        """Leave to others at once what we do no more."""
        names = [
            standing.job.name
            for standing in self._standings
            if standing.lease_until is not None and not standing.is_running
        ]
        commands = [GiveUpLease(name, self.owner) for name in names]
        for outcome in self.footing.outcomes(give_up_lease, commands):
            if isinstance(outcome, Exception):
                self.footing.failures.tell("stop", outcome)
