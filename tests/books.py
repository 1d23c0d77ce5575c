"""Books to try services on: an empty database, a clock moved by hand, made-up lines and merchants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import make_url

from carrierbill.domain.dates import SEOUL
from carrierbill.domain.journal import LedgerAccount
from carrierbill.domain.line import Holder, Line
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant
from carrierbill.storage.database import Database, engine_of, open_database
from carrierbill.storage.marks import settle_keys
from carrierbill.storage.schema import upgrade, version_of, versions
from carrierbill.storage.sealed import Keys, id_of
from rule_sets import RULE_SETS
from tools import first_schema

MASTER, INDEX = b"1" * 32, b"2" * 32
KEYS = Keys(id_of(MASTER), {id_of(MASTER): MASTER}, INDEX)
START = datetime(2026, 3, 2, 10, tzinfo=SEOUL)
Record = TypeVar("Record")


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    @property
    def day(self) -> date:
        return self.at.date()

    def to(self, day: date, hour: int = 12, minute: int = 0) -> None:
        """Set the clock, Seoul time."""
        self.at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=SEOUL)

    def by(self, *, minutes: float = 0, days: int = 0) -> None:
        """Move the clock on."""
        self.at += timedelta(minutes=minutes, days=days)


class Books:
    """A database with its clock and rules, and short words for what tests do with it."""

    def __init__(self, db: Database, clock: Clock, rules: RuleSet) -> None:
        self.db, self.clock, self.rules = db, clock, rules
        self._numbers = 0

    def decide(self, service: Callable[..., Sequence[object]], *commands: Any) -> list[Any]:
        """The outcomes of commands decided together; a broken one raises where it stands alone."""
        return self.db.decide(service, commands, self.rules)

    def holder(self, name: str = "Hong Gildong", **told: Any) -> Holder:
        """A holder with a sealed name."""
        with self.db.unit() as unit:
            holder = Holder(unit.new_id(Holder), **told)
            unit.add(holder)
            unit.people.enrol(holder.id, name)
        return holder

    def line(self, number: str | None = None, carrier: str = "SKT", **told: Any) -> Line:
        """A consenting line with a number, of a holder of its own unless `holder_id` is told."""
        holder_id = told.pop("holder_id", None) or self.holder().id
        ordinary = {
            "opened_on": date(2020, 1, 1),
            "due_day": 25,
            "monthly_limit_won": 500_000,
            "consented_on": date(2020, 1, 1),
        }
        with self.db.unit() as unit:
            line = Line(unit.new_id(Line), holder_id, carrier, **{**ordinary, **told})
            unit.add(line)
            unit.people.give_number(line.id, holder_id, number or self.next_number())
        return line

    def next_number(self) -> str:
        """A number of the demo range that no line was given yet."""
        self._numbers += 1
        return f"+8210{10_000 + self._numbers:08d}"

    def number(self, line: Line) -> str:
        """The number of a line."""
        with self.db.unit() as unit:
            return unit.people.number_of(line.id) or ""

    def merchant(self, identifier: str = "shop", category: str = "goods", client: str = "shop") -> Merchant:
        """A merchant of a client; the client's own by default."""
        with self.db.unit() as unit:
            merchant = Merchant(
                unit.new_id(Merchant), client, identifier, f"Seller {identifier}", "02-0000-0000", category
            )
            unit.add(merchant)
        return merchant

    def all(self, kind: type[Record], **where: Any) -> list[Record]:
        """Records as they stand, in the order of their keys; a single value means equal to it."""
        many = {name: value if _is_condition(value) else [value] for name, value in where.items()}
        with self.db.unit() as unit:
            return unit.peek(kind, **many)

    def one(self, kind: type[Record], key: int) -> Record:
        """The record of that key."""
        (column, *_) = (field.name for field in fields(kind))  # type: ignore[arg-type]  # records are dataclasses
        (found,) = self.all(kind, **{column: key})
        return found

    def trial_balance(self) -> Mapping[LedgerAccount, int]:
        """Each account's balance, debits less credits, accounts at zero left out."""
        sums: dict[LedgerAccount, int] = {}
        with self.db.session() as session:
            rows = session.rows(
                "SELECT debit, credit, CAST(SUM(won) AS BIGINT) FROM postings GROUP BY debit, credit"
            )
        for debit, credit, won in rows:
            sums[LedgerAccount(debit)] = sums.get(LedgerAccount(debit), 0) + won
            sums[LedgerAccount(credit)] = sums.get(LedgerAccount(credit), 0) - won
        return {account: won for account, won in sums.items() if won}

    def close(self) -> None:
        """Let go of the database."""
        self.db.engine.dispose()


def _is_condition(value: object) -> bool:
    return value is None or not isinstance(value, (str, int, date, datetime))


def books(url: str, rules: str = "terms", *, keys: Keys = KEYS) -> Books:
    """Books in the database of a URL, migrated if it was empty."""
    clock = Clock()
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).exists():
        Path(parsed.database).write_bytes(migrated_file())
    db = open_database(url, keys, clock)
    if version_of(db.engine) != versions()[-1]:
        upgrade(db.engine)
    with db.session() as session:
        settle_keys(session, keys)
    return Books(db, clock, RULE_SETS[rules])


def check_tables() -> None:
    """Say at once what is to be done when a record has gained a field."""
    for dialect in first_schema.DIALECTS:
        if first_schema.file_for(dialect).read_text(encoding="utf-8") != first_schema.text_for(dialect):
            raise AssertionError("tables have changed: run `.venv/bin/python -m tools.first_schema`")


@cache
def migrated_file() -> bytes:
    """A SQLite file with the newest schema and nothing in it."""
    check_tables()
    with TemporaryDirectory() as folder:
        file = Path(folder, "book.db")
        engine = engine_of(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()
        return file.read_bytes()
