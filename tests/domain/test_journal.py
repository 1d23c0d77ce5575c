"""An entry that cannot be is not made, and a reversal undoes its entry whole and says so."""

from datetime import UTC, datetime

import pytest

from carrierbill.domain.journal import Entry, LedgerAccount, Posting, UnbalancedError, balances
from carrierbill.domain.money import MOST_WON

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
BANK, CREDIT = LedgerAccount.BANK, LedgerAccount.LINE_CREDIT


def entry(*postings: Posting) -> Entry:
    return Entry("repayment/9", "repayment", AT, postings, line_id=1)


def test_an_entry_without_a_posting_is_none() -> None:
    with pytest.raises(UnbalancedError, match="repayment/9"):
        entry()


@pytest.mark.parametrize("won", [-1, 0, MOST_WON + 1])
def test_a_posting_moves_at_least_a_won_and_at_most_what_may_be(won: int) -> None:
    with pytest.raises(UnbalancedError, match="repayment/9"):
        entry(Posting(BANK, CREDIT, 500), Posting(BANK, CREDIT, won))


@pytest.mark.parametrize("won", [1, MOST_WON])
def test_the_bounds_themselves_may_be(won: int) -> None:
    assert balances(entry(Posting(BANK, CREDIT, won)).postings) == {BANK: won, CREDIT: -won}


def test_a_posting_to_its_own_account_moves_nothing() -> None:
    with pytest.raises(UnbalancedError, match="repayment/9"):
        entry(Posting(BANK, BANK, 500))


def test_a_reversal_undoes_an_entry_whole_and_points_at_it() -> None:
    booked = entry(
        Posting(BANK, CREDIT, 500, line_id=1),
        Posting(BANK, LedgerAccount.BILLED_CLAIMS, 300, line_id=1, bill_id=7),
    )
    undone = booked.reversal("void/9", "void", AT)
    assert (undone.key, undone.reverses, undone.line_id) == ("void/9", "repayment/9", 1)
    assert undone.postings == (
        Posting(CREDIT, BANK, 500, line_id=1),
        Posting(LedgerAccount.BILLED_CLAIMS, BANK, 300, line_id=1, bill_id=7),
    )
    assert set(balances((*booked.postings, *undone.postings)).values()) == {0}
