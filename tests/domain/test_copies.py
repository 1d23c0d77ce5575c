"""A record made or changed the fast way is the one its class makes itself, its own checks included."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime

import pytest

from carrierbill.domain.copies import changed, maker_of
from carrierbill.domain.journal import Entry, LedgerAccount, Posting, UnbalancedError
from carrierbill.domain.line import Line, Usage

LINE = Line(1, 1, "SKT", date(2020, 1, 1), 25, 500_000, category_limits=(("game", 0),))
POSTINGS = (Posting(LedgerAccount.BANK, LedgerAccount.LINE_CREDIT, 500),)
USAGE = Usage(1, date(2026, 3, 1), "game", 1, 5, date(2026, 3, 2), 5)
ENTRY = Entry("repayment/9", "repayment", datetime(2026, 3, 2, tzinfo=UTC), POSTINGS)


@pytest.mark.parametrize("record", [LINE, USAGE, ENTRY])
def test_a_record_made_of_its_fields_is_the_same(record: object) -> None:
    kind = type(record)
    made = maker_of(kind)(*(getattr(record, field.name) for field in fields(record)))  # type: ignore[arg-type]  # a record
    assert type(made) is kind
    assert made == record


def test_a_changed_record_is_what_replace_gives_and_leaves_the_one_before() -> None:
    after = changed(LINE, credit_won=300, mvno=True)
    assert after == replace(LINE, credit_won=300, mvno=True)
    assert (type(after), LINE.credit_won, LINE.mvno) == (Line, 0, False)


def test_a_class_that_looks_at_its_fields_still_does() -> None:
    assert changed(ENTRY, what="told") == replace(ENTRY, what="told")
    with pytest.raises(UnbalancedError):
        changed(ENTRY, postings=())
    with pytest.raises(UnbalancedError):
        maker_of(Entry)("repayment/9", "repayment", ENTRY.at, (), None, None)
