"""Late stories: bills that are repaid late, in parts or not at all, and what can be done about it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from carrierbill.demo.scene import MisplayedError, Part, Person, Story, Turn, at, late
from carrierbill.domain.arrangement import ArrangementKind
from carrierbill.domain.dates import days_later, month_later, months_between
from carrierbill.services.close_month import Closed
from carrierbill.services.grant_relief import AskRelief, DecideRelief, ask_relief, decide_relief
from carrierbill.services.holding import Authorised
from carrierbill.services.register_line import RecordAutoPay, record_auto_pay

PARTS = 3
ADJUSTED_MONTHS, ADJUSTED_WON = 12, 16_000
KNOWN_DAY = 3


def blocked(person: Person) -> Story:
    """Has not paid a bill, and buys nothing more until it is."""
    yield from _owes(person, 10, 30_000)


def late_a_week(person: Person) -> Story:
    """Forgets to pay, finds purchases blocked, pays, and can buy again."""
    for month in (3, 8):
        closed = yield from _owes(person, month, 42_000)
        yield from person.buy(late(closed, 5, 13), 8_000)
        yield from person.pay_all(late(closed, 6))
        yield from _buys_again(person, late(closed, 7, 20), 8_000)


def late_forty_days(person: Person) -> Story:
    """Cannot pay for weeks; once repaid, the line comes back after the carrier's business days."""
    for month in (2, 7):
        closed = yield from _owes(person, month, 76_000)
        yield from person.pay_all(late(closed, 40))
        yield from _buys_again(person, late(closed, 50), 15_000)


def reported_and_cured(person: Person) -> Story:
    """Is so late that a report goes out; it is withdrawn once all is repaid."""
    closed = yield from _owes(person, 2, 93_000)
    yield from person.pay_all(late(closed, 78))


def held_and_cured(person: Person) -> Story:
    """Has moved and gets no notice: a report is held ready for it, and never goes out, for all is repaid."""
    closed = yield from _owes(person, 3, 58_000)
    while not person.is_reported:
        closed = replace(closed, due_on=days_later(closed.due_on, 1))
        yield Turn(late(closed, 0, 8))
    yield from person.pay_all(late(closed, 12))


def never_again(person: Person) -> Story:
    """Pays for some months and then no more."""
    for month in range(5):
        closed = yield from _owes(person, month, 31_000 + 2_000 * month)
        yield from person.pay_all(late(closed, 0, 10))
    yield from _owes(person, 5, 43_000)


def long_term_cured(person: Person) -> Story:
    """Is marked for the long term, repays all, and is let buy again after a review."""
    closed = yield from _owes(person, 1, 66_000)
    yield from person.pay_all(late(closed, 104))
    yield from person.buy(late(closed, 115), 9_000)
    yield from _relief(AskRelief(person.line_id, ArrangementKind.LONG_TERM_REVIEW), late(closed, 120, 10))
    yield from _buys_again(person, late(closed, 125), 9_000)


def waiver_granted(person: Person) -> Story:
    """Asks for the fee of a few days to be waived, once, and pays the rest."""
    closed = yield from _owes(person, 4, 120_000)
    wish = AskRelief(person.line_id, ArrangementKind.WAIVER, closed.bill_id)
    yield from _relief(wish, late(closed, 6, 10))
    yield from person.pay_all(late(closed, 7))


def waiver_refused(person: Person) -> Story:
    """Asks again within the year and is refused."""
    for month, granted in ((2, True), (6, False)):
        closed = yield from _owes(person, month, 110_000)
        wish = AskRelief(person.line_id, ArrangementKind.WAIVER, closed.bill_id)
        yield from _relief(wish, late(closed, 8, 10), granted=granted)
        yield from person.pay_all(late(closed, 9))


def instalment_kept(person: Person) -> Story:
    """Pays a late bill in three parts, each on its day."""
    closed = yield from _owes(person, 3, 84_000)
    yield from _in_parts(person, closed, kept=PARTS)
    yield from person.pay_all(late(closed, 90))


def instalment_broken(person: Person) -> Story:
    """Pays the first part and then no more."""
    closed = yield from _owes(person, 5, 90_000)
    yield from _in_parts(person, closed, kept=1)


def _in_parts(person: Person, closed: Closed, *, kept: int) -> Part:
    first_on = days_later(late(closed, 8).date(), 10)
    part_won = closed.principal_won // PARTS + 1_000
    kind = ArrangementKind.INSTALMENT
    wish = AskRelief(person.line_id, kind, closed.bill_id, PARTS, first_due_on=first_on, part_won=part_won)
    yield from _relief(wish, late(closed, 8, 10))
    for part in range(kept):
        yield from person.pay(at(month_later(first_on, part), 11), part_won, closed.bill_id)


def debt_adjusted(person: Person) -> Story:
    """Has all debts adjusted and pays a part of them each month; contact has stopped."""
    yield from _adjusted(person, kept=ADJUSTED_MONTHS)


def debt_adjustment_void(person: Person) -> Story:
    """Has debts adjusted, pays nothing for three months, and the adjustment is void."""
    yield from _adjusted(person, kept=0)


def _adjusted(person: Person, *, kept: int) -> Part:
    closed = yield from _owes(person, 1, 98_000)
    yield from _owes(person, 2, 87_000)
    asked = late(closed, 60, 10)
    first_on = days_later(asked.date(), 14)
    wish = AskRelief(
        person.line_id,
        ArrangementKind.DEBT_ADJUSTMENT,
        months=ADJUSTED_MONTHS,
        first_due_on=first_on,
        part_won=ADJUSTED_WON,
    )
    yield from _relief(wish, asked)
    for part in range(kept):
        yield from person.pay(at(month_later(first_on, part), 11), ADJUSTED_WON)


def _relief(wish: AskRelief, when: datetime, *, granted: bool = True) -> Part:
    """Ask for a relief; a counsellor decides the same day."""
    asked = yield Turn(when, ask_relief, wish)
    why = "first time this year" if granted else "granted before, within the year"
    decision = DecideRelief(asked.arrangement_id, granted=granted, actor="counsellor", why=why)
    yield Turn(when.replace(hour=15), decide_relief, decision)


def card_expired(person: Person) -> Story:
    """The card behind the auto-pay expires before the due date; the reminder names it, nobody looks."""
    yield from _failing(person, 5, RecordAutoPay(person.line_id, person.when(6, 1).date(), None))


def balance_short(person: Person) -> Story:
    """The account behind the auto-pay holds too little."""
    yield from _failing(person, 7, RecordAutoPay(person.line_id, None, 10_000))


def _failing(person: Person, month: int, known: RecordAutoPay) -> Part:
    for before in (month - 2, month - 1):
        closed = yield from _owes(person, before, 36_000)
        yield from person.pay_all(late(closed, 0, 10))
    closed = yield from _owes(person, month, 52_000)
    yield Turn(person.when(month + 1, KNOWN_DAY, 15), record_auto_pay, known)
    yield from person.pay_all(late(closed, 4))
    healed = RecordAutoPay(person.line_id, None, None)
    yield Turn(late(closed, 4, 15), record_auto_pay, healed)


def late_elsewhere(person: Person) -> Story:
    """One of two lines is late; the other may not buy either, and is told why."""
    closed = yield from _owes(person, 6, 47_000)
    other = Person(person.scene, replace(person.member, number=person.member.second or ""))
    yield from other.buy(late(closed, 6, 12), 7_000)
    yield from person.pay_all(late(closed, 12))
    yield from _buys_again(other, late(closed, 13, 19), 7_000)


def late_now(person: Person) -> Story:
    """Has paid all year; the last bill is late."""
    for month in range(5, 10):
        closed = yield from _owes(person, month, 39_000 + 500 * month)
        yield from person.pay_all(late(closed, 0, 10))
    yield from _owes(person, 10, 44_000)


def on_welfare(person: Person) -> Story:
    """Pays only the principal, three weeks late; the fee is asked for on the next bill."""
    for month in (2, 5):
        closed = yield from _owes(person, month, 140_000)
        yield from person.pay(late(closed, 21), closed.principal_won, closed.bill_id)
    closed = yield from _owes(person, 8, 20_000)
    yield from person.pay_all(late(closed, 0, 10))


def _owes(person: Person, month: int, won: int) -> Part:
    """Buy in a month, two things, and wait for the bill."""
    yield from person.buy(person.when(month, 7, 12), won // 3, "content")
    yield from person.buy(person.when(month, 16, 21), won - won // 3, "goods")
    closed = yield from person.bill(month)
    if closed is None:
        raise MisplayedError(person.member.story, month)
    return closed


def _buys_again(person: Person, when: datetime, won: int) -> Part:
    """Buy after all is repaid, and pay for it in time."""
    bought = yield from person.buy(when, won)
    if isinstance(bought, Authorised):
        closed = yield from person.bill(months_between(person.scene.first_month, when.date()))
        yield from person.pay_all(late(closed, 0, 10))


STORIES: Mapping[str, Callable[[Person], Story]] = {
    story.__name__: story
    for story in (
        blocked,
        late_a_week,
        late_forty_days,
        reported_and_cured,
        held_and_cured,
        never_again,
        long_term_cured,
        waiver_granted,
        waiver_refused,
        instalment_kept,
        instalment_broken,
        debt_adjusted,
        debt_adjustment_void,
        card_expired,
        balance_short,
        late_elsewhere,
        late_now,
        on_welfare,
    )
}
