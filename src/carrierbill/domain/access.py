"""Access: clients of the network face, what each may ask for, and what an access token says."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# What CAMARA's files name, then our own; a client is registered for some of them.
CAMARA_SCOPES = (
    "carrier-billing:payments:create",
    "carrier-billing:payments:read",
    "carrier-billing:payments:write",
    "carrier-billing-refund:refunds:create",
    "carrier-billing-refund:refunds:read",
)
OWN_SCOPES = (
    "carrierbill:lines:read",
    "carrierbill:lines:write",
    "carrierbill:repayments:write",
    "carrierbill:ops",
)
SCOPES = (*CAMARA_SCOPES, *OWN_SCOPES)
CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask: its name, its scopes, and the keyed hash of its secret.

    One with `demo` exists in the databases that were made as demos alone: its secret is known to everybody.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: bytes
    registered_at: datetime
    disabled_at: datetime | None = None
    demo: bool = False

    @property
    def is_active(self) -> bool:
        """Whether it may ask at all."""
        return self.disabled_at is None

    def may_have(self, scopes: Iterable[str]) -> bool:
        """Whether it was registered with all of these scopes."""
        return set(scopes) <= set(self.scopes)


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token says: who asks, for what, until when, and the one number it is bound to, if any.

    `until_s` counts whole seconds since 1970; from that very second on the token is no longer good.
    """

    client: str
    scopes: frozenset[str]
    until_s: int
    number: str | None = None


def scopes_in(text: str) -> tuple[str, ...]:
    """The scopes of a text that has blanks between them, each once.

    >>> scopes_in(" b a  b ")
    ('b', 'a')
    """
    return tuple(dict.fromkeys(scope for scope in text.split(" ") if scope))


def access_in(claims: Mapping[str, Any], now_s: int) -> Access | None:
    """What the claims of a token allow now; None where they do not say who, for what or until when.

    The client is `client_id`, else `azp`. There is no leeway: a token ends with the second of its `exp` and
    begins with that of its `nbf`. A number that its provider says it has not verified is worth nothing.
    """
    client = claims.get("client_id", claims.get("azp"))
    scope, number = claims.get("scope"), claims.get("phone_number")
    until_s, from_s = _instant(claims.get("exp")), _instant(claims.get("nbf", 0))
    if not isinstance(client, str) or not client or not isinstance(scope, str):
        return None
    if until_s is None or from_s is None or not from_s <= now_s < until_s:
        return None
    if number is not None and (not isinstance(number, str) or not number):
        return None
    if number is not None and claims.get("phone_number_verified", True) is not True:
        return None
    return Access(client, frozenset(scopes_in(scope)), until_s, number)


def _instant(claim: object) -> int | None:
    # To Python a truth value is a whole number.
    return claim if isinstance(claim, int) and not isinstance(claim, bool) else None
