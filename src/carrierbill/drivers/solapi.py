"""SOLAPI: its HTTP interface, each request signed anew; what goes wrong is told without what was sent."""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import httpx2

SEND, LIST = "/messages/v4/send-many/detail", "/messages/v4/list"
TIMEOUT = httpx2.Timeout(30, connect=10)
PAGE = 50
ERROR_CODE = re.compile(r"[A-Za-z]{1,40}")
Message = Mapping[str, Any]
# Its own log tells addresses, and numbers are in them.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class NotTakenError(Exception):
    """A request was not taken, or nobody knows whether it was; says why, and nothing of what was sent."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose requests they are, and where they go."""

    key: str
    secret: str = field(repr=False)
    url: str


def real_now() -> datetime:
    """The real instant: a signature is refused when its date is off, whatever day a book is worked by."""
    return datetime.now(tz=UTC)


def signed(account: Account, at: datetime, salt: str) -> str:
    """The header of a request of an instant; a salt is used once.

    >>> signed(Account("K", "S", ""), datetime(2026, 3, 2, tzinfo=UTC), "salt")[:50]
    'HMAC-SHA256 apiKey=K, date=2026-03-02T00:00:00.000'
    """
    date = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    signature = hmac.new(account.secret.encode(), f"{date}{salt}".encode(), hashlib.sha256).hexdigest()
    return f"HMAC-SHA256 apiKey={account.key}, date={date}, salt={salt}, signature={signature}"


class Solapi:
    """Sends messages and tells what has become of them."""

    def __init__(self, account: Account, clock: Callable[[], datetime] = real_now) -> None:
        """Know the account; nothing is connected yet."""
        self._account, self._clock = account, clock

    def send(self, messages: Sequence[Message]) -> list[Message]:
        """Hand over; the messages it took, each with `messageId`, `statusCode` and our `customFields`."""
        # One holder may be told several things at a time, which it would take for repetitions.
        body = {"messages": list(messages), "allowDuplicates": True, "showMessageList": True}
        taken = self._asked("POST", SEND, json=body).get("messageList")
        return [each for each in taken if isinstance(each, dict)] if isinstance(taken, list) else []

    def sent_to(self, number: str, since: datetime) -> Iterator[Message]:
        """All messages to a number since an instant, also those nobody remembers having sent."""
        asked = {"to": number, "startDate": since.astimezone(UTC).isoformat(), "limit": str(PAGE)}
        while True:
            page = self._asked("GET", LIST, params=asked)
            yield from _listed(page)
            following = page.get("nextKey")
            if not following:
                return
            asked = {**asked, "startKey": str(following)}

    def of_ids(self, message_ids: Sequence[str]) -> Iterator[Message]:
        """The messages of these ids, as far as they are known there."""
        left = iter(message_ids)
        while ids := list(islice(left, PAGE)):
            asked = {f"messageIds[{at}]": message_id for at, message_id in enumerate(ids)}
            yield from _listed(self._asked("GET", LIST, params={**asked, "limit": str(PAGE)}))

    def _asked(self, method: str, path: str, **what: Any) -> Mapping[str, Any]:  # noqa: ANN401  # handed on to the client
        header = signed(self._account, self._clock(), secrets.token_hex(16))
        try:
            with httpx2.Client(base_url=self._account.url, timeout=TIMEOUT) as client:
                answer = client.request(method, path, headers={"Authorization": header}, **what)
            document = answer.json()
        except ValueError:
            raise NotTakenError(f"{answer.status_code}, not JSON") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # What the error says may hold the address, and so a number.
            raise NotTakenError(type(error).__name__) from None
        if not answer.is_success or not isinstance(document, dict):
            raise NotTakenError(f"{answer.status_code} {_code_in(document)}".strip())
        return document


def _code_in(document: object) -> str:
    """The code of an error, if that is all it is."""
    code = document.get("errorCode") if isinstance(document, dict) else None
    return code if isinstance(code, str) and ERROR_CODE.fullmatch(code) else ""


def _listed(page: Mapping[str, Any]) -> list[Message]:
    found = page.get("messageList")
    listed = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [each for each in listed if isinstance(each, dict)]
