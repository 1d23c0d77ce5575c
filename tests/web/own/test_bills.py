"""Bills: every won of one is explained, its fee as the command line explains it, its outlook as well."""

import asyncio
import json
from datetime import date
from typing import Any

import pytest

from carrierbill.documents.answer import late_fee_document, outlook_document
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.outlook import Question, outlook_for
from carrierbill.domain.position import answer_on
from money_steps import APRIL, buy, close, pay
from own_interface import Scene
from rule_sets import APP, a_bill


def get(at: Scene, operation_id: str, **changes: Any) -> Any:
    told = asyncio.run(at.ask(operation_id, at.holder, **changes))
    assert told.status_code == 200, told.text
    return told.json()


def snake(value: Any) -> Any:
    """As the command line writes it, without its nulls."""
    if isinstance(value, dict):
        return {
            "".join(f"_{c.lower()}" if c.isupper() else c for c in name): snake(v)
            for name, v in value.items()
        }
    return [snake(part) for part in value] if isinstance(value, list) else value


def without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_null(part) for name, part in value.items() if part is not None}
    return [without_null(part) for part in value] if isinstance(value, list) else value


def facts(*repaid: tuple[date, int]) -> Any:
    return a_bill(principal_won=70_000, due_on=date(2026, 4, 25), repaid=repaid)


def test_the_rows_of_a_bill_add_up_to_what_it_asks_for(at: Scene) -> None:
    book = at.face.book
    pay(book, at.line, 70_000, date(2026, 5, 20))
    pay(book, at.line, 3_000, date(2026, 5, 20))
    book.clock.to(date(2026, 4, 20))
    buy(book, at.line, 30_000)
    april = close(book, at.line, APRIL)
    told = get(at, "getBill", path={"billId": at.face.told(april, "bill")})
    bill, items = told["bill"], told["items"]
    signed = {"purchase": 1, "carried_fee": 1, "credit": -1}
    assert sum(signed[item["kind"]] * item["won"] for item in items) == bill["askedWon"]
    assert bill["askedWon"] == bill["principalWon"] + bill["carriedFeeWon"] - bill["creditWon"]
    assert bill["principalWon"] == sum(item["won"] for item in items if item["kind"] == "purchase") == 30_000
    (bought,) = (item for item in items if item["kind"] == "purchase")
    assert (bought["merchant"], bought["month"]) == ("Seller shop", "2026-04")
    counted_won = sum(each["won"] for each in told["counted"])
    assert bill["unpaidWon"] == bill["principalWon"] - counted_won
    fee = bill["fee"]
    assert fee["openWon"] == fee["bookedWon"] - fee["waivedWon"] - fee["repaidWon"]


def test_a_fee_left_open_on_a_settled_bill_names_the_bill_it_comes_from(at: Scene) -> None:
    book = at.face.book
    pay(book, at.line, 70_000, date(2026, 5, 20))
    told = get(at, "getBill")
    assert told["bill"]["settledOn"] == "2026-05-20"
    assert told["bill"]["fee"]["openWon"] > 0
    book.clock.to(date(2026, 5, 21))
    buy(book, at.line, 30_000)
    may = close(book, at.line, date(2026, 5, 1))
    items = get(at, "getBill", path={"billId": at.face.told(may, "bill")})["items"]
    (carried,) = (item for item in items if item["kind"] == "carried_fee")
    assert (carried["fromBillId"], carried["won"]) == (at.bill_id, told["bill"]["fee"]["openWon"])


def test_the_fee_of_today_is_explained_as_the_command_explains_it(at: Scene) -> None:
    pay(at.face.book, at.line, 20_000, date(2026, 5, 10))
    at.face.book.clock.to(date(2026, 6, 30))
    told = get(at, "getBill")
    rules = at.face.book.rules
    answer = answer_on(
        facts((date(2026, 5, 10), 20_000)),
        date(2026, 6, 30),
        rules,
        others=APP.shelf.shipped_beside(rules.name),
    )
    assert snake(told["lateFee"]) == without_null(late_fee_document(answer, APP.texts))
    assert told["lateFee"]["pieces"]["low"]
    (counted,) = told["counted"]
    assert (counted["won"], counted["cause"], counted["receivedOn"]) == (20_000, "repayment", "2026-05-10")


def test_the_outlook_is_the_commands_with_what_was_repaid(at: Scene) -> None:
    pay(at.face.book, at.line, 20_000, date(2026, 5, 10))
    rules = at.face.book.rules
    told = get(at, "getBillOutlook", query={"from": "2026-05-01", "days": "100"})
    expected = outlook_for(
        facts((date(2026, 5, 10), 20_000)),
        Question(date(2026, 5, 1), 100),
        rules,
        others=APP.shelf.shipped_beside(rules.name),
    )
    assert snake(told) == without_null(json.loads(json.dumps(outlook_document(expected, APP.texts))))
    by_default = get(at, "getBillOutlook")
    assert (by_default["from"], by_default["days"]) == ("2026-04-24", 120)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2009-12-31"}, "from"),
        ({"from": "2026-4-1"}, "from"),
        ({"from": "20260401"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"days": "0"}, "days"),
        ({"days": "367"}, "days"),
        ({"from": "2050-12-31", "days": "2"}, "days"),
    ],
)
def test_a_window_outside_of_the_calendar_is_refused(at: Scene, query: dict[str, str], field: str) -> None:
    told = asyncio.run(at.ask("getBillOutlook", at.holder, query=query))
    assert told.status_code == 400
    assert told.json()["message"].startswith(field)


def test_what_is_given_twice_in_an_address_is_nobodys_guess(at: Scene) -> None:
    told = asyncio.run(at.ask("getBillOutlook", at.holder, query={"days": ["3", "4"]}))
    assert told.status_code == 400


def test_a_bill_is_the_same_in_the_list_and_alone(at: Scene) -> None:
    (listed,) = get(at, "listBills")
    assert listed == get(at, "getBill")["bill"]
    bill = at.face.book.one(IssuedBill, at.face.number(at.bill_id, "bill"))
    assert listed["principalWon"] == bill.principal_won
