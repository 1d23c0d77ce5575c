"""Caps: what a rule set says of limits on one day, looked up once for the many purchases of the day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter

from carrierbill.domain.allowances import Cap, Safeguard
from carrierbill.domain.dates import days_later
from carrierbill.domain.line import Holder, Line
from carrierbill.domain.policy import RuleSet

CONTENT = "content"
ONE_CATEGORY = "voucher_"


@dataclass(frozen=True, slots=True)
class Bound:
    """A carriers' cap on a purchase: its rule, the won a month, whether it counts one category only."""

    rule: str
    won: int
    of_category: bool


@dataclass(frozen=True, slots=True)
class InForce:
    """The caps and the identity check of a day, without those that have no value on it."""

    on: date
    rules: RuleSet
    caps: Mapping[str, Cap]
    check: Safeguard | None
    # Lines opened after it are young.
    young_after: date
    # What `caps_for` found before, by what it looks at.
    found: dict[tuple[object, ...], tuple[Bound, ...]] = field(default_factory=dict, compare=False)

    @property
    def check_won(self) -> int | None:
        """The won a month above which a holder must have been checked; NoRuleInForceError where none says."""
        check = self.check or safeguard("identity_check", self.on, self.rules)
        return check.won


def in_force_on(day: date, rules: RuleSet) -> InForce:
    """What is in force on the day."""
    caps = {name: value.content for name, dated in rules.caps.items() if (value := dated.value_on(day))}
    check = rules.authorisation["identity_check"].value_on(day)
    young_days = caps["new_line"].days if "new_line" in caps else None
    return InForce(day, rules, caps, check.content if check else None, days_later(day, -(young_days or 0)))


def safeguard(name: str, day: date, rules: RuleSet) -> Safeguard:
    """The safeguard in force on the day."""
    return rules.in_force("authorisation", rules.authorisation[name], day).content


def caps_for(category: str, line: Line, holder: Holder, *, known: InForce) -> tuple[Bound, ...]:
    """The caps that bear on the line's purchases of the category."""
    minor = holder.minor_until is not None and known.on < holder.minor_until
    young = line.opened_on > known.young_after
    seen = (category, line.carrier, minor, line.mvno, young)
    found = known.found.get(seen)
    if found is None:
        names = [CONTENT if category == CONTENT else "carrier"]
        names += [f"minor_{line.carrier}"] if minor else []
        names += ["mvno"] if line.mvno else []
        names += [f"{category}_{line.carrier}"]
        names += ["new_line"] if young else []
        found = known.found[seen] = tuple(_bound(name, known) for name in names if name in known.caps)
    return found


def _bound(name: str, known: InForce) -> Bound:
    return Bound(f"caps.{name}", known.caps[name].won, name.startswith(ONE_CATEGORY))


def lowest_of(caps: tuple[Bound, ...]) -> Bound:
    """The strictest of the caps."""
    return min(caps, key=attrgetter("won"))
