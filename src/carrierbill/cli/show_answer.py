"""Show answer: what is owed on a day and why, for a person at a terminal."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from carrierbill.cli.screen import Screen
from carrierbill.documents.answer import exact_won
from carrierbill.domain.late_fee import Piece
from carrierbill.domain.money import percent_of
from carrierbill.domain.policy import Measure
from carrierbill.domain.position import Answer
from carrierbill.domain.restoration import ComesBack, Window
from carrierbill.domain.saying import Values
from carrierbill.texts.load import Texts


def show_answer(answer: Answer, texts: Texts, language: str) -> None:
    """What is owed, why, what other rule sets say, and what comes back by paying."""
    screen = Screen(texts, language)
    screen.title(_first_line(answer, screen))
    screen.console.print()
    screen.facts((screen.say(key), fact) for key, fact in _facts(answer, screen))
    for heading, pieces in _readings(answer):
        screen.heading(heading)
        screen.print(_pieces(pieces, screen))
    if answer.elsewhere:
        screen.heading("elsewhere")
        screen.facts(_elsewhere(answer, screen))
    if answer.restoration:
        screen.heading("restoration")
        _show_restoration(answer.restoration, screen)
    screen.notes(texts.say(language, note) for note in answer.notes)


def _first_line(answer: Answer, screen: Screen) -> str:
    """The amount by the rule set asked and, in the same breath, by the gateways' terms; the smaller first."""
    rules, other = answer.rules.name, "guide" if answer.rules.name == "terms" else "terms"
    here = (answer.position.total.charged, screen.name("rules", rules))
    there = [each.total.charged for each in answer.elsewhere if each.rules == other]
    cannot_tell = any(note.values.get("rules") == other for note in answer.notes)
    values: Values = {"on": answer.position.on, "total_won": here[0], "rules": rules}
    if there and there[0] != here[0]:
        less, more = sorted((here, (there[0], screen.name("rules", other))))
        sums: Values = {"less_won": less[0], "less_by": less[1], "more_won": more[0], "more_by": more[1]}
        return screen.say("first_line_both", on=answer.position.on, **sums)
    if here[0] == 0:
        return screen.say("first_line_nothing", on=answer.position.on, rules=rules)
    if cannot_tell:
        return screen.say("first_line", **values)
    return screen.say("first_line_alike", **values, other=screen.name("rules", other))


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
    if repaid_won := answer.bill.repaid_won_by(position.on):
        yield "repaid", screen.won(repaid_won)
    yield "unpaid", screen.won(position.unpaid_won)
    yield "late_fee", screen.range(position.late_fee.fee)
    if position.late_fee.repaid.high:
        yield "fee_repaid", screen.range(position.late_fee.repaid)
    yield "total", screen.range(position.total)
    if position.late_fee.credit.low:
        yield "credit", screen.range(position.late_fee.credit)


def _readings(answer: Answer) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    """The pieces of the low and the high reading, told apart only where they differ."""
    low, high = answer.position.late_fee.low.pieces, answer.position.late_fee.high.pieces
    if low == high:
        yield from [("why", low)] if low else []
        return
    yield "why_low", low
    yield "why_high", high


def _pieces(pieces: tuple[Piece, ...], screen: Screen) -> Table:
    table = screen.table(
        *screen.heads("stretch", "units", "base", "rate", "exact", "source"), right=(1, 2, 3, 4)
    )
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
        yield screen.by(other.rules), screen.range(other.late_fee)


def _show_restoration(restoration: ComesBack, screen: Screen) -> None:
    screen.facts(
        (screen.say(f"back_{part}"), _window(window, screen)) for part, window in restoration.parts.items()
    )


def _window(window: Window, screen: Screen) -> str:
    if window.earliest_on is None:
        return screen.say("nobody_says")
    if window.latest_on is None:
        return screen.say("from_day", earliest_on=window.earliest_on)
    if window.latest_on == window.earliest_on:
        return screen.day(window.earliest_on)
    return f"{screen.day(window.earliest_on)} ~ {screen.day(window.latest_on)}"
