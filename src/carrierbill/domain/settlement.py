"""Settlement: what a merchant is paid for the purchases of a period, less what was refunded."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment to a merchant for all purchases confirmed up to `through_on` and not settled before.

    `won` is purchases less refunds; a negative rest is carried to the next one in `carried_won`. A merchant's
    settlements have `place` 1, 2, 3 …: what one carries is taken off by the next alone.
    """

    id: int
    merchant_id: int
    place: int
    through_on: date
    settled_on: date
    purchases_won: int
    refunds_won: int
    carried_won: int
    won: int
