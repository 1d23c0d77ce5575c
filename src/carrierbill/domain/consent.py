"""Consent: what a holder agreed to on a line: that it buys, or that a client asks about it by itself."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ConsentPurpose(StrEnum):
    """What is consented to; that the line may buy is kept with the line itself."""

    PURCHASES = "purchases"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Consent:
    """A holder's consent that a client reads and changes what is known of a line without them.

    `withdrawn_on` is the day it ended; given anew, the same record begins again.
    """

    line_id: int
    client: str
    holder_id: int
    given_on: date
    withdrawn_on: date | None = None

    @property
    def holds(self) -> bool:
        """Whether it was not withdrawn."""
        return self.withdrawn_on is None
