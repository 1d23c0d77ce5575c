"""Consents: what a line's holder agreed to, given and withdrawn."""

from dataclasses import dataclass

from carrierbill.domain.consent import Consent, ConsentPurpose
from carrierbill.services.record_consent import (
    ConsentGiven,
    ConsentWithdrawn,
    GiveConsent,
    WithdrawConsent,
    give_consent,
    withdraw_consent,
)
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import answered, query, settled
from carrierbill.web.own.gate import OPS, READ, WRITE, Gate, why_of
from carrierbill.web.problems import invalid
from carrierbill.web.shapes.own import ConsentTold
from carrierbill.web.shapes.own_asked import NewConsent, asked, not_there


@dataclass(frozen=True)
class Consents:
    """The operations on consents."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """All of them."""
        base, writing = "/lines/{lineId}/consents", frozenset({WRITE, OPS})
        return [
            Operation("listConsents", "GET", base, frozenset({READ, OPS}), self.list),
            Operation("giveConsent", "POST", base, writing, self.give, takes_body=True),
            Operation("withdrawConsent", "DELETE", f"{base}/{{purpose}}", writing, self.withdraw),
        ]

    async def list(self, asking: Asking) -> Answer:
        """The consents that hold: of the asking client; an operator sees all."""
        line = await self.gate.line_to_read(asking, "consents")
        kept = await self.gate.office.read(
            lambda unit: unit.peek(Consent, line_id=[line.id], withdrawn_on=None)
        )
        told = [ConsentTold("purchases", line.consented_on)] if line.consented_on else []
        is_ops = self.gate.is_ops(asking.caller)
        told += [
            ConsentTold("data", consent.given_on, consent.client)
            for consent in kept
            if is_ops or consent.client == asking.caller.client
        ]
        return answered(told)

    async def give(self, asking: Asking) -> Answer:
        """A consent of the holder."""
        body = asked(asking.body, NewConsent)
        client = self._client(asking, body.client_id, "clientId")
        line = await self.gate.line_to_change(asking)
        command = GiveConsent(
            line_id=line.id,
            purpose=ConsentPurpose(body.purpose),
            client=client,
            actor=asking.caller.client,
            by_holder=self.gate.by_holder(asking.caller),
            why=why_of(asking),
            once=asking.once,
        )
        office = self.gate.office
        given = settled(await office.decide(give_consent, command), ConsentGiven, office)
        if isinstance(given, Answer):
            return given
        named = client if command.purpose == ConsentPurpose.DATA else None
        return answered(ConsentTold(body.purpose, given.given_on, named))

    async def withdraw(self, asking: Asking) -> Answer:
        """A consent that ends."""
        purpose = asking.path["purpose"]
        if purpose not in tuple(ConsentPurpose):
            raise not_there()
        client = self._client(asking, query(asking, "clientId"), "clientId")
        line = await self.gate.line_to_change(asking)
        command = WithdrawConsent(
            line_id=line.id,
            purpose=ConsentPurpose(purpose),
            client=client,
            actor=asking.caller.client,
            why=why_of(asking),
            once=asking.once,
        )
        office = self.gate.office
        gone = settled(await office.decide(withdraw_consent, command), ConsentWithdrawn, office)
        return gone if isinstance(gone, Answer) else Answer(204)

    def _client(self, asking: Asking, given: str | None, name: str) -> str:
        """Whom a consent is given to: the asker, or whom an operator names."""
        own = asking.caller.client
        if given is not None and given != own and not self.gate.is_ops(asking.caller):
            raise invalid(name)
        return given or own
