"""Gateway: what a payment gateway sends is read whole or not at all."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carrierbill.bootstrap import App, start
from carrierbill.cli.answers import print_json
from carrierbill.cli.commands import NamedGroup
from carrierbill.cli.given import form_options, option, quoted
from carrierbill.cli.lines import tell_faults
from carrierbill.domain.errors import BadInputError, RefusedError, SayableError
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import read_texts

if TYPE_CHECKING:
    from carrierbill.documents.gateway_list import GatewayList
    from carrierbill.documents.strict_list import Fault
    from carrierbill.domain.policy import RuleSet
    from carrierbill.storage.database import Database


def gateway_group(language: str) -> click.Group:
    """`gateway`: read."""
    texts = read_texts()
    read = click.Command(
        "read",
        params=[
            click.Argument(["file"], type=click.Path(path_type=Path)),
            option(language, "--client", required=True),
            *form_options(language),
        ],
        help=texts.say(language, "cli.gateway-read.help"),
        callback=lambda **options: _read(start(), language, options),
    )
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, "cli.gateway.help")
    return NamedGroup("gateway", commands={"read": read}, help=help_text, params=[language_option])


class _NotAllError(Exception):
    """Some rows of a file cannot be booked, so none is."""


def _read(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.documents.gateway_list import read_gateway_list

    with closing(app.database()) as database:
        rules = app.acting_rules(database)
        _check_client(options["client"], database)
        listed = read_gateway_list(options["file"], options["client"])
        faults = list(listed.faults)
        counts: dict[str, Any] = {}
        try:
            if not faults:
                counts = _book(listed, database, rules, client=options["client"], faults=faults)
        except _NotAllError:
            pass
    if faults:
        refused = RefusedError("gateway_list", Saying("show.gateway.refused", {"count": len(faults)}))
        return tell_faults(refused, faults, app, language=language, as_json=options["as_json"])
    if options["as_json"]:
        print_json({"client": options["client"], **counts})
        return 0
    for kind in ("late", "marks"):
        if any(counts[kind].values()):
            click.echo(app.texts.say(language, Saying(f"show.gateway.{kind}", counts[kind])))
    return 0


def _check_client(client: str, database: "Database") -> None:
    """A name mistyped must not become a gateway of its own."""
    from carrierbill.domain.access import Client
    from carrierbill.domain.purchase import Merchant

    with database.unit() as unit:
        named = {merchant.client for merchant in unit.peek(Merchant)}
        clients = sorted(named | {registered.id for registered in unit.peek(Client)})
    if client not in clients:
        known = {"known": ", ".join(clients) or "-", "given": quoted(client)}
        raise BadInputError("--client", Saying("bad_input.no_client", known))


def _book(
    listed: "GatewayList", database: "Database", rules: "RuleSet", *, client: str, faults: list["Fault"]
) -> dict[str, Any]:
    """Book a file in one transaction, or nothing of it; what was new in it and what was known."""
    from carrierbill.services.ports import Audit
    from carrierbill.services.report_late import report_late
    from carrierbill.services.take_marks import MarkTaken, take_marks
    from carrierbill.services.tell_others import MARK

    with database.unit() as unit:
        onces = [command.once for _, command in listed.late if command.once]
        unit.load_answers(onces)
        known = sum(unit.answered(once) is not None for once in onces)
        booked = report_late([command for _, command in listed.late], unit, rules)
        taken = take_marks([command for _, command in listed.marks], unit, rules)
        faults += _faults([at for at, _ in listed.late], booked)
        faults += _faults([at for at, _ in listed.marks], taken)
        if faults:
            raise _NotAllError
        new = [each for each in taken if isinstance(each, MarkTaken) and each.new]
        marked = sum(each.action == MARK for each in new)
        counts = {
            "late": {"booked": len(booked) - known, "known": known},
            "marks": {"marked": marked, "cleared": len(new) - marked, "known": len(taken) - len(new)},
        }
        unit.audit(Audit("cli", "gateway.read", unit.now, details={"client": client, **counts}))
        return counts


def _faults(rows: Sequence[int], outcomes: Sequence[object]) -> "list[Fault]":
    from carrierbill.documents.strict_list import Fault

    found = []
    for row, outcome in zip(rows, outcomes, strict=True):
        if isinstance(outcome, BadInputError):
            found.append(Fault(row, outcome.field, outcome.reason))
        elif isinstance(outcome, SayableError):
            found.append(Fault(row, "reference", Saying("bad_input.reference_differs")))
    return found
