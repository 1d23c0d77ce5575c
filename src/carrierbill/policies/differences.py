"""Differences: what a value says apart from what is about it, and where two rule sets say otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from carrierbill.domain.policy import Dated, RuleSet, Value
from carrierbill.policies.topics import TOPICS

ABOUT_A_VALUE = ("key", "carriers", "keys", "from", "source", "where", "standing", "confirmed_on", "notes")


@dataclass(frozen=True, slots=True)
class Difference:
    """A key of a topic that two rule sets say differently on a day; None where one says nothing."""

    topic: str
    key: str
    first: Value[Any] | None
    second: Value[Any] | None


def values_by_key(rules: RuleSet, topic: str) -> Mapping[str, Dated[Any]]:
    """The values of a topic, by key."""
    by_key: Mapping[str, Dated[Any]] = getattr(rules, topic)
    return by_key


def values_on(rules: RuleSet, topic: str, on: date) -> Iterator[tuple[str, Value[Any] | None]]:
    """Every key of a topic with the value in force on the day, None before its first."""
    for key, dated in values_by_key(rules, topic).items():
        yield key, dated.value_on(on)


def says(value: Value[Any]) -> dict[str, object]:
    """What a value says, as its file writes it, without day, source and notes; times of day as text."""
    return {name: _plain(name, field) for name, field in value.fields.items() if name not in ABOUT_A_VALUE}


def _plain(name: str, field: object) -> object:
    if name == "stage" and isinstance(field, list):
        return [_bare(row) for row in field]
    return field.isoformat("minutes") if isinstance(field, time) else field


def _bare(row: Mapping[str, object]) -> dict[str, object]:
    """A ladder's row without its own source and notes."""
    return {name: field for name, field in row.items() if name not in ABOUT_A_VALUE}


def apart(difference: Difference) -> tuple[dict[str, object] | None, dict[str, object] | None]:
    """What each side of a difference says that the other does not; of rows, those that are not shared."""
    first, second = difference.first, difference.second
    if first is None or second is None:
        return says(first) if first else None, says(second) if second else None
    one, other = says(first), says(second)
    return _beyond(one, other), _beyond(other, one)


def _beyond(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, field in one.items():
        theirs = other.get(name)
        if (
            isinstance(field, list)
            and isinstance(theirs, list)
            and all(isinstance(row, Mapping) for row in field)
        ):
            rows = [row for row in field if row not in theirs]
            found |= {name: rows} if rows else {}
        elif field != theirs:
            found[name] = field
    return found


def differences(first: RuleSet, second: RuleSet, on: date) -> Iterator[Difference]:
    """Everything that two rule sets say differently on a day, topic by topic."""
    for topic in TOPICS:
        ours, theirs = dict(values_on(first, topic, on)), dict(values_on(second, topic, on))
        for key in dict.fromkeys((*ours, *theirs)):
            one, other = ours.get(key), theirs.get(key)
            if (one and says(one)) != (other and says(other)):
                yield Difference(topic, key, one, other)
