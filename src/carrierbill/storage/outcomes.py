"""Outcomes: what a command was answered with, as text to be remembered, and back."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

from msgspec.json import Encoder

from carrierbill.domain.limits import Reason
from carrierbill.services.decide import OUTCOMES

# The names under which what JSON lacks is written.
KIND, DAY, INSTANT = "_", "_day", "_at"


WRITING = Encoder()


def outcome_text(outcome: object) -> str:
    """An outcome as JSON that names its kind; TypeError for what is not marked as one."""
    return WRITING.encode(_written(outcome)).decode()


def outcome_of(text: str) -> Any:  # noqa: ANN401  # of any kind of outcome
    """The outcome that was written."""
    return json.loads(text, object_hook=_read)


def _written(value: Any) -> Any:  # noqa: ANN401  # a field of any type
    kind: type = type(value)
    if kind in PLAIN:
        return value
    writer = _writer_of(kind)
    return value if writer is None else writer(value)


PLAIN = frozenset({int, str, bool, type(None)})


@cache
def _writer_of(kind: type) -> Callable[[Any], Any] | None:
    """How values of a class are written; None where JSON has them."""
    if is_dataclass(kind):
        if kind.__name__ not in OUTCOMES:
            raise TypeError(kind)
        return _writer_of_parts(kind.__name__, [field.name for field in fields(kind)])
    for plain, writer in WRITERS.items():
        if issubclass(kind, plain):
            return writer
    return None


def _writer_of_parts(kind: str, names: Sequence[str]) -> Callable[[Any], Any]:
    if not names:
        return lambda _: {KIND: kind}
    # Of an only name it gives the part itself, not one in a tuple.
    parts = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)

    def write(value: object) -> dict[str, Any]:
        written: dict[str, Any] = {KIND: kind}
        for name, part in zip(names, parts(value), strict=True):
            written[name] = part if type(part) in PLAIN else _written(part)
        return written

    return write


# A datetime is a date too: the narrower comes first.
WRITERS: Mapping[type, Callable[[Any], Any]] = {
    StrEnum: str,
    datetime: lambda value: {INSTANT: value.isoformat()},
    date: lambda value: {DAY: value.isoformat()},
    dict: lambda value: {name: _written(part) for name, part in value.items()},
    tuple: lambda value: [_written(part) for part in value],
    list: lambda value: [_written(part) for part in value],
}


def _read(written: dict[str, Any]) -> Any:  # noqa: ANN401  # of any kind of outcome
    if INSTANT in written:
        return datetime.fromisoformat(written[INSTANT])
    if DAY in written:
        return date.fromisoformat(written[DAY])
    name = written.pop(KIND, None)
    if name is None:
        return written
    if name == "Declined":
        written["reason"] = Reason(written["reason"])
    return OUTCOMES[name](**{key: tuple(v) if isinstance(v, list) else v for key, v in written.items()})
