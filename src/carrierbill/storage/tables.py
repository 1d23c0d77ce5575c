"""Tables: the one schema of both databases; money is BIGINT within bounds, what is appended stays."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.sqlite import BLOB, INTEGER, TEXT
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from carrierbill.domain.money import MOST_WON
from carrierbill.storage.records import RECORDS, Kind, fields_of

# SQLite tables are STRICT, which knows five types only; days and instants are ISO text there.
TYPES: Mapping[Kind, TypeEngine[Any]] = {
    Kind.WHOLE: BigInteger().with_variant(INTEGER(), "sqlite"),
    Kind.TEXT: Text(),
    Kind.FLAG: Boolean(create_constraint=False).with_variant(INTEGER(), "sqlite"),
    Kind.DAY: Date().with_variant(TEXT(), "sqlite"),
    Kind.INSTANT: DateTime(timezone=True).with_variant(TEXT(), "sqlite"),
    Kind.BYTES: LargeBinary().with_variant(BLOB(), "sqlite"),
}
# Columns that point at another table's key, by name.
REFERENCES: Mapping[str, str] = {
    "holder_id": "holders.id",
    "line_id": "lines.id",
    "merchant_id": "merchants.id",
    "purchase_id": "purchases.id",
}
# Pointers left unchecked, since checks were two fifths of the server's time for a purchase: its holder is its
# line's, which is checked; its merchant would be share-locked by all purchases of a seller. (Nor is the entry
# of a posting: one function writes both, and its hash covers its postings.) `db verify` looks at them.
UNCHECKED = frozenset({("purchases", "holder_id"), ("purchases", "merchant_id")})

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_key",
        "uq": "%(table_name)s_%(column_0_N_name)s_once",
        "fk": "%(table_name)s_%(column_0_name)s_known",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
    }
)


def _column(
    name: str, kind: Kind, *, key: bool = False, optional: bool = False, to: str | None = None
) -> Column[Any]:
    reference = [ForeignKey(to)] if to else []
    return Column(
        name,
        TYPES[kind],
        *reference,
        primary_key=key,
        nullable=optional,
        autoincrement=False,
        info={"kind": kind},
    )


def _in_bounds(name: str, least: int = 0) -> CheckConstraint:
    return CheckConstraint(f"{name} BETWEEN {least} AND {MOST_WON}", name=f"{name}_in_bounds")


def _where(name: str, column: str, condition: str) -> Index:
    """An index over the few rows that fulfil a condition."""
    return Index(name, column, postgresql_where=text(condition), sqlite_where=text(condition))


# Rows rewritten many times a month, in columns of no index: with room left on their pages a version needs no
# new place in the indexes. Share of a page filled at first.
ROOM: Mapping[str, Mapping[str, str]] = {"usages": {"fillfactor": "70"}}


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True, postgresql_with=ROOM.get(name, {}))


# What a record's table has beside its columns; that amounts are bounded and references known goes unsaid.
BESIDE: Mapping[str, tuple[SchemaItem, ...]] = {
    "holders": (),
    "lines": (
        CheckConstraint("due_day BETWEEN 1 AND 31", name="due_day_in_month"),
        # The law of the house, kept by the database too: no line is ever paid more than it has repaid.
        CheckConstraint("paid_back_won <= repaid_won", name="paid_back_of_repaid"),
        Index(None, "holder_id"),
    ),
    "consents": (Index(None, "client"),),
    "merchants": (UniqueConstraint("client", "identifier"),),
    "clients": (),
    "usages": (Index(None, "holder_id", "month"),),
    "declines": (Index(None, "line_id", "declined_on"),),
    "purchases": (
        CheckConstraint("won > 0", name="something_bought"),
        CheckConstraint("refunded_won <= won", name="refunded_of_won"),
        CheckConstraint("paid_back_won <= refunded_won", name="paid_back_of_refunded"),
        CheckConstraint(
            "(state IN ('held', 'pending_validation')) = (expires_at IS NOT NULL)", name="held_has_an_end"
        ),
        CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_at_some_time"),
        Index(None, "line_id", "billed_month"),
        _where("purchases_in_bills", "bill_id", "bill_id IS NOT NULL"),
        _where("purchases_to_lapse", "expires_at", "state = 'held'"),
        _where("purchases_without_code", "expires_at", "state = 'pending_validation'"),
        _where("purchases_to_settle", "merchant_id", "state = 'confirmed' AND settlement_id IS NULL"),
    ),
    "purchase_requests": (
        UniqueConstraint("client", "correlator"),
        UniqueConstraint("client", "reference"),
        CheckConstraint("(step IS NULL) = (due_at IS NULL)", name="a_step_has_its_time"),
        Index(None, "client", "asked_at"),
        _where("purchase_requests_due", "due_at", "due_at IS NOT NULL"),
    ),
    "refund_requests": (
        UniqueConstraint("client", "correlator"),
        UniqueConstraint("client", "reference"),
        CheckConstraint("(refund_id IS NULL) = (state <> 'succeeded')", name="succeeded_with_a_refund"),
        Index(None, "purchase_id"),
        _where("refund_requests_due", "due_at", "due_at IS NOT NULL"),
    ),
    "client_events": (
        UniqueConstraint("purchase_id", "place"),
        _where("client_events_to_deliver", "not_before", "state = 'waiting'"),
        _where("client_events_given_up", "client", "state = 'dead'"),
    ),
    "one_time_codes": (CheckConstraint("tries_left >= 0", name="tries_left_counted"),),
    "refunds": (
        CheckConstraint("won = cancelled_won + credited_won + paid_back_won", name="adds_up"),
        Index(None, "purchase_id"),
        Index(None, "line_id"),
        Index(None, "merchant_id", "settlement_id"),
    ),
    "bills": (
        UniqueConstraint("line_id", "month"),
        CheckConstraint("principal_won > 0", name="something_owed"),
        CheckConstraint("fee_waived_won <= fee_booked_won", name="fee_waived_of_booked"),
        Index(None, "holder_id"),
        _where("bills_open", "holder_id", "closed_on IS NULL"),
    ),
    "bill_items": (Index(None, "bill_id"),),
    "repayments": (CheckConstraint("won > 0", name="something_repaid"), Index(None, "line_id")),
    "allocations": (Index(None, "bill_id"), Index(None, "line_id")),
    "objections": (
        Index(None, "purchase_id"),
        Index(None, "line_id"),
        _where("objections_open", "holder_id", "state = 'open'"),
    ),
    "arrangements": (Index(None, "holder_id"),),
    "settlements": (UniqueConstraint("merchant_id", "through_on"), UniqueConstraint("merchant_id", "place")),
    "gateway_arrears": (UniqueConstraint("client", "reference"), Index(None, "holder_id")),
    "line_effects": (
        _where("line_effects_in_force", "holder_id", "ended_on IS NULL"),
        Index(None, "line_id"),
    ),
    "line_days": (),
    "notices": (
        _where("notices_to_send", "not_before", "state = 'queued'"),
        _where("notices_handed_over", "sent_at", "state = 'sent'"),
        _where("notices_about_bills", "bill_id", "bill_id IS NOT NULL"),
        Index(None, "line_id", "what"),
    ),
    "bureau_reports": (Index(None, "holder_id"),),
    "leases": (),
    "staff": (),
    "sessions": (
        CheckConstraint("(holder_id IS NULL) <> (staff IS NULL)", name="a_holders_or_staffs"),
        Index(None, "seen_at"),
    ),
    "sign_in_codes": (Index(None, "expires_at"),),
    "tries": (Index(None, "last_at"),),
}


def _pointed_at(table: str, column: str) -> str | None:
    to = REFERENCES.get(column)
    is_own = to is not None and to.startswith(f"{table}.")
    return None if is_own or (table, column) in UNCHECKED else to


def _record_table(record: type) -> Table:
    name, key = RECORDS[record]
    columns = [
        _column(
            field.name,
            field.kind,
            key=field.name in key,
            optional=field.optional,
            to=_pointed_at(name, field.name),
        )
        for field in fields_of(record)
    ]
    bounds = [_in_bounds(field.name) for field in fields_of(record) if field.name.endswith("won")]
    return _table(name, *columns, *bounds, *BESIDE[name])


for _record in RECORDS:
    _record_table(_record)

# ── people, sealed ───────────────────────────────────────────────────────────────────────────────────────
people = _table(
    "people",
    _column("holder_id", Kind.WHOLE, key=True, to="holders.id"),
    _column("wrapped_key", Kind.BYTES),
    _column("name_sealed", Kind.BYTES),
    _column("name_hash", Kind.BYTES),
    Index(None, "name_hash"),
)
numbers = _table(
    "numbers",
    _column("line_id", Kind.WHOLE, key=True, to="lines.id"),
    _column("holder_id", Kind.WHOLE, to="holders.id"),
    _column("number_sealed", Kind.BYTES),
    _column("number_hash", Kind.BYTES),
    _column("tail_hash", Kind.BYTES),
    UniqueConstraint("number_hash"),
    Index(None, "tail_hash"),
)

# ── remembered answers, ids, marks ───────────────────────────────────────────────────────────────────────
answers = _table(
    "answers",
    _column("key", Kind.TEXT, key=True),
    _column("client", Kind.TEXT, key=True),
    _column("operation", Kind.TEXT, key=True),
    _column("fingerprint", Kind.TEXT),
    _column("outcome", Kind.TEXT),
    _column("answered_at", Kind.INSTANT),
    Index(None, "answered_at"),
)
counters = _table("counters", _column("name", Kind.TEXT, key=True), _column("next", Kind.WHOLE))
marks = _table("marks", _column("name", Kind.TEXT, key=True), _column("value", Kind.TEXT))

# ── appended, chained, never changed ─────────────────────────────────────────────────────────────────────
chains = _table(
    "chains", _column("name", Kind.TEXT, key=True), _column("seq", Kind.WHOLE), _column("head", Kind.BYTES)
)
entries = _table(
    "entries",
    _column("seq", Kind.WHOLE, key=True),
    _column("key", Kind.TEXT),
    _column("what", Kind.TEXT),
    _column("at", Kind.INSTANT),
    _column("line_id", Kind.WHOLE, optional=True),
    _column("reverses", Kind.TEXT, optional=True),
    _column("hash", Kind.BYTES),
    UniqueConstraint("key"),
    Index(None, "line_id"),
)
postings = _table(
    "postings",
    _column("entry_seq", Kind.WHOLE, key=True),
    _column("leg", Kind.WHOLE, key=True),
    _column("debit", Kind.TEXT),
    _column("credit", Kind.TEXT),
    _column("won", Kind.WHOLE),
    _column("line_id", Kind.WHOLE, optional=True),
    _column("merchant_id", Kind.WHOLE, optional=True),
    _column("bill_id", Kind.WHOLE, optional=True),
    _in_bounds("won", 1),
    CheckConstraint("debit <> credit", name="moves_between_two"),
)
audits = _table(
    "audits",
    _column("seq", Kind.WHOLE, key=True),
    _column("actor", Kind.TEXT),
    _column("action", Kind.TEXT),
    _column("at", Kind.INSTANT),
    _column("line_id", Kind.WHOLE, optional=True),
    _column("why", Kind.TEXT),
    _column("details", Kind.TEXT),
    _column("hash", Kind.BYTES),
    Index(None, "line_id"),
)
policies = _table(
    "policies",
    _column("seq", Kind.WHOLE, key=True),
    _column("name", Kind.TEXT),
    _column("digest", Kind.TEXT),
    _column("content", Kind.TEXT),
    _column("recorded_at", Kind.INSTANT),
    _column("hash", Kind.BYTES),
    UniqueConstraint("name", "digest"),
)
APPEND_ONLY = ("entries", "postings", "audits", "policies")
CHAINS = ("entries", "audits", "policies")
