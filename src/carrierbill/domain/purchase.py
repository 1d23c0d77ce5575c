"""Purchase: one charge to the phone bill, held, confirmed, billed; or cancelled, lapsed, refunded."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from carrierbill.domain.copies import changed, maker_of
from carrierbill.domain.dates import month_of, seoul_day
from carrierbill.domain.journal import Entry, LedgerAccount, Posting

# What merchants may be registered for, the strictest last: a request may only move towards the end.
CATEGORIES = ("goods", "transport", "content", "game", "voucher")


def stricter(category: str, other: str) -> str:
    """The stricter of two categories.

    >>> stricter("goods", "voucher")
    'voucher'
    """
    return max(category, other, key=CATEGORIES.index)


class PurchaseState(StrEnum):
    """Where a purchase stands; `billed` and `refunded` show in `bill_id` and `refunded_won`.

    One that is `processing` has its amount held, and what was asked for is done a little later.
    """

    PENDING_VALIDATION = "pending_validation"
    PROCESSING = "processing"
    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    DENIED = "denied"


make_posting, make_entry = maker_of(Posting), maker_of(Entry)

# States in which an amount is taken from the limit and nothing is charged.
HOLDING = (PurchaseState.HELD, PurchaseState.PROCESSING)


class RefundTerms(StrEnum):
    """How a merchant gives refunds: as asked, not at all by what was agreed, none now, on the next bill."""

    GRANTED = "granted"
    EXCLUDED = "excluded"
    REFUSED = "refused"
    NEXT_BILL = "next_bill"


@dataclass(frozen=True, slots=True)
class Merchant:
    """A seller of a client under its registered category; name and contact are what the charge notice tells.

    The client's own seller bears the client's name as its identifier. `refund_cap_won` is the most it gives
    back to one line in a calendar month (None: no bound).
    """

    id: int
    client: str
    identifier: str
    name: str
    contact: str
    category: str
    active: bool = True
    refund_terms: RefundTerms = RefundTerms.GRANTED
    refund_cap_won: int | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase of a line; `month` is the one whose limits it uses, `billed_month` the one it is billed for.

    `billed_month` is set when confirmed; what a gateway reports late keeps its own month in `reported_month`.
    `cancelled_won` is what of the refunds never reaches a bill. `taken_on` is the day whose limit it uses,
    where that is not the day it was asked for.
    """

    id: int
    line_id: int
    holder_id: int
    merchant_id: int | None
    client: str
    category: str
    won: int
    description: str
    state: PurchaseState
    created_at: datetime
    month: date
    expires_at: datetime | None = None
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    billed_month: date | None = None
    reported_month: date | None = None
    bill_id: int | None = None
    settlement_id: int | None = None
    refunded_won: int = 0
    cancelled_won: int = 0
    paid_back_won: int = 0
    taken_on: date | None = None

    @property
    def billable_won(self) -> int:
        """What is asked for on its bill: what comes back later does so as a credit or as money."""
        return self.won - self.cancelled_won

    @property
    def own_month(self) -> date:
        """The month a confirmed purchase is marked with on its bill."""
        return self.reported_month or self.billed_month or self.month

    @property
    def left_won(self) -> int:
        """What is not refunded yet."""
        return self.won - self.refunded_won

    def _postings(self, debit: LedgerAccount, credit: LedgerAccount, won: int) -> tuple[Posting, ...]:
        return (make_posting(debit, credit, won, self.line_id, self.merchant_id),)

    @property
    def holding(self) -> Entry:
        """The pending entry of the hold."""
        postings = self._postings(LedgerAccount.HELD_CLAIMS, LedgerAccount.HELD_PAYABLES, self.won)
        return make_entry(f"hold/{self.id}", "hold", self.created_at, postings, self.line_id)  # type: ignore[no-any-return]  # made by a twin of the class

    def held(self, at: datetime, minutes: int) -> "Purchase":
        """The purchase with its amount held until that many minutes from now."""
        return changed(self, state=PurchaseState.HELD, expires_at=at + timedelta(minutes=minutes))

    def released(self, state: PurchaseState, at: datetime) -> tuple["Purchase", Entry]:
        """A held purchase that comes to nothing, and the entry that voids its hold."""
        void = self.holding.reversal(f"void/{self.id}", str(state), at)
        return changed(self, state=state, ended_at=at, expires_at=None), void

    def confirmed(self, at: datetime) -> tuple["Purchase", Entry]:
        """A purchase that is charged, and the entry that posts its hold, if it was held."""
        charged = self._postings(LedgerAccount.UNBILLED_CLAIMS, LedgerAccount.MERCHANT_PAYABLES, self.won)
        hold = self.holding if self.state in HOLDING else None
        released = tuple(posting.reversed() for posting in hold.postings) if hold else ()
        entry = Entry(
            f"confirm/{self.id}",
            "confirm",
            at,
            (*released, *charged),
            line_id=self.line_id,
            reverses=hold.key if hold else None,
        )
        after = changed(
            self,
            state=PurchaseState.CONFIRMED,
            confirmed_at=at,
            expires_at=None,
            billed_month=month_of(seoul_day(at)),
        )
        return after, entry


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """A one-time code for a purchase: its keyed hash, tries left, until when it is good, how often sent."""

    purchase_id: int
    line_id: int
    code_hash: bytes
    tries_left: int
    expires_at: datetime
    passed_at: datetime | None = None
    sent: int = 1


@dataclass(frozen=True, slots=True)
class Refund:
    """Value given back for a purchase: cancelled before its bill, credited, or paid back in money.

    `won` is the three together; `settlement_id` is the settlement in which the merchant bore it.
    """

    id: int
    purchase_id: int
    line_id: int
    holder_id: int
    merchant_id: int | None
    refunded_on: date
    won: int
    cancelled_won: int
    credited_won: int
    paid_back_won: int
    cause: str
    settlement_id: int | None = None
