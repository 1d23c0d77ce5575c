"""Demo: an empty database is filled with a made-up year, and what is in it is summed up."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from carrierbill.bootstrap import App, confirmed, start
from carrierbill.cli.answers import print_json
from carrierbill.cli.given import Day, Whole, form_options, option
from carrierbill.documents.answer import Json
from carrierbill.domain.dates import days_later
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import Texts, read_texts

if TYPE_CHECKING:
    from carrierbill.demo.summary import Summary
    from carrierbill.demo.year import Plan

RULES = "guide"
IN_PARTS = ("purchases", "bills", "refunds", "objections", "arrangements", "reports")
MOST_LINES, MOST_LIMIT_WON, MOST_SEED = 1_000_000, 1_000_000, 10**12
# What a year needs of the rules is in force from its first month on; the calendar goes on behind its end.
EARLIEST, LATEST = date(2025, 3, 1), date(2050, 6, 30)


def demo_command(language: str) -> click.Command:
    """`demo`: fill an empty database with a believable year."""
    return click.Command(
        "demo",
        params=[
            option(language, "--lines", type=Whole(1, MOST_LINES)),
            option(language, "--limit", type=Whole(0, MOST_LIMIT_WON)),
            option(language, "--seed", type=Whole(0, MOST_SEED)),
            option(language, "--until", type=Day()),
            *form_options(language),
        ],
        help=read_texts().say(language, "cli.demo.help"),
        callback=lambda **options: _demo(language, options),
    )


def _demo(language: str, options: dict[str, Any]) -> int:
    from carrierbill.demo.making import demo_database
    from carrierbill.demo.summary import summary_of
    from carrierbill.demo.year import make_year

    app = start()
    plan = _plan(app, options)
    rules = confirmed(app.rules(RULES))
    with demo_database(app) as database:
        summary = summary_of(make_year(database, rules, plan))
    if options["as_json"]:
        print_json(_document(summary, app.texts))
    else:
        show_summary(summary, app.texts, language)
    return 0


def _plan(app: App, options: dict[str, Any]) -> "Plan":
    from carrierbill.demo import year

    if options["limit"] is not None and options["lines"] is None:
        raise BadInputError("--limit", Saying("bad_use.limit_of_no_lines"))
    until = options["until"] or days_later(app.today(), -1)
    if not EARLIEST <= until <= LATEST:
        bounds = {"first_on": EARLIEST, "last_on": LATEST}
        raise BadInputError("--until", Saying("bad_use.day_outside", bounds))
    given = {"seed": options["seed"], "further": options["lines"], "further_limit_won": options["limit"]}
    return year.Plan(
        until, lines=year.LINES, **{name: value for name, value in given.items() if value is not None}
    )


def _document(summary: "Summary", texts: Texts) -> Json:
    return {
        "rules": RULES,
        "from": summary.first_on.isoformat(),
        "until": summary.until.isoformat(),
        "seed": summary.seed,
        "counts": {name: dict(counts) for name, counts in summary.counts.items()},
        "accounts": [{"account": account, "won": won} for account, won in summary.balances.items()],
        "stages": [{"stage": stage, "lines": lines} for stage, lines in summary.stages.items()],
        "examples": [
            {"number": example.number, "text": texts.both(example.told)} for example in summary.examples
        ],
    }


def show_summary(summary: "Summary", texts: Texts, language: str) -> None:
    """Counts, balances and lateness as tables, then three lines worth a look."""
    from rich.text import Text

    from carrierbill.cli.screen import Screen

    def say(key: str) -> str:
        return texts.say(language, f"demo.{key}")

    screen = Screen(texts, language)
    years = {"first_on": summary.first_on, "until": summary.until}
    screen.title(texts.say(language, Saying("demo.title", years)))
    screen.console.print()
    screen.facts((say(name), _counted(name, counts, say)) for name, counts in summary.counts.items())
    books = screen.table(say("account"), say("debit"), say("credit"), right=(1, 2))
    for account, won in summary.balances.items():
        if won:
            sides = (screen.won(won), "") if won > 0 else ("", screen.won(-won))
            books.add_row(screen.name("account", account), *sides)
    stages = screen.table(say("stage"), say("lines"), right=(1,))
    for stage, lines in summary.stages.items():
        stages.add_row(texts.say(language, f"stage.{stage}.name"), f"{lines:,}")
    for head, table in (("books", books), ("stages", stages)):
        screen.console.print()
        screen.title(say(head))
        screen.print(table)
    screen.console.print()
    screen.title(say("examples"))
    screen.listed((example.number, texts.say(language, example.told), "") for example in summary.examples)
    screen.console.print()
    screen.print(Text(say("made")))


def _counted(name: str, counts: Mapping[str, int], say: Callable[[str], str]) -> str:
    """A count, and its parts where they have names."""
    total = f"{sum(counts.values()):,}"
    if name == "lines":
        parts = list(counts.items())
    elif name in IN_PARTS:
        parts = [(say(f"state.{state}"), count) for state, count in counts.items()]
    else:
        return total
    return f"{total} ({', '.join(f'{part} {count:,}' for part, count in parts)})"
