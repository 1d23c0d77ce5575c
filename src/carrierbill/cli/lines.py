"""Lines: a list of lines is registered whole or not at all; merchants one by one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carrierbill.bootstrap import App, start
from carrierbill.cli.answers import REFUSED, print_json, refuse
from carrierbill.cli.commands import NamedGroup
from carrierbill.cli.given import Day, form_options, option
from carrierbill.documents.answer import refusal_document
from carrierbill.domain.errors import BadInputError, RefusedError
from carrierbill.domain.purchase import CATEGORIES
from carrierbill.domain.saying import Saying, Values
from carrierbill.texts.load import LANGUAGES, read_texts

if TYPE_CHECKING:
    from carrierbill.documents.line_list import LineList
    from carrierbill.documents.strict_list import Fault
    from carrierbill.domain.policy import RuleSet
    from carrierbill.storage.database import Database

FIELDS = ("client", "identifier", "name", "contact")
# The columns of what a service finds wrong, by its own name for it.
COLUMNS = {
    "category": "category_limits",
    "monthly_limit": "monthly_limit_won",
    "daily_limit": "daily_limit_won",
    "purchase_limit": "purchase_limit_won",
}


def line_group(language: str) -> click.Group:
    """`line`: import."""
    file = click.Argument(["file"], type=click.Path(path_type=Path))
    return _group(language, "line", {"import": [file]})


def merchant_group(language: str) -> click.Group:
    """`merchant`: add, settle."""
    add = [option(language, f"--{name}", required=True) for name in (*FIELDS, "category")]
    settle = [option(language, "--through", type=Day())]
    return _group(language, "merchant", {"add": add, "settle": settle})


def _group(language: str, name: str, verbs: Mapping[str, Sequence[click.Parameter]]) -> click.Group:
    texts = read_texts()
    commands = {
        verb: click.Command(
            verb,
            params=[*given, *form_options(language)],
            help=texts.say(language, f"cli.{name}-{verb}.help"),
            callback=partial(_answered, ANSWERS[name, verb], language),
        )
        for verb, given in verbs.items()
    }
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, f"cli.{name}.help")
    return NamedGroup(name, commands=commands, help=help_text, params=[language_option])


def _answered(answer: Callable[[App, str, dict[str, Any]], int], language: str, **options: Any) -> int:  # noqa: ANN401  # whatever the options are
    return answer(start(), language, options)


class _NotAllError(Exception):
    """Some of a list cannot be registered, so nothing is."""


def _import(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.documents.line_list import read_line_list

    with closing(app.database()) as database:
        rules = app.acting_rules(database)
        listed = read_line_list(options["file"])
        holders = 0
        try:
            holders = _register(listed, database, rules)
        except _NotAllError:
            refused = RefusedError("line_list", Saying("line_list.refused", {"count": len(listed.faults)}))
            return tell_faults(refused, listed.faults, app, language=language, as_json=options["as_json"])
    values: Values = {"lines": len(listed.lines), "holders": holders}
    if options["as_json"]:
        print_json({"lines": len(listed.lines), "holders": holders})
    else:
        click.echo(app.texts.say(language, Saying("show.lines.imported", values)))
    return 0


def _register(listed: "LineList", database: "Database", rules: "RuleSet") -> int:
    """Register a list in one transaction, or nothing of it; how many holders its lines have."""
    from carrierbill.documents.strict_list import Fault
    from carrierbill.services.decide import Refused
    from carrierbill.services.ports import Audit
    from carrierbill.services.register_line import LineRegistered, register_line

    holders = set()
    with database.unit() as unit:
        outcomes = register_line([line for _, line in listed.lines], unit, rules)
        for (row, _), outcome in zip(listed.lines, outcomes, strict=True):
            if isinstance(outcome, LineRegistered):
                holders.add(outcome.holder_id)
            elif isinstance(outcome, Refused):
                listed.faults.append(Fault(row, "number", outcome.told))
            elif isinstance(outcome, BadInputError):
                column = COLUMNS.get(outcome.field, outcome.field)
                listed.faults.append(Fault(row, column, outcome.reason))
        if listed.faults:
            raise _NotAllError
        unit.audit(Audit("cli", "line.import", unit.now, details={"lines": len(listed.lines)}))
    return len(holders)


def tell_faults(
    refused: RefusedError, faults: "Sequence[Fault]", app: App, *, language: str, as_json: bool
) -> int:
    """A list that is refused: every bad row, in order; nothing of it was taken."""
    in_order = sorted(faults, key=lambda fault: fault.row)
    if as_json:
        rows = [
            {
                "row": fault.row,
                "column": fault.column,
                "text": {each: app.texts.say(each, fault.told) for each in LANGUAGES},
            }
            for fault in in_order
        ]
        print_json({**refusal_document(refused, app.texts), "faults": rows})
        return REFUSED
    refuse(refused, app.texts, language, as_json=False)
    for fault in in_order:
        told = app.texts.say(language, fault.told)
        at: Values = {"row": str(fault.row), "column": fault.column or "-", "told": told}
        click.echo(app.texts.say(language, Saying("line_list.fault", at)))
    return REFUSED


def _add_merchant(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.services.decide import Refused
    from carrierbill.services.register_line import MerchantRegistered, RegisterMerchant, register_merchant

    if options["category"] not in CATEGORIES:
        known = {"known": ", ".join(CATEGORIES), "given": options["category"]}
        raise BadInputError("--category", Saying("bad_input.category", known))
    command = RegisterMerchant(**{name: options[name] for name in (*FIELDS, "category")})
    with closing(app.database()) as database:
        (outcome,) = database.decide(register_merchant, [command], app.acting_rules(database))
    if isinstance(outcome, Refused):
        refused = RefusedError(outcome.rule, outcome.told, outcome.lifted_by)
        return refuse(refused, app.texts, language, as_json=options["as_json"])
    if isinstance(outcome, BadInputError):
        raise BadInputError(f"--{outcome.field}", outcome.reason)
    if not isinstance(outcome, MerchantRegistered):
        raise TypeError(outcome)
    if options["as_json"]:
        print_json({"merchant_id": outcome.merchant_id})
    else:
        told = Saying("show.lines.merchant_added", {"merchant": str(outcome.merchant_id)})
        click.echo(app.texts.say(language, told))
    return 0


def _settle(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.cli.settling import settle_all

    return settle_all(app, language, options)


ANSWERS: Mapping[tuple[str, str], Callable[[App, str, dict[str, Any]], int]] = {
    ("line", "import"): _import,
    ("merchant", "add"): _add_merchant,
    ("merchant", "settle"): _settle,
}
