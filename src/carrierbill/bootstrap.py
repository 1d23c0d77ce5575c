"""Bootstrap: the one place where settings, rule sets, texts and the clock are joined."""

import os
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from carrierbill.domain.dates import SEOUL, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.policies.differences import values_by_key
from carrierbill.policies.load import Shelf
from carrierbill.policies.read import PolicyFaultError
from carrierbill.policies.topics import TOPICS, note_keys
from carrierbill.settings import PREFIX, Settings, database_url, heads_file, keys_path, read_settings
from carrierbill.texts.load import LANGUAGES, Texts, is_plain, read_sentences, read_texts

if TYPE_CHECKING:
    from carrierbill.storage.database import Database
    from carrierbill.storage.key_file import KeyFile

DEFAULT_RULES = "guide"


def seoul_now() -> datetime:
    """The instant, on the clock of Seoul; the one place where the real clock is read."""
    return datetime.now(tz=SEOUL)


@dataclass(frozen=True)
class App:
    """The joined parts: settings, the shelf of rule sets, the sentences, the one clock."""

    settings: Settings
    shelf: Shelf
    texts: Texts
    clock: Callable[[], datetime] = seoul_now

    def rules(self, name: str | None = None) -> RuleSet:
        """The rule set asked for, else the one in the settings, else the guide; for answers only."""
        chosen = name if name is not None else self.settings.rules or DEFAULT_RULES
        rules = self.shelf.rule_set(chosen)
        if not rules.shipped:
            check_sentences(rules, self.shelf.folder(chosen), self.texts)
        return rules

    def today(self) -> date:
        """The day in Seoul."""
        return seoul_day(self.clock())

    def key_file(self) -> "KeyFile":
        """The key file; whether it is there is found out when it is read."""
        from carrierbill.storage.key_file import KeyFile

        return KeyFile(keys_path(self.settings))

    def database(self) -> "Database":
        """The database with its keys and the clock.

        Raises BadInputError, in one line, for one that cannot be reached, is not of the newest schema, or was
        made under other keys.
        """
        from carrierbill.storage.database import open_database
        from carrierbill.storage.marks import check_keys
        from carrierbill.storage.schema import check_newest, check_there

        url = database_url(self.settings)
        check_there(url)
        database = open_database(url, self.key_file().read(), self.clock)
        try:
            check_newest(database.engine)
            with database.session() as session:
                check_keys(session, database.keys)
        except BadInputError:
            database.close()
            raise
        return database

    def upgraded_database(self) -> "tuple[Database, str | None]":
        """The database brought to the newest schema, made if there is none, and the schema it had before.

        The first time its key file is made as well; later a missing one is never made anew.
        """
        from carrierbill.storage.database import Database, engine_of
        from carrierbill.storage.marks import settle_keys
        from carrierbill.storage.schema import make_file, upgrade, version_of

        make_file(database_url(self.settings))
        engine, key_file = engine_of(database_url(self.settings)), self.key_file()
        try:
            is_new = version_of(engine) is None and not key_file.path.exists()
            if is_new and self.settings.keys_file is None:
                # The data folder is ours to make; where it cannot be, the key file says so.
                with suppress(OSError):
                    key_file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            keys = key_file.create() if is_new else key_file.read()
            before, _ = upgrade(engine)
            database = Database(engine, keys, self.clock)
            with database.session() as session:
                settle_keys(session, keys)
        except BadInputError:
            engine.dispose()
            raise
        return database, before

    def print_heads(self, database: "Database") -> None:
        """Print the heads of the books outside the database, once a day, to prove later what was there."""
        from carrierbill.storage.proof import print_heads

        with database.snapshot() as session:
            print_heads(session, heads_file(), self.clock())

    def acting_rules(self, database: "Database") -> RuleSet:
        """The rule set that may act on a database, kept in it; BadInputError where it has to be named first.

        A demo is acted in by the guide, each of its rows confirmed; elsewhere nothing acts by default.
        """
        from carrierbill.storage.marks import is_demo, record_rules

        with database.session() as session:
            rules = self._acting_rules(demo=is_demo(session))
            record_rules(session, rules, self.clock())
        return rules

    def _acting_rules(self, *, demo: bool) -> RuleSet:
        if not demo and self.settings.rules is None:
            raise BadInputError(f"{PREFIX}RULES", Saying("bad_use.rules_to_act_by"))
        rules = self.rules()
        return confirmed(rules) if demo and rules.name == DEFAULT_RULES else rules


def confirmed(rules: RuleSet) -> RuleSet:
    """The rule set with every row of its ladders confirmed; for demos alone."""
    ladders = {
        key: replace(
            dated,
            values=tuple(
                replace(
                    value,
                    content=replace(
                        value.content,
                        rows=tuple(replace(row, confirmed=True) for row in value.content.rows),
                    ),
                )
                for value in dated.values
            ),
        )
        for key, dated in rules.stages.items()
    }
    return replace(rules, stages=ladders)


def start(environment: Mapping[str, str] | None = None) -> App:
    """Read settings, look for rule sets and their sentences.

    Raises BadInputError for a setting, PolicyFaultError for an operator's rule set without sentences.
    """
    settings = read_settings(os.environ if environment is None else environment)
    shelf = Shelf(settings.policies)
    texts = read_texts()
    for name in shelf.names:
        own = shelf.folder(name) / "texts"
        if own.is_dir():
            texts = with_own_texts(texts, own)
    if settings.rules is not None and settings.rules not in shelf.names:
        known = ", ".join(shelf.names)
        raise BadInputError(
            f"{PREFIX}RULES", Saying("bad_input.rules", {"given": settings.rules, "known": known})
        )
    return App(settings, shelf, texts)


def with_own_texts(texts: Texts, folder: Path) -> Texts:
    """The sentences with an operator's own; PolicyFaultError when these cannot be read or repeat ours."""
    for language in LANGUAGES:
        file = folder / f"{language}.toml"
        try:
            own = read_sentences(file)
        except OSError as error:
            reason = Saying("policy_fault.unreadable", {"why": error.strerror or ""})
            raise PolicyFaultError(file, "", reason) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PolicyFaultError(file, "", Saying("policy_fault.not_toml", {"why": str(error)})) from None
        for key in own:
            if key in read_texts().sentences[language]:
                raise PolicyFaultError(file, key, Saying("policy_fault.shipped_sentence"))
    return texts.with_own(folder)


def check_sentences(rules: RuleSet, folder: Path, texts: Texts) -> None:
    """Refuse a rule set whose carriers, stages or notes cannot be named to people."""
    for key in _sentences_of(rules):
        if not texts.has(key):
            raise PolicyFaultError(folder, key, Saying("policy_fault.no_text", {"key": key}))
        for language in LANGUAGES:
            if not is_plain(texts.sentences[language][key]):
                file = folder / "texts" / f"{language}.toml"
                raise PolicyFaultError(file, key, Saying("policy_fault.placeholder"))


def _sentences_of(rules: RuleSet) -> list[str]:
    keys = [f"carrier.{carrier}" for carrier in rules.carriers]
    for value in rules.stages["ladder"].values:
        keys += [f"stage.{row.stage}.{part}" for row in value.content.rows for part in ("name", "told")]
    for dated in rules.restoration.values():
        rows = [row for value in dated.values for row in value.content.rows]
        keys += [f"note.{row.note}" for row in rows if row.note]
    keys += [f"contact.{contact}.name" for contact in rules.contacts]
    keys += [f"note.{note}" for topic in TOPICS for note in note_keys(dict(values_by_key(rules, topic)))]
    return [*keys, *(f"note.{note}" for note in rules.notes)]
