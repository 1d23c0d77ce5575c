"""Ports: what the services need of the world, as protocols; storage and drivers fill them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from carrierbill.domain.journal import Entry
from carrierbill.domain.notice import BureauReport, Notice
from carrierbill.domain.policy import RuleSet

Record = TypeVar("Record")
Outcome_co = TypeVar("Outcome_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Once:
    """Names a command for good: a repeated one of the same client and operation is answered as the first was.

    `fingerprint` tells the same command from another one under the same key.
    """

    client: str
    operation: str
    key: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class UpTo:
    """A condition of `load`: the column is this or less."""

    value: Any


@dataclass(frozen=True, slots=True)
class After:
    """A condition of `load`: the column is greater than this."""

    value: Any


@dataclass(frozen=True, slots=True)
class Audit:
    """Who did what to whose data, when and why; chained like the ledger and never changed."""

    actor: str
    action: str
    at: datetime
    line_id: int | None = None
    why: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Unit(Protocol):
    """One transaction over the books: what is read under a lock, what is written at its end, all or nothing.

    Records are frozen dataclasses; within the unit each exists in one version, the latest put.
    """

    @property
    def now(self) -> datetime:
        """The instant of this transaction, by the one clock."""
        ...

    @property
    def people(self) -> "People":
        """Who holders are, sealed, in this same transaction."""
        ...

    def peek(self, kind: type[Record], **where: object) -> list[Record]:
        """Records as they stand in the database, neither locked nor kept; to find out whom to lock."""
        ...

    def lock(self, holder_ids: Iterable[int]) -> None:
        """Lock holders until the end, in order of their ids; once, before anything of theirs is loaded."""
        ...

    def claim(self, kind: type[Record], **where: object) -> list[Record]:
        """Records as `load` finds them, for those of no holder: each locked until the end, in order of keys.

        Once for a kind, before anything of it is loaded and before holders are locked.
        """
        ...

    def load(self, kind: type[Record], **where: object) -> list[Record]:
        """Records by columns: a sequence (any of), None (is null), UpTo, After; `most` of them; by key."""
        ...

    def get(self, kind: type[Record], *key: object) -> Record | None:
        """The latest version of a record loaded or added before, by its key, or None."""
        ...

    def of_holder(self, kind: type[Record], holder_id: int) -> list[Record]:
        """The latest versions of all loaded or added records of a holder."""
        ...

    def new_id(self, kind: type[Any]) -> int:
        """A fresh id for a record of the kind."""
        ...

    def add(self, record: object) -> None:
        """Write a new record at the end of the unit."""
        ...

    def put(self, record: object) -> None:
        """Replace a loaded or added record by its next version."""
        ...

    def remove(self, record: object) -> None:
        """Delete a loaded record at the end of the unit; nothing that money hangs on is ever deleted."""
        ...

    def book(self, entry: Entry) -> None:
        """Append an entry to the journal; its key must be new for good."""
        ...

    def audit(self, audit: Audit) -> None:
        """Append to the audit trail."""
        ...

    def lines_by_number(self, numbers: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Line and holder id of each phone number that is known."""
        ...

    def answered(self, once: Once) -> object | None:
        """The remembered outcome of a command, or None; after `load_answers`."""
        ...

    def load_answers(self, onces: Iterable[Once]) -> None:
        """Look up the remembered outcomes of many commands at a time."""
        ...

    def remember(self, once: Once, outcome: object) -> None:
        """Remember an outcome in this same transaction."""
        ...

    def mark(self) -> int:
        """A point to return to with `undo_to`, should the next command fail."""
        ...

    def undo_to(self, mark: int) -> None:
        """Forget everything added, put, booked and remembered since the mark."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A line that was looked for by what is sealed."""

    line_id: int
    holder_id: int


class Ledger(Protocol):
    """The books as a round over all of them needs it: units of work one after the other, each committed."""

    def unit(self) -> AbstractContextManager["Unit"]:
        """A unit of work, committed at its end."""
        ...

    def decide(self, service: Callable[..., Any], commands: Sequence[Any], rules: RuleSet) -> list[Any]:
        """The outcomes of commands, durable."""
        ...


class People(Protocol):
    """The sealed part: who a holder is. Every reading of it is audited by the one who asks."""

    def enrol(self, holder_id: int, name: str) -> None:
        """Seal a new holder's name under a key of their own."""
        ...

    def give_number(self, line_id: int, holder_id: int, number: str) -> None:
        """Seal a line's phone number and make it findable."""
        ...

    def name_of(self, holder_id: int) -> str | None:
        """The holder's name; None when forgotten."""
        ...

    def number_of(self, line_id: int) -> str | None:
        """The line's number in E.164; None when forgotten."""
        ...

    def names_of(self, holder_ids: Iterable[int]) -> Mapping[int, str]:
        """The names of many holders; those forgotten are missing."""
        ...

    def numbers_of(self, line_ids: Iterable[int]) -> Mapping[int, str]:
        """The numbers of many lines in E.164; those forgotten are missing."""
        ...

    def find(self, *, number: str = "", tail: str = "", name: str = "") -> list[Found]:
        """The lines that fit the number, its last four digits and the holder's name, as far as given."""
        ...


class CodeUse(StrEnum):
    """What a one-time code is good for, and so what its number is of: a purchase, a line to sign in with."""

    PURCHASE = "purchase"
    SIGN_IN = "sign_in"


class Codes(Protocol):
    """One-time codes: kept as keyed hashes alone, sealed on their way to the notice; each for one use."""

    def new(
        self, number: int, *, use: CodeUse = CodeUse.PURCHASE, for_demo: bool = False
    ) -> tuple[bytes, bytes]:
        """A fresh code for a purchase or a line (in a demo a known one): its hash, and itself sealed."""
        ...

    def hash_of(self, number: int, code: str, *, use: CodeUse = CodeUse.PURCHASE) -> bytes:
        """The hash of a code as typed in for a purchase or a line."""
        ...

    def code_in(self, number: int, secret: bytes, *, use: CodeUse = CodeUse.PURCHASE) -> str:
        """The code that was sealed for a purchase or a line, to be told in its notice."""
        ...


@dataclass(frozen=True, slots=True)
class Addressed:
    """A notice with its address and its sentence in each language, ready to go out."""

    notice: Notice
    number: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a notice handed over: its reference there, delivered on a day, or failed."""

    notice_id: int
    reference: str
    delivered_on: date | None
    failed: bool = False


class NoticeDriver(Protocol):
    """Takes notices out of the house; the same notice handed over twice goes out once (its id says so)."""

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        """Hand over; each is answered with what became of it so far."""
        ...


class BureauDriver(Protocol):
    """Writes what bureaus and lists are told on a day."""

    def write(self, day: date, reports: Sequence["NamedReport"]) -> Sequence[str]:
        """Write the day's files whole and name them; the same day again writes the same files."""
        ...


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A report, whether it adds or withdraws, with whom it is about."""

    report: BureauReport
    action: str
    name: str
    number: str
    carrier: str
