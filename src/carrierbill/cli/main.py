"""Main: the command tree, imported command by command, and the one place where errors become exit codes."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

import click

from carrierbill.cli.bad_use import sentence_for
from carrierbill.cli.languages import language_of
from carrierbill.domain.errors import BadInputError, RefusedError, SayableError
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import read_texts

DONE, REFUSED, BAD_USE, BUG, INTERRUPTED = 0, 1, 2, 70, 130
COMMANDS: Mapping[str, str] = {
    "late-fee": "carrierbill.cli.answers:late_fee_command",
    "outlook": "carrierbill.cli.answers:outlook_command",
    "policy": "carrierbill.cli.policy:policy_group",
    "serve": "carrierbill.cli.service:serve_command",
}


class LazyGroup(click.Group):
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
        """Import and make the one command; an unknown name is bad use."""
        if cmd_name not in self.commands_at:
            if ctx.resilient_parsing:
                return None
            known = ", ".join(self.commands_at)
            raise BadInputError(cmd_name, Saying("bad_use.no_such_command", {"known": known}))
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


def command_tree(language: str = "en") -> click.Group:
    """The whole command line in one language."""
    return LazyGroup(language=language, commands_at=COMMANDS, name="carrierbill", help_key="cli.help")


def run(arguments: Sequence[str]) -> int:
    """Run the command line: the answer on stdout, an error as one line on stderr; returns the exit code."""
    language = "en"
    try:
        language = language_of(arguments, os.environ)
        return _answer(arguments, language)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has enough of it; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (click.ClickException, SayableError) as error:
        return _say_bad_use(error, language)
    except Exception as error:  # noqa: BLE001  # the last place that can keep a trace from a person
        from carrierbill.cli.bug import keep_trace

        click.echo(keep_trace(error, language), err=True)
        return BUG


def _answer(arguments: Sequence[str], language: str) -> int:
    """Run the one command that is asked for; asked for nothing, show what there is."""
    try:
        code = command_tree(language).main(list(arguments), prog_name="carrierbill", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
        return DONE
    except click.exceptions.Exit as done:
        return done.exit_code
    return code if isinstance(code, int) else DONE


def _say_bad_use(error: click.ClickException | SayableError, language: str) -> int:
    texts = read_texts()
    if isinstance(error, RefusedError):
        click.echo(f"carrierbill: {texts.say(language, error.reason)}", err=True)
        return REFUSED
    line = " ".join(sentence_for(error, language).split())
    click.echo(f"carrierbill: {line}", err=True)
    return BAD_USE
