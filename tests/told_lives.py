"""The lives of `lives/*.toml`: told in steps with days and amounts, and lived through the services.

A step names what is done (`buy`, `repay`, `days` …) with its details, and in `is` what should come of it;
`see` looks at the books. Only what a step mentions is compared. Accounts are told on their own side.
"""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from books import Books
from carrierbill.domain.arrangement import Arrangement, ArrangementKind
from carrierbill.domain.billing import BillItem, IssuedBill
from carrierbill.domain.dates import SEOUL
from carrierbill.domain.errors import SayableError
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.notice import BureauReport
from carrierbill.domain.policy import Effect, RuleSet, Value
from carrierbill.domain.purchase import Purchase
from carrierbill.domain.saying import Saying
from carrierbill.services.advance_day import Advance, advance_day
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.change_limit import (
    ChangeLimit,
    CloseService,
    OpenService,
    change_limit,
    close_service,
    open_service,
)
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.grant_relief import AskRelief, DecideRelief, ask_relief, decide_relief
from carrierbill.services.handle_objection import (
    AnswerObjection,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.lapse_holds import holds_run_out, lapse_holds
from carrierbill.services.ports import Addressed, Delivery
from carrierbill.services.receive_repayment import Repay, receive_repayment
from carrierbill.services.refund_purchase import RefundPurchase, refund_purchase
from carrierbill.services.register_line import RecordAutoPay, record_auto_pay
from carrierbill.services.send_notices import send_due
from carrierbill.services.settle_merchants import Settle, settle_merchants
from carrierbill.services.validate_purchase import SendCode, Validate, send_code, validate_purchase
from carrierbill.storage.codes import SecretCodes
from ledger_laws import balances, tables
from rule_sets import APP, RULE_SETS
from stories import differences

FOLDER = Path(__file__).parent / "lives"
CODES = SecretCodes(b"3" * 32)
# The accounts that grow on the debit side; the others are told as they grow, on the credit side.
DEBIT = {"held_claims", "unbilled_claims", "billed_claims", "late_fee_claims", "bank", "fee_waived"}


def lives() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every life that is told, with its name."""
    for file in sorted(FOLDER.glob("*.toml")):
        for life in tomllib.loads(file.read_text(encoding="utf-8"))["life"]:
            yield f"{file.stem}: {life['name']}", life


def confirmed(rules: RuleSet) -> RuleSet:
    """The rule set as an operator who stands for every rung of its ladder has it."""

    def stand_for(value: Value[Any]) -> Value[Any]:
        rows = tuple(replace(row, confirmed=True) for row in value.content.rows)
        return replace(value, content=replace(value.content, rows=rows))

    stages = {
        key: replace(dated, values=tuple(map(stand_for, dated.values))) for key, dated in rules.stages.items()
    }
    return replace(rules, stages=stages)


class Postman:
    """Delivers what it is given the same day, and remembers it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.brought: list[tuple[date, Addressed]] = []

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        day = self.clock().date()
        self.brought += [(day, each) for each in notices]
        return [Delivery(each.notice.id, f"sms/{each.notice.id}", day) for each in notices]


class ToldLife:
    """A life as it is lived: what the story calls things, and what they are in the books."""

    def __init__(self, book: Books, life: dict[str, Any]) -> None:
        self.book = book
        rules = RULE_SETS[life["rules"]]
        book.rules = confirmed(rules) if life.get("confirmed", True) else rules
        self.postman = Postman(book.clock)
        self.known: dict[str, Any] = {}
        self.lines: dict[str, Line] = {}
        self.worked_to: date | None = None
        self._set_clock(life["begins"])
        self._people(life)
        self.steps = life["step"]

    def _people(self, life: dict[str, Any]) -> None:
        holders: dict[str, Any] = {}
        for told in life["line"]:
            line_name = told.pop("name")
            name = told.pop("holder", line_name)
            if name not in holders:
                of = {key: told.pop(key) for key in ("welfare", "minor_until") if key in told}
                holders[name] = self.book.holder(**of)
            told["category_limits"] = tuple(map(tuple, told.pop("category_limits", ())))
            self.lines[line_name] = self.book.line(holder_id=holders[name].id, **told)
        for told in life.get("merchant", [{"name": "shop"}]):
            self.known[told["name"]] = self.book.merchant(told["name"], told.get("category", "goods"))

    def live(self) -> list[str]:
        """Every step; where what came of one is not what is told, a line each."""
        found = []
        for number, step in enumerate(self.steps, 1):
            details = dict(step)
            if "on" in details:
                self._set_clock(details.pop("on"))
            expected = details.pop("is", {})
            ((verb, told),) = details.items()
            if verb == "see":
                expected = told
            outcome = plain(getattr(self, f"do_{verb}")(deepcopy(told)))
            where = f"step {number}, {verb} on {self.book.clock.at:%Y-%m-%d %H:%M}"
            found += differences(plain(expected), outcome, where)
        return found

    def _set_clock(self, at: date | datetime) -> None:
        if isinstance(at, datetime):
            self.book.clock.at = at.replace(tzinfo=SEOUL)
        else:
            self.book.clock.to(at)

    def _decide(self, service: Callable[..., Any], command: Any) -> Any:
        (outcome,) = self.book.decide(service, command)
        return outcome

    # ── purchases ─────────────────────────────────────────────────────────────────────────────────────
    def do_buy(self, told: dict[str, Any]) -> Any:
        """`line`, `won`, `as`; `hold` for two steps, `merchant`, `category`; `times` the same again."""
        name, hold = told.pop("as", ""), told.pop("hold", False)
        line = told.pop("line")
        told["number"] = self.book.number(self.lines[line]) if line in self.lines else line
        told.setdefault("merchant", "shop")
        command = Authorise(told.pop("client", "shop"), one_step=not hold, **told)
        outcome = self._decide(authorise_purchase, command)
        if hasattr(outcome, "purchase_id"):
            self.known[name] = outcome.purchase_id
        return outcome

    def do_confirm(self, name: str) -> Any:
        return self._decide(confirm_purchase, Confirm("shop", self.known[name]))

    def do_cancel(self, name: str) -> Any:
        return self._decide(cancel_purchase, Cancel("shop", self.known[name]))

    def do_lapse(self, told: dict[str, Any]) -> Any:
        """Whatever has run out."""
        del told
        with self.book.db.unit() as unit:
            commands = holds_run_out(unit, 100)
        outcomes = self.book.decide(lapse_holds, *commands) if commands else []
        return {"lapsed": sum(outcome.lapsed for outcome in outcomes)}

    def do_code(self, told: dict[str, Any]) -> Any:
        """A code is sent for a purchase and typed in, right or `wrong`."""
        purchase_id = self.known[told["for"]]
        code_hash, secret = CODES.new(purchase_id)
        self._decide(send_code, SendCode("shop", purchase_id, code_hash, secret))
        typed = CODES.hash_of(purchase_id, CODES.code_in(purchase_id, secret))
        return self._decide(
            validate_purchase, Validate("shop", purchase_id, b"wrong" if told.get("wrong") else typed)
        )

    def do_report_late(self, told: dict[str, Any]) -> Any:
        """A gateway tells of a purchase of an earlier month; how it reached us is no service's affair yet."""
        outcome = self.do_buy({"line": told["line"], "won": told["won"], "as": told["as"]})
        with self.book.db.unit() as unit:
            (purchase,) = unit.load(Purchase, id=[outcome.purchase_id])
            unit.put(replace(purchase, reported_month=told["month"]))
        return outcome

    def do_refund(self, told: dict[str, Any]) -> Any:
        return self._decide(refund_purchase, RefundPurchase("shop", self.known[told["of"]], told["won"]))

    def do_object(self, told: dict[str, Any]) -> Any:
        command = FileObjection(self.lines[told["line"]].id, self.known[told["to"]], told["reason"])
        outcome = self._decide(file_objection, command)
        self.known[told["as"]] = getattr(outcome, "objection_id", None)
        return outcome

    def do_answer(self, told: dict[str, Any]) -> Any:
        return self._decide(
            answer_objection, AnswerObjection(self.known[told["to"]], told["upheld"], told["why"])
        )

    def do_settle(self, told: dict[str, Any]) -> Any:
        return self._decide(settle_merchants, Settle(self.known[told["merchant"]].id, told["through"]))

    # ── limits and the service ────────────────────────────────────────────────────────────────────────
    def do_limit(self, told: dict[str, Any]) -> Any:
        line = self.lines[told.pop("line")]
        return self._decide(change_limit, ChangeLimit(line.id, told.pop("by", "holder"), **told))

    def do_close_service(self, line: str) -> Any:
        return self._decide(close_service, CloseService(self.lines[line].id, "holder"))

    def do_open_service(self, told: dict[str, Any]) -> Any:
        command = OpenService(self.lines[told["line"]].id, "holder", consented=told["consented"])
        return self._decide(open_service, command)

    def do_auto_pay(self, told: dict[str, Any]) -> Any:
        line = self.lines[told.pop("line")]
        return self._decide(
            record_auto_pay, RecordAutoPay(line.id, **{"card_expires_on": None, "balance_won": None, **told})
        )

    # ── months, money, days ───────────────────────────────────────────────────────────────────────────
    def do_close(self, told: dict[str, Any]) -> Any:
        outcome = self._decide(close_month, CloseLine(self.lines[told["line"]].id, told["month"]))
        self.known[told.get("as", "")] = getattr(outcome, "bill_id", None)
        return outcome

    def do_repay(self, told: dict[str, Any]) -> Any:
        """`line`, `won`; `of` the bill it names, `dated` the day it came in."""
        bill_id = self.known[told["of"]] if "of" in told else None
        on = told.get("dated", self.book.clock.day)
        return self._decide(receive_repayment, Repay(self.lines[told["line"]].id, told["won"], on, bill_id))

    def do_days(self, told: dict[str, Any]) -> Any:
        """Every day up to `to` is worked for every line; at noon the post goes, unless on `strike`."""
        day, fees = self.worked_to or self.book.clock.day - timedelta(1), 0
        started: list[dict[str, Any]] = []
        ended: list[dict[str, Any]] = []
        while day < told["to"]:
            day += timedelta(1)
            self.book.clock.to(day, 9)
            commands = [Advance(line.id, day) for line in self.lines.values()]
            for name, outcome in zip(self.lines, self.book.decide(advance_day, *commands), strict=True):
                fees += outcome.fee_won
                started += [{"line": name, "on": day, "effect": effect} for effect in outcome.started]
                ended += [{"line": name, "on": day, "effect": effect} for effect in outcome.ended]
            if not told.get("strike", False):
                self.post()
        self.worked_to = day
        return {"fee_won": fees, "started": started, "ended": ended}

    def post(self) -> None:
        """What may go out at noon goes out."""
        self.book.clock.to(self.book.clock.day, 12)
        send_due(self.book.db, self.postman, texts=APP.texts, rules=self.book.rules, codes=CODES)

    # ── relief ────────────────────────────────────────────────────────────────────────────────────────
    def do_ask(self, told: dict[str, Any]) -> Any:
        line, name = self.lines[told.pop("line")], told.pop("as")
        told["kind"] = ArrangementKind(told["kind"])
        bill_id = self.known[told.pop("of")] if "of" in told else None
        outcome = self._decide(ask_relief, AskRelief(line.id, bill_id=bill_id, **told))
        self.known[name] = getattr(outcome, "arrangement_id", None)
        return outcome

    def do_decide(self, told: dict[str, Any]) -> Any:
        command = DecideRelief(self.known[told["on"]], told["granted"], "clerk", told.get("why", ""))
        return self._decide(decide_relief, command)

    # ── what there is to see ──────────────────────────────────────────────────────────────────────────
    def do_see(self, told: dict[str, Any]) -> Any:
        """Each part of the books that is named."""
        return {part: getattr(self, f"_see_{part}")(expected) for part, expected in told.items()}

    def _see_accounts(self, told: dict[str, int]) -> dict[str, int]:
        sums = {str(account): won for account, won in self.book.trial_balance().items()}
        return {name: sums.get(name, 0) * (1 if name in DEBIT else -1) for name in told}

    def _see_line(self, told: dict[str, Any]) -> dict[str, Any]:
        return {name: self.book.one(Line, self.lines[name].id) for name in told}

    def _see_purchase(self, told: dict[str, Any]) -> dict[str, Any]:
        return {name: self.book.one(Purchase, self.known[name]) for name in told}

    def _see_merchant(self, told: dict[str, Any]) -> dict[str, Any]:
        """A merchant's own part of the accounts."""
        sums = balances(tables(self.book.db)["postings"])
        return {
            name: {account: -sums.get((account, self.known[name].id), 0) for account in accounts}
            for name, accounts in told.items()
        }

    def _see_bill(self, told: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for name in told:
            bill = self.book.one(IssuedBill, self.known[name])
            items = self.book.all(BillItem, bill_id=bill.id)
            found[name] = plain(bill) | {"items": [plain(item) for item in items]}
        return found

    def _see_effects(self, told: dict[str, Any]) -> dict[str, Any]:
        """What is in force on a line, in the order of the ladder."""
        return {
            name: [
                effect.value
                for effect in Effect
                if any(
                    one.effect == effect
                    for one in self.book.all(LineEffect, line_id=self.lines[name].id, ended_on=None)
                )
            ]
            for name in told
        }

    def _see_reports(self, told: dict[str, Any]) -> dict[str, Any]:
        return {name: self.book.all(BureauReport, line_id=self.lines[name].id) for name in told}

    def _see_arrangement(self, told: dict[str, Any]) -> dict[str, Any]:
        return {name: self.book.one(Arrangement, self.known[name]) for name in told}

    def _see_told(self, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Notices that were brought on a day; of the words looked for, those that are in one of them."""
        found = []
        for each in told:
            day, line_id, what = each["on"], self.lines[each["line"]].id, each["what"]
            brought = [
                one
                for on, one in self.postman.brought
                if on == day and one.notice.line_id == line_id and one.notice.what == what
            ]
            words: dict[str, Any] = {
                language: [
                    word for word in each[language] if any(word in one.said[language] for one in brought)
                ]
                for language in ("en", "ko")
                if language in each
            }
            found.append({"on": day, "line": each["line"], "what": what if brought else "nothing", **words})
        return found

    def _see_not_told(self, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same words where they were brought all the same."""
        found: list[dict[str, Any]] = []
        for each in told:
            line_id = self.lines[each["line"]].id
            brought = [
                one for on, one in self.postman.brought if on == each["on"] and one.notice.line_id == line_id
            ]
            was_told = any(each["words"] in one.said["en"] for one in brought)
            found.append({**each, "words": "brought"} if was_told else each)
        return found

    def _see_contacts(self, told: dict[str, Any]) -> dict[str, Any]:
        """How often a line was pressed for money from a day to a day."""
        line_id = self.lines[told["line"]].id
        brought = [
            one
            for on, one in self.postman.brought
            if told["from"] <= on <= told["to"] and one.notice.line_id == line_id and one.notice.debt_contact
        ]
        return {**told, "count": len(brought)}


def plain(value: Any) -> Any:
    """An outcome or a record as tables, words, days and numbers; a sentence in both languages."""
    if isinstance(value, Saying):
        return {"key": value.key, **plain(dict(value.values)), **APP.texts.both(value)}
    if isinstance(value, SayableError):
        return {"_": type(value).__name__, "told": plain(value.reason)}
    if is_dataclass(value):
        own = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {"_": type(value).__name__, **own}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, StrEnum) else value
