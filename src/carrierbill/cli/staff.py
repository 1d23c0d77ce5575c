"""Staff: who may sign in, and as what; a password is typed or piped, and is in no argument and no log."""

import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from carrierbill.bootstrap import App, start
from carrierbill.cli.answers import print_json, refuse
from carrierbill.cli.commands import NamedGroup
from carrierbill.cli.given import form_options, option
from carrierbill.domain.errors import BadInputError, RefusedError
from carrierbill.domain.saying import Saying
from carrierbill.domain.session import Role, Staff
from carrierbill.texts.load import read_texts

if TYPE_CHECKING:
    from carrierbill.services.admit_staff import AddStaff, ChangeStaff

ACTOR = "cli"
PIPED = "--password-stdin"
# What a service finds wrong, by its own name for it.
OPTIONS = {"name": "NAME", "role": "--role"}


def staff_group(language: str) -> click.Group:
    """`staff`: add, list, role, password, disable."""
    texts = read_texts()

    def command(name: str, *parameters: click.Parameter) -> click.Command:
        answer = ANSWERS[name]
        return click.Command(
            name,
            params=[*parameters, *form_options(language)],
            help=texts.say(language, f"cli.staff-{name}.help"),
            callback=lambda **options: answer(start(), language, options),
        )

    name = click.Argument(["login"], metavar="NAME")
    role = option(language, "--role", required=True, metavar="|".join(Role))
    piped = option(language, PIPED, is_flag=True)
    commands = {
        "add": command("add", name, role, piped),
        "list": command("list"),
        "role": command("role", name, role),
        "password": command("password", name, piped),
        "disable": command("disable", name),
    }
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, "cli.staff.help")
    return NamedGroup("staff", commands=commands, help=help_text, params=[language_option])


def _add(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.services.admit_staff import AddStaff

    password_hash = _password_hash(app, language, piped=options["password_stdin"])
    command = AddStaff(options["login"], options["role"], password_hash, ACTOR)
    return _decided(app, language, command, as_json=options["as_json"])


def _password(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.services.admit_staff import ChangeStaff

    password_hash = _password_hash(app, language, piped=options["password_stdin"])
    command = ChangeStaff(options["login"], ACTOR, password_hash=password_hash)
    return _decided(app, language, command, as_json=options["as_json"])


def _role(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.services.admit_staff import ChangeStaff

    command = ChangeStaff(options["login"], ACTOR, role=options["role"])
    return _decided(app, language, command, as_json=options["as_json"])


def _disable(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.services.admit_staff import ChangeStaff

    command = ChangeStaff(options["login"], ACTOR, disable=True)
    return _decided(app, language, command, as_json=options["as_json"])


def _decided(app: App, language: str, command: "AddStaff | ChangeStaff", *, as_json: bool) -> int:
    from carrierbill.services.admit_staff import AddStaff, StaffChanged, add_staff, change_staff
    from carrierbill.services.decide import Refused

    with closing(app.database()) as database:
        # Who may sign in is no matter of a rule set; any is as good as another.
        rules = app.rules()
        if isinstance(command, AddStaff):
            (outcome,) = database.decide(add_staff, [command], rules)
        else:
            (outcome,) = database.decide(change_staff, [command], rules)
    if isinstance(outcome, BadInputError):
        raise BadInputError(OPTIONS[outcome.field], outcome.reason)
    if isinstance(outcome, Refused):
        return refuse(RefusedError(outcome.rule, outcome.told), app.texts, language, as_json=as_json)
    if not isinstance(outcome, StaffChanged):
        raise TypeError(outcome)
    if as_json:
        print_json({"name": outcome.name, "role": outcome.role, "disabled": outcome.disabled})
    else:
        told = {"staff": outcome.name, "role": outcome.role}
        what = "disabled" if outcome.disabled else "admitted"
        click.echo(app.texts.say(language, Saying(f"show.staff.{what}", told)))
    return 0


def _list(app: App, language: str, options: dict[str, Any]) -> int:
    with closing(app.database()) as database, database.unit() as unit:
        staff = unit.peek(Staff)
    if options["as_json"]:
        print_json({"staff": [_document(each) for each in staff]})
        return 0
    if not staff:
        click.echo(app.texts.say(language, "show.staff.none"))
    for each in staff:
        what = "admitted" if each.disabled_at is None else "disabled"
        told = {"staff": each.name, "role": str(each.role)}
        click.echo(app.texts.say(language, Saying(f"show.staff.{what}", told)))
    return 0


def _document(staff: Staff) -> dict[str, Any]:
    disabled_at = staff.disabled_at.isoformat() if staff.disabled_at is not None else None
    return {
        "name": staff.name,
        "role": str(staff.role),
        "added_at": staff.added_at.isoformat(),
        "disabled_at": disabled_at,
    }


# ── passwords ────────────────────────────────────────────────────────────────────────────────────────────
def _password_hash(app: App, language: str, *, piped: bool) -> str:
    from carrierbill.storage.passwords import LEAST_LETTERS, MOST_LETTERS, Passwords

    password = sys.stdin.readline().rstrip("\r\n") if piped else _typed(app, language)
    if not LEAST_LETTERS <= len(password) <= MOST_LETTERS:
        bounds = {"least": LEAST_LETTERS, "most": MOST_LETTERS}
        raise BadInputError(PIPED if piped else "NAME", Saying("bad_use.password", bounds))
    return Passwords().hash_of(password)


def _typed(app: App, language: str) -> str:
    """The password, typed twice alike at a terminal; it is shown nowhere."""
    if not sys.stdin.isatty():
        raise BadInputError(PIPED, Saying("bad_use.password_stdin"))
    first, again = (
        click.prompt(app.texts.say(language, f"show.staff.{asked}"), hide_input=True, err=True)
        for asked in ("password", "password_again")
    )
    if first != again:
        raise BadInputError("NAME", Saying("bad_use.password_differs"))
    return str(first)


ANSWERS: Mapping[str, Callable[[App, str, dict[str, Any]], int]] = {
    "add": _add,
    "list": _list,
    "role": _role,
    "password": _password,
    "disable": _disable,
}
