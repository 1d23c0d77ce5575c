"""Admit client: programs are registered with what they may ask for, prove who they are, and are disabled."""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from carrierbill.domain.access import CLIENT_ID, SCOPES, Client
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.ports import Audit, Once, Unit

MOST_NAME = 100
# What the secret of a client that there is not is compared with, so that it takes as long.
NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class AdmitClient:
    """A client under an id of its own, with its scopes and the keyed hash of its secret; `by` whom.

    `demo` is for the databases that are made as demos alone.
    """

    client_id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: bytes
    by: str = "cli"
    demo: bool = False
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class ClientAdmitted:
    """A client on record."""

    client_id: str


@dataclass(frozen=True, slots=True)
class DisableClient:
    """A client that may ask for nothing any more; its tokens are worth nothing from then on."""

    client_id: str
    by: str = "cli"
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class ClientDisabled:
    """A client that is disabled."""

    client_id: str


def admit_client(commands: Sequence[AdmitClient], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ClientAdmitted, Refused where the id is taken, or a BadInputError."""
    del rules  # whoever is registered may ask
    taken = {client.id for client in unit.peek(Client, id=_ids_in(commands))}

    def decide(command: AdmitClient) -> ClientAdmitted | Refused:
        _check(command)
        if command.client_id in taken:
            return Refused("client.id", Saying("refusal.client_known"))
        taken.add(command.client_id)
        scopes = tuple(scope for scope in SCOPES if scope in command.scopes)
        unit.add(
            Client(
                command.client_id,
                command.name.strip(),
                scopes,
                command.secret_hash,
                registered_at=unit.now,
                demo=command.demo,
            )
        )
        told = {"client": command.client_id, "scopes": list(scopes)}
        unit.audit(Audit(command.by, "client.add", unit.now, details=told))
        return ClientAdmitted(command.client_id)

    return decide_each(commands, unit, decide)


def _check(command: AdmitClient) -> None:
    if not CLIENT_ID.fullmatch(command.client_id):
        raise BadInputError("id", Saying("bad_input.client_id"))
    if not command.name.strip() or len(command.name) > MOST_NAME or not command.name.isprintable():
        raise BadInputError("name", Saying("bad_input.client_name", {"most": MOST_NAME}))
    if not command.scopes or not set(command.scopes) <= set(SCOPES):
        raise BadInputError("scope", Saying("bad_input.scope", {"known": " ".join(SCOPES)}))


def disable_client(commands: Sequence[DisableClient], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's ClientDisabled, once more for one disabled before, or a BadInputError."""
    del rules
    unit.load(Client, id=_ids_in(commands))

    def decide(command: DisableClient) -> ClientDisabled:
        client = unit.get(Client, command.client_id)
        if client is None:
            raise BadInputError("id", Saying("bad_input.client_unknown"))
        if client.is_active:
            unit.put(replace(client, disabled_at=unit.now))
            unit.audit(Audit(command.by, "client.disable", unit.now, details={"client": client.id}))
        return ClientDisabled(client.id)

    return decide_each(commands, unit, decide)


def _ids_in(commands: Iterable[AdmitClient | DisableClient]) -> set[str]:
    """The ids that may be some client's; others are no text that a database would be asked for."""
    return {command.client_id for command in commands if CLIENT_ID.fullmatch(command.client_id)}


def is_proven(client: Client | None, secret_hash: bytes) -> bool:
    """Whether a client that may ask has shown its secret; one that is unknown or disabled takes as long."""
    alike = hmac.compare_digest(NOBODY if client is None else client.secret_hash, secret_hash)
    return client is not None and client.is_active and alike
