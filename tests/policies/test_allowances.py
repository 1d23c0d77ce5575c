"""Caps, safeguards, billing, contact, records, accounts and settlement: shipped, overridden, refused."""

from collections.abc import Callable
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from carrierbill.domain.errors import NoRuleInForceError
from carrierbill.domain.policy import RuleSet
from carrierbill.policies.allowances import SAFEGUARDS, read_billing, read_safeguard
from carrierbill.policies.differences import differences, says, values_by_key
from carrierbill.policies.load import Shelf, read_topic_file
from carrierbill.policies.read import PolicyFaultError, Table
from carrierbill.policies.topics import TOPICS
from own_rules import FILES, RULE_SET, fault_key, lines, write_rules
from rule_sets import APP, RULE_SETS

GUIDE = RULE_SETS["guide"]
FIRST = "2010-01-01"
NOW = "2026-01-01"

# ── what is shipped ──────────────────────────────────────────────────────────────────────────────────────

# Topic, key, a day, what holds on it, and how firm that is; at each change the day before and the day itself.
ShippedValue = tuple[str, str, str, object, str]
SHIPPED_VALUES: list[ShippedValue] = [
    ("caps", "carrier", FIRST, Cap(300_000, None), "reported"),
    ("caps", "carrier", "2014-12-31", Cap(300_000, None), "reported"),
    ("caps", "carrier", "2015-01-01", Cap(500_000, None), "reported"),
    ("caps", "carrier", "2019-06-30", Cap(500_000, None), "reported"),
    ("caps", "carrier", "2019-07-01", Cap(600_000, None), "reported"),
    ("caps", "carrier", "2020-05-31", Cap(600_000, None), "reported"),
    ("caps", "carrier", "2020-06-01", Cap(1_000_000, None), "reported"),
    ("caps", "carrier", NOW, Cap(1_000_000, None), "reported"),
    ("caps", "content", FIRST, Cap(300_000, None), "assumed"),
    ("caps", "content", "2015-01-01", Cap(500_000, None), "assumed"),
    ("caps", "content", "2019-06-30", Cap(500_000, None), "assumed"),
    ("caps", "content", "2019-07-01", Cap(600_000, None), "reported"),
    ("caps", "content", "2020-05-31", Cap(600_000, None), "reported"),
    ("caps", "content", "2020-06-01", Cap(1_000_000, None), "reported"),
    ("caps", "new_line", NOW, Cap(50_000, 90), "assumed"),
    ("caps", "mvno", NOW, Cap(300_000, None), "assumed"),
    ("caps", "minor_SKT", "2015-01-01", Cap(0, None), "reported"),
    ("caps", "minor_SKT", "2023-11-30", Cap(0, None), "reported"),
    ("caps", "minor_SKT", "2023-12-01", Cap(300_000, None), "reported"),
    ("caps", "minor_KT", "2024-04-30", Cap(0, None), "reported"),
    ("caps", "minor_KT", "2024-05-01", Cap(100_000, None), "reported"),
    ("caps", "minor_LGU", "2024-08-31", Cap(0, None), "reported"),
    ("caps", "minor_LGU", "2024-09-01", Cap(100_000, None), "assumed"),
    ("caps", "voucher_KT", "2025-09-06", Cap(100_000, None), "reported"),
    ("authorisation", "identity_check", FIRST, Safeguard(300_000, None, None, None), "reported"),
    ("authorisation", "repeated_failures", FIRST, Safeguard(300_000, 3, 30, None), "assumed"),
    ("authorisation", "hold", FIRST, Safeguard(None, None, None, 10), "assumed"),
    ("authorisation", "code", FIRST, Safeguard(None, 3, None, 5), "assumed"),
    ("billing", "SKT", FIRST, BillingRule((11, 15, 21, 25, 31), 13, 5), "assumed"),
    ("billing", "KT", FIRST, BillingRule((11, 18, 19, 21, 25, 31), 13, 5), "reported"),
    ("billing", "LGU", FIRST, BillingRule((7, 15, 18, 25, 31), 13, 5), "assumed"),
    ("debt_contact", "contact", FIRST, ContactRule(time(21), time(8), 7, 7, 3), "assumed"),
    ("retention", "records", FIRST, Retention(10_000, 60, 12), "law"),
    ("settlement", "settlement", FIRST, SettlementRule(15), "assumed"),
    ("objections", "answer", FIRST, AnswerRule(14), "law"),
]  # fmt: skip
ACCOUNTS = {
    "held_claims": Account("debit", "line"),
    "held_payables": Account("credit", "merchant"),
    "unbilled_claims": Account("debit", "line"),
    "billed_claims": Account("debit", "line"),
    "late_fee_claims": Account("debit", "line"),
    "late_fee_income": Account("credit", "house"),
    "merchant_payables": Account("credit", "merchant"),
    "withheld_payables": Account("credit", "merchant"),
    "line_credit": Account("credit", "line"),
    "refunds_payable": Account("credit", "line"),
    "bank": Account("debit", "house"),
    "fee_waived": Account("debit", "house"),
}
NEW_TOPICS = (*dict.fromkeys(topic for topic, *_ in SHIPPED_VALUES), "accounts")


def value_on(rules: RuleSet, topic: str, key: str, *, on: str) -> Any:
    value = values_by_key(rules, topic)[key].value_on(date.fromisoformat(on))
    assert value is not None
    return value


@pytest.mark.parametrize("name", RULE_SETS)
@pytest.mark.parametrize("shipped", SHIPPED_VALUES)
def test_a_shipped_value_is_what_its_source_says(name: str, shipped: ShippedValue) -> None:
    topic, key, on, content, standing = shipped
    value = value_on(RULE_SETS[name], topic, key, on=on)
    assert (value.content, value.source.standing) == (content, standing)


@pytest.mark.parametrize(
    ("topic", "key", "on"),
    [
        ("caps", "minor_SKT", "2014-12-31"),
        ("caps", "voucher_KT", "2025-09-05"),
    ],
)
def test_before_its_first_day_there_is_no_such_rule(topic: str, key: str, on: str) -> None:
    assert values_by_key(GUIDE, topic)[key].value_on(date.fromisoformat(on)) is None


def test_every_key_of_these_topics_is_pinned() -> None:
    shipped = {(topic, key) for topic in NEW_TOPICS for key in values_by_key(GUIDE, topic)}
    pinned = {(topic, key) for topic, key, *_ in SHIPPED_VALUES} | {("accounts", key) for key in ACCOUNTS}
    assert shipped == pinned


def test_the_chart_of_accounts_is_as_the_books_are_kept() -> None:
    assert {key: value_on(GUIDE, "accounts", key, on=FIRST).content for key in ACCOUNTS} == ACCOUNTS


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_has_a_name_in_both_languages(account: str) -> None:
    assert APP.texts.has(f"account.{account}")


@pytest.mark.parametrize(
    ("topic", "key", "note"),
    [
        ("authorisation", "identity_check", "identity_check_unsourced"),
        ("caps", "new_line", "new_line_cap_chosen"),
        ("caps", "minor_SKT", "minors_from_twelve"),
        ("caps", "voucher_KT", "voucher_cap_end_unknown"),
        ("debt_contact", "contact", "contact_rule_kept_by_choice"),
    ],
)
def test_what_is_open_about_a_value_is_a_note_at_it(topic: str, key: str, note: str) -> None:
    assert value_on(GUIDE, topic, key, on=NOW).notes == (note,)


@pytest.mark.parametrize("topic", NEW_TOPICS)
def test_the_shipped_rule_sets_say_the_same_in_these_topics(topic: str) -> None:
    first, *others = (values_by_key(rules, topic) for rules in RULE_SETS.values())
    assert [other for other in others if other != first] == []


def test_instalments_with_the_carrier_are_at_most_five() -> None:
    rule = value_on(GUIDE, "relief", "carrier_instalment", on=NOW).content
    assert (rule.at_most_won, rule.most_months) == (100_000, 5)


@pytest.mark.parametrize(
    ("on", "terms"),
    [("2024-06-20", (None, None, None)), ("2024-06-21", (3, 3, 1)), (NOW, (3, 3, 1))],
)
def test_debt_adjustment_has_its_terms_from_the_day_the_joint_scheme_began(
    on: str, terms: tuple[int | None, ...]
) -> None:
    rule = value_on(GUIDE, "relief", "debt_adjustment", on=on).content
    assert (rule.missed_void, rule.paid_return, rule.stops_contact_days) == terms


def test_a_carriers_bills_have_a_rule_on_a_day() -> None:
    assert GUIDE.billing_on("KT", date(2026, 1, 1)).content.due_days[-1] == 31


def test_a_carrier_without_a_billing_rule_is_refused_by_name() -> None:
    with pytest.raises(NoRuleInForceError) as refused:
        GUIDE.billing_on("COOP", date(2026, 1, 1))
    said = APP.texts.say("en", refused.value.reason)
    assert said == "By the carrier guide there is no billing calendar rule for Thu 1 Jan 2026."


# ── an operator's own ────────────────────────────────────────────────────────────────────────────────────

SOURCE = """\
source = "guide"
where = "the board's minutes"
standing = "published"
"""
# For each file an entry's fields as an operator may write them.
OWN = {
    "caps.toml": ("cap", 'key = "carrier"\nwon = 800_000\n'),
    "authorisation.toml": ("safeguard", 'key = "repeated_failures"\ncount = 5\ndays = 7\nwon = 100_000\n'),
    "billing.toml": (
        "billing",
        'key = "SKT"\ndue_days = [5, 20]\nissue_day = 10\nbusiness_days_before_due = 3\n',
    ),
    "debt_contact.toml": (
        "debt_contact",
        """\
key = "contact"
quiet_from = 20:00:00
quiet_to = 09:30:00
at_most = 3
in_days = 14
letter_days = 5
""",
    ),
    "retention.toml": ("retention", 'key = "records"\nabove_won = 0\nmonths = 120\nmonths_below = 24\n'),
    "accounts.toml": ("account", 'keys = ["bank", "fee_waived"]\nside = "credit"\nof = "bill"\n'),
    "settlement.toml": ("settlement", 'key = "settlement"\ndays_after_month = 2\n'),
    "objections.toml": ("objection", 'key = "answer"\ndays = 7\n'),
    "relief.toml": (
        "relief",
        """\
key = "debt_adjustment"
offered = true
most_months = 24
missed_void = 2
paid_return = 6
stops_contact_days = 0
""",
    ),
}  # fmt: skip
OWN_VALUES: list[tuple[str, str, object]] = [
    ("caps", "carrier", Cap(800_000, None)),
    ("authorisation", "repeated_failures", Safeguard(100_000, 5, 7, None)),
    ("billing", "SKT", BillingRule((5, 20), 10, 3)),
    ("debt_contact", "contact", ContactRule(time(20), time(9, 30), 3, 14, 5)),
    ("retention", "records", Retention(0, 120, 24)),
    ("accounts", "bank", Account("credit", "bill")),
    ("accounts", "fee_waived", Account("credit", "bill")),
    ("settlement", "settlement", SettlementRule(2)),
    ("objections", "answer", AnswerRule(7)),
]


def own_files() -> dict[str, str]:
    head = "confirmed_on = 2026-06-01\n"
    return {
        name: f"{head}[[{entry}]]\nfrom = 2026-07-01\n{fields}{SOURCE}"
        for name, (entry, fields) in OWN.items()
    }


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    policies = tmp_path_factory.mktemp("policies")
    write_rules(policies, {"rule_set.toml": RULE_SET, **own_files()})
    return Shelf(policies).rule_set("mine")


@pytest.mark.parametrize(("topic", "key", "content"), OWN_VALUES)
def test_an_operators_value_holds_from_its_first_day_on(
    topic: str, key: str, *, content: object, own: RuleSet
) -> None:
    assert value_on(own, topic, key, on="2026-07-01").content == content


@pytest.mark.parametrize(("topic", "key", "content"), OWN_VALUES)
def test_until_that_day_the_shipped_value_holds(
    topic: str, key: str, *, content: object, own: RuleSet
) -> None:
    before = value_on(own, topic, key, on="2026-06-30")
    assert before == value_on(GUIDE, topic, key, on="2026-06-30")
    assert before.content != content


def test_a_relief_may_have_terms_of_the_operators_own(own: RuleSet) -> None:
    rule = value_on(own, "relief", "debt_adjustment", on="2026-07-01").content
    assert (rule.most_months, rule.missed_void, rule.paid_return, rule.stops_contact_days) == (24, 2, 6, 0)


def test_what_an_operator_says_otherwise_is_told_key_by_key(own: RuleSet) -> None:
    found = {(one.topic, one.key) for one in differences(GUIDE, own, date(2026, 7, 1))}
    assert found == {(topic, key) for topic, key, _ in OWN_VALUES} | {("relief", "debt_adjustment")}


def test_a_time_of_day_is_said_as_text(own: RuleSet) -> None:
    said = says(value_on(own, "debt_contact", "contact", on="2026-07-01"))
    assert (said["quiet_from"], said["quiet_to"]) == ("20:00", "09:30")


def test_which_keys_share_a_value_is_no_part_of_what_it_says(own: RuleSet) -> None:
    assert says(value_on(own, "accounts", "bank", on="2026-07-01")) == {"side": "credit", "of": "bill"}


@pytest.mark.parametrize("file", OWN)
def test_one_file_can_be_checked_by_itself(file: str, tmp_path: Path) -> None:
    folder = write_rules(tmp_path, own_files())
    topic = read_topic_file(folder / file, {"guide": ("Guide", None)})
    assert {value.from_on for dated in topic.values() for value in dated.values} == {date(2026, 7, 1)}


def test_a_new_carriers_caps_and_bills_may_be_written_down(tmp_path: Path) -> None:
    # COOP is no carrier of the guide's; with a tariff and restoration of its own it may have these too.
    coop = own_files()["billing.toml"].replace('"SKT"', '"COOP"')
    caps = own_files()["caps.toml"].replace('key = "carrier"', 'keys = ["minor_COOP", "voucher_COOP"]')
    write_rules(tmp_path, {"rule_set.toml": RULE_SET, **COOP, "billing.toml": coop, "caps.toml": caps})
    rules = Shelf(tmp_path).rule_set("mine")
    assert rules.billing_on("COOP", date(2026, 7, 1)).content.due_days == (5, 20)
    assert value_on(rules, "caps", "voucher_COOP", on="2026-07-01").content.won == 800_000


def test_a_rule_set_of_one_carrier_keeps_what_is_common_to_the_others(tmp_path: Path) -> None:
    write_rules(tmp_path, {**FILES, "rule_set.toml": ""})
    rules = Shelf(tmp_path).rule_set("mine")
    assert (rules.carriers, rules.billing, rules.caps) == (("SKT",), GUIDE.billing, GUIDE.caps)


COOP = {
    "late_fee.toml": f"""\
confirmed_on = 2026-06-01
[[tariff]]
carriers = ["COOP"]
from = 2026-07-01
creditor = "carrier"
posted = "daily"
bands = [{{ days_late = [1], rate_a_year = "3.00%" }}]
{SOURCE}""",
    "restoration.toml": f"""\
confirmed_on = 2026-06-01
[[restoration]]
carriers = ["COOP"]
from = 2010-01-01
row = [{{ from_stage = "clear", line = ["0 days", "1 day"] }}]
{SOURCE}""",
}


# ── slips of the pen ─────────────────────────────────────────────────────────────────────────────────────

# In each file: what is written wrongly and how, the key a person is sent to, and the sentence's key.
SLIPS_BY_FILE = {
    "caps.toml": [
        ("won = 800_000\n", "", "cap[1].won", "missing"),
        ("won = 800_000", "won = -1", "cap[1].won", "negative"),
        ("won = 800_000", 'won = "800,000"', "cap[1].won", "wrong_kind"),
        ("won = 800_000", "won = 800_000\ndays = 90", "carrier.days", "days_of_new_line"),
        ('"carrier"', '"new_line"', "new_line.days", "days_of_new_line"),
        ('key = "carrier"', 'key = "new_line"\ndays = 0', "cap[1].days", "not_one"),
        ('"carrier"', '"carier"', "carier", "unknown_word"),
        ('"carrier"', '"minor_SKTT"', "minor_SKTT", "unknown_word"),
        ('"carrier"', '"voucher_"', "voucher_", "unknown_word"),
        ('key = "carrier"', "keys = []", "cap[1].keys", "missing"),
        ('key = "carrier"', 'keys = "carrier"', "cap[1].keys", "wrong_kind"),
        ('key = "carrier"', 'key = "carrier"\nkeys = ["mvno"]', "cap[1].key", "unknown_key"),
        ("won =", "a_day = 1\nwon =", "cap[1].a_day", "unknown_key"),
    ],
    "authorisation.toml": [
        ('"repeated_failures"', '"repeated_failure"', "safeguard[1].key", "unknown_word"),
        ("count = 5\n", "", "safeguard[1].count", "missing"),
        ("days = 7\n", "", "safeguard[1].days", "missing"),
        ("won = 100_000\n", "", "safeguard[1].won", "missing"),
        ("count = 5", "count = 0", "safeguard[1].count", "not_one"),
        ("days = 7", "days = -7", "safeguard[1].days", "not_one"),
        ("won = 100_000", "won = 100_000\nminutes = 5", "safeguard[1].minutes", "unknown_key"),
        ('key = "repeated_failures"', 'keys = ["repeated_failures"]', "safeguard[1].key", "missing"),
    ],
    "billing.toml": [
        ('"SKT"', '"SKTT"', "SKTT", "unknown_word"),
        ("[5, 20]", "[]", "billing[1].due_days", "not_rising"),
        ("[5, 20]", "[20, 5]", "billing[1].due_days", "not_rising"),
        ("[5, 20]", "[5, 5]", "billing[1].due_days", "not_rising"),
        ("[5, 20]", "[0, 5]", "billing[1].due_days", "out_of_range"),
        ("[5, 20]", "[5, 32]", "billing[1].due_days", "out_of_range"),
        ("[5, 20]", "5", "billing[1].due_days", "wrong_kind"),
        ("[5, 20]", '["5"]', "billing[1].due_days", "wrong_kind"),
        ("issue_day = 10", "issue_day = 0", "billing[1].issue_day", "out_of_range"),
        ("issue_day = 10", "issue_day = 32", "billing[1].issue_day", "out_of_range"),
        ("before_due = 3", "before_due = -3", "billing[1].business_days_before_due", "negative"),
    ],
    "debt_contact.toml": [
        ("20:00:00", '"20:00"', "debt_contact[1].quiet_from", "wrong_kind"),
        ("20:00:00", "2026-07-01T20:00:00", "debt_contact[1].quiet_from", "wrong_kind"),
        ("quiet_to = 09:30:00\n", "", "debt_contact[1].quiet_to", "missing"),
        ("at_most = 3", "at_most = -1", "debt_contact[1].at_most", "negative"),
        ("in_days = 14", "in_days = 0", "debt_contact[1].in_days", "not_one"),
        ("letter_days = 5", "letter_days = 0", "debt_contact[1].letter_days", "not_one"),
        ('"contact"', '"contacts"', "contacts", "unknown_word"),
    ],
    "retention.toml": [
        ("months = 120\n", "", "retention[1].months", "missing"),
        ("months_below = 24", "months_below = -1", "retention[1].months_below", "negative"),
        ("above_won = 0", "above_won = true", "retention[1].above_won", "wrong_kind"),
        ('"records"', '"record"', "record", "unknown_word"),
    ],
    "accounts.toml": [
        ('"credit"', '"right"', "account[1].side", "unknown_word"),
        ('"bill"', '"carrier"', "account[1].of", "unknown_word"),
        ('"fee_waived"', '"fees_waived"', "fees_waived", "unknown_word"),
    ],
    "settlement.toml": [
        ("days_after_month = 2", "days_after_month = -2", "settlement[1].days_after_month", "negative"),
        ('key = "settlement"', 'key = "merchants"', "merchants", "unknown_word"),
    ],
    "objections.toml": [
        ("days = 7", "days = 0", "objection[1].days", "not_one"),
        ("days = 7", "months = 1", "objection[1].days", "missing"),
        ('"answer"', '"answers"', "answers", "unknown_word"),
    ],
    "relief.toml": [
        ("most_months = 24", "most_months = 0", "relief[1].most_months", "not_one"),
        ("missed_void = 2", "missed_void = 0", "relief[1].missed_void", "not_one"),
        ("paid_return = 6", "paid_return = 0", "relief[1].paid_return", "not_one"),
        ("contact_days = 0", "contact_days = -1", "relief[1].stops_contact_days", "negative"),
    ],
}  # fmt: skip
Slip = tuple[str, str, str, str, str]
SLIPS: list[Slip] = [(file, *slip) for file, slips in SLIPS_BY_FILE.items() for slip in slips]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found_in_its_file_at_its_key_and_told_in_one_line(slip: Slip, tmp_path: Path) -> None:
    file, old, new, key, fault = slip
    files = own_files()
    assert old in files[file]
    folder = write_rules(
        tmp_path, {"rule_set.toml": RULE_SET, **files, file: files[file].replace(old, new, 1)}
    )
    with pytest.raises(PolicyFaultError) as told:
        Shelf(tmp_path).rule_set("mine")
    assert (told.value.file, told.value.key, fault_key(told.value)) == (folder / file, key, fault)
    place = f"{folder / file}: {key}: "
    assert [(line.startswith(place), "\n" in line) for line in lines(told.value).values()] == [
        (True, False)
    ] * 2


def a_table(fields: dict[str, object]) -> Table:
    return Table(fields, Path("mine.toml"))


def is_refused(read: Callable[[Table], object], table: Table) -> bool:
    try:
        read(table)
        table.close()
    except PolicyFaultError:
        return True
    return False


@given(st.lists(st.integers(-2, 34), max_size=5))
def test_due_days_are_read_just_when_they_rise_from_the_1st_to_the_31st(days: list[int]) -> None:
    table = a_table({"due_days": days, "issue_day": 13, "business_days_before_due": 5})
    rises = all(day < after for day, after in pairwise(days))
    right = bool(days) and rises and days[0] >= 1 and days[-1] <= 31
    assert is_refused(lambda table: read_billing(table, {}), table) is not right


@given(
    st.sampled_from(sorted(SAFEGUARDS)),
    st.dictionaries(st.sampled_from(("won", "count", "days", "minutes")), st.integers(-1, 9)),
)
def test_a_safeguard_is_read_just_with_the_fields_it_is_made_of(key: str, fields: dict[str, int]) -> None:
    right = set(fields) == set(SAFEGUARDS[key]) and min(fields.values()) >= 1
    assert is_refused(lambda table: read_safeguard(table, {}), a_table({"key": key, **fields})) is not right


def test_every_topic_of_the_rule_set_has_a_reader() -> None:
    assert [topic for topic in NEW_TOPICS if topic not in TOPICS] == []
