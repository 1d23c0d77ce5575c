"""A one-time code shows that the holder is buying: three tries, a few minutes, then it is decided anew."""

from datetime import date
from typing import Any

import pytest

from books import KEYS, Books
from carrierbill.domain.errors import BadInputError, SayableError
from carrierbill.domain.limits import Reason
from carrierbill.domain.line import Decline, Holder, Line, Usage
from carrierbill.domain.notice import Notice
from carrierbill.domain.purchase import OneTimeCode, Purchase, PurchaseState
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.change_limit import CloseService, close_service
from carrierbill.services.confirm_purchase import Confirm, Confirmed, confirm_purchase
from carrierbill.services.ports import Once
from carrierbill.services.validate_purchase import (
    CodeSent,
    SendCode,
    Validate,
    Validated,
    send_code,
    validate_purchase,
)
from carrierbill.storage.codes import SecretCodes
from ledger_laws import broken_laws, tables
from money_steps import buy, shop_line

CODES = SecretCodes(KEYS.index_secret)


def waiting(book: Books, won: int = 300_001) -> tuple[Line, int]:
    """A purchase that needs the check."""
    line = shop_line(book)
    (outcome,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), won))
    assert outcome.state == PurchaseState.PENDING_VALIDATION
    return line, outcome.purchase_id


def send(book: Books, purchase_id: int) -> str:
    """Have a code sent; the code."""
    code_hash, secret = CODES.new(purchase_id)
    (sent,) = book.decide(send_code, SendCode("shop", purchase_id, code_hash, secret))
    assert isinstance(sent, CodeSent), sent
    return CODES.code_in(purchase_id, secret)


def type_in(book: Books, purchase_id: int, code: str, once: Once | None = None) -> Any:
    command = Validate("shop", purchase_id, CODES.hash_of(purchase_id, code), once)
    (outcome,) = book.decide(validate_purchase, command)
    return outcome


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_what_was_bought_in_the_month_it_was_asked_for_in_is_nothing_to_the_month_it_is_held_in(
    book: Books,
) -> None:
    line = shop_line(book, monthly_limit_won=350_000)
    book.clock.to(date(2026, 3, 31), 23, 58)
    buy(book, line, 290_000)
    (asked,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 100_000))
    code = send(book, asked.purchase_id)
    book.clock.to(date(2026, 4, 1), 0, 1)
    assert type_in(book, asked.purchase_id, code).state == PurchaseState.HELD
    used = {usage.month: usage.won for usage in book.all(Usage)}
    assert used == {date(2026, 3, 1): 290_000, date(2026, 4, 1): 100_000}
    assert broken_laws(book.db) == []


def test_the_right_code_holds_the_purchase_and_checks_the_holder_for_the_month(book: Books) -> None:
    line, purchase_id = waiting(book)
    code = send(book, purchase_id)
    validated = type_in(book, purchase_id, f" {code} ")
    assert validated == Validated(purchase_id, PurchaseState.HELD, book.one(Purchase, purchase_id).expires_at)
    assert book.one(Holder, line.holder_id).checked_month == book.clock.day.replace(day=1)
    (more,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 50_000))
    assert more.state == PurchaseState.HELD
    (confirmed,) = book.decide(confirm_purchase, Confirm("shop", purchase_id))
    assert isinstance(confirmed, Confirmed)
    assert type_in(book, purchase_id, code).rule == "validate_done"
    assert broken_laws(book.db) == []


def test_the_code_goes_out_sealed_in_a_notice(book: Books) -> None:
    _, purchase_id = waiting(book)
    code = send(book, purchase_id)
    (notice,) = (each for each in book.all(Notice) if each.what == "code")
    assert notice.secret is not None
    assert CODES.code_in(purchase_id, notice.secret) == code
    assert code.encode() not in notice.secret
    assert (notice.key, notice.details) == ("notice.code", {"asked_won": 300_001})


def test_the_third_wrong_code_denies_the_purchase(book: Books) -> None:
    line, purchase_id = waiting(book)
    code = send(book, purchase_id)
    for left in (2, 1):
        refused = type_in(book, purchase_id, wrong(code))
        assert (refused.rule, refused.told.values) == ("validate_wrong", {"tries": left})
        assert book.one(Purchase, purchase_id).state == PurchaseState.PENDING_VALIDATION
    assert type_in(book, purchase_id, wrong(code)).told.key == "refusal.validate_failed"
    assert book.one(Purchase, purchase_id).state == PurchaseState.DENIED
    assert type_in(book, purchase_id, code).rule == "validate_failed"
    assert [decline.reason for decline in book.all(Decline, line_id=line.id)] == [Reason.IDENTITY_CHECK]
    assert broken_laws(book.db) == []


def test_a_new_code_replaces_the_old_one_and_gives_no_new_tries(book: Books) -> None:
    _, purchase_id = waiting(book)
    first = send(book, purchase_id)
    type_in(book, purchase_id, wrong(first))
    second = send(book, purchase_id)
    assert book.one(OneTimeCode, purchase_id).tries_left == 2
    if first != second:
        assert type_in(book, purchase_id, first).rule == "validate_wrong"
    assert isinstance(type_in(book, purchase_id, second), Validated)


def test_a_code_is_good_for_its_minutes_and_trying_later_costs_no_try(book: Books) -> None:
    _, purchase_id = waiting(book)
    code = send(book, purchase_id)
    book.clock.by(minutes=5)
    assert type_in(book, purchase_id, code).told.key == "refusal.validate_expired"
    assert book.one(OneTimeCode, purchase_id).tries_left == 3
    again = send(book, purchase_id)
    book.clock.by(minutes=4.9)
    assert isinstance(type_in(book, purchase_id, again), Validated)


def test_without_a_code_sent_nothing_can_be_typed(book: Books) -> None:
    _, purchase_id = waiting(book)
    assert type_in(book, purchase_id, "000000").told.key == "refusal.validate_no_code"


def test_a_right_code_does_not_lift_what_has_come_in_the_way_meanwhile(book: Books) -> None:
    line, purchase_id = waiting(book)
    code = send(book, purchase_id)
    book.decide(close_service, CloseService(line.id, "holder"))
    refused = type_in(book, purchase_id, code)
    assert refused.rule == "line.blocked"
    assert book.one(Purchase, purchase_id).state == PurchaseState.DENIED
    assert type_in(book, purchase_id, code).rule == "validate_done"


def test_a_purchase_validated_in_the_next_month_uses_that_months_limit(book: Books) -> None:
    book.clock.to(book.clock.day.replace(day=31), 23, 58)
    _, purchase_id = waiting(book)
    code = send(book, purchase_id)
    book.clock.by(minutes=3)
    assert isinstance(type_in(book, purchase_id, code), Validated)
    assert book.one(Purchase, purchase_id).month == book.clock.day
    assert broken_laws(book.db) == []


def test_what_is_validated_after_midnight_frees_the_limit_of_the_day_it_was_held_on(book: Books) -> None:
    _, purchase_id = waiting(book)
    book.clock.by(minutes=12 * 60 - 3)
    code = send(book, purchase_id)
    book.clock.by(minutes=4)
    assert type_in(book, purchase_id, code).state == PurchaseState.HELD
    (used,) = book.all(Usage)
    assert (used.won, used.day_won) == (300_001, 300_001)
    book.decide(cancel_purchase, Cancel("shop", purchase_id))
    (used,) = book.all(Usage)
    assert (used.won, used.day_won) == (0, 0)


def test_a_purchase_that_waits_for_no_code_is_refused(book: Books) -> None:
    line, purchase_id = waiting(book)
    (held,) = book.decide(authorise_purchase, Authorise("shop", book.number(line), 1_000))
    assert type_in(book, held.purchase_id, "000000").rule == "purchase.state"
    book.decide(cancel_purchase, Cancel("shop", purchase_id))
    (refused,) = book.decide(send_code, SendCode("shop", purchase_id, b"hash", b"sealed"))
    assert refused.rule == "purchase.state"


def test_another_clients_purchase_is_bad_input(book: Books) -> None:
    _, purchase_id = waiting(book)
    (bad,) = book.decide(validate_purchase, Validate("other", purchase_id, b"hash"))
    assert isinstance(bad, BadInputError)


def test_a_replayed_wrong_code_costs_one_try(book: Books) -> None:
    _, purchase_id = waiting(book)
    code, once = send(book, purchase_id), Once("shop", "validate", "1", "f")
    first = type_in(book, purchase_id, wrong(code), once)
    before = tables(book.db)
    assert type_in(book, purchase_id, wrong(code), once) == first
    assert book.one(OneTimeCode, purchase_id).tries_left == 2
    assert tables(book.db) == before


# ── the codes themselves ─────────────────────────────────────────────────────────────────────────────────


def test_a_code_has_six_digits_and_is_bound_to_its_purchase() -> None:
    code_hash, secret = CODES.new(7)
    code = CODES.code_in(7, secret)
    assert len(code) == 6
    assert code.isdigit()
    assert CODES.hash_of(7, code) == code_hash != CODES.hash_of(8, code)
    assert SecretCodes(b"another secret").hash_of(7, code) != code_hash
    for purchase_id, sealed in ((8, secret), (7, secret[:-1]), (7, b"")):
        with pytest.raises(SayableError):
            CODES.code_in(purchase_id, sealed)
