"""A position states a bill at the end of a day; an answer adds what others say and what is uncertain."""

from dataclasses import replace
from datetime import date

import pytest

from carrierbill.domain.errors import DayOutsideError
from carrierbill.domain.policy import Dated, RuleSet
from carrierbill.domain.position import answer_on, elsewhere_on, notes_on, position_on
from carrierbill.domain.saying import Saying
from made_tariffs import Made, daily, with_tariff
from rule_sets import APP, RULE_SETS, a_bill

GUIDE, EXAMPLE, TERMS = RULE_SETS["guide"], RULE_SETS["guide-example"], RULE_SETS["terms"]
ON = date(2025, 11, 30)


def keys_and_values(notes: tuple[Saying, ...]) -> list[tuple[str, object]]:
    return [(note.key, dict(note.values)) for note in notes]


@pytest.mark.parametrize("day", [date(2009, 12, 31), date(2051, 1, 1)])
def test_a_day_outside_the_calendar_is_refused(day: date) -> None:
    with pytest.raises(DayOutsideError):
        position_on(a_bill(), day, GUIDE)


def test_the_total_is_principal_and_fee() -> None:
    total = position_on(a_bill(), ON, GUIDE).total
    assert (total.low, total.high) == (50_167, 50_376)


# ── elsewhere ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_other_rule_sets_are_told_in_their_order_with_what_is_to_pay_by_each() -> None:
    elsewhere, _ = elsewhere_on(a_bill(), position_on(a_bill(), ON, GUIDE), [EXAMPLE, TERMS])
    assert [(one.rules, one.late_fee.charged, one.total.charged) for one in elsewhere] == [
        ("guide-example", 1_253, 51_253),
        ("terms", 1_750, 51_750),
    ]


def test_a_rule_set_with_the_same_fee_is_not_told() -> None:
    elsewhere, notes = elsewhere_on(
        a_bill(), position_on(a_bill(), date(2025, 9, 30), GUIDE), [EXAMPLE, TERMS]
    )
    assert (elsewhere, notes) == ((), ())


def test_a_rule_set_whose_high_end_alone_differs_is_told() -> None:
    same_low = with_tariff(Made([daily(1, None, "2%")]))
    elsewhere, _ = elsewhere_on(a_bill(), position_on(a_bill(), ON, GUIDE), [same_low])
    assert [(one.late_fee.low, one.late_fee.high) for one in elsewhere] == [(167, 167)]


def test_a_rule_set_without_a_rule_for_these_days_is_named_in_a_note() -> None:
    bill = a_bill(due_on=date(2019, 9, 30))
    _, notes = elsewhere_on(bill, position_on(bill, date(2019, 10, 31), TERMS), [GUIDE])
    assert keys_and_values(notes) == [("note.elsewhere_no_rule", {"rules": "guide", "on": date(2019, 10, 1)})]


def test_a_rule_set_without_the_carrier_is_named_in_a_note() -> None:
    bill = a_bill("KT")
    _, notes = elsewhere_on(bill, position_on(bill, ON, GUIDE), [with_tariff(Made([daily(1, None, "2%")]))])
    assert keys_and_values(notes) == [("note.elsewhere_no_carrier", {"rules": "made", "carrier": "KT"})]


def test_a_rule_set_that_needs_a_day_outside_the_calendar_is_named_in_a_note_with_its_reason() -> None:
    # The last day of the calendar is a Saturday, so by the terms the due date moves to a day beyond it.
    bill = a_bill(due_on=date(2050, 12, 31))
    _, notes = elsewhere_on(bill, position_on(bill, date(2050, 12, 31), GUIDE), [TERMS])
    assert [(note.key, note.values["rules"]) for note in notes] == [("note.elsewhere_refused", "terms")]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_note_within_which_a_reason_stands_can_be_said(language: str) -> None:
    bill = a_bill(due_on=date(2050, 12, 31))
    _, notes = elsewhere_on(bill, position_on(bill, date(2050, 12, 31), GUIDE), [TERMS])
    assert APP.texts.day(language, date(2051, 1, 1)) in APP.texts.say(language, notes[0])


# ── notes ────────────────────────────────────────────────────────────────────────────────────────────────

# Due Tuesday 2022-03-15: three years late from 2025-03-15 on.
OLD = date(2022, 3, 15)


def waiver_notes(day: date, principal_won: int, rules: RuleSet = TERMS, **facts: object) -> list[Saying]:
    bill = a_bill(principal_won=principal_won, due_on=OLD, repaid=facts.get("repaid", ()))  # type: ignore[arg-type]
    return list(notes_on(bill, day, rules))


@pytest.mark.parametrize(
    ("day", "principal_won", "is_noted"),
    [
        (date(2025, 3, 14), 299_999, False),
        (date(2025, 3, 15), 299_999, True),
        (date(2025, 3, 15), 300_000, False),
    ],
)
def test_the_waiver_of_collection_is_noted_from_three_years_on_below_300_000(
    day: date, principal_won: int, *, is_noted: bool
) -> None:
    assert bool(waiver_notes(day, principal_won)) == is_noted


def test_the_waiver_of_collection_is_noted_from_its_own_first_day_on() -> None:
    bill = a_bill(due_on=date(2021, 3, 15))
    days = (date(2024, 11, 30), date(2024, 12, 1))
    assert [bool(list(notes_on(bill, day, TERMS))) for day in days] == [False, True]


def test_the_waiver_of_collection_is_not_noted_once_nothing_is_unpaid() -> None:
    assert waiver_notes(date(2025, 6, 1), 50_000, repaid=[(date(2025, 5, 1), 50_000)]) == []


def test_the_waiver_of_collection_counts_what_is_unpaid() -> None:
    assert waiver_notes(date(2025, 6, 1), 300_000, repaid=[(date(2025, 5, 1), 1)]) != []


def test_a_waiver_of_collection_without_a_bound_is_for_every_amount() -> None:
    waiver = TERMS.law["collection_waiver"].values[0]
    unbounded = replace(waiver, content=replace(waiver.content, below_won=None))
    rules = replace(TERMS, law={**TERMS.law, "collection_waiver": Dated((unbounded,))})
    assert waiver_notes(date(2025, 6, 1), 10**12, rules) != []


def test_an_answer_tells_the_notes_on_others_on_restoration_and_on_the_bill_in_this_order() -> None:
    bill = a_bill(due_on=date(2020, 6, 30))
    notes = answer_on(bill, date(2024, 12, 31), TERMS, others=[GUIDE]).notes
    assert [note.key for note in notes] == [
        "note.elsewhere_no_rule",
        "note.ended_needs_new_contract",
        "note.collection_waiver",
    ]


def test_an_answer_before_the_due_date_has_nothing_to_come_back() -> None:
    assert answer_on(a_bill(), date(2025, 9, 30), GUIDE, others=[]).restoration is None
