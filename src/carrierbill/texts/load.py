"""Load: the sentences, and how amounts, days and names are written in each language."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter

from carrierbill.domain.saying import Saying

LANGUAGES = ("ko", "en")
FOLDER = Path(__file__).parent
Value = int | str | date | Saying


class Texts:
    """Sentences by language and key; a saying's values are written the language's way."""

    def __init__(self, sentences: Mapping[str, Mapping[str, str]]) -> None:
        """Keep the sentences: language → key → sentence."""
        self.sentences = sentences

    def has(self, key: str) -> bool:
        """Whether every language has the sentence."""
        return all(key in self.sentences[language] for language in LANGUAGES)

    def say(self, language: str, saying: Saying | str) -> str:
        """The sentence in one language; KeyError for a key that is not there."""
        if isinstance(saying, str):
            return self.sentences[language][saying]
        written = {name: self._written(language, name, value) for name, value in saying.values.items()}
        return self.sentences[language][saying.key].format_map(written)

    def both(self, saying: Saying | str) -> dict[str, str]:
        """The sentence in every language."""
        return {language: self.say(language, saying) for language in LANGUAGES}

    def won(self, language: str, won: int) -> str:
        """An amount: `50,167원`, `50,167 won`."""
        return self.say(language, "written.won").format(amount=f"{won:,}")

    def day(self, language: str, day: date) -> str:
        """A day with its weekday: `2025년 9월 30일(화)`, `Tue 30 Sep 2025`."""
        weekday = self.say(language, "written.weekdays").split()[day.weekday()]
        month = self.say(language, "written.months").split()[day.month - 1]
        return self.say(language, "written.day").format(
            year=day.year, month=month, day=day.day, weekday=weekday
        )

    def name(self, language: str, kind: str, value: str) -> str:
        """The name of a carrier, rule set, topic, stage …; the value itself where none is written."""
        return self.sentences[language].get(f"{kind}.{value}", value)

    def with_own(self, folder: Path) -> "Texts":
        """These sentences and those of an operator's `ko.toml` and `en.toml`, which may not change ours."""
        own = {language: read_sentences(folder / f"{language}.toml") for language in LANGUAGES}
        return Texts({language: {**own[language], **self.sentences[language]} for language in LANGUAGES})

    def _written(self, language: str, name: str, value: Value) -> str:
        if isinstance(value, Saying):
            return self.say(language, value)
        if isinstance(value, date):
            return self.day(language, value)
        if isinstance(value, int):
            return self.won(language, value) if name.endswith("_won") else f"{value:,}"
        return self.name(language, name, value)


@cache
def read_texts() -> Texts:
    """The shipped sentences."""
    return Texts({language: read_sentences(FOLDER / f"{language}.toml") for language in LANGUAGES})


def read_sentences(file: Path) -> dict[str, str]:
    """The sentences of a file by dotted key; a missing file has none."""
    if not file.exists():
        return {}
    return dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), ""))


def _flat(table: Mapping[str, object], path: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", str(value)


def placeholders(sentence: str) -> frozenset[str]:
    """The names of the values a sentence asks for.

    >>> sorted(placeholders("{unpaid_won} by {due_on}"))
    ['due_on', 'unpaid_won']
    """
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name)


def is_plain(sentence: str) -> bool:
    """Whether a sentence asks for no value, and can be said as it stands.

    >>> is_plain("SKT"), is_plain("{name}"), is_plain("a stray {")
    (True, False, False)
    """
    try:
        return not any(name is not None for _, name, _, _ in Formatter().parse(sentence))
    except ValueError:
        return False
