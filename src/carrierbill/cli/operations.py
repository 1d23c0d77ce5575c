"""Operations: what is done each day with the whole book, and what came of it."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from carrierbill.bootstrap import App, start
from carrierbill.cli.answers import print_json, refuse
from carrierbill.cli.commands import NamedGroup
from carrierbill.cli.given import Day, Month, form_options, option, resolved_day
from carrierbill.domain.dates import SEOUL, month_later, seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying, Values
from carrierbill.settings import heads_file, outgoing_folder
from carrierbill.texts.load import read_texts

if TYPE_CHECKING:
    from carrierbill.drivers.outgoing import OutgoingNotices
    from carrierbill.services.advance_day import Round
    from carrierbill.services.send_notices import Sent
    from carrierbill.storage.database import Database
    from carrierbill.storage.proof import Head

# How many lines a month is closed for in one transaction.
LINES_AT_ONCE = 500
# When a day of a demo is worked, and when its notices go out.
WORKED_AT, SENT_AT = time(6), time(9, 30)


def day_group(language: str) -> click.Group:
    """`day`: advance."""
    texts = read_texts()
    advance = click.Command(
        "advance",
        params=[click.Argument(["day"], type=Day()), *form_options(language)],
        help=texts.say(language, "cli.day-advance.help"),
        callback=lambda **options: _advance(start(), language, options),
    )
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, "cli.day.help")
    return NamedGroup("day", commands={"advance": advance}, help=help_text, params=[language_option])


def month_group(language: str) -> click.Group:
    """`month`: close."""
    texts = read_texts()
    close = click.Command(
        "close",
        params=[click.Argument(["month"], type=Month()), *form_options(language)],
        help=texts.say(language, "cli.month-close.help"),
        callback=lambda **options: _close(start(), language, options),
    )
    language_option = option(language, "--lang", metavar="ko|en", expose_value=False)
    help_text = texts.say(language, "cli.month.help")
    return NamedGroup("month", commands={"close": close}, help=help_text, params=[language_option])


def _close(app: App, language: str, options: dict[str, Any]) -> int:
    """Close a month for all lines; run again, it closes what is still open and books nothing twice."""
    month: date = options["month"]
    from carrierbill.services.close_month import month_not_over
    from carrierbill.storage.marks import is_demo

    with closing(app.database()) as database:
        rules = app.acting_rules(database)
        over_on = month_later(resolved_day(month, rules, "MONTH"), 1)
        with database.session() as session:
            shift = Shift(app, database, rules, demo=is_demo(session))
        if seoul_day(database.clock()) < over_on:
            # A demo's months end when they are closed; elsewhere time has to pass.
            shift.clock_to(over_on, WORKED_AT)
        if seoul_day(database.clock()) < over_on:
            return refuse(month_not_over(month), app.texts, language, as_json=options["as_json"])
        bills, principal_won = shift.close_month(month)
    if options["as_json"]:
        told = {
            "rules": rules.name,
            "month": f"{month:%Y-%m}",
            "bills": bills,
            "principal_won": principal_won,
        }
        print_json(told)
    else:
        values: Values = {"month": f"{month:%Y-%m}", "bills": bills, "principal_won": principal_won}
        click.echo(app.texts.say(language, Saying("show.month.closed", values)))
    return 0


def _advance(app: App, language: str, options: dict[str, Any]) -> int:
    from carrierbill.services.advance_day import days_to_work
    from carrierbill.storage.marks import is_demo

    database = app.database()
    rules = app.acting_rules(database)
    day = resolved_day(options["day"], rules, "DAY")
    with database.session() as session:
        shift = Shift(app, database, rules, demo=is_demo(session))
    if not shift.demo and day > app.today():
        raise BadInputError("DAY", Saying("bad_input.day_to_come", {"on": day}))
    with database.unit() as unit:
        days = days_to_work(unit, day)
    worked = [shift.work(each) for each in days]
    heads = shift.print_heads()
    if options["as_json"]:
        print_json(_document(worked, heads, rules.name))
    else:
        _show(worked, heads, app, language=language)
    return 0


@dataclass(frozen=True, slots=True)
class WorkedDay:
    """What a day came to: what it brought, what was sent, and the files written."""

    round: "Round"
    sent: "Sent"
    files: Sequence[str]


@dataclass(frozen=True)
class Shift:
    """A book and the rules it is worked by; a demo's clock is moved to the day that is worked."""

    app: App
    database: "Database"
    rules: RuleSet
    demo: bool

    def work(self, day: date) -> WorkedDay:
        """Advance all lines to a day, let out what is due, write the files of the day."""
        from carrierbill.services.advance_day import advance_all
        from carrierbill.services.follow_notices import follow_up

        self.clock_to(day, WORKED_AT)
        # What was delivered meanwhile is known before anything starts because of it.
        follow_up(self.database, self._ways, self.rules)
        round_ = advance_all(self.database, day, self.rules)
        self.clock_to(day, SENT_AT)
        return WorkedDay(round_, self._send(), self._write_files(day))

    def close_month(self, month: date) -> tuple[int, int]:
        """Close a month line after line, a run of them a transaction: how many bills, and their principal."""
        from carrierbill.services.close_month import Closed, close_month, lines_to_close

        after_id = bills = principal_won = 0
        while True:
            with self.database.unit() as unit:
                commands = lines_to_close(unit, month, after_id=after_id, most=LINES_AT_ONCE)
            if not commands:
                return bills, principal_won
            for outcome in self.database.decide(close_month, commands, self.rules):
                if isinstance(outcome, Exception):
                    raise outcome
                if isinstance(outcome, Closed) and outcome.bill_id is not None:
                    bills, principal_won = bills + 1, principal_won + outcome.principal_won
            after_id = commands[-1].line_id
            if sys.stderr.isatty():
                click.echo(f"\r{bills:,}", err=True, nl=False)

    def clock_to(self, day: date, at: time) -> None:
        """Move a demo's clock; time itself moves all others."""
        if self.demo:
            self.database.clock = lambda: datetime.combine(day, at, SEOUL)

    def _send(self) -> "Sent":
        from carrierbill.services.send_notices import send_due
        from carrierbill.storage.codes import SecretCodes

        codes = SecretCodes(self.database.keys.index_secret)
        return send_due(self.database, self._ways, texts=self.app.texts, rules=self.rules, codes=codes)

    @cached_property
    def _ways(self) -> "OutgoingNotices":
        from carrierbill.drivers.outgoing import outgoing_notices
        from carrierbill.storage.sealed import masked_number

        return outgoing_notices(
            self.app.settings,
            outgoing_folder(),
            today=lambda: seoul_day(self.database.clock()),
            masked=masked_number,
            demo=self.demo,
        )

    def _write_files(self, day: date) -> list[str]:
        from carrierbill.drivers.bureau_files import BureauFiles
        from carrierbill.drivers.gateway_files import GatewayFiles
        from carrierbill.services.tell_others import bureau_reports_of, gateway_marks_of

        with self.database.unit() as unit:
            reports, marks = bureau_reports_of(day, unit), gateway_marks_of(day, unit)
        folder = outgoing_folder()
        return [*BureauFiles(folder).write(day, reports), *GatewayFiles(folder).write(day, marks)]

    def print_heads(self) -> "Sequence[Head]":
        """Print the heads of the chains outside of the database; they are returned too."""
        from carrierbill.storage.proof import heads_of, print_heads

        with self.database.session() as session:
            print_heads(session, heads_file(), self.database.clock())
            return heads_of(session, self.database.clock())


def _document(worked: Sequence[WorkedDay], heads: "Sequence[Head]", rules: str) -> dict[str, Any]:
    return {
        "rules": rules,
        "days": [
            {
                "day": each.round.day.isoformat(),
                "lines": each.round.lines,
                "late_fee_won": each.round.fee_won,
                "starts": dict(each.round.started),
                "ends": dict(each.round.ended),
                "notices": {"queued": each.round.notices, "handed_over": each.sent.handed_over}
                | {"delivered": each.sent.delivered},
                "refused": dict(each.round.refused),
                "files": list(each.files),
            }
            for each in worked
        ],
        "heads": [{"chain": head.chain, "seq": head.seq, "hash": head.hash.hex()} for head in heads],
    }


def _show(worked: Sequence[WorkedDay], heads: "Sequence[Head]", app: App, *, language: str) -> None:
    """Each day's sums, then the heads of the chains, to be kept elsewhere."""
    from carrierbill.cli.screen import Screen

    screen = Screen(app.texts, language)
    for each in worked:
        # The first of several days was mostly worked before.
        if each is not worked[-1] and not each.round.lines and not each.sent.handed_over:
            continue
        screen.title(screen.say("day.title", on=each.round.day))
        screen.facts(_facts(each, screen))
        screen.listed((screen.say("day.file"), file, "") for file in each.files)
        screen.console.print()
    screen.title(screen.say("day.heads", file=str(heads_file())))
    screen.listed((f"{head.chain} {head.seq:,}", head.hash.hex(), "") for head in heads)


def _facts(worked: WorkedDay, screen: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # Screen, imported late
    def counted(effects: Mapping[str, int]) -> str:
        told = [f"{screen.name('effect', effect)} ({count:,})" for effect, count in Counter(effects).items()]
        return ", ".join(told) or "-"

    yield screen.say("day.lines"), f"{worked.round.lines:,}"
    yield screen.say("day.fees"), screen.won(worked.round.fee_won)
    yield screen.say("day.starts"), counted(worked.round.started)
    yield screen.say("day.ends"), counted(worked.round.ended)
    for rule, count in worked.round.refused.items():
        yield screen.say("day.refused"), f"{rule} ({count:,})"
    yield screen.say("day.queued"), f"{worked.round.notices:,}"
    yield screen.say("day.sent"), f"{worked.sent.handed_over:,}"
