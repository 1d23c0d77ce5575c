"""Every code that the files list for an operation is reached by some request, and no other is answered."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response

from camara_contract import PAYMENTS as PAYMENTS_FILE
from camara_contract import REFUNDS as REFUNDS_FILE
from camara_face import (
    BLOCKED,
    CODE,
    FRESH,
    GAME,
    GOOD,
    LATE,
    NOT_OFFERED,
    PAYMENTS,
    UNKNOWN,
    USED_UP,
    Face,
    by_merchant,
    code_of,
    refunds_of,
    taken,
)
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError

Case = Callable[[Face], Response]
Asked = tuple[str, str, Any]
ABSENT = "A" * 26
WRONG_SINK: dict[str, Any] = {"sink": "https://"}
WRONG_TOKEN: dict[str, Any] = {
    "sink": "https://shop.example/",
    "sinkCredential": {"credentialType": "ACCESSTOKEN", "accessTokenType": "mac"},
}
WRONG_CREDENTIAL: dict[str, Any] = {
    "sink": "https://shop.example/",
    "sinkCredential": {"credentialType": "PLAIN"},
}
NAMED = {"referenceCode": "r"}


def _asked(face: Face) -> dict[str, Asked]:
    """A good request of every operation: method, path, body."""
    paid, held = face.paid(), face.prepared()
    refund_id = taken(face.refund(paid, 1), 201)["refundId"]
    waiting = taken(face.prepare(number=CODE), 201)
    validation = {
        "authorizationId": waiting["validationInfo"]["authorizationId"],
        "code": "000000",
    }
    number = {"phoneNumber": GOOD}
    return {
        "createPayment": ("POST", PAYMENTS, face.body()),
        "preparePayment": ("POST", f"{PAYMENTS}/prepare", face.body()),
        "retrievePayments": ("GET", PAYMENTS, None),
        "retrievePayment": ("GET", f"{PAYMENTS}/{paid}", None),
        "validatePayment": ("POST", f"{PAYMENTS}/{waiting['paymentId']}/validate", validation),
        "confirmPayment": ("POST", f"{PAYMENTS}/{held}/confirm", number),
        "cancelPayment": ("POST", f"{PAYMENTS}/{held}/cancel", number),
        "createRefund": ("POST", refunds_of(paid), face.refund_body(1)),
        "retrieveRefunds": ("GET", refunds_of(paid), None),
        "retrieveRefund": ("GET", f"{refunds_of(paid)}/{refund_id}", None),
        "retrievePaymentRemainingAmount": ("GET", f"{refunds_of(paid)}/remaining-amount", None),
    }


OPERATIONS = sorted({operation for operation, _, _ in PAYMENTS_FILE.codes() | REFUNDS_FILE.codes()})


# ── what the door and the frame answer, of every operation ───────────────────────────────────────────────
def _good(operation: str, **told: Any) -> Case:
    def case(face: Face) -> Response:
        method, path, body = _asked(face)[operation]
        return face.ask(method, path, body, **told)

    return case


def _without_scopes(operation: str) -> Case:
    def case(face: Face) -> Response:
        method, path, body = _asked(face)[operation]
        face.door.scopes = frozenset()
        return face.ask(method, path, body)

    return case


def _busy(operation: str) -> Case:
    def case(face: Face) -> Response:
        method, path, body = _asked(face)[operation]
        face.door.is_busy = True
        return face.ask(method, path, body)

    return case


def _still_running(operation: str) -> Case:
    """Asked again under one key while the first is being decided."""

    def case(face: Face) -> Response:
        method, path, body = _asked(face)[operation]
        begun, over = threading.Event(), threading.Event()
        decide = face.commits.decide

        async def slowly(service: Any, command: Any) -> Any:
            begun.set()
            await asyncio.to_thread(over.wait, 10)
            return await decide(service, command)

        face.commits.decide = slowly  # type: ignore[method-assign]
        first = threading.Thread(target=lambda: face.ask(method, path, body, key="k"))
        first.start()
        assert begun.wait(10)
        try:
            return face.ask(method, path, body, key="k")
        finally:
            over.set()
            first.join()

    return case


def _common(operation: str) -> dict[tuple[str, int, str], Case]:
    return {
        (operation, 400, "INVALID_ARGUMENT"): _good(operation, headers={"x-correlator": "no spaces!"}),
        (operation, 401, "UNAUTHENTICATED"): _good(operation, headers={"authorization": ""}),
        (operation, 403, "PERMISSION_DENIED"): _without_scopes(operation),
        (operation, 429, "TOO_MANY_REQUESTS"): _busy(operation),
    }


# ── what is decided ──────────────────────────────────────────────────────────────────────────────────────
def _made(operation: str) -> dict[tuple[str, int, str], Case]:
    """Of createPayment and preparePayment."""
    path = PAYMENTS if operation == "createPayment" else f"{PAYMENTS}/prepare"

    def post(face: Face, won: int = 1_000, number: str | None = GOOD, **more: Any) -> Response:
        return face.post(path, face.body(won, number, **more))

    def reused(face: Face) -> Response:
        face.paid(transaction=NAMED)
        return post(face, transaction=NAMED)

    def both(face: Face) -> Response:
        return face.post(path, face.body(), number=GOOD)

    of = "CARRIER_BILLING"
    return {
        (operation, 400, "INVALID_CREDENTIAL"): lambda face: post(face, **WRONG_CREDENTIAL),
        (operation, 400, "INVALID_TOKEN"): lambda face: post(face, **WRONG_TOKEN),
        (operation, 400, "INVALID_SINK"): lambda face: post(face, **WRONG_SINK),
        (operation, 403, f"{of}.PAYMENT_DENIED"): lambda face: post(face, number=LATE),
        (operation, 404, "IDENTIFIER_NOT_FOUND"): lambda face: post(face, number=UNKNOWN),
        (operation, 409, "ALREADY_EXISTS"): reused,
        (operation, 422, "SERVICE_NOT_APPLICABLE"): lambda face: post(face, number=NOT_OFFERED),
        (operation, 422, "MISSING_IDENTIFIER"): lambda face: post(face, number=None),
        (operation, 422, "UNNECESSARY_IDENTIFIER"): both,
        (operation, 422, f"{of}.UNAUTHORIZED_AMOUNT"): lambda face: post(face, 10**9),
        (operation, 422, f"{of}.USER_AMOUNT_THRESHOLD_OVERPASSED"): lambda face: post(face, number=USED_UP),
    }


def _stepped(operation: str) -> dict[tuple[str, int, str], Case]:
    """Of confirmPayment and cancelPayment."""
    step = operation.removesuffix("Payment")

    def held(of: str | None, **told: Any) -> Case:
        return lambda face: face.step(face.prepared(), step, of, **told)

    def after(first: str) -> Case:
        def case(face: Face) -> Response:
            payment_id = face.prepared()
            assert face.step(payment_id, first).status_code == 202
            return face.step(payment_id, step)

        return case

    return {
        (operation, 404, "NOT_FOUND"): held(FRESH),
        (operation, 404, "IDENTIFIER_NOT_FOUND"): held(UNKNOWN),
        (operation, 409, "ALREADY_EXISTS"): _still_running(operation),
        (operation, 409, "CARRIER_BILLING.PAYMENT_CONFIRMED"): after("confirm"),
        (operation, 409, "CARRIER_BILLING.PAYMENT_CANCELLED"): after("cancel"),
        (operation, 422, "SERVICE_NOT_APPLICABLE"): held(NOT_OFFERED),
        (operation, 422, "MISSING_IDENTIFIER"): held(None),
        (operation, 422, "UNNECESSARY_IDENTIFIER"): held(GOOD, number=GOOD),
    }


def _denied(face: Face) -> Response:
    return face.step(face.prepared(number=BLOCKED), "confirm", BLOCKED)


def _validated(*codes: str, authorization_id: str = "", payment_id: str = "") -> Case:
    """The answer to the last of some codes."""

    def case(face: Face) -> Response:
        told = taken(face.prepare(number=CODE), 201)
        of = authorization_id or told["validationInfo"]["authorizationId"]
        answers = [face.validate(payment_id or told["paymentId"], of, code) for code in codes]
        return answers[-1]

    return case


def _refunded(won: int | None = 1, *, merchant: str = "demo-shop", **more: Any) -> Case:
    return lambda face: face.refund(face.paid(2_000, amount=by_merchant(merchant)), won, **more)


def _refund_of_held(face: Face) -> Response:
    return face.refund(face.prepared())


def _refund_named_again(face: Face) -> Response:
    payment_id = face.paid()
    taken(face.refund(payment_id, 1, transaction=NAMED), 201)
    return face.refund(payment_id, 1, transaction=NAMED)


def _absent(operation: str) -> Case:
    """Somebody else's, which is as good as none."""
    return _good(operation, client=GAME)


def _listed(operation: str, **params: str) -> Case:
    return _good(operation, params={name.replace("_", "."): value for name, value in params.items()})


def _too_many(operation: str) -> Case:
    def case(face: Face) -> Response:
        method, path, _ = _asked(face)[operation]
        settings = face.office.app.settings
        object.__setattr__(settings, "max_matching", 1)
        face.refund(path.split("/")[4], 1) if operation == "retrieveRefunds" else None
        return face.ask(method, path)

    return case


BACKWARDS = ("2026-03-02T10:00:01Z", "2026-03-02T10:00:00Z")
TAXED = {"chargingInformation": {"isTaxIncluded": True}}
NO_SUCH_ITEM = {"refundDetails": [{"paymentItemId": "a", "amount": 1, "currency": "KRW", "description": "x"}]}
REFUND = "CARRIER_BILLING_REFUND"
CASES: dict[tuple[str, int, str], Case] = {
    **{key: case for operation in OPERATIONS for key, case in _common(operation).items()},
    **_made("createPayment"),
    **_made("preparePayment"),
    **_stepped("confirmPayment"),
    **_stepped("cancelPayment"),
    ("confirmPayment", 403, "CARRIER_BILLING.PAYMENT_DENIED"): _denied,
    ("validatePayment", 400, "CARRIER_BILLING.INVALID_AUTHORIZATION_ID"): _validated(
        "0", authorization_id="x"
    ),
    ("validatePayment", 400, "CARRIER_BILLING.INVALID_CODE"): _validated("0"),
    ("validatePayment", 400, "CARRIER_BILLING.VALIDATION_FAILED"): _validated("0", "0", "0", "000000"),
    ("validatePayment", 404, "NOT_FOUND"): _validated("000000", payment_id=ABSENT),
    ("validatePayment", 409, "ALREADY_EXISTS"): _validated("000000", "000000"),
    ("createRefund", 400, "INVALID_CREDENTIAL"): _refunded(**WRONG_CREDENTIAL),
    ("createRefund", 400, "INVALID_TOKEN"): _refunded(**WRONG_TOKEN),
    ("createRefund", 400, "INVALID_SINK"): _refunded(**WRONG_SINK),
    ("createRefund", 403, f"{REFUND}.REFUND_DENIED"): _refunded(merchant="demo-refused"),
    ("createRefund", 403, f"{REFUND}.PAYMENT_NOT_ELIGIBLE_FOR_REFUND"): _refunded(merchant="demo-excluded"),
    ("createRefund", 404, "NOT_FOUND"): _absent("createRefund"),
    ("createRefund", 409, "ALREADY_EXISTS"): _refund_named_again,
    ("createRefund", 422, f"{REFUND}.UNAUTHORIZED_AMOUNT"): _refunded(2_001),
    ("createRefund", 422, f"{REFUND}.USER_AMOUNT_THRESHOLD_OVERPASSED"): _refunded(
        None, merchant="demo-capped"
    ),
    ("createRefund", 422, f"{REFUND}.INVALID_PAYMENT_STATUS"): _refund_of_held,
    ("createRefund", 422, f"{REFUND}.TAXES_MANAGEMENT_MISMATCH"): _refunded(amount=TAXED),
    ("createRefund", 422, f"{REFUND}.REFUND_DETAILS_MISMATCH"): _refunded(amount=NO_SUCH_ITEM),
    **{
        (operation, 404, "NOT_FOUND"): _absent(operation)
        for operation in (
            "retrievePayment",
            "retrieveRefund",
            "retrieveRefunds",
            "retrievePaymentRemainingAmount",
        )
    },
    **{
        (operation, 400, code): case
        for operation, of, kind in (
            ("retrievePayments", "CARRIER_BILLING", "payment"),
            ("retrieveRefunds", REFUND, "refund"),
        )
        for code, case in (
            ("OUT_OF_RANGE", _listed(operation, page="9")),
            (
                f"{of}.INVALID_DATE_RANGE",
                _listed(
                    operation,
                    **{f"{kind}CreationDate_gte": BACKWARDS[0], f"{kind}CreationDate_lte": BACKWARDS[1]},
                ),
            ),
            (f"{of}.TOO_MANY_MATCHING_RECORDS", _too_many(operation)),
        )
    },
}


def test_every_code_that_the_files_list_has_a_case_and_no_case_another_code() -> None:
    # The codes of callbacks are their sinks' to answer, and no operation of ours.
    assert set(CASES) == PAYMENTS_FILE.codes() | REFUNDS_FILE.codes()


@pytest.mark.parametrize("key", CASES, ids=lambda key: "-".join(str(part) for part in key))
def test_every_code_is_reached(key: tuple[str, int, str], quick: Face) -> None:
    _, status, code = key
    assert code_of(CASES[key](quick)) == (status, code)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_the_method_the_address_and_the_scope_of_its_file(
    operation: str, quick: Face
) -> None:
    method, path, body = _asked(quick)[operation]
    contract = REFUNDS_FILE if path.startswith(REFUNDS_FILE.base) else PAYMENTS_FILE
    (scope,) = [
        scope
        for _, _, listed in contract.operations()
        if listed["operationId"] == operation
        for scope in listed["security"][0]["openId"]
    ]
    quick.door.scopes = frozenset({scope})
    response = quick.ask(method, path, body)
    assert 200 <= response.status_code < 300
    quick.door.scopes = frozenset({"carrierbill:everything"})
    assert code_of(quick.ask(method, path, body)) == (403, "PERMISSION_DENIED")


def test_the_judge_finds_what_no_operation_may_answer(quick: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: Any) -> Any:
        raise ProblemError("CARRIER_BILLING.PAYMENT_DENIED", status=403)

    monkeypatch.setattr(Office, "look", refused)
    with pytest.raises(AssertionError, match="PAYMENT_DENIED"):
        quick.get(PAYMENTS)
