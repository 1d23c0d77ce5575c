"""Eligibility: whether a line could buy something now; a stranger learns nothing, and nothing is written."""

from dataclasses import dataclass

from carrierbill.domain.limits import Declined
from carrierbill.services.authorise_purchase import Authorise
from carrierbill.services.check_eligibility import check_eligibility
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered
from carrierbill.web.own.gate import READ, Gate
from carrierbill.web.own.lines import number_of
from carrierbill.web.problems import ProblemError
from carrierbill.web.shapes.own import EligibilityTold
from carrierbill.web.shapes.own_asked import Wish, asked


@dataclass(frozen=True)
class Eligible:
    """The one operation on it."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """The one there is."""
        scopes = frozenset({READ})
        return [
            Operation("checkEligibility", "POST", "/eligibility", scopes, self.check, takes_body=True),
        ]

    async def check(self, asking: Asking) -> Answer:
        """Allowed, or the first reason against it; an unknown line and one not known to the client alike."""
        body, office, caller = asked(asking.body, Wish), self.gate.office, asking.caller
        wish = Authorise(
            client=caller.client,
            number=number_of(asking, body.phone_number),
            won=body.amount_won,
            merchant=body.merchant_identifier,
            category=body.category,
        )
        found = await office.read(
            lambda unit: check_eligibility(wish, unit, office.rules, by_holder=caller.number is not None)
        )
        if found is None:
            raise ProblemError("IDENTIFIER_NOT_FOUND")
        return answered(self._told(found.declined))

    def _told(self, declined: Declined | None) -> EligibilityTold:
        if declined is None:
            return EligibilityTold(allowed=True)
        both = self.gate.office.app.texts.both
        return EligibilityTold(
            allowed=False,
            reason=str(declined.reason),
            rule=declined.rule,
            told=both(declined.told),
            lifted_by=both(declined.lifted_by) if declined.lifted_by else None,
        )
