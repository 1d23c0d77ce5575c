"""Overload: what is more than can be answered soon is refused at once, so that the rest is answered."""

import uuid
from asyncio import timeout
from collections.abc import Callable, Sequence
from math import ceil
from time import monotonic

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carrierbill.domain.saying import Saying
from carrierbill.texts.load import Texts
from carrierbill.web.api import CHANGING, CORRELATOR, CORRELATOR_SHAPE, JSON
from carrierbill.web.body import MOST_BYTES, MOST_WAIT_S
from carrierbill.web.problems import ProblemError, invalid, problem_body

# How many requests are worked on at a time; the widest batch that shares a commit is as wide.
MOST = 1_024
# Up to so many are taken however slow they are: few slow ones say nothing of the next.
FEW = 64
MOST_EXPECTED_S = 1.0
WINDOW_S = 0.25
# A client that is told to come back much later is lost, one that is told nothing comes back at once.
LONGEST_RETRY_S = 30
CLOSES = (b"connection", b"close")


class Load:
    """How many requests are being answered, and how fast that went of late.

    The speed is known only from times when there was enough to do all along: what a server did that had
    nothing to do says nothing of what it can do.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Nothing is under way yet."""
        self.in_flight = 0
        self._clock = clock
        self._began, self._done, self._least = clock(), 0, 0
        self._a_second: float | None = None

    def begin(self) -> None:
        """One more is under way."""
        self.in_flight += 1

    def end(self) -> None:
        """One is answered."""
        self.in_flight -= 1
        self._done += 1
        self._least = min(self._least, self.in_flight)

    @property
    def expected_s(self) -> float:
        """How long one more would have to wait for those before it, as far as that can be told."""
        self._look()
        if not self._a_second:
            return 0
        return self.in_flight / self._a_second

    @property
    def is_too_much(self) -> bool:
        """Whether one more had better come back later."""
        if self.in_flight < FEW:
            return False
        return self.in_flight >= MOST or self.expected_s > MOST_EXPECTED_S

    @property
    def retry_after_s(self) -> int:
        """When one that is refused may come back."""
        return min(max(ceil(self.expected_s), 1), LONGEST_RETRY_S)

    def _look(self) -> None:
        now = self._clock()
        took = now - self._began
        if took < WINDOW_S:
            return
        fresh = self._done / took
        if self._least < FEW:
            self._a_second = None
        else:
            self._a_second = fresh if self._a_second is None else (self._a_second + fresh) / 2
        self._began, self._done, self._least = now, 0, self.in_flight


class Overload:
    """Lets requests to the interfaces through while there is room; pages, health and documents always.

    A request has its place from when its body is there: nobody takes up room by sending slowly.
    """

    def __init__(
        self, app: ASGIApp, bases: Sequence[str], *, texts: Texts, load: Load, refused: Callable[[], None]
    ) -> None:
        """Guard the program inside at addresses below these bases; `refused` is told of each refusal."""
        self.app, self.load = app, load
        self._bases = tuple(f"{base}/" for base in bases)
        self._refused = refused
        too_many, too_slow = ProblemError("TOO_MANY_REQUESTS"), invalid("body", Saying("problem.TOO_SLOW"))
        self._too_many = problem_body(too_many, texts.say("en", too_many.saying))
        self._too_slow = problem_body(too_slow, texts.say("en", too_slow.saying))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the program inside does, or refuse."""
        if scope["type"] != "http" or not scope["path"].startswith(self._bases):
            await self.app(scope, receive, send)
            return
        if self.load.is_too_much:
            await self._refuse(scope, send)
        elif scope["method"] in CHANGING:
            await self._with_body(scope, receive, send)
        else:
            await self._worked_on(scope, receive, send)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            receive = await arrived(receive)
        except TimeoutError:
            await answer(scope, send, status=400, body=self._too_slow)
            return
        # Others may have come while this one was sending.
        if self.load.is_too_much:
            await self._refuse(scope, send)
        else:
            await self._worked_on(scope, receive, send)

    async def _worked_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.load.begin()
        try:
            await self.app(scope, receive, send)
        finally:
            self.load.end()

    async def _refuse(self, scope: Scope, send: Send) -> None:
        self._refused()
        after = str(self.load.retry_after_s).encode()
        await answer(scope, send, status=429, body=self._too_many, header=(b"retry-after", after))


async def arrived(receive: Receive) -> Receive:
    """A way to receive once more what has arrived: the whole body, or more of it than is ever read.

    TimeoutError where it does not come in time.
    """
    messages: list[Message] = []
    size, more = 0, True
    async with timeout(MOST_WAIT_S):
        while more and size <= MOST_BYTES:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
    left = iter(messages)

    async def again() -> Message:
        for message in left:
            return message
        return await receive()

    return again


async def answer(
    scope: Scope,
    send: Send,
    *,
    status: int,
    body: bytes,
    header: tuple[bytes, bytes] = (b"connection", b"close"),
) -> None:
    """An answer in the shape of the interfaces, with the request's correlator."""
    given = Headers(scope=scope).get(CORRELATOR, "")
    correlator = given if given and CORRELATOR_SHAPE.fullmatch(given) else str(uuid.uuid4())
    headers = [
        (b"content-type", JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (CORRELATOR.encode(), correlator.encode()),
        header,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
