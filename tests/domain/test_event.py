"""Events are what changes from one day to the next, in the order they are listed."""

from datetime import date

import pytest

from carrierbill.domain.event import Event, events_between
from carrierbill.domain.policy import Posting, RuleSet
from carrierbill.domain.reminder import AutoPay
from made_tariffs import Made, daily, step, with_tariff
from rule_sets import RULE_SETS, a_bill

GUIDE, TERMS = RULE_SETS["guide"], RULE_SETS["terms"]
# Every bill here is due on Tuesday 2025-09-30, unless told otherwise.
FROM, LAST = date(2025, 9, 27), date(2026, 2, 28)


def events(
    carrier: str = "SKT",
    rules: RuleSet = GUIDE,
    *,
    repaid: tuple[tuple[date, int], ...] = (),
    window: tuple[date, date] = (FROM, LAST),
    autopay: AutoPay | None = None,
) -> list[Event]:
    return list(events_between(a_bill(carrier, repaid=repaid), window, rules, autopay=autopay))


def days_of(what: str, found: list[Event]) -> list[date]:
    return [event.position.on for event in found if event.what == what]


def test_before_the_due_date_there_are_two_reminders_and_the_due_date() -> None:
    found = events(window=(FROM, date(2025, 9, 30)))
    assert [(event.position.on.day, event.what) for event in found] == [
        (27, "reminder"),
        (29, "reminder"),
        (30, "due"),
    ]


def test_the_first_reminder_names_an_auto_pay_that_will_fail() -> None:
    found = events(window=(FROM, date(2025, 9, 29)), autopay=AutoPay(balance_won=0))
    assert [event.saying.key for event in found] == ["event.reminder_balance_short", "event.reminder"]


def test_a_reminder_says_what_is_still_owed() -> None:
    found = events(repaid=((FROM, 20_000),), window=(FROM, FROM))
    assert found[0].saying.values["owed_won"] == 30_000


def test_on_the_day_lateness_shows_it_is_told_before_the_stage() -> None:
    found = events(window=(date(2025, 10, 1), date(2025, 10, 1)))
    assert [event.what for event in found] == ["reflected", "stage"]


def test_the_effects_that_start_stand_on_the_first_event_of_the_day_only() -> None:
    found = events(window=(date(2025, 10, 1), date(2025, 10, 1)))
    assert [len(event.starts) for event in found] == [2, 0]


def test_the_effects_that_end_stand_on_the_day_of_the_repayment() -> None:
    day = date(2025, 10, 20)
    found = events(repaid=((day, 50_000),), window=(day, day))
    assert [(event.what, [str(effect) for effect in event.ends]) for event in found] == [
        ("stage", ["pg_marked_unpaid", "block_purchases", "notice_sms", "notice_letter"])
    ]


def test_a_settled_bills_stage_is_told_as_over() -> None:
    day = date(2025, 10, 20)
    assert events(repaid=((day, 50_000),), window=(day, day))[0].saying.key == "stage.clear.told"


def test_after_a_bill_is_settled_only_the_posting_of_its_fee_is_left() -> None:
    found = events("LGU", repaid=((date(2025, 10, 20), 50_000),), window=(date(2025, 10, 21), LAST))
    assert [(event.what, event.position.on) for event in found] == [("fee_posted", date(2025, 11, 13))]


def test_a_bill_settled_in_time_has_nothing_after_it() -> None:
    assert events(repaid=((date(2025, 9, 30), 50_000),), window=(date(2025, 10, 1), LAST)) == []


# ── fees ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_steps_of_a_flat_tariff_are_told_on_the_days_they_are_added() -> None:
    assert days_of("fee_step", events(rules=TERMS)) == [date(2025, 10, 1), date(2025, 10, 31)]


def test_a_later_band_is_told_on_its_first_day() -> None:
    assert days_of("fee_step", events("KT")) == [date(2025, 12, 29)]


def test_a_later_band_says_both_its_rates_where_they_differ() -> None:
    found = next(event for event in events("KT") if event.what == "fee_step")
    assert (found.saying.key, dict(found.saying.values)) == (
        "event.fee_step_daily_range",
        {"low_rate": "3.50%", "high_rate": "5.00%"},
    )


def test_a_later_band_says_its_rate_where_both_readings_agree() -> None:
    rules = with_tariff(Made([daily(1, 9, "2%"), daily(10, None, "3%")]))
    found = next(event for event in events(rules=rules) if event.what == "fee_step")
    assert (found.position.on, found.saying.key) == (date(2025, 10, 10), "event.fee_step_daily")


def test_a_step_says_both_its_rates_where_they_differ() -> None:
    rules = with_tariff(Made([step(1, 1, "1%")], [step(1, 1, "2%")]))
    found = next(event for event in events(rules=rules) if event.what == "fee_step")
    assert found.saying.key == "event.fee_step_flat_range"


def test_a_new_version_of_a_rate_is_told_on_its_first_day() -> None:
    rules = with_tariff(Made([daily(1, None, "2%")]), Made([daily(1, None, "3%")], from_on=date(2025, 11, 1)))
    assert days_of("fee_step", events(rules=rules)) == [date(2025, 11, 1)]


def test_no_step_is_told_once_the_principal_is_repaid() -> None:
    found = events(rules=TERMS, repaid=((date(2025, 10, 30), 50_000),), window=(date(2025, 10, 31), LAST))
    assert days_of("fee_step", found) == []


def test_a_bill_repaid_but_for_its_fee_on_its_first_late_day_has_no_further_step() -> None:
    found = events(rules=TERMS, repaid=((date(2025, 10, 1), 50_000),), window=(date(2025, 10, 1), LAST))
    assert days_of("fee_step", found) == [date(2025, 10, 1)]


@pytest.mark.parametrize(
    ("carrier", "rules", "days"),
    [
        ("SKT", GUIDE, []),
        ("KT", GUIDE, [date(2025, 10, 15)]),
        (
            "LGU",
            GUIDE,
            [date(2025, month, 13) for month in (10, 11, 12)] + [date(2026, 1, 13), date(2026, 2, 13)],
        ),
        ("SKT", TERMS, [date(2025, 10, 13), date(2025, 11, 13)]),
    ],
)
def test_a_fee_is_posted_daily_at_a_stage_or_on_the_13th(
    carrier: str, rules: RuleSet, days: list[date]
) -> None:
    assert days_of("fee_posted", events(carrier, rules)) == days


def test_nothing_is_posted_where_the_charged_reading_added_nothing() -> None:
    rules = with_tariff(Made([step(1, 1, "0%")], [step(1, 1, "1%")], posting=Posting(None, 13)))
    assert days_of("fee_posted", events(rules=rules)) == []


def test_a_fee_is_not_posted_by_a_rule_set_that_has_no_tariff_yet() -> None:
    rules = with_tariff(Made([daily(1, None, "2%")], from_on=date(2026, 6, 1), posting=Posting(None, 13)))
    found = events(rules=rules, repaid=((date(2025, 9, 30), 50_000),), window=(date(2025, 10, 1), LAST))
    assert found == []


def test_each_capitalisation_of_the_high_reading_is_told() -> None:
    assert days_of("capitalised", events()) == [date(2025, 12, 30), date(2026, 1, 30), date(2026, 2, 28)]


def test_no_capitalisation_is_told_where_nothing_compounds() -> None:
    assert days_of("capitalised", events(rules=TERMS)) == []


# ── ends ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_by_the_guide_the_waiver_closes_on_the_tenth_day() -> None:
    assert days_of("waiver_closes", events()) == [date(2025, 10, 10)]


def test_by_the_terms_there_is_no_waiver_to_close() -> None:
    assert days_of("waiver_closes", events(rules=TERMS)) == []


def test_the_time_bar_is_told_once_on_its_day() -> None:
    found = events(rules=TERMS, window=(date(2028, 9, 1), date(2028, 12, 31)))
    # 2028-09-30 is a Saturday; after a Sunday and Chuseok the period ends on Friday 6 October.
    assert days_of("time_barred", found) == [date(2028, 10, 7)]


def test_by_the_guide_there_is_no_time_bar_to_tell() -> None:
    assert days_of("time_barred", events(window=(date(2028, 9, 1), date(2028, 12, 31)))) == []
