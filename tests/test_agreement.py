"""The domain's closed forms and the naive day-by-day reference agree on random bills, to the won.

`make prove` draws 100,000 bills in every rule set instead of the few thousand here.
"""

import os
from random import Random

import pytest

import random_bills
from rule_sets import RULE_SETS

SEED = int(os.environ.get("PROVE_SEED", "20261124"))
BILLS = int(os.environ.get("PROVE_BILLS", "3000"))
OUTLOOK_DAYS = 45


@pytest.mark.parametrize("rules", RULE_SETS)
def test_what_is_stated_on_a_day_agrees_with_the_reference(rules: str) -> None:
    random = Random(f"{SEED} {rules}")  # noqa: S311  # drawn bills, no secrets
    for number in range(BILLS):
        drawn = random_bills.draw(random, rules)
        assert random_bills.stated(drawn) == random_bills.expected(drawn), (
            f"bill {number} of seed {SEED}: {drawn}"
        )


@pytest.mark.parametrize("rules", RULE_SETS)
def test_the_events_of_an_outlook_agree_with_the_reference(rules: str) -> None:
    random = Random(f"{SEED} events {rules}")  # noqa: S311  # drawn bills, no secrets
    for number in range(BILLS // 20):
        drawn = random_bills.draw(random, rules)
        found = random_bills.stated_events(drawn, OUTLOOK_DAYS)
        wanted = random_bills.expected_events(drawn, OUTLOOK_DAYS)
        assert found == wanted, f"bill {number} of seed {SEED}: {drawn}"


@pytest.mark.parametrize("rules", RULE_SETS)
def test_relief_agrees_with_the_reference(rules: str) -> None:
    random = Random(f"{SEED} relief {rules}")  # noqa: S311  # drawn bills, no secrets
    for number in range(BILLS // 10):
        drawn = random_bills.draw(random, rules)
        if isinstance(random_bills.stated(drawn), dict):
            found, wanted = random_bills.stated_relief(drawn), random_bills.expected_relief(drawn)
            assert found == wanted, f"bill {number} of seed {SEED}: {drawn}"
