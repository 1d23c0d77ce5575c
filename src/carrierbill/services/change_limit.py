"""Change limit: a holder lowers or closes at once; raising and opening need their recorded consent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from carrierbill.domain.caps import caps_for, in_force_on, lowest_of
from carrierbill.domain.dates import seoul_day
from carrierbill.domain.limits import check_limits
from carrierbill.domain.line import LimitsAsked, Line, is_raised
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import CATEGORIES
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import line_of, load_standing, standing_of
from carrierbill.services.ports import Audit, Once, Unit


@dataclass(frozen=True, slots=True)
class ChangeLimit:
    """Limits a line is to have, in won; None leaves one as it is, a category's 0 blocks it.

    `category_limits` replaces all of them. `actor` is who asks; `consented`: the holder consents, on record.
    """

    line_id: int
    actor: str
    monthly_limit_won: int | None = None
    daily_limit_won: int | None = None
    purchase_limit_won: int | None = None
    category_limits: tuple[tuple[str, int], ...] | None = None
    consented: bool = False
    once: Once | None = None

    @property
    def asked(self) -> LimitsAsked:
        """The limits alone."""
        return LimitsAsked(
            self.monthly_limit_won, self.daily_limit_won, self.purchase_limit_won, self.category_limits
        )


@outcome
@dataclass(frozen=True, slots=True)
class LimitChanged:
    """A line's monthly limit as it now is."""

    line_id: int
    monthly_limit_won: int


@dataclass(frozen=True, slots=True)
class CloseService:
    """A line that is to buy nothing more, at once."""

    line_id: int
    actor: str
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class OpenService:
    """A line that is to buy, for the first time or again, with its holder's recorded consent."""

    line_id: int
    actor: str
    consented: bool = False
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class ServiceChanged:
    """Whether a line may buy as far as its holder is concerned."""

    line_id: int
    is_open: bool


def change_limit(commands: Sequence[ChangeLimit], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's LimitChanged or Refused, or a BadInputError for an unknown line, category or amount."""
    _load({command.line_id for command in commands}, unit)

    def decide(command: ChangeLimit) -> LimitChanged | Refused:
        line, today = line_of(command.line_id, unit), seoul_day(unit.now)
        check_limits(command.asked)
        after = command.asked.on(line)
        if is_raised(line, after):
            holder = standing_of(line, unit).holder
            cap = lowest_of(caps_for(CATEGORIES[0], line, holder, known=in_force_on(today, rules)))
            if after.monthly_limit_won > max(cap.won, line.monthly_limit_won):
                return Refused(cap.rule, Saying("refusal.limit_above_cap", {"cap_won": cap.won}))
            if not command.consented:
                return _without_consent("refusal.limit_consent")
            after = replace(after, consented_on=today)
        unit.put(after)
        details = {**dict(command.asked.given), "consented": command.consented}
        unit.audit(Audit(command.actor, "limit.change", unit.now, line.id, details=details))
        return LimitChanged(line.id, after.monthly_limit_won)

    return decide_each(commands, unit, decide)


def close_service(commands: Sequence[CloseService], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ServiceChanged; closing is always allowed, twice too."""
    del rules  # a holder may close at any time
    _load({command.line_id for command in commands}, unit)

    def decide(command: CloseService) -> ServiceChanged:
        line = line_of(command.line_id, unit)
        if line.blocked_on is None:
            unit.put(replace(line, blocked_on=seoul_day(unit.now)))
        unit.audit(Audit(command.actor, "service.close", unit.now, line.id))
        return ServiceChanged(line.id, is_open=False)

    return decide_each(commands, unit, decide)


def open_service(commands: Sequence[OpenService], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ServiceChanged, or Refused without the holder's consent."""
    del rules  # what else bears on the line is asked at each purchase
    _load({command.line_id for command in commands}, unit)

    def decide(command: OpenService) -> ServiceChanged | Refused:
        line = line_of(command.line_id, unit)
        if not command.consented:
            return _without_consent("refusal.open_consent")
        unit.put(replace(line, blocked_on=None, consented_on=seoul_day(unit.now)))
        unit.audit(Audit(command.actor, "service.open", unit.now, line.id, details={"consented": True}))
        return ServiceChanged(line.id, is_open=True)

    return decide_each(commands, unit, decide)


def _without_consent(key: str) -> Refused:
    return Refused("line.consent", Saying(key), Saying("refusal.consent_lifted"))


def _load(line_ids: Collection[int], unit: Unit) -> None:
    load_standing(unit, {line.holder_id for line in unit.peek(Line, id=line_ids)})
