"""Headline: the one first line, what is owed by the rules asked for and by those beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from carrierbill.domain.dates import ONE_DAY
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.position import Position, position_on
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked
from carrierbill.web.words import Words

GUIDE, TERMS = "guide", "terms"
LONG = 11


@dataclass(frozen=True, slots=True)
class Side:
    """The bill by one rule set: where it stands, and who is owed the late fee."""

    rules: RuleSet
    position: Position
    creditor: str

    @property
    def owed_won(self) -> int:
        """What is asked for on the day."""
        return self.position.total.charged

    @property
    def credit_won(self) -> int:
        """What was repaid beyond all that is asked for."""
        return self.position.late_fee.credit.charged


@dataclass(frozen=True, slots=True)
class Headline:
    """The first line, and the sentences under it."""

    line: Markup
    title: str
    under: tuple[Saying, ...]


def side_for(asked: Asked, rules: RuleSet) -> Side:
    """The bill by a rule set; raises what `position_on` raises."""
    position = position_on(asked.bill, asked.on, rules)
    first_late_on = position.effective_due_on + ONE_DAY
    tariff = rules.tariffs_for(asked.bill.carrier).value_on(max(asked.on, first_late_on))
    return Side(rules, position, tariff.content.creditor if tariff else "")


def side_beside(asked: Asked, terms: RuleSet, guide: RuleSet) -> Side | None:
    """The bill by the gateways' terms, or by the guide when the terms were asked for; None if they refuse."""
    other = guide if asked.rules.name == TERMS else terms
    try:
        return side_for(asked, other)
    except RefusedError:
        return None


def headline_for(asked: Asked, sides: tuple[Side, ...], *, words: Words, today: date) -> Headline:
    """The first line for one side or two."""
    by_amount = sorted(sides, key=lambda side: (side.owed_won, -side.credit_won))
    key, values = _line(by_amount, words)
    values["when"] = (
        words.t("page.first.today") if asked.on == today else words.t("page.first.day", on=asked.on)
    )
    line = words.marked(key, values)
    return Headline(line, line.striptags(), tuple(_under(asked, sides)))


def _line(by_amount: list[Side], words: Words) -> tuple[str, dict[str, Markup | str]]:
    first, last = by_amount[0], by_amount[-1]
    # Rules that agree are told in the same breath.
    is_alike = len(by_amount) > 1
    both: dict[str, Markup | str] = {"both": _beside(words.t("page.first.both"))}
    if last.owed_won == 0 and first.credit_won == 0 and last.credit_won == 0:
        return "page.first.settled_alike" if is_alike else "page.first.settled", both
    kind, amounts = ("owed", [first.owed_won, last.owed_won])
    if last.owed_won == 0:
        kind, amounts = ("credit", [last.credit_won, first.credit_won])
        first, last = last, first
    if amounts[0] == amounts[1]:
        won = _amount(words.texts.won(words.language, amounts[0]))
        return f"page.first.{kind}_alike" if is_alike else f"page.first.{kind}", {"won": won, **both}
    low = _amount_by(words, amounts[0], first.rules.name)
    return f"page.first.{kind}_range", {"low": low, "high": _amount_by(words, amounts[1], last.rules.name)}


def _amount(won: str) -> Markup:
    """An amount as large as its length lets it be on a narrow page."""
    return Markup('<b class="amount{}">{}</b>').format(" long" if len(won) > LONG else "", won)


def _beside(told: Markup) -> Markup:
    """What an amount goes by, small beside it."""
    return Markup('<span class="by">{}</span>').format(told)


def _amount_by(words: Words, won: int, rules: str) -> Markup:
    by = _beside(words.t("page.first.by", rules=rules))
    return Markup('<span class="side">{}{}</span>').format(_amount(words.texts.won(words.language, won)), by)


def _credit_by(side: Side) -> Saying:
    return Saying("page.first.credit_by", {"rules": side.rules.name, "credit_won": side.credit_won})


def _under(asked: Asked, sides: tuple[Side, ...]) -> Iterator[Saying]:
    """What the first line leaves open: whether it is late at all, and what is left once it is repaid."""
    position = sides[0].position
    if len({(side.owed_won, side.credit_won) for side in sides}) < len(sides):
        own, beside = sides[0].rules.name, Saying(f"rules.{sides[1].rules.name}")
        yield Saying("page.first.agree", {"rules": own, "beside": beside})
    if position.unpaid_won == 0:
        settled_on = asked.bill.settled_on()
        if settled_on is not None:
            yield Saying("page.first.settled_on", {"on": settled_on})
        if any(side.owed_won for side in sides):
            yield Saying("page.first.fee_left")
            yield from (_credit_by(side) for side in sides if side.credit_won)
    elif asked.on <= position.effective_due_on:
        yield Saying("page.first.in_time", {"due_on": position.effective_due_on})
