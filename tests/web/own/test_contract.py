"""Our own interface and its contract say the same: each operation, each status, each code, each field."""

import asyncio
from typing import Any

import pytest

from carrierbill.web.own.table import QUERIES, own_operations
from ledger_laws import broken_laws
from own_interface import (
    BUSY,
    GONE,
    HOLDER,
    OPS,
    OWN,
    Interface,
    Scene,
    contract,
    described,
    old_bill,
    resolved,
    token,
)

IDS = sorted(described())
KEY = {"idempotency-key": "once-1"}


def test_each_operation_of_the_contract_is_served_once_and_no_other(face: Interface) -> None:
    served = own_operations(face.office)
    assert sorted(operation.id for operation in served) == IDS
    for operation in served:
        told = described()[operation.id]
        assert (operation.method, operation.path) == (told.method, told.path)
        assert set(operation.scopes) == told.scopes
        assert operation.takes_body == ("requestBody" in told.parts)


@pytest.mark.parametrize("operation_id", IDS)
def test_a_query_holds_what_the_contract_names_and_nothing_else(at: Scene, operation_id: str) -> None:
    named = {
        parameter["name"]
        for told in described()[operation_id].parts["parameters"]
        if (parameter := resolved(told))["in"] == "query"
    }
    assert QUERIES.get(operation_id, frozenset()) == named
    for name in ("perpage", "", "state "):
        told = asyncio.run(at.ask(operation_id, query={name: "1"}))
        assert told.status_code == 400


def test_whatever_changes_something_takes_a_key_and_says_so() -> None:
    asking = {"searchLines", "checkEligibility", "verifyBooks"}
    for operation in described().values():
        assert operation.changes == (operation.method != "GET" and operation.id not in asking)
        if operation.changes:
            assert {(409, "ALREADY_EXISTS"), (422, "IDEMPOTENCY_KEY_REUSED")} <= operation.listed


def test_every_part_that_the_contract_names_is_used() -> None:
    text = str(contract()["paths"]) + str(contract()["components"])
    for kind in ("parameters", "responses", "schemas", "headers"):
        for name in contract()["components"][kind]:
            assert f"'#/components/{kind}/{name}'" in text, name


@pytest.mark.parametrize("operation_id", IDS)
def test_every_answer_that_is_listed_for_an_operation_is_reached(at: Scene, operation_id: str) -> None:
    listed = described()[operation_id].listed

    async def reach() -> None:
        for status, code in sorted(listed, reverse=True):
            if status >= 400:
                await WAYS[code](at, operation_id)
        await at.ask(operation_id)

    asyncio.run(reach())
    reached = {(status, code) for oid, status, code in at.face.reached if oid == operation_id}
    assert reached == listed


def test_every_operation_has_its_good_answer_on_each_database(at_each: Scene) -> None:
    async def ask_all() -> None:
        for operation_id in IDS:
            answer = await at_each.ask(operation_id)
            assert answer.status_code < 300, (operation_id, answer.text)

    asyncio.run(ask_all())
    assert broken_laws(at_each.face.book.db) == []


# ── how each listed answer is come by ────────────────────────────────────────────────────────────────────
async def _invalid(at: Scene, operation_id: str) -> None:
    await at.ask(operation_id, headers={"x-correlator": "not a correlator"})


async def _out_of_range(at: Scene, operation_id: str) -> None:
    await at.ask(operation_id, query={"page": "999"})


async def _nobody(at: Scene, operation_id: str) -> None:
    await at.face.ask(operation_id, at.good()[operation_id], {})


async def _without_scope(at: Scene, operation_id: str) -> None:
    await at.ask(operation_id, token("shop", "carrier-billing:payments:read"))


async def _too_often(at: Scene, operation_id: str) -> None:
    await at.ask(operation_id, token(BUSY, *OWN, OPS))


async def _not_there(at: Scene, operation_id: str) -> None:
    good = at.good()[operation_id]
    if good.path:
        await at.ask(operation_id, path=dict.fromkeys(good.path, GONE))
        return
    name = {"receiveRepayment": "lineId", "resendEvents": "paymentId"}.get(operation_id, "after")
    await at.ask(operation_id, body={**good.body, name: GONE})


async def _unknown_number(at: Scene, operation_id: str) -> None:
    body = {**at.good()[operation_id].body, "phoneNumber": "+821000099999"}
    body.pop("lineId", None)
    await at.ask(operation_id, body=body)


async def _no_number(at: Scene, operation_id: str) -> None:
    body = {**at.good()[operation_id].body}
    body.pop("lineId", None)
    body.pop("phoneNumber", None)
    await at.ask(operation_id, body=body)


async def _two_numbers(at: Scene, operation_id: str) -> None:
    await at.ask(operation_id, at.holder, body={**at.good()[operation_id].body, "phoneNumber": HOLDER})


async def _still_running(at: Scene, operation_id: str) -> None:
    both = await asyncio.gather(*(at.ask(operation_id, headers={"idempotency-key": "at-once"}) for _ in "12"))
    assert 409 in {answer.status_code for answer in both}


OTHER_BODY: dict[str, Any] = {
    "registerLine": {"dueDay": 15},
    "changeLimits": {"monthlyWon": 100_000},
    "giveConsent": {"purpose": "data"},
    "receiveRepayment": {"won": 999},
    "fileObjection": {"reason": "something else"},
    "answerObjection": {"upheld": False},
    "askRelief": {"kind": "debt_adjustment"},
    "decideRelief": {"granted": False},
    "settleMerchants": {"throughOn": "2026-03-30"},
    "resendEvents": {"clientId": "game"},
    "closeMonth": {"month": "2026-02"},
    "advanceDay": {"day": "2026-04-01"},
}


async def _key_reused(at: Scene, operation_id: str) -> None:
    good = at.good()[operation_id]
    first = await at.ask(operation_id, headers=KEY)
    assert first.status_code < 300, first.text
    if operation_id in OTHER_BODY:
        second = await at.ask(operation_id, headers=KEY, body={**good.body, **OTHER_BODY[operation_id]})
    elif operation_id == "sendCode":
        second = await at.ask(operation_id, headers=KEY, path={"paymentId": at.held})
    else:
        second = await at.ask(operation_id, headers=KEY, path={**good.path, "lineId": at.other_id})
    assert second.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


REFUSED_BODY: dict[str, Any] = {
    "changeLimits": {"monthlyWon": 600_000},
    "settleMerchants": {"throughOn": "2026-04-02"},
    "closeMonth": {"month": "2026-04"},
    "advanceDay": {"day": "2000-01-01"},
    "askRelief": {"kind": "waiver"},
    "registerLine": {"phoneNumber": HOLDER},
}


async def _refused(at: Scene, operation_id: str) -> None:
    good, who = at.good()[operation_id], at.client
    if operation_id in {"settleMerchants", "closeMonth", "advanceDay", "registerLine"}:
        who = at.operator
    body: Any = {**good.body, **REFUSED_BODY.get(operation_id, {})} if good.body is not None else None
    if operation_id == "askRelief":
        body["billId"] = at.bill_id
    path = dict(good.path)
    if operation_id == "fileObjection":
        body["paymentId"] = at.objected
    if operation_id in {"answerObjection", "decideRelief"}:
        who = at.operator
        await at.ask(operation_id, who)
    if operation_id == "sendCode":
        path = {"paymentId": at.held}
    if operation_id in {"getBill", "getBillOutlook", "receiveRepayment"}:
        old = at.face.told(old_bill(at.face.book, at.line), "bill")
        path = {"billId": old} if path else {}
    if operation_id == "receiveRepayment":
        body["billId"] = old
    answer = await at.ask(operation_id, who, path=path, body=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["rule"]


WAYS = {
    "INVALID_ARGUMENT": _invalid,
    "OUT_OF_RANGE": _out_of_range,
    "UNAUTHENTICATED": _nobody,
    "PERMISSION_DENIED": _without_scope,
    "TOO_MANY_REQUESTS": _too_often,
    "NOT_FOUND": _not_there,
    "IDENTIFIER_NOT_FOUND": _unknown_number,
    "MISSING_IDENTIFIER": _no_number,
    "UNNECESSARY_IDENTIFIER": _two_numbers,
    "ALREADY_EXISTS": _still_running,
    "IDEMPOTENCY_KEY_REUSED": _key_reused,
    "CARRIERBILL.REFUSED": _refused,
}
