"""What reaches others is confirmed by a firm source or by an operator who stands for it, row by row."""

from pathlib import Path

import pytest

from carrierbill.policies.differences import differences
from carrierbill.policies.load import Shelf
from carrierbill.policies.read import PolicyFaultError
from own_rules import RULE_SET, STAGES, fault_key, lines, write_rules
from rule_sets import RULE_SETS

REPORTED = STAGES.replace('standing = "published"', 'standing = "reported"')
FIRST_ROW = 'where = "first rung"\n'
LADDER = 'where = "all of it"\n'
BY = 'confirmed_by = "the board"\n'


def confirmed(policies: Path, ladder: str) -> list[bool]:
    write_rules(policies, {"rule_set.toml": RULE_SET, "stages.toml": ladder})
    rows = Shelf(policies).rule_set("mine").stages["ladder"].values[-1].content.rows
    return [row.confirmed for row in rows]


@pytest.mark.parametrize("name", RULE_SETS)
def test_no_shipped_stage_that_reaches_others_is_confirmed(name: str) -> None:
    rows = [row for value in RULE_SETS[name].stages["ladder"].values for row in value.content.rows]
    assert {row.stage for row in rows if row.confirmed} <= {"time_barred"}
    assert not any(row.effects for row in rows if row.confirmed)


def test_the_time_bar_is_law_and_so_confirmed() -> None:
    assert RULE_SETS["terms"].stages["ladder"].values[-1].content.rows[-1].confirmed


@pytest.mark.parametrize(
    ("standing", "is_confirmed"),
    [("law", True), ("published", True), ("reported", False), ("assumed", False)],
)
def test_a_stage_is_confirmed_by_a_firm_standing(
    standing: str, *, is_confirmed: bool, tmp_path: Path
) -> None:
    ladder = REPORTED.replace(f'{FIRST_ROW}standing = "reported"', f'{FIRST_ROW}standing = "{standing}"')
    assert confirmed(tmp_path, ladder) == [is_confirmed, False, False, False]


def test_the_ladders_own_standing_confirms_no_stage(tmp_path: Path) -> None:
    ladder = REPORTED.replace(f'{LADDER}standing = "reported"', f'{LADDER}standing = "law"')
    assert confirmed(tmp_path, ladder) == [False] * 4


def test_who_confirms_a_ladder_confirms_each_of_its_stages(tmp_path: Path) -> None:
    assert confirmed(tmp_path, REPORTED.replace(LADDER, LADDER + BY)) == [True] * 4


def test_who_confirms_a_stage_confirms_it_alone(tmp_path: Path) -> None:
    ladder = REPORTED.replace(FIRST_ROW, f"{FIRST_ROW}{BY}confirmed_on = 2026-06-15\n")
    assert confirmed(tmp_path, ladder) == [True, False, False, False]


@pytest.mark.parametrize(
    ("place", "slip", "key", "fault"),
    [
        (LADDER, 'confirmed_by = ""\n', "ladder[1].confirmed_by", "says_nothing"),
        (LADDER, 'confirmed_by = "  "\n', "ladder[1].confirmed_by", "says_nothing"),
        (LADDER, "confirmed_by = true\n", "ladder[1].confirmed_by", "wrong_kind"),
        (FIRST_ROW, 'confirmed_by = ""\n', "ladder[1].stage[1].confirmed_by", "says_nothing"),
        (FIRST_ROW, "confirmed_by = 1\n", "ladder[1].stage[1].confirmed_by", "wrong_kind"),
        (FIRST_ROW, BY + 'confirmed_on = "June"\n', "ladder[1].stage[1].confirmed_on", "wrong_kind"),
    ],
)
def test_a_confirmation_by_nobody_is_refused_in_one_line(
    place: str, slip: str, *, key: str, fault: str, tmp_path: Path
) -> None:
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "stages.toml": REPORTED.replace(place, place + slip)})
    with pytest.raises(PolicyFaultError) as told:
        Shelf(tmp_path).rule_set("mine")
    assert (told.value.key, fault_key(told.value)) == (key, fault)
    assert all("\n" not in line for line in lines(told.value).values())


def test_who_confirmed_a_ladder_is_told_as_a_difference(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "stages.toml": REPORTED}, "a")
    by = REPORTED.replace(LADDER, LADDER + BY)
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "stages.toml": by}, "b")
    shelf = Shelf(tmp_path)
    day = shelf.rule_set("a").stages["ladder"].values[-1].from_on
    found = list(differences(shelf.rule_set("a"), shelf.rule_set("b"), day))
    assert [(one.topic, one.key) for one in found] == [("stages", "ladder")]
