"""Take step: the work on the whole book a bounded part at a time, each part answered like any command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.dates import month_later, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant
from carrierbill.domain.saying import Saying
from carrierbill.services.advance_day import advance_day, lines_to_advance
from carrierbill.services.close_month import close_month, lines_to_close, month_not_over
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.ports import After, Audit, Once, Unit
from carrierbill.services.settle_merchants import Settle, settle_merchants


@dataclass(frozen=True, slots=True)
class TakeStep:
    """Up to `most` lines or merchants with an id above `after_id`, for a day or the month it begins."""

    day: date
    after_id: int
    most: int
    actor: str
    why: str = ""
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class StepTaken:
    """How many were done and how many refused, whether there are more, and the id of the last one."""

    done: int
    refused: int
    left: bool
    last_id: int


def close_some(commands: Sequence[TakeStep], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's StepTaken, or Refused for a month that is not over: lines whose month is closed."""

    def decide(step: TakeStep) -> StepTaken | Refused:
        if seoul_day(unit.now) < month_later(step.day, 1):
            raise month_not_over(step.day)
        found = lines_to_close(unit, step.day, after_id=step.after_id, most=step.most + 1)
        some = found[: step.most]
        outcomes = close_month(some, unit, rules) if some else []
        return _taken(step, "month.close", [each.line_id for each in found], unit=unit, outcomes=outcomes)

    return decide_each(commands, unit, decide)


def advance_some(commands: Sequence[TakeStep], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's StepTaken, or a BadInputError for a day that has not come: lines brought to the day."""

    def decide(step: TakeStep) -> StepTaken | Refused:
        if step.day > seoul_day(unit.now):
            raise BadInputError("day", Saying("bad_input.day_to_come", {"on": step.day}))
        found = lines_to_advance(unit, step.day, after_id=step.after_id, most=step.most + 1, rules=rules)
        some = found[: step.most]
        outcomes = advance_day(some, unit, rules) if some else []
        return _taken(step, "day.advance", [each.line_id for each in found], unit=unit, outcomes=outcomes)

    return decide_each(commands, unit, decide)


def settle_some(commands: Sequence[TakeStep], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's StepTaken, or Refused for a day that is not over: merchants paid up to the day."""

    def decide(step: TakeStep) -> StepTaken | Refused:
        found = unit.peek(Merchant, id=After(step.after_id), most=step.most + 1)
        some = [Settle(merchant.id, step.day) for merchant in found[: step.most]]
        outcomes = settle_merchants(some, unit, rules) if some else []
        for refused in outcomes:
            if isinstance(refused, Refused):
                return refused
        return _taken(step, "merchants.settle", [each.id for each in found], unit=unit, outcomes=outcomes)

    return decide_each(commands, unit, decide)


Stepping = Callable[[Sequence[TakeStep], Unit, RuleSet], list[object]]


def _taken(
    step: TakeStep, action: str, found: Sequence[int], *, unit: Unit, outcomes: Sequence[object]
) -> StepTaken:
    """What a step came to, noted in the audit trail."""
    refused = sum(isinstance(each, (Refused, Exception)) for each in outcomes)
    some = found[: step.most]
    details = {"day": step.day.isoformat(), "done": len(some) - refused, "refused": refused}
    unit.audit(Audit(step.actor, action, unit.now, None, step.why, details))
    return StepTaken(len(some) - refused, refused, len(found) > len(some), some[-1] if some else 0)
