"""Records of every kind come back as they were written, outcomes as they were remembered."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from books import Books
from carrierbill import services
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.errors import BadInputError, RefusedError
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.limits import Declined, Reason
from carrierbill.domain.line import Holder, Line
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import Merchant, Purchase
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import OUTCOMES, Refused, decide_each
from carrierbill.services.holding import Authorised
from carrierbill.services.ports import Audit, Once, Unit
from carrierbill.storage.outcomes import outcome_of, outcome_text
from carrierbill.storage.records import RECORDS, layout_of
from carrierbill.storage.sql import plain

for service in iter_modules(services.__path__):
    import_module(f"carrierbill.services.{service.name}")  # each marks the outcomes it has

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)).map(lambda at: at.replace(tzinfo=SEOUL))  # noqa: DTZ001
PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, 10**12),
    str: TEXTS,
    bool: st.booleans(),
    date: DAYS,
    datetime: INSTANTS,
    bytes: st.binary(max_size=40),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, UnionType):
        parts = [part for part in get_args(hint) if part is not NoneType]
        return st.none() | st.one_of([values_of(part) for part in parts])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    if get_origin(hint) is tuple:
        inner = [part for part in get_args(hint) if part is not ...]
        if ... in get_args(hint):
            return st.lists(values_of(inner[0]), max_size=3).map(tuple)
        return st.tuples(*[values_of(part) for part in inner])
    if get_origin(hint) is not None and issubclass(get_origin(hint), Mapping):
        return st.dictionaries(TEXTS, st.integers(0, 10**12) | TEXTS, max_size=3)
    return PLAIN[hint]


@st.composite
def records(draw: st.DrawFn, kind: type[Any]) -> Any:
    hints = get_type_hints(kind)
    return kind(**{field.name: draw(values_of(hints[field.name])) for field in fields(kind)})


@pytest.mark.parametrize("kind", list(RECORDS))
def test_a_record_comes_back_from_its_row(kind: type) -> None:
    # SQLite gives a row back as it was written; PostgreSQL takes days as text and gives days: see below.
    layout = layout_of(kind, on_sqlite=True)

    @settings(max_examples=25)
    @given(records(kind))
    def comes_back(record: Any) -> None:
        assert layout.record_of(layout.row_of(record)) == record

    comes_back()


@pytest.mark.parametrize("kind", list(RECORDS))
def test_and_from_the_database_itself(book: Books, kind: type) -> None:
    """Past foreign keys and checks, which are not what is tried here."""
    layout = layout_of(kind, on_sqlite=book.db.on_sqlite)
    names = [field.name for field in layout.columns]
    with book.db.session() as session:
        session.rows(f"CREATE TEMPORARY TABLE tried AS SELECT * FROM {layout.table} WHERE FALSE")

        @settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(records(kind))
        def comes_back(record: Any) -> None:
            session.append("tried", names, [layout.row_of(record)])
            (row,) = session.rows(f"SELECT {', '.join(names)} FROM tried")
            session.rows("DELETE FROM tried")
            assert layout.record_of(row) == record

        comes_back()
        session.rows("DROP TABLE tried")


# ── a unit of work ───────────────────────────────────────────────────────────────────────────────────────


def test_what_is_undone_leaves_nothing(book: Books) -> None:
    line = book.line()
    shop = book.merchant()
    before: dict[type, list[Any]] = {kind: book.all(kind) for kind in RECORDS}
    with book.db.unit() as unit:
        unit.load(Line)
        mark = unit.mark()
        unit.add(Merchant(900, "shop", "other", "Other", "02", "goods"))
        unit.put(replace(line, due_day=3))
        unit.book(
            Entry("money/1", "money", unit.now, (Posting(LedgerAccount.BANK, LedgerAccount.LINE_CREDIT, 5),))
        )
        unit.audit(Audit("clerk", "look", unit.now))
        unit.undo_to(mark)
        assert unit.get(Merchant, 900) is None
        assert unit.get(Line, line.id) == line
    assert {kind: book.all(kind) for kind in RECORDS} == before
    assert book.trial_balance() == {}
    with book.db.session() as session:
        assert session.rows("SELECT COUNT(*) FROM audits") == [(0,)]
    assert shop in book.all(Merchant)


# ── outcomes and failures ────────────────────────────────────────────────────────────────────────────────

SAYING = Saying("refusal.key_reused", {"key": "k", "on": date(2026, 3, 2), "inner": Saying("x", {"won": 5})})
REMEMBERED = [
    Refused("rule", SAYING, Saying("lifted")),
    Refused("rule", Saying("told")),
    Declined(Reason.LATE, "rule", SAYING, None),
    Authorised(7, "held", datetime(2026, 3, 2, 10, tzinfo=SEOUL) + timedelta(minutes=10)),
    Authorised(7, "confirmed", None),
]


@pytest.mark.parametrize("outcome", REMEMBERED, ids=lambda outcome: type(outcome).__name__)
def test_an_outcome_is_remembered_as_it_was(outcome: object) -> None:
    assert outcome_of(outcome_text(outcome)) == outcome


def outcomes_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any outcome of a kind, sayings and others inside it too."""
    if kind is Saying:
        return st.builds(
            Saying, TEXTS, st.dictionaries(TEXTS.map(lambda name: f"v{name}"), DAYS | TEXTS, max_size=2)
        )
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: told_of(hints[field.name]) for field in fields(kind)})


def told_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in OUTCOMES.values():
        return outcomes_of(hint)
    if isinstance(hint, UnionType):
        return st.one_of([st.none() if part is NoneType else told_of(part) for part in get_args(hint)])
    if get_origin(hint) is tuple and ... in get_args(hint):
        return st.lists(told_of(get_args(hint)[0]), max_size=3).map(tuple)
    return values_of(hint)


@pytest.mark.parametrize("kind", list(OUTCOMES.values()), ids=lambda kind: kind.__name__)
def test_every_kind_of_outcome_is_remembered_as_it_was(kind: type[Any]) -> None:
    @settings(max_examples=20)
    @given(outcomes_of(kind))
    def comes_back(outcome: Any) -> None:
        assert outcome_of(outcome_text(outcome)) == outcome

    comes_back()


def test_what_is_no_outcome_is_not_remembered() -> None:
    with pytest.raises(TypeError):
        outcome_text(Holder(1))


class BugError(Exception):
    pass


def making(commands: Any, unit: Unit, rules: RuleSet) -> list[object]:
    """A service that breaks on "broken", refuses "bad" input and adds a holder for each other command."""
    del rules

    def decide(command: Any) -> object:
        unit.add(Holder(command.number))
        if command.what == "broken":
            raise BugError
        if command.what == "ruleless":
            raise RefusedError("made.rule", Saying("bad_use.number"), None)
        if command.what == "bad":
            raise BadInputError("what", Saying("bad_use.number"))
        return Authorised(command.number, "made", None)

    return decide_each(commands, unit, decide)


class Command:
    def __init__(self, number: int, what: str = "good", once: Once | None = None) -> None:
        self.number, self.what, self.once = number, what, once


def test_a_command_that_hits_a_bug_fails_alone(book: Books) -> None:
    outcomes = book.decide(
        making, Command(1), Command(2, "broken"), Command(3), Command(4, "bad"), Command(5)
    )
    assert [type(outcome) for outcome in outcomes] == [
        Authorised,
        BugError,
        Authorised,
        BadInputError,
        Authorised,
    ]
    assert book.all(Holder) == [Holder(1), Holder(3), Holder(5)]


def test_a_command_that_a_missing_rule_stops_halfway_is_refused_and_leaves_nothing(book: Books) -> None:
    made, refused, again = book.decide(making, Command(1), Command(2, "ruleless"), Command(3))
    assert (type(made), type(again)) == (Authorised, Authorised)
    assert (refused.rule, refused.told) == ("made.rule", Saying("bad_use.number"))
    assert book.all(Holder) == [Holder(1), Holder(3)]


def test_a_bug_of_an_only_command_is_raised(book: Books) -> None:
    with pytest.raises(BugError):
        book.decide(making, Command(1, "broken"))
    assert book.all(Holder) == []


def test_a_repeated_command_is_answered_as_the_first_was(book: Books) -> None:
    once = Once("shop", "make", "k", "f")
    (first,) = book.decide(making, Command(1, once=once))
    assert book.decide(making, Command(2, once=once), Command(3)) == [first, Authorised(3, "made", None)]
    (other,) = book.decide(making, Command(2, once=Once("shop", "make", "k", "g")))
    assert type(other).__name__ == "KeyReusedError"
    assert book.all(Holder) == [Holder(1), Holder(3)]
    assert book.all(Purchase) == []


def test_the_same_key_of_another_client_is_another_command(book: Books) -> None:
    ours, theirs = (Once(client, "make", "k", "f") for client in ("shop", "games"))
    one, other = book.decide(making, Command(1, once=ours), Command(2, once=theirs))
    assert (one, other) == (Authorised(1, "made", None), Authorised(2, "made", None))
    assert book.decide(making, Command(3, once=theirs)) == [other]
    assert book.decide(making, Command(4, once=ours), Command(5, once=theirs)) == [one, other]
    (third,) = book.decide(making, Command(6, once=Once("content", "make", "k", "g")))
    assert third == Authorised(6, "made", None)
    assert book.all(Holder) == [Holder(1), Holder(2), Holder(6)]


def test_the_same_key_of_another_operation_is_another_command(book: Books) -> None:
    with book.db.session() as session:
        answered = plain(book.clock()) if session.on_sqlite else book.clock()
        row = ("k", "shop", "other", "f", '{"_":"NotKnownHere"}', answered)
        session.append(
            "answers", ("key", "client", "operation", "fingerprint", "outcome", "answered_at"), [row]
        )
    assert book.decide(making, Command(1, once=Once("shop", "make", "k", "f"))) == [
        Authorised(1, "made", None)
    ]
