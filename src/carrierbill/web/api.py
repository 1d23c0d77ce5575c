"""API: what every operation of an interface has in common: who asks, how often, what is sent, asked again."""

import hashlib
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec import DecodeError
from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from carrierbill.domain.errors import SayableError
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import KeyReusedError
from carrierbill.services.ports import Once
from carrierbill.storage.records import json_text
from carrierbill.texts.load import Texts
from carrierbill.web.body import MOST_BYTES, read_body
from carrierbill.web.problems import ProblemError, invalid, problem_body

logger = logging.getLogger(__name__)
JSON = "application/json"
CORRELATOR = "x-correlator"
CORRELATOR_SHAPE = re.compile(r"[a-zA-Z0-9\-_:;./<>{}]{0,256}")
KEY = "idempotency-key"
PURPOSE = "x-purpose"
KEY_SHAPE = re.compile(r"[!-~]{1,255}")
DECODE = Decoder().decode
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a client, what its token allows, and the one number that the token is bound to, if any."""

    client: str
    scopes: frozenset[str]
    number: str | None = None


class Door(Protocol):
    """Lets requests in."""

    async def caller_of(self, request: Request) -> Caller:
        """Who asks, by the access token; ProblemError UNAUTHENTICATED where there is no valid one."""
        ...

    def check_rate(self, caller: Caller) -> None:
        """ProblemError TOO_MANY_REQUESTS, with Retry-After, for a client that asks too often."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that was let in: who, the parts of its address, its body, and its name for good."""

    caller: Caller
    operation: str
    path: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    body: Any
    correlator: str
    once: Once | None
    # What the caller says it asks for; an operator has to.
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a status, a body (bytes of JSON, or nothing), headers besides the usual."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Asking], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an interface, bound to its id there; one of the scopes is needed."""

    id: str
    method: str
    path: str
    scopes: frozenset[str]
    handler: Handler
    takes_body: bool = False


@dataclass(frozen=True)
class Api:
    """The operations of one interface under its base address, each named by its id there."""

    base: str
    operations: Sequence[Operation]
    door: Door
    texts: Texts
    _running: set[tuple[str, str, str]] = field(default_factory=set)

    def routes(self) -> list[Route]:
        """A route for each address, with all its methods; a method that is not taken is told which are."""
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in self.operations:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        every = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        known = [
            Route(self.base + path, self._at(by_method), methods=every) for path, by_method in by_path.items()
        ]
        return [*known, Route(f"{self.base}/{{rest:path}}", self._at({}), methods=every)]

    def _at(self, by_method: Mapping[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            return await self.answer(request, by_method.get(request.method), sorted(by_method))

        return answered

    async def answer(
        self, request: Request, operation: Operation | None, allowed: Sequence[str] = ()
    ) -> Response:
        """The answer to a request, whatever becomes of it; every one bears the correlator."""
        given = request.headers.get(CORRELATOR)
        correlator = given if given and CORRELATOR_SHAPE.fullmatch(given) else str(uuid.uuid4())
        try:
            answer = await self._answered(request, operation or _not_taken(allowed), correlator)
        except ProblemError as problem:
            answer = self.told(problem)
        except Exception:
            logger.exception("an operation failed; correlator %s", correlator)
            answer = self.told(ProblemError("INTERNAL"))
        headers = {CORRELATOR: correlator, **answer.headers}
        return Response(answer.body, answer.status, headers, media_type=JSON if answer.body else None)

    def told(self, problem: ProblemError) -> Answer:
        """A problem as an answer."""
        message = self.texts.say("en", problem.saying)
        return Answer(problem.status, problem_body(problem, message), problem.headers)

    async def _answered(self, request: Request, operation: Operation, correlator: str) -> Answer:
        caller = await self.door.caller_of(request)
        if not caller.scopes & operation.scopes:
            raise ProblemError("PERMISSION_DENIED")
        self.door.check_rate(caller)
        given = request.headers.get(CORRELATOR, "")
        if not CORRELATOR_SHAPE.fullmatch(given):
            raise invalid(CORRELATOR)
        sent = await read_body(request) if operation.method in CHANGING else b""
        body = decoded(request, sent) if operation.takes_body else None
        once = self._once(request, operation, caller, sent=sent if body is None else json_text(body).encode())
        asking = Asking(
            caller,
            operation.id,
            request.path_params,
            request.query_params.multi_items(),
            body,
            correlator,
            once,
            request.headers.get(PURPOSE),
        )
        if once is None:
            return await _handled(operation, asking)
        name = (once.client, once.operation, once.key)
        if name in self._running:
            raise ProblemError("ALREADY_EXISTS", Saying("problem.STILL_RUNNING"))
        self._running.add(name)
        try:
            return await _handled(operation, asking)
        finally:
            self._running.discard(name)

    def _once(self, request: Request, operation: Operation, caller: Caller, *, sent: bytes) -> Once | None:
        """The name under which what is decided is remembered; the same one with anything else is refused."""
        key = request.headers.get(KEY)
        if key is None or operation.method not in CHANGING:
            return None
        if not KEY_SHAPE.fullmatch(key):
            raise invalid("Idempotency-Key")
        whole = "\0".join((request.url.path, caller.number or "")).encode() + b"\0" + sent
        return Once(caller.client, operation.id, key, hashlib.sha256(whole).hexdigest())


def _not_taken(allowed: Sequence[str]) -> Operation:
    """What answers a method that an address does not take."""
    headers = {"Allow": ", ".join(allowed)}
    raise ProblemError("METHOD_NOT_ALLOWED" if allowed else "NOT_FOUND", headers=headers if allowed else {})


async def _handled(operation: Operation, asking: Asking) -> Answer:
    try:
        return await operation.handler(asking)
    except SayableError as error:
        raise invalid("request", error.reason) from error


def checked(outcome: Any) -> Any:  # noqa: ANN401  # of any service
    """An outcome of a service; ProblemError where its key was used for another request."""
    if isinstance(outcome, KeyReusedError):
        raise ProblemError("IDEMPOTENCY_KEY_REUSED")
    return outcome


def decoded(request: Request, sent: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    """The body as JSON; ProblemError for another kind, too much of it, or what is no JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise invalid("Content-Type", Saying("problem.CONTENT_TYPE"))
    if len(sent) > MOST_BYTES:
        raise invalid("body", Saying("problem.BODY_TOO_LONG"))
    try:
        return DECODE(sent)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("body", Saying("problem.NO_JSON")) from None
