"""Bodies: what is not as the files say is refused before anything is decided, whatever it is."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from camara_face import GOOD, PAYMENTS, Face, code_of, refunds_of, taken
from carrierbill.web.camara.faults import PAYMENT

INVALID = (400, "INVALID_ARGUMENT")
Change = Callable[[dict[str, Any]], Any]
DELETE = object()


def at(path: str, value: Any) -> Change:
    """A body with something else at a place; DELETE takes it out."""

    def changed(body: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = body
        for name in way:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        if value is DELETE:
            del place[last]
        else:
            place[last] = value

    return changed


AMOUNT = "amountTransaction.paymentAmount"
CHARGE = f"{AMOUNT}.chargingInformation"
ITEM = {"id": "a", "amount": 1, "currency": "KRW", "description": "x"}
FAULTY = {
    "no transaction": at("amountTransaction", DELETE),
    "transaction is null": at("amountTransaction", None),
    "transaction is a list": at("amountTransaction", []),
    "no reference": at("amountTransaction.referenceCode", DELETE),
    "reference is a number": at("amountTransaction.referenceCode", 5),
    "reference is endless": at("amountTransaction.referenceCode", "x" * 513),
    "reference no database keeps": at("amountTransaction.referenceCode", "a\0b"),
    "correlator is null": at("amountTransaction.clientCorrelator", None),
    "correlator is endless": at("amountTransaction.clientCorrelator", "가" * 513),
    "number of no country": at("amountTransaction.phoneNumber", "+0821000000001"),
    "number without a plus": at("amountTransaction.phoneNumber", "821000000001"),
    "number too short": at("amountTransaction.phoneNumber", "+8210"),
    "number too long": at("amountTransaction.phoneNumber", "+1234567890123456"),
    "number and a line's end": at("amountTransaction.phoneNumber", f"{GOOD}\n"),
    "number in other digits": at("amountTransaction.phoneNumber", "+8２1000000001"),
    "no amount": at(AMOUNT, DELETE),
    "no charge": at(CHARGE, DELETE),
    "charge without won": at(f"{CHARGE}.amount", DELETE),
    "won as a text": at(f"{CHARGE}.amount", "100"),
    "won as a flag": at(CHARGE, {"amount": True, "currency": "KRW", "description": "x"}),
    "won is null": at(f"{CHARGE}.amount", None),
    "no won": at(f"{CHARGE}.amount", 0),
    "less than no won": at(f"{CHARGE}.amount", -100),
    "half a won": at(f"{CHARGE}.amount", 0.5),
    "a won and a half": at(f"{CHARGE}.amount", 1.5),
    "more won than there are": at(f"{CHARGE}.amount", 10**12 + 1),
    "more won than fit a machine": at(f"{CHARGE}.amount", 10**30),
    "more won than fit a machine, with places": at(f"{CHARGE}.amount", 1e300),
    "other money": at(f"{CHARGE}.currency", "EUR"),
    "money in small letters": at(f"{CHARGE}.currency", "krw"),
    "no currency": at(f"{CHARGE}.currency", DELETE),
    "no description": at(f"{CHARGE}.description", DELETE),
    "description no database keeps": at(f"{CHARGE}.description", "\0"),
    "tax as a text": at(f"{CHARGE}.taxAmount", "1"),
    "tax below zero": at(f"{CHARGE}.taxAmount", -1),
    "tax in parts of a won": at(f"{CHARGE}.taxAmount", 0.1),
    "tax included as a text": at(f"{CHARGE}.isTaxIncluded", "true"),
    "tax included as a number": at(f"{CHARGE}.isTaxIncluded", 1),
    "no details": at(f"{AMOUNT}.paymentDetails", []),
    "details that are none": at(f"{AMOUNT}.paymentDetails", {}),
    "detail without an id": at(f"{AMOUNT}.paymentDetails", [{**ITEM, "id": None}]),
    "detail in other money": at(f"{AMOUNT}.paymentDetails", [ITEM, {**ITEM, "currency": "USD"}]),
    "detail of no won": at(f"{AMOUNT}.paymentDetails", [{**ITEM, "amount": 0}]),
    "fee as a text": at(f"{AMOUNT}.chargingMetaData", {"fee": "10"}),
    "fee of three places": at(f"{AMOUNT}.chargingMetaData", {"fee": 10.555}),
    "merchant as a number": at(f"{AMOUNT}.chargingMetaData", {"merchantIdentifier": 5}),
    "sink as a number": at("sink", 5),
    "sink is null": at("sink", None),
    "credential as a text": at("sinkCredential", "secret"),
    "credential of no kind": at("sinkCredential", {}),
    "credential of a number's kind": at("sinkCredential", {"credentialType": 5}),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_payment_that_is_not_as_the_file_says_is_refused(name: str, quick: Face) -> None:
    for path in (PAYMENTS, f"{PAYMENTS}/prepare"):
        body = quick.body()
        FAULTY[name](body)
        assert code_of(quick.post(path, body)) == INVALID
    assert quick.get(PAYMENTS).json() == []


def test_a_fault_is_told_by_its_place_and_by_what_would_be_right(quick: Face) -> None:
    for name, told in (
        ("no reference", "Expected property is missing: amountTransaction.referenceCode."),
        ("half a won", f"{CHARGE}: a number of whole won from 1 won to 1,000,000,000,000 won"),
        ("other money", f"{CHARGE}: only KRW is taken"),
        ("detail of no won", f"{AMOUNT}.paymentDetails[0]: a number of whole won from 1 won to"),
        ("won as a text", f"{CHARGE}.amount is not valid."),
    ):
        body = quick.body()
        FAULTY[name](body)
        assert quick.post(PAYMENTS, body).json()["message"].startswith(told)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b"\xff{}",
        b'{"amountTransaction": NaN}',
        b"[" * 100_000,
        b'{"a": "\\ud800"}',
        b'{"a": 1e999}',
    ],
)
def test_what_is_no_body_at_all_is_refused(content: bytes, quick: Face) -> None:
    headers = {"authorization": "Bearer demo-shop", "content-type": "application/json"}
    for path in (PAYMENTS, f"{PAYMENTS}/prepare", refunds_of(quick.paid()), f"{PAYMENTS}/x/confirm"):
        response = quick.client.post(path, content=content, headers=headers)
        assert code_of(response) == INVALID


def test_the_most_and_the_oddest_that_a_body_may_be_is_taken(quick: Face) -> None:
    odd = "\\u0000 \u2028 🧾 한글 \u0301 \x7f"
    quick.change_line(GOOD, monthly_limit_won=10**12)
    body = quick.body(
        transaction={"clientCorrelator": "가" * 512, "referenceCode": odd},
        amount={"chargingMetaData": {"fee": 1e300, "merchantName": odd, "merchantIdentifier": ""}},
    )
    body["amountTransaction"]["paymentAmount"]["chargingInformation"] |= {
        "description": odd,
        "taxAmount": 0,
    }
    told = taken(quick.post(PAYMENTS, body), 201)
    assert body["amountTransaction"].items() <= told["amountTransaction"].items()
    assert quick.payment(told["paymentId"]) == told


@pytest.mark.parametrize("fee", [0, 10, 0.07, 10.5, 99.99, -1.25, 1e15 + 0.5])
def test_a_fee_of_two_places_is_taken_whatever_a_machine_makes_of_it(fee: float, quick: Face) -> None:
    told = taken(quick.create(amount={"chargingMetaData": {"fee": fee}}), 201)
    assert told["amountTransaction"]["paymentAmount"]["chargingMetaData"] == {"fee": fee}


def test_an_amount_alone_too_large_is_none_of_the_bodys_faults(quick: Face) -> None:
    assert code_of(quick.create(10**12)) == (422, f"{PAYMENT}.UNAUTHORIZED_AMOUNT")


# ── sinks ────────────────────────────────────────────────────────────────────────────────────────────────
CREDENTIAL = {
    "credentialType": "ACCESSTOKEN",
    "accessToken": "t",
    "accessTokenExpiresUtc": "2030-01-01T00:00:00.5Z",
    "accessTokenType": "bearer",
}


@pytest.mark.parametrize(
    "sink",
    [
        "http://shop.example/",
        "https://",
        "HTTPS://shop.example/",
        "ftp://shop.example/",
        "shop.example",
        "",
        "https://user:pass@shop.example/",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "https://shop.example/a b",
        "https://shop.example/\n",
        "https://한글.example/",
        "https://[::1/",
        "https:///events",
        "https://127.0.0.1/",
        "https://localhost/",
        f"https://shop.example/{'x' * 3_000}",
    ],
)
def test_a_sink_that_nothing_can_be_sent_to_is_refused(sink: str, quick: Face) -> None:
    payment_id = quick.paid()
    for response in (quick.create(sink=sink), quick.prepare(sink=sink), quick.refund(payment_id, sink=sink)):
        assert code_of(response) == (400, "INVALID_SINK")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"credentialType": "PLAIN"}, "INVALID_CREDENTIAL"),
        ({"credentialType": "REFRESHTOKEN"}, "INVALID_CREDENTIAL"),
        ({"credentialType": "accesstoken"}, "INVALID_CREDENTIAL"),
        ({"accessTokenType": "mac"}, "INVALID_TOKEN"),
        ({"accessTokenType": None}, "INVALID_TOKEN"),
        ({"accessToken": None}, "INVALID_TOKEN"),
        ({"accessToken": ""}, "INVALID_TOKEN"),
        ({"accessToken": "a\r\nx-evil: b"}, "INVALID_TOKEN"),
        ({"accessToken": 5}, "INVALID_TOKEN"),
        ({"accessTokenExpiresUtc": None}, "INVALID_TOKEN"),
        ({"accessTokenExpiresUtc": "2030-01-01T00:00:00"}, "INVALID_TOKEN"),
        ({"accessTokenExpiresUtc": 5}, "INVALID_TOKEN"),
    ],
)
def test_a_credential_that_no_sink_is_shown_is_refused(
    change: dict[str, Any], code: str, quick: Face
) -> None:
    payment_id = quick.paid()
    credential = {name: value for name, value in (CREDENTIAL | change).items() if value is not None}
    told: dict[str, Any] = {"sink": "https://shop.example/", "sinkCredential": credential}
    for response in (quick.create(**told), quick.prepare(**told), quick.refund(payment_id, **told)):
        assert code_of(response) == (400, code)


def test_a_good_credential_is_taken_and_never_told(quick: Face) -> None:
    told: dict[str, Any] = {"sink": "https://shop.example:8443/events", "sinkCredential": CREDENTIAL}
    payment = taken(quick.create(**told), 201)
    refund = taken(quick.refund(payment["paymentId"], **told), 201)
    assert payment["sink"] == refund["sink"] == told["sink"]
    assert "sinkCredential" not in {*payment, *refund}
    # Without a sink there is nobody to show it to.
    alone = taken(quick.create(sinkCredential=CREDENTIAL), 201)
    assert not {"sink", "sinkCredential"} & set(alone)


# ── the other bodies ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "body",
    [{"phoneNumber": 5}, {"phoneNumber": None}, {"phoneNumber": "+8210"}, {"phoneNumber": f" {GOOD}"}, []],
)
def test_a_step_with_what_is_no_number_is_refused(body: Any, quick: Face) -> None:
    payment_id = quick.prepared()
    for step in ("confirm", "cancel"):
        assert code_of(quick.post(f"{PAYMENTS}/{payment_id}/{step}", body)) == INVALID


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "1"},
        {"authorizationId": "1"},
        {"authorizationId": "1", "code": 1},
        {"authorizationId": None},
    ],
)
def test_a_validation_without_its_two_texts_is_refused(body: Any, quick: Face) -> None:
    assert code_of(quick.post(f"{PAYMENTS}/{quick.prepared()}/validate", body)) == INVALID


REFUND_AMOUNT = "amountTransaction.refundAmount"
FAULTY_REFUNDS = {
    "no type": at("type", DELETE),
    "another type": at("type", "most"),
    "type as a number": at("type", 1),
    "no transaction": at("amountTransaction", DELETE),
    "no amount": at(REFUND_AMOUNT, DELETE),
    "part of no amount": at(REFUND_AMOUNT, {}),
    "no reference": at("amountTransaction.referenceCode", DELETE),
    "half a won": at(f"{REFUND_AMOUNT}.chargingInformation.amount", 0.5),
    "other money": at(f"{REFUND_AMOUNT}.chargingInformation.currency", "EUR"),
    "no details": at(f"{REFUND_AMOUNT}.refundDetails", []),
    "detail of no item": at(f"{REFUND_AMOUNT}.refundDetails", [ITEM]),
    "merchant as a number": at(f"{REFUND_AMOUNT}.chargingMetaData", {"merchantIdentifier": 5}),
    "reason as a number": at("reason", 5),
    "reason no database keeps": at("reason", "\0"),
    "sink as a number": at("sink", 5),
}


@pytest.mark.parametrize("name", FAULTY_REFUNDS)
def test_a_refund_that_is_not_as_the_file_says_is_refused(name: str, quick: Face) -> None:
    payment_id = quick.paid()
    body = quick.refund_body(1)
    FAULTY_REFUNDS[name](body)
    assert code_of(quick.post(refunds_of(payment_id), body)) == INVALID
    assert quick.get(refunds_of(payment_id)).json() == []


def test_a_total_refund_needs_no_amount_and_lets_go_what_a_part_would_say(quick: Face) -> None:
    body = quick.refund_body()
    body["amountTransaction"]["refundAmount"] = {"refundDetails": [], "chargingInformation": None}
    told = taken(quick.post(refunds_of(quick.paid()), body), 201)
    assert told["amountTransaction"]["refundAmount"] == {}


def test_an_address_that_takes_other_methods_says_which(quick: Face) -> None:
    for method, path, allowed in (
        ("DELETE", PAYMENTS, "GET, POST"),
        ("POST", f"{PAYMENTS}/x", "GET"),
        ("GET", f"{PAYMENTS}/prepare", "POST"),
        ("GET", f"{PAYMENTS}/x/confirm", "POST"),
    ):
        response = quick.ask(method, path, None if method == "GET" else {})
        assert code_of(response) == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"] == allowed


def test_a_body_of_another_kind_is_refused(quick: Face) -> None:
    response = quick.client.post(
        PAYMENTS,
        content=json.dumps(quick.body()),
        headers={"authorization": "Bearer demo-shop", "content-type": "text/plain"},
    )
    assert code_of(response) == INVALID
