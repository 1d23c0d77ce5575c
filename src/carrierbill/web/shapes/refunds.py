"""Refunds: the fields of CAMARA Carrier Billing Refund 0.3.0, as they are asked and told."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Decoder

from carrierbill.domain.request import RefundRequest, RequestState
from carrierbill.web.shapes.parts import CURRENCY, Charge, Name, instant, read
from carrierbill.web.shapes.payments import PaymentAmount

STATUS: Mapping[str, str] = {
    RequestState.PROCESSING: "processing",
    RequestState.SUCCEEDED: "succeeded",
    RequestState.DENIED: "denied",
}
SINCE, UNTIL, WITH_STATUS = "refundCreationDate.gte", "refundCreationDate.lte", "refundStatus"
MERCHANT_AT = ("amountTransaction", "refundAmount", "chargingMetaData", "merchantIdentifier")


class RefundItem(Charge, kw_only=True, rename="camel"):
    """What is given back of one thing that was paid for."""

    payment_item_id: str


class RefundMetaData(Struct, kw_only=True, rename="camel"):
    """Who gives it back."""

    merchant_identifier: str | UnsetType = UNSET


class TotalAmount(Struct, kw_only=True, rename="camel"):
    """All that is left, given back."""

    charging_meta_data: RefundMetaData | UnsetType = UNSET


class PartialAmount(Struct, kw_only=True, rename="camel"):
    """A part given back, and of what."""

    charging_information: Charge
    charging_meta_data: RefundMetaData | UnsetType = UNSET
    refund_details: Annotated[list[RefundItem], Meta(min_length=1)] | UnsetType = UNSET

    def fits(self, paid: PaymentAmount) -> bool:
        """Whether all that is given back was paid for, and none of it with more than its price."""
        items = () if self.refund_details is UNSET else self.refund_details
        back: dict[str, int] = {}
        for item in items:
            back[item.payment_item_id] = back.get(item.payment_item_id, 0) + item.won
        return all(won <= paid.item_won(item_id) for item_id, won in back.items())


class TotalTransaction(Struct, kw_only=True, rename="camel"):
    """The names of a total refund, and who gives it."""

    client_correlator: Name | UnsetType = UNSET
    refund_amount: TotalAmount
    reference_code: Name


class PartialTransaction(Struct, kw_only=True, rename="camel"):
    """The names of a partial refund, and its amount."""

    client_correlator: Name | UnsetType = UNSET
    refund_amount: PartialAmount
    reference_code: Name


class TotalRefund(Struct, kw_only=True, rename="camel", tag_field="type", tag="total"):
    """The body of createRefund for all that is left."""

    amount_transaction: TotalTransaction
    reason: str | UnsetType = UNSET
    sink: str | UnsetType = UNSET
    sink_credential: dict[str, Any] | UnsetType = UNSET


class PartialRefund(Struct, kw_only=True, rename="camel", tag_field="type", tag="partial"):
    """The body of createRefund for a part."""

    amount_transaction: PartialTransaction
    reason: str | UnsetType = UNSET
    sink: str | UnsetType = UNSET
    sink_credential: dict[str, Any] | UnsetType = UNSET


RefundAsked = TotalRefund | PartialRefund


class RefundTold(Struct, kw_only=True, rename="camel"):
    """A refund as it is told."""

    refund_id: str
    refund_status: str
    type: str
    refund_creation_date: str
    refund_date: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    sink: str | UnsetType = UNSET
    amount_transaction: TotalTransaction | PartialTransaction


class RemainingTold(Struct, kw_only=True, rename="camel"):
    """What of a payment can still be given back."""

    amount: int
    currency: str = CURRENCY
    is_tax_included: bool


ASKED = Decoder(RefundAsked).decode


def read_refund(body: Any) -> RefundAsked:  # noqa: ANN401  # whatever JSON holds
    """A body as a refund of either kind; ProblemError names the first field that does not fit."""
    asked: RefundAsked = read(RefundAsked, body)  # type: ignore[arg-type]  # one of the two, by its type
    return asked


def refund_kept(request: RefundRequest, *, refund_id: str) -> RefundTold:
    """A refund that is kept, as it is told."""
    told = refund_told(
        ASKED(request.asked), refund_id, STATUS[request.state], created=instant(request.asked_at)
    )
    if request.state == RequestState.SUCCEEDED and request.done_at is not None:
        told.refund_date = instant(request.done_at)
    told.sink = request.sink or UNSET
    return told


def refund_told(asked: RefundAsked, refund_id: str, status: str, *, created: str) -> RefundTold:
    """A refund as it was asked, as it is told."""
    return RefundTold(
        refund_id=refund_id,
        refund_status=status,
        type="total" if isinstance(asked, TotalRefund) else "partial",
        refund_creation_date=created,
        reason=asked.reason,
        sink=asked.sink,
        amount_transaction=asked.amount_transaction,
    )
