"""House: what the house does each day: months closed, days advanced, notices out, merchants paid."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from carrierbill.demo.scene import CLOSING_DAY, Play, Scene, Story, Turn, at
from carrierbill.domain.dates import days_later, month_later, month_of, seoul_day
from carrierbill.domain.notice import Channel, Notice
from carrierbill.domain.purchase import Merchant
from carrierbill.services.advance_day import advance_all
from carrierbill.services.close_month import close_month, lines_to_close
from carrierbill.services.lapse_holds import holds_run_out, lapse_holds
from carrierbill.services.ports import Addressed, Delivery
from carrierbill.services.send_notices import RecordDelivery, record_delivery, send_due
from carrierbill.services.settle_merchants import Settle, settle_merchants
from carrierbill.storage.codes import SecretCodes
from carrierbill.texts.load import read_texts

# So many lines are looked for at a time.
MOST = 1_000
LETTER_DAYS = 2


def house(scene: Scene, *, every: int = 1) -> Story:
    """Day after day, without end: the play stops listening. Days are worked `every` so many."""
    day, play = scene.first_month, scene.play
    while True:
        if day.day == CLOSING_DAY:
            yield Turn(at(day, 4), job=partial(close, scene, month_later(month_of(day), -1)))
        if day.toordinal() % every == 0:
            yield Turn(at(day, 6), job=partial(advance_all, play.database, day, play.rules))
            yield Turn(at(day, 9, 30), job=scene.tell)
        if day.day == settling_day(play, day):
            yield Turn(at(day, 11, 50), job=partial(settle, play, days_later(month_of(day), -1)))
        yield Turn(at(day, 23, 50), job=partial(lapse, play))
        day = days_later(day, 1)


def settling_day(play: Play, day: date) -> int:
    """The day of a month on which merchants are paid for the month before."""
    rule = play.rules.in_force("settlement", play.rules.settlement["settlement"], day)
    return rule.content.days_after_month


def close(scene: Scene, month: date) -> None:
    """Close a month for every line with something to bill; people then know their bills."""
    play, after_id = scene.play, 0
    while True:
        with play.database.unit() as unit:
            commands = lines_to_close(unit, month, after_id=after_id, most=MOST)
        if not commands:
            return
        after_id = commands[-1].line_id
        for closed in play.decide(close_month, commands):
            if closed.bill_id is not None:
                scene.bills[closed.line_id, month] = closed


class Post:
    """Takes notices out of the house: texts arrive the same day, letters some days later."""

    def __init__(self, play: Play) -> None:
        """Begin with no letter on its way; what presses for money does not reach `unreachable` lines."""
        self._play, self._on_the_way = play, list[tuple[date, int]]()
        self.unreachable: set[int] = set()
        self._codes = SecretCodes(play.database.keys.index_secret)

    def send(self, notices: Sequence[Addressed]) -> list[Delivery]:
        """Hand over."""
        today = seoul_day(self._play.now)
        return [self._taken(addressed.notice, today) for addressed in notices]

    def _taken(self, notice: Notice, today: date) -> Delivery:
        if notice.debt_contact and notice.line_id in self.unreachable:
            return Delivery(notice.id, "", None, failed=True)
        is_letter = notice.channel == Channel.LETTER
        if is_letter:
            self._on_the_way.append((days_later(today, LETTER_DAYS), notice.id))
        return Delivery(notice.id, f"demo/{notice.id}", None if is_letter else today)

    def tell(self) -> None:
        """Send what is due, and record the letters that have arrived by today."""
        today = seoul_day(self._play.now)
        here = [(day, notice_id) for day, notice_id in self._on_the_way if day <= today]
        self._on_the_way = [each for each in self._on_the_way if each not in here]
        arrived = [RecordDelivery(Delivery(notice_id, f"demo/{notice_id}", day)) for day, notice_id in here]
        self._play.decide(record_delivery, arrived)
        send_due(self._play.database, self, texts=read_texts(), rules=self._play.rules, codes=self._codes)


def settle(play: Play, through_on: date) -> None:
    """Pay all merchants for what was bought up to a day."""
    with play.database.unit() as unit:
        merchants = [merchant.id for merchant in unit.peek(Merchant)]
    play.decide(settle_merchants, [Settle(merchant_id, through_on) for merchant_id in merchants])


def lapse(play: Play) -> None:
    """Let go of what is held and has run out."""
    with play.database.unit() as unit:
        over = holds_run_out(unit, MOST)
    if over:
        play.decide(lapse_holds, over)
