"""Settlement files: a file for each client of what its merchants are paid up to a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

from carrierbill.domain.purchase import Merchant
from carrierbill.drivers.bureau_files import LAYOUT, Cell, write_whole
from carrierbill.services.settle_merchants import SettledMerchant


@dataclass(frozen=True, slots=True)
class Paid:
    """A merchant and what it is paid."""

    merchant: Merchant
    settled: SettledMerchant

    @property
    def brought_won(self) -> int:
        """What earlier settlements fell short of and this one took off."""
        settled = self.settled
        return settled.purchases_won - settled.refunds_won + settled.carried_won - settled.won


class SettlementFiles:
    """Writes `settlement-CLIENT-YYYY-MM-DD.csv` in a folder, as docs/reference/files.md lays down."""

    def __init__(self, folder: Path) -> None:
        """Know the folder; it is made when the first file is."""
        self._folder = folder

    def write(self, through_on: date, paid: Sequence[Paid]) -> list[str]:
        """Write the files of a day whole and name them; the same settlements again are the same files."""
        files = []
        for client in sorted({each.merchant.client for each in paid}):
            told = [each for each in paid if each.merchant.client == client]
            file = self._folder / f"settlement-{quote(client, safe='')}-{through_on.isoformat()}.csv"
            write_whole(file, _rows(client, through_on, told))
            files.append(str(file))
        return files


def _rows(client: str, through_on: date, paid: Sequence[Paid]) -> list[list[Cell]]:
    in_order = sorted(paid, key=lambda each: each.merchant.identifier)
    sums = [sum(column) for column in zip(*(_amounts(each) for each in in_order), strict=True)]
    return [
        ["H", LAYOUT, "carrierbill", client, through_on.isoformat(), len(paid), *sums],
        *(["S", each.settled.settlement_id, each.merchant.identifier, *_amounts(each)] for each in in_order),
        ["T", len(paid), sums[-1]],
    ]


def _amounts(paid: Paid) -> list[int]:
    """Purchases less refunds less what was brought, and what of that is carried on, come to what is paid."""
    settled = paid.settled
    return [settled.purchases_won, settled.refunds_won, paid.brought_won, settled.carried_won, settled.won]
