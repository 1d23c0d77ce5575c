"""The shipped rule sets, read once, and a bill made from plain facts."""

from collections.abc import Iterable
from datetime import date

from carrierbill.bootstrap import start
from carrierbill.domain.bill import Bill, Repayment

APP = start({})
RULE_SETS = {name: APP.rules(name) for name in APP.shelf.names}


def a_bill(
    carrier: str = "SKT",
    principal_won: int = 50_000,
    due_on: date = date(2025, 9, 30),
    *,
    repaid: Iterable[tuple[date, int]] = (),
    welfare: bool = False,
) -> Bill:
    return Bill(carrier, principal_won, due_on, tuple(Repayment(on, won) for on, won in repaid), welfare)
