"""Every slip of the pen in a policy file is refused, in one line that names the file and the key."""

from pathlib import Path

import pytest

from carrierbill.domain.errors import SayableError
from carrierbill.policies.load import Shelf
from carrierbill.policies.read import PolicyFaultError
from own_rules import FILES, fault_key, lines, with_slip, write_rules

# In each file: what is written wrongly and how, the key a person is sent to, and the sentence's key.
SLIPS_BY_FILE = {
    "late_fee.toml": [
        ('source = "guide"\n', "", "tariff[1].source", "missing"),
        ('source = "guide"', 'source = "gide"', "tariff[1].source", "unknown_source"),
        ("where = \"the board's minutes\"\n", "", "tariff[1].where", "missing"),
        ('standing = "published"', 'standing = "sure"', "tariff[1].standing", "unknown_word"),
        ("from = 2026-07-01\n", "", "tariff[1].from", "missing"),
        ("from = 2026-07-01", 'from = "2026-07-01"', "tariff[1].from", "wrong_kind"),
        ("from = 2026-07-01", "from = 2026-07-01T00:00:00", "tariff[1].from", "wrong_kind"),
        ("confirmed_on = 2026-06-01\n", "", "confirmed_on", "missing"),
        ("from =", 'notes = "one"\nfrom =', "tariff[1].notes", "wrong_kind"),
        ("from =", "colour = 1\nfrom =", "tariff[1].colour", "unknown_key"),
        ("[[tariff]]", "colour = 1\n[[tariff]]", "colour", "unknown_key"),
        ("[[tariff]]", "[[tarif]]", "tariff", "missing"),
        ("[[tariff]]", "[tariff]", "tariff", "wrong_kind"),
        ('carriers = ["SKT"]', 'carriers = "SKT"', "tariff[1].carriers", "wrong_kind"),
        ('carriers = ["SKT"]\n', "", "tariff[1].key", "missing"),
        ('creditor = "carrier"', 'creditor = "bank"', "tariff[1].creditor", "unknown_word"),
        ('posted = "daily"', "posted = 29", "tariff[1].posted", "out_of_range"),
        ('posted = "daily"', "posted = 0", "tariff[1].posted", "out_of_range"),
        ('posted = "daily"', "posted = 13.0", "tariff[1].posted", "wrong_kind"),
        ('posted = "daily"', "posted = true", "tariff[1].posted", "wrong_kind"),
        ("from_day = 90", "from_day = 90.0", "tariff[1].high_compounds_from_day", "wrong_kind"),
        ("from_day = 90", "from_day = -1", "tariff[1].high_compounds_from_day", "negative"),
        ('"3.00%"', '"3.00"', "tariff[1].low[1].rate_a_year", "not_a_rate"),
        ('"3.00%"', '"-3.00%"', "tariff[1].low[1].rate_a_year", "not_a_rate"),
        ('"3.00%"', '"3.0.0%"', "tariff[1].low[1].rate_a_year", "not_a_rate"),
        ('"3.00%"', "0.03", "tariff[1].low[1].rate_a_year", "wrong_kind"),
        ('"3.00%"', '"3.00%", days = 1', "tariff[1].low[1].days", "unknown_key"),
        ('rate_a_year = "3.00%"', 'rate_a_step = "3.00%"', "tariff[1].low[1].rate_a_year", "missing"),
        ("days_late = [1, 29]", "days_late = [2, 29]", "tariff[1].low", "band_gap"),
        ("days_late = [30]", "days_late = [31]", "tariff[1].low", "band_gap"),
        ("days_late = [30]", "days_late = [29]", "tariff[1].low", "band_overlap"),
        ("days_late = [1, 29]", "days_late = [1]", "tariff[1].low", "band_overlap"),
        ("days_late = [30]", "days_late = [30, 60]", "tariff[1].low", "band_gap_at_end"),
        ("missed = [1, 1]", "missed = [2, 2]", "tariff[1].high", "band_gap"),
        ("days_late = [1, 29]", "days_late = []", "tariff[1].low[1].days_late", "not_a_stretch"),
        ("days_late = [1, 29]", "days_late = [0, 29]", "tariff[1].low[1].days_late", "not_a_stretch"),
        ("days_late = [1, 29]", "days_late = [-1, 29]", "tariff[1].low[1].days_late", "not_a_stretch"),
        ("days_late = [1, 29]", "days_late = [9, 2]", "tariff[1].low[1].days_late", "not_a_stretch"),
        ("days_late = [1, 29]", "days_late = [1, 2, 3]", "tariff[1].low[1].days_late", "not_a_stretch"),
        ("days_late = [1, 29]", "days_late = [true]", "tariff[1].low[1].days_late", "wrong_kind"),
        ("days_late = [1, 29]", "days_late = [1.0, 29]", "tariff[1].low[1].days_late", "wrong_kind"),
        ("days_late = [1, 29]", "days_late = 1", "tariff[1].low[1].days_late", "wrong_kind"),
        ("low = [", "low = []\nlow_not = [", "tariff[1].low", "wrong_kind"),
    ],
    "stages.toml": [
        ('stage = "late_15"', 'stage = "late_1"', "ladder[1].stage[2].stage", "named_twice"),
        ('stage = "late_15"', 'stage = "clear"', "ladder[1].stage[2].stage", "named_twice"),
        ("from_status_day = 15", "from_status_day = 1", "ladder[1].stage", "falling_status_days"),
        ("from_status_day = 15", "from_status_day = 31", "ladder[1].stage", "falling_status_days"),
        ("from_status_day = 15\n", "", "ladder[1].stage[2]", "one_condition"),
        ("after_months = 3", "after_months = 3\ntime_barred = true", "ladder[1].stage[4]", "one_condition"),
        ("after_months = 3", "time_barred = false", "ladder[1].stage[4]", "one_condition"),
        ("after_months = 3", "after_months = 3.5", "ladder[1].stage[4].after_months", "wrong_kind"),
        ("plus_days = 2", "plus_days = -2", "ladder[1].stage[4].plus_days", "negative"),
        ('["block_purchases"]', '["block_calls"]', "ladder[1].stage[1].effects", "unknown_effect"),
        ('["limit_zero"]', '["limit_one"]', "ladder[1].stage[1].effects_at.SKT", "unknown_effect"),
        ('stage = "late_15"', 'ends = [""]\nstage = "late_15"', "ladder[1].stage[2].ends", "unknown_effect"),
        ("{ SKT =", "{ SKTT =", "late_1.effects_at", "unknown_word"),
        ("{ SKT = [", "[{ SKT = [", "", "not_toml"),
        ('where = "second rung"\n', "", "ladder[1].stage[2].where", "missing"),
        ("from_status_day = 15", "from_status_day = 15\nday = 1", "ladder[1].stage[2].day", "unknown_key"),
    ],
    "restoration.toml": [
        ('"clear"', '"late_1"', "restoration[1].row[1].from_stage", "first_row_clear"),
        ('from_stage = "late_30"', 'from_stage = "late_31"', "SKT.row", "unknown_stage"),
        ('["0 days", "1 day"]', '["0 days"]', "restoration[1].row[1].line", "not_a_wait"),
        ('["0 days", "1 day"]', '["0 days", "soon"]', "restoration[1].row[1].line", "not_a_wait"),
        ('["0 days", "1 day"]', '["0 days", 1]', "restoration[1].row[1].line", "wrong_kind"),
        ('"unknown"]', '"unknown"], sms = 1', "restoration[1].row[2].sms", "unknown_key"),
    ],
    "relief.toml": [
        ('key = "waiver"', 'key = "wavier"', "wavier", "unknown_word"),
        ("offered = true", 'offered = "yes"', "relief[1].offered", "wrong_kind"),
        ("days_late = [1, 20]", "days_late = [20, 1]", "relief[1].days_late", "not_a_stretch"),
        ("days_late = [1, 20]", "days_late = [0, 20]", "relief[1].days_late", "not_a_stretch"),
        ("days_late = [1, 20]", "days_late = [20]", "relief[1].days_late", "not_a_stretch"),
        ("days_late = [1, 20]", "at_most_won = -1", "relief[1].at_most_won", "negative"),
    ],
    "reminders.toml": [
        ("days_before = [7, 1]", "days_before = [1, 7]", "reminder[1].days_before", "not_falling"),
        ("days_before = [7, 1]", "days_before = [7, -1]", "reminder[1].days_before", "negative"),
        ('key = "before_due"', 'key = "after_due"', "after_due", "unknown_word"),
    ],
    "spending_limits.toml": [
        ('"10.00%"', '"ten"', "spending_limit[1].share_of_income", "not_a_rate"),
        ("100_000", "1e5", "spending_limit[1].at_most_won", "wrong_kind"),
    ],
    "due_dates.toml": [
        ('"stays"', '"moves"', "due_date[1].on_day_off", "unknown_word"),
        ('"next_day"', '"next_week"', "due_date[1].reflected", "unknown_word"),
    ],
    "sources.toml": [
        ("published_on = 2026-05-30\n", "", "minutes.published_on", "missing"),
        ("published_on = 2026-05-30", 'published_on = "May"', "minutes.published_on", "wrong_kind"),
        ("title =", "name =", "minutes.title", "missing"),
        ("title =", "author = 1\ntitle =", "minutes.author", "unknown_key"),
        ("[minutes]", "minutes = 1\n[others]", "minutes", "wrong_kind"),
    ],
    "rule_set.toml": [
        ('"guide"', "1", "based_on", "wrong_kind"),
        ('based_on = "guide"', 'based_on = "guide"\nnote = []', "note", "unknown_key"),
        ('based_on = "guide"', 'based_on = "guide"\nnotes = [1]', "notes", "wrong_kind"),
    ],
}  # fmt: skip
SLIPS = [(file, *slip) for file, slips in SLIPS_BY_FILE.items() for slip in slips]


Slip = tuple[str, str, str, str, str]


def named(slip: Slip) -> str:
    return f"{slip[4]} at {slip[3]}, {slip[2][:20]!r}"


def fault_in(policies: Path, slip: Slip) -> PolicyFaultError:
    write_rules(policies, with_slip(*slip[:3]))
    with pytest.raises(PolicyFaultError) as fault:
        Shelf(policies).rule_set("mine")
    return fault.value


def test_the_files_without_a_slip_are_a_rule_set(tmp_path: Path) -> None:
    write_rules(tmp_path, FILES)
    assert Shelf(tmp_path).rule_set("mine").name == "mine"


@pytest.mark.parametrize("slip", SLIPS, ids=named)
def test_a_slip_is_found_in_its_file_at_its_key(slip: Slip, tmp_path: Path) -> None:
    fault = fault_in(tmp_path, slip)
    assert (fault.file, fault.key, fault_key(fault)) == (tmp_path / "mine" / slip[0], slip[3], slip[4])


@pytest.mark.parametrize("slip", SLIPS, ids=named)
def test_a_slip_is_told_in_one_line_in_both_languages(slip: Slip, tmp_path: Path) -> None:
    told = lines(fault_in(tmp_path, slip))
    place = f"{tmp_path / 'mine' / slip[0]}: {slip[3]}".removesuffix(" ")
    assert [(line.startswith(place), "\n" in line) for line in told.values()] == [(True, False)] * 2


def test_the_same_key_may_not_go_back_in_time(tmp_path: Path) -> None:
    late_fee = FILES["late_fee.toml"]
    again = late_fee[late_fee.index("[[tariff]]") :]
    write_rules(tmp_path, {**FILES, "late_fee.toml": f"{late_fee}\n{again}"})
    with pytest.raises(PolicyFaultError) as fault:
        Shelf(tmp_path).rule_set("mine")
    assert (fault.value.key, fault_key(fault.value)) == ("tariff[2].from", "falling_days")


def test_an_amount_of_a_gap_is_told_in_plain_words(tmp_path: Path) -> None:
    slip = ("late_fee.toml", "days_late = [30]", "days_late = [31]", "", "")
    assert lines(fault_in(tmp_path, slip))["en"].endswith("the bands leave a gap: after 29 comes 31")


def test_the_last_step_may_be_closed_since_steps_may_end(tmp_path: Path) -> None:
    write_rules(tmp_path, FILES)
    tariff = Shelf(tmp_path).rule_set("mine").late_fee["SKT"].values[-1].content
    assert [(band.first, band.last) for band in tariff.high] == [(1, None), (1, 1)]


def test_a_welfare_recipients_days_are_the_others_where_none_are_given(tmp_path: Path) -> None:
    write_rules(tmp_path, FILES)
    row = Shelf(tmp_path).rule_set("mine").stages["ladder"].values[-1].content.rows[-1]
    assert (row.plus_days, row.welfare_plus_days) == (2, 2)


def test_a_value_may_be_confirmed_on_a_day_of_its_own(tmp_path: Path) -> None:
    own = with_slip("relief.toml", "offered = true", "confirmed_on = 2026-06-15\noffered = true")
    write_rules(tmp_path, own)
    value = Shelf(tmp_path).rule_set("mine").relief["waiver"].values[-1]
    assert f"{value.confirmed_on}" == "2026-06-15"


def test_a_policy_fault_can_be_said_to_a_person(tmp_path: Path) -> None:
    assert isinstance(fault_in(tmp_path, SLIPS[0]), SayableError)
