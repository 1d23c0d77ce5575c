"""The laws of `rules.md` §14 over a whole ledger, asked of the rows themselves; each is a line per fault.

Nothing of the services is used: plain SQL reads the tables, plain Python adds up. A law that cannot be asked
of a single state (nothing answered is lost, a replay books nothing) is up to the test that makes the history.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from carrierbill.storage.database import Database

Row = dict[str, Any]
Balances = dict[tuple[str, int | None], int]

COLUMNS: Mapping[str, Sequence[str]] = {
    "entries": ("seq", "key", "what", "reverses"),
    "postings": ("entry_seq", "debit", "credit", "won", "line_id", "merchant_id", "bill_id"),
    "lines": ("id", "holder_id", "monthly_limit_won", "credit_won", "repaid_won", "paid_back_won"),
    "usages": ("line_id", "month", "category", "won"),
    "purchases": (
        *("id", "line_id", "merchant_id", "category", "won", "state", "month", "bill_id", "settlement_id"),
        "reported_month",
        *("refunded_won", "paid_back_won", "confirmed_at", "billed_month"),
    ),
    "refunds": ("id", "purchase_id", "line_id", "won", "cancelled_won", "credited_won", "paid_back_won"),
    "bills": (
        *("id", "line_id", "month", "principal_won", "fee_booked_won", "fee_waived_won", "fee_carried_won"),
        *("settled_on", "closed_on", "carried_fee_won"),
    ),
    "allocations": ("bill_id", "line_id", "won", "repayment_id", "cause"),
    "repayments": ("id", "line_id", "won"),
    "settlements": ("merchant_id", "won"),
    "objections": ("id", "purchase_id", "withheld_won", "state"),
    "notices": ("what", "purchase_id", "bill_id"),
}
# Whose part an account has: told by the posting's line, its merchant, or nobody's.
PART = {
    **dict.fromkeys(("held_claims", "unbilled_claims", "billed_claims", "late_fee_claims"), "line_id"),
    **dict.fromkeys(("line_credit", "refunds_payable"), "line_id"),
    **dict.fromkeys(("held_payables", "merchant_payables", "withheld_payables"), "merchant_id"),
}
CLAIMS = ("held_claims", "unbilled_claims", "billed_claims", "late_fee_claims")


def tables(db: Database) -> dict[str, list[Row]]:
    """Every table the laws speak of, in one transaction."""
    found = {}
    with db.session() as session:
        for table, columns in COLUMNS.items():
            rows = session.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2")
            found[table] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


def balances(postings: Sequence[Row]) -> Balances:
    """Each account of each line or merchant, debits less credits, those at zero left out."""
    sums: Counter[tuple[str, int | None]] = Counter()
    for posting in postings:
        for side, won in (("debit", posting["won"]), ("credit", -posting["won"])):
            account = posting[side]
            sums[account, posting[PART[account]] if account in PART else None] += won
    return {account: won for account, won in sums.items() if won}


def broken_laws(db: Database) -> list[str]:
    """Every law that does not hold, told in a line."""
    found = tables(db)
    return [
        fault
        for law in (
            entries_once,
            trial_balance,
            holds_end_once,
            limits_kept,
            money_back,
            claims_are_owed,
            notices,
        )
        for fault in law(found)
    ]


def entries_once(found: dict[str, list[Row]]) -> Iterator[str]:
    """No event is booked twice, every entry has postings, a reversal points at an entry there is."""
    keys = Counter(entry["key"] for entry in found["entries"])
    yield from (f"entry {key} is booked {count} times" for key, count in keys.items() if count > 1)
    posted = Counter(posting["entry_seq"] for posting in found["postings"])
    yield from (f"entry {one['key']} moves nothing" for one in found["entries"] if not posted[one["seq"]])
    reversed_once = Counter(one["reverses"] for one in found["entries"] if one["reverses"])
    for key, count in reversed_once.items():
        if key not in keys:
            yield f"{key} is reversed and was never booked"
        if count > 1 and not key.startswith("withhold/"):
            yield f"{key} is reversed {count} times"
    yield from _released_of_withheld(found)
    seqs = [entry["seq"] for entry in found["entries"]]
    if seqs != list(range(1, len(seqs) + 1)):
        yield "the journal has a gap"


def _released_of_withheld(found: dict[str, list[Row]]) -> Iterator[str]:
    """What is withheld may be let go in parts, one for each refund meanwhile, never more than there was."""
    moved: Counter[int] = Counter()
    for posting in found["postings"]:
        moved[posting["entry_seq"]] += posting["won"]
    released: Counter[str] = Counter()
    for one in found["entries"]:
        if one["reverses"] and one["reverses"].startswith("withhold/"):
            released[one["reverses"]] += moved[one["seq"]]
    for one in found["entries"]:
        if released[one["key"]] > moved[one["seq"]]:
            yield f"{one['key']}: {released[one['key']]} of {moved[one['seq']]} withheld won are released"


def trial_balance(found: dict[str, list[Row]]) -> Iterator[str]:
    """All accounts add up to zero, and those of claims and of credit stand on their own side."""
    sums = balances(found["postings"])
    if sum(sums.values()):
        yield f"the trial balance is {sum(sums.values())}"
    for (account, part), won in sums.items():
        if account in CLAIMS and won < 0:
            yield f"{account} of line {part} is {won}"
        if account in {"line_credit", "refunds_payable", "held_payables", "withheld_payables"} and won > 0:
            yield f"{account} of {part} is {won}, on the wrong side"


def holds_end_once(found: dict[str, list[Row]]) -> Iterator[str]:
    """A hold is posted or voided, never both, and the purchase says the same as its entries."""
    keys = {entry["key"] for entry in found["entries"]}
    for purchase in found["purchases"]:
        number, state = purchase["id"], purchase["state"]
        held, posted, voided = (f"{what}/{number}" in keys for what in ("hold", "confirm", "void"))
        if posted and voided:
            yield f"hold {number} is both posted and voided"
        if posted != (state == "confirmed"):
            yield f"purchase {number} is {state}, and confirm/{number} is {posted}"
        if (held and not posted and not voided) != (state == "held"):
            yield f"purchase {number} is {state}, and its hold is open: {not (posted or voided)}"
        if voided and state not in {"cancelled", "lapsed", "denied"}:
            yield f"purchase {number} is {state}, and its hold is voided"


def limits_kept(found: dict[str, list[Row]]) -> Iterator[str]:
    """No line bought more in a month than its limit, content apart; what is used is what was bought."""
    given_back = Counter[int]()
    months = {purchase["id"]: purchase for purchase in found["purchases"]}
    for refund in found["refunds"]:
        purchase = months[refund["purchase_id"]]
        # What was bought in one month and confirmed in the next is cancelled in a month that is over.
        if purchase["month"] == purchase["billed_month"]:
            given_back[refund["purchase_id"]] += refund["cancelled_won"]
    bought: Counter[tuple[int, Any, str]] = Counter()
    for purchase in found["purchases"]:
        if purchase["state"] in {"held", "confirmed"}:
            key = purchase["line_id"], purchase["month"], purchase["category"]
            bought[key] += purchase["won"] - given_back[purchase["id"]]
    used = {(usage["line_id"], usage["month"], usage["category"]): usage["won"] for usage in found["usages"]}
    for key in sorted(bought.keys() | used.keys(), key=str):
        if bought[key] != used.get(key, 0):
            told = f"bought {bought[key]} of {key[2]} in {key[1]}"
            yield f"line {key[0]} {told}, its usage says {used.get(key)}"
    pools: Counter[tuple[int, Any, bool]] = Counter()
    for (line_id, month, category), won in bought.items():
        pools[line_id, month, category == "content"] += won
    limits = {line["id"]: line["monthly_limit_won"] for line in found["lines"]}
    # What a gateway reports late has been bought already: no limit refuses it.
    late = {(one["line_id"], one["month"]) for one in found["purchases"] if one["reported_month"] is not None}
    for (line_id, month, _), won in pools.items():
        if won > limits[line_id] and (line_id, month) not in late:
            yield f"line {line_id} bought {won} in {month}, its limit is {limits[line_id]}"


def money_back(found: dict[str, list[Row]]) -> Iterator[str]:
    """No line is paid more than it repaid, no purchase refunded beyond its price; the sums agree."""
    repaid, back, refunded = Counter[int](), Counter[int](), Counter[int]()
    for repayment in found["repayments"]:
        repaid[repayment["line_id"]] += repayment["won"]
    for refund in found["refunds"]:
        back[refund["line_id"]] += refund["paid_back_won"]
        refunded[refund["purchase_id"]] += refund["won"]
    for line in found["lines"]:
        of = f"line {line['id']}"
        if line["paid_back_won"] > line["repaid_won"]:
            yield f"{of} was paid {line['paid_back_won']} and repaid {line['repaid_won']}"
        if line["repaid_won"] != repaid[line["id"]]:
            yield f"{of} says it repaid {line['repaid_won']}, its repayments are {repaid[line['id']]}"
        if line["paid_back_won"] != back[line["id"]]:
            yield f"{of} says it was paid {line['paid_back_won']}, its refunds say {back[line['id']]}"
    for purchase in found["purchases"]:
        if not purchase["paid_back_won"] <= purchase["refunded_won"] <= purchase["won"]:
            yield f"purchase {purchase['id']}: {purchase}"
        if purchase["refunded_won"] != refunded[purchase["id"]]:
            yield f"purchase {purchase['id']} says {purchase['refunded_won']} of {refunded[purchase['id']]}"


def claims_are_owed(found: dict[str, list[Row]]) -> Iterator[str]:
    """What the accounts say of every line, bill and merchant is what the records say."""
    sums = balances(found["postings"])
    expected: Counter[tuple[str, int | None]] = Counter()
    _expect_purchases(found, expected)
    yield from _expect_bills(found, expected)
    for line in found["lines"]:
        expected["line_credit", line["id"]] -= line["credit_won"]
        expected["refunds_payable", line["id"]] -= line["paid_back_won"]
    expected["bank", None] += sum(one["won"] for one in found["repayments"])
    expected["bank", None] -= sum(one["won"] for one in found["settlements"])
    told = (set(PART) | {"bank"}) - {"merchant_payables"}
    for key in sorted(expected.keys() | sums.keys(), key=str):
        if key[0] in told and expected[key] != sums.get(key, 0):
            yield f"{key[0]} of {key[1]} is {sums.get(key, 0)}, by the records {expected[key]}"


def _expect_purchases(found: dict[str, list[Row]], expected: Counter[tuple[str, int | None]]) -> None:
    """What is held, not billed yet, or withheld of a seller."""
    cancelled = Counter[int]()
    for refund in found["refunds"]:
        cancelled[refund["purchase_id"]] += refund["cancelled_won"]
    for purchase in found["purchases"]:
        if purchase["state"] == "held":
            expected["held_claims", purchase["line_id"]] += purchase["won"]
            expected["held_payables", purchase["merchant_id"]] -= purchase["won"]
        if purchase["state"] == "confirmed" and purchase["bill_id"] is None:
            expected["unbilled_claims", purchase["line_id"]] += purchase["won"] - cancelled[purchase["id"]]
    sellers = {purchase["id"]: purchase["merchant_id"] for purchase in found["purchases"]}
    for objection in found["objections"]:
        if objection["state"] == "open":
            expected["withheld_payables", sellers[objection["purchase_id"]]] -= objection["withheld_won"]


def _expect_bills(found: dict[str, list[Row]], expected: Counter[tuple[str, int | None]]) -> Iterator[str]:
    """What is owed of principal and of fees, bill by bill."""
    counted = Counter[int]()
    for allocation in found["allocations"]:
        counted[allocation["bill_id"]] += allocation["won"]
    for bill in found["bills"]:
        paid = min(bill["principal_won"], counted[bill["id"]])
        expected["billed_claims", bill["line_id"]] += bill["principal_won"] - paid
        fee_won = bill["fee_booked_won"] - bill["fee_waived_won"] - (counted[bill["id"]] - paid)
        expected["late_fee_claims", bill["line_id"]] += fee_won
        if fee_won < 0:
            yield f"bill {bill['id']} was repaid {-fee_won} more than it asked for"
        if (paid == bill["principal_won"]) != (bill["settled_on"] is not None):
            yield f"bill {bill['id']} has {paid} of {bill['principal_won']}, settled_on {bill['settled_on']}"


def notices(found: dict[str, list[Row]]) -> Iterator[str]:
    """Every confirmed purchase and every bill has its notice."""
    told_of = {(one["purchase_id"], one["bill_id"]) for one in found["notices"]}
    charges = {purchase for purchase, _ in told_of}
    bills = {bill for _, bill in told_of}
    for purchase in found["purchases"]:
        if purchase["state"] == "confirmed" and purchase["id"] not in charges:
            yield f"nobody is told of purchase {purchase['id']}"
    yield from (f"nobody is told of bill {bill['id']}" for bill in found["bills"] if bill["id"] not in bills)
