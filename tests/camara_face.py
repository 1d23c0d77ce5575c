"""The CAMARA operations over a database of a test's own: lines as in the demo, a door easy to pass."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any

from httpx2 import Response
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from books import Books
from camara_contract import faults_of
from carrierbill.bootstrap import App, start
from carrierbill.domain.line import DemoPart, Line, LineEffect
from carrierbill.domain.policy import Effect
from carrierbill.domain.purchase import Merchant, RefundTerms
from carrierbill.services.finish_purchase import finish_purchase, steps_due
from carrierbill.services.lapse_holds import holds_run_out, lapse_holds
from carrierbill.services.refund_purchase import finish_refund, refunds_due
from carrierbill.settings import Settings
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.web.api import Api, Caller
from carrierbill.web.camara.payments import BASE, payment_operations
from carrierbill.web.camara.refunds import BASE as REFUND_BASE
from carrierbill.web.camara.refunds import refund_operations
from carrierbill.web.office import Office
from carrierbill.web.problems import ProblemError

SHOP, GAME = "demo-shop", "demo-game"
PAYMENTS = f"{BASE}/payments"
ALL_SCOPES = frozenset(
    {f"carrier-billing:payments:{may}" for may in ("create", "read", "write")}
    | {f"carrier-billing-refund:refunds:{may}" for may in ("create", "read")}
)
GOOD, LATE, CODE, USED_UP, NOT_OFFERED, BLOCKED, FRESH = (f"+8210{place:08d}" for place in range(1, 8))
UNKNOWN = "+821099999999"
CODE_OF_ALL = "000000"


@dataclass
class TestDoor:
    """Lets in whoever says so: `Bearer client`, or `Bearer client|number`; without the scopes in `closed`."""

    __test__ = False

    scopes: frozenset[str] = ALL_SCOPES
    is_busy: bool = False

    async def caller_of(self, request: Request) -> Caller:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise ProblemError("UNAUTHENTICATED")
        client, _, number = token.partition("|")
        return Caller(client, self.scopes, number or None)

    def check_rate(self, caller: Caller) -> None:
        del caller
        if self.is_busy:
            raise ProblemError("TOO_MANY_REQUESTS", headers={"Retry-After": "1"})


@cache
def program() -> App:
    """The joined parts, which no test changes."""
    return start({})


class Face:
    """What a client sees; every answer is held against the contract."""

    def __init__(self, book: Books, **settings: Any) -> None:
        app = program()
        self.book, self.door = book, TestDoor()
        self.commits = GroupCommit(book.db, book.rules)
        self.office = Office(
            replace(app, settings=replace(Settings(), **settings)),
            book.db,
            book.rules,
            self.commits,
            demo=True,
        )
        routes = [
            *Api(BASE, payment_operations(self.office), self.door, app.texts).routes(),
            *Api(REFUND_BASE, refund_operations(self.office), self.door, app.texts).routes(),
        ]
        self.client = TestClient(Starlette(routes=routes))
        self._names = count(1)
        self.lines = _fill(book)

    def close(self) -> None:
        self.client.close()
        self.commits.close()

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────
    def ask(self, method: str, path: str, body: Any = None, **told: Any) -> Response:
        """An answer, which is one that the operation may give; `told`: client, number, key, headers."""
        number = told.get("number")
        token = told.get("client", SHOP) + (f"|{number}" if number else "")
        headers: dict[str, str] = {"authorization": f"Bearer {token}", **told.get("headers", {})}
        if "key" in told:
            headers["idempotency-key"] = told["key"]
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers.setdefault("content-type", "application/json")
        response = self.client.request(
            method, path, content=content, headers=headers, params=told.get("params")
        )
        assert faults_of(method, path, response) == [], response.text
        return response

    def post(self, path: str, body: Any, **told: Any) -> Response:
        return self.ask("POST", path, body, **told)

    def get(self, path: str, **told: Any) -> Response:
        return self.ask("GET", path, **told)

    def name(self) -> str:
        """A name that was not used yet."""
        return f"name-{next(self._names)}"

    def body(self, won: Any = 1_000, number: str | None = GOOD, **more: Any) -> dict[str, Any]:
        """What a payment is asked with; `more` goes beside the amount, or below it as `amount=…`."""
        transaction: dict[str, Any] = {
            "referenceCode": self.name(),
            "paymentAmount": {
                "chargingInformation": {"amount": won, "currency": "KRW", "description": "a thing"},
                **more.pop("amount", {}),
            },
            **more.pop("transaction", {}),
        }
        if number is not None:
            transaction["phoneNumber"] = number
        return {"amountTransaction": transaction, **more}

    def create(self, won: Any = 1_000, number: str | None = GOOD, **more: Any) -> Response:
        told = {name: more.pop(name) for name in ("client", "key") if name in more}
        return self.post(PAYMENTS, self.body(won, number, **more), **told)

    def prepare(self, won: Any = 1_000, number: str | None = GOOD, **more: Any) -> Response:
        told = {name: more.pop(name) for name in ("client", "key") if name in more}
        return self.post(f"{PAYMENTS}/prepare", self.body(won, number, **more), **told)

    def paid(self, won: int = 1_000, number: str = GOOD, **more: Any) -> str:
        """The id of a payment that is made."""
        return str(taken(self.create(won, number, **more), 201)["paymentId"])

    def prepared(self, won: int = 1_000, number: str = GOOD, **more: Any) -> str:
        """The id of a payment that is prepared."""
        return str(taken(self.prepare(won, number, **more), 201)["paymentId"])

    def step(self, payment_id: str, step: str, of: str | None = GOOD, **told: Any) -> Response:
        """Confirm or cancel the payment of a number."""
        body = {} if of is None else {"phoneNumber": of}
        return self.post(f"{PAYMENTS}/{payment_id}/{step}", body, **told)

    def validate(
        self, payment_id: str, authorization_id: str, code: str = CODE_OF_ALL, **told: Any
    ) -> Response:
        body = {"authorizationId": authorization_id, "code": code}
        return self.post(f"{PAYMENTS}/{payment_id}/validate", body, **told)

    def payment(self, payment_id: str, **told: Any) -> dict[str, Any]:
        payment: dict[str, Any] = taken(self.get(f"{PAYMENTS}/{payment_id}", **told), 200)
        return payment

    def status(self, payment_id: str) -> str:
        return str(self.payment(payment_id)["paymentStatus"])

    def refund_body(self, won: Any = None, **more: Any) -> dict[str, Any]:
        """What a refund is asked with: of won, or of all that is left."""
        amount: dict[str, Any] = dict(more.pop("amount", {}))
        if won is not None:
            charge = {"amount": won, "currency": "KRW", "description": "back"}
            amount["chargingInformation"] = charge | amount.get("chargingInformation", {})
        transaction = {"referenceCode": self.name(), "refundAmount": amount, **more.pop("transaction", {})}
        return {"type": "total" if won is None else "partial", "amountTransaction": transaction, **more}

    def refund(self, payment_id: str, won: Any = None, **more: Any) -> Response:
        told = {name: more.pop(name) for name in ("client", "key") if name in more}
        return self.post(refunds_of(payment_id), self.refund_body(won, **more), **told)

    def remaining(self, payment_id: str) -> int:
        return int(taken(self.get(f"{refunds_of(payment_id)}/remaining-amount"), 200)["amount"])

    # ── what happens meanwhile ───────────────────────────────────────────────────────────────────────────
    def later(self, seconds: float = 1) -> None:
        """Let time go by, and have done what is due by then."""
        self.book.clock.by(minutes=seconds / 60)
        for due, service in (
            (steps_due, finish_purchase),
            (refunds_due, finish_refund),
            (holds_run_out, lapse_holds),
        ):
            with self.book.db.unit() as unit:
                commands = due(unit, 100)
            if commands:
                self.book.decide(service, *commands)

    def change_line(self, number: str, **changes: Any) -> None:
        """Change a line behind everybody's back."""
        with self.book.db.unit() as unit:
            (line,) = unit.load(Line, id=[self.lines[number]])
            unit.put(replace(line, **changes))


def refunds_of(payment_id: str) -> str:
    return f"{REFUND_BASE}/payments/{payment_id}/refunds"


def taken(response: Response, status: int) -> Any:
    """The body of an answer with that status."""
    assert response.status_code == status, response.text
    return response.json()


def code_of(response: Response) -> tuple[int, str]:
    """The status and the code of a fault."""
    body = response.json()
    assert body["status"] == response.status_code
    assert body["message"]
    return response.status_code, body["code"]


def _fill(book: Books) -> Mapping[str, int]:
    """The promised lines, the demo's merchants; line ids by number."""
    parts: dict[str, dict[str, Any]] = {
        GOOD: {"monthly_limit_won": 300_000},
        LATE: {},
        CODE: {"demo": DemoPart.NEEDS_CODE},
        USED_UP: {"monthly_limit_won": 0},
        NOT_OFFERED: {"offered": False},
        BLOCKED: {"demo": DemoPart.BLOCKED_ON_THE_WAY},
        FRESH: {},
    }
    lines = {number: book.line(number, **{"demo": DemoPart.EXEMPT, **told}) for number, told in parts.items()}
    late = lines[LATE]
    with book.db.unit() as unit:
        unit.add(
            LineEffect(
                unit.new_id(LineEffect),
                late.id,
                late.holder_id,
                Effect.BLOCK_PURCHASES,
                "late",
                bill_id=1,
                began_on=book.clock.day,
            )
        )
    for client in (SHOP, GAME):
        book.merchant(client, client=client)
    for terms in (RefundTerms.EXCLUDED, RefundTerms.REFUSED, RefundTerms.NEXT_BILL):
        _terms(book, f"demo-{terms}", refund_terms=terms)
    _terms(book, "demo-capped", refund_cap_won=1_000)
    return {number: line.id for number, line in lines.items()}


def _terms(book: Books, identifier: str, **terms: Any) -> None:
    merchant = book.merchant(identifier, client=SHOP)
    with book.db.unit() as unit:
        (kept,) = unit.load(Merchant, id=[merchant.id])
        unit.put(replace(kept, **terms))


def by_merchant(identifier: str) -> dict[str, Any]:
    """What names a merchant, below the amount."""
    return {"chargingMetaData": {"merchantIdentifier": identifier}}
