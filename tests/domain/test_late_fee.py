"""A fee is bands over lateness times what is unpaid, exact, and cut down once."""

from datetime import date
from fractions import Fraction

import pytest

from carrierbill.domain.errors import NoRuleInForceError
from carrierbill.domain.late_fee import daily_rates_on, late_fee_on, steps_by
from made_tariffs import Made, daily, step, with_tariff
from rule_sets import RULE_SETS, a_bill

GUIDE, TERMS = RULE_SETS["guide"], RULE_SETS["terms"]
# Every made-up bill is of 50,000 and due on Tuesday 2025-09-30.
DUE_ON = date(2025, 9, 30)


def test_a_trillion_won_is_exact() -> None:
    # 10^12 × 2 % × 61 / 365 = 3,342,465,753.42…, and at 4.5 % 7,520,547,945.20…
    fee = late_fee_on(a_bill(principal_won=10**12), date(2025, 11, 30), GUIDE).fee
    assert (fee.low, fee.high) == (3_342_465_753, 7_520_547_945)


def test_a_trillion_won_compounds_exactly() -> None:
    # High run of SKT, capitalised on 2025-12-30 (day 91) with P + C = 10^12 + j from the day after on:
    # j = ⌊10^12 × 4.5 % × 91 / 365⌋ = ⌊4.095 × 10^12 / 365⌋ = 11,219,178,082
    # 10 days more: ⌊1,011,219,178,082 × 4.5 % × 10 / 365⌋ = ⌊1,246,708,575.71…⌋, in all 12,465,886,657
    fee = late_fee_on(a_bill(principal_won=10**12), date(2026, 1, 9), GUIDE)
    assert (fee.high.capitalised[0].won, fee.high.fee_won) == (11_219_178_082, 12_465_886_657)


def test_a_capitalisation_keeps_the_fraction_it_cuts_off() -> None:
    # 50,000 × 4.5 % × 91 / 365 = 204,750 / 365 = 560 and 350/365 = 70/73
    fee = late_fee_on(a_bill(), date(2025, 12, 30), GUIDE)
    assert [(each.won, each.cut) for each in fee.high.capitalised] == [(560, Fraction(70, 73))]


def test_of_a_few_won_late_for_a_year_so_much_is_cut_off_that_the_high_reading_is_the_lower() -> None:
    # 100 at 2 % over 365 days is 2. In the high reading 100 × 4.5 % × 91 / 365 = 1.12… is capitalised as 1 on
    # 2025-12-30; from then on 101 × 4.5 % is less than 0.4 a month, and each month that is cut down to 0.
    fee = late_fee_on(a_bill(principal_won=100), date(2026, 9, 30), GUIDE).fee
    assert (fee.low, fee.high) == (2, 1)


def test_a_repayment_on_a_capitalisation_day_comes_before_it() -> None:
    # All but 1,000 is repaid on day 91, then ⌊A⌋ = 560 is capitalised: 30 days on 1,560 × 4.5 % / 365 = 5.76…
    bill = a_bill(repaid=[(date(2025, 12, 30), 49_000)])
    assert late_fee_on(bill, date(2026, 1, 29), GUIDE).high.fee_won == 565


def test_nothing_is_capitalised_once_the_principal_is_repaid() -> None:
    bill = a_bill(repaid=[(date(2025, 12, 30), 50_000)])
    assert late_fee_on(bill, date(2026, 3, 1), GUIDE).high.capitalised == ()


def test_a_fee_repaid_before_its_capitalisation_does_not_bear_fees() -> None:
    # 50,300 on day 91 settles 50,000 and 300 of the fee; nothing is left to capitalise, 260 of fee is open.
    bill = a_bill(repaid=[(date(2025, 12, 30), 50_300)])
    fee = late_fee_on(bill, date(2026, 3, 1), GUIDE)
    assert (fee.high.fee_won, fee.high.repaid_won, fee.high.credit_won) == (560, 300, 0)


def test_a_capitalised_fee_is_repaid_before_the_one_still_accruing() -> None:
    # On 2026-01-09: K = C = 560, A = 50,560 × 4.5 % × 10 / 365 = 62.33…; 50,600 settles 50,000, 560 and 40.
    bill = a_bill(repaid=[(date(2026, 1, 9), 50_600)])
    fee = late_fee_on(bill, date(2026, 1, 9), GUIDE)
    assert (fee.fee.high, fee.repaid.high, fee.unpaid.high) == (622, 600, 22)


def test_what_is_received_beyond_principal_and_fee_is_credit() -> None:
    bill = a_bill(repaid=[(date(2025, 11, 30), 50_500)])
    credit = late_fee_on(bill, date(2025, 11, 30), GUIDE).credit
    assert (credit.low, credit.high) == (333, 124)


def test_what_is_received_too_much_in_time_is_credit() -> None:
    assert late_fee_on(a_bill(repaid=[(DUE_ON, 50_001)]), date(2025, 11, 30), GUIDE).credit.low == 1


def test_the_day_of_a_repayment_still_bears_the_fee_of_what_was_unpaid_before_it() -> None:
    # One day of 50,000, one of 10,000 at 2 %: 60,000 × 2 % / 365 = 3.28…
    bill = a_bill(repaid=[(date(2025, 10, 1), 40_000)])
    pieces = late_fee_on(bill, date(2025, 10, 2), GUIDE).low.pieces
    assert [(piece.units, piece.principal_won) for piece in pieces] == [(1, 50_000), (1, 10_000)]


# ── bands ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("day", "rate"), [(date(2025, 12, 28), "2%"), (date(2025, 12, 29), "3.5%")])
def test_a_band_begins_on_its_day_late(day: date, rate: str) -> None:
    low, _ = daily_rates_on(a_bill("KT"), day, GUIDE)
    assert low == Fraction(rate.removesuffix("%")) * Fraction(1, 100)


def test_a_step_tariff_has_no_daily_rate() -> None:
    assert set(daily_rates_on(a_bill(), date(2025, 10, 1), TERMS)) == {Fraction(0)}


def test_a_band_at_no_rate_is_no_piece() -> None:
    free = with_tariff(Made([daily(1, 30, "0%"), daily(31, None, "2%")]))
    pieces = late_fee_on(a_bill(), date(2025, 11, 30), free).low.pieces
    assert [(piece.from_on, piece.units) for piece in pieces] == [(date(2025, 10, 31), 31)]


def test_daily_bands_and_steps_may_stand_side_by_side_in_the_order_of_their_days() -> None:
    mixed = with_tariff(Made([daily(1, None, "2%"), step(2, 2, "1%")]))
    pieces = late_fee_on(a_bill(), date(2025, 11, 30), mixed).low.pieces
    # 61 days at 2 %: 167.12…, and 500 for the second due date missed, 2025-10-30.
    assert [(str(piece.measure), piece.from_on) for piece in pieces] == [
        ("days_late", date(2025, 10, 1)),
        ("due_dates_missed", date(2025, 10, 31)),
    ]


def test_a_daily_rate_and_a_step_add_up_before_they_are_cut_down() -> None:
    mixed = with_tariff(Made([daily(1, None, "2%"), step(2, 2, "1%")]))
    assert late_fee_on(a_bill(), date(2025, 11, 30), mixed).low.fee_won == 667


def test_a_step_without_a_last_one_is_added_for_every_due_date_missed() -> None:
    endless = with_tariff(Made([step(1, None, "1%")]))
    steps = list(steps_by(a_bill(), date(2026, 1, 31), endless))
    assert [each.added_on for each in steps] == [
        date(2025, 10, 1),
        date(2025, 10, 31),
        date(2025, 12, 1),
        date(2025, 12, 31),
        date(2026, 1, 31),
    ]


def test_a_step_at_no_rate_is_passed_over_and_the_next_one_added() -> None:
    late = with_tariff(Made([step(1, 1, "0%"), step(2, 2, "1%")]))
    assert [each.added_on for each in steps_by(a_bill(), date(2026, 1, 31), late)] == [date(2025, 10, 31)]


def test_a_step_of_the_high_reading_alone_is_no_piece_of_the_low_one() -> None:
    open_step = with_tariff(Made([step(1, 1, "0%")], [step(1, 1, "1%")]))
    fee = late_fee_on(a_bill(), date(2025, 10, 1), open_step)
    assert ([piece.rate for piece in fee.low.pieces], fee.high.fee_won) == ([], 500)


def test_a_step_is_taken_of_what_is_unpaid_when_it_is_added() -> None:
    bill = a_bill(repaid=[(date(2025, 10, 10), 20_000)])
    assert late_fee_on(bill, date(2025, 10, 31), TERMS).fee.low == 1_650


def test_a_step_on_the_day_of_a_repayment_is_taken_of_what_was_unpaid_before_it() -> None:
    bill = a_bill(repaid=[(date(2025, 10, 31), 20_000)])
    assert late_fee_on(bill, date(2025, 10, 31), TERMS).fee.low == 1_750


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_version_at_the_same_rate_is_a_piece_of_its_own_with_its_own_source() -> None:
    twice = with_tariff(
        Made([daily(1, None, "2%")]), Made([daily(1, None, "2%")], from_on=date(2025, 10, 11))
    )
    pieces = late_fee_on(a_bill(), date(2025, 10, 31), twice).low.pieces
    assert [piece.units for piece in pieces] == [10, 21]


def test_a_version_that_begins_and_ends_before_the_bill_was_late_has_no_part() -> None:
    versions = [Made([daily(1, None, "9%")]), Made([daily(1, None, "2%")], from_on=date(2024, 1, 1))]
    assert late_fee_on(a_bill(), date(2025, 11, 30), with_tariff(*versions)).fee.low == 167


def test_a_version_that_begins_later_has_no_part_yet() -> None:
    versions = [Made([daily(1, None, "2%")]), Made([daily(1, None, "9%")], from_on=date(2026, 1, 1))]
    assert late_fee_on(a_bill(), date(2025, 11, 30), with_tariff(*versions)).fee.low == 167


def test_compounding_that_a_later_version_ends_ends_with_it() -> None:
    bands = [daily(1, None, "2%")]
    ends = with_tariff(Made(bands, compounds_from=30), Made(bands, from_on=date(2025, 12, 1)))
    capitalised = late_fee_on(a_bill(), date(2026, 3, 1), ends).high.capitalised
    assert [each.on for each in capitalised] == [date(2025, 10, 30), date(2025, 11, 30)]


# ── days without a rule ──────────────────────────────────────────────────────────────────────────────────


def test_a_day_on_which_something_would_accrue_needs_a_rule() -> None:
    with pytest.raises(NoRuleInForceError) as refused:
        late_fee_on(a_bill(due_on=date(2020, 12, 30)), date(2021, 1, 10), GUIDE)
    assert refused.value.on == date(2020, 12, 31)


def test_a_bill_late_from_the_first_day_of_the_rules_has_one() -> None:
    assert late_fee_on(a_bill(due_on=date(2020, 12, 31)), date(2021, 1, 1), GUIDE).fee.low == 2


def test_a_bill_settled_in_time_needs_no_rule() -> None:
    bill = a_bill(due_on=date(2015, 6, 30), repaid=[(date(2015, 6, 30), 50_000)])
    assert late_fee_on(bill, date(2015, 7, 31), GUIDE).fee.high == 0


def test_a_bill_not_yet_due_needs_no_rule() -> None:
    assert late_fee_on(a_bill(due_on=date(2015, 6, 30)), date(2015, 6, 30), GUIDE).fee.high == 0
