"""Payments in one step: charged at once or a little later, told as they were asked, seen by nobody else."""

from typing import Any

import pytest

from camara_face import (
    BLOCKED,
    FRESH,
    GAME,
    GOOD,
    LATE,
    NOT_OFFERED,
    PAYMENTS,
    UNKNOWN,
    USED_UP,
    Face,
    code_of,
    taken,
)

EVERYTHING: dict[str, Any] = {
    "amountTransaction": {
        "phoneNumber": GOOD,
        "clientCorrelator": "correlator-1",
        "paymentAmount": {
            "chargingInformation": {
                "amount": 3_000,
                "currency": "KRW",
                "description": "두 가지",
                "isTaxIncluded": True,
                "taxAmount": 300,
            },
            "chargingMetaData": {
                "merchantName": "Books",
                "merchantIdentifier": "demo-shop",
                "fee": 10.55,
                "purchaseCategoryCode": "games",
                "channel": "web",
                "serviceId": "service",
                "productId": "product",
            },
            "paymentDetails": [
                {"id": "a", "amount": 1_000, "currency": "KRW", "description": "one"},
                {
                    "id": "b",
                    "amount": 2_000,
                    "currency": "KRW",
                    "description": "two",
                    "isTaxIncluded": False,
                    "taxAmount": 0,
                },
            ],
        },
        "referenceCode": "reference-1",
    },
    "sink": "https://shop.example/events?of=1",
    "sinkCredential": {
        "credentialType": "ACCESSTOKEN",
        "accessToken": "secret-token",
        "accessTokenExpiresUtc": "2030-01-01T00:00:00Z",
        "accessTokenType": "bearer",
    },
}


def test_all_that_was_asked_is_told_again_but_the_credential(face: Face) -> None:
    response = face.post(PAYMENTS, EVERYTHING)
    told = taken(response, 201)
    payment_id = told["paymentId"]
    resource = f"{PAYMENTS}/{payment_id}"
    assert told == {
        "paymentId": payment_id,
        "amountTransaction": {
            **EVERYTHING["amountTransaction"],
            "resourceURL": resource,
            "serverReferenceCode": payment_id,
        },
        "paymentStatus": "succeeded",
        "paymentCreationDate": "2026-03-02T10:00:00.000000+09:00",
        "paymentDate": "2026-03-02T10:00:00.000000+09:00",
        "sink": EVERYTHING["sink"],
    }
    assert response.headers["location"] == resource
    face.book.clock.by(minutes=5)
    assert face.payment(payment_id) == told
    assert taken(face.get(PAYMENTS), 200) == [told]


def test_the_credential_of_a_sink_is_kept_sealed_for_its_own_request(face: Face) -> None:
    taken(face.post(PAYMENTS, EVERYTHING), 201)
    with face.book.db.session() as session:
        ((credential, asked),) = session.rows("SELECT credential, asked FROM purchase_requests")
    assert b"secret-token" not in bytes(credential)
    opened = face.office.vault.open(bytes(credential), "demo-shop/reference-1")
    assert opened == '{"expires_at":"2030-01-01T00:00:00+00:00","token":"secret-token"}'
    assert "+8210" not in asked


def test_what_no_file_knows_is_let_go(face: Face) -> None:
    body = face.body(colour="red", transaction={"size": 1}, amount={"mood": None})
    told = taken(face.post(PAYMENTS, body), 201)
    assert not {"colour", "size", "mood"} & {*told, *told["amountTransaction"]}
    assert "mood" not in told["amountTransaction"]["paymentAmount"]


def test_a_whole_amount_may_be_written_with_places(face: Face) -> None:
    told = taken(face.create(100.0), 201)
    amount = told["amountTransaction"]["paymentAmount"]["chargingInformation"]["amount"]
    assert (amount, type(amount)) == (100, int)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (UNKNOWN, (404, "IDENTIFIER_NOT_FOUND")),
        ("+34671999000", (404, "IDENTIFIER_NOT_FOUND")),
        (NOT_OFFERED, (422, "SERVICE_NOT_APPLICABLE")),
        (LATE, (403, "CARRIER_BILLING.PAYMENT_DENIED")),
        (USED_UP, (422, "CARRIER_BILLING.USER_AMOUNT_THRESHOLD_OVERPASSED")),
        (BLOCKED, (403, "CARRIER_BILLING.PAYMENT_DENIED")),
    ],
)
def test_each_promised_line_is_answered_as_promised(number: str, code: tuple[int, str], face: Face) -> None:
    body = face.body(number=number, transaction={"clientCorrelator": "used-later"})
    assert code_of(face.post(PAYMENTS, body)) == code
    # Refused, it has used up no name and left nothing behind.
    body["amountTransaction"]["phoneNumber"] = GOOD
    taken(face.post(PAYMENTS, body), 201)
    assert taken(face.get(PAYMENTS), 200)[0]["amountTransaction"]["phoneNumber"] == GOOD
    assert face.get(PAYMENTS).headers["x-total-count"] == "1"


def test_a_reason_that_is_the_holders_own_is_not_told_to_a_seller(face: Face) -> None:
    late = face.create(number=LATE).json()["message"]
    used_up = face.create(number=USED_UP).json()["message"]
    assert "bill" not in late
    assert not any(letter.isdigit() for letter in late + used_up)


def test_one_step_where_a_code_is_needed_is_refused_and_told_to_take_two(face: Face) -> None:
    response = face.create(number="+821000000003")
    assert code_of(response) == (403, "CARRIER_BILLING.PAYMENT_DENIED")
    assert "two steps" in response.json()["message"]


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_correlator_is_used_once_over_both_kinds_of_payment_and_looked_at_first(face: Face) -> None:
    names = {"clientCorrelator": "c", "referenceCode": "r"}
    taken(face.create(transaction=names), 201)
    assert code_of(face.create(transaction={"clientCorrelator": "c"})) == (400, "INVALID_ARGUMENT")
    assert code_of(face.prepare(transaction=names)) == (400, "INVALID_ARGUMENT")
    assert code_of(face.prepare(transaction={"referenceCode": "r"})) == (409, "ALREADY_EXISTS")
    taken(face.create(transaction=names, client=GAME), 201)


# ── who may see it ───────────────────────────────────────────────────────────────────────────────────────
def test_a_token_for_a_number_makes_and_sees_that_numbers_payments_alone(face: Face) -> None:
    body = face.body(number=None)
    mine = taken(face.post(PAYMENTS, body, number=FRESH), 201)
    assert mine["amountTransaction"]["phoneNumber"] == FRESH
    other = face.paid(number=GOOD)
    assert taken(face.get(PAYMENTS, number=FRESH), 200) == [mine]
    assert face.payment(mine["paymentId"], number=FRESH) == mine
    assert code_of(face.get(f"{PAYMENTS}/{other}", number=FRESH)) == (404, "NOT_FOUND")
    assert taken(face.get(PAYMENTS, number=UNKNOWN), 200) == []


def test_anothers_payment_cannot_be_told_from_one_that_is_not_there(face: Face) -> None:
    payment_id = face.paid()
    wrong = [payment_id[:-1] + ("A" if payment_id[-1] != "A" else "B"), payment_id.lower(), "x", "prepare2"]
    absent = [face.get(f"{PAYMENTS}/{each}") for each in wrong]
    for response in (face.get(f"{PAYMENTS}/{payment_id}", client=GAME), *absent):
        assert response.status_code == 404
        assert response.content == absent[0].content
    assert taken(face.get(PAYMENTS, client=GAME), 200) == []


def test_a_number_is_told_by_the_body_or_the_token_never_both_never_neither(face: Face) -> None:
    assert code_of(face.create(number=None)) == (422, "MISSING_IDENTIFIER")
    assert code_of(face.post(PAYMENTS, face.body(), number=GOOD)) == (422, "UNNECESSARY_IDENTIFIER")


def test_a_purchase_that_no_client_asked_for_with_its_names_is_none_of_theirs(face: Face) -> None:
    from carrierbill.services.authorise_purchase import Authorise, authorise_purchase  # noqa: PLC0415

    (made,) = face.book.decide(authorise_purchase, Authorise("demo-shop", GOOD, 500, one_step=True))
    payment_id = face.office.ids.told(made.purchase_id, "payment")
    assert code_of(face.get(f"{PAYMENTS}/{payment_id}")) == (404, "NOT_FOUND")
    assert taken(face.get(PAYMENTS), 200) == []


def test_whom_the_books_have_forgotten_the_interface_has_too(face: Face) -> None:
    payment_id = face.paid()
    with face.book.db.session() as session:
        session.rows("UPDATE purchase_requests SET asked = '{}', sink = ''")
        session.rows("DELETE FROM numbers WHERE line_id = ?", [face.lines[GOOD]])
    assert code_of(face.get(f"{PAYMENTS}/{payment_id}")) == (404, "NOT_FOUND")
    response = face.get(PAYMENTS)
    assert (response.json(), response.headers["x-total-count"]) == ([], "0")


# ── a little later ───────────────────────────────────────────────────────────────────────────────────────
def test_in_async_mode_a_payment_is_under_way_and_then_made(slow_face: Face) -> None:
    told = taken(slow_face.create(), 201)
    assert told["paymentStatus"] == "processing"
    assert "paymentDate" not in told
    assert slow_face.payment(told["paymentId"]) == told
    slow_face.later(1)
    made = slow_face.payment(told["paymentId"])
    assert made["paymentDate"] == "2026-03-02T10:00:01.000000+09:00"
    assert {**told, "paymentStatus": "succeeded", "paymentDate": made["paymentDate"]} == made


def test_in_async_mode_a_line_blocked_on_the_way_is_denied_in_the_end(slow_face: Face) -> None:
    payment_id = slow_face.paid(number=BLOCKED)
    assert slow_face.status(payment_id) == "processing"
    slow_face.later(1)
    told = slow_face.payment(payment_id)
    assert (told["paymentStatus"], "paymentDate" in told) == ("denied", False)


def test_in_async_mode_what_is_refused_at_once_is_refused_at_once(slow_face: Face) -> None:
    assert code_of(slow_face.create(number=LATE)) == (403, "CARRIER_BILLING.PAYMENT_DENIED")
    assert code_of(slow_face.create(number="+821000000003")) == (403, "CARRIER_BILLING.PAYMENT_DENIED")
    assert taken(slow_face.get(PAYMENTS), 200) == []


# ── categories ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("word", "category"), [("games", "game"), ("voucher", "voucher"), ("who knows", "goods"), (None, "goods")]
)
def test_a_category_narrows_the_merchants_and_an_unknown_word_does_nothing(
    word: str | None, category: str, quick: Face
) -> None:
    meta = {} if word is None else {"purchaseCategoryCode": word}
    taken(quick.create(amount={"chargingMetaData": meta}), 201)
    with quick.book.db.session() as session:
        assert session.rows("SELECT category FROM purchases") == [(category,)]
