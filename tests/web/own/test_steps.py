"""The daily work a part at a time: bounded, repeatable, and done once; the books looked through."""

import asyncio
from datetime import date
from typing import Any

import pytest

from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.line import LineDay
from carrierbill.domain.settlement import Settlement
from carrierbill.web.own import settlements, steps
from ledger_laws import broken_laws
from money_steps import APRIL, buy
from own_interface import OPS, Interface, Scene, Wanted, old_bill, scene, token

DUE = date(2026, 4, 24)


def ask(at: Scene, operation_id: str, body: dict[str, Any], **headers: str) -> Any:
    told = asyncio.run(at.ask(operation_id, body=body, headers=headers))
    assert told.status_code == 200, told.text
    return told.json()


def all_parts(at: Scene, operation_id: str, body: dict[str, Any]) -> list[int]:
    """How many were done with each call, until nothing is left."""
    done, left = [], {"left": True}
    while left["left"]:
        left = ask(at, operation_id, body)
        done.append(int(left["done"]))
        if left["left"]:
            body = {**body, "after": left["next"]}
    assert "next" not in left
    return done


def test_a_month_is_closed_a_part_at_a_time(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LINES_AT_ONCE", 2)
    book = at.face.book
    for _ in range(5):
        buy(book, book.line(), 1_000)
    book.clock.to(date(2026, 5, 1))
    assert all_parts(at, "closeMonth", {"month": "2026-04"}) == [2, 2, 1]
    assert len(book.all(IssuedBill, month=APRIL)) == 5
    assert all_parts(at, "closeMonth", {"month": "2026-04"}) == [0]
    assert broken_laws(book.db) == []


def test_a_day_is_worked_a_part_at_a_time(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LINES_AT_ONCE", 1)
    at.face.book.clock.to(DUE)
    assert all_parts(at, "advanceDay", {"day": DUE.isoformat()}) == [1, 1]
    assert {mark.advanced_to for mark in at.face.book.all(LineDay)} == {DUE}
    assert all_parts(at, "advanceDay", {"day": DUE.isoformat()}) == [0]
    told = asyncio.run(at.ask("advanceDay", body={"day": "2026-04-25"}))
    assert (told.status_code, told.json()["message"].partition(":")[0]) == (400, "day")


def test_merchants_are_paid_a_part_at_a_time(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlements, "MERCHANTS_AT_ONCE", 2)
    assert all_parts(at, "settleMerchants", {"throughOn": "2026-03-31"}) == [2, 1]
    before = at.face.book.all(Settlement)
    assert len(before) == 3
    all_parts(at, "settleMerchants", {"throughOn": "2026-03-31"})
    assert at.face.book.all(Settlement) == before
    assert broken_laws(at.face.book.db) == []


def test_a_part_asked_again_under_its_key_is_answered_as_it_was(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LINES_AT_ONCE", 1)
    at.face.book.clock.to(DUE)
    key = {"idempotency-key": "part-1"}
    first = ask(at, "advanceDay", {"day": DUE.isoformat()}, **key)
    assert (first["done"], first["left"]) == (1, True)
    assert ask(at, "advanceDay", {"day": DUE.isoformat()}, **key) == first
    assert len(at.face.book.all(LineDay)) == 1


def test_a_line_whose_day_no_rule_covers_is_counted_and_passed_by(face: Interface) -> None:
    at = scene(face)
    old_bill(face.book, at.line)
    face.book.clock.to(DUE)
    told = ask(at, "advanceDay", {"day": DUE.isoformat()})
    assert (told["done"], told["refused"], told["left"]) == (1, 1, False)


def test_where_to_go_on_is_of_its_own_kind(at: Scene) -> None:
    for after in (at.bill_id, "17", at.line_id.lower()):
        told = asyncio.run(at.ask("advanceDay", body={"day": "2026-04-02", "after": after}))
        assert told.status_code == 404


def test_the_books_are_looked_through_and_what_is_wrong_is_named(at: Scene) -> None:
    told = asyncio.run(at.ask("verifyBooks")).json()
    assert (told["clean"], told["wrongCount"], told["wrong"]) == (True, 0, [])
    with at.face.book.db.session() as session:
        session.rows("UPDATE lines SET repaid_won = 1 WHERE id = ?", [at.line.id])
    told = asyncio.run(at.ask("verifyBooks")).json()
    assert not told["clean"]
    assert told["wrongCount"] == len(told["wrong"]) > 0
    assert {"what": "repaid", "key": str(at.line.id), "bookedWon": 1, "toldWon": 0} in told["wrong"]


def test_a_step_of_nothing_in_empty_books_is_done(face: Interface) -> None:
    face.book.clock.to(date(2026, 5, 1))
    for operation_id, body in (
        ("closeMonth", {"month": "2026-04"}),
        ("advanceDay", {"day": "2026-05-01"}),
        ("settleMerchants", {"throughOn": "2026-04-30"}),
    ):
        told = asyncio.run(face.ask(operation_id, Wanted(body=body), token("back office", OPS)))
        assert told.json() == {"done": 0, "refused": 0, "left": False}
