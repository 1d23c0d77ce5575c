"""Own money: what our own interface answers of bills, repayments, objections, reliefs and settlements."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from carrierbill.web.shapes.own import Told


class ItemTold(Told):
    """A row of a bill: a purchase, a fee carried from another bill, or a credit taken off."""

    kind: str
    won: int
    month: str
    payment_id: str | None = None
    charged_at: datetime | None = None
    merchant: str | None = None
    description: str | None = None
    from_bill_id: str | None = None


class CountedTold(Told):
    """Won that were counted against a bill."""

    won: int
    received_on: date
    cause: str
    repayment_id: str | None = None
    payment_id: str | None = None


class FeeTold(Told):
    """The late fee of a bill in the books."""

    booked_won: int
    waived_won: int
    repaid_won: int
    open_won: int
    carried_won: int
    through_on: date | None = None


class BillTold(Told):
    """A bill: what it asked for, and what is still owed of it today."""

    bill_id: str
    line_id: str
    month: str
    issued_on: date
    due_on: date
    principal_won: int
    carried_fee_won: int
    credit_won: int
    asked_won: int
    unpaid_won: int
    fee: FeeTold
    settled_on: date | None = None
    closed_on: date | None = None


class BillExplained(Told):
    """A bill with every won of it: its rows, what was counted, and how the fee of today comes about."""

    bill: BillTold
    items: Sequence[ItemTold]
    counted: Sequence[CountedTold]
    late_fee: Mapping[str, Any]


class RepaidTold(Told):
    """Money that was received, and what became of it."""

    repayment_id: str
    line_id: str
    won: int
    received_on: date
    principal_won: int
    fee_won: int
    credit_won: int
    bill_id: str | None = None
    reference: str | None = None


class RepaymentTold(Told):
    """Money that was received from a line."""

    repayment_id: str
    won: int
    received_on: date
    bill_id: str | None = None
    reference: str | None = None


class ObjectionTold(Told):
    """An objection as it stands."""

    objection_id: str
    line_id: str
    payment_id: str
    state: str
    filed_on: date
    answer_due_on: date
    withheld_won: int
    reason: str
    answered_on: date | None = None
    answer: str | None = None


class ObjectionFiled(Told):
    """An objection that was filed."""

    objection_id: str
    payment_id: str
    answer_due_on: date
    withheld_won: int


class ObjectionAnswered(Told):
    """An objection that was answered; whether it gave something back."""

    objection_id: str
    state: str
    refunded: bool


class ReliefTold(Told):
    """A relief as it stands."""

    relief_id: str
    line_id: str
    kind: str
    state: str
    asked_on: date
    waived_won: int
    bill_id: str | None = None
    months: int | None = None
    part_won: int | None = None
    first_due_on: date | None = None
    decided_on: date | None = None
    ended_on: date | None = None


class ReliefMade(Told):
    """A relief that was asked for and waits for its decision."""

    relief_id: str
    kind: str


class ReliefDecided(Told):
    """A decided relief, and what of a late fee it waived."""

    relief_id: str
    state: str
    waived_won: int


class RefundTold(Told):
    """Value given back; with the id it has in the refund interface where it was asked for there."""

    payment_id: str
    refunded_on: date
    won: int
    cancelled_won: int
    credited_won: int
    paid_back_won: int
    cause: str
    refund_id: str | None = None


class SettlementTold(Told):
    """What a merchant was paid."""

    settlement_id: str
    client_id: str
    merchant_identifier: str
    through_on: date
    settled_on: date
    purchases_won: int
    refunds_won: int
    carried_won: int
    won: int
