"""Who may see and do what: a token of a line that line, a client what was consented to, an operator all."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from carrierbill.domain.consent import Consent
from carrierbill.domain.line import Line
from own_interface import GONE, HOLDER, OPS, OWN, READ, WRITE, Scene, described, token

LINE_BOUND = sorted(
    operation.id for operation in described().values() if "{" in operation.path and operation.scopes != {OPS}
)
PAYMENTS = {"getHold", "sendCode"}
FOR_OPS = sorted(operation.id for operation in described().values() if operation.scopes == {OPS})
READS_OF_LINES = sorted(
    operation.id for operation in described().values() if "x-purpose" in operation.parameters
)
# What only the holder's own word allows.
OWN_WORD = {"openLine", "giveConsent"}


def audits(at: Scene) -> list[tuple[Any, ...]]:
    with at.face.book.db.session() as session:
        return session.rows("SELECT actor, action, line_id, why FROM audits ORDER BY seq")


def answer(at: Scene, operation_id: str, who: Mapping[str, str], **changes: Any) -> tuple[int, Any]:
    """The status and the body."""
    told = asyncio.run(at.ask(operation_id, who, **changes))
    return told.status_code, told.json() if told.content else None


@pytest.mark.parametrize("operation_id", LINE_BOUND)
def test_what_is_anothers_looks_as_if_it_were_not_there(at: Scene, operation_id: str) -> None:
    good = at.good()[operation_id]
    gone = dict.fromkeys(good.path, GONE) | ({"purpose": "data"} if "purpose" in good.path else {})
    missing = answer(at, operation_id, at.client, path=gone)
    assert missing[0] == 404
    for who in (at.other_holder, at.stranger, token("game", *OWN, number=HOLDER[:-1] + "9")):
        assert answer(at, operation_id, who) == missing
    if operation_id not in PAYMENTS:
        with at.face.book.db.unit() as unit:
            (consent,) = unit.load(Consent, line_id=[at.line.id])
            unit.put(Consent(consent.line_id, "shop", consent.holder_id, consent.given_on, consent.given_on))
        assert answer(at, operation_id, at.client) == missing
        assert answer(at, operation_id, token("back office", OPS, *OWN, number="+821000019999")) == missing


@pytest.mark.parametrize("operation_id", LINE_BOUND)
def test_the_holder_and_a_client_with_consent_are_let_through(at: Scene, operation_id: str) -> None:
    by_client, _ = answer(at, operation_id, at.client)
    assert by_client == (422 if operation_id in OWN_WORD else by_client)
    assert by_client < 300 or operation_id in OWN_WORD
    status, told = answer(at, operation_id, at.holder)
    # What happens once only has happened by now.
    assert status < 300 or told["rule"] in {"objection.open", "authorisation.code"}


@pytest.mark.parametrize("operation_id", FOR_OPS)
def test_the_daily_work_is_an_operators_and_no_lines(at: Scene, operation_id: str) -> None:
    assert answer(at, operation_id, at.client)[0] == 403
    assert answer(at, operation_id, token("back office", OPS, number=HOLDER))[0] == 403


@pytest.mark.parametrize("operation_id", READS_OF_LINES)
def test_an_operator_reads_only_with_a_purpose_and_on_record(at: Scene, operation_id: str) -> None:
    bare = token("back office", OPS)
    before = len(audits(at))
    status, told = answer(at, operation_id, bare)
    assert (status, told["message"]) == (400, "x-purpose is not valid.")
    assert answer(at, operation_id, bare | {"x-purpose": "a\tb"})[0] == 400
    assert len(audits(at)) == before
    assert answer(at, operation_id, at.operator)[0] == 200
    ((actor, action, line_id, why),) = audits(at)[before:]
    assert (actor, why) == ("back office", "call of the holder")
    assert action.startswith("read.")
    assert line_id == (None if operation_id in {"listLines", "listObjections"} else at.line.id)


def test_a_missing_purpose_tells_an_operator_nothing_of_what_is_there(at: Scene) -> None:
    bare = token("back office", OPS)
    for operation_id in READS_OF_LINES:
        good = at.good()[operation_id]
        gone = answer(at, operation_id, bare, path=dict.fromkeys(good.path, GONE))
        if operation_id != "searchLines" and good.path and "billId" not in good.path:
            assert gone[0] in {400, 404}
    unknown = {"phoneNumber": "+821000099999"}
    assert answer(at, "searchLines", bare, body=unknown) == answer(at, "searchLines", bare)


def test_lists_hold_only_what_the_asker_may_see(at: Scene) -> None:
    def lines(who: Mapping[str, str]) -> list[str]:
        return [line["lineId"] for line in answer(at, "listLines", who)[1]]

    assert lines(at.holder) == lines(at.client) == [at.line_id]
    assert lines(at.other_holder) == [at.other_id]
    assert lines(at.stranger) == []
    assert sorted(lines(at.operator)) == sorted([at.line_id, at.other_id])
    assert answer(at, "listHolds", at.stranger)[1] == []
    assert answer(at, "listHolds", at.other_holder)[1] == []
    assert [hold["paymentId"] for hold in answer(at, "listHolds", at.holder)[1]] == [at.held]
    assert answer(at, "listEvents", at.stranger)[1] == []
    assert len(answer(at, "listEvents", at.client)[1]) == 1
    assert answer(at, "listEvents", at.holder)[0] == 403
    assert answer(at, "listSettlements", at.holder)[0] == 403
    answer(at, "settleMerchants", at.operator)
    own = {each["clientId"] for each in answer(at, "listSettlements", at.client)[1]}
    assert own == {"shop"}
    assert {each["clientId"] for each in answer(at, "listSettlements", at.operator)[1]} == {"shop", "game"}


def test_a_limit_is_raised_by_the_holders_own_word_alone_and_lowered_by_anybody_let_in(at: Scene) -> None:
    lower, raised = {"monthlyWon": 300_000}, {"monthlyWon": 450_000}
    assert answer(at, "changeLimits", at.client, body=lower)[0] == 200
    status, told = answer(at, "changeLimits", at.client, body=raised)
    assert (status, told["rule"]) == (422, "line.consent")
    assert told["liftedBy"]["en"]
    assert at.face.book.one(Line, at.line.id).monthly_limit_won == 300_000
    assert answer(at, "changeLimits", at.holder, body=raised)[0] == 200
    assert answer(at, "changeLimits", at.operator, body={"monthlyWon": 460_000})[0] == 200
    assert at.face.book.one(Line, at.line.id).monthly_limit_won == 460_000


def test_a_client_cannot_give_itself_a_consent_nor_one_to_another(at: Scene) -> None:
    data = {"purpose": "data"}
    assert answer(at, "giveConsent", at.stranger, body=data)[0] == 404
    assert answer(at, "giveConsent", at.client, body=data)[0] == 422
    assert answer(at, "giveConsent", at.holder, body={**data, "clientId": "game"})[0] == 400
    assert answer(at, "giveConsent", token("game", WRITE, number=HOLDER), body=data)[0] == 200
    assert answer(at, "getLine", token("game", READ))[0] == 200
    assert (
        answer(at, "giveConsent", at.operator, body={**data, "clientId": "third"})[1]["clientId"] == "third"
    )
    assert {each.get("clientId") for each in answer(at, "listConsents", at.operator)[1]} == {
        None,
        "shop",
        "game",
        "third",
    }
    assert {each.get("clientId") for each in answer(at, "listConsents", at.client)[1]} == {None, "shop"}


def test_a_consent_that_is_withdrawn_ends_at_once_and_can_be_given_anew(at: Scene) -> None:
    assert answer(at, "withdrawConsent", at.client) == (204, None)
    assert answer(at, "getLine", at.client)[0] == 404
    assert answer(at, "giveConsent", at.holder, body={"purpose": "data"})[1]["givenOn"] == "2026-04-02"
    assert answer(at, "getLine", at.client)[0] == 200
    purchases = {"lineId": at.line_id, "purpose": "purchases"}
    assert answer(at, "withdrawConsent", at.client, path=purchases)[0] == 204
    assert answer(at, "checkEligibility", at.client)[1]["reason"] == "not_consented"
    assert answer(at, "giveConsent", at.holder)[0] == 200
    assert answer(at, "checkEligibility", at.client)[1] == {"allowed": True}


def test_a_change_by_an_operator_is_on_record_with_who_and_why(at: Scene) -> None:
    for operation_id in (
        "receiveRepayment",
        "answerObjection",
        "registerLine",
        "closeMonth",
        "withdrawConsent",
    ):
        before = len(audits(at))
        assert answer(at, operation_id, at.operator)[0] < 300
        ((actor, _, _, why),) = audits(at)[before:]
        assert (actor, why) == ("back office", "call of the holder")


def test_no_answer_holds_a_number_or_a_name(at: Scene) -> None:
    async def all_of_it() -> list[str]:
        return [(await at.ask(operation_id)).text for operation_id in sorted(described())]

    whole = "".join(asyncio.run(all_of_it()))
    for secret in (HOLDER, HOLDER[3:], "Gildong", "Cheolsu", "10777"):
        assert secret not in whole


def test_numbers_of_records_are_told_nowhere(at: Scene) -> None:
    for operation_id in ("getLine", "getBill", "listNotices"):
        told = asyncio.run(at.ask(operation_id)).json()
        ids = [value for key, value in _pairs(told) if key.endswith("Id")]
        assert ids
        assert all(len(value) == len(GONE) or value == "shop" for value in ids)


def _pairs(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key, part in value.items() for pair in [(key, part), *_pairs(part)]]
    return [pair for part in value for pair in _pairs(part)] if isinstance(value, list) else []
