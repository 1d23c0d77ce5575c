"""What comes back once all is paid, and when, goes by the stage that evening would have had unpaid."""

from datetime import date

import pytest

from carrierbill.domain.restoration import Window, restoration_on
from rule_sets import RULE_SETS, a_bill

GUIDE, TERMS = RULE_SETS["guide"], RULE_SETS["terms"]
# Due Tuesday 2025-09-30: lateness shows on Wednesday 1 October, so status day 30 is Thursday 30 October.
EVE, THIRTIETH = date(2025, 10, 29), date(2025, 10, 30)
NINETIETH = date(2025, 12, 29)  # a Monday


@pytest.mark.parametrize("day", [date(2025, 9, 1), date(2025, 9, 30)])
def test_nothing_comes_back_before_anything_is_late(day: date) -> None:
    assert restoration_on(a_bill(), day, GUIDE) is None


def test_nothing_comes_back_of_a_bill_settled_before() -> None:
    bill = a_bill(repaid=[(EVE, 50_000)])
    assert restoration_on(bill, THIRTIETH, GUIDE) is None


def test_a_bill_settled_on_the_day_comes_back_as_if_it_were_paid_then() -> None:
    bill = a_bill(repaid=[(THIRTIETH, 50_000)])
    assert restoration_on(bill, THIRTIETH, GUIDE) == restoration_on(a_bill(), THIRTIETH, GUIDE)


@pytest.mark.parametrize(
    ("carrier", "earliest_on", "latest_on"),
    [
        ("SKT", date(2025, 10, 31), date(2025, 11, 3)),  # 1 to 2 business days after Thursday
        ("KT", THIRTIETH, date(2025, 10, 31)),  # within 24 hours
        ("LGU", date(2025, 11, 3), date(2025, 11, 4)),  # 2 to 3 business days
    ],
)
def test_from_the_thirtieth_day_on_the_line_takes_its_carriers_time(
    carrier: str, earliest_on: date, latest_on: date
) -> None:
    back = restoration_on(a_bill(carrier), THIRTIETH, GUIDE)
    assert back is not None
    assert back.parts["line"] == Window(earliest_on, latest_on)


@pytest.mark.parametrize("carrier", ["SKT", "KT", "LGU"])
def test_before_the_thirtieth_day_everything_comes_back_at_once(carrier: str) -> None:
    back = restoration_on(a_bill(carrier), EVE, GUIDE)
    assert back is not None
    assert set(back.parts.values()) == {Window(EVE, EVE)}


def test_from_the_ninetieth_day_on_skt_says_no_day_for_purchases() -> None:
    back = restoration_on(a_bill(), NINETIETH, GUIDE)
    assert back is not None
    assert back.parts["purchases"] == Window(None, None)


@pytest.mark.parametrize("carrier", ["SKT", "KT", "LGU"])
def test_from_the_ninetieth_day_on_nobody_says_when_the_limit_is_whole(carrier: str) -> None:
    back = restoration_on(a_bill(carrier), NINETIETH, GUIDE)
    assert back is not None
    assert (
        back.parts["limit"].earliest_on == back.parts["line"].earliest_on,
        back.parts["limit"].latest_on,
    ) == (
        True,
        None,
    )


@pytest.mark.parametrize(
    ("carrier", "note"),
    [("SKT", "skt_long_term_mark"), ("KT", "limit_comes_back_slowly"), ("LGU", "limit_comes_back_slowly")],
)
def test_a_note_says_what_stays_away_after_the_ninetieth_day(carrier: str, note: str) -> None:
    back = restoration_on(a_bill(carrier), NINETIETH, GUIDE)
    assert back is not None
    assert [saying.key for saying in back.notes] == [f"note.{note}"]


def test_by_the_terms_it_takes_up_to_three_business_days() -> None:
    back = restoration_on(a_bill(), date(2025, 10, 31), TERMS)
    assert back is not None
    assert back.parts["limit"] == Window(date(2025, 10, 31), date(2025, 11, 5))


def test_an_ended_contract_does_not_come_back_by_paying() -> None:
    back = restoration_on(a_bill(), date(2026, 2, 28), TERMS)
    assert back is not None
    assert (set(back.parts.values()), [saying.key for saying in back.notes]) == (
        {Window(None, None)},
        ["note.ended_needs_new_contract"],
    )


def test_the_stage_is_the_one_that_evening_would_have_had() -> None:
    back = restoration_on(a_bill(), THIRTIETH, GUIDE)
    assert back is not None
    assert (back.stage, back.held_by) == ("late_30", ())
