"""Read: a TOML table taken key by key, so that every fault names its file and its key."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from fractions import Fraction
from pathlib import Path
from typing import TypeGuard, TypeVar

from carrierbill.domain.errors import SayableError
from carrierbill.domain.money import rate_of
from carrierbill.domain.saying import Saying, Values

Wanted = TypeVar("Wanted", str, int, bool)
NAMES = {str: "text", int: "number", bool: "yes_or_no", date: "day", list: "list", dict: "table"}


class PolicyFaultError(SayableError):
    """A fault in a policy file: `file` and `key` say where, the reason what would be right."""

    def __init__(self, file: Path, key: str, reason: Saying) -> None:
        """Keep the place beside the sentence."""
        place: Values = {"file": str(file), "fault": reason}
        super().__init__(
            Saying("policy_fault.at_key", {**place, "key": key}) if key else Saying("policy_fault.at", place)
        )
        self.file = file
        self.key = key


class Table:
    """A table of a policy file; what is taken is checked, and `close` refuses what was not taken."""

    def __init__(self, fields: Mapping[str, object], file: Path, path: str = "") -> None:
        """Start with all keys untaken; `path` is the key the table itself stands at."""
        self.fields = fields
        self.file = file
        self.path = path
        self._taken: set[str] = set()

    def fault(self, at: str, what: str, /, **values: int | str | date | Saying) -> PolicyFaultError:
        """A fault at one of the table's keys; `what` names the sentence."""
        place = f"{self.path}.{at}" if self.path and at else self.path or at
        return PolicyFaultError(self.file, place, Saying(f"policy_fault.{what}", values))

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.fields

    def take(self, key: str, kind: type[Wanted], default: Wanted | None = None) -> Wanted:
        """The value of a key, of just this kind; a missing key is a fault unless there is a default."""
        if default is not None and key not in self.fields:
            return default
        value = self._take(key)
        if not _is(value, kind):
            raise self.fault(key, "wrong_kind", wanted=Saying(f"policy_fault.kind_{NAMES[kind]}"))
        return value

    def take_amount(self, key: str, default: int | None = None) -> int:
        """A whole number, not negative."""
        number = self.take(key, int, default)
        if number < 0:
            raise self.fault(key, "negative")
        return number

    def take_amount_or_none(self, key: str) -> int | None:
        """A whole number, not negative, or None where the key is not there."""
        return self.take_amount(key) if self.has(key) else None

    def take_count(self, key: str) -> int:
        """A whole number from 1 on, where 0 would switch a rule off unsaid."""
        number = self.take(key, int)
        if number < 1:
            raise self.fault(key, "not_one")
        return number

    def take_count_or_none(self, key: str) -> int | None:
        """A whole number from 1 on, or None where the key is not there."""
        return self.take_count(key) if self.has(key) else None

    def take_day(self, key: str) -> date:
        """A day, not an instant."""
        value = self._take(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.fault(key, "wrong_kind", wanted=Saying("policy_fault.kind_day"))
        return value

    def take_time(self, key: str) -> time:
        """A time of day."""
        value = self._take(key)
        if not isinstance(value, time):
            raise self.fault(key, "wrong_kind", wanted=Saying("policy_fault.kind_time"))
        return value

    def take_said(self, key: str) -> str | None:
        """A text that says something, or None where the key is not there."""
        if not self.has(key):
            return None
        text = self.take(key, str)
        if not text.strip():
            raise self.fault(key, "says_nothing")
        return text

    def take_rate(self, key: str) -> Fraction:
        """An exact rate, written as a percent string."""
        try:
            return rate_of(self.take(key, str))
        except ValueError:
            raise self.fault(key, "not_a_rate") from None

    def take_list(
        self, key: str, kind: type[Wanted], default: tuple[Wanted, ...] | None = None
    ) -> tuple[Wanted, ...]:
        """A list whose items are all of this kind."""
        if default is not None and key not in self.fields:
            return default
        items = self._take(key)
        if not isinstance(items, list) or not all(_is(item, kind) for item in items):
            raise self.fault(key, "wrong_kind", wanted=Saying("policy_fault.kind_list"))
        return tuple(items)

    def take_table(self, key: str) -> "Table":
        """A table within this one."""
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.fault(key, "wrong_kind", wanted=Saying("policy_fault.kind_table"))
        return Table(value, self.file, f"{self.path}.{key}" if self.path else key)

    def take_tables(self, key: str) -> tuple["Table", ...]:
        """A row of tables within this one, at least one; each is known by its place, from 1."""
        value = self._take(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise self.fault(key, "wrong_kind", wanted=Saying("policy_fault.kind_tables"))
        path = f"{self.path}.{key}" if self.path else key
        return tuple(Table(item, self.file, f"{path}[{place}]") for place, item in enumerate(value, 1))

    def close(self) -> None:
        """Refuse every key that was not taken."""
        for key in self.fields:
            if key not in self._taken:
                raise self.fault(key, "unknown_key", known=", ".join(sorted(self._taken)))

    def _take(self, key: str) -> object:
        self._taken.add(key)
        if key not in self.fields:
            raise self.fault(key, "missing")
        return self.fields[key]


def _is(value: object, kind: type[Wanted]) -> TypeGuard[Wanted]:
    """Whether a value is of just this kind: to Python, though to no clerk, true and false are numbers."""
    return type(value) is kind


def read_file(file: Path) -> Table:
    """The table a policy file holds; a file that cannot be read or is no TOML is a fault."""
    try:
        return Table(tomllib.loads(file.read_text(encoding="utf-8")), file)
    except OSError as error:
        raise PolicyFaultError(
            file, "", Saying("policy_fault.unreadable", {"why": error.strerror or ""})
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyFaultError(file, "", Saying("policy_fault.not_toml", {"why": str(error)})) from None
