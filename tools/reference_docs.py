"""Write docs/reference from the program itself: its commands, its settings, its shipped policy.

Run by `make docs`; a test compares the committed pages with what this makes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from carrierbill.cli.main import command_tree
from carrierbill.domain.policy import Source, StageRow, Value
from carrierbill.policies.business_days import read_calendar
from carrierbill.policies.differences import says
from carrierbill.policies.load import CALENDAR, SHIPPED, SHIPPED_FOLDER, Layer, read_common, read_layer
from carrierbill.policies.topics import note_keys
from carrierbill.settings import PREFIX, SETTINGS, Settings
from carrierbill.texts.load import read_texts

TARGET = Path(__file__).parents[1] / "docs" / "reference"
LANGUAGE = "en"
MADE = (
    "<!-- Made by tools/reference_docs.py (`make docs`); change the program or the policy, not this page. -->"
)
Lines = Iterator[str]

COMMANDS_HEAD = """\
Every answer is text for people, in `--lang ko` or `--lang en` (else the locale's language, else
English), or with `--json` one document for programs ([its fields](json.md)). Days are `YYYY-MM-DD`,
money is whole won from 1 to 1,000,000,000,000; thousands commas are understood.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused by a rule: none is in force on a day, or `policy check` found a fault; the answer says which |
| 2 | bad use: one line on stderr names the option, setting or file and what is right; stdout is empty |
| 70 | a bug: one line on stderr; the trace is kept in `bugs.log` in the data folder |
"""
SETTINGS_HEAD = """\
A setting is an environment variable, or a key of the TOML file that `CARRIERBILL_CONFIG` names; where
both give it, the environment holds. An unknown name or a bad value stops the start with one line. An
option such as `--port` goes before the setting of its name.
"""
SETTINGS_FOOT = """\
Two more are looked at: `CARRIERBILL_CONFIG`, the settings file, and `XDG_DATA_HOME` (default
`~/.local/share`) with the data folder `carrierbill`: `serve.log` and `bugs.log`, which tell of nobody;
by default the database and its keys; the heads of the books in `heads.log`; what goes out in `outgoing`.
"""
# What a setting is for; a new one without its line here stops this tool.
MAIL = {"PORT": "port", "USER": "user", "PASSWORD": "password", "CA_FILE": "certificates"}
MAIL |= {"FROM": "sender's address", "TO": "reader: who prints and posts letters"}
FOR = {
    "RULES": "the rule set that answers use when none is named with `--rules`",
    "POLICIES": "a folder of your own rule sets, one folder each ([how](../how-to/own-rule-set.md))",
    "HOST": "the address that `serve` listens on",
    "PORT": "the port that `serve` listens on; 0 takes any free one",
    "DATABASE_URL": "the database: SQLite, or PostgreSQL ([how](../how-to/production-postgresql.md))",
    "KEYS_FILE": "the key file ([how](../how-to/rotate-keys.md)); with PostgreSQL it has to be named",
    "MODE": "`async`: done a little later",
    "ASYNC_DELAY_S": "after so many seconds",
    "RATE_LIMIT": "requests a second and client; 0: any",
    "MAX_MATCHING": "records found; 0: any",
    "SINK_PRIVATE": "1 allows private addresses of events, in tests",
    "SINK_CA_FILE": "trusted there too",
    "OIDC_ISSUER": "the provider whose access tokens are taken as well as ours",
    "SMS_API_KEY": "the key of a SOLAPI account, for text messages ([how](../how-to/send-notices.md))",
    **{f"SMS_{name}": "of the same account" for name in ("API_SECRET", "FROM", "URL")},
    "SMS_KAKAO_PF_ID": "the Alimtalk channel",
    "SMS_KAKAO_TEMPLATES": "a TOML file of its templates",
    "SMS_RECEIPTS_SECRET": "the secret of the webhook that pushes receipts; without it none is taken",
    "SMTP_HOST": "the mail server that letters are handed to ([how](../how-to/send-notices.md))",
    "SMTP_TLS": "`starttls`, or `implicit` where it is encrypted from the start; never in the clear",
    **{f"SMTP_{name}": f"its {said}" for name, said in MAIL.items()},
}
DEFAULTS = {
    "RULES": "`guide`; nothing acts by default",
    "POLICIES": "none",
    "DATABASE_URL": "`carrierbill.db` in the data folder",
    "KEYS_FILE": "`keys.toml` in the data folder",
    "SMTP_PORT": "587, or 465 with `implicit`",
}
POLICIES_HEAD = """\
What the shipped rule sets say, folder by folder: for each key the day its value holds from, what it says
in the words of the file, and who says so. What a folder leaves out is as in the rule set it is based on,
and then as in `common`. `carrierbill policy show TOPIC` shows what is in force on a day after all of
that, `carrierbill policy diff` what differs between two rule sets.

A source is a [publication](#publications) and the place in it. Its standing: `law` a statute;
`published` by the one whose rule it is; `reported` by others; `assumed` by this project. [Notes](#notes)
tell where sources contradict each other.

A folder holds `rule_set.toml` (what it is based on, notes on it as a whole), one file a topic, and may
hold `sources.toml` (publications to cite). `common` also has `business_days.toml`.
"""


def commands_page() -> Lines:
    """Every command, its usage, what it does, its arguments and options."""
    yield from ("# Commands", MADE, COMMANDS_HEAD)
    tree = command_tree(LANGUAGE)
    yield from _command(tree, click.Context(tree, info_name="carrierbill"))


def _command(command: click.Command, context: click.Context) -> Lines:
    path = context.command_path
    yield f"## `{path}`"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```\n{path} {usage}\n```"
    yield (command.help or "").replace("Example: ", "Example:\n\n    ")
    options = [_option(each) for each in command.params if isinstance(each, click.Option)]
    if options:
        yield "\n".join(options)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _command(below, click.Context(below, parent=context, info_name=name))


def _option(option: click.Option) -> str:
    metavar = "" if option.is_flag else f" {option.metavar or option.type.name}"
    told = [f"- `{max(option.opts, key=len)}{metavar}`: {option.help}"]
    if option.required:
        told.append("required")
    if option.show_default:
        told.append(f"default {option.default}")
    return "; ".join(told)


def settings_page() -> Lines:
    """Every setting: its names, what it is for, its default, what is right."""
    yield from ("# Settings", MADE, SETTINGS_HEAD)
    defaults = {field.name: field.default for field in fields(Settings)}
    rows = [
        "| environment | in a file | what it is for | default | a bad value is answered with |",
        "|---|---|---|---|---|",
    ]
    for name in SETTINGS:
        default = DEFAULTS.get(name, f"`{defaults[name.lower()]}`")
        right = read_texts().say(LANGUAGE, f"setting.{name}")
        rows.append(f"| `{PREFIX}{name}` | `{name.lower()}` | {FOR[name]} | {default} | {right} |")
    yield from ("\n".join(rows), SETTINGS_FOOT)


def policies_page() -> Lines:
    """Every value of every shipped rule set, the publications they cite, and the notes."""
    yield from ("# Policies", MADE, POLICIES_HEAD)
    common = read_common()
    yield from ("## `common`", "What holds in every rule set unless its own folder says otherwise.")
    yield from _topics(common)
    yield from _business_days()
    layers = {name: read_layer(SHIPPED_FOLDER / name, common.publications) for name in SHIPPED}
    for name, layer in layers.items():
        yield f"## `{name}`"
        based_on = f" Based on `{layer.based_on}`." if layer.based_on else ""
        yield f"In words: {_say(f'rules.{name}')}.{based_on}{_cited(layer.notes)}"
        yield from _topics(layer)
    yield from _publications(common)
    yield "## Notes"
    notes = dict.fromkeys(note for layer in (common, *layers.values()) for note in _notes_of(layer))
    yield "\n".join(f"- `{note}`: {_say(f'note.{note}')}" for note in notes)


def _topics(layer: Layer) -> Lines:
    for name, topic in layer.topics.items():
        yield f"### `{name}`: {_say(f'topic.{name}')}"
        # Carriers that one table names share its fields, so they are shown together.
        shown: dict[int, tuple[list[str], Value[Any]]] = {}
        for key, dated in topic.items():
            for value in dated.values:
                shown.setdefault(id(value.fields), ([], value))[0].append(key)
        yield "\n".join(line for keys, value in shown.values() for line in _value(keys, value))


def _value(keys: Sequence[str], value: Value[Any]) -> Lines:
    """One list entry: keys, day, plain fields, who says so and the notes; its rows below it."""
    plain: dict[str, object] = {}
    rows: list[str] = []
    for name, inner in says(value).items():
        if name == "stage":
            rows += _stages(value.fields[name], value.content.rows)
        elif isinstance(inner, list) and inner and isinstance(inner[0], Mapping):
            rows += [f"{name}: {_row(row)}" for row in inner]
        else:
            plain[name] = inner
    told = f": {_row(plain)}" if plain else ""
    source = f"{_source(value.fields, value.source)}, confirmed {value.confirmed_on}"
    yield f"- **{_code(keys)}** from {value.from_on}{told}. Source: {source}.{_cited(value.notes)}"
    yield from (f"  - {row}" for row in rows)


def _stages(stages: Any, rows: Sequence[StageRow]) -> Lines:  # noqa: ANN401  # as TOML gives it
    """The rungs of a ladder, each with its condition, effects, source and notes."""
    for field, row in zip(stages, rows, strict=True):
        condition = {key: field[key] for key in field if key not in NOT_CONDITIONS}
        told = [f"`{row.stage}` when {_row(condition)}"]
        told += [f"effects {_code(row.effects)}"] if row.effects else []
        told += [f"{carrier}: {_code(effects)}" for carrier, effects in row.effects_by_carrier.items()]
        told += [f"ends {_code(row.ends)}"] if row.ends else []
        yield f"{'; '.join(told)}. Source: {_source(field, row.source)}.{_cited(row.notes)}"


NOT_CONDITIONS = ("stage", "effects", "effects_at", "ends", "source", "where", "standing", "notes")


def _row(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_written(name, inner)}" for name, inner in row.items())


def _written(name: str, field: object) -> str:
    """A field the way a person would note it.

    >>> _written("days_late", [90]), _written("below_won", 300_000), _written("limit", ["0 days", "unknown"])
    ('90 and on', '300,000', '0 days to unknown')
    """
    if isinstance(field, bool):
        return "yes" if field else "no"
    if isinstance(field, int):
        return f"{field:,}"
    if isinstance(field, list) and name in {"days_late", "due_dates_missed"}:
        first, *last = dict.fromkeys(field)
        if len(field) == 1:
            return f"{first} and on"
        return f"{first} to {last[0]}" if last else f"{first}"
    if isinstance(field, list):
        return (" to " if name in {"line", "purchases", "limit"} else ", ").join(map(str, field))
    return str(field)


def _business_days() -> Lines:
    calendar = read_calendar(CALENDAR)
    public = sum(holiday.public for holiday in calendar.holidays.values())
    yield f"### `business_days`: {_say('topic.business_days')}"
    yield (
        f"Resolved from {calendar.first_on} to {calendar.last_on}: {public} public holidays and "
        f"{len(calendar.holidays) - public} days on which only banks are closed, each by name. A business "
        "day is a Monday to Friday that is neither."
    )


def _publications(common: Layer) -> Lines:
    yield "## Publications"
    rows = [
        f"| `{key}` | {title} | {published_on or 'it does not say'} |"
        for key, (title, published_on) in common.publications.items()
    ]
    yield "\n".join(["| `sources` key | title | published |", "|---|---|---|", *rows])


def _notes_of(layer: Layer) -> Lines:
    yield from layer.notes
    for topic in layer.topics.values():
        yield from note_keys(topic)
        contents = [value.content for dated in topic.values() for value in dated.values]
        rows = [row for content in contents for row in getattr(content, "rows", ())]
        yield from (row.note for row in rows if getattr(row, "note", None))


def _cited(notes: Sequence[str]) -> str:
    return f" Notes: {_code(notes)}." if notes else ""


def _source(field: Mapping[str, Any], source: Source) -> str:
    return f"`{field['source']}` {source.where} [{source.standing}]"


def _code(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _say(key: str) -> str:
    return read_texts().say(LANGUAGE, key)


PAGES: Mapping[str, Callable[[], Lines]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "policies.md": policies_page,
}


def page(name: str) -> str:
    """A page as it is to stand in docs/reference."""
    return "\n\n".join(part.strip("\n") for part in PAGES[name]() if part) + "\n"


def main() -> None:
    """Write the pages."""
    if untold := sorted(set(SETTINGS) - set(FOR)):
        raise SystemExit(f"say in FOR what these settings are for: {', '.join(untold)}")
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (TARGET / name).write_text(page(name), encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
