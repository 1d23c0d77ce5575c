"""What two rule sets say differently is found topic by topic, whatever their sources and notes."""

from datetime import date
from pathlib import Path

import pytest

from carrierbill.policies.differences import Difference, apart, differences, says, values_on
from carrierbill.policies.load import Shelf
from own_rules import FILES, RULE_SET, write_rules
from rule_sets import RULE_SETS

GUIDE, EXAMPLE, TERMS = RULE_SETS["guide"], RULE_SETS["guide-example"], RULE_SETS["terms"]
ON = date(2026, 1, 1)


def found(first: str, second: str, on: date = ON) -> dict[tuple[str, str], Difference]:
    return {(one.topic, one.key): one for one in differences(RULE_SETS[first], RULE_SETS[second], on)}


@pytest.mark.parametrize("name", RULE_SETS)
def test_a_rule_set_does_not_differ_from_itself(name: str) -> None:
    assert found(name, name) == {}


def test_the_guides_example_differs_in_the_fee_of_each_carrier_and_nothing_else() -> None:
    assert list(found("guide", "guide-example")) == [(("late_fee"), name) for name in ("SKT", "KT", "LGU")]


def test_the_terms_differ_from_the_guide_in_these_keys() -> None:
    assert {topic for topic, _ in found("guide", "terms")} == {
        "late_fee",
        "due_dates",
        "stages",
        "restoration",
        "relief",
    }


def test_before_the_guides_first_day_only_the_terms_have_a_fee() -> None:
    difference = found("guide", "terms", date(2020, 12, 31))["late_fee", "SKT"]
    assert (difference.first, difference.second is None) == (None, False)


def test_a_value_with_another_source_and_other_notes_says_the_same(tmp_path: Path) -> None:
    own = FILES["due_dates.toml"].replace("2026-07-01", "2010-01-01").replace("next_day", "next_business_day")
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "due_dates.toml": own})
    assert list(differences(GUIDE, Shelf(tmp_path).rule_set("mine"), ON)) == []


def test_a_ladders_rungs_are_compared_without_their_sources_and_notes() -> None:
    ladder = dict(values_on(GUIDE, "stages", ON))["ladder"]
    assert ladder is not None
    rungs = says(ladder)["stage"]
    assert isinstance(rungs, list)
    assert rungs[1] == {"stage": "late_7", "from_status_day": 7}


def test_a_key_before_its_first_value_is_listed_without_one() -> None:
    assert dict(values_on(GUIDE, "late_fee", date(2020, 12, 31))) == {"SKT": None, "KT": None, "LGU": None}


def test_apart_from_what_is_shared_each_side_keeps_its_own_fields() -> None:
    assert apart(found("guide", "terms")["due_dates", "due_date"]) == (
        {"on_day_off": "stays", "reflected": "next_business_day"},
        {"on_day_off": "next_business_day", "reflected": "next_day"},
    )


def test_apart_from_what_is_shared_each_side_keeps_its_own_rows(tmp_path: Path) -> None:
    ladder = FILES["stages.toml"]
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "stages.toml": ladder}, "a")
    longer = ladder.replace("plus_days = 2", "plus_days = 3")
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "stages.toml": longer}, "b")
    shelf = Shelf(tmp_path)
    difference = next(iter(differences(shelf.rule_set("a"), shelf.rule_set("b"), ON)))
    assert apart(difference) == (
        {"stage": [{"stage": "late_90", "after_months": 3, "plus_days": 2}]},
        {"stage": [{"stage": "late_90", "after_months": 3, "plus_days": 3}]},
    )


def test_rows_that_both_sides_have_are_left_out() -> None:
    one, other = apart(found("guide", "guide-example")["late_fee", "LGU"])
    assert one is not None
    assert other is not None
    assert (set(one), set(other)) == ({"low", "high", "high_compounds_from_day"}, {"bands"})


def test_where_one_side_says_nothing_the_other_is_told_whole() -> None:
    one, other = apart(found("guide", "terms", date(2020, 12, 31))["late_fee", "SKT"])
    assert (one, other is not None and other["creditor"]) == (None, "gateway")


def test_where_the_other_side_says_nothing_the_first_is_told_whole() -> None:
    one, other = apart(found("terms", "guide", date(2020, 12, 31))["late_fee", "SKT"])
    assert (one is not None and one["creditor"], other) == ("gateway", None)
