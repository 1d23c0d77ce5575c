"""Logs: a line of JSON for each thing worth telling, with nothing in it that tells of a person."""

import logging
import re
import sqlite3
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import psycopg
from msgspec.json import Encoder

ENCODE = Encoder().encode
# What a line may tell besides its message.
TOLD = ("correlator", "operation", "status", "ms")
FRAMES = 12
HIDDEN = "[…]"
# A second wall: what is written to be logged has none of this in it.
LOOKS_PERSONAL = re.compile(
    r"""
    (?:bearer|basic)\s+[^\s"',]+                        # credentials
    | \beyJ[\w-]+(?:\.[\w-]*){1,2}                      # a signed token
    | (?<=\?)[\w%.~+-]+=[^\s"']*                        # a query
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                      # a mail address
    | (?<![\w.])\+\d(?:[\s().-]{0,3}\d){6,14}              # a phone number, as the world writes it
    | (?<![\w.])0\d{1,2}[\s.)-]{0,2}\d{3,4}[\s.-]?\d{4}(?![\w-])  # as Korea writes it
    | (?<![\w.])82[\s.-]?1\d[\s.-]?\d{3,4}[\s.-]?\d{4}(?![\w-])   # without its sign
    | (?<![\w.-])\d{6}-?[1-8]\d{6}(?![\w-])             # a resident's number
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Why the system or the database could not do something; other errors may hold what somebody sent.
OF_THE_SYSTEM = (OSError, psycopg.OperationalError, sqlite3.OperationalError)
answers = logging.getLogger("carrierbill.answers")


class Lines(logging.Formatter):
    """A record as a line of JSON: time, level, logger, message, and which of TOLD it knows."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage().strip()),
        }
        for name in TOLD:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = masked(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[1] is not None:
            line |= _failure(record.exc_info[1])
        return ENCODE(line).decode()


def masked(text: str) -> str:
    """A text without what looks like a phone number, a token, a query, or a mail address.

    >>> masked("to +82 10-1234-5678 by 01012345678 with Bearer abc.def?x=1")
    'to […] by […] with […]'
    """
    return LOOKS_PERSONAL.sub(HIDDEN, text)


def _failure(error: BaseException) -> dict[str, object]:
    """What failed, where, and, if it was the system, why; never what it was given."""
    told: dict[str, object] = {"error": type(error).__name__, "at": _frames(error.__traceback__)}
    if isinstance(error, OF_THE_SYSTEM):
        # What follows the first line quotes rows and statements.
        told["why"] = masked(str(error).partition("\n")[0])
    cause = error.__cause__ or error.__context__
    if cause is not None:
        told["of"] = type(cause).__name__
    return told


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _place(file: str) -> str:
    """The file as its package knows it; where it is installed is nobody's business."""
    parts = Path(file).parts
    return "/".join(parts[-3:])


def write_lines(logger: logging.Logger) -> None:
    """Have all that a logger hands on written as lines of JSON."""
    for handler in logger.handlers:
        handler.setFormatter(Lines())


def log_answer(level: int, *, operation: str, status: int, ms: int, correlator: str | None) -> None:
    """Tell of an answer that somebody should look at."""
    told = {"operation": operation, "status": status, "ms": ms, "correlator": correlator}
    answers.log(level, "answered", extra=told)
