"""Laws that hold for every bill, every day and every rule set, whatever was repaid and when."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrierbill.domain.bill import Bill, Repayment
from carrierbill.domain.late_fee import FeeRun, late_fee_on
from carrierbill.domain.lateness import effective_due_on, ladder_on, lateness_on
from carrierbill.domain.money import MOST_WON, cut_down
from carrierbill.domain.policy import Measure, RuleSet
from carrierbill.domain.position import position_on
from carrierbill.domain.restoration import restoration_on
from rule_sets import RULE_SETS, a_bill

AMOUNTS = (1, 2, 99, 9_999, 10_000, 50_000, 99_999, 100_000, 10**6, MOST_WON)
every_rule_set = pytest.mark.parametrize("rules", RULE_SETS.values(), ids=RULE_SETS)
won = st.sampled_from(AMOUNTS) | st.integers(1, 10**6) | st.integers(1, MOST_WON)
days_passed = st.integers(-4, 130) | st.integers(0, 1_300)


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    """A bill of 2021 or later, with up to four repayments, often of amounts that just settle it."""
    due_on = draw(st.dates(date(2021, 1, 1), date(2040, 12, 31)))
    principal_won = draw(won)
    parts = st.sampled_from((1, principal_won, max(1, principal_won // 2), min(MOST_WON, principal_won + 99)))
    repaid = draw(st.lists(st.tuples(st.integers(-9, 400), parts | won), max_size=4))
    return a_bill(
        draw(st.sampled_from(("SKT", "KT", "LGU"))),
        principal_won,
        due_on,
        repaid=[(due_on + timedelta(days=ahead), part) for ahead, part in repaid],
        welfare=draw(st.booleans()),
    )


def runs_on(bill: Bill, day: date, rules: RuleSet) -> tuple[FeeRun, FeeRun]:
    fee = late_fee_on(bill, day, rules)
    return fee.low, fee.high


def up_to(bill: Bill, day: date) -> Bill:
    return bill.before(day + timedelta(days=1))


# ── a fee ────────────────────────────────────────────────────────────────────────────────────────────────


@every_rule_set
@given(bill=bills(), passed=days_passed, more=st.integers(0, 100))
def test_a_fee_never_falls_as_days_pass_in_either_reading(
    rules: RuleSet, bill: Bill, passed: int, more: int
) -> None:
    day = bill.due_on + timedelta(days=passed)
    earlier, later = runs_on(bill, day, rules), runs_on(bill, day + timedelta(days=more), rules)
    assert [one.fee_won <= other.fee_won for one, other in zip(earlier, later, strict=True)] == [True, True]


def bears_a_won_a_month(bill: Bill) -> bool:
    """Whether a capitalisation never cuts off more than what the readings differ by in a month."""
    left = {bill.unpaid_won_on(repayment.received_on) for repayment in bill.repayments}
    return min(({bill.principal_won} | left) - {0}) >= 1_000


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_the_low_reading_is_never_above_the_high_one_but_for_a_few_won(
    rules: RuleSet, bill: Bill, passed: int
) -> None:
    fee = late_fee_on(bill, bill.due_on + timedelta(days=passed), rules).fee
    assert fee.low <= fee.high or not bears_a_won_a_month(bill)


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_what_is_charged_is_the_low_reading(rules: RuleSet, bill: Bill, passed: int) -> None:
    fee = late_fee_on(bill, bill.due_on + timedelta(days=passed), rules).fee
    assert fee.charged == fee.low


@every_rule_set
@given(bill=bills(), early=st.integers(0, 60))
def test_there_is_no_fee_up_to_the_due_date(rules: RuleSet, bill: Bill, early: int) -> None:
    day = effective_due_on(bill, rules) - timedelta(days=early)
    assert [run.fee_won for run in runs_on(bill, day, rules)] == [0, 0]


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_the_pieces_between_capitalisations_cut_down_are_the_fee(
    rules: RuleSet, bill: Bill, passed: int
) -> None:
    for run in runs_on(bill, bill.due_on + timedelta(days=passed), rules):
        ends = [*(each.on for each in run.capitalised), date.max]
        starts = [date.min, *ends[:-1]]
        sums = [
            sum((piece.exact for piece in run.pieces if start < piece.to_on <= end), Fraction(0))
            for start, end in zip(starts, ends, strict=True)
        ]
        assert sum(map(cut_down, sums)) == run.fee_won


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_a_piece_is_its_base_times_its_rate_times_its_units(rules: RuleSet, bill: Bill, passed: int) -> None:
    for run in runs_on(bill, bill.due_on + timedelta(days=passed), rules):
        for piece in run.pieces:
            base, a_year = piece.principal_won + piece.capitalised_won, piece.measure == Measure.DAYS_LATE
            assert piece.exact == base * piece.rate * piece.units * Fraction(1, 365 if a_year else 1)


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_the_base_of_a_piece_stays_the_same_over_all_its_days(
    rules: RuleSet, bill: Bill, passed: int
) -> None:
    eve = timedelta(days=1)
    for run in runs_on(bill, bill.due_on + timedelta(days=passed), rules):
        for piece in run.pieces:
            ends = {bill.unpaid_won_on(piece.from_on - eve), bill.unpaid_won_on(piece.to_on - eve)}
            assert ends == {piece.principal_won}


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_a_new_piece_begins_only_where_base_or_rate_change(rules: RuleSet, bill: Bill, passed: int) -> None:
    for run in runs_on(bill, bill.due_on + timedelta(days=passed), rules):
        # A capitalisation of less than a won leaves the base alone, but takes the cut-off fraction away.
        cuts = {each.on for each in run.capitalised}
        for before, after in zip(run.pieces, run.pieces[1:], strict=False):
            bases = [(one.principal_won, one.capitalised_won, one.rate) for one in (before, after)]
            assert bases[0] != bases[1] or before.to_on in cuts


@pytest.mark.parametrize("rules", [RULE_SETS["guide"], RULE_SETS["guide-example"]], ids=["guide", "example"])
@given(bill=bills(), passed=days_passed)
def test_the_pieces_of_a_daily_fee_hold_every_late_day_once(rules: RuleSet, bill: Bill, passed: int) -> None:
    day = bill.due_on + timedelta(days=passed)
    last_on = min(day, bill.settled_on() or day)
    late = max(0, (last_on - effective_due_on(bill, rules)).days)
    assert [sum(piece.units for piece in run.pieces) for run in runs_on(bill, day, rules)] == [late, late]


# ── repayments ───────────────────────────────────────────────────────────────────────────────────────────


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_every_won_received_is_principal_fee_or_credit(rules: RuleSet, bill: Bill, passed: int) -> None:
    day = bill.due_on + timedelta(days=passed)
    principal_won = bill.principal_won - bill.unpaid_won_on(day)
    settled = [principal_won + run.repaid_won + run.credit_won for run in runs_on(bill, day, rules)]
    assert settled == [bill.repaid_won_by(day)] * 2


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_no_more_fee_is_repaid_than_there_is(rules: RuleSet, bill: Bill, passed: int) -> None:
    runs = runs_on(bill, bill.due_on + timedelta(days=passed), rules)
    assert [0 <= run.repaid_won <= run.fee_won for run in runs] == [True, True]


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_no_fee_is_repaid_and_no_credit_left_while_principal_is_unpaid(
    rules: RuleSet, bill: Bill, passed: int
) -> None:
    day = bill.due_on + timedelta(days=passed)
    taken = [run.repaid_won + run.credit_won for run in runs_on(bill, day, rules)]
    assert taken == [0, 0] or bill.unpaid_won_on(day) == 0


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_the_total_is_unpaid_principal_and_unpaid_fee(rules: RuleSet, bill: Bill, passed: int) -> None:
    day = bill.due_on + timedelta(days=passed)
    low, high = runs_on(bill, day, rules)
    total = position_on(bill, day, rules).total
    unpaid_won = bill.unpaid_won_on(day)
    assert (total.low, total.high) == (
        unpaid_won + low.fee_won - low.repaid_won,
        unpaid_won + high.fee_won - high.repaid_won,
    )


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_what_is_stated_on_a_day_does_not_depend_on_later_repayments(
    rules: RuleSet, bill: Bill, passed: int
) -> None:
    day = bill.due_on + timedelta(days=passed)
    assert position_on(bill, day, rules) == position_on(up_to(bill, day), day, rules)


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_what_comes_back_by_paying_on_a_day_does_not_depend_on_that_days_repayments(
    rules: RuleSet, bill: Bill, passed: int
) -> None:
    day = bill.due_on + timedelta(days=passed)
    assert restoration_on(bill, day, rules) == restoration_on(bill.before(day), day, rules)


@every_rule_set
@given(bill=bills(), passed=days_passed, order=st.randoms(use_true_random=False))
def test_the_order_in_which_repayments_are_told_does_not_matter(
    rules: RuleSet, bill: Bill, passed: int, order: Random
) -> None:
    told = list(bill.repayments)
    order.shuffle(told)
    day = bill.due_on + timedelta(days=passed)
    assert position_on(replace(bill, repayments=tuple(told)), day, rules) == position_on(bill, day, rules)


@every_rule_set
@given(bill=bills(), passed=days_passed, part=st.integers(1, 99))
def test_a_repayment_in_two_parts_on_its_day_is_the_same(
    rules: RuleSet, bill: Bill, passed: int, part: int
) -> None:
    parts = [
        Repayment(one.received_on, won)
        for one in bill.repayments
        for won in (one.won * part // 100, one.won - one.won * part // 100)
        if won
    ]
    day = bill.due_on + timedelta(days=passed)
    assert position_on(replace(bill, repayments=tuple(parts)), day, rules) == position_on(bill, day, rules)


# ── lateness ─────────────────────────────────────────────────────────────────────────────────────────────


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_a_settled_bill_has_no_stage_and_no_effects(rules: RuleSet, bill: Bill, passed: int) -> None:
    settled = replace(bill, repayments=(*bill.repayments, Repayment(bill.due_on, bill.principal_won)))
    late = lateness_on(settled, bill.due_on + timedelta(days=passed), rules)
    assert (late.days_late, late.status_day, late.stage, late.effects) == (0, 0, "clear", ())


@every_rule_set
@given(bill=bills(), passed=days_passed, more=st.integers(0, 100))
def test_a_stage_never_goes_back_while_nothing_is_repaid(
    rules: RuleSet, bill: Bill, passed: int, more: int
) -> None:
    unpaid, day = replace(bill, repayments=()), bill.due_on + timedelta(days=passed)
    ladder = ladder_on(day, rules).content
    earlier = lateness_on(unpaid, day, rules).stage
    later = lateness_on(unpaid, day + timedelta(days=more), rules).stage
    assert ladder.rank(earlier) <= ladder.rank(later)


@every_rule_set
@given(bill=bills(), passed=days_passed)
def test_a_bill_is_late_exactly_while_owed_after_its_due_date(
    rules: RuleSet, bill: Bill, passed: int
) -> None:
    day = bill.due_on + timedelta(days=passed)
    owed = bill.unpaid_won_on(day) > 0 and day > effective_due_on(bill, rules)
    assert (lateness_on(bill, day, rules).days_late > 0) == owed
