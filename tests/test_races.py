"""Who comes at the same moment: exactly as many get through as there is room for, on both databases.

`make prove` runs the same trials a thousand times, and `tools/prove_ledger.py` by hand.
"""

from tools.ledger_trials import duels, races

ROUNDS = 33  # each room from 0 to 10 three times


def test_of_two_hundred_purchases_at_once_exactly_those_pass_that_fit_the_limit(database_url: str) -> None:
    tally = races(database_url, ROUNDS, alone_every=11)
    assert tally.faults == []
    # 0 + 1 + … + 10 = 55 a turn.
    assert tally.counts == {"accepted": 3 * 55, "declined": ROUNDS * 200 - 3 * 55}


def test_of_two_that_cannot_both_be_exactly_one_is_done(database_url: str) -> None:
    tally = duels(database_url, ROUNDS)
    assert tally.faults == []
    assert sum(tally.counts.values()) == 3 * ROUNDS
