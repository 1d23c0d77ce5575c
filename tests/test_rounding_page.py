"""Every worked table of docs/rounding.md is worked out anew, row by row and letter by letter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from carrierbill.documents.answer import exact_text
from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import ONE_DAY
from carrierbill.domain.late_fee import DAYS_A_YEAR, FeeRun, late_fee_on
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.money import cut_down
from rule_sets import RULE_SETS, a_bill

PAGE = Path(__file__).parents[1] / "docs" / "rounding.md"
# "Bill: `guide`, SKT, 50,000 won, due 2025-09-30, low; repaid 20,000 on 2025-10-10" and a table below it.
TABLE = re.compile(
    r"^Bill: `(?P<rules>[\w-]+)`, (?P<carrier>\w+), (?P<won>[\d,]+) won, "
    r"due (?P<due>[\d-]+), (?P<run>low|high)"
    r"(?P<repaid>(?:; repaid [\d,]+ on [\d-]+)*)\n\n(?P<rows>(?:\|.*\n)+)",
    re.MULTILINE,
)
REPAID = re.compile(r"repaid ([\d,]+) on ([\d-]+)")


def won_of(text: str) -> int:
    return int(text.replace(",", ""))


@dataclass(frozen=True)
class Worked:
    """A table of the page: the bill, the run followed, and what stands in each row by its column."""

    rules: str
    run: str
    bill: Bill
    rows: tuple[Mapping[str, str], ...]

    def run_on(self, day: date) -> FeeRun:
        fee = late_fee_on(self.bill, day, RULE_SETS[self.rules])
        return fee.low if self.run == "low" else fee.high

    def letters_on(self, day: date) -> dict[str, str]:
        """The letters at the end of the day, read off what the program states of that day and the next."""
        run, following = self.run_on(day), self.run_on(day + ONE_DAY)
        unpaid_won = self.bill.unpaid_won_on(day)
        ever_won = sum(each.won for each in run.capitalised)
        restarted_on = run.capitalised[-1].on if run.capitalised else date.min
        accrued = sum((piece.exact for piece in run.pieces if piece.from_on > restarted_on), Fraction(0))
        # What of the capitalised fee is unpaid is the base of the next day, beside the principal.
        open_won = following.pieces[-1].capitalised_won if ever_won else 0
        due_on = effective_due_on(self.bill, RULE_SETS[self.rules])
        over = 1 if self.rules == "terms" else DAYS_A_YEAR
        won = {
            "P": unpaid_won,
            "C": open_won,
            "K": ever_won,
            "⌊A⌋": cut_down(accrued),
            "U": run.repaid_won - (ever_won - open_won),
            "late fee": run.fee_won,
            "repaid of it": run.repaid_won,
            "total": unpaid_won + run.fee_won - run.repaid_won,
            "credit": run.credit_won,
        }
        exact = exact_text(accrued, over).removesuffix("/1") if accrued else "0"
        return {"k": str((day - due_on).days), "A": exact, **{name: f"{n:,}" for name, n in won.items()}}


def tables() -> list[Worked]:
    found = []
    for match in TABLE.finditer(PAGE.read_text(encoding="utf-8")):
        repaid = [(date.fromisoformat(on), won_of(won)) for won, on in REPAID.findall(match["repaid"])]
        due_on = date.fromisoformat(match["due"])
        head, _, *rows = (
            [cell.strip() for cell in line.strip("|\n").split("|")] for line in match["rows"].splitlines()
        )
        bill = a_bill(match["carrier"], won_of(match["won"]), due_on, repaid=repaid)
        by_column = tuple(dict(zip(head, row, strict=True)) for row in rows)
        found.append(Worked(match["rules"], match["run"], bill, by_column))
    return found


def test_the_page_works_out_both_readings_a_repayment_a_capitalisation_and_flat_steps() -> None:
    worked = tables()
    assert PAGE.read_text(encoding="utf-8").count("\nBill: ") == len(worked)
    assert {(each.rules, each.run) for each in worked} >= {
        ("guide", "low"),
        ("guide", "high"),
        ("terms", "low"),
    }
    assert any(each.bill.repayments for each in worked)
    assert any("K" in each.rows[-1] and each.rows[-1]["K"] != "0" for each in worked)


@pytest.mark.parametrize("worked", tables(), ids=lambda each: f"{each.rules}-{each.run}-{each.bill.due_on}")
def test_a_row_is_what_the_program_says_of_its_day(worked: Worked) -> None:
    assert worked.rows
    for row in worked.rows:
        expected = {name: text for name, text in row.items() if name not in {"end of", "what happens"}}
        letters = worked.letters_on(date.fromisoformat(row["end of"]))
        assert {name: letters[name] for name in expected} == expected, row["end of"]
