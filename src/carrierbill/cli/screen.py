"""Screen: a terminal in one language: headings, facts, tables, amounts and days as people write them."""

from collections.abc import Iterable
from datetime import date

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from carrierbill.domain.money import WonRange
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import Texts

LEAST_CELLS = 64


class PipedConsole(Console):
    """A console that leaves a closed pipe to the command line, which knows what to do with it."""

    def on_broken_pipe(self) -> None:
        """Let the error go on up."""
        raise  # noqa: PLE0704  # called by rich while it handles the error


class Screen:
    """A console and the language its words are in."""

    def __init__(self, texts: Texts, language: str) -> None:
        """Write to stdout, in colour only where it is a terminal."""
        self.console = PipedConsole(highlight=False, soft_wrap=False)
        # Narrower, amounts would be cut; the terminal's own folding loses nothing.
        self.console.width = max(LEAST_CELLS, self.console.width)
        self.texts = texts
        self.language = language

    def say(self, key: str, **values: int | str | date | Saying) -> str:
        """A sentence of the command line's own."""
        return self.texts.say(self.language, Saying(f"show.{key}", values))

    def won(self, won: int) -> str:
        """An amount."""
        return self.texts.won(self.language, won)

    def range(self, won: WonRange) -> str:
        """An amount, or the two ends of its range, the smaller first."""
        if won.low == won.high:
            return self.won(won.low)
        least, most = sorted((won.low, won.high))
        ends = {"low": f"{least:,}", "high": f"{most:,}"}
        return self.texts.say(self.language, Saying("written.won_range", ends))

    def day(self, day: date) -> str:
        """A day."""
        return self.texts.day(self.language, day)

    def name(self, kind: str, value: str) -> str:
        """The name of a rule set, carrier or stage."""
        return self.texts.name(self.language, kind, value)

    def by(self, rules: str) -> str:
        """A short name of a rule set, for the head of a column."""
        short = f"by.{rules}"
        return self.name("by", rules) if self.texts.has(short) else self.name("rules", rules)

    def heading(self, key: str) -> None:
        """A line above a part."""
        self.console.print()
        self.title(self.say(key))

    def title(self, words: str) -> None:
        """A line in bold."""
        self.print(Text(words, style="bold"))

    def table(self, *heads: str, right: tuple[int, ...] = ()) -> Table:
        """An empty table; `right` are the places of the columns of numbers, which never wrap."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for place, head in enumerate(heads):
            if place in right:
                table.add_column(head, justify="right", no_wrap=True)
            else:
                table.add_column(head, overflow="fold")
        return table

    def heads(self, *keys: str) -> list[str]:
        """The heads of columns, by their text keys."""
        return [self.say(key) for key in keys]

    def print(self, shown: Table | Text) -> None:
        """A table or a paragraph, without the blanks rich leaves at the ends of lines."""
        with self.console.capture() as captured:
            self.console.print(shown)
        for line in captured.get().splitlines():
            self.console.print(Text.from_ansi(line.rstrip()), soft_wrap=True)

    def listed(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Marks, what they mark, and a style, the text hanging beside its mark."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(overflow="fold")
        for mark, told, style in rows:
            grid.add_row(mark, Text(told), style=style)
        self.print(grid)

    def notes(self, notes: Iterable[str]) -> None:
        """Notes under their heading, each once."""
        told = list(dict.fromkeys(notes))
        if told:
            self.heading("notes")
        self.listed(("-", note, "") for note in told)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Names on the left, what they are on the right."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column()
        for name, fact in rows:
            grid.add_row(name, Text(fact))
        self.print(grid)
