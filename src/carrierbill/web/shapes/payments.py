"""Payments: the fields of CAMARA Carrier Billing 0.5.0, as they are asked and told."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Decoder

from carrierbill.domain.purchase import CATEGORIES, Purchase, PurchaseState
from carrierbill.domain.request import PurchaseRequest
from carrierbill.domain.saying import Saying
from carrierbill.web.shapes.parts import Charge, FaultyFieldError, Name, Number, PhoneNumber, instant

STATUS: Mapping[str, str] = {
    PurchaseState.PROCESSING: "processing",
    PurchaseState.PENDING_VALIDATION: "pending_validation",
    PurchaseState.DENIED: "denied",
    PurchaseState.HELD: "reserved",
    PurchaseState.CONFIRMED: "succeeded",
    PurchaseState.CANCELLED: "cancelled",
    PurchaseState.LAPSED: "cancelled",
}
SINCE, UNTIL, WITH_STATUS = "paymentCreationDate.gte", "paymentCreationDate.lte", "paymentStatus"
MERCHANT_AT = ("paymentAmount", "chargingMetaData", "merchantIdentifier")
# Words of others for our categories; a word that is none of ours narrows nothing.
CATEGORY_WORDS = {word: word for word in CATEGORIES} | {"games": "game"}
TOLD_NAMES = {"resource": "resourceURL", "server_reference_code": "serverReferenceCode"}
# A fee is a percentage of two places.
FEE_STEP = Decimal("0.01")
# Above, a number that JSON holds has no places.
PLACELESS = 10**15


class PaymentItem(Charge, kw_only=True, rename="camel"):
    """One thing that is paid for."""

    id: str


class ChargingMetaData(Struct, kw_only=True, rename="camel"):
    """Who sells what, and where."""

    merchant_name: str | UnsetType = UNSET
    merchant_identifier: str | UnsetType = UNSET
    fee: Number | UnsetType = UNSET
    purchase_category_code: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    service_id: str | UnsetType = UNSET
    product_id: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        """See that the fee has no more places than it may have."""
        if self.fee is not UNSET and abs(self.fee) < PLACELESS and Decimal(repr(self.fee)) % FEE_STEP:
            raise FaultyFieldError(Saying("problem.FEE"))


class PaymentAmount(Struct, kw_only=True, rename="camel"):
    """How much is paid, for whom and for what."""

    charging_information: Charge
    charging_meta_data: ChargingMetaData | UnsetType = UNSET
    payment_details: Annotated[list[PaymentItem], Meta(min_length=1)] | UnsetType = UNSET

    @property
    def merchant(self) -> str | None:
        """The merchant that is named."""
        named = UNSET if self.charging_meta_data is UNSET else self.charging_meta_data.merchant_identifier
        return None if named is UNSET else named

    @property
    def category(self) -> str | None:
        """The category that is named, in our words."""
        meta = self.charging_meta_data
        if meta is UNSET or meta.purchase_category_code is UNSET:
            return None
        return CATEGORY_WORDS.get(meta.purchase_category_code)

    def item_won(self, item_id: str) -> int:
        """What was paid for a thing; nothing for one that was not bought."""
        items = () if self.payment_details is UNSET else self.payment_details
        return sum(item.won for item in items if item.id == item_id)


class AmountAsked(Struct, kw_only=True, rename="camel"):
    """An amount a client asks to be paid."""

    phone_number: PhoneNumber | UnsetType = UNSET
    client_correlator: Name | UnsetType = UNSET
    payment_amount: PaymentAmount
    reference_code: Name


class PaymentAsked(Struct, kw_only=True, rename="camel"):
    """The body of createPayment and preparePayment."""

    amount_transaction: AmountAsked
    sink: str | UnsetType = UNSET
    sink_credential: dict[str, Any] | UnsetType = UNSET


class PhoneNumberAsked(Struct, kw_only=True, rename="camel"):
    """The body of confirmPayment and cancelPayment."""

    phone_number: PhoneNumber | UnsetType = UNSET


class ValidationAsked(Struct, kw_only=True, rename="camel"):
    """The body of validatePayment."""

    authorization_id: str
    code: str


class Validation(Struct, kw_only=True, rename="camel"):
    """What is to be done with a one-time code."""

    authorization_id: str
    action: str = "validate"


class AmountTold(AmountAsked, kw_only=True, rename=TOLD_NAMES):
    """An amount as it is told again, with where it is found."""

    resource: str
    server_reference_code: str


class PaymentTold(Struct, kw_only=True, rename="camel"):
    """A payment as it is told."""

    payment_id: str
    amount_transaction: AmountTold
    payment_status: str
    payment_creation_date: str
    payment_date: str | UnsetType = UNSET
    validation_info: Validation | UnsetType = UNSET
    sink: str | UnsetType = UNSET


ASKED = Decoder(AmountAsked).decode


def amount_told(asked: AmountAsked, number: str, *, payment_id: str, resource: str) -> AmountTold:
    """An amount as it was asked, of a number, as that of a payment; the payment's id is our reference."""
    return AmountTold(
        phone_number=number,
        client_correlator=asked.client_correlator,
        payment_amount=asked.payment_amount,
        reference_code=asked.reference_code,
        resource=resource,
        server_reference_code=payment_id,
    )


def payment_told(
    purchase: Purchase, request: PurchaseRequest, number: str, *, payment_id: str, resource: str
) -> PaymentTold:
    """A payment that is kept, as it is told."""
    charged_at = purchase.confirmed_at
    return PaymentTold(
        payment_id=payment_id,
        amount_transaction=amount_told(
            ASKED(request.asked), number, payment_id=payment_id, resource=resource
        ),
        payment_status=STATUS[purchase.state],
        payment_creation_date=instant(request.asked_at),
        payment_date=UNSET if charged_at is None else instant(charged_at),
        sink=request.sink or UNSET,
    )
