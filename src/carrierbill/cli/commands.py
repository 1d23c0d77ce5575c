"""Commands: groups that refuse an unknown name in our words and import a command when it is asked for."""

from collections.abc import Mapping, Sequence
from importlib import import_module

import click

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import LANGUAGES, read_texts

LOCALE_NAMES = ("LC_ALL", "LC_MESSAGES", "LANG")


class NamedGroup(click.Group):
    """A group of commands; a name that none of them has is bad use."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; BadInputError names those there are."""
        command = super().get_command(ctx, cmd_name)
        if command is None and not ctx.resilient_parsing:
            known = ", ".join(self.list_commands(ctx))
            raise BadInputError(cmd_name, Saying("bad_use.no_such_command", {"known": known}))
        return command


class LazyGroup(NamedGroup):
    """A group that imports a command only when it is the one asked for."""

    def __init__(self, *, language: str, commands_at: Mapping[str, str], name: str, help_key: str) -> None:
        """Know where each command is made; its one-line help stands in the texts."""
        texts = read_texts()
        super().__init__(name=name, help=texts.say(language, help_key))
        self.params = [language_option(language)]
        self.language = language
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the contract page."""
        del ctx
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and make the one command."""
        if cmd_name not in self.commands_at:
            return super().get_command(ctx, cmd_name)
        module, maker = self.commands_at[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), maker)(self.language)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        texts = read_texts()
        rows = [(name, texts.say(self.language, f"cli.{name}.short")) for name in self.list_commands(ctx)]
        with formatter.section(texts.say(self.language, "cli.commands")):
            formatter.write_dl(rows)


def language_option(language: str) -> click.Option:
    """`--lang`: read before the command tree is made, declared so that it is known everywhere."""
    help_text = read_texts().say(language, "cli.option.lang")
    return click.Option(["--lang"], metavar="ko|en", expose_value=False, help=help_text)


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
