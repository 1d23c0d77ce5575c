"""Gateway: what a payment gateway says of itself, the arrears it holds against lines."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class GatewayArrears:
    """What a line owes a gateway by the gateway's own books; `reference` names it there for good.

    It is known and shown; it blocks nothing here, since the gateway refuses its own purchases itself.
    """

    id: int
    client: str
    reference: str
    line_id: int
    holder_id: int
    won: int
    due_on: date
    marked_on: date
    cleared_on: date | None = None
