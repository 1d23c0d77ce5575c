"""Objection: a charge the holder disputes; the seller's payment is withheld until it is answered."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from carrierbill.domain.journal import Entry, LedgerAccount, Posting


class ObjectionState(StrEnum):
    """Whether an objection is answered, and how."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Objection:
    """A disputed purchase: when filed, why, until when to be answered, what is withheld; its answer."""

    id: int
    purchase_id: int
    line_id: int
    holder_id: int
    merchant_id: int | None
    filed_on: date
    answer_due_on: date
    withheld_won: int
    reason: str
    state: ObjectionState = ObjectionState.OPEN
    answered_on: date | None = None
    answer: str = ""

    def withholding(self, at: datetime) -> Entry:
        """The entry that withholds the seller's money; the answer reverses it."""
        posting = Posting(
            LedgerAccount.MERCHANT_PAYABLES,
            LedgerAccount.WITHHELD_PAYABLES,
            self.withheld_won,
            line_id=self.line_id,
            merchant_id=self.merchant_id,
        )
        return Entry(f"withhold/{self.id}", "withhold", at, (posting,), line_id=self.line_id)
