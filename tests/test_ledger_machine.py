"""Anything in any order: the laws of the ledger hold after every step, and the naive reference agrees.

The steps are drawn by hypothesis; `life_book.py` says beforehand what each should answer and what every
account holds afterwards, `ledger_laws.py` asks the rows whether the laws of `rules.md` §14 still hold.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import life_book as naive
from books import Books, books
from carrierbill.domain.arrangement import ArrangementKind
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import month_later
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.purchase import Purchase
from carrierbill.services.advance_day import Advance, advance_day, lines_to_advance
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.cancel_purchase import Cancel, cancel_purchase
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.grant_relief import AskRelief, DecideRelief, ask_relief, decide_relief
from carrierbill.services.handle_objection import (
    AnswerObjection,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.lapse_holds import Lapse, lapse_holds
from carrierbill.services.ports import Once
from carrierbill.services.receive_repayment import Repay, receive_repayment
from carrierbill.services.refund_purchase import RefundPurchase, refund_purchase
from carrierbill.services.send_notices import send_due
from carrierbill.services.settle_merchants import Settle, settle_merchants
from databases import KINDS, fresh_database, sqlite_url
from day_by_day import effective
from ledger_laws import balances, broken_laws, tables
from rule_sets import APP
from told_lives import CODES, Postman, confirmed
from tools.postgres_server import PostgresServer

OpenBooks = Callable[[str], AbstractContextManager[Books]]
LONG = settings.get_current_profile_name() == "prove"
# In CI the first life that goes wrong is told as it was lived; only the long profile looks for a shorter one.
SETTINGS = settings(
    phases=tuple(Phase) if LONG else (Phase.generate,),
    max_examples=150 if LONG else 8,
    stateful_step_count=50 if LONG else 25,
    deadline=None,
    print_blob=True,
)
START = date(2026, 1, 2)
SELLERS = {"goods": "shop", "content": "songs", "voucher": "cards"}
# Whole tens of thousands, and what is just below, at and above a bound.
AMOUNTS = st.sampled_from([999, 1, 5_000, 10_000, 25_000, 30_000, 50_001, 60_000, 150_000, 300_001])
PLACES = st.integers(min_value=0, max_value=30)
CATEGORIES = st.sampled_from(list(SELLERS))
ONE_STEP = st.sampled_from([True, True, False])
Bought = tuple[int, int, str, bool]


class CrashError(Exception):
    """The process ends before its commit."""


class LedgerMachine(RuleBasedStateMachine):
    """Three lines of two holders at three carriers, three merchants, and one clock."""

    def __init__(self, opened: OpenBooks) -> None:
        super().__init__()
        self._opened = opened
        self._number = 0
        self._done: list[tuple[Callable[..., Any], Any, Any]] = []

    @initialize(
        rules=st.sampled_from(["guide", "terms", "guide-example"]),
        welfare=st.booleans(),
        diligent=st.booleans(),
        bought=st.lists(st.tuples(PLACES, AMOUNTS, CATEGORIES, ONE_STEP), max_size=12),
    )
    def open(self, rules: str, *, welfare: bool, diligent: bool, bought: list[Bought]) -> None:
        """Most lives begin with bills of January, issued in February.

        In a diligent house each day is worked on its day and the post goes every noon; in the other nothing
        is ever delivered, and days are worked when somebody thinks of it.
        """
        self.diligent, self.overslept = diligent, False
        self._room = self._opened(rules)
        self.book = self._room.__enter__()
        self.book.rules = confirmed(self.book.rules)
        self.book.clock.to(START)
        self.postman = Postman(self.book.clock)
        self.life = naive.LifeBook(rules)
        holders = [self.book.holder(), self.book.holder(welfare=welfare)]
        self.merchants = {
            category: self.book.merchant(identifier, category).id for category, identifier in SELLERS.items()
        }
        self.numbers: dict[int, str] = {}
        for holder, carrier, due_day, limit_won in (
            (holders[0], "SKT", 25, 120_000),
            (holders[0], "KT", 21, 400_000),
            (holders[1], "LGU", 7, 60_000),
        ):
            self._line(holder, carrier, due_day, limit_won)
        self._buy(bought)
        self._close_all()

    def _line(self, holder: Any, carrier: str, due_day: int, limit_won: int) -> None:
        known = self.life.holders.setdefault(holder.id, naive.Holder(holder.id, welfare=holder.welfare))
        told: dict[str, Any] = {"due_day": due_day, "monthly_limit_won": limit_won}
        line = self.book.line(carrier=carrier, holder_id=holder.id, daily_limit_won=limit_won - 5_000, **told)
        self.numbers[line.id] = self.book.number(line)
        self.life.lines[line.id] = naive.Line(
            line.id,
            known,
            carrier,
            line.opened_on,
            due_day,
            limit_won,
            daily_won=limit_won - 5_000,
            consented_on=line.consented_on,
        )

    # ── what is drawn ─────────────────────────────────────────────────────────────────────────────────
    @property
    def now(self) -> Any:
        return self.book.clock.at

    @property
    def today(self) -> date:
        return self.book.clock.day

    def pick(self, some: Any, place: int) -> Any:
        found = list(some)
        return found[place % len(found)] if found else None

    def once(self, operation: str) -> Once:
        self._number += 1
        return Once("shop", operation, str(self._number), "same")

    def decide(self, service: Callable[..., Any], command: Any) -> Any:
        """The outcome, kept to be asked for again."""
        (outcome,) = self.book.decide(service, command)
        if not isinstance(outcome, Exception):
            self._done.append((service, command, outcome))
        return outcome

    # ── purchases ─────────────────────────────────────────────────────────────────────────────────────
    @rule(bought=st.lists(st.tuples(PLACES, AMOUNTS, CATEGORIES, ONE_STEP), min_size=1, max_size=5))
    def buy(self, bought: list[Bought]) -> None:
        """Some purchases that share a commit; each is decided after those before it."""
        self._buy(bought)
        self.check()

    def _buy(self, bought: list[Bought]) -> None:
        lines = [self.pick(self.life.lines.values(), place) for place, *_ in bought]
        commands = [
            Authorise(
                "shop",
                self.numbers[line.id],
                won,
                merchant=SELLERS[category],
                one_step=one_step,
                once=self.once("buy"),
            )
            for line, (_, won, category, one_step) in zip(lines, bought, strict=True)
        ]
        outcomes = self.book.decide(authorise_purchase, *commands) if commands else []
        for command, outcome, line, (_, _, category, _) in zip(
            commands, outcomes, lines, bought, strict=True
        ):
            self._done.append((authorise_purchase, command, outcome))
            self._bought(command, outcome, line, category)

    def _bought(self, command: Authorise, outcome: Any, line: naive.Line, category: str) -> None:
        expected = self.life.authorise(line, command.won, category, self.now, one_step=command.one_step)
        found = getattr(outcome, "state", None) or outcome.reason
        assert found == expected, (command, outcome, expected)
        if not hasattr(outcome, "purchase_id"):
            return
        purchase = naive.Purchase(
            outcome.purchase_id,
            line,
            self.merchants[category],
            "shop",
            category,
            command.won,
            expected,
            self.now,
            naive.month_of(self.today),
        )
        self.life.bought(purchase)
        assert outcome.expires_at == purchase.expires_at

    @precondition(lambda self: self.life.purchases)
    @rule(place=PLACES, newest=st.booleans())
    def confirm(self, place: int, newest: bool) -> None:  # noqa: FBT001
        purchase = self.a_purchase(place, newest=newest)
        expected = self.life.confirm(purchase, self.now)
        outcome = self.decide(confirm_purchase, Confirm("shop", purchase.id, once=self.once("confirm")))
        assert type(outcome).__name__.lower() == expected
        self.check()

    @precondition(lambda self: self.life.purchases)
    @rule(place=PLACES, newest=st.booleans())
    def cancel(self, place: int, newest: bool) -> None:  # noqa: FBT001
        purchase = self.a_purchase(place, newest=newest)
        expected = self.life.cancel(purchase)
        outcome = self.decide(cancel_purchase, Cancel("shop", purchase.id, once=self.once("cancel")))
        assert type(outcome).__name__.lower() == expected
        self.check()

    @precondition(lambda self: self.life.purchases)
    @rule(minutes=st.integers(min_value=0, max_value=11))
    def lapse(self, minutes: int) -> None:
        self.book.clock.by(minutes=minutes)
        purchases = list(self.life.purchases.values())
        expected = [self.life.lapse(purchase, self.now) for purchase in purchases]
        outcomes = self.book.decide(lapse_holds, *(Lapse(purchase.id) for purchase in purchases))
        assert [outcome.lapsed for outcome in outcomes] == expected
        self.check()

    def a_purchase(self, place: int, *, newest: bool) -> naive.Purchase:
        purchases = list(self.life.purchases.values())
        found: naive.Purchase = purchases[-1] if newest else self.pick(purchases, place)
        return found

    # ── months, money, days ───────────────────────────────────────────────────────────────────────────
    @rule(place=PLACES, months_back=st.integers(min_value=0, max_value=2))
    def close(self, place: int, months_back: int) -> None:
        line = self.pick(self.life.lines.values(), place)
        month = month_later(naive.month_of(self.today), -months_back)
        outcome = self.decide(close_month, CloseLine(line.id, month, once=self.once("close")))
        if months_back == 0:
            assert type(outcome).__name__ == "Refused"
        else:
            self._closed(line, month, outcome)
        self.check()

    @rule()
    def next_month(self) -> None:
        """The month ends and every line gets its bill."""
        self._close_all()
        self.check()

    def _close_all(self) -> None:
        month = naive.month_of(self.today)
        self._move_to(month_later(month, 1) + timedelta(1))
        commands = [CloseLine(line_id, month, once=self.once("close")) for line_id in self.life.lines]
        outcomes = self.book.decide(close_month, *commands)
        for outcome, line in zip(outcomes, self.life.lines.values(), strict=True):
            self._closed(line, month, outcome)

    def _closed(self, line: naive.Line, month: date, outcome: Any) -> None:
        earlier = [bill for bill in self.life.bills if bill.line is line and bill.month == month]
        bill = earlier[0] if earlier else self.life.close(line, month)
        assert (outcome.bill_id is None) == (bill is None), (outcome, bill)
        if bill is not None:
            bill.id = outcome.bill_id
            assert (outcome.principal_won, outcome.due_on) == (bill.principal, bill.due_on)
            assert self.book.one(IssuedBill, outcome.bill_id).issued_on == bill.issued_on

    @precondition(lambda self: self.life.bills)
    @rule(
        place=PLACES,
        won=st.one_of(st.sampled_from(["all", "principal", "half"]), AMOUNTS),
        named=st.booleans(),
        days_back=st.sampled_from([0, 0, 3]),
    )
    def repay(self, place: int, won: int | str, *, named: bool, days_back: int) -> None:
        """Mostly of a bill that is open; money for one that is not becomes credit."""
        some = self.pick([bill for bill in self.life.bills if bill.is_open] or self.life.bills, place)
        line, bill = some.line, some if named else None
        on = self._dated([each for each in self.life.bills if each.line is line], days_back)
        won = self._amount(line, bill, won)
        command = Repay(line.id, won, on, bill.id if bill else None, once=self.once("repay"))
        outcome = self.decide(receive_repayment, command)
        parts = self.life.repay(line, won, on, bill)
        found = {"principal": outcome.principal_won, "fee": outcome.fee_won, "credit": outcome.credit_won}
        assert found == parts, (command, found, parts)
        self.cleared(line)
        self.check()

    def _dated(self, bills: list[naive.Bill], days_back: int) -> date:
        """Dated back, but not behind other money or a waiver: that is told in a story of its own."""
        on = self.today - timedelta(days_back)
        is_first = all(before <= on for bill in bills for before, *_ in bill.counted)
        is_told_elsewhere = not is_first or any(bill.fee_waived for bill in bills)
        return self.today if is_told_elsewhere or on.month != self.today.month else on

    def cleared(self, line: naive.Line) -> None:
        """A late bill may have been settled just now."""
        line.holder.cleared_on = self.today
        self.learn_effects()

    def _amount(self, line: naive.Line, bill: naive.Bill | None, won: int | str) -> int:
        if isinstance(won, int):
            return won
        bills = [bill] if bill else self.life.of_line(line)
        principal = sum(one.unpaid() for one in bills)
        fee = sum(self.life.fee_due(one, self.today) - one.fee_waived - one.fee_repaid for one in bills)
        return max(1, {"all": principal + fee, "principal": principal, "half": principal // 2}[won])

    @rule(days=st.sampled_from([0, 1, 5, 12, 24, 40]))
    def advance(self, days: int) -> None:
        self._move_to(self.today + timedelta(days))
        self.check()

    @precondition(lambda self: self.life.bills)
    @rule(place=PLACES, offset=st.sampled_from([-1, 0, 1, 4, 10, 11, 30]))
    def go_on(self, place: int, offset: int) -> None:
        """To a day that matters to a bill: around its due date, within ten days late, a month late."""
        bill = self.pick(self.life.bills, place)
        day = effective(self.life.rules, bill.due_on) + timedelta(offset)
        if self.today < day < self.today + timedelta(70):
            self._move_to(day)
            self.check()

    def _move_to(self, day: date) -> None:
        """The clock moves on, and the lines with it."""
        first = self.today
        self.book.clock.to(day)
        if not self.diligent:
            self._advance()
            return
        for n in range((day - first).days):
            self.book.clock.to(first + timedelta(n + 1))
            with self.book.db.unit() as unit:
                commands = lines_to_advance(unit, self.today, rules=self.book.rules)
            if commands:
                self._advance([self.life.lines[command.line_id] for command in commands])
                send_due(self.book.db, self.postman, texts=APP.texts, rules=self.book.rules, codes=CODES)
        self._advance()

    def _advance(self, some: list[naive.Line] | None = None) -> None:
        lines = list(self.life.lines.values()) if some is None else some
        commands = [Advance(line.id, self.today, once=self.once("advance")) for line in lines]
        outcomes = self.book.decide(advance_day, *commands)
        for outcome, line in zip(outcomes, lines, strict=True):
            assert type(outcome).__name__ == "Advanced", outcome
            booked = self.life.advance(line, self.today)
            assert outcome.fee_won == booked, (outcome, booked)
        self.check_effects()

    @rule(days=st.integers(min_value=1, max_value=20))
    def oversleep(self, days: int) -> None:
        """The clock moves on, and nobody works the days yet."""
        self.overslept = True
        self.book.clock.to(self.today + timedelta(days))

    def learn_effects(self) -> None:
        """What is switched off just now; whether that is right is looked at whenever a day is worked."""
        for line in self.life.lines.values():
            found = self.book.all(LineEffect, line_id=line.id, ended_on=None)
            line.effects = {effect.effect.value for effect in found}

    def check_effects(self) -> None:
        """What holds should hold, or comes back at its time; where notices arrive, what should hold does."""
        self.learn_effects()
        for line in self.life.lines.values():
            should = set(self.life.should_hold(line, self.today))
            if line.effects - should:
                assert self.life.linger(line.holder, self.today), (line.effects, should)
            if self.diligent and not self.overslept:
                assert should <= line.effects, (line.effects, should)
            assert "pg_marked_unpaid" in line.effects or "pg_marked_unpaid" not in should

    @precondition(lambda self: self.life.bills)
    @rule(place=PLACES, granted=st.booleans())
    def waive(self, place: int, *, granted: bool) -> None:
        open_to = [bill for bill in self.life.bills if self.life.may_ask_waiver(bill, self.today)]
        bill = self.pick(open_to or self.life.bills, place)
        command = AskRelief(bill.line.id, ArrangementKind.WAIVER, bill.id, once=self.once("ask"))
        outcome = self.decide(ask_relief, command)
        if not self.life.may_ask_waiver(bill, self.today):
            assert type(outcome).__name__ == "Refused", outcome
            return
        decision = DecideRelief(outcome.arrangement_id, granted, "clerk", "asked", once=self.once("decide"))
        decided = self.decide(decide_relief, decision)
        assert decided.waived_won == (self.life.waive(bill, self.today) if granted else 0)
        self.check()

    # ── money back ────────────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self.life.purchases)
    @rule(place=PLACES, share=st.sampled_from([1, 2, 3]), newest=st.booleans())
    def refund(self, place: int, share: int, newest: bool) -> None:  # noqa: FBT001
        """All that is left, half of it, or more than that; of the newest, or of one that is on a bill."""
        billed = [one for one in self.life.purchases.values() if one.bill and one.left]
        purchase = self.a_purchase(place, newest=newest) if newest or not billed else self.pick(billed, place)
        won = {1: purchase.left, 2: purchase.left // 2, 3: purchase.left + 1}[share] or 1
        command = RefundPurchase("shop", purchase.id, won, once=self.once("refund"))
        outcome = self.decide(refund_purchase, command)
        parts = self.life.refund(purchase, won, self.now)
        if parts is None:
            assert type(outcome).__name__ == "Refused", outcome
        else:
            found = (outcome.cancelled_won, outcome.credited_won, outcome.paid_back_won)
            assert found == (parts["cancelled"], parts["credited"], parts["paid_back"]), (outcome, parts)
        self.cleared(purchase.line)
        self.check()

    @precondition(lambda self: self.life.purchases)
    @rule(place=PLACES)
    def object(self, place: int) -> None:
        purchase = self.a_purchase(place, newest=False)
        command = FileObjection(purchase.line.id, purchase.id, "not mine", once=self.once("object"))
        outcome = self.decide(file_objection, command)
        if not self.life.may_object(purchase):
            assert type(outcome).__name__ == "Refused", outcome
        else:
            expected = self.life.object(outcome.objection_id, purchase, self.today)
            assert (outcome.withheld_won, outcome.answer_due_on) == expected
        self.check()

    @precondition(lambda self: self.life.objections)
    @rule(place=PLACES, upheld=st.booleans())
    def answer(self, place: int, upheld: bool) -> None:  # noqa: FBT001
        objection_id = self.pick(self.life.objections, place)
        command = AnswerObjection(objection_id, upheld, "seen", once=self.once("answer"))
        outcome = self.decide(answer_objection, command)
        if self.life.objections[objection_id]["state"] != "open":
            assert type(outcome).__name__ == "Refused", outcome
        else:
            parts = self.life.answer(objection_id, self.now, upheld=upheld)
            assert (outcome.refund_id is None) == (parts is None), (outcome, parts)
            self.cleared(self.life.objections[objection_id]["purchase"].line)
        self.check()

    @precondition(lambda self: self.life.purchases)
    @rule(place=PLACES)
    def settle(self, place: int) -> None:
        merchant_id = self.pick(self.merchants.values(), place)
        through_on = self.today - timedelta(1)
        if any(one == (merchant_id, through_on) for one in self.life.settled):
            return
        outcome = self.decide(settle_merchants, Settle(merchant_id, through_on, once=self.once("settle")))
        parts = self.life.settle(merchant_id, through_on)
        assert {
            "purchases": outcome.purchases_won,
            "refunds": outcome.refunds_won,
            "won": outcome.won,
        } == parts
        self.check()

    # ── ends and repeats ──────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self._done)
    @rule(place=PLACES, reopened=st.booleans())
    def end_without_warning(self, place: int, reopened: bool) -> None:  # noqa: FBT001
        """A unit is abandoned before its commit: nothing of it is there; an answer is given again."""
        service, command, outcome = self._done[-1 - place % min(len(self._done), 8)]
        before = self.rows()
        with suppress(CrashError):
            self._crash(service, replace(command, once=self.once("crash")))
        if reopened:
            self.book.close()
        assert self.book.decide(service, command) == [outcome]
        assert self.rows() == before

    def _crash(self, service: Callable[..., Any], command: Any) -> None:
        with self.book.db.unit() as unit:
            service([command], unit, self.book.rules)
            raise CrashError

    def rows(self) -> Any:
        with self.book.db.session() as session:
            counts = [
                session.rows(f"SELECT COUNT(*) FROM {table}")
                for table in ("entries", "notices", "line_effects", "answers", "audits")
            ]
        return tables(self.book.db), counts

    # ── after every step ──────────────────────────────────────────────────────────────────────────────
    def check(self) -> None:
        assert broken_laws(self.book.db) == []
        found = tables(self.book.db)
        assert balances(found["postings"]) == self.life.balances()
        for record in self.book.all(Purchase):
            known = self.life.purchases[record.id]
            assert (record.state, record.refunded_won, record.paid_back_won, record.month) == (
                known.state,
                known.refunded,
                known.paid_back,
                known.month,
            )
            assert record.bill_id == (known.bill.id if known.bill else None)
        for line in self.book.all(Line):
            own = self.life.lines[line.id]
            assert (line.credit_won, line.repaid_won, line.paid_back_won, line.lowered_until) == (
                own.credit,
                own.repaid,
                own.paid_back,
                own.lowered_until,
            )

    def teardown(self) -> None:
        if hasattr(self, "_room"):
            self._room.__exit__(None, None, None)


@pytest.fixture(params=KINDS)
def opened(request: pytest.FixtureRequest) -> OpenBooks:
    """Fresh books under a rule set, as often as they are asked for."""

    @contextmanager
    def open_books(rules: str) -> Iterator[Books]:
        if request.param == "sqlite":
            with tempfile.TemporaryDirectory() as folder:
                book = books(sqlite_url(Path(folder)), rules)
                yield book
                book.close()
            return
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with fresh_database(server, copy_of=request.getfixturevalue("migrated_url")) as url:
            book = books(url, rules)
            yield book
            book.close()

    return open_books


@pytest.mark.hypothesis  # the plugin does not see that it is, and `make prove` chooses by it
def test_whatever_happens_in_whatever_order_the_laws_hold_and_the_reference_agrees(opened: OpenBooks) -> None:
    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(opened)

    run_state_machine_as_test(Machine, settings=SETTINGS)
