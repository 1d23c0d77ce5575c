"""Given: what a person types for an option, read strictly; every fault says what would be right."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from carrierbill.domain.bill import Bill, Repayment
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.money import LEAST_WON, MOST_WON
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying, Values
from carrierbill.texts.load import read_texts

WHOLE = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+|-?[0-9]{1,20}")
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_DAYS = 3_660


class Whole(click.ParamType[int]):
    """A whole number between two bounds, thousands commas allowed."""

    name = "N"

    def __init__(self, least: int = LEAST_WON, most: int = MOST_WON) -> None:
        """Know the bounds, both inclusive."""
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401  # click's signature
        """The number; BadInputError names the bounds."""
        del ctx
        if isinstance(value, int):
            return value
        if WHOLE.fullmatch(value) is None or not self.least <= int(value.replace(",", "")) <= self.most:
            bounds: Values = {"least": self.least, "most": self.most, "given": quoted(value)}
            raise BadInputError(_option(param), Saying("bad_use.whole", bounds))
        return int(value.replace(",", ""))


class Day(click.ParamType[date]):
    """A day, ISO 8601."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401  # click's signature
        """The day; BadInputError for what is no day of the calendar."""
        del ctx
        return value if isinstance(value, date) else day_of(value, _option(param))


class Month(click.ParamType[date]):
    """A month, named by its first day."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401  # click's signature
        """The month's first day; BadInputError for what is no month."""
        del ctx
        if isinstance(value, date):
            return value
        try:
            if MONTH.fullmatch(value):
                return date.fromisoformat(f"{value}-01")
        except ValueError:
            pass
        raise BadInputError(_option(param), Saying("bad_use.month", {"given": quoted(value)}))


class Repaid(click.ParamType[Repayment]):
    """A repayment, `day=won`."""

    name = "YYYY-MM-DD=N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Repayment:  # noqa: ANN401  # click's signature
        """The repayment; BadInputError for a part that is missing or faulty."""
        if isinstance(value, Repayment):
            return value
        day, parted, won = value.partition("=")
        if not parted:
            raise BadInputError(_option(param), Saying("bad_use.repaid", {"given": quoted(value)}))
        return Repayment(day_of(day, _option(param)), Whole().convert(won, param, ctx))


def day_of(given: str, option: str) -> date:
    """The day a text means, strictly `YYYY-MM-DD`; BadInputError names the option."""
    try:
        if DAY.fullmatch(given):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise BadInputError(option, Saying("bad_use.day", {"given": quoted(given)}))


def resolved_day(day: date, rules: RuleSet, option: str) -> date:
    """The day, if the calendar has it; BadInputError names the option and the first and last day."""
    calendar = rules.calendar
    if not calendar.holds(day):
        bounds = {"first_on": calendar.first_on, "last_on": calendar.last_on}
        raise BadInputError(option, Saying("bad_use.day_outside", bounds))
    return day


def bill_of(options: dict[str, Any], rules: RuleSet, last_on: date | None) -> Bill:
    """The bill the options describe; a repayment later than `last_on` is bad use."""
    if options["carrier"] not in rules.carriers:
        known = {"known": ", ".join(rules.carriers), "given": quoted(options["carrier"])}
        raise BadInputError("--carrier", Saying("bad_use.carrier", known))
    repayments: Sequence[Repayment] = options["repaid"]
    for repayment in repayments:
        resolved_day(repayment.received_on, rules, "--repaid")
        if last_on is not None and repayment.received_on > last_on:
            days = {"received_on": repayment.received_on, "on": last_on}
            raise BadInputError("--repaid", Saying("bad_use.repaid_later", days))
    return Bill(
        carrier=options["carrier"],
        principal_won=options["principal"],
        due_on=resolved_day(options["due"], rules, "--due"),
        repayments=tuple(repayments),
        welfare=options["welfare"],
    )


def bill_options(language: str) -> list[click.Parameter]:
    """The options that describe a bill, and those that choose rules and form of the answer."""
    return [
        option(language, "--carrier", required=True, metavar="SKT|KT|LGU", shell_complete=_carriers),
        option(language, "--principal", required=True, type=Whole()),
        option(language, "--due", required=True, type=Day()),
        option(language, "--repaid", multiple=True, type=Repaid()),
        option(language, "--welfare", is_flag=True),
        option(language, "--rules", metavar="R", shell_complete=complete_rule_sets),
        *form_options(language),
    ]


def form_options(language: str) -> list[click.Parameter]:
    """`--json` and `--lang`: the options every answer has."""
    return [
        option(language, "--json", "as_json", is_flag=True),
        option(language, "--lang", metavar="ko|en", expose_value=False),
    ]


def option(language: str, flag: str, *names: str, **how: Any) -> click.Option:  # noqa: ANN401  # handed on to click
    """One option, its help from the texts by its own name."""
    return click.Option(
        [flag, *names], help=read_texts().say(language, f"cli.option.{flag.strip('-')}"), **how
    )


def _carriers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The carriers of the rule set chosen so far that begin as typed."""
    del param
    from carrierbill.bootstrap import start  # only a completion asks for it here

    app = start()
    asked = ctx.params.get("rules")
    carriers = app.rules(asked if asked in app.shelf.names else None).carriers
    return [carrier for carrier in carriers if carrier.startswith(incomplete.upper())]


def complete_rule_sets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names on the shelf that begin as typed."""
    del ctx, param
    from carrierbill.bootstrap import start  # only a completion asks for it here

    return [name for name in start().shelf.names if name.startswith(incomplete)]


def _option(param: click.Parameter | None) -> str:
    return max(param.opts, key=len) if param is not None else "?"


def quoted(given: str) -> str:
    """What was typed, cut to one readable line, without marks that would turn or hide it."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in given[:LONGEST_QUOTE])
    return shown if len(given) <= LONGEST_QUOTE else f"{shown}…"


LONGEST_QUOTE = 40
