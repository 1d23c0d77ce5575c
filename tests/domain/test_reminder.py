"""Reminders go out three days and one day before the due date; the first names an auto-pay that will fail."""

from datetime import date

import pytest

from carrierbill.domain.reminder import AutoPay, reminders_for
from rule_sets import RULE_SETS, a_bill

DUE_ON = date(2026, 11, 25)
GUIDE = RULE_SETS["guide"]


def fails(autopay: AutoPay | None, repaid: list[tuple[date, int]] | None = None) -> list[str | None]:
    bill = a_bill(due_on=DUE_ON, repaid=repaid or [])
    return [reminder.autopay_fails for reminder in reminders_for(bill, GUIDE, autopay)]


def test_reminders_go_out_three_days_and_one_day_before() -> None:
    reminders = list(reminders_for(a_bill(due_on=DUE_ON), GUIDE))
    assert [(one.on.day, one.days_before) for one in reminders] == [(22, 3), (24, 1)]


def test_reminders_count_from_the_moved_due_date() -> None:
    reminders = reminders_for(a_bill(due_on=date(2026, 9, 25)), RULE_SETS["terms"])
    assert [reminder.on for reminder in reminders] == [date(2026, 9, 25), date(2026, 9, 27)]


def test_without_auto_pay_nothing_fails() -> None:
    assert fails(None) == [None, None]


def test_a_card_that_expires_before_the_due_date_is_named_in_the_first_reminder_only() -> None:
    assert fails(AutoPay(card_valid_until=date(2026, 11, 24))) == ["card_expired", None]


def test_a_card_that_expires_on_the_due_date_still_pays() -> None:
    assert fails(AutoPay(card_valid_until=DUE_ON)) == [None, None]


def test_a_balance_below_the_bill_is_named_in_the_first_reminder_only() -> None:
    assert fails(AutoPay(balance_won=49_999)) == ["balance_short", None]


def test_a_balance_of_the_bill_pays_it() -> None:
    assert fails(AutoPay(balance_won=50_000)) == [None, None]


def test_a_balance_has_to_cover_only_what_is_still_owed() -> None:
    assert fails(AutoPay(balance_won=20_000), [(date(2026, 11, 22), 30_000)]) == [None, None]


def test_an_expired_card_is_named_before_a_low_balance() -> None:
    assert fails(AutoPay(date(2026, 10, 31), balance_won=0))[0] == "card_expired"


@pytest.mark.parametrize(
    "autopay", [AutoPay(), AutoPay(card_valid_until=date(2027, 5, 31), balance_won=10**9)]
)
def test_an_auto_pay_of_which_nothing_bad_is_known_does_not_fail(autopay: AutoPay) -> None:
    assert fails(autopay) == [None, None]
