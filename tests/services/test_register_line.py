"""Holders, lines and merchants come on record once, each with what has to be known of it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.line import Holder, Line
from carrierbill.domain.purchase import Merchant
from carrierbill.services.decide import Refused
from carrierbill.services.register_line import (
    LineRegistered,
    RecordAutoPay,
    RegisterHolder,
    RegisterLine,
    RegisterMerchant,
    record_auto_pay,
    register_holder,
    register_line,
    register_merchant,
)

NEW = RegisterLine("010-0001-0001", "SKT", 25, date(2020, 1, 1), 300_000, name="Hong Gildong")


def test_a_line_of_a_new_holder_is_registered_and_found_by_its_number(book: Books) -> None:
    (registered,) = book.decide(register_line, replace(NEW, welfare=True, consented_on=date(2026, 1, 1)))
    line = book.one(Line, registered.line_id)
    assert (line.carrier, line.due_day, line.monthly_limit_won) == ("SKT", 25, 300_000)
    assert book.one(Holder, registered.holder_id).welfare
    with book.db.unit() as unit:
        assert unit.people.name_of(registered.holder_id) == "Hong Gildong"
        assert unit.lines_by_number(["+821000010001"])["+821000010001"] == (line.id, line.holder_id)


def test_a_line_of_a_known_holder_is_registered(book: Books) -> None:
    (holder,) = book.decide(register_holder, RegisterHolder("Kim Minsu"))
    (registered,) = book.decide(register_line, replace(NEW, holder_id=holder.holder_id, name=""))
    assert registered.holder_id == holder.holder_id
    assert len(book.all(Holder)) == 1


def test_lines_registered_together_for_one_person_have_one_holder(book: Books) -> None:
    one = replace(NEW, person="h")
    first, second, third = book.decide(
        register_line, one, replace(one, number="010-0001-0002"), replace(NEW, number="010-0001-0003")
    )
    assert first.holder_id == second.holder_id != third.holder_id
    (bad,) = book.decide(register_line, replace(one, number="010-0001-0004", name=""))
    assert isinstance(bad, BadInputError)


def test_lines_of_one_person_that_differ_are_bad_input(book: Books) -> None:
    one = replace(NEW, person="h")
    _, bad = book.decide(register_line, one, replace(one, number="010-0001-0002", name="Kim"))
    assert (type(bad), bad.field) == (BadInputError, "person")


@pytest.mark.parametrize("again", ["010-0001-0001", "01000010001", "+821000010001"])
def test_a_number_is_registered_once_however_it_is_written(book: Books, again: str) -> None:
    first, twice = book.decide(register_line, NEW, replace(NEW, number=again))
    assert isinstance(first, LineRegistered)
    assert isinstance(twice, Refused)
    (later,) = book.decide(register_line, replace(NEW, number=again))
    assert later.rule == "line.number"
    assert len(book.all(Line)) == len(book.all(Holder)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "02-123-4567"}, "number"),
        ({"carrier": "XX"}, "carrier"),
        ({"due_day": 26}, "due_day"),
        ({"opened_on": date(2026, 3, 3)}, "opened_on"),
        ({"consented_on": date(2026, 3, 3)}, "consented_on"),
        ({"name": " "}, "name"),
        ({"holder_id": 999_999}, "holder"),
        ({"monthly_limit_won": -1}, "monthly_limit"),
        ({"category_limits": (("guns", 1),)}, "category"),
    ],
)
def test_what_cannot_be_is_bad_input_and_leaves_nothing_behind(
    book: Books, change: dict[str, Any], field: str
) -> None:
    (bad,) = book.decide(register_line, replace(NEW, **change))
    assert isinstance(bad, BadInputError)
    assert bad.field == field
    assert (book.all(Line), book.all(Holder)) == ([], [])


def test_each_carrier_has_its_own_due_days(book: Books) -> None:
    bad, good = book.decide(register_line, replace(NEW, due_day=18), replace(NEW, carrier="LGU", due_day=18))
    assert isinstance(bad, BadInputError)
    assert isinstance(good, LineRegistered)


def test_a_holder_needs_a_name(book: Books) -> None:
    (bad,) = book.decide(register_holder, RegisterHolder(" "))
    assert isinstance(bad, BadInputError)


def test_a_merchant_is_registered_once_for_a_client(book: Books) -> None:
    seller = RegisterMerchant("shop", "books", "Bookshop", "02-0000-0000", "goods")
    first, twice = book.decide(register_merchant, seller, seller)
    assert book.one(Merchant, first.merchant_id).contact == "02-0000-0000"
    assert twice.rule == "merchant.identifier"
    (again, other) = book.decide(register_merchant, seller, replace(seller, client="other"))
    assert isinstance(again, Refused)
    assert other.merchant_id != first.merchant_id


@pytest.mark.parametrize("change", [{"name": ""}, {"contact": " "}, {"category": "guns"}, {"identifier": ""}])
def test_a_merchant_without_what_is_told_with_each_charge_is_bad_input(
    book: Books, change: dict[str, Any]
) -> None:
    seller = replace(RegisterMerchant("shop", "books", "Bookshop", "02", "goods"), **change)
    (bad,) = book.decide(register_merchant, seller)
    assert isinstance(bad, BadInputError)


def test_what_is_known_of_auto_pay_is_recorded_and_taken_back(book: Books) -> None:
    line = book.line()
    book.decide(record_auto_pay, RecordAutoPay(line.id, date(2026, 4, 30), 10_000))
    known = book.one(Line, line.id)
    assert (known.card_expires_on, known.balance_won) == (date(2026, 4, 30), 10_000)
    book.decide(record_auto_pay, RecordAutoPay(line.id, None, None))
    assert book.one(Line, line.id) == line
    bad, unknown = book.decide(
        record_auto_pay, RecordAutoPay(line.id, None, -1), RecordAutoPay(999_999, None, None)
    )
    assert isinstance(bad, BadInputError)
    assert isinstance(unknown, BadInputError)
