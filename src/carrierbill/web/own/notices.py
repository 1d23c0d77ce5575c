"""Notices: what a line's holder was or will be told, and where each notice stands; not what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

from carrierbill.domain.notice import Notice, NoticeState
from carrierbill.storage.sql import Session
from carrierbill.web.api import Answer, Asking, Operation
from carrierbill.web.own.answering import listing, one_of
from carrierbill.web.own.gate import OPS, READ, Gate
from carrierbill.web.shapes.own import NoticeTold


@dataclass(frozen=True)
class Notices:
    """The one operation on notices."""

    gate: Gate

    def operations(self) -> list[Operation]:
        """The one there is."""
        scopes = frozenset({READ, OPS})
        return [Operation("listNotices", "GET", "/lines/{lineId}/notices", scopes, self.list)]

    async def list(self, asking: Asking) -> Answer:
        """A line's notices."""
        state = one_of(asking, "state", tuple(NoticeState))
        line = await self.gate.line_to_read(asking, "notices")
        where: dict[str, object] = {"line_id": [line.id]}
        if state:
            where["state"] = [NoticeState(state)]
        return await listing(self.gate.office, asking, Notice, where=where, telling=self._tell)

    def _tell(self, session: Session, found: Sequence[Notice]) -> Sequence[NoticeTold]:
        del session  # all that is told is in the record
        return [
            NoticeTold(
                notice_id=self.gate.told(notice.id, "notice"),
                what=notice.what,
                channel=str(notice.channel),
                state=str(notice.state),
                created_at=notice.created_at,
                not_before=notice.not_before,
                sent_at=notice.sent_at,
                delivered_on=notice.delivered_on,
                bill_id=self.gate.told_or_none(notice.bill_id, "bill"),
                payment_id=self.gate.told_or_none(notice.purchase_id, "payment"),
            )
            for notice in found
        ]
