"""Buying stories: thinking better of it, limits hit and changed, codes, refunds and objections."""

from collections.abc import Callable, Mapping
from datetime import datetime

from carrierbill.demo.scene import SOON, Part, Person, Story, Turn, at, late
from carrierbill.domain.dates import days_later
from carrierbill.services.change_limit import (
    ChangeLimit,
    CloseService,
    OpenService,
    change_limit,
    close_service,
    open_service,
)
from carrierbill.services.confirm_purchase import Confirm, confirm_purchase
from carrierbill.services.handle_objection import (
    AnswerObjection,
    FileObjection,
    answer_objection,
    file_objection,
)
from carrierbill.services.holding import Authorised
from carrierbill.services.report_late import ReportLate, report_late
from carrierbill.services.validate_purchase import SendCode, Validate, Validated, send_code, validate_purchase
from carrierbill.storage.codes import SecretCodes

ENOUGH_FOR_A_CHECK_WON = 180_000


def changes_mind(person: Person) -> Story:
    """Cancels one hold, lets another run out, and buys in the end."""
    for month in range(0, 12, 2):
        wish, held = yield from person.hold(person.when(month, 9, 20, minute=10), 34_000)
        yield from person.cancel(person.when(month, 9, 20, minute=10), wish, held)
        _, held = yield from person.hold(person.when(month, 12, 21, minute=40), 34_000)
        yield from person.let_lapse(person.when(month, 12, 21, minute=40), held)
        wish, held = yield from person.hold(person.when(month, 13, 8, minute=15), 34_000)
        yield from person.confirm(person.when(month, 13, 8, minute=15), wish, held)
        yield from _pays_in_time(person, month)


def buys_much(person: Person) -> Story:
    """Passes the identity check with the code that was sent, each time a month goes above its amount."""
    for month in (1, 5, 9):
        yield from person.buy(person.when(month, 6, 19), ENOUGH_FOR_A_CHECK_WON)
        yield from _with_code(person, person.when(month, 17, 20), ENOUGH_FOR_A_CHECK_WON)
        yield from _pays_in_time(person, month)


def wrong_codes(person: Person) -> Story:
    """Mistypes the code until the purchase is denied."""
    yield from person.buy(person.when(4, 6, 19), ENOUGH_FOR_A_CHECK_WON)
    wish, waiting = yield from person.hold(person.when(4, 17, 20), ENOUGH_FOR_A_CHECK_WON)
    yield from _sent_code(person, wish.client, waiting)
    for _ in range(3):
        yield Turn(person.now, validate_purchase, Validate(wish.client, waiting.purchase_id, b"mistyped"))
    yield from _pays_in_time(person, 4)


def _with_code(person: Person, when: datetime, won: int) -> Part:
    """Buy in two steps with a code between them; it may still be declined."""
    wish, waiting = yield from person.hold(when, won)
    code_hash = yield from _sent_code(person, wish.client, waiting)
    typed = Validate(wish.client, waiting.purchase_id, code_hash)
    held = yield Turn(when + SOON, validate_purchase, typed)
    if isinstance(held, Validated):
        yield Turn(when + 2 * SOON, confirm_purchase, Confirm(wish.client, held.purchase_id))


def _sent_code(person: Person, client: str, waiting: Authorised) -> Part:
    """Have a code sent at once: its hash."""
    codes = SecretCodes(person.scene.play.database.keys.index_secret)
    code_hash, secret = codes.new(waiting.purchase_id)
    yield Turn(person.now, send_code, SendCode(client, waiting.purchase_id, code_hash, secret))
    yield Turn(person.now, job=person.scene.tell)
    return code_hash


def hits_limit(person: Person) -> Story:
    """Is declined for the day's limit and for the month's, whereupon the limit is lower for thirty days."""
    for month in (2, 7):
        yield from person.buy(person.when(month, 3, 12), 150_000)
        yield from person.buy(person.when(month, 3, 18), 90_000)
        yield from _with_code(person, person.when(month, 4, 12), 160_000)
        for day in (5, 6, 8):
            yield from person.buy(person.when(month, day, 12), 110_000)
        yield from person.buy(person.when(month + 1, 4, 12), 180_000)
        yield from _with_code(person, person.when(month + 1, 5, 12), 150_000)
        yield from _pays_in_time(person, month)
        yield from _pays_in_time(person, month + 1)


def keeps_limits(person: Person) -> Story:
    """Lowers a limit, closes the service and opens it again, and has the limit raised with consent."""
    line_id = person.line_id
    yield Turn(person.when(1, 8, 10), change_limit, ChangeLimit(line_id, "holder", monthly_limit_won=100_000))
    yield from person.buy(person.when(1, 20, 13), 120_000)
    yield Turn(person.when(3, 8, 10), close_service, CloseService(line_id, "holder"))
    yield from person.buy(person.when(3, 9, 13), 12_000)
    yield Turn(person.when(5, 8, 10), open_service, OpenService(line_id, "holder", consented=True))
    raised = ChangeLimit(line_id, "counsellor", monthly_limit_won=400_000, consented=True)
    yield Turn(person.when(6, 8, 10), change_limit, raised)
    yield from person.buy(person.when(6, 20, 13), 120_000)
    yield from _pays_in_time(person, 6)


def no_games(person: Person) -> Story:
    """A family's line that buys anything but games."""
    for month in (0, 3, 6, 10):
        yield from person.buy(person.when(month, 16, 17), 9_900, "game")
        yield from person.buy(person.when(month, 16, 18), 4_800, "transport")
        yield from _pays_in_time(person, month)


def minor(person: Person) -> Story:
    """A minor's line: small purchases, and one above the cap for minors."""
    for month in (0, 2, 4, 6, 8, 10):
        yield from person.buy(person.when(month, 5, 16), 11_000, "content")
        yield from person.buy(person.when(month, 19, 16), 240_000)
        yield from _pays_in_time(person, month)


def new_line(person: Person) -> Story:
    """A line younger than ninety days, for which a lower cap holds at first."""
    for month in (4, 8):
        yield from person.buy(person.when(month, 7, 12), 72_000)
        yield from person.buy(person.when(month, 8, 12), 31_000)
        yield from _pays_in_time(person, month)


def reported_late(person: Person) -> Story:
    """A gateway reports a purchase after its month; it goes on the next bill, marked with its own month."""
    for month in (3, 9):
        yield from person.buy(person.when(month, 10, 13), 16_000, "content")
        wish, bought_on = person.wish(23_000, "game"), person.when(month, 28).date()
        late_one = ReportLate(wish.client, wish.number, wish.won, bought_on, wish.merchant, wish.description)
        yield Turn(person.when(month + 1, 5, 7), report_late, late_one)
        yield from _pays_in_time(person, month)
        yield from _pays_in_time(person, month + 1)


def cancels_in_month(person: Person) -> Story:
    """Gives things back in the month of the purchase: the bill never sees them."""
    for month in (1, 4, 7, 10):
        bought = yield from person.buy(person.when(month, 10, 15), 45_000)
        yield from person.buy(person.when(month, 11, 15), 12_000)
        yield from person.refund(person.when(month, 14, 11, minute=20), bought, 45_000)
        yield from _pays_in_time(person, month)


def refund_between(person: Person) -> Story:
    """Gives something back after the month's end and before its bill."""
    for month in (2, 8):
        bought = yield from person.buy(person.when(month, 27, 15), 38_000)
        yield from person.buy(person.when(month, 28, 15), 21_000)
        yield from person.refund(person.when(month + 1, 1, 11, minute=20), bought, 38_000)
        yield from _pays_in_time(person, month)


def refund_on_bill(person: Person) -> Story:
    """Gives part of something back that is billed and not yet repaid: the bill gets smaller."""
    for month in (3, 9):
        bought = yield from person.buy(person.when(month, 12, 15), 64_000)
        closed = yield from person.bill(month)
        yield from person.refund(person.when(month + 1, 6, 11, minute=20), bought, 24_000)
        yield from person.pay_all(late(closed, 0, 10))


def refund_in_money(person: Person) -> Story:
    """Gives something back that is repaid: the money comes back."""
    for month in (2, 6):
        bought = yield from person.buy(person.when(month, 12, 15), 88_000)
        closed = yield from person.bill(month)
        yield from person.pay_all(late(closed, 0, 10))
        yield from person.refund(late(closed, 4, 11), bought, 88_000)


def objection_upheld(person: Person) -> Story:
    """Disputes a charge that was not theirs; the seller's money is withheld, then returned."""
    for month in (4, 9):
        yield from _object(person, month, upheld=True)


def objection_rejected(person: Person) -> Story:
    """Disputes a charge that a family member made; it stands."""
    for month in (5, 8):
        yield from _object(person, month, upheld=False)


def objection_open(person: Person) -> Story:
    """Has just disputed a charge; the answer is not due yet."""
    until = person.scene.until
    bought = yield from person.buy(at(days_later(until, -20), 13), 27_500, "content")
    when = at(days_later(until, -5), 10, 30)
    yield Turn(when, file_objection, FileObjection(person.line_id, bought.purchase_id, "never bought this"))


def _object(person: Person, month: int, *, upheld: bool) -> Part:
    bought = yield from person.buy(person.when(month, 18, 23), 55_000, "game")
    closed = yield from person.bill(month)
    filing = FileObjection(person.line_id, bought.purchase_id, "not mine" if upheld else "cannot recall it")
    filed = yield Turn(person.when(month + 1, 4, 10, minute=30), file_objection, filing)
    why = "the seller has no record of it" if upheld else "delivered to this line's own account"
    answer = AnswerObjection(filed.objection_id, upheld=upheld, why=why)
    yield Turn(person.when(month + 1, 12, 16), answer_objection, answer)
    yield from person.pay_all(late(closed, 0, 10))


def _pays_in_time(person: Person, month: int) -> Part:
    closed = yield from person.bill(month)
    if closed is not None:
        yield from person.pay_all(late(closed, 0, 10))


STORIES: Mapping[str, Callable[[Person], Story]] = {
    story.__name__: story
    for story in (
        changes_mind,
        buys_much,
        wrong_codes,
        hits_limit,
        keeps_limits,
        no_games,
        minor,
        new_line,
        reported_late,
        cancels_in_month,
        refund_between,
        refund_on_bill,
        refund_in_money,
        objection_upheld,
        objection_rejected,
        objection_open,
    )
}
