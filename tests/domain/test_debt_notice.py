"""What a late holder is told to pay is what is owed: a fee that was waived is asked for no more."""

from dataclasses import replace
from datetime import date

import pytest

from carrierbill.domain.arrears import Claim
from carrierbill.domain.billing import IssuedBill
from carrierbill.domain.debt_notice import stage_told
from carrierbill.domain.notice import Channel
from carrierbill.domain.policy import Effect
from rule_sets import RULE_SETS, a_bill

GUIDE = RULE_SETS["guide"]
DUE_ON, DAY = date(2025, 9, 30), date(2025, 10, 15)
ISSUED = IssuedBill(5, 1, 1, "SKT", date(2025, 8, 1), date(2025, 9, 10), DUE_ON, 50_000, fee_booked_won=1_000)


@pytest.mark.parametrize(("waived_won", "fee_won"), [(0, 1_000), (400, 600), (1_000, 0)])
def test_a_notice_of_lateness_asks_for_no_fee_that_was_waived(waived_won: int, fee_won: int) -> None:
    claim = Claim(replace(ISSUED, fee_waived_won=waived_won), a_bill(repaid=[(date(2025, 10, 2), 20_000)]))
    told = stage_told(claim, (Effect.NOTICE_LETTER, "late_15"), DAY, ahead=(), rules=GUIDE)
    assert (told.details["unpaid_won"], told.details["fee_won"]) == (30_000, fee_won)
    assert (told.channel, told.debt_contact, told.bill_id) == (Channel.LETTER, True, 5)
