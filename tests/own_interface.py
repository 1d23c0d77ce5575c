"""Our own interface to try: a door with made-up tokens, a scene, answers held to the contract."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import httpx2
import jsonschema_rs
import yaml
from starlette.applications import Starlette
from starlette.requests import Request

from books import Books
from carrierbill.domain.arrangement import ArrangementKind
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.consent import Consent
from carrierbill.domain.line import Line
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.request import Ask, ClientEvent, EventState
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.grant_relief import AskRelief, ask_relief
from carrierbill.services.handle_objection import FileObjection, file_objection
from carrierbill.storage.group_commit import GroupCommit
from carrierbill.web.api import Api, Caller
from carrierbill.web.office import Office
from carrierbill.web.own.table import BASE, own_operations
from carrierbill.web.problems import ProblemError
from money_steps import MARCH, buy, shop_line
from rule_sets import APP

READ, WRITE, REPAY, OPS = (
    f"carrierbill:{scope}" for scope in ("lines:read", "lines:write", "repayments:write", "ops")
)
OWN = (READ, WRITE, REPAY)
BUSY = "busy"
PURPOSE = {"x-purpose": "call of the holder"}


class PaperDoor:
    """Takes a token for what is written on it: client, scopes, number."""

    async def caller_of(self, request: Request) -> Caller:
        """Read the token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer":
            raise ProblemError("UNAUTHENTICATED")
        client, scopes, number = token.split(";")
        return Caller(client, frozenset(scopes.split()), number or None)

    def check_rate(self, caller: Caller) -> None:
        """One client always asks too often."""
        if caller.client == BUSY:
            raise ProblemError("TOO_MANY_REQUESTS", headers={"Retry-After": "1"})


def token(client: str, *scopes: str, number: str = "") -> dict[str, str]:
    """The header of a token."""
    return {"authorization": f"Bearer {client};{' '.join(scopes)};{number}"}


# ── the contract ─────────────────────────────────────────────────────────────────────────────────────────
@cache
def contract() -> dict[str, Any]:
    """The YAML as it is served; what an answer holds beyond it is a fault here, though not for clients."""
    text = resources.files("carrierbill.web").joinpath("contracts/carrierbill.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    for name, schema in document["components"]["schemas"].items():
        # These two are parts of a whole that says more.
        if name not in {"ErrorInfo", "Refusal"} and "properties" in schema:
            schema["additionalProperties"] = False
    return document


@dataclass(frozen=True)
class Described:
    """An operation as the contract describes it."""

    id: str
    method: str
    path: str
    parts: Mapping[str, Any]

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters in the contract."""
        return [parameter["$ref"].rpartition("/")[2] for parameter in self.parts["parameters"]]

    @property
    def changes(self) -> bool:
        """Whether it may be asked again under a key."""
        return "Idempotency-Key" in self.parameters

    @property
    def scopes(self) -> set[str]:
        """The scopes of which one is needed."""
        return {scope for way in self.parts["security"] for scope in way["openId"]}

    def response(self, status: int) -> dict[str, Any] | None:
        """What is described of a status."""
        found = self.parts["responses"].get(str(status))
        return resolved(found) if found is not None else None

    @property
    def listed(self) -> set[tuple[int, str]]:
        """Every status with every code that is listed for it; a good one has none."""
        found: set[tuple[int, str]] = set()
        for status in map(int, self.parts["responses"]):
            response = self.response(status) or {}
            codes = codes_in(response.get("content", {}).get("application/json", {}).get("schema", {}))
            found |= {(status, code) for code in codes if status >= 400} or {(status, "")}
        return found


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the contract, or what it refers to."""
    if "$ref" not in part:
        return part
    found: Any = contract()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def codes_in(schema: Any) -> set[str]:
    """The codes a schema of an error lists."""
    if isinstance(schema, dict):
        own = set(schema.get("properties", {}).get("code", {}).get("enum", ()))
        return own.union(*(codes_in(part) for part in schema.values())) if schema else own
    return set().union(*(codes_in(part) for part in schema)) if isinstance(schema, list) else set()


@cache
def described() -> dict[str, Described]:
    """Every operation of the contract by its id."""
    return {
        parts["operationId"]: Described(parts["operationId"], method.upper(), path, parts)
        for path, methods in contract()["paths"].items()
        for method, parts in methods.items()
    }


@cache
def validator(operation_id: str, status: int) -> Any:
    """What an answer has to be."""
    response = described()[operation_id].response(status) or {}
    schema = response["content"]["application/json"]["schema"]
    whole = {**schema, "components": contract()["components"]}
    return jsonschema_rs.Draft4Validator(whole, validate_formats=True)


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Wanted:
    """What is asked: the parts of the address, a query, a body, and the token."""

    path: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    query: dict[str, str | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Interface:
    """The interface over books; each answer is held against the contract and counted."""

    def __init__(self, book: Books) -> None:
        self.book = book
        self.commits = GroupCommit(book.db, book.rules)
        self.office = Office(APP, book.db, book.rules, self.commits, demo=False)
        self.api = Api(BASE, own_operations(self.office), PaperDoor(), APP.texts)
        self.app = Starlette(routes=self.api.routes())
        self.reached: Counter[tuple[str, int, str]] = Counter()

    def told(self, number: int, of: str) -> str:
        """The id that is told for a number."""
        return self.office.ids.told(number, of)

    def number(self, told: str, of: str) -> int:
        """The number behind an id."""
        found = self.office.ids.number(told, of)
        assert found is not None
        return found

    @contextmanager
    def asker(self) -> Iterator[httpx2.AsyncClient]:
        """A client in the loop that runs."""
        yield httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="http://test")

    async def ask(self, operation_id: str, asked: Wanted, who: Mapping[str, str]) -> httpx2.Response:
        """Ask, and hold the answer against the contract."""
        operation = described()[operation_id]
        address = BASE + operation.path.format(**asked.path)
        headers = {**who, **asked.headers}
        content = None
        if asked.body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(asked.body).encode()
        with self.asker() as asker:
            answer = await asker.request(
                operation.method, address, params=asked.query, headers=headers, content=content
            )
        self._check(operation, answer)
        return answer

    def _check(self, operation: Described, answer: httpx2.Response) -> None:
        response = operation.response(answer.status_code)
        assert response is not None, (operation.id, answer.status_code, answer.text)
        for header in response["headers"]:
            assert header in answer.headers, (operation.id, header)
        code = ""
        if "content" in response:
            told = answer.json()
            validator(operation.id, answer.status_code).validate(told)
            code = told["code"] if answer.status_code >= 400 else ""
        else:
            assert answer.content == b""
        self.reached[operation.id, answer.status_code, code] += 1


# ── a scene ──────────────────────────────────────────────────────────────────────────────────────────────
GONE = "A" * 26
HOLDER, STRANGER_NUMBER = "+821000010101", "+821000010102"


@dataclass
class Scene:
    """A line with a past, another holder's line, and requests that can be answered about the first."""

    face: Interface
    line: Line
    other: Line
    bill_id: str
    charged: str
    held: str
    waiting: str
    objected: str
    objection: str
    relief: str

    # Who asks.
    holder: Mapping[str, str] = field(default_factory=lambda: token("shop", *OWN, OPS, number=HOLDER))
    other_holder: Mapping[str, str] = field(
        default_factory=lambda: token("shop", *OWN, OPS, number=STRANGER_NUMBER)
    )
    client: Mapping[str, str] = field(default_factory=lambda: token("shop", *OWN))
    stranger: Mapping[str, str] = field(default_factory=lambda: token("game", *OWN))
    operator: Mapping[str, str] = field(default_factory=lambda: token("back office", OPS) | PURPOSE)

    @property
    def line_id(self) -> str:
        """The line's id as it is told."""
        return self.face.told(self.line.id, "line")

    @property
    def other_id(self) -> str:
        """The other line's."""
        return self.face.told(self.other.id, "line")

    def good(self) -> dict[str, Wanted]:
        """A request for each operation that an operator, or else the holder, gets a good answer to."""
        line = {"lineId": self.line_id}
        new_line = {
            "phoneNumber": "+821000010777",
            "carrier": "SKT",
            "holderName": "Kim Cheolsu",
            "dueDay": 25,
            "openedOn": "2020-01-01",
            "monthlyWon": 300_000,
        }
        paid = {"lineId": self.line_id, "won": 1_000, "receivedOn": "2026-04-02", "reference": "bank 1"}
        ask = {"kind": "long_term_review"}
        return {
            "listLines": Wanted(),
            "searchLines": Wanted(body={"phoneNumber": HOLDER}),
            "registerLine": Wanted(body=new_line),
            "getLine": Wanted(line),
            "changeLimits": Wanted(
                line, {"monthlyWon": 400_000, "categories": [{"category": "game", "won": 0}]}
            ),
            "blockLine": Wanted(line),
            "openLine": Wanted(line),
            "listConsents": Wanted(line),
            "giveConsent": Wanted(line, {"purpose": "purchases"}),
            "withdrawConsent": Wanted({**line, "purpose": "data"}),
            "checkEligibility": Wanted(body={"phoneNumber": HOLDER, "amountWon": 10_000}),
            "listHolds": Wanted(),
            "getHold": Wanted({"paymentId": self.held}),
            "sendCode": Wanted({"paymentId": self.waiting}),
            "listBills": Wanted(line),
            "getBill": Wanted({"billId": self.bill_id}),
            "getBillOutlook": Wanted({"billId": self.bill_id}),
            "receiveRepayment": Wanted(body=paid),
            "listRepayments": Wanted(line),
            "fileObjection": Wanted(line, {"paymentId": self.charged, "reason": "not bought"}),
            "listLineObjections": Wanted(line),
            "listObjections": Wanted(),
            "getObjection": Wanted({"objectionId": self.objection}),
            "answerObjection": Wanted({"objectionId": self.objection}, {"upheld": True, "why": "twice"}),
            "askRelief": Wanted(line, ask),
            "listReliefs": Wanted(line),
            "decideRelief": Wanted({"reliefId": self.relief}, {"granted": True, "why": "paid by now"}),
            "listNotices": Wanted(line),
            "listRefunds": Wanted(line),
            "listSettlements": Wanted(),
            "settleMerchants": Wanted(body={"throughOn": "2026-03-31"}),
            "listEvents": Wanted(),
            "resendEvents": Wanted(body={"clientId": "shop"}),
            "closeMonth": Wanted(body={"month": "2026-03"}),
            "advanceDay": Wanted(body={"day": "2026-04-02"}),
            "verifyBooks": Wanted(),
        }

    def asker_of(self, operation_id: str) -> Mapping[str, str]:
        """Who gets a good answer: an operator, else the client itself."""
        return self.operator if OPS in described()[operation_id].scopes else self.client

    async def ask(
        self, operation_id: str, who: Mapping[str, str] | None = None, **changes: Any
    ) -> httpx2.Response:
        """Ask the good request, or what it is changed to."""
        good = self.good()[operation_id]
        parts = {"path": good.path, "body": good.body, "query": good.query, "headers": good.headers}
        asked = Wanted(**{**parts, **changes})
        return await self.face.ask(operation_id, asked, who or self.asker_of(operation_id))


def hold(book: Books, number: str, won: int, **told: Any) -> int:
    """A purchase that is held; its id."""
    (outcome,) = book.decide(authorise_purchase, Authorise("shop", number, won, **{"exempt": True, **told}))
    found: int = outcome.purchase_id
    return found


def scene(face: Interface) -> Scene:
    """March was bought in and billed; in April something is held, disputed, asked for and undelivered."""
    book = face.book
    line = shop_line(book, number=HOLDER)
    book.merchant("game", "game", client="game")
    other = book.line(STRANGER_NUMBER)
    for one in (line, other):
        buy(book, one, 50_000)
        buy(book, one, 20_000)
    book.clock.to(date(2026, 4, 1))
    (closed, _) = book.decide(close_month, *(CloseLine(one.id, MARCH) for one in (line, other)))
    book.clock.to(date(2026, 4, 2))
    charged, objected = book.all(Purchase, line_id=line.id)
    with book.db.unit() as unit:
        unit.add(Consent(line.id, "shop", line.holder_id, date(2026, 3, 2)))
    book.merchant("loud", client="shop")
    ask = Ask("ref-1", "cor-1", "{}", "https://sink.example.com")
    held = hold(book, HOLDER, 10_000, ask=ask)
    waiting = hold(book, HOLDER, 295_000, exempt=False, ask=Ask("ref-2"), codes=face.office.codes)
    with book.db.unit() as unit:
        for event in unit.load(ClientEvent, purchase_id=[held]):
            unit.put(_dead(event, book))
    (filed,) = book.decide(file_objection, FileObjection(line.id, objected.id, "not me"))
    (asked,) = book.decide(ask_relief, AskRelief(line.id, ArrangementKind.LONG_TERM_REVIEW))
    return Scene(
        face,
        line,
        other,
        face.told(closed.bill_id, "bill"),
        face.told(charged.id, "payment"),
        face.told(held, "payment"),
        face.told(waiting, "payment"),
        face.told(objected.id, "payment"),
        face.told(filed.objection_id, "objection"),
        face.told(asked.arrangement_id, "relief"),
    )


def _dead(event: ClientEvent, book: Books) -> ClientEvent:
    return replace(event, state=EventState.DEAD, not_before=None, tries=8, ended_at=book.clock(), why="503")


def old_bill(book: Books, line: Line) -> int:
    """A bill of a time for which the rules know no late fee; its id."""
    with book.db.unit() as unit:
        bill = IssuedBill(
            id=unit.new_id(IssuedBill),
            line_id=line.id,
            holder_id=line.holder_id,
            carrier=line.carrier,
            month=date(2009, 12, 1),
            issued_on=date(2010, 1, 13),
            due_on=date(2010, 1, 25),
            principal_won=5_000,
        )
        unit.add(bill)
    return bill.id
