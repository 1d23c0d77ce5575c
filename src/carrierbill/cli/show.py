"""Show: answers as tables and a small chart, for a person at a terminal."""

from collections.abc import Iterable, Iterator
from datetime import date

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from carrierbill.bootstrap import App
from carrierbill.documents.answer import exact_won
from carrierbill.domain.dates import days_later
from carrierbill.domain.late_fee import Piece, late_fee_on
from carrierbill.domain.money import WonRange, percent_of
from carrierbill.domain.outlook import Outlook
from carrierbill.domain.policy import Measure, RuleSet
from carrierbill.domain.position import Answer
from carrierbill.domain.restoration import ComesBack, Window
from carrierbill.domain.saying import Saying, Values
from carrierbill.texts.load import Texts

BARS = 16
BAR_CELLS = 24


class Screen:
    """A console and the language its words are in."""

    def __init__(self, texts: Texts, language: str) -> None:
        """Write to stdout, in colour only where it is a terminal."""
        self.console = Console(highlight=False, soft_wrap=False)
        self.texts = texts
        self.language = language

    def say(self, key: str, **values: int | str | date | Saying) -> str:
        """A sentence of the command line's own."""
        return self.texts.say(self.language, Saying(f"show.{key}", values))

    def won(self, won: int) -> str:
        """An amount."""
        return self.texts.won(self.language, won)

    def range(self, won: WonRange) -> str:
        """An amount, or the two ends of its range."""
        return self.won(won.low) if won.low == won.high else f"{self.won(won.low)} ~ {self.won(won.high)}"

    def day(self, day: date) -> str:
        """A day."""
        return self.texts.day(self.language, day)

    def name(self, kind: str, value: str) -> str:
        """The name of a rule set, carrier or stage."""
        return self.texts.name(self.language, kind, value)

    def heading(self, key: str) -> None:
        """A line above a part."""
        self.console.print()
        self.console.print(Text(self.say(key), style="bold"))

    def table(self, *columns: str, right: tuple[int, ...] = ()) -> Table:
        """An empty table; `right` are the places of the columns of numbers."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for place, column in enumerate(columns):
            table.add_column(
                self.say(column), justify="right" if place in right else "left", no_wrap=place in right
            )
        return table

    def notes(self, notes: Iterable[str]) -> None:
        """Notes under their heading, each once."""
        for place, note in enumerate(dict.fromkeys(notes)):
            if place == 0:
                self.heading("notes")
            self.console.print(Text(f"- {self.texts.say(self.language, f'note.{note}')}"))

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Names on the left, what they are on the right."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column()
        for key, fact in rows:
            grid.add_row(self.say(key), Text(fact))
        self.console.print(grid)


def show_answer(answer: Answer, texts: Texts, language: str) -> None:
    """What is owed, why, what other rule sets say, and what comes back by paying."""
    screen = Screen(texts, language)
    screen.console.print(Text(_first_line(answer, screen), style="bold"))
    screen.console.print()
    screen.facts(_facts(answer, screen))
    for reading, run in (
        ("why_low", answer.position.late_fee.low),
        ("why_high", answer.position.late_fee.high),
    ):
        if run.pieces:
            screen.heading(reading)
            screen.console.print(_pieces(run.pieces, screen))
    if answer.elsewhere:
        screen.heading("elsewhere")
        screen.facts(_elsewhere(answer, screen))
    if answer.restoration:
        screen.heading("restoration")
        _show_restoration(answer.restoration, screen)
    _show_notes(answer.notes, screen)


def _first_line(answer: Answer, screen: Screen) -> str:
    """The amount under the rule set asked, and in the same breath under the gateways' terms."""
    total_won = answer.position.total.charged
    values: Values = {"on": answer.position.on, "total_won": total_won, "rules": answer.rules.name}
    for other in answer.elsewhere:
        if other.rules == "terms":
            return screen.say("first_line_both", **values, terms_won=other.total.charged)
    return screen.say("first_line", **values)


def _facts(answer: Answer, screen: Screen) -> Iterator[tuple[str, str]]:
    position, lateness = answer.position, answer.position.lateness
    yield "carrier", screen.name("carrier", answer.bill.carrier)
    yield "rules", screen.name("rules", answer.rules.name)
    yield "due_on", screen.day(position.effective_due_on)
    if position.effective_due_on != answer.bill.due_on:
        yield "moved_from", screen.day(answer.bill.due_on)
    yield "days_late", screen.say("days", days=lateness.days_late)
    yield "stage", screen.texts.say(screen.language, f"stage.{lateness.stage}.name")
    if lateness.effects:
        yield "effects", ", ".join(screen.name("effect", effect) for effect in lateness.effects)
    yield "unpaid", screen.won(position.unpaid_won)
    yield "late_fee", screen.range(position.late_fee.fee)
    if position.late_fee.repaid.high:
        yield "fee_repaid", screen.range(position.late_fee.repaid)
    yield "total", screen.range(position.total)
    if position.late_fee.credit.low:
        yield "credit", screen.range(position.late_fee.credit)


def _pieces(pieces: tuple[Piece, ...], screen: Screen) -> Table:
    table = screen.table("stretch", "units", "base", "rate", "exact", "source", right=(1, 2, 3, 4))
    for piece in pieces:
        stretch = f"{piece.from_on} ~ {piece.to_on}" if piece.from_on != piece.to_on else f"{piece.from_on}"
        per = "a_year" if piece.measure == Measure.DAYS_LATE else "a_step"
        units = "days" if piece.measure == Measure.DAYS_LATE else "steps"
        table.add_row(
            stretch,
            screen.say(units, days=piece.units),
            screen.won(piece.principal_won + piece.capitalised_won),
            screen.say(per, rate=percent_of(piece.rate)),
            exact_won(piece),
            Text(f"{piece.source.where} [{screen.name('standing', piece.source.standing)}]"),
        )
    return table


def _elsewhere(answer: Answer, screen: Screen) -> Iterator[tuple[str, str]]:
    for other in answer.elsewhere:
        yield f"by_{other.rules.replace('-', '_')}", screen.range(other.late_fee)


def _show_restoration(restoration: ComesBack, screen: Screen) -> None:
    screen.facts((f"back_{part}", _window(window, screen)) for part, window in restoration.parts.items())


def _window(window: Window, screen: Screen) -> str:
    if window.earliest_on is None:
        return screen.say("nobody_says")
    if window.latest_on is None:
        return screen.say("from_day", earliest_on=window.earliest_on)
    if window.latest_on == window.earliest_on:
        return screen.day(window.earliest_on)
    return f"{screen.day(window.earliest_on)} ~ {screen.day(window.latest_on)}"


def _show_notes(notes: tuple[Saying, ...], screen: Screen) -> None:
    if notes:
        screen.heading("notes")
    for note in notes:
        screen.console.print(Text(f"- {screen.texts.say(screen.language, note)}"))


def show_outlook(outlook: Outlook, app: App, language: str) -> None:
    """What happens when, what each day costs, and what to do."""
    screen = Screen(app.texts, language)
    bill = outlook.bill
    title = screen.say(
        "outlook_title",
        carrier=bill.carrier,
        owed_won=bill.principal_won,
        due_on=outlook.now.effective_due_on,
        rules=outlook.rules.name,
    )
    screen.console.print(Text(title, style="bold"))
    screen.heading("events")
    table = screen.table("on", "what", "late_fee", "told", right=(2,))
    for event in outlook.events:
        fee, what = event.position.late_fee.fee, screen.name("what", event.what)
        told = Text(app.texts.say(language, event.saying))
        table.add_row(f"{event.position.on}", what, screen.range(fee), told)
    screen.console.print(table)
    screen.heading("cost_by_day")
    _show_chart(outlook, app.rules("terms"), screen)
    screen.heading("relief")
    for place, relief in enumerate(outlook.relief, 1):
        mark = screen.say("open_until", until_on=relief.until_on) if relief.until_on else ""
        closed = "" if relief.open else f" {screen.say('closed')}"
        told = Text(f"{place}. {app.texts.say(language, relief.saying)} {mark}{closed}".rstrip())
        screen.console.print(told, style="" if relief.open else "dim")
    screen.heading("advice")
    screen.console.print(Text(screen.say("limit_advice", limit_won=outlook.limit_advice_won)))
    for contact in outlook.contacts:
        screen.console.print(
            Text(f"{contact.content.number:>10}  {screen.name('contact', f'{contact.key}.name')}")
        )
    _show_notes(outlook.notes, screen)


def _show_chart(outlook: Outlook, terms: RuleSet, screen: Screen) -> None:
    """Bars of the fee on evenly spaced days, the asked rule set above the gateways' terms."""
    due_on, last_on = outlook.now.effective_due_on, outlook.last_on
    first_on = max(due_on, outlook.from_on)
    span = (last_on - first_on).days
    if span < 1:
        return
    days = sorted({days_later(first_on, span * step // BARS) for step in range(BARS + 1)})
    rule_sets = [outlook.rules] if outlook.rules.name == terms.name else [outlook.rules, terms]
    fees = {
        rules.name: [late_fee_on(outlook.bill, day, rules).fee.charged for day in days] for rules in rule_sets
    }
    most = max(max(won) for won in fees.values()) or 1
    table = screen.table("on", *(f"by_{name.replace('-', '_')}" for name in fees))
    for place, day in enumerate(days):
        bars = [
            Text(f"{'█' * (BAR_CELLS * won[place] // most):<{BAR_CELLS}} {screen.won(won[place])}")
            for won in fees.values()
        ]
        table.add_row(f"{day}", *bars)
    screen.console.print(table)
