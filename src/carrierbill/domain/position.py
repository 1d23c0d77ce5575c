"""Position: all that is stated of a bill at the end of a day, and how sure the answer is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import month_later
from carrierbill.domain.errors import NoRuleInForceError, RefusedError, UnknownCarrierError
from carrierbill.domain.late_fee import LateFee, late_fee_on
from carrierbill.domain.lateness import Lateness, effective_due_on, lateness_on
from carrierbill.domain.money import WonRange
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.restoration import ComesBack, restoration_on
from carrierbill.domain.saying import Saying


@dataclass(frozen=True, slots=True)
class Position:
    """A bill at the end of a day, that day's repayments included; amounts in won."""

    on: date
    effective_due_on: date
    lateness: Lateness
    unpaid_won: int
    late_fee: LateFee

    @property
    def total(self) -> WonRange:
        """Unpaid principal and unpaid late fee together."""
        return self.late_fee.unpaid.plus(self.unpaid_won)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What another rule set says the late fee is, and what is to pay by it."""

    rules: str
    late_fee: WonRange
    total: WonRange


@dataclass(frozen=True, slots=True)
class Answer:
    """What is owed on a day, why, what other rule sets say, and what comes back by paying."""

    bill: Bill
    rules: RuleSet
    position: Position
    elsewhere: tuple[Elsewhere, ...]
    restoration: ComesBack | None
    notes: tuple[Saying, ...]


def position_on(bill: Bill, day: date, rules: RuleSet) -> Position:
    """Everything stated of the bill at the end of the day.

    Raises NoRuleInForceError, UnknownCarrierError and DayOutsideError.
    """
    rules.calendar.check(day)
    return Position(
        on=day,
        effective_due_on=effective_due_on(bill, rules),
        lateness=lateness_on(bill, day, rules),
        unpaid_won=bill.unpaid_won_on(day),
        late_fee=late_fee_on(bill, day, rules),
    )


def answer_on(bill: Bill, day: date, rules: RuleSet, *, others: Iterable[RuleSet]) -> Answer:
    """The answer to "what do I owe on this day", beside what the other rule sets would say."""
    position = position_on(bill, day, rules)
    elsewhere, notes = elsewhere_on(bill, position, others)
    restoration = restoration_on(bill, day, rules)
    return Answer(
        bill=bill,
        rules=rules,
        position=position,
        elsewhere=elsewhere,
        restoration=restoration,
        notes=(*notes, *(restoration.notes if restoration else ()), *notes_on(bill, day, rules)),
    )


def elsewhere_on(
    bill: Bill, here: Position, others: Iterable[RuleSet]
) -> tuple[tuple[Elsewhere, ...], tuple[Saying, ...]]:
    """The fees of the other rule sets where they differ, and notes on those that cannot say."""
    differing, notes = [], []
    for rules in others:
        try:
            theirs = late_fee_on(bill, here.on, rules)
        except NoRuleInForceError as missing:
            notes.append(Saying("note.elsewhere_no_rule", {"rules": rules.name, "on": missing.on}))
        except UnknownCarrierError:
            notes.append(Saying("note.elsewhere_no_carrier", {"rules": rules.name, "carrier": bill.carrier}))
        except RefusedError as refused:
            notes.append(Saying("note.elsewhere_refused", {"rules": rules.name, "reason": refused.reason}))
        else:
            if theirs.fee != here.late_fee.fee:
                differing.append(Elsewhere(rules.name, theirs.fee, theirs.unpaid.plus(here.unpaid_won)))
    return tuple(differing), tuple(notes)


def notes_on(bill: Bill, day: date, rules: RuleSet) -> Iterator[Saying]:
    """Notes on the bill itself: the carriers' waiver of collecting old, small arrears."""
    waiver = rules.law["collection_waiver"].value_on(day)
    if waiver is None or bill.unpaid_won_on(day) == 0:
        return
    below_won = waiver.content.below_won
    if day >= month_later(effective_due_on(bill, rules), waiver.content.months) and (
        below_won is None or bill.unpaid_won_on(day) < below_won
    ):
        yield Saying("note.collection_waiver", {"below_won": below_won or 0, "from_on": waiver.from_on})
