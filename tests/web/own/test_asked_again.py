"""What was asked under a key is answered as the first time, and done once."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from ledger_laws import broken_laws, tables
from own_interface import Scene, described

CHANGING = sorted(operation.id for operation in described().values() if operation.changes)


def audits(at: Scene) -> int:
    with at.face.book.db.session() as session:
        ((count,),) = session.rows("SELECT COUNT(*) FROM audits")
    return int(count)


@pytest.mark.parametrize("operation_id", CHANGING)
def test_a_repeated_request_gets_the_first_answer_and_changes_nothing(at: Scene, operation_id: str) -> None:
    key = {"idempotency-key": "key-1"}
    first = asyncio.run(at.ask(operation_id, headers=key))
    assert first.status_code < 300, first.text
    after, noted = tables(at.face.book.db), audits(at)
    at.face.book.clock.by(minutes=3)
    again = asyncio.run(at.ask(operation_id, headers=key))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["x-correlator"] != first.headers["x-correlator"]
    assert (tables(at.face.book.db), audits(at)) == (after, noted)
    assert broken_laws(at.face.book.db) == []


@pytest.mark.parametrize("operation_id", CHANGING)
def test_a_key_is_one_clients_alone(at: Scene, operation_id: str) -> None:
    key = {"idempotency-key": "key-1"}
    first = asyncio.run(at.ask(operation_id, headers=key))
    for who in (at.stranger, at.other_holder):
        other = asyncio.run(at.ask(operation_id, who, headers=key))
        assert other.status_code in {400, 403, 404, 422} or other.content != first.content


def ask(at: Scene, operation_id: str, who: Mapping[str, str], **changes: Any) -> tuple[int, bytes]:
    told = asyncio.run(at.ask(operation_id, who, headers={"idempotency-key": "key-1"}, **changes))
    return told.status_code, told.content


def test_a_refusal_is_remembered_with_its_sentence(at: Scene) -> None:
    raised = {"monthlyWon": 600_000}
    first = ask(at, "changeLimits", at.client, body=raised)
    assert first[0] == 422
    assert ask(at, "changeLimits", at.client, body=raised) == first


def test_what_took_away_ones_own_sight_is_still_answered_as_the_first_time(at: Scene) -> None:
    first = ask(at, "withdrawConsent", at.client)
    assert first == (204, b"")
    assert ask(at, "withdrawConsent", at.client) == first
    other = {"lineId": at.line_id, "purpose": "purchases"}
    assert ask(at, "withdrawConsent", at.client, path=other)[0] == 404


def test_a_bad_request_uses_up_no_key(at: Scene) -> None:
    body = at.good()["receiveRepayment"].body
    assert ask(at, "receiveRepayment", at.operator, body={**body, "receivedOn": "2026-04-03"})[0] == 400
    assert ask(at, "receiveRepayment", at.operator)[0] == 201


def test_a_hundred_at_once_under_one_key_are_booked_once(at: Scene) -> None:
    async def all_at_once() -> list[int]:
        key = {"idempotency-key": "key-1"}
        answers = await asyncio.gather(*(at.ask("receiveRepayment", headers=key) for _ in range(100)))
        return [answer.status_code for answer in answers]

    statuses = asyncio.run(all_at_once())
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len(tables(at.face.book.db)["repayments"]) == 1
