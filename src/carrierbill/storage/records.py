"""Records: how the domain's frozen dataclasses lie in tables, a field a column, read off the class itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from functools import cache, lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from msgspec.json import Decoder, Encoder

from carrierbill.domain.access import Client
from carrierbill.domain.arrangement import Arrangement
from carrierbill.domain.billing import Allocation, BillItem, IssuedBill, MoneyReceived
from carrierbill.domain.consent import Consent
from carrierbill.domain.copies import maker_of
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.gateway import GatewayArrears
from carrierbill.domain.lease import Lease
from carrierbill.domain.line import Decline, Holder, Line, LineDay, LineEffect, Usage
from carrierbill.domain.notice import BureauReport, Notice
from carrierbill.domain.objection import Objection
from carrierbill.domain.purchase import Merchant, OneTimeCode, Purchase, Refund
from carrierbill.domain.request import ClientEvent, PurchaseRequest, RefundRequest
from carrierbill.domain.session import Session, SignInCode, Staff, Tries
from carrierbill.domain.settlement import Settlement

# Each kind of record: its table and the columns of its key.
RECORDS: Mapping[type, tuple[str, tuple[str, ...]]] = {
    Holder: ("holders", ("id",)),
    Line: ("lines", ("id",)),
    Consent: ("consents", ("line_id", "client")),
    Merchant: ("merchants", ("id",)),
    Client: ("clients", ("id",)),
    Usage: ("usages", ("line_id", "month", "category")),
    Decline: ("declines", ("id",)),
    Purchase: ("purchases", ("id",)),
    PurchaseRequest: ("purchase_requests", ("purchase_id",)),
    OneTimeCode: ("one_time_codes", ("purchase_id",)),
    Refund: ("refunds", ("id",)),
    RefundRequest: ("refund_requests", ("id",)),
    ClientEvent: ("client_events", ("id",)),
    IssuedBill: ("bills", ("id",)),
    BillItem: ("bill_items", ("id",)),
    MoneyReceived: ("repayments", ("id",)),
    Allocation: ("allocations", ("id",)),
    Objection: ("objections", ("id",)),
    Arrangement: ("arrangements", ("id",)),
    Settlement: ("settlements", ("id",)),
    GatewayArrears: ("gateway_arrears", ("id",)),
    LineEffect: ("line_effects", ("id",)),
    LineDay: ("line_days", ("line_id",)),
    Notice: ("notices", ("id",)),
    BureauReport: ("bureau_reports", ("id",)),
    Lease: ("leases", ("name",)),
    Staff: ("staff", ("name",)),
    Session: ("sessions", ("token_hash",)),
    SignInCode: ("sign_in_codes", ("line_id",)),
    Tries: ("tries", ("what", "whose")),
}


class Kind(Enum):
    """What a column holds."""

    WHOLE = "bigint"
    TEXT = "text"
    FLAG = "boolean"
    DAY = "date"
    INSTANT = "timestamptz"
    BYTES = "bytea"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record: its column, what that holds, and whether it is a word of a list or JSON."""

    name: str
    kind: Kind
    optional: bool
    enum: type[StrEnum] | None
    as_json: bool


@cache
def fields_of(record: type) -> tuple[Field, ...]:
    """The fields of a record class in their order."""
    if not is_dataclass(record):
        raise TypeError(record)
    hints = get_type_hints(record)
    return tuple(_field(field.name, hints[field.name]) for field in fields(record))


def _field(name: str, hint: Any) -> Field:  # noqa: ANN401  # a type hint is of any type
    optional = isinstance(hint, UnionType) and NoneType in get_args(hint)
    if optional:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    plain = get_origin(hint) or hint
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return Field(name, Kind.TEXT, optional, plain, as_json=False)
    if plain in (tuple, Mapping) or (isinstance(plain, type) and issubclass(plain, (tuple, Mapping))):
        return Field(name, Kind.TEXT, optional, None, as_json=True)
    return Field(name, PLAIN[plain], optional, None, as_json=False)


PLAIN: Mapping[Any, Kind] = {
    int: Kind.WHOLE,
    str: Kind.TEXT,
    bool: Kind.FLAG,
    date: Kind.DAY,
    datetime: Kind.INSTANT,
    bytes: Kind.BYTES,
}


@lru_cache(256)
def instant_text(at: datetime) -> str:
    """An instant as text of one width, in UTC, so that texts sort as instants do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def lists(value: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
    """JSON's lists as the tuples that frozen records hold."""
    return tuple(lists(part) for part in value) if isinstance(value, list) else value


Change = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a record lies in a row: the columns, the key, and the changes some of them need on the way."""

    record: type
    table: str
    key: tuple[str, ...]
    columns: tuple[Field, ...]
    writes: tuple[tuple[int, Change], ...]
    reads: tuple[tuple[int, Change], ...]
    values: Callable[[Any], tuple[Any, ...]]
    made: Callable[..., Any]
    key_of: Callable[[Any], Any]

    def row_of(self, record: object) -> tuple[Any, ...]:
        """The row of a record."""
        if not self.writes:
            return self.values(record)
        row = list(self.values(record))
        for at, change in self.writes:
            if row[at] is not None:
                row[at] = change(row[at])
        return tuple(row)

    def record_of(self, row: tuple[Any, ...]) -> Any:  # noqa: ANN401  # of the class in `record`
        """The record of a row."""
        if not self.reads:
            return self.made(*row)
        values = list(row)
        for at, change in self.reads:
            if values[at] is not None:
                values[at] = change(values[at])
        return self.made(*values)


@cache
def layout_of(record: type, *, on_sqlite: bool) -> Layout:
    """The layout of a record class in one of the two databases."""
    table, key = RECORDS[record]
    columns = fields_of(record)
    changes = [_changes(field, on_sqlite=on_sqlite) for field in columns]
    return Layout(
        record=record,
        table=table,
        key=key,
        columns=columns,
        writes=tuple((at, write) for at, (write, _) in enumerate(changes) if write is not None),
        reads=tuple((at, read) for at, (_, read) in enumerate(changes) if read is not None),
        values=attrgetter(*(field.name for field in columns)),
        made=maker_of(record),
        key_of=attrgetter(*key),
    )


def _changes(field: Field, *, on_sqlite: bool) -> tuple[Change | None, Change | None]:
    """How a field is written and how it is read; None where the value goes as it is."""
    # What PostgreSQL is written is changed to text a column at a time (`postgres_text`).
    if field.as_json:
        return json_text if on_sqlite else None, json_value
    if field.enum is not None:
        return attrgetter("value") if on_sqlite else None, {
            str(word): word for word in field.enum
        }.__getitem__
    return (SQLITE_CHANGES if on_sqlite else POSTGRES_CHANGES).get(field.kind, (None, None))


Changes = Mapping[Kind, tuple[Change | None, Change | None]]
SQLITE_CHANGES: Changes = {
    Kind.INSTANT: (instant_text, lambda text: datetime.fromisoformat(text).astimezone(SEOUL)),
    Kind.DAY: (date.isoformat, date.fromisoformat),
    Kind.FLAG: (int, bool),
}
POSTGRES_CHANGES: Changes = {Kind.INSTANT: (None, lambda at: at.astimezone(SEOUL))}
JSON = Encoder(order="sorted")
JSON_READ = Decoder()


def json_text(value: object) -> str:
    """A value as JSON in one writing, whatever order its names came in.

    >>> json_text({"won": 5, "at": (1, None, "A")})
    '{"at":[1,null,"A"],"won":5}'
    """
    return JSON.encode(value).decode()


def json_value(text: str) -> Any:  # noqa: ANN401  # whatever JSON holds
    """What was written as JSON, with tuples for its lists."""
    return () if text == "[]" else lists(JSON_READ.decode(text))
