"""Faults: what a rule refuses, in the codes that CAMARA's files give the operations."""

from collections.abc import Mapping
from typing import Any

from carrierbill.domain.errors import SayableError
from carrierbill.domain.limits import Declined, Reason
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused
from carrierbill.web.api import checked
from carrierbill.web.problems import ProblemError, invalid

PAYMENT, REFUND = "CARRIER_BILLING", "CARRIER_BILLING_REFUND"
# The amount alone, whatever else was bought; and what it comes to with all that was bought before.
TOO_MUCH = frozenset({Reason.ABOVE_CAP, Reason.ABOVE_PURCHASE_LIMIT})
OVER_LIMIT = frozenset({Reason.DAILY_LIMIT, Reason.CATEGORY_LIMIT, Reason.MONTHLY_LIMIT, Reason.CARRIER_CAP})
# The word and the status that each refusal of a service has, by its rule or, of one rule, by its sentence.
Codes = Mapping[str, tuple[str, int]]
CONFIRM_CODES: Codes = {
    "refusal.confirm_confirmed": ("PAYMENT_CONFIRMED", 409),
    "refusal.confirm_cancelled": ("PAYMENT_CANCELLED", 409),
    "refusal.confirm_lapsed": ("PAYMENT_CANCELLED", 409),
}
CANCEL_CODES: Codes = {
    "refusal.cancel_confirmed": ("PAYMENT_CONFIRMED", 409),
    "refusal.cancel_cancelled": ("PAYMENT_CANCELLED", 409),
    "refusal.cancel_lapsed": ("PAYMENT_CANCELLED", 409),
    "refusal.cancel_denied": ("PAYMENT_CANCELLED", 409),
}
VALIDATE_CODES: Codes = {
    "authorisation.code": ("INVALID_CODE", 400),
    "validate_wrong": ("INVALID_CODE", 400),
    "purchase.state": ("INVALID_AUTHORIZATION_ID", 400),
}
REFUND_CODES: Codes = {
    "purchase.state": ("INVALID_PAYMENT_STATUS", 422),
    "refund.total": ("PAYMENT_NOT_ELIGIBLE_FOR_REFUND", 403),
    "refund.remaining": ("UNAUTHORIZED_AMOUNT", 422),
    "merchant.refunds_excluded": ("PAYMENT_NOT_ELIGIBLE_FOR_REFUND", 403),
    "merchant.refunds_refused": ("REFUND_DENIED", 403),
    "merchant.refund_cap": ("USER_AMOUNT_THRESHOLD_OVERPASSED", 422),
}


def fault(of: str, word: str, status: int, *, told: Saying | None = None) -> ProblemError:
    """A problem of one of the two interfaces."""
    return ProblemError(f"{of}.{word}", told, status)


def taken(outcome: Any, asked: str) -> Any:  # noqa: ANN401  # of any service
    """The outcome of a request that was taken; ProblemError where it cannot be, or its names were used.

    A purchase that is not there is told before it is asked for; `asked` is what else may be wrong.
    """
    outcome = checked(outcome)
    if isinstance(outcome, SayableError):
        raise invalid(asked, outcome.reason)
    if isinstance(outcome, Refused) and outcome.rule == "request.correlator":
        raise ProblemError("INVALID_ARGUMENT", outcome.told)
    if isinstance(outcome, Refused) and outcome.rule == "request.reference":
        raise ProblemError("ALREADY_EXISTS", outcome.told)
    return outcome


def declined(decline: Declined, *, one_step: bool) -> ProblemError:
    """Why a payment is not made, as far as it is a seller's business.

    What a holder owes or has used of their limits is told to the holder, and to nobody who asks for money.
    """
    if decline.reason == Reason.LINE_UNKNOWN:
        return ProblemError("IDENTIFIER_NOT_FOUND")
    if decline.reason == Reason.NOT_OFFERED:
        return ProblemError("SERVICE_NOT_APPLICABLE")
    if decline.reason in TOO_MUCH:
        return fault(PAYMENT, "UNAUTHORIZED_AMOUNT", 422)
    if decline.reason in OVER_LIMIT:
        return fault(PAYMENT, "USER_AMOUNT_THRESHOLD_OVERPASSED", 422)
    needs_code = decline.reason == Reason.IDENTITY_CHECK and one_step
    return fault(PAYMENT, "PAYMENT_DENIED", 403, told=Saying("problem.NEEDS_CODE") if needs_code else None)


def not_confirmed(refused: Refused) -> ProblemError:
    """Why a payment is not confirmed."""
    if refused.rule == "line.offered":
        return ProblemError("SERVICE_NOT_APPLICABLE")
    if refused.rule == "authorisation.hold":
        return fault(PAYMENT, "PAYMENT_CANCELLED", 409, told=refused.told)
    if refused.rule != "purchase.state":
        return fault(PAYMENT, "PAYMENT_DENIED", 403)
    word, status = CONFIRM_CODES.get(refused.told.key, ("PAYMENT_DENIED", 403))
    return fault(PAYMENT, word, status, told=None if word == "PAYMENT_CONFIRMED" else refused.told)


def not_cancelled(refused: Refused) -> ProblemError:
    """Why a payment is not cancelled; of one that is being confirmed or cancelled that is asked already."""
    if refused.told.key not in CANCEL_CODES:
        return ProblemError("ALREADY_EXISTS", refused.told)
    word, status = CANCEL_CODES[refused.told.key]
    return fault(PAYMENT, word, status)


def not_validated(refused: Refused) -> ProblemError:
    """Why a payment is not validated; a rule against it, once the code was right, has denied it."""
    if refused.rule == "validate_done":
        return ProblemError("ALREADY_EXISTS", refused.told)
    if refused.rule == "validate_failed":
        return fault(PAYMENT, "VALIDATION_FAILED", 400)
    if refused.rule not in VALIDATE_CODES:
        return fault(PAYMENT, "VALIDATION_FAILED", 400, told=Saying("problem.PAYMENT_DENIED"))
    word, status = VALIDATE_CODES[refused.rule]
    return fault(PAYMENT, word, status, told=refused.told if word == "INVALID_CODE" else None)


def not_refunded(refused: Refused) -> ProblemError:
    """Why a refund is not given."""
    word, status = REFUND_CODES.get(refused.rule, ("REFUND_DENIED", 403))
    return fault(REFUND, word, status, told=refused.told)
