"""Answers: what is owed, and what happens when, for one bill."""

import json
from datetime import date
from typing import Any

import click

from carrierbill.bootstrap import start
from carrierbill.cli.given import MOST_DAYS, Day, Whole, bill_of, bill_options, option, resolved_day
from carrierbill.documents.answer import Json, late_fee_document, outlook_document, refusal_document
from carrierbill.domain.dates import days_later
from carrierbill.domain.errors import BadInputError, RefusedError
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.outlook import DAYS_BEFORE_DUE, Question, outlook_for
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.position import answer_on
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import Texts, read_texts

DAYS = 120
REFUSED = 1


def late_fee_command(language: str) -> click.Command:
    """`late-fee`: the fee on a day, and how it came about."""
    parameters = bill_options(language)
    parameters.insert(3, option(language, "--on", required=True, type=Day()))
    return click.Command(
        "late-fee",
        params=parameters,
        help=read_texts().say(language, "cli.late-fee.help"),
        callback=lambda **options: _late_fee(language, options),
    )


def outlook_command(language: str) -> click.Command:
    """`outlook`: what happens when, and what each day costs."""
    parameters = bill_options(language)
    parameters[3:3] = [
        option(language, "--from", "from_on", type=Day()),
        option(language, "--days", type=Whole(1, MOST_DAYS)),
        option(language, "--income", type=Whole(0)),
    ]
    return click.Command(
        "outlook",
        params=parameters,
        help=read_texts().say(language, "cli.outlook.help"),
        callback=lambda **options: _outlook(language, options),
    )


def print_json(document: Json) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def refuse(refused: RefusedError, texts: Texts, language: str, *, as_json: bool) -> int:
    """Say a refusal on stdout, as JSON or in words; returns the exit code."""
    if as_json:
        print_json(refusal_document(refused, texts))
    else:
        click.echo(texts.say(language, refused.reason))
        if refused.lifted_by:
            click.echo(texts.say(language, refused.lifted_by))
    return REFUSED


def _late_fee(language: str, options: dict[str, Any]) -> int:
    app = start()
    rules = app.rules(options["rules"])
    day = resolved_day(options["on"], rules, "--on")
    bill = bill_of(options, rules, day)
    try:
        answer = answer_on(bill, day, rules, others=app.shelf.shipped_beside(rules.name))
    except RefusedError as refused:
        return refuse(refused, app.texts, language, as_json=options["as_json"])
    if options["as_json"]:
        print_json(late_fee_document(answer, app.texts))
    else:
        from carrierbill.cli.show_answer import show_answer  # tables are only made for people

        show_answer(answer, app.texts, language)
    return 0


def _outlook(language: str, options: dict[str, Any]) -> int:
    app = start()
    rules = app.rules(options["rules"])
    bill = bill_of(options, rules, None)
    try:
        by_default = days_later(effective_due_on(bill, rules), -DAYS_BEFORE_DUE)
        from_on, days = _window(options, by_default, rules)
        question = Question(from_on, days, options["income"])
        outlook = outlook_for(bill, question, rules, others=app.shelf.shipped_beside(rules.name))
    except RefusedError as refused:
        return refuse(refused, app.texts, language, as_json=options["as_json"])
    if options["as_json"]:
        print_json(outlook_document(outlook, app.texts))
    else:
        from carrierbill.cli.show_outlook import show_outlook  # tables are only made for people

        show_outlook(outlook, app.rules("terms"), app.texts, language=language)
    return 0


def _window(options: dict[str, Any], by_default: date, rules: RuleSet) -> tuple[date, int]:
    """`--from` and `--days`, or three days before the due date and 120 days, within the calendar."""
    calendar = rules.calendar
    from_on = resolved_day(options["from_on"] or max(by_default, calendar.first_on), rules, "--from")
    days_there_are = (calendar.last_on - from_on).days + 1
    if options["days"] is None:
        return from_on, min(DAYS, days_there_are)
    if options["days"] > days_there_are:
        raise BadInputError("--days", Saying("bad_use.days", {"last_on": calendar.last_on}))
    return from_on, options["days"]
