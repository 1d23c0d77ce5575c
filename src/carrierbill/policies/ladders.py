"""Ladders: the stages of lateness, each row with its own condition, effects and source."""

from itertools import pairwise

from carrierbill.domain.policy import Effect, Ladder, Source, StageRow, Standing
from carrierbill.policies.read import Table
from carrierbill.policies.sources import Publications, read_source

FIRM = (Standing.LAW, Standing.PUBLISHED)
CONDITIONS = ("from_status_day", "after_months", "time_barred")


def read_ladder(table: Table, publications: Publications) -> Ladder:
    """A ladder: rows of different names, status days rising; who confirms it confirms each row."""
    confirmed = table.take_said("confirmed_by") is not None
    rows = tuple(_read_stage(row, publications, confirmed=confirmed) for row in table.take_tables("stage"))
    for place, row in enumerate(rows, 1):
        if row.stage in {other.stage for other in rows[: place - 1]} | {"clear"}:
            raise table.fault(f"stage[{place}].stage", "named_twice", name=row.stage)
    by_day = [row.from_status_day for row in rows if row.from_status_day is not None]
    for before, after in pairwise(by_day):
        if after <= before:
            raise table.fault("stage", "falling_status_days", before=before, at=after)
    if by_day and by_day[0] < 1:
        raise table.fault("stage", "falling_status_days", before=0, at=by_day[0])
    return Ladder(rows)


def _read_stage(row: Table, publications: Publications, *, confirmed: bool) -> StageRow:
    conditions = [key for key in CONDITIONS if row.fields.get(key, False) is not False]
    if len(conditions) != 1:
        raise row.fault("", "one_condition")
    at = row.take_table("effects_at") if row.has("effects_at") else None
    stage = StageRow(
        stage=row.take("stage", str),
        from_status_day=row.take_amount_or_none("from_status_day"),
        after_months=row.take_amount_or_none("after_months"),
        plus_days=(plus_days := row.take_amount("plus_days", 0)),
        welfare_plus_days=row.take_amount("welfare_plus_days", plus_days),
        at_least_won=row.take_amount("at_least_won", 0),
        time_barred=row.take("time_barred", bool, default=False),
        effects=_read_effects(row, "effects"),
        effects_by_carrier={}
        if at is None
        else {carrier: _read_effects(at, carrier) for carrier in at.fields},
        ends=_read_effects(row, "ends"),
        source=(source := read_source(row, publications)),
        notes=row.take_list("notes", str, ()),
        confirmed=_is_confirmed(row, source) or confirmed,
    )
    row.close()
    return stage


def _is_confirmed(row: Table, source: Source) -> bool:
    """Whether a row's effects may be carried out: its source is firm, or somebody stands for it."""
    by = row.take_said("confirmed_by")
    if row.has("confirmed_on"):
        row.take_day("confirmed_on")
    return by is not None or source.standing in FIRM


def _read_effects(table: Table, key: str) -> tuple[Effect, ...]:
    names = table.take_list(key, str, ())
    for name in names:
        if name not in tuple(Effect):
            raise table.fault(key, "unknown_effect", name=name, known=", ".join(Effect))
    return tuple(Effect(name) for name in names)
