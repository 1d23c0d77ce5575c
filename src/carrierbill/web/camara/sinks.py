"""Sinks: where a client wants to be told, checked as it is sent, and what it wants to see there, sealed."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from carrierbill.drivers.webhooks import check_sink
from carrierbill.settings import Settings
from carrierbill.storage.records import json_text
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError, invalid
from carrierbill.web.shapes.parts import read_instant

# An address of printable letters without those that no address holds, and not endless.
ADDRESS = re.compile(r"https://[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]{1,2000}")
TOKEN = re.compile(r"[!-~]{1,8192}")
SUPPORTED = "ACCESSTOKEN"
BEARER = "bearer"


def sink_fault(url: str, settings: Settings) -> str | None:
    """What is wrong with an address for events, in a word; None where it will do.

    Where a name leads to is looked at when events are sent.

    >>> [sink_fault(f"https://{rest}", Settings()) for rest in ("a.example/b?c", "u:p@a.example", "10.0.0.1")]
    [None, 'userinfo', 'host']
    """
    return check_sink(url, private=settings.sink_private) if ADDRESS.fullmatch(url) else "url"


def sink_of(
    office: Office,
    sink: str | UnsetType,
    credential: Mapping[str, Any] | UnsetType,
    *,
    bound: str,
) -> tuple[str, bytes | None]:
    """The sink of a request, empty where there is none, and its credential, sealed.

    ProblemError INVALID_SINK, INVALID_CREDENTIAL or INVALID_TOKEN, whatever is wrong first in this order.
    """
    if sink is not UNSET and sink_fault(sink, office.app.settings) is not None:
        raise ProblemError("INVALID_SINK")
    if credential is UNSET:
        return ("" if sink is UNSET else sink), None
    token = _token_in(credential)
    if sink is UNSET:
        return "", None
    return sink, office.vault.seal(json_text(token), bound)


def _token_in(credential: Mapping[str, Any]) -> dict[str, str]:
    """The access token and when it ends."""
    kind = credential.get("credentialType")
    if not isinstance(kind, str):
        raise invalid("sinkCredential.credentialType")
    if kind != SUPPORTED:
        raise ProblemError("INVALID_CREDENTIAL")
    token, ends = credential.get("accessToken"), credential.get("accessTokenExpiresUtc")
    is_bearer = credential.get("accessTokenType") == BEARER
    if not is_bearer or not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise ProblemError("INVALID_TOKEN")
    until = read_instant(ends) if isinstance(ends, str) else None
    if until is None:
        raise ProblemError("INVALID_TOKEN")
    return {"token": token, "expires_at": until.isoformat()}
