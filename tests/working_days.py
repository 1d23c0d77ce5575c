"""Days worked on books: bills issued by hand, days advanced in order, notices delivered as told."""

from collections.abc import Sequence
from datetime import date, timedelta

from books import Books
from carrierbill.bootstrap import confirmed
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.dates import month_later, month_of
from carrierbill.domain.journal import Entry, LedgerAccount, Posting
from carrierbill.domain.line import Line, LineEffect
from carrierbill.domain.notice import Notice
from carrierbill.domain.policy import RuleSet
from carrierbill.services.advance_day import Advance, Advanced, advance_day
from carrierbill.services.ports import Addressed, Delivery
from carrierbill.services.receive_repayment import Repaid, Repay, receive_repayment
from carrierbill.services.send_notices import RecordDelivery, Recorded, record_delivery, send_due
from carrierbill.storage.codes import SecretCodes
from carrierbill.texts.load import read_texts
from rule_sets import RULE_SETS

GUIDE, TERMS = confirmed(RULE_SETS["guide"]), confirmed(RULE_SETS["terms"])
MORNING, NOON = 9, 12


class Post:
    """A driver that delivers at once, or leaves undelivered what it is told to."""

    def __init__(self, days: "WorkingDays") -> None:
        self._days = days
        self.sent: list[Addressed] = []

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        self.sent += notices
        return [self._of(each) for each in notices]

    def _of(self, each: Addressed) -> Delivery:
        if each.notice.what in self._days.undelivered:
            return Delivery(each.notice.id, "post", None)
        return Delivery(each.notice.id, "post", self._days.book.clock.day)


class WorkingDays:
    """Books whose days are worked in the morning; at noon the notices go out."""

    def __init__(self, book: Books, rules: RuleSet) -> None:
        book.rules = rules
        self.book = book
        self.undelivered: set[str] = set()
        self.post = Post(self)

    def bill(self, line: Line, principal_won: int, due_on: date, *, welfare: bool = False) -> IssuedBill:
        """A bill of the month before its due date, as a close would leave it."""
        with self.book.db.unit() as unit:
            bill = IssuedBill(
                id=unit.new_id(IssuedBill),
                line_id=line.id,
                holder_id=line.holder_id,
                carrier=line.carrier,
                month=month_later(month_of(due_on), -1),
                issued_on=due_on - timedelta(days=10),
                due_on=due_on,
                principal_won=principal_won,
                welfare=welfare,
            )
            unit.add(bill)
            charged = Posting(
                LedgerAccount.BILLED_CLAIMS,
                LedgerAccount.MERCHANT_PAYABLES,
                principal_won,
                line.id,
                bill_id=bill.id,
            )
            unit.book(Entry(f"bill/{bill.id}", "bill", unit.now, (charged,), line_id=line.id))
        return bill

    def repay(self, line: Line, won: int, day: date, bill_id: int | None = None) -> Repaid:
        """Money received at seven in the morning, before the day is worked."""
        self.book.clock.to(day, 7)
        (repaid,) = self.book.decide(receive_repayment, Repay(line.id, won, day, bill_id))
        assert isinstance(repaid, Repaid), repaid
        return repaid

    def work(self, day: date, *lines: Line) -> list[Advanced]:
        """Advance lines to a day in its morning."""
        self.book.clock.to(day, MORNING)
        worked = self.book.decide(advance_day, *(Advance(line.id, day) for line in lines))
        assert all(isinstance(each, Advanced) for each in worked), worked
        return worked

    def send(self, hour: int = NOON) -> None:
        """Let out all that is due at the hour."""
        self.book.clock.to(self.book.clock.day, hour)
        codes = SecretCodes(self.book.db.keys.index_secret)
        send_due(self.book.db, self.post, texts=read_texts(), rules=self.book.rules, codes=codes)

    def through(self, first: date, last: date, *lines: Line) -> dict[date, list[Advanced]]:
        """Work every day from first to last, notices going out at noon; what each day brought."""
        brought = {}
        day = first
        while day <= last:
            brought[day] = self.work(day, *lines)
            self.send()
            day += timedelta(days=1)
        return brought

    def in_force(self, line: Line) -> set[str]:
        """The effects in force on a line."""
        return {str(effect.effect) for effect in self.book.all(LineEffect, line_id=line.id, ended_on=None)}

    def spans(self, line: Line) -> list[tuple[str, date, date | None]]:
        """Each effect a line had: its name, the day it began, the day it ended."""
        effects = self.book.all(LineEffect, line_id=line.id)
        return [(str(effect.effect), effect.began_on, effect.ended_on) for effect in effects]

    def notices(self, line: Line, *whats: str) -> list[Notice]:
        """A line's notices in order, of some kinds or of all."""
        found = self.book.all(Notice, line_id=line.id)
        return [notice for notice in found if not whats or notice.what in whats]

    def told(self, line: Line) -> list[tuple[str, date | None]]:
        """What a line was told, and the day it was delivered."""
        return [(notice.what, notice.delivered_on) for notice in self.notices(line)]

    def deliver(self, line: Line, what: str, day: date) -> None:
        """Record that what was handed over to a line has arrived on a day."""
        self.undelivered.discard(what)
        self.book.clock.to(day, NOON)
        for notice in self.notices(line, what):
            (recorded,) = self.book.decide(
                record_delivery, RecordDelivery(Delivery(notice.id, notice.reference, day))
            )
            assert isinstance(recorded, Recorded), recorded
