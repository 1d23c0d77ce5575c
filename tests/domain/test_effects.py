"""What should hold on a line, what may start only after its announcement, and when each effect is over."""

from dataclasses import replace
from datetime import date
from itertools import count

import pytest

from carrierbill.bootstrap import confirmed
from carrierbill.domain.arrears import Arrears, Claim, Relieved, arrears_on
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.effects import (
    Due,
    Return,
    WhyNot,
    announcements_before,
    beginnings,
    effects_due,
    return_of,
)
from carrierbill.domain.lateness import ladder_on
from carrierbill.domain.line import LineEffect
from carrierbill.domain.policy import Effect, RuleSet
from rule_sets import RULE_SETS, a_bill

GUIDE, TERMS = RULE_SETS["guide"], RULE_SETS["terms"]
BY_GUIDE, BY_TERMS = confirmed(GUIDE), confirmed(TERMS)
# A Tuesday: lateness shows on 1 October by either ladder.
DUE_ON = date(2025, 9, 30)
LINE, OTHER_LINE, HOLDER = 1, 2, 1
IDS = count(100)


def claim(
    principal_won: int = 50_000,
    due_on: date = DUE_ON,
    *,
    carrier: str = "SKT",
    line_id: int = LINE,
    repaid: list[tuple[date, int]] | None = None,
) -> Claim:
    issued = IssuedBill(
        next(IDS), line_id, HOLDER, carrier, due_on.replace(day=1), due_on, due_on, principal_won
    )
    return Claim(issued, a_bill(carrier, principal_won, due_on, repaid=repaid or []))


def all_delivered(*claims: Claim) -> dict[tuple[int, str, str], date]:
    """Everything that could be announced, long ago."""
    stages = [row.stage for rules in (GUIDE, TERMS) for row in ladder_on(DUE_ON, rules).content.rows]
    whats = [("reminder", "")]
    whats += [(what, stage) for what in ("notice_sms", "notice_letter") for stage in stages]
    return {(each.issued.id, what, stage): date(2020, 1, 1) for each in claims for what, stage in whats}


def arrears(
    day: date,
    *claims: Claim,
    rules: RuleSet = BY_GUIDE,
    delivered: dict[tuple[int, str, str], date] | None = None,
    relieved: Relieved | None = None,
) -> Arrears:
    told = all_delivered(*claims) if delivered is None else delivered
    return arrears_on(day, rules, claims, delivered=told, relieved=relieved or Relieved())


def why_not(dues: list[Due], effect: Effect) -> WhyNot | None:
    (found,) = [due for due in dues if due.effect == effect]
    return found.why_not


def in_force(effect: Effect, of: Claim, began_on: date, line_id: int = LINE) -> LineEffect:
    return LineEffect(next(IDS), line_id, HOLDER, effect, "late_1", of.issued.id, began_on)


def over(effect: Effect, at: Arrears, of: Claim, began_on: date = date(2025, 10, 1)) -> Return:
    return return_of(in_force(effect, of, began_on), at, effects_due(at, LINE))


# ── what announces what ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("rules", "stage", "carrier", "announced_by"),
    [
        (GUIDE, "late_1", "SKT", {("reminder", "")}),
        (GUIDE, "late_15", "SKT", {("reminder", "")}),
        (GUIDE, "late_30", "LGU", {("notice_sms", "late_15"), ("notice_letter", "late_15")}),
        (GUIDE, "late_90", "SKT", {("notice_sms", "late_15"), ("notice_letter", "late_15")}),
        (TERMS, "late", "KT", {("reminder", "")}),
        (TERMS, "warned", "KT", {("notice_sms", "late")}),
        (TERMS, "outgoing_stopped", "KT", {("notice_sms", "late"), ("notice_letter", "warned")}),
        (TERMS, "ended", "KT", {("notice_sms", "late"), ("notice_letter", "warned")}),
    ],
)
def test_a_rung_is_announced_by_the_notices_below_it_else_by_the_last_reminder(
    rules: RuleSet, stage: str, carrier: str, announced_by: set[tuple[str, str]]
) -> None:
    ladder = ladder_on(DUE_ON, rules).content
    row = next(row for row in ladder.rows if row.stage == stage)
    assert set(announcements_before(row, carrier, ladder)) == announced_by


@pytest.mark.parametrize(
    ("delivered_on", "expected"),
    [
        (None, WhyNot.NOT_ANNOUNCED),
        (date(2025, 10, 1), WhyNot.NOT_ANNOUNCED),  # on the day itself: from the day after
        (date(2025, 9, 30), None),
    ],
)
def test_the_first_block_waits_for_its_reminder_to_be_delivered_before_the_day(
    delivered_on: date | None, expected: WhyNot | None
) -> None:
    bill = claim()
    told = {} if delivered_on is None else {(bill.issued.id, "reminder", ""): delivered_on}
    dues = effects_due(arrears(date(2025, 10, 1), bill, delivered=told), LINE)
    assert why_not(dues, Effect.BLOCK_PURCHASES) == expected


def test_the_mark_at_the_gateways_and_the_notices_wait_for_nothing() -> None:
    dues = effects_due(arrears(date(2025, 10, 15), claim(), delivered={}), LINE)
    free = {due.effect for due in dues if due.why_not is None}
    assert free == {Effect.PG_MARKED_UNPAID, Effect.NOTICE_SMS, Effect.NOTICE_LETTER}


@pytest.mark.parametrize("missing", ["notice_sms", "notice_letter"])
def test_later_effects_wait_for_every_notice_below_them(missing: str) -> None:
    bill = claim()
    told = all_delivered(bill)
    del told[bill.issued.id, missing, "late_15"]
    dues = effects_due(arrears(date(2025, 10, 30), bill, delivered=told), LINE)
    assert why_not(dues, Effect.LIMIT_ZERO) == WhyNot.NOT_ANNOUNCED
    assert why_not(dues, Effect.BLOCK_PURCHASES) is None


def test_another_bills_announcement_is_no_announcement() -> None:
    announced, silent = claim(), claim()
    dues = effects_due(
        arrears(date(2025, 10, 1), announced, silent, delivered=all_delivered(announced)), LINE
    )
    blocks = {due.bill_id: due.why_not for due in dues if due.effect == Effect.BLOCK_PURCHASES}
    assert blocks == {announced.issued.id: None, silent.issued.id: WhyNot.NOT_ANNOUNCED}


# ── what has to be confirmed ─────────────────────────────────────────────────────────────────────────────
def test_what_reaches_others_would_hold_and_is_not_carried_out_while_unconfirmed() -> None:
    dues = effects_due(arrears(date(2025, 12, 29), claim(), rules=GUIDE), LINE)
    unconfirmed = {due.effect for due in dues if due.why_not == WhyNot.NOT_CONFIRMED}
    assert unconfirmed == {Effect.SUSPEND_LINE, Effect.REPORT_SHORT_TERM, Effect.REGISTER_LONG_TERM}
    assert {due.effect for due in dues} - unconfirmed == {
        Effect.PG_MARKED_UNPAID,
        Effect.BLOCK_PURCHASES,
        Effect.NOTICE_SMS,
        Effect.NOTICE_LETTER,
        Effect.LIMIT_ZERO,
        Effect.PG_REFUSES,
        Effect.MARK_LONG_TERM,
    }


def test_by_the_terms_the_same_goes_for_stops_lists_and_the_end_of_the_contract() -> None:
    dues = effects_due(arrears(date(2026, 2, 28), claim(200_000), rules=TERMS), LINE)
    assert {due.effect for due in dues if due.why_not == WhyNot.NOT_CONFIRMED} == {
        Effect.STOP_OUTGOING,
        Effect.STOP_ALL,
        Effect.LIST_KAIT,
        Effect.REPORT_INSURER,
        Effect.END_CONTRACT,
    }


def test_confirmed_rules_carry_out_all_that_should_hold() -> None:
    bill = claim(200_000)
    at = arrears(date(2026, 2, 28), bill, rules=BY_TERMS)
    dues = effects_due(at, LINE)
    assert [due.why_not for due in dues] == [None] * len(dues)
    assert tuple(due.effect for due in dues) == at.lateness_of(bill).effects


# ── what starts ──────────────────────────────────────────────────────────────────────────────────────────
def test_an_effect_starts_once_a_line_and_the_mark_once_a_bill() -> None:
    older, newer = claim(due_on=date(2025, 8, 29)), claim()
    dues = effects_due(arrears(date(2025, 10, 1), older, newer), LINE)
    started = [(due.effect, due.bill_id) for due in beginnings(dues, [])]
    assert started.count((Effect.PG_MARKED_UNPAID, newer.issued.id)) == 1
    assert started.count((Effect.PG_MARKED_UNPAID, older.issued.id)) == 1
    assert [bill_id for effect, bill_id in started if effect == Effect.BLOCK_PURCHASES] == [older.issued.id]


def test_what_is_in_force_does_not_start_again() -> None:
    bill = claim()
    dues = effects_due(arrears(date(2025, 10, 1), bill), LINE)
    held = [in_force(due.effect, bill, date(2025, 10, 1)) for due in dues]
    assert beginnings(dues, held) == []


def test_a_spared_bill_starts_nothing_adverse() -> None:
    bill = claim()
    spared = Relieved(spared=frozenset({bill.issued.id}))
    dues = effects_due(arrears(date(2025, 10, 1), bill, relieved=spared), LINE)
    assert why_not(dues, Effect.BLOCK_PURCHASES) == WhyNot.SPARED
    assert [due.effect for due in beginnings(dues, [])] == [Effect.PG_MARKED_UNPAID]


# ── when an effect is over ───────────────────────────────────────────────────────────────────────────────
def test_an_effect_stays_while_a_late_bill_brings_it() -> None:
    bill = claim()
    assert over(Effect.BLOCK_PURCHASES, arrears(date(2025, 10, 5), bill), bill) == Return(
        is_over=False, held_by=(bill.issued.id,)
    )


@pytest.mark.parametrize(
    ("carrier", "paid_on", "back_on"),
    [
        ("SKT", date(2025, 10, 20), date(2025, 10, 20)),  # before late_30: at once
        ("SKT", date(2025, 10, 31), date(2025, 11, 3)),  # Friday: the next business day
        ("LGU", date(2025, 10, 31), date(2025, 11, 4)),  # two business days
        ("KT", date(2025, 10, 31), date(2025, 10, 31)),  # within 24 hours: from the same day
    ],
)
def test_after_all_is_paid_it_is_over_on_the_carriers_earliest_day(
    carrier: str, paid_on: date, back_on: date
) -> None:
    bill = claim(carrier=carrier, repaid=[(paid_on, 50_000)])
    eve = arrears(max(paid_on, back_on.replace(day=back_on.day - 1)), bill)
    if back_on > paid_on:
        assert over(Effect.SUSPEND_LINE, eve, bill) == Return(is_over=False, on=back_on)
    assert over(Effect.SUSPEND_LINE, arrears(back_on, bill), bill) == Return(is_over=True, on=back_on)


@pytest.mark.parametrize("effect", [Effect.PG_MARKED_UNPAID, Effect.REPORT_SHORT_TERM, Effect.NOTICE_SMS])
def test_marks_reports_and_notices_are_over_on_the_paying_day(effect: Effect) -> None:
    bill = claim(carrier="LGU", repaid=[(date(2025, 12, 5), 50_000)])
    assert over(effect, arrears(date(2025, 12, 5), bill), bill).is_over


def test_another_late_bill_of_the_holder_on_another_line_holds_it_back_and_is_named() -> None:
    paid = claim(repaid=[(date(2025, 10, 5), 50_000)])
    other = claim(line_id=OTHER_LINE)
    at = arrears(date(2025, 10, 6), paid, other)
    assert over(Effect.BLOCK_PURCHASES, at, paid) == Return(is_over=False, held_by=(other.issued.id,))


def test_another_late_bill_of_the_line_holds_it_back_though_it_would_not_bring_it_yet() -> None:
    paid = claim(repaid=[(date(2025, 10, 31), 50_000)])
    fresh = claim(due_on=date(2025, 10, 30))
    at = arrears(date(2025, 11, 3), paid, fresh)
    assert over(Effect.LIMIT_ZERO, at, paid) == Return(is_over=False, held_by=(fresh.issued.id,))


def test_it_then_comes_back_after_the_last_one_is_paid_by_its_own_lines_worst_stage() -> None:
    # The first was paid at late_30; the other line's bill on Friday 7 November, so Monday 10 November.
    paid = claim(repaid=[(date(2025, 10, 31), 50_000)])
    other = claim(due_on=date(2025, 11, 3), line_id=OTHER_LINE, repaid=[(date(2025, 11, 7), 50_000)])
    at = arrears(date(2025, 11, 7), paid, other)
    assert over(Effect.LIMIT_ZERO, at, paid) == Return(is_over=False, on=date(2025, 11, 10))
    # The other line was blocked before late_30 only: at once.
    block = in_force(Effect.BLOCK_PURCHASES, other, date(2025, 11, 4), OTHER_LINE)
    assert return_of(block, at, effects_due(at, OTHER_LINE)) == Return(is_over=True, on=date(2025, 11, 7))


def test_the_mark_of_a_bill_is_over_when_that_bill_is_paid_though_another_is_late() -> None:
    paid, other = claim(repaid=[(date(2025, 10, 5), 50_000)]), claim()
    assert over(Effect.PG_MARKED_UNPAID, arrears(date(2025, 10, 5), paid, other), paid).is_over


def test_a_listing_is_over_at_once_when_the_amount_falls_below_its_threshold() -> None:
    bill = claim(12_000, repaid=[(date(2026, 1, 5), 2_001)])
    assert not over(Effect.LIST_KAIT, arrears(date(2026, 1, 4), bill, rules=BY_TERMS), bill).is_over
    assert over(Effect.LIST_KAIT, arrears(date(2026, 1, 5), bill, rules=BY_TERMS), bill).is_over


def test_amounts_of_other_lines_at_the_carrier_count_towards_a_threshold() -> None:
    small, other = claim(6_000), claim(5_000, line_id=OTHER_LINE)
    elsewhere = claim(5_000, carrier="KT", line_id=OTHER_LINE)
    day = date(2026, 1, 5)
    listed = [due.effect for due in effects_due(arrears(day, small, other, rules=BY_TERMS), LINE)]
    alone = [due.effect for due in effects_due(arrears(day, small, elsewhere, rules=BY_TERMS), LINE)]
    assert (Effect.LIST_KAIT in listed, Effect.LIST_KAIT in alone) == (True, False)


def test_a_listing_is_over_when_the_claim_is_time_barred_and_the_stop_is_not() -> None:
    bill = claim(200_000, due_on=date(2022, 9, 30))
    at = arrears(date(2025, 10, 1), bill, rules=BY_TERMS)
    assert over(Effect.LIST_KAIT, at, bill, date(2023, 1, 1)).is_over
    assert not over(Effect.STOP_ALL, at, bill, date(2023, 1, 1)).is_over


def test_a_block_with_a_threshold_is_over_when_the_amount_falls_though_all_is_not_paid() -> None:
    ladder = ladder_on(DUE_ON, BY_TERMS)
    rows = (replace(ladder.content.rows[0], at_least_won=30_000), *ladder.content.rows[1:])
    made = replace(ladder, content=replace(ladder.content, rows=rows))
    values = replace(BY_TERMS.stages["ladder"], values=(made,))
    rules = replace(BY_TERMS, stages={"ladder": values})
    bill = claim(40_000, repaid=[(date(2025, 10, 5), 15_000)])
    assert over(Effect.BLOCK_PURCHASES, arrears(date(2025, 10, 5), bill, rules=rules), bill) == Return(
        is_over=True
    )


def test_at_skt_purchases_come_back_after_late_90_by_review_alone() -> None:
    bill = claim(repaid=[(date(2026, 1, 5), 50_000)])
    unreviewed = arrears(date(2026, 3, 1), bill)
    assert over(Effect.BLOCK_PURCHASES, unreviewed, bill) == Return(is_over=False, on=None)
    assert over(Effect.SUSPEND_LINE, unreviewed, bill).is_over
    reviewed = arrears(date(2026, 3, 1), bill, relieved=Relieved(reviewed_on=date(2026, 2, 20)))
    assert over(Effect.BLOCK_PURCHASES, reviewed, bill) == Return(is_over=True, on=date(2026, 2, 20))


def test_a_review_before_all_was_paid_opens_nothing() -> None:
    bill = claim(repaid=[(date(2026, 1, 5), 50_000)])
    early = arrears(date(2026, 3, 1), bill, relieved=Relieved(reviewed_on=date(2026, 1, 4)))
    assert not over(Effect.BLOCK_PURCHASES, early, bill).is_over


@pytest.mark.parametrize("repaid", [[], [(date(2026, 3, 10), 50_000)]])
def test_an_ended_contract_does_not_come_back(repaid: list[tuple[date, int]]) -> None:
    bill = claim(repaid=repaid)
    at = arrears(date(2026, 4, 1), bill, rules=BY_TERMS)
    assert not over(Effect.END_CONTRACT, at, bill).is_over


def test_after_the_end_of_the_contract_nothing_else_comes_back_by_paying() -> None:
    bill = claim(repaid=[(date(2026, 3, 10), 50_000)])
    at = arrears(date(2026, 12, 1), bill, rules=BY_TERMS)
    assert over(Effect.STOP_ALL, at, bill) == Return(is_over=False, on=None)


def test_service_returns_under_an_adjustment_for_the_bills_it_covers_alone() -> None:
    covered, fresh = claim(), claim(due_on=date(2025, 11, 28))
    served = Relieved(spared=frozenset({covered.issued.id}), served=True)
    before = arrears(date(2025, 11, 20), covered, fresh, relieved=served)
    assert over(Effect.BLOCK_PURCHASES, before, covered).is_over
    assert over(Effect.SUSPEND_LINE, before, covered).is_over
    assert not over(Effect.LIMIT_ZERO, before, covered).is_over
    after = arrears(date(2025, 12, 1), covered, fresh, relieved=served)
    assert over(Effect.BLOCK_PURCHASES, after, covered) == Return(
        is_over=False, held_by=(covered.issued.id, fresh.issued.id)
    )


def test_what_was_never_late_after_all_is_over_at_once() -> None:
    # Money dated back to the due date: the bill was paid in time.
    bill = claim(repaid=[(DUE_ON, 50_000)])
    assert over(Effect.BLOCK_PURCHASES, arrears(date(2025, 10, 5), bill), bill).is_over


def test_what_was_late_and_paid_before_an_effect_began_does_not_slow_its_return() -> None:
    earlier = claim(due_on=date(2025, 5, 30), repaid=[(date(2025, 8, 8), 50_000)])  # paid at late_60
    bill = claim(repaid=[(date(2025, 10, 10), 50_000)])
    at = arrears(date(2025, 10, 10), earlier, bill)
    assert over(Effect.BLOCK_PURCHASES, at, bill) == Return(is_over=True, on=date(2025, 10, 10))


def test_the_worst_of_the_lines_stages_counts_whatever_was_paid_last() -> None:
    # One paid at late_30 on Thursday 9 October, the other in its first days on Friday 10.
    worst = claim(due_on=date(2025, 8, 29), repaid=[(date(2025, 10, 9), 50_000)])
    mild = claim(repaid=[(date(2025, 10, 10), 50_000)])
    at = arrears(date(2025, 10, 10), worst, mild)
    back = over(Effect.BLOCK_PURCHASES, at, worst, date(2025, 9, 1))
    assert back == Return(is_over=False, on=date(2025, 10, 13))


def test_a_time_barred_bill_counts_towards_no_threshold() -> None:
    barred = claim(200_000, due_on=date(2022, 9, 30))
    small = claim(6_000)
    dues = effects_due(arrears(date(2026, 1, 5), barred, small, rules=BY_TERMS), LINE)
    assert [due for due in dues if due.effect == Effect.LIST_KAIT] == []
