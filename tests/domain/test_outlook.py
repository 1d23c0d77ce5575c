"""An outlook is a window: what happens in it, what can be done on its first day, who differs on its last."""

from datetime import date

import pytest

from carrierbill.domain.errors import DayOutsideError
from carrierbill.domain.outlook import Question, contacts_for, outlook_for
from rule_sets import RULE_SETS, a_bill

GUIDE, TERMS = RULE_SETS["guide"], RULE_SETS["terms"]


def test_without_a_first_day_it_begins_three_days_before_the_due_date() -> None:
    outlook = outlook_for(a_bill(), Question(), GUIDE, others=[])
    assert outlook.from_on == date(2025, 9, 27)


def test_without_a_first_day_it_begins_before_the_moved_due_date() -> None:
    outlook = outlook_for(a_bill(due_on=date(2026, 9, 25)), Question(), TERMS, others=[])
    assert outlook.from_on == date(2026, 9, 25)


def test_its_last_day_is_counted_from_its_first() -> None:
    outlook = outlook_for(a_bill(), Question(date(2025, 10, 1), days=1), GUIDE, others=[])
    assert outlook.last_on == date(2025, 10, 1)


def test_no_event_lies_outside_the_window() -> None:
    question = Question(date(2025, 10, 2), days=14)
    days = {event.position.on for event in outlook_for(a_bill(), question, GUIDE, others=[]).events}
    assert (min(days), max(days)) == (date(2025, 10, 7), date(2025, 10, 15))


def test_relief_stands_as_it_is_on_the_first_day() -> None:
    outlook = outlook_for(a_bill(), Question(date(2025, 10, 11)), GUIDE, others=[])
    assert [relief.id for relief in outlook.relief if not relief.open] == ["waiver"]


def test_the_other_rule_sets_stand_as_they_are_on_the_last_day() -> None:
    outlook = outlook_for(a_bill(), Question(date(2025, 10, 1), days=61), GUIDE, others=[TERMS])
    assert [one.late_fee.charged for one in outlook.elsewhere] == [1_750]


def test_the_advised_limit_goes_by_the_income_told() -> None:
    outlook = outlook_for(a_bill(), Question(income_won=1_000_000), GUIDE, others=[])
    assert outlook.limit_advice_won == 200_000


def test_a_window_that_ends_outside_the_calendar_is_refused() -> None:
    with pytest.raises(DayOutsideError):
        outlook_for(a_bill(), Question(date(2050, 12, 1), days=32), GUIDE, others=[])


@pytest.mark.parametrize(("carrier", "number"), [("SKT", "114"), ("KT", "100"), ("LGU", "101")])
def test_the_carriers_own_line_stands_first(carrier: str, number: str) -> None:
    assert contacts_for(carrier, date(2026, 1, 1), GUIDE)[0].content.number == number


def test_no_other_carriers_line_is_told() -> None:
    carriers = [value.content.carrier for value in contacts_for("KT", date(2026, 1, 1), GUIDE)]
    assert carriers == ["KT"] + [None] * 7


def test_contacts_not_yet_in_force_are_not_told() -> None:
    assert contacts_for("KT", date(2009, 12, 31), GUIDE) == ()
