"""Allowances: the readers of caps, safeguards, billing, contact, records, accounts and settlement."""

from carrierbill.domain.allowances import (
    Account,
    AnswerRule,
    BillingRule,
    Cap,
    ContactRule,
    Retention,
    Safeguard,
    SettlementRule,
)
from carrierbill.policies.read import Table
from carrierbill.policies.sources import Publications

LONGEST_MONTH = 31
SIDES = ("debit", "credit")
HOLDERS = ("line", "merchant", "bill", "house")
# What each safeguard is made of; a field it does not use would be a promise nobody keeps.
SAFEGUARDS = {
    "identity_check": ("won",),
    "repeated_failures": ("count", "days", "won"),
    "hold": ("minutes",),
    "code": ("count", "minutes"),
}


def read_cap(table: Table, _publications: Publications) -> Cap:
    """A monthly cap; that of new lines says for how many days a line counts as new."""
    return Cap(won=table.take_amount("won"), days=table.take_count_or_none("days"))


def read_safeguard(table: Table, _publications: Publications) -> Safeguard:
    """A safeguard with just the fields that its key is made of."""
    key = table.take("key", str)
    if key not in SAFEGUARDS:
        raise table.fault("key", "unknown_word", known=", ".join(SAFEGUARDS))
    given = {field: table.take_count(field) for field in SAFEGUARDS[key]}
    return Safeguard(
        given.get("won"), given.get("count"), days=given.get("days"), minutes=given.get("minutes")
    )


def read_billing(table: Table, _publications: Publications) -> BillingRule:
    """When bills are issued and due; due days rise, and each is a day of some month."""
    due_days = table.take_list("due_days", int)
    if not due_days or list(due_days) != sorted(set(due_days)):
        raise table.fault("due_days", "not_rising")
    for day in due_days:
        _check_day(table, "due_days", day)
    issue_day = table.take_amount("issue_day")
    _check_day(table, "issue_day", issue_day)
    return BillingRule(due_days, issue_day, table.take_amount("business_days_before_due"))


def read_debt_contact(table: Table, _publications: Publications) -> ContactRule:
    """When nobody is contacted about a debt, and how often at most."""
    return ContactRule(
        quiet_from=table.take_time("quiet_from"),
        quiet_to=table.take_time("quiet_to"),
        at_most=table.take_amount("at_most"),
        in_days=table.take_count("in_days"),
        letter_days=table.take_count_or_none("letter_days"),
    )


def read_retention(table: Table, _publications: Publications) -> Retention:
    """How long records are kept, by amount."""
    return Retention(
        above_won=table.take_amount("above_won"),
        months=table.take_amount("months"),
        months_below=table.take_amount("months_below"),
    )


def read_account(table: Table, _publications: Publications) -> Account:
    """An account of the books."""
    return Account(side=_take_word(table, "side", SIDES), of=_take_word(table, "of", HOLDERS))


def read_settlement(table: Table, _publications: Publications) -> SettlementRule:
    """When merchants are paid."""
    return SettlementRule(table.take_amount("days_after_month"))


def read_objection(table: Table, _publications: Publications) -> AnswerRule:
    """Within how many days an objection is answered."""
    return AnswerRule(table.take_count("days"))


def _take_word(table: Table, key: str, known: tuple[str, ...]) -> str:
    word = table.take(key, str)
    if word not in known:
        raise table.fault(key, "unknown_word", known=", ".join(known))
    return word


def _check_day(table: Table, key: str, day: int) -> None:
    if not 1 <= day <= LONGEST_MONTH:
        raise table.fault(key, "out_of_range", least=1, most=LONGEST_MONTH)
