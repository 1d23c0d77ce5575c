"""However many values are asked about, a statement is told all of them."""

from books import Books
from carrierbill.domain.line import Holder
from carrierbill.storage.sql import MOST_VALUES


def test_of_more_values_than_a_statement_takes_none_is_lost(book: Books) -> None:
    ends = [1, MOST_VALUES - 1, MOST_VALUES, MOST_VALUES + 1, 2 * MOST_VALUES, 2 * MOST_VALUES + 1]
    with book.db.unit() as unit:
        for holder_id in ends:
            unit.add(Holder(holder_id))
    found = book.all(Holder, id=range(1, 2 * MOST_VALUES + 2))
    assert [holder.id for holder in found] == ends


def test_of_no_values_there_is_nothing(book: Books) -> None:
    with book.db.unit() as unit:
        unit.add(Holder(1))
    assert book.all(Holder, id=()) == []


def test_the_parts_of_two_long_conditions_are_all_taken_together(book: Books) -> None:
    lines = [book.line() for _ in range(3)]
    many = range(MOST_VALUES * 2)
    ids = {line.id for line in lines} | {number + 10**6 for number in many}
    holder_ids = {line.holder_id for line in lines[1:]} | {number + 10**7 for number in many}
    found = book.all(type(lines[0]), id=ids, holder_id=holder_ids)
    assert sorted(line.id for line in found) == sorted(line.id for line in lines[1:])
