"""A gateway's own arrears marks are taken and cleared once each, whatever comes twice."""

from datetime import date
from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.gateway import GatewayArrears
from carrierbill.domain.line import Line
from carrierbill.services.take_marks import MarkTaken, TakeMark, take_marks
from ledger_laws import tables

DUE_ON = date(2026, 2, 25)


def mark(reference: str = "m-1", action: str = "mark", **told: Any) -> TakeMark:
    ordinary = {"client": "kg", "number": "010-1234-5678", "won": 7_000, "due_on": DUE_ON}
    return TakeMark(reference=reference, action=action, **{**ordinary, **told})


@pytest.fixture
def line(book: Books) -> Line:
    return book.line("010-1234-5678")


def test_a_mark_is_taken_and_cleared_and_again_neither(book: Books, line: Line) -> None:
    (taken,) = book.decide(take_marks, mark())
    assert taken == MarkTaken(taken.arrears_id, "mark", new=True)
    assert book.one(GatewayArrears, taken.arrears_id) == GatewayArrears(
        taken.arrears_id, "kg", "m-1", line.id, line.holder_id, 7_000, DUE_ON, book.clock.day
    )
    before = tables(book.db)
    assert book.decide(take_marks, mark()) == [MarkTaken(taken.arrears_id, "mark", new=False)]
    assert tables(book.db) == before
    book.clock.by(days=3)
    assert book.decide(take_marks, mark(action="clear")) == [MarkTaken(taken.arrears_id, "clear", new=True)]
    assert book.one(GatewayArrears, taken.arrears_id).cleared_on == book.clock.day
    before = tables(book.db)
    book.clock.by(days=1)
    again = book.decide(take_marks, mark(), mark(action="clear"))
    assert [each.new for each in again] == [False, False]
    assert tables(book.db) == before


@pytest.mark.usefixtures("line")
def test_one_file_may_mark_and_clear_and_say_it_twice(book: Books) -> None:
    outcomes = book.decide(
        take_marks, mark(), mark(), mark(action="clear"), mark(action="clear"), mark("m-2")
    )
    assert [each.new for each in outcomes] == [True, False, True, False, True]
    assert len(book.all(GatewayArrears)) == 2


@pytest.mark.usefixtures("line")
def test_the_same_reference_of_another_client_is_another_mark(book: Books) -> None:
    outcomes = book.decide(take_marks, mark(), mark(client="danal", won=9))
    assert [each.new for each in outcomes] == [True, True]


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"number": "010-9999-9999"}, "number"),
        ({"won": 0}, "won"),
        ({"action": "block"}, "action"),
        ({"action": "clear"}, "reference"),
    ],
)
def test_what_cannot_be_is_named_and_leaves_nothing(book: Books, told: dict[str, Any], field: str) -> None:
    (bad,) = book.decide(take_marks, mark(**told))
    assert isinstance(bad, BadInputError)
    assert bad.field == field
    assert book.all(GatewayArrears) == []


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("told", [{"won": 7_001}, {"due_on": date(2026, 2, 26)}, {"number": "010-0000-1111"}])
def test_a_reference_said_again_with_other_details_is_refused(book: Books, told: dict[str, Any]) -> None:
    book.line("010-0000-1111")
    book.decide(take_marks, mark())
    (bad,) = book.decide(take_marks, mark(**{"action": "clear", **told}))
    assert isinstance(bad, BadInputError)
    assert (bad.field, bad.reason.key) == ("reference", "bad_input.reference_differs")
    (arrears,) = book.all(GatewayArrears)
    assert arrears.cleared_on is None
