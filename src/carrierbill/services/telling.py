"""Telling: how services queue what a holder is told, outside quiet hours and within the cap on contacts."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta

from carrierbill.domain.allowances import ContactRule
from carrierbill.domain.dates import seoul_day
from carrierbill.domain.debt_notice import PRESSING, announcement_of
from carrierbill.domain.line import Line
from carrierbill.domain.notice import (
    Notice,
    NoticeState,
    Told,
    contact_at,
    contact_days,
    notice_of,
    out_of_quiet,
)
from carrierbill.domain.policy import RuleSet
from carrierbill.services.ports import After, Unit


def contact_rule(day: date, rules: RuleSet) -> ContactRule:
    """When and how often anyone is contacted about a debt, by the rule of the day."""
    return rules.in_force("debt_contact", rules.debt_contact["contact"], day).content


def load_contacts(unit: Unit, line_ids: Collection[int], rules: RuleSet) -> None:
    """Load what was told of debts lately on all lines of locked holders: the cap looks at it."""
    days = contact_rule(seoul_day(unit.now), rules).in_days
    since = unit.now - timedelta(days=days + 1)
    unit.load(Notice, line_id=line_ids, what=PRESSING, not_before=After(since))


def tell(told: Told, line: Line, unit: Unit, *, rules: RuleSet) -> Notice:
    """Queue a notice for its first right moment; one about a debt counts among the holder's contacts."""
    rule = contact_rule(seoul_day(unit.now), rules)
    if told.debt_contact:
        contacts = contact_days(unit.of_holder(Notice, line.holder_id))
        at = contact_at(unit.now, contacts, rule)
    else:
        at = out_of_quiet(unit.now, rule)
    notice = replace(notice_of(told, unit.new_id(Notice), line, at=unit.now), not_before=at)
    unit.add(notice)
    return notice


def announced(holder_id: int, unit: Unit) -> Mapping[tuple[int, str, str], Notice]:
    """The holder's loaded notices about bills by what they are known by, those withdrawn left out."""
    return {
        known: notice
        for notice in unit.of_holder(Notice, holder_id)
        if notice.state != NoticeState.WITHDRAWN and (known := announcement_of(notice)) is not None
    }


def delivered(notices: Mapping[tuple[int, str, str], Notice]) -> dict[tuple[int, str, str], date]:
    """The day each of the notices was delivered, of those that were."""
    return {
        known: notice.delivered_on
        for known, notice in notices.items()
        if notice.state == NoticeState.DELIVERED and notice.delivered_on is not None
    }


def withdraw(notices: Collection[Notice], unit: Unit) -> int:
    """Withdraw those of the notices that are still queued; how many they are."""
    queued = [notice for notice in notices if notice.state == NoticeState.QUEUED]
    for notice in queued:
        unit.put(replace(notice, state=NoticeState.WITHDRAWN))
    return len(queued)
