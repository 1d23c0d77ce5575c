"""Whether a line could buy: told to who may know, by the order of the rules; a stranger learns nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from carrierbill.domain.consent import Consent
from carrierbill.domain.line import Decline, DemoPart, Line
from carrierbill.domain.purchase import Purchase
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from ledger_laws import tables
from own_interface import HOLDER, READ, STRANGER_NUMBER, Scene, hold, token

ASKED = {"phoneNumber": HOLDER, "amountWon": 10_000}


def ask(at: Scene, who: Mapping[str, str], body: dict[str, Any]) -> tuple[int, Any]:
    told = asyncio.run(at.ask("checkEligibility", who, body=body))
    return told.status_code, told.json()


def test_a_stranger_learns_nothing_of_a_line_not_even_that_it_is_there(at: Scene) -> None:
    unknown = ask(at, at.stranger, {**ASKED, "phoneNumber": "+821000099999"})
    assert unknown[0] == 404
    for body in (ASKED, {**ASKED, "amountWon": 10**12}, {**ASKED, "category": "voucher"}):
        assert ask(at, at.stranger, body) == unknown
    with at.face.book.db.unit() as unit:
        (line,) = unit.load(Line, id=[at.line.id])
        unit.put(Line(**{**fields_of(line), "offered": False, "consented_on": None}))
    assert ask(at, at.stranger, ASKED) == unknown


def fields_of(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__slots__}


def test_only_a_charge_makes_a_line_known_not_the_attempt_at_one(at: Scene) -> None:
    book = at.face.book
    other = {**ASKED, "phoneNumber": STRANGER_NUMBER}
    unknown = ask(at, at.stranger, other)
    assert _buys(at, one_step=False).state == "held"
    assert ask(at, at.stranger, other) == unknown
    assert _buys(at, one_step=True).state == "confirmed"
    assert ask(at, at.stranger, other)[0] == 200
    assert len(book.all(Purchase, client="game")) == 2


def _buys(at: Scene, *, one_step: bool) -> Any:
    command = Authorise("game", STRANGER_NUMBER, 1_000, one_step=one_step)
    (outcome,) = at.face.book.decide(authorise_purchase, command)
    return outcome


def test_the_holder_and_who_was_consented_to_are_told(at: Scene) -> None:
    assert ask(at, at.client, ASKED) == (200, {"allowed": True})
    assert ask(at, token("game", READ, number=HOLDER), {"amountWon": 10_000}) == (200, {"allowed": True})
    with at.face.book.db.unit() as unit:
        unit.add(Consent(at.other.id, "third", at.other.holder_id, at.face.book.clock.day))
    assert ask(at, token("third", READ), {**ASKED, "phoneNumber": STRANGER_NUMBER})[0] == 200


@pytest.mark.parametrize(
    ("changes", "won", "reason"),
    [
        ({"offered": False, "consented_on": None}, 10_000, "not_offered"),
        ({"consented_on": None, "daily_limit_won": 1}, 10_000, "not_consented"),
        ({"category_limits": (("goods", 0),)}, 10_000, "category_blocked"),
        ({}, 1_000_001, "above_cap"),
        ({"purchase_limit_won": 9_999}, 10_000, "above_purchase_limit"),
        ({}, 290_001, "identity_check"),
        ({"daily_limit_won": 15_000}, 10_000, "daily_limit"),
        ({"monthly_limit_won": 15_000}, 10_000, "monthly_limit"),
        ({"demo": DemoPart.NEEDS_CODE}, 10_000, "identity_check"),
    ],
)
def test_the_first_reason_is_told_as_a_purchase_would_be_declined(
    at: Scene, changes: dict[str, Any], won: int, reason: str
) -> None:
    with at.face.book.db.unit() as unit:
        (line,) = unit.load(Line, id=[at.line.id])
        unit.put(Line(**{**fields_of(line), **changes}))
    status, told = ask(at, at.client, {**ASKED, "amountWon": won})
    assert status == 200
    assert (told["allowed"], told["reason"]) == (False, reason)
    assert set(told["told"]) == set(told["liftedBy"]) == {"ko", "en"}
    if reason != "identity_check":
        (declined,) = at.face.book.decide(authorise_purchase, Authorise("shop", HOLDER, won))
        assert (declined.reason, declined.rule) == (reason, told["rule"])


def test_asking_holds_nothing_and_writes_nothing_however_often(at: Scene) -> None:
    before, declines = tables(at.face.book.db), at.face.book.all(Decline)
    for won in (10_000, 490_000, 10**12) * 3:
        ask(at, at.client, {**ASKED, "amountWon": won})
    assert tables(at.face.book.db) == before
    assert at.face.book.all(Decline) == declines
    with at.face.book.db.session() as session:
        assert session.rows("SELECT COUNT(*) FROM answers") == [(0,)]


def test_what_is_held_counts(at: Scene) -> None:
    for _ in range(2):
        hold(at.face.book, HOLDER, 200_000)
    status, told = ask(at, at.client, {**ASKED, "amountWon": 100_000})
    assert status == 200
    assert not told["allowed"]


IMPOSSIBLE: list[Any] = [
    {**ASKED, "amountWon": 0},
    {**ASKED, "amountWon": 10**12 + 1},
    {**ASKED, "amountWon": 10.5},
    {**ASKED, "amountWon": "10"},
    {**ASKED, "amountWon": True},
    {**ASKED, "category": "adult"},
    {**ASKED, "phoneNumber": "010-1234-5678"},
    {**ASKED, "phoneNumber": HOLDER + "\n"},
    {**ASKED, "merchantIdentifier": "a\x00b"},
    {**ASKED, "merchantIdentifier": ""},
    {**ASKED, "merchantIdentifier": None},
    {**ASKED, "more": 1},
    {"phoneNumber": HOLDER},
    [ASKED],
    "text",
]


def test_what_cannot_be_meant_is_refused_before_anything_is_looked_up(at: Scene) -> None:
    for body in IMPOSSIBLE:
        for who in (at.client, at.stranger):
            assert ask(at, who, body)[0] == 400, body


def test_an_amount_with_nothing_behind_its_point_is_whole(at: Scene) -> None:
    assert ask(at, at.client, {**ASKED, "amountWon": 10_000.0})[0] == 200
