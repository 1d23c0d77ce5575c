"""A holder lowers and closes at once; raising and opening need recorded consent, and never pass the cap."""

from datetime import date
from typing import Any

import pytest

from books import Books
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.limits import Declined, Reason
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.change_limit import (
    ChangeLimit,
    CloseService,
    LimitChanged,
    OpenService,
    change_limit,
    close_service,
    open_service,
)
from carrierbill.services.decide import Refused
from carrierbill.services.ports import Once
from money_steps import line_of, shop_line

TODAY = date(2026, 3, 2)


def change(book: Books, line_id: int, **asked: Any) -> Any:
    (outcome,) = book.decide(change_limit, ChangeLimit(line_id, "holder", **asked))
    return outcome


def audits(book: Books) -> list[tuple[str, str, str]]:
    with book.db.session() as session:
        return [tuple(row) for row in session.rows("SELECT actor, action, details FROM audits ORDER BY seq")]


def try_to_buy(book: Books, number: str, won: int, **told: Any) -> Any:
    (outcome,) = book.decide(authorise_purchase, Authorise("shop", number, won, one_step=True, **told))
    return outcome


def test_a_limit_is_lowered_at_once_and_without_consent(book: Books) -> None:
    line = shop_line(book)
    assert change(book, line.id, monthly_limit_won=100_000) == LimitChanged(line.id, 100_000)
    assert line_of(book, line).consented_on == line.consented_on
    assert try_to_buy(book, book.number(line), 100_001).reason == Reason.MONTHLY_LIMIT
    assert audits(book) == [("holder", "limit.change", '{"consented":false,"monthly_limit":100000}')]


def test_raising_needs_consent_that_is_recorded(book: Books) -> None:
    line = shop_line(book)
    refused = change(book, line.id, monthly_limit_won=600_000)
    assert isinstance(refused, Refused)
    assert refused.rule == "line.consent"
    assert line_of(book, line) == line
    assert audits(book) == []
    assert change(book, line.id, monthly_limit_won=600_000, consented=True).monthly_limit_won == 600_000
    assert line_of(book, line).consented_on == TODAY
    assert audits(book)[-1][2] == '{"consented":true,"monthly_limit":600000}'


def test_no_limit_is_raised_above_the_carriers_cap(book: Books) -> None:
    line = shop_line(book)
    refused = change(book, line.id, monthly_limit_won=1_000_001, consented=True)
    assert refused.rule == "caps.carrier"
    assert refused.told.values == {"cap_won": 1_000_000}
    assert change(book, line.id, monthly_limit_won=1_000_000, consented=True).monthly_limit_won == 1_000_000
    minor = shop_line(book, holder_id=book.holder(minor_until=date(2030, 1, 1)).id, monthly_limit_won=10_000)
    assert change(book, minor.id, monthly_limit_won=300_001, consented=True).rule == "caps.minor_SKT"
    mvno = shop_line(book, mvno=True)
    assert change(book, mvno.id, daily_limit_won=50_000).monthly_limit_won == 500_000


@pytest.mark.parametrize(
    ("asked", "raised"),
    [
        ({"daily_limit_won": 20_000}, True),
        ({"daily_limit_won": 10_000}, False),
        ({"purchase_limit_won": 5_000}, False),
        ({"category_limits": (("game", 0), ("voucher", 0))}, False),
        ({"category_limits": (("game", 1),)}, True),
        ({"category_limits": ()}, True),
    ],
)
def test_every_limit_is_raised_with_consent_only(book: Books, asked: dict[str, Any], *, raised: bool) -> None:
    line = shop_line(book, daily_limit_won=10_000, category_limits=(("game", 0),))
    assert isinstance(change(book, line.id, **asked), Refused) == raised
    assert isinstance(change(book, line.id, **asked, consented=True), LimitChanged)


def test_a_category_that_is_closed_buys_nothing(book: Books) -> None:
    line = shop_line(book)
    change(book, line.id, category_limits=(("game", 0),))
    assert try_to_buy(book, book.number(line), 1_000, category="game").reason == Reason.CATEGORY_BLOCKED


@pytest.mark.parametrize(
    "asked",
    [{"monthly_limit_won": -1}, {"daily_limit_won": 10**12 + 1}, {"category_limits": (("guns", 1),)}],
)
def test_a_limit_that_cannot_be_is_bad_input(book: Books, asked: dict[str, Any]) -> None:
    assert isinstance(change(book, shop_line(book).id, **asked), BadInputError)


def test_an_unknown_line_is_bad_input(book: Books) -> None:
    assert isinstance(change(book, 999_999, monthly_limit_won=1), BadInputError)


def test_closing_blocks_at_once_and_opening_needs_consent(book: Books) -> None:
    line = shop_line(book)
    number = book.number(line)
    for _ in range(2):
        (closed,) = book.decide(close_service, CloseService(line.id, "holder"))
        assert not closed.is_open
    declined = try_to_buy(book, number, 1_000)
    assert isinstance(declined, Declined)
    assert declined.reason == Reason.BLOCKED_BY_HOLDER
    (refused,) = book.decide(open_service, OpenService(line.id, "desk"))
    assert refused.rule == "line.consent"
    (opened,) = book.decide(open_service, OpenService(line.id, "desk", consented=True))
    assert opened.is_open
    assert (line_of(book, line).blocked_on, line_of(book, line).consented_on) == (None, TODAY)
    assert not isinstance(try_to_buy(book, number, 1_000), Declined)
    assert [action for _, action, _ in audits(book)] == ["service.close", "service.close", "service.open"]


def test_opening_gives_a_line_its_first_consent(book: Books) -> None:
    line = shop_line(book, consented_on=None)
    assert try_to_buy(book, book.number(line), 1_000).reason == Reason.NOT_CONSENTED
    book.decide(open_service, OpenService(line.id, "holder", consented=True))
    assert not isinstance(try_to_buy(book, book.number(line), 1_000), Declined)


def test_a_replayed_change_is_audited_once(book: Books) -> None:
    line = shop_line(book)
    once = Once("page", "limit", "1", "f")
    first = change(book, line.id, monthly_limit_won=100_000, once=once)
    assert change(book, line.id, monthly_limit_won=100_000, once=once) == first
    assert len(audits(book)) == 1
