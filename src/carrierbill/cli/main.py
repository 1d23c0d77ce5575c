"""Main: the command tree, imported command by command, and the one place where errors become exit codes."""

import os
import sys
from collections.abc import Mapping, Sequence

import click

from carrierbill.cli.bad_use import sentence_for
from carrierbill.cli.commands import LazyGroup, language_of
from carrierbill.domain.errors import BadInputError, SayableError
from carrierbill.domain.saying import Saying

DONE, BAD_USE, BUG, INTERRUPTED = 0, 2, 70, 130
NAME = "carrierbill"
COMPLETION = "_CARRIERBILL_COMPLETE"
COMMANDS: Mapping[str, str] = {
    "late-fee": "carrierbill.cli.answers:late_fee_command",
    "outlook": "carrierbill.cli.answers:outlook_command",
    "policy": "carrierbill.cli.policy:policy_group",
    "db": "carrierbill.cli.database:db_group",
    "day": "carrierbill.cli.operations:day_group",
    "month": "carrierbill.cli.operations:month_group",
    "merchant": "carrierbill.cli.lines:merchant_group",
    "line": "carrierbill.cli.lines:line_group",
    "staff": "carrierbill.cli.staff:staff_group",
    "gateway": "carrierbill.cli.gateway:gateway_group",
    "client": "carrierbill.cli.clients:client_group",
    "token": "carrierbill.cli.clients:token_command",
    "serve": "carrierbill.cli.service:serve_command",
    "demo": "carrierbill.cli.demo:demo_command",
}


def command_tree(language: str = "en") -> click.Group:
    """The whole command line in one language."""
    return LazyGroup(language=language, commands_at=COMMANDS, name=NAME, help_key="cli.help")


def run(arguments: Sequence[str]) -> int:
    """Run the command line: the answer on stdout, an error as one line on stderr; returns the exit code."""
    language = "en"
    try:
        language = language_of(arguments, os.environ)
        code = _answer(arguments, language)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has enough of it; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (click.ClickException, SayableError) as error:
        return _say_bad_use(error, language)
    except OSError as error:
        return _say_bad_use(_unwritten(error), language)
    except Exception as error:  # noqa: BLE001  # the last place that can keep a trace from a person
        from carrierbill.cli.bad_use import keep_trace

        click.echo(keep_trace(error, language), err=True)
        return BUG
    return code


def _answer(arguments: Sequence[str], language: str) -> int:
    """Run the one command that is asked for; asked for nothing, show what there is."""
    tree = command_tree(language)
    if COMPLETION in os.environ:
        # Only click's own entry answers a shell that completes; it leaves by itself.
        tree.main(list(arguments), prog_name=NAME)
    try:
        with tree.make_context(NAME, list(arguments)) as context:
            code = tree.invoke(context)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
        return DONE
    except click.exceptions.Exit as done:
        return done.exit_code
    return code if isinstance(code, int) else DONE


def _unwritten(error: OSError) -> BadInputError:
    """A full disk or a broken terminal: a file that is read says its own faults, so this was the answer."""
    # What could not be written must not be tried again at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BadInputError("stdout", Saying("bad_use.cannot_write", {"why": error.strerror or str(error)}))


def _say_bad_use(error: click.ClickException | SayableError, language: str) -> int:
    line = " ".join(sentence_for(error, language).split())
    click.echo(f"carrierbill: {line}", err=True)
    return BAD_USE
