"""Languages: which one a person asked for."""

from collections.abc import Mapping, Sequence

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import LANGUAGES

LOCALE_NAMES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_of(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The language of `--lang`, else of the locale, else English.

    >>> language_of(["late-fee", "--lang", "ko"], {}), language_of([], {"LANG": "ko_KR.UTF-8"})
    ('ko', 'ko')
    """
    for place, argument in enumerate(arguments):
        if argument == "--lang" or argument.startswith("--lang="):
            following = arguments[place + 1] if place + 1 < len(arguments) else ""
            asked = following if argument == "--lang" else argument.removeprefix("--lang=")
            if asked not in LANGUAGES:
                raise BadInputError("--lang", Saying("bad_use.lang", {"known": ", ".join(LANGUAGES)}))
            return asked
    locale = next((environment[name] for name in LOCALE_NAMES if environment.get(name)), "")
    return "ko" if locale.lower().startswith("ko") else "en"
