"""Settling: all merchants are paid up to a day, and each client is told in a file."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from carrierbill.bootstrap import App
from carrierbill.cli.answers import print_json, refuse
from carrierbill.cli.given import resolved_day
from carrierbill.domain.dates import days_later, month_of, seoul_day
from carrierbill.domain.errors import RefusedError
from carrierbill.domain.saying import Saying, Values
from carrierbill.settings import outgoing_folder

if TYPE_CHECKING:
    from carrierbill.domain.policy import RuleSet
    from carrierbill.domain.purchase import Merchant
    from carrierbill.drivers.settlement_files import Paid
    from carrierbill.storage.database import Database

# How many merchants are paid in one transaction: it locks the holders of all their purchases.
MERCHANTS_AT_ONCE = 20


def settle_all(app: App, language: str, options: dict[str, Any]) -> int:
    """Pay every merchant up to the day given, else to the end of last month, and write the files."""
    from carrierbill.drivers.settlement_files import SettlementFiles

    with closing(app.database()) as database:
        rules = app.acting_rules(database)
        through_on = options["through"] or days_later(month_of(seoul_day(database.clock())), -1)
        resolved_day(through_on, rules, "--through")
        try:
            paid = _paid(database, rules, through_on)
        except RefusedError as refused:
            return refuse(refused, app.texts, language, as_json=options["as_json"])
    files = SettlementFiles(outgoing_folder()).write(through_on, paid)
    return _tell(through_on, paid, files, app=app, telling=(language, options["as_json"]))


def _paid(database: "Database", rules: "RuleSet", through_on: date) -> list["Paid"]:
    from carrierbill.domain.purchase import Merchant

    with database.unit() as unit:
        merchants = unit.peek(Merchant)
    paid = []
    for start in range(0, len(merchants), MERCHANTS_AT_ONCE):
        paid += _paid_together(merchants[start : start + MERCHANTS_AT_ONCE], database, rules, on=through_on)
    return paid


def _paid_together(
    merchants: Sequence["Merchant"], database: "Database", rules: "RuleSet", *, on: date
) -> list["Paid"]:
    """Settle some merchants in one transaction; RefusedError while the day is not over."""
    from carrierbill.drivers.settlement_files import Paid
    from carrierbill.services.decide import Refused
    from carrierbill.services.settle_merchants import Settle, SettledMerchant, settle_merchants

    paid = []
    outcomes = database.decide(settle_merchants, [Settle(each.id, on) for each in merchants], rules)
    for merchant, outcome in zip(merchants, outcomes, strict=True):
        if isinstance(outcome, Refused):
            raise RefusedError(outcome.rule, outcome.told, outcome.lifted_by)
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, SettledMerchant):
            paid.append(Paid(merchant, outcome))
    return paid


def _tell(
    through_on: date, paid: Sequence["Paid"], files: Sequence[str], *, app: App, telling: tuple[str, bool]
) -> int:
    language, as_json = telling
    won, carried_won = (sum(getattr(each.settled, name) for each in paid) for name in ("won", "carried_won"))
    if as_json:
        print_json(
            {
                "through": through_on.isoformat(),
                "merchants": len(paid),
                "won": won,
                "carried_won": carried_won,
                "files": list(files),
            }
        )
        return 0
    values: Values = {
        "through_on": through_on,
        "merchants": len(paid),
        "paid_won": won,
        "carried_won": carried_won,
    }
    click.echo(app.texts.say(language, Saying("show.lines.settled", values)))
    for file in files:
        click.echo(file)
    return 0
