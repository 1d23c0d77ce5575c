"""Rule sets come off their shelf whole: each over the one it is based on, from its own first day."""

from datetime import date
from pathlib import Path

import pytest

from carrierbill.domain.errors import BadInputError
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.policy import RuleSet
from carrierbill.policies.load import SHIPPED, Shelf, read_topic_file
from carrierbill.policies.read import PolicyFaultError
from own_rules import FILES, LATE_FEE, RELIEF, RESTORATION, RULE_SET, STAGES, fault_key, lines, write_rules
from rule_sets import a_bill

HEAD = "confirmed_on = 2026-06-01\n"
TARIFF = """
[[tariff]]
carriers = ["{carrier}"]
from = {from_on}
creditor = "carrier"
posted = "daily"
bands = [{bands}]
source = "guide"
where = "the board's minutes"
standing = "published"
"""


def tariff(bands: str, from_on: date = date(2026, 7, 1), carrier: str = "SKT") -> str:
    return HEAD + TARIFF.format(bands=bands, from_on=from_on, carrier=carrier)


OVER_TERMS = 'based_on = "terms"\n'
STEPS = """\
{ due_dates_missed = [1, 1], rate_a_step = "10%" },
{ due_dates_missed = [2, 2], rate_a_step = "5%" },
"""


def own_rules(policies: Path, files: dict[str, str], name: str = "mine") -> RuleSet:
    write_rules(policies, files, name)
    return Shelf(policies).rule_set(name)


def fault_of(policies: Path, name: str = "mine") -> PolicyFaultError:
    with pytest.raises(PolicyFaultError) as fault:
        Shelf(policies).rule_set(name)
    return fault.value


# ── the shelf ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_rule_sets_stand_on_the_shelf_in_their_order() -> None:
    assert Shelf().names == ("guide", "guide-example", "terms")


def test_an_operators_rule_sets_stand_behind_the_shipped_ones(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": RULE_SET}, "b")
    write_rules(tmp_path, {"rule_set.toml": RULE_SET}, "a")
    assert Shelf(tmp_path).names == ("guide", "guide-example", "terms", "a", "b")


def test_a_folder_without_a_head_is_no_rule_set(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": RULE_SET}, "a")
    write_rules(tmp_path, {"notes.txt": "later"}, "drafts")
    assert "drafts" not in Shelf(tmp_path).names


def test_a_rule_set_is_read_once() -> None:
    shelf = Shelf()
    assert shelf.rule_set("guide") is shelf.rule_set("guide")


def test_a_name_that_is_not_on_the_shelf_is_bad_input() -> None:
    with pytest.raises(BadInputError) as error:
        Shelf().rule_set("gide")
    assert error.value.reason.values == {"given": "gide", "known": "guide, guide-example, terms"}


def test_beside_a_shipped_rule_set_stand_the_other_two() -> None:
    assert [rules.name for rules in Shelf().shipped_beside("guide-example")] == ["guide", "terms"]


def test_beside_an_operators_rule_set_stand_all_three(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": RULE_SET})
    assert [rules.name for rules in Shelf(tmp_path).shipped_beside("mine")] == list(SHIPPED)


def test_an_operators_rule_set_is_not_a_shipped_one(tmp_path: Path) -> None:
    assert not own_rules(tmp_path, {"rule_set.toml": RULE_SET}).shipped


def test_a_policies_folder_has_to_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        Shelf(tmp_path / "nowhere")
    assert (fault.value.file, fault_key(fault.value)) == (tmp_path / "nowhere", "no_folder")


def test_a_policies_folder_has_to_hold_a_rule_set(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaultError) as fault:
        Shelf(tmp_path)
    assert (fault.value.file, fault_key(fault.value)) == (tmp_path, "no_rule_set")


@pytest.mark.parametrize("name", [*SHIPPED, "common"])
def test_an_operators_rule_set_may_not_take_a_shipped_name(name: str, tmp_path: Path) -> None:
    folder = write_rules(tmp_path, {"rule_set.toml": RULE_SET}, name)
    with pytest.raises(PolicyFaultError) as fault:
        Shelf(tmp_path)
    assert (fault.value.file, fault_key(fault.value)) == (folder, "shipped_name")


# ── a folder ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_no_topic_is_refused(tmp_path: Path) -> None:
    write_rules(tmp_path, {**FILES, "late_fees.toml": LATE_FEE})
    fault = fault_of(tmp_path)
    assert (fault.file.name, fault_key(fault)) == ("late_fees.toml", "unknown_topic")


def test_the_known_file_names_are_told(tmp_path: Path) -> None:
    write_rules(tmp_path, {**FILES, "late_fees.toml": LATE_FEE})
    assert "late_fee, due_dates, stages" in lines(fault_of(tmp_path))["ko"]


def test_a_topic_file_alone_can_be_read(tmp_path: Path) -> None:
    folder = write_rules(tmp_path, FILES)
    topic = read_topic_file(folder / "reminders.toml", {"guide": ("The guide", None)})
    assert list(topic) == ["before_due"]


def test_an_operator_may_cite_publications_of_its_own(tmp_path: Path) -> None:
    cited = {**FILES, "relief.toml": RELIEF.replace('source = "guide"', 'source = "minutes"')}
    source = own_rules(tmp_path, cited).relief["waiver"].values[-1].source
    assert (source.title, source.published_on) == ("Minutes of the board", date(2026, 5, 30))


def test_publications_of_one_folder_are_no_others(tmp_path: Path) -> None:
    write_rules(tmp_path, FILES, "a")
    other = {"rule_set.toml": RULE_SET, "relief.toml": RELIEF.replace('"guide"', '"minutes"')}
    write_rules(tmp_path, other, "b")
    assert fault_key(fault_of(tmp_path, "b")) == "unknown_source"


def test_a_rule_set_carries_the_notes_of_all_it_is_based_on(tmp_path: Path) -> None:
    rules = own_rules(tmp_path, {"rule_set.toml": RULE_SET + 'notes = ["waiver_unsourced"]\n'})
    assert rules.notes == (*Shelf().rule_set("guide").notes, "waiver_unsourced")


# ── what it is based on ──────────────────────────────────────────────────────────────────────────────────


def test_a_rule_set_may_be_based_on_an_operators_other_one(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "relief.toml": RELIEF}, "a")
    rules = own_rules(tmp_path, {"rule_set.toml": 'based_on = "a"\n'}, "b")
    assert rules.relief["waiver"].values[-1].content.last_day_late == 20


def test_a_rule_set_based_on_itself_is_refused(tmp_path: Path) -> None:
    folder = write_rules(tmp_path, {"rule_set.toml": 'based_on = "mine"\n'})
    fault = fault_of(tmp_path)
    assert (fault.file, fault.key, fault_key(fault)) == (
        folder / "rule_set.toml",
        "based_on",
        "based_on_itself",
    )


def test_rule_sets_based_on_each_other_are_refused(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": 'based_on = "a"\n'}, "b")
    write_rules(tmp_path, {"rule_set.toml": 'based_on = "b"\n'}, "a")
    assert fault_key(fault_of(tmp_path, "a")) == "based_on_itself"


def test_a_rule_set_based_on_an_unknown_one_is_refused(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": 'based_on = "gide"\n'})
    assert lines(fault_of(tmp_path))["en"].endswith(
        "based_on: this has to be one of: guide, guide-example, terms, mine"
    )


def test_the_fault_is_in_the_file_that_names_the_unknown_one(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": 'based_on = "lower"\n'}, "upper")
    folder = write_rules(tmp_path, {"rule_set.toml": 'based_on = "gide"\n'}, "lower")
    assert fault_of(tmp_path, "upper").file == folder / "rule_set.toml"


# ── whole or refused ─────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_set_of_its_own_needs_every_topic(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": "", "late_fee.toml": LATE_FEE})
    fault = fault_of(tmp_path)
    assert (fault.file.name, fault.key, fault_key(fault)) == ("due_dates.toml", "due_date", "missing")


def test_a_rule_set_needs_a_late_fee(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if name != "late_fee.toml"}
    write_rules(tmp_path, {**files, "rule_set.toml": ""})
    fault = fault_of(tmp_path)
    assert (fault.file.name, fault.key, fault_key(fault)) == ("late_fee.toml", "tariff", "missing")


def test_a_carrier_with_a_late_fee_needs_restoration_times(tmp_path: Path) -> None:
    bands = '{ days_late = [1], rate_a_year = "3.00%" }'
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "late_fee.toml": tariff(bands, carrier="MVNO")})
    fault = fault_of(tmp_path)
    assert (fault.file.name, fault.key, fault_key(fault)) == ("restoration.toml", "MVNO", "no_restoration")


def test_a_fee_is_posted_at_a_stage_the_ladder_has(tmp_path: Path) -> None:
    posted = tariff('{ days_late = [1], rate_a_year = "3.00%" }').replace('"daily"', '"late_16"')
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "late_fee.toml": posted})
    fault = fault_of(tmp_path)
    assert (fault.file.name, fault.key, fault_key(fault)) == ("late_fee.toml", "SKT.posted", "unknown_stage")


def test_a_ladder_of_its_own_needs_restoration_times_of_its_own(tmp_path: Path) -> None:
    ladder = STAGES.replace('"late_30"', '"month"')
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, "stages.toml": ladder, "restoration.toml": RESTORATION})
    fault = fault_of(tmp_path)
    assert (fault.key, fault_key(fault)) == ("SKT.row", "unknown_stage")


# ── by date ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_override_holds_from_its_first_day_on_and_not_before(tmp_path: Path) -> None:
    waiver = own_rules(tmp_path, {"rule_set.toml": RULE_SET, "relief.toml": RELIEF}).relief["waiver"]
    days = (date(2026, 6, 30), date(2026, 7, 1))
    values = [waiver.value_on(day) for day in days]
    assert [value.content.last_day_late for value in values if value] == [10, 20]


def test_an_override_ends_every_later_value_below_it(tmp_path: Path) -> None:
    flat = tariff('{ due_dates_missed = [1, 1], rate_a_step = "1.00%" }', date(2020, 1, 1))
    rules = own_rules(tmp_path, {"rule_set.toml": OVER_TERMS, "late_fee.toml": flat})
    assert [value.from_on.year for value in rules.late_fee["SKT"].values] == [2010, 2012, 2013, 2019, 2020]


def test_what_is_not_overridden_stays_as_it_is_below(tmp_path: Path) -> None:
    rules = own_rules(tmp_path, {"rule_set.toml": RULE_SET, "late_fee.toml": LATE_FEE})
    assert rules.late_fee["KT"] == Shelf().rule_set("guide").late_fee["KT"]


def test_a_daily_fee_across_a_change_uses_each_rate_on_its_own_days(tmp_path: Path) -> None:
    # 50,000 due Wednesday 2026-06-10. Late days to 30 June: 20 at 2 %, from 1 to 31 July: 31 at 3 %.
    # 50,000 × (20 × 2 % + 31 × 3 %) / 365 = 50,000 × 1.33 / 365 = 66,500 / 365 = 182.19…
    daily = tariff('{ days_late = [1], rate_a_year = "3.00%" }')
    rules = own_rules(tmp_path, {"rule_set.toml": RULE_SET, "late_fee.toml": daily})
    fee = late_fee_on(a_bill(due_on=date(2026, 6, 10)), date(2026, 7, 31), rules)
    assert fee.low.fee_won == 182


def test_a_daily_fee_across_a_change_names_the_source_of_each_rate(tmp_path: Path) -> None:
    daily = tariff('{ days_late = [1], rate_a_year = "3.00%" }')
    rules = own_rules(tmp_path, {"rule_set.toml": RULE_SET, "late_fee.toml": daily})
    fee = late_fee_on(a_bill(due_on=date(2026, 6, 10)), date(2026, 7, 31), rules)
    assert [(piece.from_on, piece.units, piece.source.where) for piece in fee.low.pieces] == [
        (date(2026, 6, 11), 20, "§4 SK텔레콤: 연 2~4.5%; 표"),
        (date(2026, 7, 1), 31, "the board's minutes"),
    ]


def test_a_flat_tariffs_version_stays_with_the_bill(tmp_path: Path) -> None:
    # 50,000 due Monday 2026-06-15: the first step comes on 16 June at 3 %, so the second, on 16 July, is
    # 0.5 % by the same version, though 10 % + 5 % are in force by then: 1,500 + 250.
    rules = own_rules(tmp_path, {"rule_set.toml": OVER_TERMS, "late_fee.toml": tariff(STEPS)})
    fee = late_fee_on(a_bill(due_on=date(2026, 6, 15)), date(2026, 7, 31), rules)
    assert fee.low.fee_won == 1_750


def test_a_flat_tariffs_next_version_is_for_bills_first_late_under_it(tmp_path: Path) -> None:
    # Due Tuesday 2026-06-30: the first step comes on 1 July, the first day of 10 % + 5 %: 5,000 and on
    # 31 July 2,500 more (the second due date is Thursday 30 July).
    rules = own_rules(tmp_path, {"rule_set.toml": OVER_TERMS, "late_fee.toml": tariff(STEPS)})
    fee = late_fee_on(a_bill(due_on=date(2026, 6, 30)), date(2026, 7, 31), rules)
    assert fee.low.fee_won == 7_500
