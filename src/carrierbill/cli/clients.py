"""Clients: programs that may ask are registered, listed and disabled; tokens for them, and their keys."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from carrierbill.bootstrap import App, start
from carrierbill.cli.answers import print_json, refuse
from carrierbill.cli.commands import NamedGroup
from carrierbill.cli.given import Whole, form_options, option
from carrierbill.domain.errors import BadInputError, RefusedError
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import read_texts

if TYPE_CHECKING:
    from carrierbill.domain.access import Client
    from carrierbill.storage.database import Database, Service

# Ten years either way.
MOST_S = 315_360_000
# What a service finds wrong, by its own name for it.
OPTIONS = {"id": "ID", "name": "--name", "scope": "--scope"}


def client_group(language: str) -> click.Group:
    """`client`: add, list, disable, rotate-key."""
    texts = read_texts()

    def command(name: str, *parameters: click.Parameter) -> click.Command:
        answer = ANSWERS[name]
        return click.Command(
            name,
            params=[*parameters, *form_options(language)],
            help=texts.say(language, f"cli.client-{name}.help"),
            callback=lambda **options: answer(start(), language, options),
        )

    name = option(language, "--name", required=True)
    scope = option(language, "--scope", required=True, metavar='"A B"')
    commands = {
        "add": command("add", click.Argument(["id"]), name, scope),
        "list": command("list"),
        "disable": command("disable", click.Argument(["id"])),
        "rotate-key": command("rotate-key", option(language, "--drop-old", is_flag=True)),
    }
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, "cli.client.help")
    return NamedGroup("client", commands=commands, help=help_text, params=[language_option])


def token_command(language: str) -> click.Command:
    """`token`: an access token for a client, signed as the server would."""
    from carrierbill.storage.signing import TOKEN_S

    return click.Command(
        "token",
        params=[
            option(language, "--client", required=True),
            option(language, "--scope", required=True, metavar='"A B"'),
            option(language, "--phone", metavar="NUMBER"),
            option(language, "--expires-in", type=Whole(-MOST_S, MOST_S), default=TOKEN_S),
            *form_options(language),
        ],
        help=read_texts().say(language, "cli.token.help"),
        callback=lambda **options: _token(start(), options),
    )


def _token(app: App, options: dict[str, Any]) -> int:
    from carrierbill.domain.access import Access, scopes_in
    from carrierbill.storage.clients import clients_in
    from carrierbill.storage.sealed import normalised_number
    from carrierbill.storage.signing import tokens_of

    with closing(app.database()) as database:
        with database.snapshot() as session:
            client = clients_in(session).get(options["client"])
        scopes = scopes_in(options["scope"])
        if client is None or not client.is_active:
            key = "bad_input.client_unknown" if client is None else "bad_input.client_disabled"
            raise BadInputError("--client", Saying(key))
        if not scopes or not client.may_have(scopes):
            raise BadInputError("--scope", Saying("bad_input.scope", {"known": " ".join(client.scopes)}))
        number = None
        if options["phone"] is not None:
            try:
                number = normalised_number(options["phone"])
            except BadInputError as error:
                raise BadInputError("--phone", error.reason) from None
        now = database.clock()
        until_s = math.floor(now.timestamp()) + options["expires_in"]
        token = tokens_of(database, app.settings).issue(
            Access(client.id, frozenset(scopes), until_s, number), now
        )
    if options["as_json"]:
        print_json({"access_token": token})
    else:
        click.echo(token)
    return 0


def _add(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.domain.access import scopes_in
    from carrierbill.services.admit_client import AdmitClient, admit_client
    from carrierbill.storage.clients import ClientSecrets

    client_id, scopes = options["id"], scopes_in(options["scope"])
    with closing(app.database()) as database:
        secrets = ClientSecrets(database.keys.index_secret)
        secret = secrets.new()
        command = AdmitClient(client_id, options["name"], scopes, secrets.hash_of(client_id, secret))
        outcome = _decided(database, admit_client, command, app=app)
    if isinstance(outcome, RefusedError):
        return refuse(outcome, app.texts, language, as_json=options["as_json"])
    if options["as_json"]:
        print_json({"client_id": client_id, "client_secret": secret, "scopes": list(scopes)})
    else:
        told = Saying("show.clients.added", {"client": client_id, "secret": secret})
        click.echo(app.texts.say(language, told))
    return 0


def _disable(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.services.admit_client import DisableClient, disable_client

    with closing(app.database()) as database:
        _decided(database, disable_client, DisableClient(options["id"]), app=app)
    if options["as_json"]:
        print_json({"client_id": options["id"]})
    else:
        click.echo(app.texts.say(language, Saying("show.clients.disabled", {"client": options["id"]})))
    return 0


def _decided(database: "Database", service: "Service[Any]", command: object, *, app: App) -> object:
    """The outcome of a command, a refusal as an error that can be told; raises what is bad use."""
    from carrierbill.services.decide import Refused

    (outcome,) = database.decide(service, [command], app.rules())
    if isinstance(outcome, BadInputError):
        raise BadInputError(OPTIONS[outcome.field], outcome.reason)
    if isinstance(outcome, Refused):
        return RefusedError(outcome.rule, outcome.told, outcome.lifted_by)
    return outcome


def _list(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.clients import clients_in

    with closing(app.database()) as database, database.snapshot() as session:
        clients = list(clients_in(session).values())
    if options["as_json"]:
        print_json({"clients": [_document(client) for client in clients]})
    else:
        _show(clients, app, language)
    return 0


def _document(client: "Client") -> dict[str, object]:
    ended = client.disabled_at
    return {
        "client_id": client.id,
        "name": client.name,
        "scopes": list(client.scopes),
        "registered_at": client.registered_at.isoformat(),
        "disabled_at": None if ended is None else ended.isoformat(),
    }


def _show(clients: "Sequence[Client]", app: App, language: str) -> None:
    from rich.text import Text

    from carrierbill.cli.screen import Screen

    screen = Screen(app.texts, language)
    heads = screen.heads("clients.id", "clients.name", "clients.scopes", "clients.since", "clients.until")
    table = screen.table(*heads)
    for client in clients:
        ended = client.disabled_at
        since, until = f"{client.registered_at:%Y-%m-%d}", "-" if ended is None else f"{ended:%Y-%m-%d}"
        table.add_row(Text(client.id), Text(client.name), "\n".join(client.scopes), since, until)
    screen.print(table)


def _rotate(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.signing import signing_file

    keys = signing_file(app.settings).rotate(drop_old=options["drop_old"])
    if options["as_json"]:
        print_json({"current": keys.current, "keys": list(keys.keys)})
    else:
        told = Saying("show.clients.rotated", {"current": keys.current, "keys": len(keys.keys)})
        click.echo(app.texts.say(language, told))
    return 0


ANSWERS: Mapping[str, Callable[[App, str, dict[str, Any]], int]] = {
    "add": _add,
    "list": _list,
    "disable": _disable,
    "rotate-key": _rotate,
}
