"""Refunds: asking for refunds and looking them up, by CAMARA Carrier Billing Refund 0.3.0."""

from dataclasses import replace

from msgspec import UNSET

from carrierbill.domain.purchase import PurchaseState
from carrierbill.domain.request import Ask, RefundRequest, RequestState
from carrierbill.services.refund_purchase import Refunded, RefundPurchase, RefundPutOff, refund_purchase
from carrierbill.storage.listing import (
    Kept,
    count_refunds,
    kept_refund,
    list_refunds,
    won_under_way,
)
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.camara.faults import REFUND, fault, not_refunded, taken
from carrierbill.web.camara.finding import payment_seen
from carrierbill.web.camara.lists import ListNames, check_matching, list_answer, list_asked
from carrierbill.web.camara.sinks import sink_of
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError
from carrierbill.web.shapes import refunds as shapes
from carrierbill.web.shapes.parts import ENCODE, instant, kept_text
from carrierbill.web.shapes.payments import ASKED, PaymentAmount
from carrierbill.web.shapes.refunds import PartialRefund, RefundAsked, RefundTold, RemainingTold

BASE = "/carrier-billing-refund/v0.3"
CREATING = frozenset({"carrier-billing-refund:refunds:create"})
READING = frozenset({"carrier-billing-refund:refunds:read"})
LIST = ListNames(
    REFUND,
    since=shapes.SINCE,
    until=shapes.UNTIL,
    status=shapes.WITH_STATUS,
    statuses=shapes.STATUS,
    merchant_at=shapes.MERCHANT_AT,
)


def refund_operations(office: Office) -> list[Operation]:
    """The operations on refunds; a fixed address stands before one with an id in the same place."""
    refunds = Refunds(office)
    all_of = "/payments/{paymentId}/refunds"
    return [
        Operation("createRefund", "POST", all_of, CREATING, refunds.create, takes_body=True),
        Operation("retrieveRefunds", "GET", all_of, READING, refunds.page),
        Operation(
            "retrievePaymentRemainingAmount", "GET", f"{all_of}/remaining-amount", READING, refunds.remaining
        ),
        Operation("retrieveRefund", "GET", f"{all_of}/{{refundId}}", READING, refunds.one),
    ]


class Refunds:
    """The handlers."""

    def __init__(self, office: Office) -> None:
        """Keep the parts they work with."""
        self._office = office

    async def create(self, asking: Asking) -> Answer:
        """Give back a part of a payment, or all that is left."""
        office = self._office
        body = shapes.read_refund(asking.body)
        ask = self._ask(asking, body)
        kept = await self._seen(asking)
        if isinstance(body, PartialRefund):
            _check_fits(body, ASKED(kept.request.asked).payment_amount)
            won = body.amount_transaction.refund_amount.charging_information.won
        else:
            won = None
        command = RefundPurchase(
            asking.caller.client, kept.purchase.id, won, ask=ask, later_s=office.later_s, once=asking.once
        )
        outcome = taken(await office.decide(refund_purchase, command), "amountTransaction")
        if not isinstance(outcome, (Refunded, RefundPutOff)):
            raise not_refunded(outcome)
        return self._told(outcome, body, sink=ask.sink)

    def _ask(self, asking: Asking, body: RefundAsked) -> Ask:
        """What is kept of a request; from now on the body has no sink."""
        asked, client = body.amount_transaction, asking.caller.client
        sink, credential = sink_of(
            self._office, body.sink, body.sink_credential, bound=f"{client}/{asked.reference_code}"
        )
        body.sink = body.sink_credential = UNSET
        correlator = None if asked.client_correlator is UNSET else asked.client_correlator
        return Ask(asked.reference_code, correlator, kept_text(body), sink, credential)

    def _told(self, made: Refunded | RefundPutOff, body: RefundAsked, *, sink: str) -> Answer:
        """What is told of a refund that was taken; from nothing but what was asked and decided."""
        if made.request_id is None or made.at is None:
            raise LookupError(made.purchase_id)
        is_given, at = isinstance(made, Refunded), instant(made.at)
        state = RequestState.SUCCEEDED if is_given else RequestState.PROCESSING
        refund_id = self._office.ids.told(made.request_id, "refund")
        told = shapes.refund_told(body, refund_id, shapes.STATUS[state], created=at)
        told.refund_date = at if is_given else UNSET
        told.sink = sink or UNSET
        return Answer(201, ENCODE(told))

    async def one(self, asking: Asking) -> Answer:
        """One refund of a payment."""

        def found(session: Session) -> RefundRequest:
            kept = payment_seen(session, self._office, asking)
            number = self._office.ids.number(asking.path["refundId"], "refund")
            request = kept_refund(session, number) if number is not None else None
            if request is None or request.purchase_id != kept.purchase.id:
                raise ProblemError("NOT_FOUND")
            return request

        return Answer(200, ENCODE(self._kept(await self._office.look(found))))

    async def page(self, asking: Asking) -> Answer:
        """A page of the refunds of a payment, the latest first unless asked otherwise."""
        asked = list_asked(asking, LIST)

        def found(session: Session) -> tuple[int, list[RefundRequest]]:
            kept = payment_seen(session, self._office, asking)
            wanted = replace(asked.wanted, purchase_id=kept.purchase.id)
            total = count_refunds(session, wanted)
            check_matching(total, asked, LIST, most=self._office.app.settings.max_matching)
            return total, list_refunds(session, wanted, skip=asked.skip, most=asked.per_page)

        total, requests = await self._office.look(found)
        return list_answer(ENCODE([self._kept(request) for request in requests]), total, asked)

    async def remaining(self, asking: Asking) -> Answer:
        """What of a payment can still be asked back; nothing of one that is not charged."""

        def found(session: Session) -> RemainingTold:
            kept = payment_seen(session, self._office, asking)
            purchase, paid = kept.purchase, ASKED(kept.request.asked).payment_amount
            left_won = purchase.left_won - won_under_way(session, purchase.id)
            is_charged = purchase.state == PurchaseState.CONFIRMED
            return RemainingTold(
                amount=left_won if is_charged else 0, is_tax_included=paid.charging_information.with_tax
            )

        return Answer(200, ENCODE(await self._office.look(found)))

    async def _seen(self, asking: Asking) -> Kept:
        return await self._office.look(lambda session: payment_seen(session, self._office, asking))

    def _kept(self, request: RefundRequest) -> RefundTold:
        """A refund that is kept, as it is told."""
        return shapes.refund_kept(request, refund_id=self._office.ids.told(request.id, "refund"))


def _check_fits(body: PartialRefund, paid: PaymentAmount) -> None:
    """ProblemError where a refund is taxed in another way than its payment, or of things not in it.

    What a payment was asked with never changes, so that asking again is answered the same.
    """
    amount = body.amount_transaction.refund_amount
    if amount.charging_information.with_tax != paid.charging_information.with_tax:
        raise fault(REFUND, "TAXES_MANAGEMENT_MISMATCH", 422)
    if not amount.fits(paid):
        raise fault(REFUND, "REFUND_DETAILS_MISMATCH", 422)
