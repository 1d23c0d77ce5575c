"""Finding: what a client may see of payments: its own, and of a token for one number those of its line."""

from msgspec import UNSET, UnsetType

from carrierbill.storage.listing import Kept, kept_purchase, line_of_number
from carrierbill.storage.sql import Session
from carrierbill.web.api import Asking, Caller
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError

# Nothing is of it.
NO_LINE = -1


def number_for(caller: Caller, given: str | UnsetType) -> str:
    """The number that is meant: the token's, or the one given; never both, never none."""
    if caller.number is not None:
        if given is not UNSET:
            raise ProblemError("UNNECESSARY_IDENTIFIER")
        return caller.number
    if given is UNSET:
        raise ProblemError("MISSING_IDENTIFIER")
    return given


def line_of_caller(session: Session, office: Office, caller: Caller) -> int | None:
    """The line that the caller's token is for (NO_LINE if it is none here); None for a token of no number."""
    if caller.number is None:
        return None
    found = line_of_number(session, office.database.keys, caller.number)
    return NO_LINE if found is None else found[0]


def payment_seen(session: Session, office: Office, asking: Asking) -> Kept:
    """The payment of the address; ProblemError NOT_FOUND where the caller has none of that id."""
    return of_line(own_payment(session, office, asking), line_of_caller(session, office, asking.caller))


def own_payment(session: Session, office: Office, asking: Asking) -> Kept | None:
    """The payment of the address if it is the client's, of whatever line."""
    number = office.ids.number(asking.path["paymentId"], "payment")
    kept = kept_purchase(session, number) if number is not None else None
    return kept if kept is not None and kept.request.client == asking.caller.client else None


def of_line(kept: Kept | None, line_id: int | None) -> Kept:
    """The payment, if there is one, and that of the line where one is told; else ProblemError NOT_FOUND."""
    if kept is None or line_id not in (None, kept.purchase.line_id):
        raise ProblemError("NOT_FOUND")
    return kept
