"""The day-by-day reference tells every story in `scenarios/` as it was worked out by hand."""

from datetime import date
from typing import Any

import pytest

import day_by_day
from stories import cases, differences


def facts_of(case: dict[str, Any]) -> dict[str, Any]:
    """What both questions ask of a bill."""
    facts = {name: case[name] for name in ("rules", "carrier", "principal_won", "due_on")}
    repaid = [(one["on"], one["won"]) for one in case.get("repaid", [])]
    return facts | {"repaid": repaid, "welfare": case.get("welfare", False)}


def answer_to(case: dict[str, Any]) -> Any:
    if "on" in case:
        return day_by_day.late_fee(**facts_of(case), on=case["on"])
    return day_by_day.outlook(**facts_of(case), from_on=case.get("from_on"), days=case["days"])


@pytest.mark.parametrize("case", cases())
def test_the_reference_tells_the_story_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    if "refused" in case:
        assert case["refused"] == "no_rule_in_force"
        with pytest.raises(day_by_day.NoRule):
            answer_to(case)
        return
    found = answer_to(case)
    if "on" in case:
        assert differences(case["late_fee"], found, "late_fee") == []
        return
    # The bare lists first: a missing event is easier to see there than in the figures.
    expected = case.get("event", [])
    assert [(str(one["on"]), one["what"]) for one in found] == [
        (str(one["on"]), one["what"]) for one in expected
    ]
    assert differences(expected, found, "event") == []


def test_every_case_asks_one_question_and_shows_its_arithmetic() -> None:
    for param in cases():
        case = param.values[0]
        assert case["arithmetic"]
        assert ("on" in case) != ("days" in case)
        assert ("refused" in case) != bool({"late_fee", "event"} & case.keys())


def test_a_refusal_names_the_first_day_without_a_rule() -> None:
    with pytest.raises(day_by_day.NoRule) as refused:
        day_by_day.late_fee("guide", "SKT", 50_000, date(2020, 12, 20), date(2021, 2, 1))
    assert refused.value.day == date(2020, 12, 21)


def relief_on(on: date, repaid: day_by_day.Repaid = (), rules: str = "guide") -> dict[str, tuple[Any, Any]]:
    ways = day_by_day.relief(rules, "SKT", 50_000, date(2025, 9, 30), on, repaid)
    return {way["id"]: (way["open"], way["until"]) for way in ways}


def test_relief_is_always_listed_in_the_same_order() -> None:
    assert list(relief_on(date(2025, 9, 1))) == [
        "ask_carrier",
        "pay_all",
        "check_posted",
        "waiver",
        "carrier_instalment",
        "card_payment",
        "debt_adjustment",
    ]


@pytest.mark.parametrize(("day", "is_open"), [(0, False), (1, True), (10, True), (11, False)])
def test_a_waiver_may_be_asked_for_on_days_1_to_10_late(day: int, *, is_open: bool) -> None:
    assert relief_on(date(2025, 9, 30 + day) if day == 0 else date(2025, 10, day))["waiver"] == (
        is_open,
        date(2025, 10, 10),
    )


def test_the_terms_know_no_waiver() -> None:
    assert relief_on(date(2025, 10, 5), rules="terms")["waiver"] == (False, None)


def test_a_carrier_instalment_is_open_up_to_a_total_of_100_000() -> None:
    # The fee is 2,912 each time (2,912.61, 2,912.64, 2,912.67): 99,999, 100,000 and 100,001 in all.
    for principal_won, is_open in ((97_087, True), (97_088, True), (97_089, False)):
        ways = day_by_day.relief("terms", "KT", principal_won, date(2025, 9, 30), date(2025, 10, 1))
        assert {way["id"]: way["open"] for way in ways}["carrier_instalment"] is is_open


def test_nothing_is_left_to_pay_or_to_split_once_all_is_repaid() -> None:
    # Ten days at 1,000 / 365 are 27.40 won.
    ways = relief_on(date(2025, 10, 10), repaid=[(date(2025, 10, 10), 50_027)])
    assert (ways["pay_all"], ways["carrier_instalment"]) == ((False, None), (False, None))


def test_an_open_fee_alone_is_still_to_pay() -> None:
    ways = relief_on(date(2025, 10, 10), repaid=[(date(2025, 10, 10), 50_000)])
    assert (ways["pay_all"], ways["carrier_instalment"]) == ((True, None), (True, None))
