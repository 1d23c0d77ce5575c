"""Database: made and upgraded, verified, backed up and restored; people forgotten, keys rotated."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from carrierbill.bootstrap import App, start
from carrierbill.cli.answers import print_json
from carrierbill.cli.commands import NamedGroup
from carrierbill.cli.given import Day, form_options, option
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying, Values
from carrierbill.services.verify_books import BrokenLaw, Findings, WrongRow, verify_books
from carrierbill.settings import data_folder, database_url, heads_file
from carrierbill.texts.load import LANGUAGES, Texts, read_texts

DONE, WRONG = 0, 1
Told = Mapping[str, str | int | Path | None]


def db_group(language: str) -> click.Group:
    """`db`: upgrade, verify, backup, restore, forget, rotate-keys."""
    texts = read_texts()

    def command(name: str, *parameters: click.Parameter) -> click.Command:
        answer = ANSWERS[name]
        return click.Command(
            name,
            params=[*parameters, *form_options(language)],
            help=texts.say(language, f"cli.db-{name}.help"),
            callback=lambda **options: answer(start(), language, options),
        )

    file = click.Argument(["file"], type=click.Path(path_type=Path))
    commands = {
        "upgrade": command("upgrade"),
        "verify": command("verify"),
        "backup": command("backup", file),
        "restore": command("restore", file),
        "forget": command("forget", option(language, "--before", required=True, type=Day())),
        "rotate-keys": command("rotate-keys"),
    }
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, "cli.db.help")
    return NamedGroup("db", commands=commands, help=help_text, params=[language_option])


def _tell(app: App, language: str, options: dict[str, Any], *, what: str, values: Told) -> int:
    """One sentence for people, or the same values for programs."""
    if options["as_json"]:
        print_json({name: str(value) if isinstance(value, Path) else value for name, value in values.items()})
    else:
        told: Values = {name: "" if value is None else str(value) for name, value in values.items()}
        click.echo(app.texts.say(language, Saying(f"show.db.{what}", told)))
    return DONE


def _upgrade(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.schema import versions

    database, before = app.upgraded_database()
    what = "upgraded" if before not in (None, versions()[-1]) else "made" if before is None else "newest"
    database.close()
    place = database.engine.url.render_as_string(hide_password=True)
    values: Told = {"database": place, "from": before, "to": versions()[-1], "keys_file": app.key_file().path}
    return _tell(app, language, options, what=what, values=values)


def _verify(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.facts import StoredFacts
    from carrierbill.storage.proof import print_heads, printed_heads

    printed = printed_heads(heads_file())
    with closing(app.database()) as database, database.snapshot() as session:
        found = verify_books(StoredFacts(session, printed))
        if found.clean:
            # What was found wrong is not to be vouched for.
            print_heads(session, heads_file(), app.clock())
    if options["as_json"]:
        print_json(_findings_document(found, app.texts))
    else:
        _show(found, app.texts, language)
    return DONE if found.clean else WRONG


def _findings_document(found: Findings, texts: Texts) -> dict[str, Any]:
    def told(wrong: WrongRow | BrokenLaw) -> dict[str, Any]:
        saying = _saying(wrong)
        return {**asdict(wrong), "text": {language: texts.say(language, saying) for language in LANGUAGES}}

    return {
        "clean": found.clean,
        "rows": dict(found.rows),
        "trial_balance": dict(found.trial_balance),
        "wrong_rows": [told(wrong) for wrong in found.wrong_rows],
        "broken_laws": [told(broken) for broken in found.broken_laws],
    }


def _saying(wrong: WrongRow | BrokenLaw) -> Saying:
    if isinstance(wrong, WrongRow):
        values: Values = {"table": wrong.table, "seq": str(wrong.seq), "key": wrong.key or "-"}
        return Saying(f"verify.row.{wrong.what}", values)
    if wrong.booked_won is None or wrong.told_won is None:
        return Saying(f"verify.law.{wrong.law}", {"key": wrong.key})
    sides: Values = {"key": wrong.key, "booked_won": wrong.booked_won, "told_won": wrong.told_won}
    return Saying(f"verify.law.{wrong.law}", sides)


def _show(found: Findings, texts: Texts, language: str) -> None:
    rows = ", ".join(f"{table} {count:,}" for table, count in found.rows.items())
    verdict = "clean" if found.clean else "not_clean"
    click.echo(texts.say(language, Saying(f"show.db.{verdict}", {"rows": rows})))
    wrongs: list[WrongRow | BrokenLaw] = [*found.wrong_rows, *found.broken_laws]
    for wrong in wrongs:
        click.echo(f"- {texts.say(language, _saying(wrong))}")
    for account, won in found.trial_balance.items():
        if won:
            click.echo(f"  {texts.name(language, 'account', account)}: {texts.won(language, won)}")


def _backup(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.backup import back_up

    with closing(app.database()) as database:
        held = back_up(database, options["file"])
        app.print_heads(database)
    values: Told = {"file": options["file"], "at": held.at, "rows": held.rows, "index_id": held.index_id}
    return _tell(app, language, options, what="backed_up", values=values)


def _restore(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.backup import restore
    from carrierbill.storage.database import open_database

    database = open_database(database_url(app.settings), app.key_file().read(), app.clock)
    with closing(database):
        held = restore(database, options["file"])
    place = database.engine.url.render_as_string(hide_password=True)
    values: Told = {"database": place, "at": held.at, "rows": held.rows}
    return _tell(app, language, options, what="restored", values=values)


def _forget(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.forgetting import delete_files, forget_before
    from carrierbill.storage.marks import is_demo

    before, rules = options["before"], app.rules()
    retention = rules.in_force("retention", rules.retention["records"], before).content
    with closing(app.database()) as database:
        with database.snapshot() as session:
            # What lies ahead may be tried in a demo; elsewhere it would destroy what the law has kept.
            if before > app.today() and not is_demo(session):
                raise BadInputError("--before", Saying("bad_use.forget_ahead", {"today": app.today()}))
        holders = forget_before(database, before, retention)
    files = delete_files(data_folder(), before)
    values: Told = {"before": before.isoformat(), "holders": holders, "files": files}
    return _tell(app, language, options, what="forgotten", values=values)


def _rotate_keys(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.storage.rotation import rotate_keys

    with closing(app.database()) as database:
        keys, wrapped = rotate_keys(database, app.key_file())
    values: Told = {"current": keys.current, "wrapped": wrapped, "keys_file": app.key_file().path}
    return _tell(app, language, options, what="rotated", values=values)


ANSWERS: Mapping[str, Callable[[App, str, dict[str, Any]], int]] = {
    "upgrade": _upgrade,
    "verify": _verify,
    "backup": _backup,
    "restore": _restore,
    "forget": _forget,
    "rotate-keys": _rotate_keys,
}
