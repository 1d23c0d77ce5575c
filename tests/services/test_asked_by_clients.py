"""Clients name their requests once for good, may have them done later, and are told what happens in order."""

from dataclasses import replace
from typing import Any

import pytest

from books import Books
from carrierbill.domain.line import DemoPart, Line, LineEffect, Usage
from carrierbill.domain.policy import Effect
from carrierbill.domain.purchase import Merchant, OneTimeCode, Purchase, PurchaseState, RefundTerms
from carrierbill.domain.request import (
    Ask,
    ClientEvent,
    Happening,
    PurchaseRequest,
    RefundRequest,
    RequestState,
)
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.finish_purchase import Finish, finish_purchase, steps_due
from carrierbill.services.lapse_holds import holds_run_out, lapse_holds
from carrierbill.services.refund_purchase import (
    FinishRefund,
    RefundPurchase,
    finish_refund,
    refund_purchase,
    refunds_due,
)
from carrierbill.services.validate_purchase import MOST_SENT, SendCode, Validate, send_code, validate_purchase
from carrierbill.storage.codes import SecretCodes
from ledger_laws import broken_laws
from money_steps import shop_line

SINK = "https://shop.example/told"
LATER_S = 2


def ask(name: str, *, sink: str = SINK) -> Ask:
    return Ask(reference=f"ref-{name}", correlator=f"req-{name}", sink=sink)


def bought(book: Books, line: Line, name: str, **told: Any) -> Any:
    command = Authorise("shop", book.number(line), told.pop("won", 9_000), ask=ask(name), **told)
    return book.decide(authorise_purchase, command)[0]


def wait(book: Books) -> list[Any]:
    """The time of what was put off comes, and it is done."""
    book.clock.by(minutes=LATER_S / 60)
    with book.db.unit() as unit:
        steps, refunds = steps_due(unit, 100), refunds_due(unit, 100)
    done = book.decide(finish_purchase, *steps) if steps else []
    return done + (book.decide(finish_refund, *refunds) if refunds else [])


def told(book: Books) -> list[Happening]:
    """What clients are told, in the order of each purchase."""
    return [
        event.what for event in sorted(book.all(ClientEvent), key=lambda each: (each.purchase_id, each.place))
    ]


def state_of(book: Books, outcome: Any) -> PurchaseState:
    return book.one(Purchase, outcome.purchase_id).state


# ── names used once ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("together", [True, False])
def test_a_correlator_and_a_reference_are_good_for_one_purchase_for_ever(together: bool, book: Books) -> None:  # noqa: FBT001
    line = shop_line(book)
    number = book.number(line)
    asked = (
        ask("a"),
        Ask(reference="ref-b", correlator="req-a"),
        Ask(reference="ref-a", correlator="req-c"),
        Ask(reference="ref-b", correlator="req-b"),
    )
    commands = [Authorise("shop", number, 1_000, ask=each) for each in asked]
    if together:
        outcomes = book.decide(authorise_purchase, *commands)
    else:
        outcomes = [book.decide(authorise_purchase, command)[0] for command in commands]
    rules = [getattr(outcome, "rule", "") for outcome in outcomes]
    assert rules == ["", "request.correlator", "request.reference", ""]
    assert len(book.all(PurchaseRequest)) == 2


def test_a_request_that_is_refused_uses_up_no_name_and_another_clients_names_are_free(book: Books) -> None:
    line = shop_line(book)
    book.merchant("other", client="other")
    assert bought(book, line, "a", won=2_000_000).reason == "above_cap"
    assert bought(book, line, "a").state == "held"
    (outcome,) = book.decide(authorise_purchase, Authorise("other", book.number(line), 1_000, ask=ask("a")))
    assert outcome.state == "held"


# ── done later ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("one_step", "state", "events"),
    [
        (True, PurchaseState.CONFIRMED, [Happening.COMPLETED]),
        (False, PurchaseState.HELD, [Happening.RESERVED]),
    ],
)
def test_what_is_put_off_holds_its_amount_at_once_and_is_done_once_its_time_has_come(
    one_step: bool,  # noqa: FBT001
    state: PurchaseState,
    events: list[Happening],
    book: Books,
) -> None:
    outcome = bought(book, shop_line(book), "a", one_step=one_step, later_s=LATER_S)
    assert outcome.state == PurchaseState.PROCESSING
    assert [usage.won for usage in book.all(Usage)] == [9_000]
    assert told(book) == []
    assert book.decide(finish_purchase, Finish(outcome.purchase_id))[0].state == PurchaseState.PROCESSING
    assert [done.state for done in wait(book)] == [state]
    assert wait(book) == []
    assert told(book) == events
    assert [usage.won for usage in book.all(Usage)] == [9_000]
    assert broken_laws(book.db) == []


def test_a_block_that_comes_meanwhile_denies_a_charge_and_frees_the_limit(book: Books) -> None:
    line = shop_line(book)
    outcome = bought(book, line, "a", one_step=True, later_s=LATER_S)
    with book.db.unit() as unit:
        effect = LineEffect(
            unit.new_id(LineEffect),
            line.id,
            line.holder_id,
            Effect.BLOCK_PURCHASES,
            "late_1",
            1,
            book.clock.day,
        )
        unit.add(effect)
    wait(book)
    assert state_of(book, outcome) == PurchaseState.DENIED
    assert told(book) == [Happening.DENIED]
    assert [usage.won for usage in book.all(Usage)] == [0]
    assert broken_laws(book.db) == []


def test_a_confirmation_that_is_put_off_can_be_neither_repeated_nor_cancelled(book: Books) -> None:
    outcome = bought(book, shop_line(book), "a")
    confirm = Confirm("shop", outcome.purchase_id, later_s=LATER_S)
    book.decide(confirm_purchase, confirm)
    assert state_of(book, outcome) == PurchaseState.PROCESSING
    again = book.decide(confirm_purchase, confirm)[0]
    given_up = book.decide(cancel_purchase, Cancel("shop", outcome.purchase_id, later_s=LATER_S))[0]
    assert [refused.told.key for refused in (again, given_up)] == [
        "refusal.confirm_processing",
        "refusal.cancel_processing",
    ]
    book.clock.by(minutes=60)
    with book.db.unit() as unit:
        assert holds_run_out(unit, 10) == []
    wait(book)
    assert state_of(book, outcome) == PurchaseState.CONFIRMED
    assert told(book) == [Happening.RESERVED, Happening.COMPLETED]


def test_what_is_still_to_be_held_can_be_given_up(book: Books) -> None:
    outcome = bought(book, shop_line(book), "a", later_s=LATER_S)
    book.decide(cancel_purchase, Cancel("shop", outcome.purchase_id, later_s=LATER_S))
    wait(book)
    assert state_of(book, outcome) == PurchaseState.CANCELLED
    assert told(book) == [Happening.CANCELLED]
    assert broken_laws(book.db) == []


# ── codes ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_purchase_that_needs_a_code_has_it_sent_in_the_same_commit_and_waits_ten_minutes(
    book: Books,
) -> None:
    codes = SecretCodes(book.db.keys.index_secret)
    line = shop_line(book, demo=DemoPart.NEEDS_CODE)
    outcome = bought(book, line, "a", codes=codes, later_s=LATER_S)
    assert outcome.state == PurchaseState.PENDING_VALIDATION
    typed = codes.hash_of(outcome.purchase_id, "000000")
    assert book.one(OneTimeCode, outcome.purchase_id).code_hash == typed
    (validated,) = book.decide(validate_purchase, Validate("shop", outcome.purchase_id, typed))
    assert validated.state == PurchaseState.HELD
    waits = bought(book, line, "b", codes=codes)
    book.clock.by(minutes=10)
    with book.db.unit() as unit:
        over = holds_run_out(unit, 10)
    book.decide(lapse_holds, *over)
    assert state_of(book, waits) == PurchaseState.LAPSED
    assert told(book) == [
        *(Happening.PENDING_VALIDATION, Happening.RESERVED, Happening.CANCELLED),
        *(Happening.PENDING_VALIDATION, Happening.CANCELLED),
    ]
    assert broken_laws(book.db) == []


def test_a_code_is_sent_a_few_times_and_no_more(book: Books) -> None:
    outcome = bought(book, shop_line(book, demo=DemoPart.NEEDS_CODE), "a")
    commands = [SendCode("shop", outcome.purchase_id, b"%d" % place) for place in range(MOST_SENT + 1)]
    outcomes = [book.decide(send_code, command)[0] for command in commands]
    assert [hasattr(sent, "expires_at") for sent in outcomes] == [True] * MOST_SENT + [False]


@pytest.mark.parametrize("later_s", [None, LATER_S])
def test_a_demos_line_that_is_blocked_on_the_way_can_hold_but_not_charge(
    later_s: int | None, book: Books
) -> None:
    line = shop_line(book, demo=DemoPart.BLOCKED_ON_THE_WAY)
    one_step = bought(book, line, "a", one_step=True, later_s=later_s)
    held = bought(book, line, "b")
    outcome = book.decide(confirm_purchase, Confirm("shop", held.purchase_id, later_s=later_s))[0]
    wait(book)
    if later_s is None:
        assert (one_step.reason, outcome.rule) == ("late", "stages.block_purchases")
    else:
        assert state_of(book, one_step) == PurchaseState.DENIED
    assert state_of(book, held) == PurchaseState.DENIED


# ── refunds ──────────────────────────────────────────────────────────────────────────────────────────────
def refund(book: Books, bought: Any, name: str, won: int | None, later_s: int | None = None) -> Any:
    command = RefundPurchase("shop", bought.purchase_id, won, ask=ask(name), later_s=later_s)
    return book.decide(refund_purchase, command)[0]


def terms(book: Books, **changed: Any) -> Line:
    """A line, and a seller with the terms."""
    line = shop_line(book)
    (shop,) = book.all(Merchant)
    with book.db.unit() as unit:
        unit.load(Merchant, id=[shop.id])
        unit.put(replace(shop, **changed))
    return line


def test_refunds_under_way_count_and_a_total_one_is_the_last(book: Books) -> None:
    purchase = bought(book, shop_line(book), "a", one_step=True)
    assert refund(book, purchase, "r1", 2_000, LATER_S).won == 2_000
    assert refund(book, purchase, "r2", 7_001).rule == "refund.remaining"
    assert refund(book, purchase, "r1", 100).rule == "request.correlator"
    assert refund(book, purchase, "r3", None, LATER_S).won == 7_000
    assert refund(book, purchase, "r4", 1).rule == "refund.total"
    wait(book)
    assert [request.state for request in book.all(RefundRequest)] == [RequestState.SUCCEEDED] * 2
    assert book.one(Purchase, purchase.purchase_id).refunded_won == 9_000
    assert told(book) == [Happening.COMPLETED, Happening.REFUND_COMPLETED, Happening.REFUND_COMPLETED]
    (request, _) = book.all(RefundRequest)
    assert book.decide(finish_refund, FinishRefund(request.id))[0].state == RequestState.SUCCEEDED
    assert broken_laws(book.db) == []


@pytest.mark.parametrize(
    ("changed", "rule", "state"),
    [
        ({"refund_terms": RefundTerms.EXCLUDED}, "merchant.refunds_excluded", None),
        ({"refund_cap_won": 999}, "merchant.refund_cap", None),
        ({"refund_terms": RefundTerms.REFUSED}, "merchant.refunds_refused", RequestState.DENIED),
        ({"refund_cap_won": 1_000}, "", RequestState.SUCCEEDED),
    ],
)
def test_a_seller_gives_refunds_on_its_terms(
    changed: dict[str, Any], rule: str, state: RequestState | None, book: Books
) -> None:
    line = terms(book, **changed)
    first, second = bought(book, line, "a", one_step=True), bought(book, line, "b", one_step=True)
    assert getattr(refund(book, first, "r1", 1_000), "rule", "") == rule
    later = refund(book, second, "r2", 1_000, LATER_S)
    if rule:
        assert getattr(later, "rule", rule if state else "") == rule
        wait(book)
        assert [request.state for request in book.all(RefundRequest)] == ([state] if state else [])
    else:
        # The cap is a month's, over all refunds of the seller to the line.
        assert later.rule == "merchant.refund_cap"
    assert broken_laws(book.db) == []


def test_a_seller_may_give_all_refunds_on_the_next_bill(book: Books) -> None:
    line = terms(book, refund_terms=RefundTerms.NEXT_BILL)
    purchase = bought(book, line, "a", one_step=True)
    outcome = refund(book, purchase, "r1", 4_000)
    assert (outcome.cancelled_won, outcome.credited_won, outcome.paid_back_won) == (0, 4_000, 0)
    assert book.one(Line, line.id).credit_won == 4_000
    assert told(book) == [Happening.COMPLETED, Happening.REFUND_IN_BILL]
    assert broken_laws(book.db) == []


def test_nothing_is_queued_where_no_sink_was_given(book: Books) -> None:
    line = shop_line(book)
    command = Authorise("shop", book.number(line), 1_000, one_step=True, ask=ask("a", sink=""))
    book.decide(authorise_purchase, command)
    assert told(book) == []
