"""Bad use: one line that names the option and says what would be right; of a bug, one naming its trace."""

import re
import traceback
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from carrierbill.domain.errors import BadInputError, SayableError
from carrierbill.domain.saying import Saying
from carrierbill.settings import data_folder
from carrierbill.texts.load import read_texts


def sentence_for(error: click.ClickException | SayableError, language: str) -> str:
    """The sentence of an error, in front of it the option it concerns."""
    texts = read_texts()
    if isinstance(error, BadInputError):
        # The shelf knows rule sets, not the option that names them here.
        field = "--rules" if error.field == "rules" else error.field
        return f"{field}: {texts.say(language, error.reason)}"
    if isinstance(error, SayableError):
        return texts.say(language, error.reason)
    saying = _saying_for(error)
    return texts.say(language, saying) if saying else error.format_message()


def _saying_for(error: click.ClickException) -> Saying | None:
    if isinstance(error, click.NoSuchOption):
        known = ", ".join(sorted(error.possibilities or ()))
        key = "bad_use.no_such_option_near" if known else "bad_use.no_such_option"
        return Saying(key, {"option": error.option_name, "known": known})
    if isinstance(error, click.MissingParameter) and error.param is not None:
        option = max(error.param.opts, key=len)
        return Saying("bad_use.missing", {"option": option, "right": Saying(_right_key(option))})
    if isinstance(error, click.BadOptionUsage):
        return _value_saying(error)
    if isinstance(error, click.UsageError) and not isinstance(error, click.BadParameter):
        # click names what it could not place in brackets at the end of its own sentence.
        extra = re.search(r"\((.*)\)$", error.message)
        return Saying("bad_use.too_much", {"extra": extra[1] if extra else error.message})
    return None


def _value_saying(error: click.BadOptionUsage) -> Saying:
    """A value is missing after an option, or was given to one that takes none."""
    option = error.option_name
    # click tells the two apart by its sentence alone.
    if "does not take" in error.message:
        return Saying("bad_use.no_value", {"option": option})
    key = _right_key(option) if read_texts().has(_right_key(option)) else "bad_use.no_value_known"
    return Saying("bad_use.missing", {"option": option, "right": Saying(key)})


def _right_key(option: str) -> str:
    return f"bad_use.right.{option.strip('-').lower()}"


def keep_trace(error: Exception, language: str) -> str:
    """Append the trace to `bugs.log` in the data folder; returns the line for people."""
    texts = read_texts()
    what = type(error).__name__
    try:
        file = _append("".join(traceback.format_exception(error)))
    except (OSError, SayableError):
        return f"carrierbill: {texts.say(language, Saying('cli.bug', {'what': what}))}"
    return f"carrierbill: {texts.say(language, Saying('cli.bug_kept', {'what': what, 'file': str(file)}))}"


def _append(trace: str) -> Path:
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "bugs.log"
    with file.open("a", encoding="utf-8") as log:
        log.write(f"{datetime.now(tz=ZoneInfo('Asia/Seoul')).isoformat()}\n{trace}\n")
    return file
