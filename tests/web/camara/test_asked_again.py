"""What is asked again under one idempotency key is answered byte for byte as before, and done once."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response

from books import Books
from camara_face import CODE, GAME, GOOD, PAYMENTS, USED_UP, Face, code_of, refunds_of, taken
from carrierbill.domain.purchase import Purchase, Refund

REUSED = (422, "IDEMPOTENCY_KEY_REUSED")


def _twice(face: Face, path: str, body: Any, **told: Any) -> Response:
    """The answer, which was the same both times, but for its correlator."""
    first = face.post(path, body, key="k", **told)
    face.book.clock.by(minutes=3)
    second = face.post(path, body, key="k", **told)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    names = {"x-correlator"}
    kept = [
        {name: each for name, each in answer.headers.items() if name not in names}
        for answer in (first, second)
    ]
    assert kept[0] == kept[1]
    assert first.headers["x-correlator"] != second.headers["x-correlator"]
    return second


@pytest.fixture(params=["sync", "async"])
def either(request: pytest.FixtureRequest, book: Books) -> Any:
    face = Face(book, mode=request.param)
    yield face
    face.close()


def test_a_payment_is_made_once_and_told_as_it_was(either: Face) -> None:
    face = either
    body = face.body(sink="https://shop.example/", transaction={"clientCorrelator": "c"})
    told = taken(_twice(face, PAYMENTS, body), 201)
    face.later(1)
    # Even now that it has moved on; and whichever way round its names were written.
    transaction = dict(reversed(body["amountTransaction"].items()))
    again = face.post(PAYMENTS, {"sink": body["sink"], "amountTransaction": transaction}, key="k")
    assert again.json() == told
    assert len(face.book.all(Purchase)) == 1


def test_a_prepared_payment_is_held_once_and_waits_for_one_code(either: Face) -> None:
    for number in (GOOD, CODE):
        face, body = either, either.body(number=number)
        told = taken(face.post(f"{PAYMENTS}/prepare", body, key=number), 201)
        face.later(1)
        assert face.post(f"{PAYMENTS}/prepare", body, key=number).json() == told
    assert len(either.book.all(Purchase)) == 2


def test_a_refund_is_given_once(either: Face) -> None:
    face = either
    payment_id = face.paid(1_000)
    face.later(1)
    taken(_twice(face, refunds_of(payment_id), face.refund_body(400)), 201)
    face.later(1)
    assert face.remaining(payment_id) == 600
    assert len(face.book.all(Refund)) == 1


STEPS: dict[str, Callable[[Face], tuple[str, Any]]] = {
    "confirm": lambda face: (f"{PAYMENTS}/{face.prepared()}/confirm", {"phoneNumber": GOOD}),
    "cancel": lambda face: (f"{PAYMENTS}/{face.prepared()}/cancel", {"phoneNumber": GOOD}),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_taken_once(step: str, either: Face) -> None:
    path, body = STEPS[step](either)
    either.later(1)
    assert _twice(either, path, body).status_code == 202


def test_a_code_is_tried_once(face: Face) -> None:
    told = taken(face.prepare(number=CODE), 201)
    path = f"{PAYMENTS}/{told['paymentId']}/validate"
    wrong = {"authorizationId": told["validationInfo"]["authorizationId"], "code": "1"}
    for _ in range(4):
        assert code_of(face.post(path, wrong, key="k")) == (400, "CARRIER_BILLING.INVALID_CODE")
    assert face.status(told["paymentId"]) == "pending_validation"
    assert code_of(face.post(path, {**wrong, "code": "000000"}, key="k")) == REUSED
    assert face.post(path, {**wrong, "code": "000000"}, key="other").status_code == 204


def test_a_refusal_is_remembered_too(face: Face) -> None:
    body = face.body(number=USED_UP)
    refused = _twice(face, PAYMENTS, body)
    assert code_of(refused) == (422, "CARRIER_BILLING.USER_AMOUNT_THRESHOLD_OVERPASSED")
    face.change_line(USED_UP, monthly_limit_won=100_000)
    assert face.post(PAYMENTS, body, key="k").content == refused.content
    taken(face.post(PAYMENTS, body), 201)


def test_a_bad_request_is_not_remembered(face: Face) -> None:
    assert code_of(face.post(PAYMENTS, face.body(0.5), key="k")) == (400, "INVALID_ARGUMENT")
    assert code_of(face.post(PAYMENTS, face.body(number=None), key="k")) == (422, "MISSING_IDENTIFIER")
    taken(face.post(PAYMENTS, face.body(), key="k"), 201)


def test_a_key_is_good_for_one_body_one_address_and_one_number(face: Face) -> None:
    body, payment_id = face.body(), face.paid()
    taken(face.post(PAYMENTS, body, key="k"), 201)
    assert code_of(face.post(PAYMENTS, face.body(), key="k")) == REUSED
    assert code_of(face.post(PAYMENTS, face.body(number=None), key="k", number=GOOD)) == REUSED
    taken(face.post(refunds_of(payment_id), face.refund_body(1), key="k"), 201)
    assert code_of(face.post(refunds_of(face.paid()), face.refund_body(1), key="k")) == REUSED


def test_a_key_is_one_clients_own(face: Face) -> None:
    body = face.body()
    mine = taken(face.post(PAYMENTS, body, key="k"), 201)
    anothers = taken(face.post(PAYMENTS, body, key="k", client=GAME), 201)
    assert mine["paymentId"] != anothers["paymentId"]


def test_the_key_wins_over_the_correlator(face: Face) -> None:
    body = face.body(transaction={"clientCorrelator": "c"})
    taken(_twice(face, PAYMENTS, body), 201)
    assert code_of(face.post(PAYMENTS, body)) == (400, "INVALID_ARGUMENT")
    assert code_of(face.post(PAYMENTS, body, key="another")) == (400, "INVALID_ARGUMENT")
