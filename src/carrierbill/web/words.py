"""Words: the sentences of a page in the language it was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape
from starlette.requests import Request

from carrierbill.domain.saying import Saying
from carrierbill.texts.load import LANGUAGES, Texts, Value

DEFAULT_LANGUAGE = "ko"
WHOLE = Markup('<span class="whole">{}</span>')


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences, amounts and days in one language."""

    texts: Texts
    language: str

    @property
    def other(self) -> str:
        """The language the page can be switched to."""
        return next(language for language in LANGUAGES if language != self.language)

    def t(self, key: str, **values: Value) -> Markup:
        """The sentence of a key, its placeholders filled the language's way."""
        return self.say(Saying(key, values))

    def say(self, saying: Saying) -> Markup:
        """A saying, safe to stand in a page, with its days and amounts kept from breaking over a line."""
        shown = {name: self._shown(name, value) for name, value in saying.values.items()}
        return self.marked(saying.key, shown)

    def marked(self, key: str, values: Mapping[str, Markup | str]) -> Markup:
        """A sentence whose values are marked up already; all else in it is escaped."""
        return Markup(escape(self.texts.say(self.language, key))).format(**values)  # noqa: S704  # escaped in the same line

    def plain(self, saying: Saying) -> str:
        """A saying without any mark-up, for places that hold text alone."""
        return self.texts.say(self.language, saying)

    def won(self, won: int) -> Markup:
        """An amount in won."""
        return WHOLE.format(self.texts.won(self.language, won))

    def day(self, day: date) -> Markup:
        """A day with its weekday."""
        return WHOLE.format(self.texts.day(self.language, day))

    def short_day(self, day: date) -> str:
        """A day without year and weekday, where room is short."""
        month = self.texts.say(self.language, "written.months").split()[day.month - 1]
        return self.plain(Saying("page.short_day", {"month": month, "day": day.day}))

    def name(self, kind: str, value: str) -> str:
        """The name of a carrier, a rule set, a stage and so on."""
        return self.texts.name(self.language, kind, value)

    def _shown(self, name: str, value: Value) -> Markup | str:
        if isinstance(value, Saying):
            return self.say(value)
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, int):
            return self.won(value) if name.endswith("_won") else f"{value:,}"
        return self.name(name, value)


def plural(count: int) -> str:
    """The ending of a sentence's key for a number: English tells one from many.

    >>> plural(1), plural(0), plural(2)
    ('one', 'other', 'other')
    """
    return "one" if count == 1 else "other"


def language_for(request: Request) -> str:
    """The language asked for in a posted form, else in the address, else by the browser, else Korean."""
    asked = getattr(request.state, "language", "") or request.query_params.get("lang")
    return asked if asked in LANGUAGES else accepted_language(request.headers.get("accept-language", ""))


def accepted_language(header: str) -> str:
    """The language of ours that an Accept-Language header likes best.

    >>> accepted_language("de, en-GB;q=0.8, ko;q=0.9"), accepted_language("fr"), accepted_language("en;q=x")
    ('ko', 'ko', 'ko')
    """
    liked: dict[str, int] = {}
    for entry in header.split(","):
        name, _, weight = entry.strip().partition(";")
        language = name.partition("-")[0].strip().lower()
        if language in LANGUAGES:
            liked[language] = max(_weight(weight), liked.get(language, 0))
    best = max(liked, key=lambda language: liked[language], default=DEFAULT_LANGUAGE)
    return best if liked.get(best) else DEFAULT_LANGUAGE


def _weight(parameter: str) -> int:
    """A quality in thousandths: 1 where none is given, 0 where it is no quality."""
    quality = parameter.strip().removeprefix("q=") or "1"
    whole, _, rest = quality.partition(".")
    digits = whole + f"{rest:0<3}"[:3]
    return int(digits) if digits.isascii() and digits.isdigit() and len(whole) == 1 else 0
