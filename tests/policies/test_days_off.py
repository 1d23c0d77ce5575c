"""An operator adds a day off with its source, and that day alone changes the calendar of that rule set."""

from datetime import date
from pathlib import Path

import pytest

from carrierbill.domain.lateness import effective_due_on
from carrierbill.policies.business_days import read_calendar
from carrierbill.policies.load import CALENDAR, Shelf
from carrierbill.policies.read import PolicyFaultError
from own_rules import fault_key, write_rules
from rule_sets import RULE_SETS, a_bill

HEAD = 'based_on = "terms"\n'
# A Friday that is an ordinary business day.
DAY = date(2026, 11, 27)
ONE_OFF = """\
[[one_off]]
day = 2026-11-27
kind = "public"
ko = "임시공휴일"
en = "Temporary holiday"
[one_off.source]
title = "Gazette"
where = "no. 1"
published_on = 2026-11-01
standing = "law"
confirmed_on = 2026-11-02
"""
WHOLE = f"""\
first_on = 2026-01-01
last_on = 2026-12-31
[source]
title = "A calendar"
where = "all of it"
published_on = 2025-12-01
standing = "published"
confirmed_on = 2025-12-02
[public]
2026-01-01 = {{ ko = "신정", en = "New Year's Day" }}
[bank]
2026-05-01 = {{ ko = "근로자의 날", en = "Labour Day" }}
{ONE_OFF}"""


def fault_of(policies: Path, old: str, new: str) -> PolicyFaultError:
    assert old in ONE_OFF
    write_rules(policies, {"rule_set.toml": HEAD, "business_days.toml": ONE_OFF.replace(old, new)})
    with pytest.raises(PolicyFaultError) as fault:
        Shelf(policies).rule_set("mine")
    return fault.value


def test_a_day_an_operator_adds_is_off_and_moves_a_due_date(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": HEAD, "business_days.toml": ONE_OFF})
    assert effective_due_on(a_bill(due_on=DAY), Shelf(tmp_path).rule_set("mine")) == date(2026, 11, 30)


def test_a_day_an_operator_adds_is_no_other_rule_sets_day_off(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": HEAD, "business_days.toml": ONE_OFF})
    Shelf(tmp_path).rule_set("mine")
    assert effective_due_on(a_bill(due_on=DAY), RULE_SETS["terms"]) == DAY


def test_a_rule_set_based_on_another_keeps_its_days_off(tmp_path: Path) -> None:
    write_rules(tmp_path, {"rule_set.toml": HEAD, "business_days.toml": ONE_OFF}, "lower")
    write_rules(tmp_path, {"rule_set.toml": 'based_on = "lower"\n'}, "upper")
    assert not Shelf(tmp_path).rule_set("upper").calendar.is_business_day(DAY)


@pytest.mark.parametrize(
    ("old", "new", "key", "fault"),
    [
        ('kind = "public"', 'kind = "private"', "one_off[1].kind", "unknown_word"),
        ('kind = "public"\n', "", "one_off[1].kind", "missing"),
        ("day = 2026-11-27", 'day = "2026-11-27"', "one_off[1].day", "wrong_kind"),
        ('ko = "임시공휴일"\n', "", "one_off[1].ko", "missing"),
        ('en = "Temp', 'colour = 1\nen = "Temp', "one_off[1].colour", "unknown_key"),
        ('"law"', '"sure"', "one_off[1].source.standing", "unknown_word"),
        ('where = "no. 1"\n', "", "one_off[1].source.where", "missing"),
        ("published_on = 2026-11-01\n", "", "one_off[1].source.published_on", "missing"),
        ('title = "Gazette"', 'title = "Gazette"\npage = 1', "one_off[1].source.page", "unknown_key"),
        ("[[one_off]]", "[one_off]", "one_off", "wrong_kind"),
        ("[[one_off]]", "first_on = 2026-01-01\n[[one_off]]", "first_on", "unknown_key"),
    ],
)
def test_a_slip_in_a_day_off_is_found_at_its_key(
    old: str, new: str, *, key: str, fault: str, tmp_path: Path
) -> None:
    told = fault_of(tmp_path, old, new)
    assert (told.file, told.key, fault_key(told)) == (tmp_path / "mine" / "business_days.toml", key, fault)


def test_a_calendar_holds_public_and_bank_holidays_and_days_added_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "business_days.toml"
    file.write_text(WHOLE, encoding="utf-8")
    assert {day: holiday.public for day, holiday in read_calendar(file).holidays.items()} == {
        date(2026, 1, 1): True,
        date(2026, 5, 1): False,
        DAY: True,
    }


def test_a_calendars_key_that_is_no_day_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "business_days.toml"
    file.write_text(WHOLE.replace("2026-05-01", "2026-02-31"), encoding="utf-8")
    with pytest.raises(PolicyFaultError) as fault:
        read_calendar(file)
    assert (fault.value.key, fault_key(fault.value)) == ("bank.2026-02-31", "not_a_day")


def test_the_shipped_calendar_runs_from_2010_to_2050() -> None:
    calendar = read_calendar(CALENDAR)
    assert (calendar.first_on, calendar.last_on) == (date(2010, 1, 1), date(2050, 12, 31))
