"""Limits: whether a line may buy, decided in one pass, the first reason against it; how much is wise."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from carrierbill.domain.caps import CONTENT, Bound, InForce, caps_for, in_force_on, lowest_of, safeguard
from carrierbill.domain.copies import maker_of
from carrierbill.domain.dates import days_later
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import DemoPart, Holder, LimitsAsked, Line, LineEffect, LineStatus, Usage
from carrierbill.domain.money import MOST_WON, cut_down
from carrierbill.domain.policy import Effect, RecommendedLimit, RuleSet, Value
from carrierbill.domain.purchase import CATEGORIES
from carrierbill.domain.saying import Saying, Values

# While one of these is in force on a line, it buys nothing.
BLOCKING = frozenset(
    {
        Effect.BLOCK_PURCHASES,
        Effect.LIMIT_ZERO,
        Effect.PG_REFUSES,
        Effect.SUSPEND_LINE,
        Effect.STOP_OUTGOING,
        Effect.STOP_ALL,
        Effect.END_CONTRACT,
    }
)


class Reason(StrEnum):
    """Why a purchase is declined, in the order in which the reasons are looked for."""

    LINE_UNKNOWN = "line_unknown"
    NOT_OFFERED = "not_offered"
    NOT_ACTIVE = "not_active"
    NOT_CONSENTED = "not_consented"
    BLOCKED_BY_HOLDER = "blocked_by_holder"
    LATE = "late"
    LATE_ELSEWHERE = "late_elsewhere"
    CATEGORY_BLOCKED = "category_blocked"
    ABOVE_CAP = "above_cap"
    ABOVE_PURCHASE_LIMIT = "above_purchase_limit"
    IDENTITY_CHECK = "identity_check"
    DAILY_LIMIT = "daily_limit"
    CATEGORY_LIMIT = "category_limit"
    MONTHLY_LIMIT = "monthly_limit"
    CARRIER_CAP = "carrier_cap"


# Declines that count towards lowering the limit: a limit was hit, or a check not passed.
COUNTED = frozenset(
    {Reason.ABOVE_CAP, Reason.ABOVE_PURCHASE_LIMIT, Reason.IDENTITY_CHECK, Reason.DAILY_LIMIT}
    | {Reason.CATEGORY_LIMIT, Reason.MONTHLY_LIMIT, Reason.CARRIER_CAP}
)


@dataclass(frozen=True, slots=True)
class Declined:
    """A purchase that may not be made: the first reason, its rule, what is told, what lifts it."""

    reason: Reason
    rule: str
    told: Saying
    lifted_by: Saying | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a decision looks at: the line, its holder, what is used and what lateness has switched off.

    `usages` are those of all the holder's lines in the month, `effects` those in force on any of them.
    """

    line: Line
    holder: Holder
    usages: tuple[Usage, ...]
    effects: tuple[LineEffect, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A purchase as asked for: won, merchant's category, day, and whether the check is waived (demo)."""

    won: int
    category: str
    on: date
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class Used:
    """What is used in won: by all lines of the holder, by the line on the day, of the category, its pool."""

    holder_won: int
    day_won: int
    category_won: int
    pool_won: int


def _used(wanted: Wanted, standing: Standing) -> Used:
    holder_won = day_won = category_won = pool_won = 0
    line_id, category, day = standing.line.id, wanted.category, wanted.on
    for usage in standing.usages:
        holder_won += usage.won
        if usage.line_id == line_id:
            day_won += usage.day_won if usage.day_on == day else 0
            category_won += usage.won if usage.category == category else 0
            pool_won += usage.won if (usage.category == CONTENT) == (category == CONTENT) else 0
    return make_used(holder_won, day_won, category_won, pool_won)  # type: ignore[no-any-return]  # made by a twin of the class


make_used = maker_of(Used)


def decline_of(wanted: Wanted, standing: Standing, rules: RuleSet | InForce) -> Declined | None:
    """The first reason against the purchase, or None when it may be made; `rules` may be those of its day."""
    known = rules if isinstance(rules, InForce) else in_force_on(wanted.on, rules)
    for found in _line_reasons(wanted, standing):
        return found
    used = _used(wanted, standing)
    caps = caps_for(wanted.category, standing.line, standing.holder, known=known)
    for found in _amount_reasons(wanted, standing, known, caps=caps, used=used):
        return found
    for found in _limit_reasons(wanted, standing.line, known, caps=caps, used=used):
        return found
    return None


def demo_decline_of(line: Line, *, one_step: bool, at_once: bool) -> Declined | None:
    """What a line of a demo is declined for that no rule would: its code, or a block on the way."""
    if line.demo == DemoPart.NEEDS_CODE:
        told, lifted = (f"decline.identity_check.{part}" for part in ("told_demo", "lifted_by"))
        return Declined(Reason.IDENTITY_CHECK, "line.demo", Saying(told), Saying(lifted))
    if line.demo == DemoPart.BLOCKED_ON_THE_WAY and one_step and at_once:
        return _declined(Reason.LATE, "line.demo", {})
    return None


def unknown_line() -> Declined:
    """The decline of a number that is no line here."""
    return _declined(Reason.LINE_UNKNOWN, "line", {}, lifts=False)


def _declined(reason: Reason, rule: str, values: Values, *, lifts: bool = True) -> Declined:
    told, lifted = f"decline.{reason}.told", f"decline.{reason}.lifted_by"
    return Declined(reason, rule, Saying(told, values), Saying(lifted, values) if lifts else None)


def _line_reasons(wanted: Wanted, standing: Standing) -> Iterator[Declined]:
    line = standing.line
    if not line.offered:
        yield _declined(Reason.NOT_OFFERED, "line.offered", {})
    if line.status != LineStatus.ACTIVE:
        yield _declined(Reason.NOT_ACTIVE, "line.status", {})
    if line.consented_on is None or line.consented_on > wanted.on:
        yield _declined(Reason.NOT_CONSENTED, "line.consent", {})
    if line.blocked_on is not None:
        yield _declined(Reason.BLOCKED_BY_HOLDER, "line.blocked", {"blocked_on": line.blocked_on})
    if standing.effects:
        yield from _late_reasons(line, standing.effects)
    if line.category_limit_won(wanted.category) == 0:
        yield _declined(Reason.CATEGORY_BLOCKED, "line.category", {"category": wanted.category})


def _late_reasons(line: Line, effects: Iterable[LineEffect]) -> Iterator[Declined]:
    blocking = [effect for effect in effects if effect.effect in BLOCKING]
    for effect in sorted(blocking, key=lambda effect: (effect.line_id != line.id, effect.id)):
        reason = Reason.LATE if effect.line_id == line.id else Reason.LATE_ELSEWHERE
        yield _declined(reason, f"stages.{effect.effect}", {"bill_id": effect.bill_id})


def _amount_reasons(
    wanted: Wanted, standing: Standing, known: InForce, *, caps: tuple[Bound, ...], used: Used
) -> Iterator[Declined]:
    cap = lowest_of(caps)
    if wanted.won > cap.won:
        yield _declined(Reason.ABOVE_CAP, cap.rule, {"limit_won": cap.won})
    limit_won = standing.line.purchase_limit_won
    if limit_won is not None and wanted.won > limit_won:
        yield _declined(Reason.ABOVE_PURCHASE_LIMIT, "line.purchase_limit", {"limit_won": limit_won})
    if wanted.exempt or standing.holder.checked_month == wanted.on.replace(day=1):
        return
    check_won = known.check_won
    if check_won is not None and used.holder_won + wanted.won > check_won:
        yield _declined(Reason.IDENTITY_CHECK, "authorisation.identity_check", {"limit_won": check_won})


def _limit_reasons(
    wanted: Wanted, line: Line, known: InForce, *, caps: tuple[Bound, ...], used: Used
) -> Iterator[Declined]:
    if line.daily_limit_won is not None and used.day_won + wanted.won > line.daily_limit_won:
        yield _over(Reason.DAILY_LIMIT, "line.daily_limit", line.daily_limit_won, used_won=used.day_won)
    limit_won = line.category_limit_won(wanted.category)
    if limit_won is not None and used.category_won + wanted.won > limit_won:
        yield _over(Reason.CATEGORY_LIMIT, "line.category_limit", limit_won, used_won=used.category_won)
    monthly_won, until = monthly_limit_won(line, wanted.on, known.rules)
    if used.pool_won + wanted.won > monthly_won:
        if until is None:
            yield _over(Reason.MONTHLY_LIMIT, "line.monthly_limit", monthly_won, used_won=used.pool_won)
        else:
            values: Values = {"limit_won": monthly_won, "used_won": used.pool_won, "until": until}
            told, lifted = (f"decline.monthly_limit.{part}_lowered" for part in ("told", "lifted_by"))
            rule = "authorisation.repeated_failures"
            yield Declined(Reason.MONTHLY_LIMIT, rule, Saying(told, values), Saying(lifted, values))
    for cap in caps:
        counted_won = used.category_won if cap.of_category else used.pool_won
        if counted_won + wanted.won > cap.won:
            yield _over(Reason.CARRIER_CAP, cap.rule, cap.won, used_won=counted_won)


def _over(reason: Reason, rule: str, limit_won: int, *, used_won: int) -> Declined:
    return _declined(reason, rule, {"limit_won": limit_won, "used_won": used_won})


def check_limits(asked: LimitsAsked) -> None:
    """Raise BadInputError for a category that is none, or an amount that cannot be a limit."""
    for category, _ in asked.by_category or ():
        if category not in CATEGORIES:
            known = {"known": ", ".join(CATEGORIES), "given": category}
            raise BadInputError("category", Saying("bad_input.category", known))
    for name, won in asked.given:
        if not 0 <= won <= MOST_WON:
            raise BadInputError(name, Saying("bad_input.limit", {"most_won": MOST_WON}))


def monthly_limit_won(line: Line, day: date, rules: RuleSet) -> tuple[int, date | None]:
    """The line's monthly limit on the day, and until when it is the lower one after repeated declines."""
    if line.lowered_until is None or day > line.lowered_until:
        return line.monthly_limit_won, None
    failures = safeguard("repeated_failures", day, rules)
    lower_won = failures.won if failures.won is not None else line.monthly_limit_won
    if lower_won >= line.monthly_limit_won:
        return line.monthly_limit_won, None
    return lower_won, line.lowered_until


def lowered_until(declined_on: Iterable[date], day: date, rules: RuleSet) -> date | None:
    """Until when declines up to the day lower the limit, or None when they are too few or too old."""
    failures = safeguard("repeated_failures", day, rules)
    if failures.count is None or failures.days is None:
        return None
    since = days_later(day, -failures.days)
    recent = sum(since < on <= day for on in declined_on)
    return days_later(day, failures.days) if recent >= failures.count else None


def recommended_limit(day: date, rules: RuleSet) -> Value[RecommendedLimit]:
    """The advice in force on the day."""
    return rules.in_force("spending_limits", rules.spending_limits["recommended"], day)


def recommended_limit_won(income_won: int | None, day: date, rules: RuleSet) -> int:
    """The advised monthly spending limit in won for a monthly income in won (None: not told)."""
    advice = recommended_limit(day, rules).content
    if income_won is None:
        return advice.at_most_won
    return min(cut_down(income_won * advice.share_of_income), advice.at_most_won)
