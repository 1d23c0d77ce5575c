"""Own lists: records of a kind a page at a time, in the order of their keys, and how many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from carrierbill.services.ports import After, UpTo
from carrierbill.storage.records import Layout, layout_of
from carrierbill.storage.sql import Session, select

Record = TypeVar("Record")
Where = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Which of the records: so many after the first `skip`, the newest first or last."""

    skip: int
    most: int
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Listed(Generic[Record]):
    """A page of records, and how many there are in all."""

    records: Sequence[Record]
    total: int


def listed(session: Session, kind: type[Any], where: Where, *, span: Span) -> Listed[Any]:
    """The records that fulfil all conditions, as `load` takes them, of which a page is read."""
    layout = _layout(kind, session)
    told, values = _conditions(session, where)
    if told is None:
        return Listed([], 0)
    ((total,),) = session.rows(f"SELECT COUNT(*) FROM {layout.table} WHERE {told}", values)  # noqa: S608  # names are ours
    columns = ", ".join(field.name for field in layout.columns)
    way = "DESC" if span.newest_first else "ASC"
    order = ", ".join(f"{name} {way}" for name in layout.key)
    statement = f"SELECT {columns} FROM {layout.table} WHERE {told} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608  # as above
    rows = session.rows(statement, [*values, span.most, span.skip])
    return Listed([layout.record_of(row) for row in rows], int(total))


def found(session: Session, kind: type[Record], **where: object) -> list[Record]:
    """All records that fulfil the conditions."""
    layout = _layout(kind, session)
    return [layout.record_of(row) for row in select(session, layout, where)]


def _conditions(session: Session, where: Where) -> tuple[str | None, list[Any]]:
    """The conditions as a statement writes them; None where one allows nothing."""
    told, values = ["1 = 1"], []
    for column, condition in where.items():
        if condition is None:
            told.append(f"{column} IS NULL")
        elif isinstance(condition, (UpTo, After)):
            told.append(f"{column} {'<=' if isinstance(condition, UpTo) else '>'} ?")
            values.append(condition.value)
        elif not condition:
            return None, []
        elif len(condition) == 1 and isinstance(word := next(iter(condition)), StrEnum):
            # Written out, so that an index over that word's few rows can be used.
            told.append(f"{column} = '{word}'")
        else:
            ((part, some),) = session.any_of(column, sorted(condition))
            told.append(part)
            values += some
    return " AND ".join(told), values


def _layout(kind: type, session: Session) -> Layout:
    return layout_of(kind, on_sqlite=session.on_sqlite)
