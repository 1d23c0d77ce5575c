"""Names and numbers are sealed, found by what is known of them, and written with the rest or not at all."""

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Holder, Line
from carrierbill.services.ports import Found

NUMBER = "+821000010077"


def test_a_name_and_a_number_are_read_back(book: Books) -> None:
    line = book.line(NUMBER, holder_id=book.holder("Kim Minsu").id)
    with book.db.unit() as unit:
        assert unit.people.name_of(line.holder_id) == "Kim Minsu"
        assert unit.people.number_of(line.id) == NUMBER
        assert unit.lines_by_number(["010-0001-0077"]) == {"010-0001-0077": (line.id, line.holder_id)}


def test_they_are_read_in_the_unit_that_tells_them(book: Books) -> None:
    with book.db.unit() as unit:
        unit.add(Holder(7))
        unit.people.enrol(7, "Kim Minsu")
        assert unit.people.names_of([7, 8]) == {7: "Kim Minsu"}


def test_a_line_is_found_by_its_number_its_tail_and_its_holders_name(book: Books) -> None:
    line = book.line(NUMBER, holder_id=book.holder("Kim Minsu").id)
    other = book.line("+821000020077", holder_id=book.holder("Lee Jieun").id)
    found = Found(line.id, line.holder_id)
    with book.db.unit() as unit:
        people = unit.people
        assert people.find(number="010-0001-0077") == [found]
        assert people.find(tail="0077") == [found, Found(other.id, other.holder_id)]
        assert people.find(name="kim minsu") == [found]
        assert people.find(tail="0077", name="KimMinsu") == [found]
        assert people.find(number="01000020077", name="KimMinsu") == []
        assert people.find() == []


def test_what_is_taken_back_leaves_nobody(book: Books) -> None:
    with book.db.unit() as unit:
        mark = unit.mark()
        unit.add(Holder(7))
        unit.people.enrol(7, "Kim Minsu")
        unit.undo_to(mark)
        assert unit.people.name_of(7) is None
    with book.db.session() as session:
        assert session.rows("SELECT COUNT(*) FROM people") == [(0,)]


def test_a_number_belongs_to_one_line(book: Books) -> None:
    book.line(NUMBER)
    with pytest.raises(Exception, match=r"(?i)unique"):
        book.line(NUMBER)


def test_what_is_no_number_is_not_given(book: Books) -> None:
    line = book.line()
    with pytest.raises(BadInputError), book.db.unit() as unit:
        unit.people.give_number(line.id, line.holder_id, "not a number")


def test_a_number_of_somebody_unknown_is_not_sealed(book: Books) -> None:
    with pytest.raises(LookupError), book.db.unit() as unit:
        unit.people.give_number(1, 999, NUMBER)


def test_nothing_of_them_is_stored_in_the_clear(book: Books) -> None:
    book.line(NUMBER, holder_id=book.holder("Kim Minsu").id)
    with book.db.session() as session:
        stored = b"".join(
            bytes(value)
            for table in ("people", "numbers")
            for row in session.rows(f"SELECT * FROM {table}")
            for value in row
            if not isinstance(value, int)
        )
    assert b"Minsu" not in stored
    assert b"10077" not in stored


def test_twenty_thousand_lines_are_sealed_in_one_unit(book: Books) -> None:
    with book.db.unit() as unit:
        for number in range(20_000):
            unit.add(Holder(number + 1))
            unit.people.enrol(number + 1, f"Holder {number}")
    assert len(book.all(Holder)) == 20_000
    assert book.all(Line) == []
