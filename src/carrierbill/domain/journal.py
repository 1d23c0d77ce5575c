"""Journal: every event is one balanced entry; nothing is changed, a reversal points at what it reverses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from carrierbill.domain.money import MOST_WON


class UnbalancedError(RuntimeError):
    """An entry that cannot be: it has no posting, or one that moves nothing, too much, or to itself."""


class LedgerAccount(StrEnum):
    """The accounts; which side each stands on and whom it is kept for is policy (`accounts`)."""

    HELD_CLAIMS = "held_claims"
    HELD_PAYABLES = "held_payables"
    UNBILLED_CLAIMS = "unbilled_claims"
    BILLED_CLAIMS = "billed_claims"
    LATE_FEE_CLAIMS = "late_fee_claims"
    LATE_FEE_INCOME = "late_fee_income"
    MERCHANT_PAYABLES = "merchant_payables"
    WITHHELD_PAYABLES = "withheld_payables"
    LINE_CREDIT = "line_credit"
    REFUNDS_PAYABLE = "refunds_payable"
    BANK = "bank"
    FEE_WAIVED = "fee_waived"


@dataclass(frozen=True, slots=True)
class Posting:
    """Won moved from one account (its credit side) to another (its debit side), so it balances by itself.

    The line, merchant and bill say whose part of the accounts moves; None where an account has no such parts.
    """

    debit: LedgerAccount
    credit: LedgerAccount
    won: int
    line_id: int | None = None
    merchant_id: int | None = None
    bill_id: int | None = None

    def reversed(self) -> "Posting":
        """The same won moved back."""
        return replace(self, debit=self.credit, credit=self.debit)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the books: its key (unique for good: `hold/7`), what it is, when, and its postings.

    `reverses` is the key of the entry it undoes. Raises UnbalancedError for postings that cannot be.
    """

    key: str
    what: str
    at: datetime
    postings: tuple[Posting, ...]
    line_id: int | None = None
    reverses: str | None = None

    def __post_init__(self) -> None:
        """Check that every posting moves a possible amount between two accounts."""
        if not self.postings:
            raise UnbalancedError(self.key)
        for posting in self.postings:
            if posting.debit == posting.credit or not 0 < posting.won <= MOST_WON:
                raise UnbalancedError(self.key)

    def reversal(self, key: str, what: str, at: datetime) -> "Entry":
        """The entry that undoes this one whole."""
        undone = tuple(posting.reversed() for posting in self.postings)
        return Entry(key, what, at, undone, line_id=self.line_id, reverses=self.key)


def balances(postings: Iterable[Posting]) -> Mapping[LedgerAccount, int]:
    """Each account's balance in won, debits less credits; all of them add up to zero.

    >>> balances([Posting(LedgerAccount.BANK, LedgerAccount.LINE_CREDIT, 500)])
    {<LedgerAccount.BANK: 'bank'>: 500, <LedgerAccount.LINE_CREDIT: 'line_credit'>: -500}
    """
    sums: dict[LedgerAccount, int] = {}
    for posting in postings:
        sums[posting.debit] = sums.get(posting.debit, 0) + posting.won
        sums[posting.credit] = sums.get(posting.credit, 0) - posting.won
    return sums
