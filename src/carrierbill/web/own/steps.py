"""Steps: the daily work of an operator, a bounded part with each call, and a look through the books."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from starlette.concurrency import run_in_threadpool

from carrierbill.services.take_step import Stepping, StepTaken, TakeStep, advance_some, close_some
from carrierbill.services.verify_books import BrokenLaw, Findings, WrongRow, verify_books
from carrierbill.settings import heads_file
from carrierbill.storage.facts import StoredFacts
from carrierbill.storage.proof import printed_heads
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, settled
from carrierbill.web.own.gate import OPS, Gate, why_of
from carrierbill.web.problems import ProblemError
from carrierbill.web.shapes.own import StepTold, VerificationTold, WrongTold
from carrierbill.web.shapes.own_asked import DayStep, MonthStep, asked

LINES_AT_ONCE = 500
# What is wrong is named up to here; `db verify` names more.
NAMED = 100


async def stepped(
    gate: Gate, asking: Asking, service: Stepping, *, of: str, step: tuple[date, str | None, int]
) -> Answer:
    """A part of the work, and where to go on; what `after` names is of the kind `of`."""
    gate.check_ops(asking)
    day, after, most = step
    after_id = 0 if after is None else gate.number(after, of)
    command = TakeStep(day, after_id, most, asking.caller.client, why_of(asking), asking.once)
    taken = settled(await gate.office.decide(service, command), StepTaken, gate.office)
    if isinstance(taken, Answer):
        return taken
    following = gate.told(taken.last_id, of) if taken.left else None
    return answered(StepTold(taken.done, taken.refused, taken.left, following))


@dataclass(frozen=True)
class Steps:
    """The operations of the daily work."""

    gate: Gate
    _verifying: Lock = field(default_factory=Lock)

    def operations(self) -> list[Operation]:
        """All of them."""
        ops = frozenset({OPS})
        return [
            Operation("closeMonth", "POST", "/month-closings", ops, self.close_month, takes_body=True),
            Operation("advanceDay", "POST", "/day-advances", ops, self.advance_day, takes_body=True),
            Operation("verifyBooks", "POST", "/verifications", ops, self.verify),
        ]

    async def close_month(self, asking: Asking) -> Answer:
        """Bills of a month for some lines."""
        body = asked(asking.body, MonthStep)
        month = date.fromisoformat(f"{body.month}-01")
        step = (month, body.after, LINES_AT_ONCE)
        return await stepped(self.gate, asking, close_some, of="line", step=step)

    async def advance_day(self, asking: Asking) -> Answer:
        """A day worked for some lines."""
        body = asked(asking.body, DayStep)
        step = (body.day, body.after, LINES_AT_ONCE)
        return await stepped(self.gate, asking, advance_some, of="line", step=step)

    async def verify(self, asking: Asking) -> Answer:
        """All the books looked through at one moment; one look at a time."""
        self.gate.check_ops(asking)
        if not self._verifying.acquire(blocking=False):
            raise ProblemError("ALREADY_EXISTS")
        try:
            return answered(_told(await run_in_threadpool(self._findings)))
        finally:
            self._verifying.release()

    def _findings(self) -> Findings:
        printed = printed_heads(heads_file())
        with self.gate.office.database.snapshot() as session:
            return verify_books(StoredFacts(session, printed))


def _told(found: Findings) -> VerificationTold:
    wrong: Sequence[WrongRow | BrokenLaw] = (*found.wrong_rows, *found.broken_laws)
    return VerificationTold(
        clean=found.clean,
        rows=found.rows,
        trial_balance=found.trial_balance,
        wrong_count=len(wrong),
        wrong=[_wrong(each) for each in wrong[:NAMED]],
    )


def _wrong(wrong: WrongRow | BrokenLaw) -> WrongTold:
    if isinstance(wrong, WrongRow):
        return WrongTold(f"{wrong.table}.{wrong.what}", wrong.key or str(wrong.seq))
    return WrongTold(wrong.law, wrong.key, wrong.booked_won, wrong.told_won)
