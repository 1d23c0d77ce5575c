"""Second step: validating, confirming and cancelling payments that were prepared."""

from carrierbill.services.cancel_purchase import Cancel, Cancelled, cancel_purchase
from carrierbill.services.confirm_purchase import Confirm, Confirmed, confirm_purchase
from carrierbill.services.validate_purchase import Validate, Validated, validate_purchase
from carrierbill.storage.listing import Kept, line_of_number
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking
from carrierbill.web.camara.faults import PAYMENT, fault, not_cancelled, not_confirmed, not_validated, taken
from carrierbill.web.camara.finding import number_for, of_line, own_payment, payment_seen
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError
from carrierbill.web.shapes.parts import read
from carrierbill.web.shapes.payments import PhoneNumberAsked, ValidationAsked

# An accepted step has no body, nor has a right code.
ACCEPTED, VALIDATED = Answer(202), Answer(204)


class SecondStep:
    """The handlers of what is done with a payment that was prepared."""

    def __init__(self, office: Office) -> None:
        """Keep the parts they work with."""
        self._office = office

    async def validate(self, asking: Asking) -> Answer:
        """Try a one-time code."""
        body = read(ValidationAsked, asking.body)
        kept = await self._office.look(lambda session: payment_seen(session, self._office, asking))
        purchase_id = kept.purchase.id
        if self._office.ids.number(body.authorization_id, "authorization") != purchase_id:
            raise fault(PAYMENT, "INVALID_AUTHORIZATION_ID", 400)
        code_hash = self._office.codes.hash_of(purchase_id, body.code)
        command = Validate(asking.caller.client, purchase_id, code_hash, once=asking.once)
        outcome = taken(await self._office.decide(validate_purchase, command), "code")
        if isinstance(outcome, Validated):
            return VALIDATED
        raise not_validated(outcome)

    async def confirm(self, asking: Asking) -> Answer:
        """Charge what is held."""
        kept = await self._of_number(asking)
        command = Confirm(
            asking.caller.client, kept.purchase.id, later_s=self._office.later_s, once=asking.once
        )
        outcome = taken(await self._office.decide(confirm_purchase, command), "paymentId")
        if isinstance(outcome, Confirmed):
            return ACCEPTED
        raise not_confirmed(outcome)

    async def cancel(self, asking: Asking) -> Answer:
        """Give up what is held or waited for."""
        kept = await self._of_number(asking)
        command = Cancel(
            asking.caller.client, kept.purchase.id, later_s=self._office.later_s, once=asking.once
        )
        outcome = taken(await self._office.decide(cancel_purchase, command), "paymentId")
        if isinstance(outcome, Cancelled):
            return ACCEPTED
        raise not_cancelled(outcome)

    async def _of_number(self, asking: Asking) -> Kept:
        """The payment of the address, of the number that is meant."""
        number = number_for(asking.caller, read(PhoneNumberAsked, asking.body).phone_number)

        def found(session: Session) -> Kept:
            line = line_of_number(session, self._office.database.keys, number)
            if line is None:
                raise ProblemError("IDENTIFIER_NOT_FOUND")
            line_id, offered = line
            kept = own_payment(session, self._office, asking)
            is_of_line = kept is not None and kept.purchase.line_id == line_id
            if not is_of_line and not offered:
                raise ProblemError("SERVICE_NOT_APPLICABLE")
            return of_line(kept, line_id)

        return await self._office.look(found)
