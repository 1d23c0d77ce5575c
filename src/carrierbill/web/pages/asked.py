"""Asked: the question a filled-in form puts, once every field of it could be read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from carrierbill.bootstrap import App
from carrierbill.domain.bill import Bill, Repayment
from carrierbill.domain.dates import Calendar
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.reminder import AutoPay
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.reading import read_day, read_month_end, read_won
from carrierbill.web.pages.typed import MOST_REPAYMENTS, ROWS, Typed
from carrierbill.web.words import Words

Read = TypeVar("Read")
ROW_MARK = "_0123456789"


@dataclass(frozen=True, slots=True)
class Asked:
    """A bill, the day asked for, the rule set, and what else was told."""

    bill: Bill
    on: date
    rules: RuleSet
    income_won: int | None
    autopay: AutoPay | None
    cash_advance: bool


class FaultyForm(Exception):  # noqa: N818  # what it says is of a form, not of the program
    """What is wrong with a form: a sentence for each faulty field, in the form's order."""

    def __init__(self, faults: dict[str, Saying]) -> None:
        """Keep the sentences by field."""
        super().__init__(", ".join(faults))
        self.faults = faults


class Reader:
    """Reads field after field and keeps each fault, so that a person hears of all of them at once."""

    def __init__(self, typed: Typed, words: Words) -> None:
        """Start without faults."""
        self.typed = typed
        # The Korean word for won is understood on an English page too.
        self.won_word = words.texts.won("ko", 0).lstrip("0")
        self.faults: dict[str, Saying] = {}

    def take(self, field: str, read: Callable[[str, str], Read]) -> Read | None:
        """What a field holds; None where it is empty or faulty."""
        text = self.typed.text(field)
        if not text:
            return None
        try:
            return read(field, text)
        except BadInputError as bad:
            self.faults[field] = bad.reason
            return None

    def need(self, field: str, read: Callable[[str, str], Read]) -> Read | None:
        """What a field holds that may not be left empty."""
        if not self.typed.text(field):
            self.faults[field] = Saying(f"page.fault.empty_{field.rstrip(ROW_MARK)}")
        return self.take(field, read)

    def won(self, least: int) -> Callable[[str, str], int]:
        """How to read an amount of at least so many won."""
        return lambda field, text: read_won(field, text, least=least, won_word=self.won_word)


def read_asked(typed: Typed, app: App, today: date, *, words: Words) -> Asked:
    """The question; FaultyForm names every field that cannot be meant."""
    reader = Reader(typed, words)
    rules = _rules(reader, app)
    carrier = reader.need("carrier", lambda _, text: _known_carrier(text, rules, words))
    principal_won = reader.need("principal", reader.won(1))
    due_on = reader.need("due", read_day)
    on = reader.take("on", read_day) or today
    repayments = tuple(_repayments(reader, on, rules.calendar))
    income_won = reader.take("income", reader.won(0))
    card_valid_until = reader.take("card_until", read_month_end)
    balance_won = reader.take("balance", reader.won(0))
    if reader.faults or carrier is None or principal_won is None or due_on is None:
        raise FaultyForm(reader.faults)
    has_autopay = card_valid_until is not None or balance_won is not None
    return Asked(
        bill=Bill(carrier, principal_won, due_on, repayments=repayments, welfare=bool(typed.text("welfare"))),
        on=on,
        rules=rules,
        income_won=income_won,
        autopay=AutoPay(card_valid_until, balance_won) if has_autopay else None,
        cash_advance=bool(typed.text("cash_advance")),
    )


def rules_for(typed: Typed, app: App) -> RuleSet:
    """The rule set a form names, the default where it names none that is known."""
    name = typed.text("rules")
    return app.rules(name if name in app.shelf.names else None)


def _rules(reader: Reader, app: App) -> RuleSet:
    name = reader.typed.text("rules")
    if name and name not in app.shelf.names:
        known = ", ".join(app.shelf.names)
        reader.faults["rules"] = Saying("page.fault.rules", {"known": known})
    return rules_for(reader.typed, app)


def _known_carrier(text: str, rules: RuleSet, words: Words) -> str:
    if text not in rules.carriers:
        known = ", ".join(words.name("carrier", carrier) for carrier in rules.carriers)
        raise BadInputError("carrier", Saying("page.fault.carrier", {"known": known}))
    return text


def _repayments(reader: Reader, on: date, calendar: Calendar) -> Iterator[Repayment]:
    def read_received_on(field: str, text: str) -> date:
        received_on = read_day(field, text)
        if received_on > on:
            raise BadInputError(field, Saying("page.fault.repaid_later", {"on": on}))
        if not calendar.holds(received_on):
            bounds = {"first_on": calendar.first_on, "last_on": calendar.last_on}
            raise BadInputError(field, Saying("page.fault.day_outside", bounds))
        return received_on

    for row in ROWS:
        day_field, won_field = f"repaid_on_{row}", f"repaid_won_{row}"
        if not reader.typed.text(day_field) and not reader.typed.text(won_field):
            continue
        received_on = reader.need(day_field, read_received_on)
        won = reader.need(won_field, reader.won(1))
        if received_on is not None and won is not None:
            yield Repayment(received_on, won)
    if reader.typed.surplus:
        reader.faults["repaid_on_1"] = Saying("page.fault.too_many_repaid", {"most": MOST_REPAYMENTS})
