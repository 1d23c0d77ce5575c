"""Show outlook: what happens when and what each day costs, for a person at a terminal."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from carrierbill.cli.screen import Screen
from carrierbill.domain.dates import days_later
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.event import Event
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.outlook import Outlook
from carrierbill.domain.policy import RuleSet
from carrierbill.texts.load import Texts

BARS = 16
NARROWEST_BAR = 4
# What a day and the blanks between the columns take of a line.
DAY_CELLS = 13
GAP_CELLS = 6
WIDEST_BAR = 30


def show_outlook(outlook: Outlook, beside: RuleSet, texts: Texts, *, language: str) -> None:
    """What happens when, what each day costs, what to do; `beside` is the rule set it is compared with."""
    screen = Screen(texts, language)
    rule_sets = (outlook.rules,) if outlook.rules.name == beside.name else (outlook.rules, beside)
    screen.title(_title(outlook, screen))
    screen.heading("events")
    if outlook.events:
        _show_events(outlook, rule_sets, screen)
    else:
        screen.print(Text(screen.say("nothing_ahead")))
    if outlook.last_on > outlook.now.effective_due_on:
        screen.heading("cost_by_day")
        _show_chart(outlook, rule_sets, screen)
    screen.heading("relief")
    screen.listed(_relief(outlook, screen))
    screen.heading("advice")
    screen.console.print(Text(screen.say("limit_advice", limit_won=outlook.limit_advice_won)))
    for contact in outlook.contacts:
        name = screen.name("contact", f"{contact.key}.name")
        screen.console.print(Text(f"{contact.content.number:>10}  {name}"))
    screen.notes(texts.say(language, note) for note in outlook.notes)


def _title(outlook: Outlook, screen: Screen) -> str:
    return screen.say(
        "outlook_title",
        carrier=outlook.bill.carrier,
        owed_won=outlook.bill.principal_won,
        due_on=outlook.now.effective_due_on,
        rules=outlook.rules.name,
    )


def _show_events(outlook: Outlook, rule_sets: tuple[RuleSet, ...], screen: Screen) -> None:
    """A row a day: the late fee under the rule set asked and under the other, and all that happens."""
    fees = [screen.by(rules.name) for rules in rule_sets]
    table = screen.table(screen.say("on"), *fees, screen.say("told"), right=tuple(range(len(fees) + 1)))
    for on, of_day in groupby(outlook.events, key=lambda event: event.position.on):
        events = list(of_day)
        table.add_row(str(on), *_fees_on(outlook, on, rule_sets, screen=screen), _told(events, screen))
    screen.print(table)


def _fees_on(outlook: Outlook, on: date, rule_sets: tuple[RuleSet, ...], *, screen: Screen) -> Iterator[str]:
    for rules in rule_sets:
        try:
            yield screen.range(late_fee_on(outlook.bill, on, rules).fee)
        except RefusedError:
            yield "-"


def _told(events: list[Event], screen: Screen) -> Text:
    told = Text()
    for place, event in enumerate(events):
        told.append("\n" if place else "")
        told.append(screen.name("what", event.what), style="bold")
        told.append(f": {screen.texts.say(screen.language, event.saying)}")
    return told


def _relief(outlook: Outlook, screen: Screen) -> Iterator[tuple[str, str, str]]:
    for place, relief in enumerate(outlook.relief, 1):
        told = screen.texts.say(screen.language, relief.saying)
        if not relief.open:
            yield f"{place}.", f"{told} {screen.say('closed')}", "dim"
        elif relief.until_on:
            yield f"{place}.", f"{told} {screen.say('open_until', until_on=relief.until_on)}", ""
        else:
            yield f"{place}.", told, ""


def _show_chart(outlook: Outlook, rule_sets: tuple[RuleSet, ...], screen: Screen) -> None:
    """Bars of the charged fee on evenly spaced days, all on one scale."""
    first_on = max(outlook.now.effective_due_on, outlook.from_on)
    span = (outlook.last_on - first_on).days
    days = sorted({days_later(first_on, span * step // BARS) for step in range(BARS + 1)})
    series = [(rules.name, _charged(outlook, days, rules)) for rules in rule_sets]
    most = max((won for _, fees in series for won in fees if won is not None), default=0) or 1
    heads = [head for name, _ in series for head in (screen.by(name), "")]
    amounts = max(cell_len(word) for word in (*heads, screen.won(most)))
    cells = (screen.console.width - DAY_CELLS) // len(series) - amounts - GAP_CELLS
    cells = min(WIDEST_BAR, max(NARROWEST_BAR, cells))
    table = screen.table(screen.say("on"), *heads, right=(0, *range(1, len(heads) + 1, 2)))
    for place, day in enumerate(days):
        row: list[str] = []
        for _, fees in series:
            won = fees[place]
            row += ["-", ""] if won is None else [screen.won(won), "█" * (cells * won // most)]
        table.add_row(str(day), *row)
    screen.print(table)


def _charged(outlook: Outlook, days: list[date], rules: RuleSet) -> list[int | None]:
    """The fee charged on each day; None where the rule set has no rule for it."""
    fees: list[int | None] = []
    for day in days:
        try:
            fees.append(late_fee_on(outlook.bill, day, rules).fee.charged)
        except RefusedError:
            fees.append(None)
    return fees
