"""Sayings: what the domain wants said to a person, as a key and its values; the words are in texts/."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

# A won amount, a count, a word, a day, or a saying within the saying, by the name of its placeholder.
Values = Mapping[str, "int | str | date | Saying"]


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence to be said: `key` names it in texts/, `values` fill its placeholders."""

    key: str
    values: Values = field(default_factory=dict)
