"""Follow notices: what has become of notices that were handed over, by receipt or by rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from carrierbill.domain.dates import seoul_day
from carrierbill.domain.notice import Channel, Notice, NoticeState
from carrierbill.domain.policy import RuleSet
from carrierbill.services.ports import After, Delivery, Ledger, Unit
from carrierbill.services.send_notices import RecordDelivery, Recorded, record_delivery
from carrierbill.services.telling import contact_rule

AT_A_TIME = 500
# Where a receipt that is not of a message under way leaves its notice.
NOT_OURS = "unknown"


class ReceiptSource(Protocol):
    """Knows what has become of notices it took."""

    def receipts(self, notices: Sequence[Notice]) -> list[Delivery]:
        """What is known by now; nothing of those still on their way."""
        ...


@dataclass(frozen=True, slots=True)
class Followed:
    """What a round of following up found."""

    delivered: int = 0
    failed: int = 0


def follow_up(ledger: Ledger, source: ReceiptSource, rules: RuleSet) -> Followed:
    """Ask after all notices that were handed over and have no answer yet, and record what is known.

    Nobody tells when a letter arrives: it is taken as delivered so many business days later as policy says.
    """
    after_id, followed = 0, Followed()
    while True:
        with ledger.unit() as unit:
            under_way = unit.peek(
                Notice,
                state=[NoticeState.SENT],
                reference=After(""),
                id=After(after_id),
                most=AT_A_TIME,
            )
            today = seoul_day(unit.now)
        if not under_way:
            return followed
        after_id = under_way[-1].id
        told = [*source.receipts([each for each in under_way if each.channel != Channel.LETTER])]
        told += _arrived(under_way, today, rules)
        commands = [RecordDelivery(delivery) for delivery in told]
        ledger.decide(take_receipts, commands, rules)
        delivered = sum(delivery.delivered_on is not None for delivery in told)
        followed = Followed(followed.delivered + delivered, followed.failed + len(told) - delivered)


def _arrived(notices: Iterable[Notice], today: date, rules: RuleSet) -> list[Delivery]:
    """Letters that have arrived by the rule of the day they were handed over on."""
    found = []
    for notice in notices:
        if notice.channel != Channel.LETTER or notice.sent_at is None:
            continue
        sent_on = seoul_day(notice.sent_at)
        days = contact_rule(sent_on, rules).letter_days
        if days is None:
            continue
        arrived_on = rules.calendar.business_days_after(sent_on, days)
        if arrived_on <= today:
            found.append(Delivery(notice.id, notice.reference, arrived_on))
    return found


def take_receipts(commands: Sequence[RecordDelivery], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's Recorded, as `record_delivery` answers it.

    A receipt of a message that is not the one under way (of an earlier try, or of nobody) changes nothing.
    """
    ids = {command.delivery.notice_id for command in commands}
    unit.lock({notice.holder_id for notice in unit.peek(Notice, id=ids)})
    under_way = {
        (notice.id, notice.reference)
        for notice in unit.load(Notice, id=ids)
        if notice.state == NoticeState.SENT and notice.reference
    }
    ours = [
        command
        for command in commands
        if (command.delivery.notice_id, command.delivery.reference) in under_way
    ]
    recorded = iter(record_delivery(ours, unit, rules) if ours else ())
    told = [
        next(recorded) if command in ours else Recorded(command.delivery.notice_id, NOT_OURS)
        for command in commands
    ]
    return list(told)
