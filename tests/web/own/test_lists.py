"""Lists: a page at a time, counted, in either order, the same on each database."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from carrierbill.domain.billing import MoneyReceived
from carrierbill.domain.notice import Notice, NoticeState
from carrierbill.domain.settlement import Settlement
from carrierbill.services.ports import After, UpTo
from carrierbill.storage.own_lists import Span, found, listed
from money_steps import pay
from own_interface import Scene, described

PAGED = sorted(operation.id for operation in described().values() if "Page" in operation.parameters)


def ask(at: Scene, operation_id: str, **query: str) -> tuple[int, Any, Mapping[str, str]]:
    told = asyncio.run(at.ask(operation_id, query=query))
    return told.status_code, told.json(), told.headers


def test_a_list_is_read_page_by_page_in_either_order(at_each: Scene) -> None:
    for won in range(1, 8):
        pay(at_each.face.book, at_each.line, won, date(2026, 4, 2))
    for order, expected in (("desc", [7, 6, 5, 4, 3, 2, 1]), ("asc", [1, 2, 3, 4, 5, 6, 7])):
        read: list[int] = []
        for page, last in (("1", "3"), ("2", "6"), ("3", "7")):
            status, told, headers = ask(at_each, "listRepayments", page=page, perPage="3", order=order)
            assert status == 200
            assert (headers["x-total-count"], headers["content-last-key"]) == ("7", last)
            read += [each["won"] for each in told]
        assert read == expected
    assert ask(at_each, "listRepayments")[1][0]["won"] == 7
    assert ask(at_each, "listRepayments", page="4", perPage="3")[1]["code"] == "OUT_OF_RANGE"
    assert ask(at_each, "listRepayments", page="1000000000", perPage="1000")[1]["code"] == "OUT_OF_RANGE"


def test_the_first_page_of_nothing_is_empty(at: Scene) -> None:
    status, told, headers = ask(at, "listRepayments")
    assert (status, told) == (200, [])
    assert (headers["x-total-count"], headers["content-last-key"]) == ("0", "0")


NO_PAGES = [
    *({"page": page} for page in ("0", "-1", "1.0", "x", "", "\u0663", "1000000001")),
    *({"perPage": most} for most in ("0", "1001", "1e3")),
    *({"order": order} for order in ("DESC", "")),
]


@pytest.mark.parametrize("operation_id", PAGED)
def test_what_is_no_page_is_refused(at: Scene, operation_id: str) -> None:
    for query in NO_PAGES:
        status, told, _ = ask(at, operation_id, **query)
        assert (status, told["code"]) == (400, "INVALID_ARGUMENT"), query
        assert next(iter(query)) in told["message"]


@pytest.mark.parametrize(
    ("operation_id", "name"),
    [
        ("listLines", "status"),
        ("listHolds", "paymentStatus"),
        ("listObjections", "state"),
        ("listNotices", "state"),
        ("listEvents", "state"),
    ],
)
def test_a_filter_keeps_what_fits_and_refuses_what_is_none(at: Scene, operation_id: str, name: str) -> None:
    parameter = {
        "listLines": "LineStatus",
        "listHolds": "HoldStatus",
        "listObjections": "ObjectionState",
        "listNotices": "NoticeState",
        "listEvents": "EventState",
    }[operation_id]
    assert parameter in described()[operation_id].parameters
    assert ask(at, operation_id, **{name: "nonsense"})[0] == 400
    kinds = {
        "listLines": ("active", "paused"),
        "listHolds": ("pending_validation", None),
        "listObjections": ("open", "upheld"),
        "listNotices": ("queued", "failed"),
        "listEvents": ("dead", "gone"),
    }[operation_id]
    own = {"listHolds": "paymentStatus", "listLines": "status"}.get(operation_id, "state")
    kept = ask(at, operation_id, **{name: kinds[0]})[1]
    assert kept
    assert {each[own] for each in kept} == {kinds[0]}
    if kinds[1]:
        assert ask(at, operation_id, **{name: kinds[1]})[1] == []


def test_records_are_found_by_every_kind_of_condition(at_each: Scene) -> None:
    book = at_each.face.book
    for won in (1, 2, 3):
        pay(book, at_each.line, won, date(2026, 4, 2))
    ids = [money.id for money in book.all(MoneyReceived)]
    span = Span(0, 10, newest_first=False)
    with book.db.snapshot() as session:

        def numbers(**where: Any) -> list[int]:
            page = listed(session, MoneyReceived, where, span=span)
            assert page.total == len(page.records)
            return [money.id for money in page.records]

        assert numbers(id=UpTo(ids[1])) == ids[:2]
        assert numbers(id=After(ids[1])) == ids[2:]
        assert numbers(id=ids) == ids
        assert numbers(id=[]) == []
        assert numbers(bill_id=None, line_id=[at_each.line.id]) == ids
        assert listed(session, MoneyReceived, {}, span=Span(1, 1)).records[0].id == ids[1]
        queued = listed(session, Notice, {"state": [NoticeState.QUEUED]}, span=span)
        assert queued.total > 0
        both = listed(session, Notice, {"state": [NoticeState.QUEUED, NoticeState.SENT]}, span=span)
        assert both.total == queued.total
        assert found(session, Settlement, merchant_id=[1]) == []
