"""Whatever money does in whatever order, the laws of the books hold, and fees are those the rules state."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from books import Books
from carrierbill.domain.billing import Allocation, IssuedBill
from carrierbill.domain.dates import month_later, month_of
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.late_fee import late_fee_on
from carrierbill.domain.line import Line
from carrierbill.domain.purchase import Purchase, PurchaseState
from carrierbill.services.authorise_purchase import Authorise, authorise_purchase
from carrierbill.services.close_month import CloseLine, close_month
from carrierbill.services.handle_objection import (
    AnswerObjection,
    Filed,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.owing import book_fee, has_late_bill, load_bills
from carrierbill.services.ports import Once
from carrierbill.services.receive_repayment import Repaid, Repay, receive_repayment
from carrierbill.services.refund_purchase import Refunded, RefundPurchase, refund_purchase
from carrierbill.services.settle_merchants import Settle, settle_merchants
from ledger_laws import broken_laws
from rule_sets import RULE_SETS

START = date(2026, 3, 2)
Step = tuple[str, int, int]
PART = st.integers(min_value=0, max_value=9)
WON = st.sampled_from([1, 1_000, 9_999, 30_000, 50_000, 120_000])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([1, 3, 10, 26]), PART),
        st.tuples(st.just("buy"), WON, PART),
        st.tuples(st.just("month"), PART, PART),
        st.tuples(st.just("repay"), WON, PART),
        st.tuples(st.just("repay_all"), st.sampled_from([-1, 0, 0, 777]), PART),
        st.tuples(st.just("repay_back"), WON, st.integers(min_value=1, max_value=60)),
        st.tuples(st.just("repay_named"), WON, PART),
        st.tuples(st.just("refund"), PART, PART),
        st.tuples(st.just("refund"), PART, PART),
        st.tuples(st.just("dispute"), PART, PART),
        st.tuples(st.just("settle"), PART, PART),
        st.tuples(st.just("fees"), PART, PART),
    ),
    min_size=6,
    max_size=25,
)
# Every life begins with purchases; mostly their month is closed, and some days go by.
BEGINNINGS = st.tuples(
    st.lists(st.tuples(st.just("buy"), WON, PART), min_size=2, max_size=4),
    st.sampled_from(
        [[], [("month", 0, 0)], [("month", 0, 0), ("wait", 26, 0)], [("month", 0, 0), ("wait", 30, 0)]]
    ),
).map(lambda parts: [*parts[0], *parts[1]])
SETTINGS = settings(
    max_examples=40 if settings.get_current_profile_name() != "prove" else 400,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class Life:
    """Two lines of one holder and their seller, and the steps that can be taken with them."""

    def __init__(self, book: Books, number: int) -> None:
        self.book, self.client, self.count = book, f"client-{number}", 0
        self.merchant = book.merchant(self.client, client=self.client)
        holder = book.holder()
        self.lines = [book.line(holder_id=holder.id, monthly_limit_won=1_000_000) for _ in range(2)]
        self.numbers = [book.number(line) for line in self.lines]

    def decide(self, service: Any, command: Any) -> Any:
        """The outcome of a command; told twice under one name it is answered alike and books nothing."""
        self.count += 1
        command = replace(command, once=Once(self.client, service.__name__, str(self.count), "f"))
        (outcome,) = self.book.decide(service, command)
        before = self.rows()
        (again,) = self.book.decide(service, command)
        assert again == outcome or isinstance(again, BadInputError)
        assert self.rows() == before
        return outcome

    def rows(self) -> list[Any]:
        tables = ("entries", "postings", "allocations", "refunds", "notices", "repayments", "settlements")
        with self.book.db.session() as session:
            return [session.rows(f"SELECT COUNT(*) FROM {table}") for table in tables]

    def pick(self, kind: type[Any], place: int) -> Any:
        found = self.book.all(kind, line_id=[line.id for line in self.lines])
        return found[place % len(found)] if found else None

    def wait(self, days: int, _: int) -> None:
        self.book.clock.by(days=days)

    def buy(self, won: int, place: int) -> None:
        # Every third is held only.
        number, charged = self.numbers[place % 2], place % 3 > 0
        command = Authorise(self.client, number, won, one_step=charged, exempt=True)
        self.decide(authorise_purchase, command)

    def month(self, _: int, __: int) -> None:
        """The month ends and is closed for both lines."""
        month = month_of(self.book.clock.day)
        self.book.clock.to(month_later(month, 1))
        for line in self.lines:
            self.decide(close_month, CloseLine(line.id, month))

    def repay(self, won: int, place: int) -> None:
        self.received(Repay(self.lines[place % 2].id, won, self.book.clock.day))

    def repay_all(self, more: int, place: int) -> None:
        """All that a bill still asks for, or a little less or more."""
        bill = self.pick(IssuedBill, place)
        if bill is not None:
            counted = sum(each.won for each in self.book.all(Allocation, bill_id=bill.id))
            owed = bill.principal_won + bill.fee_booked_won - bill.fee_waived_won - counted + more
            if owed > 0:
                self.received(Repay(bill.line_id, owed, self.book.clock.day, bill.id))

    def repay_back(self, won: int, days: int) -> None:
        on = self.book.clock.day - timedelta(days)
        self.received(Repay(self.lines[days % 2].id, won, on))

    def repay_named(self, won: int, place: int) -> None:
        bill = self.pick(IssuedBill, place)
        if bill is not None:
            self.received(Repay(bill.line_id, won, self.book.clock.day, bill.id))

    def received(self, command: Repay) -> None:
        repaid = self.decide(receive_repayment, command)
        if isinstance(repaid, Repaid):
            assert repaid.principal_won + repaid.fee_won + repaid.credit_won == command.won
            assert min(repaid.principal_won, repaid.fee_won, repaid.credit_won) >= 0

    def refund(self, share: int, place: int) -> None:
        """All, half, a little or more of what remains of a purchase."""
        purchase = self.pick(Purchase, place)
        if purchase is None:
            return
        left = purchase.left_won
        won = max(1, (left, left // 2, 1, left + 1, left // 3)[share % 5])
        late = self.is_late()
        refunded = self.decide(refund_purchase, RefundPurchase(self.client, purchase.id, won))
        may = purchase.state == PurchaseState.CONFIRMED and won <= left
        assert isinstance(refunded, Refunded) == may
        if may:
            assert refunded.cancelled_won + refunded.credited_won + refunded.paid_back_won == won
            assert not (late and refunded.paid_back_won)

    def dispute(self, place: int, verdict: int) -> None:
        purchase = self.pick(Purchase, place)
        if purchase is None:
            return
        filed = self.decide(file_objection, FileObjection(purchase.line_id, purchase.id, "not bought"))
        if isinstance(filed, Filed) and verdict > 2:
            answer = AnswerObjection(filed.objection_id, upheld=verdict > 6, why="looked into")
            self.decide(answer_objection, answer)

    def settle(self, _: int, __: int) -> None:
        self.decide(settle_merchants, Settle(self.merchant.id, self.book.clock.day - timedelta(1)))

    def fees(self, _: int, __: int) -> None:
        day = self.book.clock.day
        with self.book.db.unit() as unit:
            holder_id = self.lines[0].holder_id
            unit.lock([holder_id])
            unit.load(Line, holder_id=[holder_id])
            for bill in load_bills(unit, [holder_id]):
                after = book_fee(bill, day, unit, rules=self.book.rules)
                facts = bill.as_bill(unit.of_holder(Allocation, holder_id))
                assert after.fee_booked_won == late_fee_on(facts, day, self.book.rules).fee.charged

    def is_late(self) -> bool:
        with self.book.db.unit() as unit:
            holder_id = self.lines[0].holder_id
            load_bills(unit, [holder_id])
            return has_late_bill(holder_id, self.book.clock.day, unit, rules=self.book.rules)


@SETTINGS
@given(begun=BEGINNINGS, steps=STEPS, rules=st.sampled_from(["terms", "guide-example"]))
def test_the_laws_hold_after_any_steps(book: Books, begun: list[Step], steps: list[Step], rules: str) -> None:
    book.rules = RULE_SETS[rules]
    book.clock.to(START, 10)
    life = Life(book, len(book.all(Line)))
    for step, first, second in (*begun, *steps):
        getattr(life, step)(first, second)
    life.fees(0, 0)
    assert broken_laws(book.db) == []
