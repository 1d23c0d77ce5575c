"""Table: every operation of our own interface, as its contract lists them."""

from collections.abc import Mapping
from dataclasses import replace

from carrierbill.web.api import Answer, Asking, Handler, Operation
from carrierbill.web.office import Office
from carrierbill.web.own.bills import Bills
from carrierbill.web.own.consents import Consents
from carrierbill.web.own.eligibility import Eligible
from carrierbill.web.own.events import Events
from carrierbill.web.own.gate import Gate
from carrierbill.web.own.holds import Holds
from carrierbill.web.own.lines import Lines
from carrierbill.web.own.notices import Notices
from carrierbill.web.own.objections import Objections
from carrierbill.web.own.refunds import Refunds
from carrierbill.web.own.reliefs import Reliefs
from carrierbill.web.own.repayments import Repayments
from carrierbill.web.own.settlements import Settlements
from carrierbill.web.own.steps import Steps
from carrierbill.web.problems import invalid

BASE = "/carrierbill/v1"
PAGES = frozenset({"page", "perPage", "order"})
# What may stand in the query of an operation; a filter that is misspelt would else keep everything.
QUERIES: Mapping[str, frozenset[str]] = {
    "listLines": PAGES | {"status"},
    "listHolds": PAGES | {"paymentStatus"},
    "listBills": PAGES,
    "listRepayments": PAGES,
    "listLineObjections": PAGES,
    "listObjections": PAGES | {"state"},
    "listReliefs": PAGES,
    "listNotices": PAGES | {"state"},
    "listRefunds": PAGES,
    "listSettlements": PAGES,
    "listEvents": PAGES | {"state"},
    "getBillOutlook": frozenset({"from", "days"}),
    "withdrawConsent": frozenset({"clientId"}),
}


def own_operations(office: Office) -> list[Operation]:
    """All operations, bound to what they work with."""
    gate = Gate(office)
    nouns = (
        Lines(gate),
        Consents(gate),
        Eligible(gate),
        Holds(gate),
        Bills(gate),
        Repayments(gate),
        Objections(gate),
        Reliefs(gate),
        Notices(gate),
        Refunds(gate),
        Settlements(gate),
        Events(gate),
        Steps(gate),
    )
    return [
        replace(operation, handler=_strict(operation)) for noun in nouns for operation in noun.operations()
    ]


def _strict(operation: Operation) -> Handler:
    """How it is answered where nothing but its own parameters is given."""
    known, handler = QUERIES.get(operation.id, frozenset()), operation.handler

    async def answered(asking: Asking) -> Answer:
        for name, _ in asking.query:
            if name not in known:
                raise invalid(name or "query")
        return await handler(asking)

    return answered
