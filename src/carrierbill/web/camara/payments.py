"""Payments: making, preparing and looking up payments of CAMARA Carrier Billing 0.5.0."""

from dataclasses import replace

from msgspec import UNSET

from carrierbill.domain.limits import Declined
from carrierbill.domain.purchase import PurchaseState
from carrierbill.domain.request import Ask
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.holding import Authorised
from carrierbill.storage.listing import Kept, count_purchases, list_purchases, numbers_of
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.camara.faults import PAYMENT, declined, fault, taken
from carrierbill.web.camara.finding import line_of_caller, number_for, payment_seen
from carrierbill.web.camara.lists import ListNames, check_matching, list_answer, list_asked
from carrierbill.web.camara.second_step import SecondStep
from carrierbill.web.camara.sinks import sink_of
from carrierbill.web.office import Office
from carrierbill.web.shapes import payments as shapes
from carrierbill.web.shapes.parts import ENCODE, instant, kept_text, read
from carrierbill.web.shapes.payments import AmountAsked, PaymentAsked, PaymentTold, Validation

BASE = "/carrier-billing/v0.5"
CREATING = frozenset({"carrier-billing:payments:create"})
READING = frozenset({"carrier-billing:payments:read"})
WRITING = frozenset({"carrier-billing:payments:write"})
LIST = ListNames(
    PAYMENT,
    since=shapes.SINCE,
    until=shapes.UNTIL,
    status=shapes.WITH_STATUS,
    statuses=shapes.STATUS,
    merchant_at=shapes.MERCHANT_AT,
)


def payment_operations(office: Office) -> list[Operation]:
    """The operations on payments; a fixed address stands before one with an id in the same place."""
    payments, second = Payments(office), SecondStep(office)
    one = "/payments/{paymentId}"
    return [
        Operation("createPayment", "POST", "/payments", CREATING, payments.create, takes_body=True),
        Operation("retrievePayments", "GET", "/payments", READING, payments.page),
        Operation("preparePayment", "POST", "/payments/prepare", CREATING, payments.prepare, takes_body=True),
        Operation("retrievePayment", "GET", one, READING, payments.one),
        Operation("validatePayment", "POST", f"{one}/validate", WRITING, second.validate, takes_body=True),
        Operation("confirmPayment", "POST", f"{one}/confirm", WRITING, second.confirm, takes_body=True),
        Operation("cancelPayment", "POST", f"{one}/cancel", WRITING, second.cancel, takes_body=True),
    ]


class Payments:
    """The handlers of what makes payments and looks them up."""

    def __init__(self, office: Office) -> None:
        """Keep the parts they work with."""
        self._office = office

    async def create(self, asking: Asking) -> Answer:
        """Charge an amount in one step."""
        return await self._made(asking, one_step=True)

    async def prepare(self, asking: Asking) -> Answer:
        """Hold an amount, to be confirmed or cancelled, perhaps after a one-time code."""
        return await self._made(asking, one_step=False)

    async def _made(self, asking: Asking, *, one_step: bool) -> Answer:
        office = self._office
        body = read(PaymentAsked, asking.body)
        asked = body.amount_transaction
        ask, number = self._ask(asking, body)
        money = asked.payment_amount
        command = Authorise(
            asking.caller.client,
            number,
            money.charging_information.won,
            merchant=money.merchant,
            category=money.category,
            description=money.charging_information.description,
            one_step=one_step,
            ask=ask,
            later_s=office.later_s,
            codes=None if one_step else office.codes,
            once=asking.once,
        )
        outcome = taken(await office.decide(authorise_purchase, command), "amountTransaction")
        if isinstance(outcome, Authorised):
            return self._told(outcome, asked, number, sink=ask.sink)
        if isinstance(outcome, Declined):
            raise declined(outcome, one_step=one_step)
        # By no rule in force on the day nothing is charged.
        raise fault(PAYMENT, "PAYMENT_DENIED", 403)

    def _ask(self, asking: Asking, body: PaymentAsked) -> tuple[Ask, str]:
        """What is kept of a request, which is all but the number; and the number."""
        asked = body.amount_transaction
        reference, client = asked.reference_code, asking.caller.client
        given, asked.phone_number = asked.phone_number, UNSET
        text = kept_text(asked)
        sink, credential = sink_of(
            self._office, body.sink, body.sink_credential, bound=f"{client}/{reference}"
        )
        number = number_for(asking.caller, given)
        correlator = None if asked.client_correlator is UNSET else asked.client_correlator
        return Ask(reference, correlator, text, sink, credential), number

    def _told(self, made: Authorised, asked: AmountAsked, number: str, *, sink: str) -> Answer:
        """What is told of a payment that was made; from nothing but what was asked and decided."""
        payment_id = self._office.ids.told(made.purchase_id, "payment")
        resource = address_of(payment_id)
        state = PurchaseState(made.state)
        created = instant(made.at) if made.at is not None else ""
        told = PaymentTold(
            payment_id=payment_id,
            amount_transaction=shapes.amount_told(asked, number, payment_id=payment_id, resource=resource),
            payment_status=shapes.STATUS[state],
            payment_creation_date=created,
            payment_date=created if state == PurchaseState.CONFIRMED else UNSET,
            sink=sink or UNSET,
        )
        if state == PurchaseState.PENDING_VALIDATION:
            told.validation_info = Validation(
                authorization_id=self._office.ids.told(made.purchase_id, "authorization")
            )
        return Answer(201, ENCODE(told), {"Location": resource})

    async def one(self, asking: Asking) -> Answer:
        """One payment."""

        def found(session: Session) -> PaymentTold:
            kept = payment_seen(session, self._office, asking)
            return self._kept(session, [kept])[0]

        return Answer(200, ENCODE(await self._office.look(found)))

    async def page(self, asking: Asking) -> Answer:
        """A page of payments, the latest first unless asked otherwise."""
        asked = list_asked(asking, LIST)

        def found(session: Session) -> tuple[int, list[PaymentTold]]:
            line_id = line_of_caller(session, self._office, asking.caller)
            wanted = replace(asked.wanted, line_id=line_id)
            total = count_purchases(session, wanted)
            check_matching(total, asked, LIST, most=self._office.app.settings.max_matching)
            kept = list_purchases(session, wanted, skip=asked.skip, most=asked.per_page)
            return total, self._kept(session, kept)

        total, told = await self._office.look(found)
        return list_answer(ENCODE(told), total, asked)

    def _kept(self, session: Session, kept: list[Kept]) -> list[PaymentTold]:
        """Payments that are kept, as they are told."""
        line_ids = {each.purchase.line_id for each in kept}
        numbers = numbers_of(session, self._office.database.keys, line_ids)
        told = []
        for each in kept:
            payment_id = self._office.ids.told(each.purchase.id, "payment")
            told.append(
                shapes.payment_told(
                    each.purchase,
                    each.request,
                    numbers[each.purchase.line_id],
                    payment_id=payment_id,
                    resource=address_of(payment_id),
                )
            )
        return told


def address_of(payment_id: str) -> str:
    """Where a payment is found."""
    return f"{BASE}/payments/{payment_id}"
