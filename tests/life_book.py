"""The life of a ledger told a second time, by `rules.md` §4–9, §12.5 and §14 and nothing else.

Dicts, lists and loops over days: slow and plain on purpose. Nothing is taken from the package under test; the
caps are typed in again here, fees and stages come from `day_by_day.py`, the naive reference of a single bill.
What a step should answer and what every account should hold afterwards is worked out from the facts.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import day_by_day
from day_by_day import business_day, effective, month_later

HOLD = timedelta(minutes=10)
CHECK_ABOVE_WON = 300_000
LOWERED_WON = 300_000
DECLINES, WINDOW_DAYS = 3, 30
NEW_DAYS, NEW_WON, MVNO_WON = 90, 50_000, 300_000
HIGHEST = (
    (date(2010, 1, 1), 300_000),
    (date(2015, 1, 1), 500_000),
    (date(2019, 7, 1), 600_000),
    (date(2020, 6, 1), 1_000_000),
)
MINORS = {
    "SKT": ((date(2015, 1, 1), 0), (date(2023, 12, 1), 300_000)),
    "KT": ((date(2015, 1, 1), 0), (date(2024, 5, 1), 100_000)),
    "LGU": ((date(2015, 1, 1), 0), (date(2024, 9, 1), 100_000)),
}
KT_VOUCHERS = ((date(2025, 9, 6), 100_000),)
# Whose part each account has: a line's, a merchant's, or the house's own.
OF_LINE = {
    "held_claims",
    "unbilled_claims",
    "billed_claims",
    "late_fee_claims",
    "line_credit",
    "refunds_payable",
}
OF_MERCHANT = {"held_payables", "merchant_payables", "withheld_payables"}
STOPS_BUYING = {
    "block_purchases",
    "limit_zero",
    "pg_refuses",
    "suspend_line",
    "stop_outgoing",
    "stop_all",
    "end_contract",
}


def month_of(day: date) -> date:
    return day.replace(day=1)


def since(table: tuple[tuple[date, int], ...], day: date) -> int | None:
    """The amount in force on the day."""
    return next((won for start, won in reversed(table) if start <= day), None)


@dataclass
class Holder:
    id: int
    welfare: bool = False
    minor_until: date | None = None
    checked_month: date | None = None
    cleared_on: date | None = None  # the last day on which a late bill was settled


@dataclass
class Line:
    id: int
    holder: Holder
    carrier: str
    opened_on: date
    due_day: int
    monthly_won: int
    daily_won: int | None = None
    purchase_won: int | None = None
    category_won: dict[str, int] = field(default_factory=dict)
    mvno: bool = False
    offered: bool = True
    status: str = "active"
    consented_on: date | None = None
    blocked: bool = False
    lowered_until: date | None = None
    credit: int = 0
    repaid: int = 0
    paid_back: int = 0
    declined_on: list[date] = field(default_factory=list)
    # What lateness has switched off, as the service found it: effect -> is it this line's.
    effects: set[str] = field(default_factory=set)


@dataclass
class Purchase:
    id: int
    line: Line
    merchant: int | None
    client: str
    category: str
    won: int
    state: str
    created_at: datetime
    month: date
    expires_at: datetime | None = None
    confirmed_at: datetime | None = None
    billed_month: date | None = None
    bill: "Bill | None" = None
    freed: int = 0  # given back to the month's limits
    refunded: int = 0
    cancelled: int = 0  # of the refunds, what never reaches a bill
    credited: int = 0  # what was counted against its bill
    returned: int = 0  # what gave back money that had settled it, in money or as credit
    paid_back: int = 0
    settled: bool = False
    checks: int = 0  # open objections

    @property
    def left(self) -> int:
        return self.won - self.refunded


@dataclass
class Bill:
    line: Line
    month: date
    issued_on: date
    due_on: date
    principal: int
    asked: dict[int, int]  # by purchase, in the order of confirmation
    id: int | None = None
    # (day, won, cause): what was counted against it, principal and fee together.
    counted: list[tuple[date, int, str]] = field(default_factory=list)
    fee_booked: int = 0
    booked_on: date | None = None  # the day its fee was last booked for
    fee_waived: int = 0
    fee_repaid: int = 0
    carries: list[tuple["Bill", int]] = field(default_factory=list)
    carried: int = 0  # of its own open fee, what a later bill asks for

    def paid(self, until: date = date.max) -> int:
        """Principal that was settled up to the day."""
        return min(self.principal, sum(won for on, won, _ in self.counted if on <= until))

    def unpaid(self, on: date = date.max) -> int:
        return self.principal - self.paid(on)

    @property
    def open_fee(self) -> int:
        return self.fee_booked - self.fee_waived - self.fee_repaid

    @property
    def is_open(self) -> bool:
        return self.unpaid() > 0 or self.open_fee > 0

    @property
    def money(self) -> int:
        """Principal that was settled by money or credit, and not by a refund of one purchase."""
        return self.paid() - sum(won for _, won, cause in self.counted if cause == "refund")


class LifeBook:
    """Everything that happened to some lines, under one rule set."""

    def __init__(self, rules: str) -> None:
        self.rules = rules
        self.holders: dict[int, Holder] = {}
        self.lines: dict[int, Line] = {}
        self.purchases: dict[int, Purchase] = {}
        self.bills: list[Bill] = []
        self.refunds: list[dict[str, Any]] = []
        self.objections: dict[int, dict[str, Any]] = {}
        self.carried: Counter[int] = Counter()  # a merchant's negative rest
        self.settled: list[tuple[int, date]] = []
        self.balance: Counter[tuple[str, int | None]] = Counter()

    # ── the books ─────────────────────────────────────────────────────────────────────────────────────
    def move(
        self, debit: str, credit: str, won: int, *, line: Line | None = None, to: int | None = None
    ) -> None:
        """Won from the credit account to the debit account; `to` is the merchant."""
        assert won >= 0
        for account, signed in ((debit, won), (credit, -won)):
            part = line.id if account in OF_LINE and line else to if account in OF_MERCHANT else None
            self.balance[account, part] += signed

    def balances(self) -> dict[tuple[str, int | None], int]:
        """Every account that is not zero."""
        return {key: won for key, won in self.balance.items() if won}

    # ── purchases (§8) ────────────────────────────────────────────────────────────────────────────────
    def used(self, line: Line, month: date) -> Iterator[Purchase]:
        return (
            purchase
            for purchase in self.purchases.values()
            if purchase.line is line and purchase.month == month and purchase.state in {"held", "confirmed"}
        )

    def reason_against(  # noqa: C901, PLR0911, PLR0912 -- one reason after the other, as §8 lists them
        self, line: Line | None, won: int, category: str, now: datetime, *, exempt: bool = False
    ) -> str | None:
        """The first reason against a purchase, in the order of §8."""
        if line is None:
            return "line_unknown"
        day, month = now.date(), month_of(now.date())
        if not line.offered:
            return "not_offered"
        if line.status != "active":
            return "not_active"
        if line.consented_on is None or line.consented_on > day:
            return "not_consented"
        if line.blocked:
            return "blocked_by_holder"
        if line.effects & STOPS_BUYING:
            return "late"
        if any(other.effects & STOPS_BUYING for other in self.lines_of(line.holder)):
            return "late_elsewhere"
        if line.category_won.get(category) == 0:
            return "category_blocked"
        caps = self.caps(line, category, day)
        if won > min(caps.values()):
            return "above_cap"
        if line.purchase_won is not None and won > line.purchase_won:
            return "above_purchase_limit"
        if line.holder.checked_month != month and not exempt:
            everything = sum(
                one.won - one.freed for other in self.lines_of(line.holder) for one in self.used(other, month)
            )
            if everything + won > CHECK_ABOVE_WON:
                return "identity_check"
        mine = [(one, one.won - one.freed) for one in self.used(line, month)]
        today = sum(net for one, net in mine if one.created_at.date() == day)
        if line.daily_won is not None and today + won > line.daily_won:
            return "daily_limit"
        same = sum(net for one, net in mine if one.category == category)
        if category in line.category_won and same + won > line.category_won[category]:
            return "category_limit"
        pool = sum(net for one, net in mine if (one.category == "content") == (category == "content"))
        if pool + won > self.monthly_limit(line, day):
            return "monthly_limit"
        for name, cap in caps.items():
            if (same if name == "voucher" else pool) + won > cap:
                return "carrier_cap"
        return None

    def lines_of(self, holder: Holder) -> list[Line]:
        return [line for line in self.lines.values() if line.holder is holder]

    def monthly_limit(self, line: Line, day: date) -> int:
        if line.lowered_until is not None and day <= line.lowered_until:
            return min(line.monthly_won, LOWERED_WON)
        return line.monthly_won

    def caps(self, line: Line, category: str, day: date) -> dict[str, int]:
        found = {"carrier": since(HIGHEST, day)}
        if line.holder.minor_until is not None and day < line.holder.minor_until:
            found["minor"] = since(MINORS[line.carrier], day)
        if line.mvno:
            found["mvno"] = MVNO_WON
        if category == "voucher" and line.carrier == "KT":
            found["voucher"] = since(KT_VOUCHERS, day)
        if day < line.opened_on + timedelta(NEW_DAYS):
            found["new_line"] = NEW_WON
        return {name: won for name, won in found.items() if won is not None}

    def note_decline(self, line: Line, day: date) -> None:
        line.declined_on.append(day)
        recent = [on for on in line.declined_on if day - timedelta(WINDOW_DAYS) < on <= day]
        lowered = line.lowered_until is not None and day <= line.lowered_until
        if len(recent) >= DECLINES and not lowered:
            # Until when was told with this decline, and stays true whatever is declined meanwhile.
            line.lowered_until = day + timedelta(WINDOW_DAYS)

    def authorise(self, line: Line | None, won: int, category: str, now: datetime, *, one_step: bool) -> str:
        """`held`, `confirmed`, `pending_validation`, or the reason; `bought` then enters the purchase."""
        reason = self.reason_against(line, won, category, now)
        if reason is None:
            return "confirmed" if one_step else "held"
        if reason == "identity_check" and not one_step:
            return "pending_validation"
        counted = {"above_cap", "above_purchase_limit", "identity_check", "daily_limit", "category_limit"}
        if line is not None and reason in counted | {"monthly_limit", "carrier_cap"}:
            self.note_decline(line, now.date())
        return reason

    def bought(self, purchase: Purchase) -> None:
        """Enter a purchase that was not declined."""
        self.purchases[purchase.id] = purchase
        if purchase.state == "held":
            purchase.expires_at = purchase.created_at + HOLD
            self.move("held_claims", "held_payables", purchase.won, line=purchase.line, to=purchase.merchant)
        elif purchase.state == "pending_validation":
            # A code is waited for as long as an amount is held; nothing is held meanwhile.
            purchase.expires_at = purchase.created_at + HOLD
        elif purchase.state == "confirmed":
            self._charge(purchase, purchase.created_at)

    def _charge(self, purchase: Purchase, now: datetime) -> None:
        purchase.state, purchase.confirmed_at, purchase.expires_at = "confirmed", now, None
        purchase.billed_month = month_of(now.date())
        self.move(
            "unbilled_claims", "merchant_payables", purchase.won, line=purchase.line, to=purchase.merchant
        )

    def _void(self, purchase: Purchase, state: str) -> None:
        purchase.state, purchase.expires_at = state, None
        self.move("held_payables", "held_claims", purchase.won, line=purchase.line, to=purchase.merchant)

    def is_over(self, purchase: Purchase, now: datetime) -> bool:
        is_waiting = purchase.state in {"held", "pending_validation"}
        return is_waiting and purchase.expires_at is not None and purchase.expires_at <= now

    def confirm(self, purchase: Purchase, now: datetime) -> str:
        if purchase.state != "held":
            return "refused"
        if self.is_over(purchase, now):
            self._void(purchase, "lapsed")
            return "refused"
        if any(line.effects & STOPS_BUYING for line in self.lines_of(purchase.line.holder)):
            self._void(purchase, "denied")
            return "refused"
        self._void(purchase, "held")
        self._charge(purchase, now)
        return "confirmed"

    def cancel(self, purchase: Purchase) -> str:
        if purchase.state == "pending_validation":
            purchase.state, purchase.expires_at = "cancelled", None
            return "cancelled"
        if purchase.state != "held":
            return "refused"
        self._void(purchase, "cancelled")
        return "cancelled"

    def lapse(self, purchase: Purchase, now: datetime) -> bool:
        if not self.is_over(purchase, now):
            return False
        if purchase.state == "pending_validation":
            purchase.state, purchase.expires_at = "lapsed", None
        else:
            self._void(purchase, "lapsed")
        return True

    # ── months (§9) ───────────────────────────────────────────────────────────────────────────────────
    def due_on(self, line: Line, month: date) -> date:
        following = month_later(month, 1)
        last = month_later(following, 1) - timedelta(1)
        return min(last, following + timedelta(line.due_day - 1))

    def issued_on(self, line: Line, month: date) -> date:
        """The 13th, or 5 business days before the due date, but not before the first business day."""
        following = month_later(month, 1)
        day, left = effective(self.rules, self.due_on(line, month)), 5
        while left:
            day -= timedelta(1)
            left -= business_day(day) == day
        return max(business_day(following), min(following + timedelta(12), day))

    def close(self, line: Line, month: date) -> Bill | None:
        """The bill of the month, or None where there is none to make."""
        if any(bill.line is line and bill.month == month for bill in self.bills):
            return None
        found = [
            one
            for one in self.purchases.values()
            if one.line is line
            and one.state == "confirmed"
            and one.bill is None
            and one.billed_month is not None
            and one.billed_month <= month
            and one.won > one.cancelled
        ]
        if not found:
            return None
        found.sort(key=lambda one: (one.confirmed_at, one.id))
        # A refund after the month's end and before its close is a credit on this bill, so both are on it.
        asked = {one.id: one.won - one.cancelled for one in found}
        bill = Bill(
            line, month, self.issued_on(line, month), self.due_on(line, month), sum(asked.values()), asked
        )
        for one in found:
            one.bill = bill
        self._carry(bill)
        self.bills.append(bill)
        self.move("billed_claims", "unbilled_claims", bill.principal, line=line)
        credit = min(line.credit, bill.principal)
        if credit:
            line.credit -= credit
            bill.counted.append((bill.issued_on, credit, "credit"))
            self.move("line_credit", "billed_claims", credit, line=line)
        return bill

    def _carry(self, bill: Bill) -> None:
        """A fee still open on a settled bill is asked for on the next one, once."""
        for earlier in self.bills:
            asked = earlier.open_fee - earlier.carried
            if earlier.line is bill.line and earlier.unpaid() == 0 and asked > 0:
                bill.carries.append((earlier, asked))
                earlier.carried += asked

    # ── lateness (§4–5) ───────────────────────────────────────────────────────────────────────────────
    def as_seen(self, bill: Bill) -> day_by_day.Bill:
        repaid = [(on, won) for on, won, _ in bill.counted]
        seen = day_by_day.bill_of(self.rules, bill.line.carrier, bill.principal, bill.due_on, repaid)
        return seen._replace(welfare=bill.line.holder.welfare)

    def fee_due(self, bill: Bill, day: date) -> int:
        """The late fee stated on the day."""
        if day <= effective(self.rules, bill.due_on):
            return 0
        *_, (_, low, _) = day_by_day.both_runs(self.as_seen(bill), day, day)
        return low.late_fee

    def book_fee(self, bill: Bill, day: date) -> int:
        """What is due by the day less what is booked, and books it."""
        day = max(day, bill.booked_on or day)
        more = self.fee_due(bill, day) - bill.fee_booked
        bill.fee_booked += more
        bill.booked_on = day
        if more > 0:
            self.move("late_fee_claims", "late_fee_income", more, line=bill.line)
        elif more < 0:
            self.move("late_fee_income", "late_fee_claims", -more, line=bill.line)
        return more

    def of_line(self, line: Line) -> list[Bill]:
        """The line's open bills, the oldest due date first."""
        mine = [bill for bill in self.bills if bill.line is line and bill.is_open]
        return sorted(mine, key=lambda bill: (bill.due_on, bill.id or 0))

    def is_late(self, bill: Bill, day: date) -> bool:
        return day > effective(self.rules, bill.due_on) and bill.unpaid(day) > 0

    def has_late_bill(self, holder: Holder, day: date) -> bool:
        return any(bill.line.holder is holder and self.is_late(bill, day) for bill in self.bills)

    # ── money comes in (§4, §5) ───────────────────────────────────────────────────────────────────────
    def repay(self, line: Line, won: int, on: date, bill: Bill | None = None) -> dict[str, int]:
        """What became of the money: principal, fee and credit in won."""
        line.repaid += won
        parts, left = Counter[str](), won
        for each in [bill] if bill else self.of_line(line):
            left = self._settle(each, left, on, parts)
        if bill:
            for origin, _ in bill.carries:
                fee = min(left, origin.open_fee)
                left -= self._count_fee(origin, fee, on)
                parts["fee"] += fee
        parts["credit"] = left
        line.credit += left
        self.move("bank", "line_credit", left, line=line)
        return {name: parts[name] for name in ("principal", "fee", "credit")}

    def _settle(self, bill: Bill, left: int, on: date, parts: Counter[str]) -> int:
        """Principal, then the fee of the day, or of the last day booked if the money is dated back."""
        principal = min(left, bill.unpaid())
        if principal:
            bill.counted.append((on, principal, "repayment"))
            self.move("bank", "billed_claims", principal, line=bill.line)
        due = self.fee_due(bill, max(on, bill.booked_on or on)) - bill.fee_waived - bill.fee_repaid
        fee = min(left - principal, due)
        if principal or fee:
            self.book_fee(bill, on)
        self._count_fee(bill, fee, on)
        parts["principal"] += principal
        parts["fee"] += fee
        return left - principal - fee

    def _count_fee(self, bill: Bill, fee: int, on: date) -> int:
        if fee:
            bill.counted.append((on, fee, "repayment"))
            bill.fee_repaid += fee
            bill.carried = max(0, bill.carried - fee)
            self.move("bank", "late_fee_claims", fee, line=bill.line)
        return fee

    # ── value goes back (§12.5) ───────────────────────────────────────────────────────────────────────
    def repaid_of(self, purchase: Purchase) -> int:
        """What money has settled of a billed purchase: its bill's purchases are settled in their order."""
        bill = purchase.bill
        left = bill.money if bill else 0
        for each, asked in bill.asked.items() if bill else ():
            mine = min(left, asked - self.purchases[each].credited)
            if each == purchase.id:
                return mine
            left -= mine
        return 0

    def refund(
        self, purchase: Purchase, won: int, now: datetime, cause: str = "merchant"
    ) -> dict[str, int] | None:
        """What was cancelled, credited and paid back in won; None where it is refused."""
        if purchase.state != "confirmed" or not 0 < won <= purchase.left:
            return None
        line, day = purchase.line, now.date()
        parts = {"cancelled": 0, "credited": 0, "paid_back": 0}
        if purchase.bill is not None:
            self._refund_billed(purchase, won, day, parts)
        elif purchase.billed_month == month_of(day):
            parts["cancelled"] = won
            purchase.cancelled += won
            purchase.freed += won if purchase.month == month_of(day) else 0
            self.move("merchant_payables", "unbilled_claims", won, line=line, to=purchase.merchant)
        else:
            parts["credited"] = won
            purchase.returned += won
            self._credit(line, won, purchase)
        purchase.refunded += won
        self.refunds.append({"purchase": purchase, "won": won, "settled": False, "cause": cause})
        for objection in self.objections.values():
            if objection["purchase"] is purchase and objection["state"] == "open":
                # What the seller gave back is no longer withheld of them.
                released = min(won, objection["withheld"])
                objection["withheld"] -= released
                self.move("withheld_payables", "merchant_payables", released, to=purchase.merchant)
        return parts

    def _credit(self, line: Line, won: int, purchase: Purchase) -> None:
        line.credit += won
        self.move("merchant_payables", "line_credit", won, line=line, to=purchase.merchant)

    def _refund_billed(self, purchase: Purchase, won: int, day: date, parts: dict[str, int]) -> None:
        """Money for what was repaid of it; the rest is off the bill that carries it, while that is owed."""
        line, bill = purchase.line, purchase.bill
        assert bill is not None
        self.book_fee(bill, day)
        unpaid = max(0, purchase.left - (self.repaid_of(purchase) - purchase.returned))
        is_late = self.has_late_bill(line.holder, day)
        money = 0 if is_late else min(max(0, won - unpaid), line.repaid - line.paid_back)
        off_bill = min(won - money, bill.unpaid())
        if off_bill:
            bill.counted.append((day, off_bill, "refund"))
            purchase.credited += off_bill
            self.move("merchant_payables", "billed_claims", off_bill, line=line, to=purchase.merchant)
        if money:
            line.paid_back += money
            purchase.paid_back += money
            self.move("merchant_payables", "refunds_payable", money, line=line, to=purchase.merchant)
        if won > money + off_bill:
            self._credit(line, won - money - off_bill, purchase)
        purchase.returned += won - off_bill
        parts["credited"], parts["paid_back"] = won - money, money

    # ── objections and merchants (§9) ─────────────────────────────────────────────────────────────────
    def object(self, objection_id: int, purchase: Purchase, day: date) -> tuple[int, date]:
        """What is withheld of the seller in won, and until when it is to be answered."""
        # What the seller was paid already cannot be withheld.
        withheld = 0 if purchase.settled else purchase.left
        purchase.checks += 1
        self.objections[objection_id] = {"purchase": purchase, "withheld": withheld, "state": "open"}
        self.move("merchant_payables", "withheld_payables", withheld, to=purchase.merchant)
        return withheld, day + timedelta(14)

    def may_object(self, purchase: Purchase) -> bool:
        return purchase.state == "confirmed" and purchase.left > 0 and not purchase.checks

    def answer(self, objection_id: int, now: datetime, *, upheld: bool) -> dict[str, int] | None:
        """The refund that an upheld objection leads to, if anything is left to refund."""
        objection = self.objections[objection_id]
        purchase = objection["purchase"]
        objection["state"] = "upheld" if upheld else "rejected"
        purchase.checks -= 1
        self.move("withheld_payables", "merchant_payables", objection["withheld"], to=purchase.merchant)
        return self.refund(purchase, purchase.left, now, "objection") if upheld and purchase.left else None

    def settle(self, merchant: int, through: date) -> dict[str, int]:
        """What the merchant gets: purchases less refunds, a negative rest is carried to the next time."""
        bought = [
            one
            for one in self.purchases.values()
            if one.merchant == merchant
            and one.confirmed_at is not None
            and one.confirmed_at.date() <= through
            and not one.settled
            and not one.checks
        ]
        back = [
            one
            for one in self.refunds
            if one["purchase"].merchant == merchant
            and not one["settled"]
            # A refund of a disputed purchase is settled with it.
            and (one["purchase"].settled or not one["purchase"].checks)
        ]
        for purchase in bought:
            purchase.settled = True
        for refund in back:
            refund["settled"] = True
        purchases, refunds = sum(one.won for one in bought), sum(one["won"] for one in back)
        rest = purchases - refunds + self.carried[merchant]
        self.settled.append((merchant, through))
        self.carried[merchant] = min(0, rest)
        self.move("merchant_payables", "bank", max(0, rest), to=merchant)
        return {"purchases": purchases, "refunds": refunds, "won": max(0, rest)}

    # ── relief (§7) ───────────────────────────────────────────────────────────────────────────────────
    def may_ask_waiver(self, bill: Bill, day: date) -> bool:
        """On days 1 to 10 late, and only under the guides."""
        late = (day - effective(self.rules, bill.due_on)).days
        return self.rules != "terms" and bill.unpaid(day) > 0 and 1 <= late <= 10

    def waive(self, bill: Bill, day: date) -> int:
        """The fee stated on the day and not yet repaid, which is waived."""
        self.book_fee(bill, day)
        won = bill.open_fee
        bill.fee_waived += won
        self.move("fee_waived", "late_fee_claims", won, line=bill.line)
        return won

    # ── days (§4–6) ───────────────────────────────────────────────────────────────────────────────────
    def advance(self, line: Line, day: date) -> int:
        """Book the fees up to the day; the won that were booked.

        What is booked is what is due less what is booked already, so the days between need no walk.
        """
        return sum(self.book_fee(bill, day) for bill in self.bills if bill.line is line)

    def should_hold(self, line: Line, day: date) -> dict[str, Bill]:
        """The effects that a line's late bills should have at the end of the day, and whose they are."""
        found: dict[str, Bill] = {}
        for bill in self.of_line(line):
            counted = self.counted_won(line, day) if self.rules == "terms" else bill.unpaid(day)
            if bill.unpaid(day) > 0:
                _, effects = day_by_day.stage_and_effects(self.as_seen(bill), day, counted)
                found |= {effect: bill for effect in effects if effect not in found}
        return found

    def linger(self, holder: Holder, day: date) -> bool:
        """Whether effects may still be in force on a holder's lines though nothing late is left.

        They come back at the carrier's time after the day on which the last late bill was settled.
        """
        if self.has_late_bill(holder, day):
            return True
        for bill in self.bills:
            settled = next(
                (on for on, *_ in sorted(bill.counted, key=lambda one: one[0]) if not bill.unpaid(on)), None
            )
            if bill.line.holder is holder and settled and settled > effective(self.rules, bill.due_on):
                cleared = max(settled, holder.cleared_on or settled)
                times = day_by_day.restoration(self.as_seen(bill), cleared)
                latest = [
                    window["latest_on"] for window in (times["line"], times["purchases"], times["limit"])
                ]
                if None in latest or day <= max(latest) + timedelta(1):
                    return True
        return False

    def counted_won(self, line: Line, day: date) -> int:
        """Unpaid principal of all the holder's late bills at the carrier."""
        return sum(
            bill.unpaid(day)
            for bill in self.bills
            if bill.line.holder is line.holder
            and bill.line.carrier == line.carrier
            and self.is_late(bill, day)
        )
