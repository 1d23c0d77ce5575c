"""Bootstrap: the one place where settings, rule sets, texts and the clock are joined."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.policies.differences import values_by_key
from carrierbill.policies.load import Shelf
from carrierbill.policies.read import PolicyFaultError
from carrierbill.policies.topics import TOPICS, note_keys
from carrierbill.settings import PREFIX, Settings, read_settings
from carrierbill.texts.load import LANGUAGES, Texts, is_plain, read_sentences, read_texts

DEFAULT_RULES = "guide"


@dataclass(frozen=True)
class App:
    """The joined parts: settings, the shelf of rule sets, the sentences."""

    settings: Settings
    shelf: Shelf
    texts: Texts

    def rules(self, name: str | None = None) -> RuleSet:
        """The rule set asked for, else the one in the settings, else the guide; for answers only."""
        chosen = name if name is not None else self.settings.rules or DEFAULT_RULES
        rules = self.shelf.rule_set(chosen)
        if not rules.shipped:
            check_sentences(rules, self.shelf.folder(chosen), self.texts)
        return rules

    def today(self) -> date:
        """The day in Seoul."""
        return datetime.now(tz=ZoneInfo("Asia/Seoul")).date()


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
