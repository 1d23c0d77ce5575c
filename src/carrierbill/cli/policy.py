"""Policy: what is in force on a day, who says so, and what differs between two rule sets."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from carrierbill.bootstrap import App, check_sentences, start, with_own_texts
from carrierbill.cli.answers import print_json, refuse
from carrierbill.cli.commands import NamedGroup
from carrierbill.cli.given import Day, complete_rule_sets, form_options, option, resolved_day
from carrierbill.documents.answer import Json
from carrierbill.documents.policy import (
    days_off_document,
    difference_document,
    rules_document,
    topic_document,
)
from carrierbill.domain.errors import BadInputError, RefusedError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.policies.differences import differences
from carrierbill.policies.load import calendar_source, read_common, read_topic_file
from carrierbill.policies.read import PolicyFaultError, read_file
from carrierbill.policies.sources import read_publications
from carrierbill.policies.topics import TOPICS
from carrierbill.texts.load import read_texts

# What can be shown: the topics of a rule set, and the calendar they all share.
SHOWN = (*TOPICS, "business_days")


def policy_group(language: str) -> click.Group:
    """`policy`: list, show, diff, check."""
    texts = read_texts()

    def command(name: str, *parameters: click.Parameter) -> click.Command:
        answer = ANSWERS[name]
        return click.Command(
            name,
            params=[*parameters, *form_options(language)],
            help=texts.say(language, f"cli.policy-{name}.help"),
            callback=lambda **options: answer(start(), language, options),
        )

    on, rules = (
        option(language, "--on", type=Day()),
        option(language, "--rules", metavar="R", shell_complete=complete_rule_sets),
    )
    topic = click.Argument(["topic"], shell_complete=_topics)
    first, second = (
        click.Argument([name], shell_complete=complete_rule_sets) for name in ("first", "second")
    )
    path = click.Argument(["path"], type=click.Path(readable=False))
    commands = {
        "list": command("list"),
        "show": command("show", topic, rules, on),
        "diff": command("diff", first, second, on),
        "check": command("check", path),
    }
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, "cli.policy.help")
    return NamedGroup("policy", commands=commands, help=help_text, params=[language_option])


def _list(app: App, language: str, options: dict[str, Any]) -> int:
    rule_sets = [app.rules(name) for name in app.shelf.names]
    if options["as_json"]:
        documents = [rules_document(rules, app.texts) for rules in rule_sets]
        print_json({"rules": documents, "topics": list(SHOWN)})
    else:
        from carrierbill.cli.show_policy import show_list  # tables are only made for people

        show_list(rule_sets, app.texts, language)
    return 0


def _show(app: App, language: str, options: dict[str, Any]) -> int:
    topic = options["topic"]
    if topic not in SHOWN:
        raise BadInputError("TOPIC", Saying("bad_use.topic", {"known": ", ".join(SHOWN)}))
    rules = app.rules(options["rules"])
    on = resolved_day(options["on"] or app.today(), rules, "--on")
    if topic == "business_days":
        return _show_days_off(app, language, options, on=on)
    if options["as_json"]:
        print_json(topic_document(rules, topic, on, texts=app.texts))
    else:
        from carrierbill.cli.show_policy import Page, show_topic  # tables are only made for people

        show_topic(Page(rules, topic, on), app.texts, language)
    return 0


def _show_days_off(app: App, language: str, options: dict[str, Any], *, on: date) -> int:
    rules, source = app.rules(options["rules"]), calendar_source()
    if options["as_json"]:
        print_json(days_off_document(rules, on, source))
    else:
        from carrierbill.cli.show_policy import Page, show_days_off  # tables are only made for people

        show_days_off(Page(rules, "business_days", on), source, app.texts, language=language)
    return 0


def _diff(app: App, language: str, options: dict[str, Any]) -> int:
    first, second = (_named(app, options[place], place) for place in ("first", "second"))
    on = resolved_day(options["on"] or app.today(), first, "--on")
    found = list(differences(first, second, on))
    if options["as_json"]:
        documents: list[Json] = [difference_document(difference, app.texts) for difference in found]
        print_json(
            {"first": first.name, "second": second.name, "on": on.isoformat(), "differences": documents}
        )
    else:
        from carrierbill.cli.show_policy import Page, show_differences  # tables are only made for people

        show_differences(Page(first, second.name, on), found, app.texts, language=language)
    return 0


def _named(app: App, name: str, place: str) -> RuleSet:
    """A rule set by its name; an unknown one is told by the argument it was given as."""
    try:
        return app.rules(name)
    except BadInputError as unknown:
        raise BadInputError(place.upper(), unknown.reason) from None


def _check(app: App, language: str, options: dict[str, Any]) -> int:
    path = Path(options["path"])
    if not path.exists():
        raise BadInputError("PATH", Saying("bad_input.no_file"))
    try:
        checked = _checked(path, app)
    except PolicyFaultError as fault:
        refused = RefusedError("policy_file", fault.reason)
        return refuse(refused, app.texts, language, as_json=options["as_json"])
    if options["as_json"]:
        print_json({"path": str(path), "checked": checked, "faults": []})
    else:
        found = Saying("show.checked", {"path": str(path), "files": ", ".join(checked)})
        click.echo(app.texts.say(language, found))
    return 0


def _checked(path: Path, app: App) -> list[str]:
    """Read a rule set's folder or one topic file strictly; the names of the files it holds."""
    if path.is_dir():
        rules = app.shelf.read_folder(path.resolve().name, path)
        check_sentences(rules, path, with_own_texts(app.texts, path / "texts"))
        return [file.name for file in sorted(path.glob("*.toml"))]
    sources = path.parent / "sources.toml"
    own = read_publications(read_file(sources)) if sources.exists() else {}
    read_topic_file(path, {**read_common().publications, **own})
    return [path.name]


def _topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    return [topic for topic in SHOWN if topic.startswith(incomplete)]


ANSWERS = {"list": _list, "show": _show, "diff": _diff, "check": _check}
