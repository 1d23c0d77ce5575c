"""One life told through the interface comes to the same won as told to the services themselves."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from books import Books, books
from carrierbill.domain.arrangement import ArrangementKind
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import days_later
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.purchase import Purchase
from carrierbill.services.advance_day import Advance, advance_day
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.change_limit import ChangeLimit, CloseService, change_limit, close_service
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.grant_relief import AskRelief, DecideRelief, ask_relief, decide_relief
from carrierbill.services.handle_objection import (
    AnswerObjection,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.receive_repayment import Repay, receive_repayment
from carrierbill.services.register_line import RegisterLine, register_line
from carrierbill.services.settle_merchants import Settle, settle_merchants
from carrierbill.web.own.table import BASE
from databases import sqlite_url
from ledger_laws import broken_laws, tables
from own_interface import OPS, Interface, Wanted, described, token

NUMBER = "+821000010101"
OPERATOR = {**token("back office", OPS), "x-purpose": "the daily work"}
MARCH = date(2026, 3, 1)


class ByServices:
    """Tells the life to the services."""

    def __init__(self, book: Books) -> None:
        self.book = book
        self.line_id = 0

    def one(self, service: Any, command: Any) -> Any:
        (outcome,) = self.book.decide(service, command)
        assert not isinstance(outcome, Exception), outcome
        return outcome

    def register(self) -> None:
        command = RegisterLine(
            number=NUMBER,
            carrier="SKT",
            due_day=25,
            opened_on=date(2020, 1, 1),
            monthly_limit_won=500_000,
            name="Hong Gildong",
            consented_on=date(2020, 1, 1),
        )
        self.line_id = self.one(register_line, command).line_id

    def close(self) -> None:
        self.one(close_month, CloseLine(self.line_id, MARCH))

    def advance(self, day: date) -> None:
        self.one(advance_day, Advance(self.line_id, day))

    def repay(self, won: int, day: date) -> None:
        self.one(receive_repayment, Repay(self.line_id, won, day))

    def object_to(self, purchase_id: int) -> None:
        filed = self.one(file_objection, FileObjection(self.line_id, purchase_id, "not me"))
        self.one(answer_objection, AnswerObjection(filed.objection_id, upheld=True, why="twice"))

    def waive(self, bill_id: int) -> None:
        made = self.one(ask_relief, AskRelief(self.line_id, ArrangementKind.WAIVER, bill_id))
        self.one(decide_relief, DecideRelief(made.arrangement_id, granted=True, actor="x", why="first time"))

    def lower(self) -> None:
        self.one(change_limit, ChangeLimit(self.line_id, "x", monthly_limit_won=200_000))
        self.one(close_service, CloseService(self.line_id, "x"))

    def settle(self, merchant_id: int, day: date) -> None:
        self.one(settle_merchants, Settle(merchant_id, day))


class ByInterface:
    """Tells it over HTTP, as an operator."""

    def __init__(self, book: Books) -> None:
        self.book = book
        self.face = Interface(book)
        self.line = ""

    def ask(self, operation_id: str, body: Mapping[str, Any] | None = None, **path: str) -> Any:
        told = asyncio.run(self.face.ask(operation_id, Wanted(path, body), OPERATOR))
        assert told.status_code in {200, 201}, told.text
        return told.json()

    def register(self) -> None:
        body = {
            "phoneNumber": NUMBER,
            "carrier": "SKT",
            "holderName": "Hong Gildong",
            "dueDay": 25,
            "openedOn": "2020-01-01",
            "monthlyWon": 500_000,
            "consentedOn": "2020-01-01",
        }
        self.line = self.ask("registerLine", body)["lineId"]

    def close(self) -> None:
        assert self.ask("closeMonth", {"month": "2026-03"}) == {"done": 1, "refused": 0, "left": False}

    def advance(self, day: date) -> None:
        self.ask("advanceDay", {"day": day.isoformat()})

    def repay(self, won: int, day: date) -> None:
        self.ask("receiveRepayment", {"lineId": self.line, "won": won, "receivedOn": day.isoformat()})

    def object_to(self, purchase_id: int) -> None:
        body = {"paymentId": self.face.told(purchase_id, "payment"), "reason": "not me"}
        filed = self.ask("fileObjection", body, lineId=self.line)
        answer = {"upheld": True, "why": "twice"}
        self.ask("answerObjection", answer, objectionId=filed["objectionId"])

    def waive(self, bill_id: int) -> None:
        body = {"kind": "waiver", "billId": self.face.told(bill_id, "bill")}
        made = self.ask("askRelief", body, lineId=self.line)
        self.ask("decideRelief", {"granted": True, "why": "first time"}, reliefId=made["reliefId"])

    def lower(self) -> None:
        self.ask("changeLimits", {"monthlyWon": 200_000}, lineId=self.line)
        self.ask("blockLine", lineId=self.line)

    def settle(self, merchant_id: int, day: date) -> None:
        del merchant_id
        assert self.ask("settleMerchants", {"throughOn": day.isoformat()})["done"] == 1


def live(teller: ByServices | ByInterface) -> None:
    """Registered, bought, billed, late, partly paid, disputed, waived, paid, lowered, settled."""
    book = teller.book
    seller = book.merchant()
    teller.register()
    for won in (50_000, 30_000, 20_000):
        book.decide(authorise_purchase, Authorise("shop", NUMBER, won, one_step=True, exempt=True))
    first, second, _ = (purchase.id for purchase in book.all(Purchase))
    book.clock.to(date(2026, 4, 1))
    teller.close()
    for ahead in range(40):
        day = days_later(date(2026, 4, 20), ahead)
        book.clock.to(day)
        teller.advance(day)
        if day == date(2026, 4, 29):
            teller.repay(25_000, date(2026, 4, 28))
        if day == date(2026, 4, 30):
            teller.object_to(second)
        if day == date(2026, 5, 4):
            (bill,) = book.all(IssuedBill)
            teller.waive(bill.id)
        if day == date(2026, 5, 20):
            teller.repay(60_000, day)
    teller.lower()
    teller.settle(seller.id, date(2026, 5, 20))
    assert first


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Books, Books]]:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    opened = [books(sqlite_url(tmp_path / name), "guide") for name in ("one", "two")]
    yield opened[0], opened[1]
    for book in opened:
        book.close()


def test_a_life_through_the_interface_comes_to_the_same_won(two: tuple[Books, Books]) -> None:
    one, other = two
    live(ByServices(one))
    by_interface = ByInterface(other)
    live(by_interface)
    by_interface.face.commits.close()
    assert tables(other.db) == tables(one.db)
    assert other.all(Line) == one.all(Line)
    assert other.all(LineEffect) == one.all(LineEffect)
    assert other.trial_balance() == one.trial_balance()
    assert broken_laws(other.db) == []
    (bill,) = other.all(IssuedBill)
    assert bill.fee_booked_won > 0
    assert bill.fee_waived_won > 0
    assert other.all(LineEffect)


def test_every_address_stands_under_the_base() -> None:
    assert BASE == "/carrierbill/v1"
    assert all(operation.path.startswith("/") for operation in described().values())
