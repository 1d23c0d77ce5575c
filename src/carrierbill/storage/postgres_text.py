"""PostgreSQL text: rows and arrays of values as the server reads them, written a column at a time.

Psycopg takes each value by itself, which costs several times as much as all the rest of sending it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from types import NoneType
from typing import Any

from carrierbill.storage.records import instant_text, json_text

Writer = Callable[[Any], str]


def copy_text(rows: Iterable[Sequence[Any]]) -> bytes:
    r"""Rows as COPY takes them.

    >>> copy_text([(1, None, "a\tb"), (2, b"\x00\xff", "")])
    b'1\t\\N\ta\\tb\n2\t\\\\x00ff\t\n'
    """
    columns = zip(*rows, strict=True)
    return "".join(
        [f"{line}\n" for line in map("\t".join, zip(*map(_copied, columns), strict=True))]
    ).encode()


def array_text(values: Iterable[Any]) -> str:
    r"""Values as an array.

    >>> print(array_text([1, None]), array_text(['a"b\\', "NULL"]))
    {1,NULL} {"a\"b\\","NULL"}
    """
    given = values if isinstance(values, (list, tuple)) else list(values)
    kinds = set(map(type, given))
    if kinds == {int}:
        return "{" + ",".join(map(str, given)) + "}"
    writers = {kind: _in_array(kind) for kind in kinds}
    return "{" + ",".join([writers[type(value)](value) for value in given]) + "}"


def _copied(values: Sequence[Any]) -> Iterable[str]:
    """A column's values in COPY's own writing."""
    kinds = set(map(type, values))
    if len(kinds) == 1:
        (kind,) = kinds
        if kind is int:
            return map(str, values)
        if kind is NoneType:
            return ["\\N"] * len(values)
        if issubclass(kind, str):
            whole = "".join(values)
            return (
                [_escaped(text) for text in values] if any(sign in whole for sign, _ in ESCAPES) else values
            )
    writers = {kind: _in_copy(kind) for kind in kinds}
    return [writers[type(value)](value) for value in values]


# The sign that begins an escape is escaped itself first.
ESCAPES = (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r"))


def _escaped(text: str) -> str:
    for sign, written in ESCAPES:
        text = text.replace(sign, written)
    return text


# A flag is a whole number to Python, and an instant a day: the narrower comes first.
WRITERS: Mapping[Any, Writer] = {
    bool: str,
    int: str,
    datetime: instant_text,
    date: lru_cache(256)(date.isoformat),
    bytes: lambda content: f"\\x{content.hex()}",
    str: str,
    tuple: json_text,
    Mapping: json_text,
}
PLAIN = (int, date)


@cache
def _writer_of(kind: type) -> Writer:
    for plain, writer in WRITERS.items():
        if issubclass(kind, plain):
            return writer
    raise TypeError(kind)


@cache
def _in_copy(kind: type) -> Writer:
    if kind is NoneType:
        return lambda _: r"\N"
    write = _writer_of(kind)
    return write if issubclass(kind, PLAIN) else lambda value: _escaped(write(value))


@cache
def _in_array(kind: type) -> Writer:
    if kind is NoneType:
        return lambda _: "NULL"
    write = _writer_of(kind)
    if issubclass(kind, PLAIN) and not issubclass(kind, datetime):
        return write
    return lambda value: '"' + write(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
