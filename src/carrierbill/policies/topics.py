"""Topics: what each policy file may say, one reader a topic."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from carrierbill.domain.allowances import Comeback, Restoration, RestorationRow, Wait
from carrierbill.domain.policy import (
    Band,
    Contact,
    Dated,
    DueDateRule,
    Measure,
    Period,
    Posting,
    RecommendedLimit,
    ReliefRule,
    ReminderRule,
    Tariff,
    Value,
)
from carrierbill.policies.allowances import (
    read_account,
    read_billing,
    read_cap,
    read_debt_contact,
    read_objection,
    read_retention,
    read_safeguard,
    read_settlement,
)
from carrierbill.policies.ladders import read_ladder
from carrierbill.policies.read import Table
from carrierbill.policies.sources import Publications, read_source

# What a topic's values hold differs by topic, so a shelf of all topics can only say that it is something.
Topic = dict[str, Dated[Any]]
WAIT = re.compile(r"(\d{1,3}) (business )?days?")
LAST_DAY_OF_SHORTEST_MONTH = 28
SEVERAL = ("carriers", "keys")


def read_topic(topic: str, file: Table, publications: Publications) -> Topic:
    """All values of a topic file, by key and rising first day."""
    entry_name, read_content = TOPICS[topic]
    confirmed_on = file.take_day("confirmed_on")
    values: dict[str, list[Value[Any]]] = {}
    for table in file.take_tables(entry_name):
        keys = _read_keys(table)
        from_on = table.take_day("from")
        own_confirmation = table.take_day("confirmed_on") if table.has("confirmed_on") else confirmed_on
        source = read_source(table, publications)
        notes = table.take_list("notes", str, ())
        content = read_content(table, publications)
        table.close()
        for key in keys:
            earlier = values.setdefault(key, [])
            if earlier and earlier[-1].from_on >= from_on:
                raise table.fault("from", "falling_days", key=key, before=earlier[-1].from_on, on=from_on)
            earlier.append(Value(key, from_on, source, own_confirmation, notes, content, table.fields))
    file.close()
    return {key: Dated(tuple(dated)) for key, dated in values.items()}


def _read_keys(table: Table) -> tuple[str, ...]:
    """What a value is of: one `key`, or the `carriers` or `keys` that share it."""
    several = next((name for name in SEVERAL if table.has(name)), None)
    if several is None:
        return (table.take("key", str),)
    keys = table.take_list(several, str)
    if not keys:
        raise table.fault(several, "missing")
    return keys


def _read_tariff(table: Table, _publications: Publications) -> Tariff:
    both = "bands" if table.has("bands") else None
    posted = table.fields.get("posted")
    creditor = table.take("creditor", str)
    if creditor not in {"carrier", "gateway"}:
        raise table.fault("creditor", "unknown_word", known="carrier, gateway")
    return Tariff(
        creditor=creditor,
        low=_read_bands(table, both or "low"),
        high=_read_bands(table, both or "high"),
        posting=_read_monthly(table) if isinstance(posted, int) else _read_posting(table),
        compounds_from=table.take_amount_or_none("high_compounds_from_day"),
    )


def _read_monthly(table: Table) -> Posting:
    day = table.take_amount("posted")
    if not 1 <= day <= LAST_DAY_OF_SHORTEST_MONTH:
        raise table.fault("posted", "out_of_range", least=1, most=LAST_DAY_OF_SHORTEST_MONTH)
    return Posting(stage=None, day_of_month=day)


def _read_posting(table: Table) -> Posting:
    posted = table.take("posted", str)
    return Posting(stage=None if posted == "daily" else posted, day_of_month=None)


def _read_bands(table: Table, key: str) -> tuple[Band, ...]:
    """Bands without gap or overlap, from the first unit; days late go on for good."""
    bands = tuple(_read_band(row) for row in table.take_tables(key))
    for measure in Measure:
        own = [band for band in bands if band.measure == measure]
        if own and own[0].first != 1:
            raise table.fault(key, "band_gap", after=0, at=own[0].first)
        for before, after in pairwise(own):
            if before.last is None or after.first <= before.last:
                raise table.fault(key, "band_overlap", at=after.first)
            if after.first > before.last + 1:
                raise table.fault(key, "band_gap", after=before.last, at=after.first)
        if own and measure == Measure.DAYS_LATE and own[-1].last is not None:
            raise table.fault(key, "band_gap_at_end", after=own[-1].last)
    return bands


def _read_band(row: Table) -> Band:
    measure, rate_key = (
        (Measure.DAYS_LATE, "rate_a_year")
        if row.has("days_late")
        else (Measure.DUE_DATES_MISSED, "rate_a_step")
    )
    units = row.take_list(measure.value, int)
    rate = row.take_rate(rate_key)
    row.close()
    first, last = (*units, None)[:2] if units else (0, None)
    if len(units) not in {1, 2} or not first or first < 1 or (last is not None and last < first):
        raise row.fault(measure.value, "not_a_stretch")
    return Band(measure, first, last, rate)


def _read_due_date(table: Table, _publications: Publications) -> DueDateRule:
    return DueDateRule(
        moves_to_business_day=_choice(table, "on_day_off", no="stays", yes="next_business_day"),
        reflects_on_business_day=_choice(table, "reflected", no="next_day", yes="next_business_day"),
    )


def _choice(table: Table, key: str, *, no: str, yes: str) -> bool:
    word = table.take(key, str)
    if word not in {no, yes}:
        raise table.fault(key, "unknown_word", known=f"{no}, {yes}")
    return word == yes


def _read_restoration(table: Table, _publications: Publications) -> Restoration:
    rows = tuple(_read_restoration_row(row) for row in table.take_tables("row"))
    if rows[0].from_stage != "clear":
        raise table.fault("row[1].from_stage", "first_row_clear")
    return Restoration(rows)


def _read_restoration_row(row: Table) -> RestorationRow:
    line = _read_comeback(row, "line")
    read = RestorationRow(
        from_stage=row.take("from_stage", str),
        line=line,
        purchases=_read_comeback(row, "purchases") if row.has("purchases") else line,
        limit=_read_comeback(row, "limit") if row.has("limit") else line,
        note=row.take("note", str) if row.has("note") else None,
    )
    row.close()
    return read


def _read_comeback(row: Table, key: str) -> Comeback:
    waits = row.take_list(key, str)
    if len(waits) != len(("earliest", "latest")):
        raise row.fault(key, "not_a_wait")
    return Comeback(*(_read_wait(row, key, wait) for wait in waits))


def _read_wait(row: Table, key: str, words: str) -> Wait | None:
    if words == "unknown":
        return None
    match = WAIT.fullmatch(words)
    if match is None:
        raise row.fault(key, "not_a_wait")
    return Wait(days=int(match[1]), business=match[2] is not None)


def _read_relief(table: Table, _publications: Publications) -> ReliefRule:
    days = table.take_list("days_late", int, ())
    if days and (len(days) != len(("first", "last")) or not 1 <= days[0] <= days[1]):
        raise table.fault("days_late", "not_a_stretch")
    return ReliefRule(
        offered=table.take("offered", bool),
        first_day_late=days[0] if days else None,
        last_day_late=days[1] if days else None,
        while_owed=table.take("while_owed", bool, default=False),
        at_most_won=table.take_amount_or_none("at_most_won"),
        most_months=table.take_count_or_none("most_months"),
        missed_void=table.take_count_or_none("missed_void"),
        paid_return=table.take_count_or_none("paid_return"),
        stops_contact_days=table.take_amount_or_none("stops_contact_days"),
    )


def _read_reminder(table: Table, _publications: Publications) -> ReminderRule:
    days_before = table.take_list("days_before", int)
    if min(days_before, default=0) < 0:
        raise table.fault("days_before", "negative")
    for before, after in pairwise(days_before):
        if after >= before:
            raise table.fault("days_before", "not_falling")
    return ReminderRule(days_before)


def _read_limit(table: Table, _publications: Publications) -> RecommendedLimit:
    return RecommendedLimit(table.take_rate("share_of_income"), table.take_amount("at_most_won"))


def _read_law(table: Table, _publications: Publications) -> Period:
    return Period(months=table.take_amount("months"), below_won=table.take_amount_or_none("below_won"))


def _read_contact(table: Table, _publications: Publications) -> Contact:
    carrier = table.take("carrier", str) if table.has("carrier") else None
    return Contact(number=table.take("number", str), carrier=carrier)


TOPICS: Mapping[str, tuple[str, Callable[[Table, Publications], Any]]] = {
    "late_fee": ("tariff", _read_tariff),
    "due_dates": ("due_date", _read_due_date),
    "stages": ("ladder", read_ladder),
    "restoration": ("restoration", _read_restoration),
    "relief": ("relief", _read_relief),
    "reminders": ("reminder", _read_reminder),
    "spending_limits": ("spending_limit", _read_limit),
    "law": ("law", _read_law),
    "contacts": ("contact", _read_contact),
    "caps": ("cap", read_cap),
    "authorisation": ("safeguard", read_safeguard),
    "billing": ("billing", read_billing),
    "debt_contact": ("debt_contact", read_debt_contact),
    "retention": ("retention", read_retention),
    "accounts": ("account", read_account),
    "settlement": ("settlement", read_settlement),
    "objections": ("objection", read_objection),
}


def note_keys(topic: Topic) -> Iterator[str]:
    """Every note a topic's values carry, those of the rows of a ladder included."""
    for dated in topic.values():
        for value in dated.values:
            yield from value.notes
            for row in getattr(value.content, "rows", ()):
                yield from getattr(row, "notes", ())
