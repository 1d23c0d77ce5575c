"""Refunds: of a part or of all that is left, never more than was paid, by the seller's terms."""

from datetime import date
from typing import Any

import pytest

from camara_face import (
    FRESH,
    GAME,
    GOOD,
    Face,
    by_merchant,
    code_of,
    refunds_of,
    taken,
)
from carrierbill.domain.request import ClientEvent
from carrierbill.web.camara.refunds import BASE

OF = "CARRIER_BILLING_REFUND"
MORE = (422, f"{OF}.UNAUTHORIZED_AMOUNT")
NOT_ELIGIBLE = (403, f"{OF}.PAYMENT_NOT_ELIGIBLE_FOR_REFUND")
ITEMS = [
    {"id": "a", "amount": 600, "currency": "KRW", "description": "one"},
    {"id": "b", "amount": 400, "currency": "KRW", "description": "two"},
]


def item(item_id: str, won: int) -> dict[str, Any]:
    return {"paymentItemId": item_id, "amount": won, "currency": "KRW", "description": "back"}


def test_all_that_was_asked_of_a_part_is_told_again(face: Face) -> None:
    payment_id = face.paid(amount={"paymentDetails": ITEMS})
    body = face.refund_body(
        500,
        reason="고장",
        sink="https://shop.example/events",
        amount={
            "chargingInformation": {"isTaxIncluded": False, "taxAmount": 50},
            "chargingMetaData": {"merchantIdentifier": "demo-shop"},
            "refundDetails": [item("a", 300), item("b", 200)],
        },
        transaction={"clientCorrelator": "c"},
    )
    told = taken(face.post(refunds_of(payment_id), body), 201)
    assert told == body | {
        "refundId": told["refundId"],
        "refundStatus": "succeeded",
        "refundCreationDate": "2026-03-02T10:00:00.000000+09:00",
        "refundDate": "2026-03-02T10:00:00.000000+09:00",
    }
    face.book.clock.by(minutes=1)
    assert taken(face.get(f"{refunds_of(payment_id)}/{told['refundId']}"), 200) == told
    assert taken(face.get(refunds_of(payment_id)), 200) == [told]


def test_a_total_refund_gives_all_that_is_left_and_is_the_last(face: Face) -> None:
    payment_id = face.paid(1_000)
    assert face.remaining(payment_id) == 1_000
    taken(face.refund(payment_id, 300), 201)
    assert face.remaining(payment_id) == 700
    body = face.refund_body(amount=by_merchant("demo-shop"))
    told = taken(face.post(refunds_of(payment_id), body), 201)
    assert (told["type"], told["amountTransaction"]) == ("total", body["amountTransaction"])
    assert face.remaining(payment_id) == 0
    assert code_of(face.refund(payment_id)) == NOT_ELIGIBLE
    assert code_of(face.refund(payment_id, 1)) == NOT_ELIGIBLE


def test_no_more_than_is_left_is_given_back(face: Face) -> None:
    payment_id = face.paid(1_000)
    assert code_of(face.refund(payment_id, 1_001)) == MORE
    taken(face.refund(payment_id, 600), 201)
    assert code_of(face.refund(payment_id, 401)) == MORE
    taken(face.refund(payment_id, 400), 201)
    assert face.remaining(payment_id) == 0
    # Given back in parts, nothing is left for a total one either.
    assert code_of(face.refund(payment_id)) == MORE


@pytest.mark.parametrize(
    ("merchant", "code"),
    [
        ("demo-excluded", NOT_ELIGIBLE),
        ("demo-refused", (403, f"{OF}.REFUND_DENIED")),
        ("demo-capped", (422, f"{OF}.USER_AMOUNT_THRESHOLD_OVERPASSED")),
    ],
)
def test_a_refund_is_given_by_the_sellers_terms(merchant: str, code: tuple[int, str], face: Face) -> None:
    payment_id = face.paid(2_000, amount=by_merchant(merchant))
    assert code_of(face.refund(payment_id, 1_001)) == code
    assert taken(face.get(refunds_of(payment_id)), 200) == []
    assert face.remaining(payment_id) == 2_000


def test_only_what_is_charged_is_given_back(face: Face) -> None:
    held = face.prepared()
    assert code_of(face.refund(held)) == (422, f"{OF}.INVALID_PAYMENT_STATUS")
    assert face.remaining(held) == 0
    assert face.step(held, "cancel").status_code == 202
    assert code_of(face.refund(held, 1)) == (422, f"{OF}.INVALID_PAYMENT_STATUS")


@pytest.mark.parametrize(
    ("paid", "back", "fits"),
    [(True, True, True), (None, False, True), (False, None, True), (True, None, False), (None, True, False)],
)
def test_a_refund_is_taxed_as_its_payment_was(
    paid: bool | None,  # noqa: FBT001  # a case of the table
    back: bool | None,  # noqa: FBT001  # the same
    fits: bool,  # noqa: FBT001  # the same
    quick: Face,
) -> None:
    body = quick.body()
    charge = body["amountTransaction"]["paymentAmount"]["chargingInformation"]
    if paid is not None:
        charge["isTaxIncluded"] = paid
    payment_id = taken(quick.post("/carrier-billing/v0.5/payments", body), 201)["paymentId"]
    told = taken(quick.get(f"{refunds_of(payment_id)}/remaining-amount"), 200)
    assert told == {"amount": 1_000, "currency": "KRW", "isTaxIncluded": paid is True}
    amount = {} if back is None else {"chargingInformation": {"isTaxIncluded": back}}
    response = quick.refund(payment_id, 100, amount=amount)
    if fits:
        taken(response, 201)
    else:
        assert code_of(response) == (422, f"{OF}.TAXES_MANAGEMENT_MISMATCH")


@pytest.mark.parametrize(
    ("details", "fits"),
    [
        ([item("a", 600), item("b", 400)], True),
        ([item("a", 300), item("a", 300)], True),
        ([item("a", 300), item("a", 301)], False),
        ([item("b", 401)], False),
        ([item("c", 1)], False),
    ],
)
def test_what_is_given_back_was_paid_for(details: list[dict[str, Any]], fits: bool, quick: Face) -> None:  # noqa: FBT001  # a case of the table
    payment_id = quick.paid(amount={"paymentDetails": ITEMS})
    response = quick.refund(payment_id, 1_000, amount={"refundDetails": details})
    if fits:
        taken(response, 201)
    else:
        assert code_of(response) == (422, f"{OF}.REFUND_DETAILS_MISMATCH")


def test_of_a_payment_without_items_none_is_given_back(quick: Face) -> None:
    response = quick.refund(quick.paid(), 100, amount={"refundDetails": [item("a", 100)]})
    assert code_of(response) == (422, f"{OF}.REFUND_DETAILS_MISMATCH")


# ── names, and whose ─────────────────────────────────────────────────────────────────────────────────────
def test_names_of_refunds_are_used_once_among_refunds_and_the_correlator_is_looked_at_first(
    face: Face,
) -> None:
    names = {"clientCorrelator": "c", "referenceCode": "r"}
    payment_id = face.paid(transaction=names)
    taken(face.refund(payment_id, 100, transaction=names), 201)
    assert code_of(face.refund(payment_id, 100, transaction={"clientCorrelator": "c"})) == (
        400,
        "INVALID_ARGUMENT",
    )
    assert code_of(face.refund(payment_id, 100, transaction=names)) == (400, "INVALID_ARGUMENT")
    assert code_of(face.refund(payment_id, 100, transaction={"referenceCode": "r"})) == (
        409,
        "ALREADY_EXISTS",
    )
    # One that is refused uses up no name.
    assert code_of(face.refund(payment_id, 9_999, transaction={"referenceCode": "again"})) == MORE
    taken(face.refund(payment_id, 100, transaction={"referenceCode": "again"}), 201)


def test_anothers_payment_is_as_if_it_were_not_there(face: Face) -> None:
    payment_id = face.paid()
    refund_id = taken(face.refund(payment_id, 100), 201)["refundId"]
    other = face.paid()
    asked: list[dict[str, Any]] = [{"client": GAME}, {"number": FRESH}]
    for told in asked:
        assert code_of(face.post(refunds_of(payment_id), face.refund_body(1), **told)) == (404, "NOT_FOUND")
        for rest in ("", f"/{refund_id}", "/remaining-amount"):
            assert code_of(face.get(refunds_of(payment_id) + rest, **told)) == (404, "NOT_FOUND")
    for path in (f"{refunds_of(other)}/{refund_id}", f"{refunds_of(payment_id)}/{payment_id}"):
        assert code_of(face.get(path)) == (404, "NOT_FOUND")
    assert code_of(face.get(f"{BASE}/payments/{'A' * 26}/refunds")) == (404, "NOT_FOUND")


def test_a_token_for_a_number_asks_back_that_numbers_payments(face: Face) -> None:
    payment_id = face.paid()
    told = taken(face.post(refunds_of(payment_id), face.refund_body(1), number=GOOD), 201)
    assert taken(face.get(f"{refunds_of(payment_id)}/{told['refundId']}", number=GOOD), 200) == told
    assert len(taken(face.get(refunds_of(payment_id), number=GOOD), 200)) == 1


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_in_its_month_a_refund_is_completed_and_later_it_comes_in_the_bill(face: Face) -> None:
    sink = "https://shop.example/events"
    payment_id = face.paid()
    taken(face.refund(payment_id, 100, sink=sink), 201)
    face.book.clock.to(date(2026, 4, 1))
    told = taken(face.refund(payment_id, 100, sink=sink), 201)
    assert (told["refundStatus"], told["refundDate"][:10]) == ("succeeded", "2026-04-01")
    by_next_bill = face.paid(amount=by_merchant("demo-next_bill"))
    taken(face.refund(by_next_bill, 100, sink=sink), 201)
    events = sorted(face.book.all(ClientEvent), key=lambda event: event.at)
    assert [event.what for event in events] == ["refund-completed", "refund-in-bill", "refund-in-bill"]


# ── a little later ───────────────────────────────────────────────────────────────────────────────────────
def test_in_async_mode_a_refund_is_under_way_and_counts_at_once(slow_face: Face) -> None:
    face = slow_face
    payment_id = face.paid(1_000)
    assert code_of(face.refund(payment_id)) == (422, f"{OF}.INVALID_PAYMENT_STATUS")
    face.later(1)
    told = taken(face.refund(payment_id, 600), 201)
    assert (told["refundStatus"], "refundDate" in told) == ("processing", False)
    path = f"{refunds_of(payment_id)}/{told['refundId']}"
    assert taken(face.get(path), 200) == told
    assert face.remaining(payment_id) == 400
    assert code_of(face.refund(payment_id, 401)) == MORE
    total = taken(face.refund(payment_id), 201)
    assert face.remaining(payment_id) == 0
    assert code_of(face.refund(payment_id, 1)) == NOT_ELIGIBLE
    face.later(1)
    assert taken(face.get(path), 200) == told | {
        "refundStatus": "succeeded",
        "refundDate": "2026-03-02T10:00:02.000000+09:00",
    }
    assert (
        taken(face.get(f"{refunds_of(payment_id)}/{total['refundId']}"), 200)["refundStatus"] == "succeeded"
    )


def test_in_async_mode_a_seller_who_gives_none_denies_it_in_the_end(slow_face: Face) -> None:
    face = slow_face
    payment_id = face.paid(1_000, amount=by_merchant("demo-refused"))
    face.later(1)
    told = taken(face.refund(payment_id, 600), 201)
    assert (told["refundStatus"], face.remaining(payment_id)) == ("processing", 400)
    face.later(1)
    denied = taken(face.get(f"{refunds_of(payment_id)}/{told['refundId']}"), 200)
    assert denied == told | {"refundStatus": "denied"}
    assert face.remaining(payment_id) == 1_000


def test_in_async_mode_what_can_be_told_at_once_is_refused_at_once(slow_face: Face) -> None:
    payment_id = slow_face.paid(2_000, amount=by_merchant("demo-excluded"))
    capped = slow_face.paid(2_000, amount=by_merchant("demo-capped"))
    slow_face.later(1)
    assert code_of(slow_face.refund(payment_id)) == NOT_ELIGIBLE
    assert code_of(slow_face.refund(capped)) == (422, f"{OF}.USER_AMOUNT_THRESHOLD_OVERPASSED")
