"""Payments in two steps: held, shown to be the holder's wish, confirmed or cancelled; each in either mode."""

import pytest

from books import Books
from camara_face import (
    BLOCKED,
    CODE,
    FRESH,
    GAME,
    GOOD,
    NOT_OFFERED,
    PAYMENTS,
    SHOP,
    UNKNOWN,
    Face,
    code_of,
    taken,
)
from carrierbill.domain.line import Holder
from carrierbill.domain.request import ClientEvent

DENIED = (403, "CARRIER_BILLING.PAYMENT_DENIED")
CONFIRMED = (409, "CARRIER_BILLING.PAYMENT_CONFIRMED")
CANCELLED = (409, "CARRIER_BILLING.PAYMENT_CANCELLED")
STEPS = ("confirm", "cancel")


def waiting(face: Face) -> tuple[str, str]:
    """A payment that waits for its code: its id, and that of its authorization."""
    told = taken(face.prepare(number=CODE), 201)
    assert told["paymentStatus"] == "pending_validation"
    assert told["validationInfo"]["action"] == "validate"
    return told["paymentId"], told["validationInfo"]["authorizationId"]


# ── confirmed ────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_held_is_charged_once_confirmed(face: Face) -> None:
    told = taken(face.prepare(), 201)
    payment_id = told["paymentId"]
    assert (told["paymentStatus"], "validationInfo" in told) == ("reserved", False)
    assert face.payment(payment_id) == told
    face.book.clock.by(minutes=1)
    response = face.step(payment_id, "confirm")
    assert (response.status_code, response.content) == (202, b"")
    assert face.payment(payment_id) == told | {
        "paymentStatus": "succeeded",
        "paymentDate": "2026-03-02T10:01:00.000000+09:00",
    }
    assert code_of(face.step(payment_id, "confirm")) == CONFIRMED
    assert code_of(face.step(payment_id, "cancel")) == CONFIRMED


def test_what_is_cancelled_comes_to_nothing(face: Face) -> None:
    payment_id = face.prepared(300_000)
    assert code_of(face.create(1)) == (422, "CARRIER_BILLING.USER_AMOUNT_THRESHOLD_OVERPASSED")
    assert face.step(payment_id, "cancel").status_code == 202
    assert face.status(payment_id) == "cancelled"
    assert code_of(face.step(payment_id, "cancel")) == CANCELLED
    assert code_of(face.step(payment_id, "confirm")) == CANCELLED
    face.paid(300_000)


def test_a_hold_that_ran_out_is_a_payment_cancelled(face: Face) -> None:
    swept, asked_too_late = face.prepared(), face.prepared()
    face.book.clock.by(minutes=10)
    assert code_of(face.step(asked_too_late, "confirm")) == CANCELLED
    face.later(0)
    for payment_id in (swept, asked_too_late):
        assert face.status(payment_id) == "cancelled"
        assert code_of(face.step(payment_id, "confirm")) == CANCELLED
        assert code_of(face.step(payment_id, "cancel")) == CANCELLED


def test_a_line_blocked_on_the_way_is_denied_when_it_is_confirmed(face: Face) -> None:
    payment_id = face.prepared(number=BLOCKED)
    response = face.step(payment_id, "confirm", BLOCKED)
    assert code_of(response) == DENIED
    assert "bill" not in response.json()["message"]
    assert face.status(payment_id) == "denied"
    assert code_of(face.step(payment_id, "confirm", BLOCKED)) == DENIED
    assert code_of(face.step(payment_id, "cancel", BLOCKED)) == CANCELLED


def test_a_line_no_longer_served_confirms_nothing_and_may_still_cancel(face: Face) -> None:
    payment_id = face.prepared()
    face.change_line(GOOD, offered=False)
    assert code_of(face.step(payment_id, "confirm")) == (422, "SERVICE_NOT_APPLICABLE")
    assert face.step(payment_id, "cancel").status_code == 202


# ── whose ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("step", STEPS)
def test_a_step_names_the_payments_own_number(step: str, face: Face) -> None:
    payment_id = face.prepared()
    assert code_of(face.step(payment_id, step, None)) == (422, "MISSING_IDENTIFIER")
    assert code_of(face.step(payment_id, step, UNKNOWN)) == (404, "IDENTIFIER_NOT_FOUND")
    assert code_of(face.step(payment_id, step, FRESH)) == (404, "NOT_FOUND")
    assert code_of(face.step(payment_id, step, NOT_OFFERED)) == (422, "SERVICE_NOT_APPLICABLE")
    assert code_of(face.step(payment_id, step, GOOD, number=GOOD)) == (422, "UNNECESSARY_IDENTIFIER")
    assert face.status(payment_id) == "reserved"
    assert face.step(payment_id, step).status_code == 202


@pytest.mark.parametrize("step", STEPS)
def test_a_token_for_a_number_takes_steps_on_that_numbers_payments_alone(step: str, face: Face) -> None:
    payment_id = face.prepared()
    assert code_of(face.step(payment_id, step, None, number=FRESH)) == (404, "NOT_FOUND")
    assert code_of(face.step(payment_id, step, None, number=UNKNOWN)) == (404, "IDENTIFIER_NOT_FOUND")
    assert face.step(payment_id, step, None, number=GOOD).status_code == 202


@pytest.mark.parametrize("number", [GOOD, FRESH, UNKNOWN, NOT_OFFERED])
@pytest.mark.parametrize("step", STEPS)
def test_anothers_payment_is_as_if_it_were_not_there(step: str, number: str, quick: Face) -> None:
    payment_id = quick.prepared()
    anothers = quick.step(payment_id, step, number, client=GAME)
    absent = quick.step("A" * 26, step, number, client=GAME)
    assert (anothers.status_code, anothers.content) == (absent.status_code, absent.content)
    assert quick.status(payment_id) == "reserved"


# ── with a code ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_right_code_holds_the_amount_and_is_good_once(face: Face) -> None:
    payment_id, authorization_id = waiting(face)
    assert face.status(payment_id) == "pending_validation"
    assert code_of(face.step(payment_id, "confirm", CODE)) == DENIED
    response = face.validate(payment_id, authorization_id)
    assert (response.status_code, response.content) == (204, b"")
    assert face.status(payment_id) == "reserved"
    assert code_of(face.validate(payment_id, authorization_id)) == (409, "ALREADY_EXISTS")
    assert face.step(payment_id, "confirm", CODE).status_code == 202
    assert face.status(payment_id) == "succeeded"


def test_three_wrong_codes_deny_the_payment_and_every_further_one_fails(face: Face) -> None:
    payment_id, authorization_id = waiting(face)
    for _ in range(3):
        wrong = face.validate(payment_id, authorization_id, "111111")
        assert code_of(wrong) == (400, "CARRIER_BILLING.INVALID_CODE")
    assert face.status(payment_id) == "denied"
    for code in ("111111", "000000"):
        failed = face.validate(payment_id, authorization_id, code)
        assert code_of(failed) == (400, "CARRIER_BILLING.VALIDATION_FAILED")
    assert code_of(face.step(payment_id, "confirm", CODE)) == DENIED
    assert code_of(face.step(payment_id, "cancel", CODE)) == CANCELLED


def test_a_code_is_given_for_its_own_authorization(face: Face) -> None:
    payment_id, authorization_id = waiting(face)
    _, of_another = waiting(face)
    for wrong in (of_another, payment_id, "x", "", authorization_id.lower()):
        assert code_of(face.validate(payment_id, wrong)) == (400, "CARRIER_BILLING.INVALID_AUTHORIZATION_ID")
    assert face.validate(payment_id, authorization_id).status_code == 204


def test_a_payment_that_waits_for_no_code_has_no_authorization(face: Face) -> None:
    held = face.prepared()
    waited, authorization_id = waiting(face)
    assert face.step(waited, "cancel", CODE).status_code == 202
    guessed = face.office.ids.told(face.office.ids.number(held, "payment") or 0, "authorization")
    for payment_id, of in ((held, guessed), (waited, authorization_id)):
        response = face.validate(payment_id, of)
        assert code_of(response) == (400, "CARRIER_BILLING.INVALID_AUTHORIZATION_ID")


def test_a_code_that_came_too_late_is_wrong(face: Face) -> None:
    payment_id, authorization_id = waiting(face)
    face.book.clock.by(minutes=10)
    assert code_of(face.validate(payment_id, authorization_id)) == (400, "CARRIER_BILLING.INVALID_CODE")


def test_a_right_code_for_what_may_no_longer_be_bought_denies_it(face: Face) -> None:
    payment_id, authorization_id = waiting(face)
    face.change_line(CODE, monthly_limit_won=0)
    response = face.validate(payment_id, authorization_id)
    assert code_of(response) == (400, "CARRIER_BILLING.VALIDATION_FAILED")
    assert "wrong codes" not in response.json()["message"]
    assert face.status(payment_id) == "denied"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_what_waits_for_a_code_can_be_cancelled_in_either_mode(mode: str, on_file: Books) -> None:
    face = Face(on_file, mode=mode)
    payment_id, _ = waiting(face)
    assert face.step(payment_id, "cancel", CODE).status_code == 202
    assert face.status(payment_id) == "cancelled"
    face.close()


def test_a_code_is_tried_by_its_own_client_and_for_its_own_line(face: Face) -> None:
    payment_id, authorization_id = waiting(face)
    assert code_of(face.validate(payment_id, authorization_id, client=GAME)) == (404, "NOT_FOUND")
    assert code_of(face.validate(payment_id, authorization_id, number=GOOD)) == (404, "NOT_FOUND")
    assert code_of(face.validate("A" * 26, authorization_id)) == (404, "NOT_FOUND")
    assert face.validate(payment_id, authorization_id, number=CODE).status_code == 204


def test_a_holder_who_must_be_checked_gets_a_code_of_their_own(face: Face) -> None:
    face.change_line(FRESH, demo=None, monthly_limit_won=500_000)
    told = taken(face.prepare(300_001, FRESH), 201)
    assert told["paymentStatus"] == "pending_validation"
    assert code_of(face.create(300_001, FRESH)) == DENIED
    wrong = face.validate(told["paymentId"], told["validationInfo"]["authorizationId"], "wrong")
    assert code_of(wrong) == (400, "CARRIER_BILLING.INVALID_CODE")
    assert [holder.checked_month for holder in face.book.all(Holder)].count(None) == len(face.lines)


# ── a little later ───────────────────────────────────────────────────────────────────────────────────────
def test_in_async_mode_each_step_is_under_way_and_then_done(slow_face: Face) -> None:
    face = slow_face
    told = taken(face.prepare(), 201)
    payment_id = told["paymentId"]
    assert told["paymentStatus"] == "processing"
    assert code_of(face.step(payment_id, "confirm")) == DENIED
    face.later(1)
    assert face.status(payment_id) == "reserved"
    assert face.step(payment_id, "confirm").status_code == 202
    assert face.status(payment_id) == "processing"
    assert code_of(face.step(payment_id, "confirm")) == DENIED
    assert code_of(face.step(payment_id, "cancel")) == (409, "ALREADY_EXISTS")
    face.later(1)
    assert face.status(payment_id) == "succeeded"


def test_in_async_mode_what_is_being_held_can_be_cancelled(slow_face: Face) -> None:
    payment_id = slow_face.prepared()
    assert slow_face.step(payment_id, "cancel").status_code == 202
    slow_face.later(1)
    assert slow_face.status(payment_id) == "cancelled"


def test_in_async_mode_a_cancel_is_under_way_and_then_done(slow_face: Face) -> None:
    payment_id = slow_face.prepared()
    slow_face.later(1)
    assert slow_face.step(payment_id, "cancel").status_code == 202
    assert slow_face.status(payment_id) == "processing"
    slow_face.later(1)
    assert slow_face.status(payment_id) == "cancelled"
    assert code_of(slow_face.step(payment_id, "cancel")) == CANCELLED


def test_in_async_mode_a_code_is_asked_for_at_once(slow_face: Face) -> None:
    payment_id, authorization_id = waiting(slow_face)
    assert slow_face.validate(payment_id, authorization_id).status_code == 204
    assert slow_face.status(payment_id) == "reserved"


def test_in_async_mode_a_line_blocked_on_the_way_is_denied_after_its_confirmation(slow_face: Face) -> None:
    payment_id = slow_face.prepared(number=BLOCKED)
    slow_face.later(1)
    assert slow_face.status(payment_id) == "reserved"
    assert slow_face.step(payment_id, "confirm", BLOCKED).status_code == 202
    slow_face.later(1)
    assert slow_face.status(payment_id) == "denied"


# ── told ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_happens_to_a_payment_with_a_sink_is_queued_in_its_order(face: Face) -> None:
    told = taken(face.prepare(sink="https://shop.example/events"), 201)
    assert told["sink"] == "https://shop.example/events"
    face.step(told["paymentId"], "confirm")
    face.refund(told["paymentId"], 400)
    events = sorted(face.book.all(ClientEvent, client=SHOP), key=lambda event: event.place)
    assert [event.what for event in events] == ["payment-reserved", "payment-completed"]
    assert PAYMENTS in told["amountTransaction"]["resourceURL"]
