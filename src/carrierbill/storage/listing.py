"""Listing: what clients asked for as they look it up, one by one and by page, on either database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.request import PurchaseRequest, RefundRequest, RequestState
from carrierbill.storage.people import SealedPeople
from carrierbill.storage.records import Layout, layout_of
from carrierbill.storage.sealed import Keys
from carrierbill.storage.sql import Session, select

# What is asked by those who are forgotten; it is no longer there for anybody.
FORGOTTEN = "{}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests of a client: of one line or one purchase, in some states, of a merchant, of a time.

    The merchant is the one that was named, at the place `merchant_at` of what was asked: names below each
    other.
    """

    client: str
    line_id: int | None = None
    purchase_id: int | None = None
    states: tuple[str, ...] = ()
    merchant: str | None = None
    merchant_at: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """A purchase beside how it was asked for."""

    purchase: Purchase
    request: PurchaseRequest


# ── one by one ───────────────────────────────────────────────────────────────────────────────────────────
def line_of_number(session: Session, keys: Keys, number: str) -> tuple[int, bool] | None:
    """The line of a number, and whether purchases are offered on it; None for a number of no line here."""
    try:
        number_hash = keys.number_hash(number)
    except BadInputError:
        return None
    found = session.rows(
        "SELECT l.id, l.offered FROM numbers n JOIN lines l ON l.id = n.line_id WHERE n.number_hash = ?",
        [number_hash],
    )
    return (int(found[0][0]), bool(found[0][1])) if found else None


def numbers_of(session: Session, keys: Keys, line_ids: Iterable[int]) -> Mapping[int, str]:
    """The numbers of lines, to tell a client again what it told itself; those not forgotten."""
    return SealedPeople(session, keys, lambda _: None).numbers_of(line_ids)


def kept_purchase(session: Session, purchase_id: int) -> Kept | None:
    """A purchase that a client asked for; None where none did, or where its holder is forgotten."""
    layout = layout_of(PurchaseRequest, on_sqlite=session.on_sqlite)
    requests = [layout.record_of(row) for row in select(session, layout, {"purchase_id": [purchase_id]})]
    if not requests or requests[0].asked == FORGOTTEN:
        return None
    layout = layout_of(Purchase, on_sqlite=session.on_sqlite)
    (row,) = select(session, layout, {"id": [purchase_id]})
    return Kept(layout.record_of(row), requests[0])


def kept_refund(session: Session, request_id: int) -> RefundRequest | None:
    """A refund that a client asked for, or None."""
    layout = layout_of(RefundRequest, on_sqlite=session.on_sqlite)
    for row in select(session, layout, {"id": [request_id]}):
        request: RefundRequest = layout.record_of(row)
        return request
    return None


def won_under_way(session: Session, purchase_id: int) -> int:
    """What of a purchase is asked back and not decided yet."""
    layout = layout_of(RefundRequest, on_sqlite=session.on_sqlite)
    asked = [layout.record_of(row) for row in select(session, layout, {"purchase_id": [purchase_id]})]
    return sum(request.won for request in asked if request.state == RequestState.PROCESSING)


# ── by page ──────────────────────────────────────────────────────────────────────────────────────────────
def count_purchases(session: Session, wanted: Wanted) -> int:
    """How many purchases are wanted."""
    return _count(session, _of_purchases(session, wanted, all_of_it=False))


def list_purchases(session: Session, wanted: Wanted, *, skip: int, most: int) -> list[Kept]:
    """Some of the purchases that are wanted, in the order they were asked for."""
    layouts = [layout_of(kind, on_sqlite=session.on_sqlite) for kind in (Purchase, PurchaseRequest)]
    columns = f"{_columns('p', layouts[0])}, {_columns('r', layouts[1])}"
    found = _page(session, _of_purchases(session, wanted), columns, skip=skip, most=most)
    split = len(layouts[0].columns)
    return [Kept(layouts[0].record_of(row[:split]), layouts[1].record_of(row[split:])) for row in found]


def count_refunds(session: Session, wanted: Wanted) -> int:
    """How many refunds are wanted."""
    return _count(session, _of_refunds(session, wanted))


def list_refunds(session: Session, wanted: Wanted, *, skip: int, most: int) -> list[RefundRequest]:
    """Some of the refunds that are wanted, in the order they were asked for."""
    layout = layout_of(RefundRequest, on_sqlite=session.on_sqlite)
    columns = _columns("r", layout)
    found = _page(session, _of_refunds(session, wanted), columns, skip=skip, most=most)
    return [layout.record_of(row) for row in found]


@dataclass(frozen=True, slots=True)
class _Query:
    """The tables and conditions of a list, and how it is ordered."""

    tables: tuple[str, ...]
    conditions: Sequence[str]
    values: Sequence[Any]
    order: str


def _of_purchases(session: Session, wanted: Wanted, *, all_of_it: bool = True) -> _Query:
    tables: tuple[str, ...] = ("purchase_requests r", "purchases p")
    if not all_of_it and wanted.line_id is None and not wanted.states:
        tables = tables[:1]
    joined = ["p.id = r.purchase_id"] if len(tables) > 1 else []
    conditions, values = _conditions(session, wanted, "p.state")
    if wanted.line_id is not None:
        # The purchases of a line are few; those of a client may be all there are.
        tables = (tables[1], tables[0])
        joined.append("p.line_id = ?")
        values = [wanted.line_id, *values]
    return _Query(tables, [*joined, *conditions], values, _ordered(wanted, "r.purchase_id"))


def _of_refunds(session: Session, wanted: Wanted) -> _Query:
    conditions, values = _conditions(session, wanted, "r.state")
    return _Query(
        ("refund_requests r",),
        ["r.purchase_id = ?", *conditions],
        [wanted.purchase_id, *values],
        _ordered(wanted, "r.id"),
    )


def _conditions(session: Session, wanted: Wanted, state: str) -> tuple[list[str], list[Any]]:
    conditions, values = ["r.client = ?", f"r.asked <> '{FORGOTTEN}'"], [wanted.client]
    given: list[tuple[str, Any]] = [
        ("r.asked_at >= ?", wanted.since),
        ("r.asked_at <= ?", wanted.until),
        (f"{_named_at(session, wanted.merchant_at)} = ?", wanted.merchant),
    ]
    for condition, value in given:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    for condition, some in session.any_of(state, wanted.states):
        conditions.append(condition)
        values += some
    return conditions, values


def _named_at(session: Session, path: Sequence[str]) -> str:
    """What stands at a place of what was asked; the names of the path are ours."""
    if session.on_sqlite:
        return f"json_extract(r.asked, '$.{'.'.join(path)}')"
    return f"r.asked::json #>> '{{{','.join(path)}}}'"


def _ordered(wanted: Wanted, key: str) -> str:
    way = "DESC" if wanted.newest_first else "ASC"
    return f"r.asked_at {way}, {key} {way}"


def _columns(alias: str, layout: Layout) -> str:
    return ", ".join(f"{alias}.{field.name}" for field in layout.columns)


def _from(session: Session, query: _Query) -> str:
    # SQLite walks tables that are joined this way in the order they are written in, and so by our indexes.
    tables = (" CROSS JOIN " if session.on_sqlite else ", ").join(query.tables)
    return f"FROM {tables} WHERE {' AND '.join(query.conditions)}"


def _count(session: Session, query: _Query) -> int:
    return int(session.rows(f"SELECT count(*) {_from(session, query)}", query.values)[0][0])


def _page(session: Session, query: _Query, columns: str, *, skip: int, most: int) -> list[tuple[Any, ...]]:
    statement = f"SELECT {columns} {_from(session, query)} ORDER BY {query.order} LIMIT ? OFFSET ?"
    return session.rows(statement, [*query.values, most, skip])
