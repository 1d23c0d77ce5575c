"""Bug: what went wrong inside is kept in a file, and people get one line that names it."""

import traceback
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from carrierbill.domain.errors import SayableError
from carrierbill.domain.saying import Saying
from carrierbill.settings import data_folder
from carrierbill.texts.load import read_texts


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
