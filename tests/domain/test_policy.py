"""A value holds from its first day until the next one begins; who has no value is told so by name."""

from datetime import date

import pytest

from carrierbill.domain.errors import NoRuleInForceError, UnknownCarrierError
from carrierbill.domain.lateness import ladder_on
from carrierbill.domain.policy import Effect
from rule_sets import APP, RULE_SETS

TERMS = RULE_SETS["terms"]


@pytest.mark.parametrize(
    ("day", "from_on"),
    [
        (date(2010, 3, 1), date(2010, 3, 1)),
        (date(2019, 6, 30), date(2013, 11, 1)),
        (date(2019, 7, 1), date(2019, 7, 1)),
        (date(2050, 12, 31), date(2021, 1, 1)),
    ],
)
def test_the_value_in_force_is_the_last_one_begun(day: date, from_on: date) -> None:
    assert TERMS.in_force("late_fee", TERMS.late_fee["SKT"], day).from_on == from_on


def test_before_its_first_day_a_key_has_no_value() -> None:
    assert TERMS.late_fee["SKT"].value_on(date(2010, 2, 28)) is None


def test_a_day_without_a_rule_is_refused_by_name() -> None:
    with pytest.raises(NoRuleInForceError) as refused:
        TERMS.in_force("late_fee", TERMS.late_fee["SKT"], date(2010, 2, 28))
    assert APP.texts.say("en", refused.value.reason) == (
        "By the payment gateway terms there is no late fee rule for Sun 28 Feb 2010."
    )


def test_a_refusal_says_what_would_lift_it() -> None:
    with pytest.raises(NoRuleInForceError) as refused:
        TERMS.in_force("late_fee", TERMS.late_fee["SKT"], date(2010, 2, 28))
    assert refused.value.lifted_by is not None


def test_a_carrier_without_a_tariff_is_refused_by_name() -> None:
    with pytest.raises(UnknownCarrierError) as refused:
        TERMS.tariffs_for("MVNO")
    assert refused.value.rule == "unknown_carrier"


def test_the_carriers_are_those_with_a_tariff() -> None:
    assert TERMS.carriers == ("SKT", "KT", "LGU")


def test_clear_stands_below_the_first_rung() -> None:
    ladder = ladder_on(date(2026, 1, 1), TERMS).content
    assert [ladder.rank(stage) for stage in ("clear", "late", "time_barred")] == [0, 1, 8]


def test_a_rung_has_its_effects_for_all_and_those_at_the_carrier() -> None:
    row = ladder_on(date(2026, 1, 1), RULE_SETS["guide"]).content.rows[0]
    assert row.effects_for("SKT") == (Effect.PG_MARKED_UNPAID, Effect.BLOCK_PURCHASES)


def test_a_rung_has_no_more_effects_at_a_carrier_it_does_not_name() -> None:
    row = ladder_on(date(2026, 1, 1), RULE_SETS["guide"]).content.rows[0]
    assert row.effects_for("LGU") == (Effect.PG_MARKED_UNPAID,)
