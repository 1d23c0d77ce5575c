"""Answer: the JSON documents that programs read, field by field as the contract page names them."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from carrierbill.domain.errors import RefusedError
from carrierbill.domain.event import Event
from carrierbill.domain.late_fee import DAYS_A_YEAR, FeeRun, Piece
from carrierbill.domain.money import WonRange, percent_of
from carrierbill.domain.outlook import Outlook
from carrierbill.domain.policy import Contact, Measure, Source, Value
from carrierbill.domain.position import Answer, Elsewhere
from carrierbill.domain.restoration import ComesBack
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import Texts

Json = dict[str, object]
PER = {Measure.DAYS_LATE: "year", Measure.DUE_DATES_MISSED: "due_date"}


def late_fee_document(answer: Answer, texts: Texts) -> Json:
    """What is owed on a day and how it came about."""
    position, bill = answer.position, answer.bill
    return {
        "rules": answer.rules.name,
        "carrier": bill.carrier,
        "principal_won": bill.principal_won,
        "due_on": _day(bill.due_on),
        "effective_due_on": _day(position.effective_due_on),
        "on": _day(position.on),
        "days_late": position.lateness.days_late,
        "status_day": position.lateness.status_day,
        "stage": position.lateness.stage,
        "effects": list(position.lateness.effects),
        "unpaid_won": position.unpaid_won,
        "late_fee_won": _range(position.late_fee.fee),
        "fee_repaid_won": _range(position.late_fee.repaid),
        "total_won": _range(position.total),
        "credit_won": _range(position.late_fee.credit),
        "pieces": {"low": _pieces(position.late_fee.low), "high": _pieces(position.late_fee.high)},
        "capitalised": _capitalised(position.late_fee.high),
        "elsewhere": _elsewhere(answer.elsewhere),
        "restoration": _restoration(answer.restoration),
        "notes": _notes(answer.notes, texts),
    }


def outlook_document(outlook: Outlook, texts: Texts) -> Json:
    """What happens when, and what each day costs."""
    return {
        "rules": outlook.rules.name,
        "carrier": outlook.bill.carrier,
        "principal_won": outlook.bill.principal_won,
        "due_on": _day(outlook.bill.due_on),
        "effective_due_on": _day(outlook.now.effective_due_on),
        "from": _day(outlook.from_on),
        "days": outlook.days,
        "events": [_event(event, texts) for event in outlook.events],
        "relief": [
            {
                "id": relief.id,
                "open": relief.open,
                "until": _day(relief.until_on),
                "text": texts.both(relief.saying),
                "source": source_document(relief.source),
            }
            for relief in outlook.relief
        ],
        "limit_advice_won": outlook.limit_advice_won,
        "contacts": [_contact(contact, texts) for contact in outlook.contacts],
        "elsewhere": _elsewhere(outlook.elsewhere),
        "notes": _notes(outlook.notes, texts),
    }


def refusal_document(refused: RefusedError, texts: Texts) -> Json:
    """Why no answer is given, by which rule, and what would lift it."""
    return {
        "refused": {
            "rule": refused.rule,
            "reason": texts.both(refused.reason),
            "lifted_by": texts.both(refused.lifted_by) if refused.lifted_by else None,
        }
    }


def source_document(source: Source) -> Json:
    """Who says so."""
    return {
        "title": source.title,
        "where": source.where,
        "published_on": _day(source.published_on),
        "standing": source.standing.value,
    }


def exact_won(piece: Piece) -> str:
    """A piece's exact won as `n/d`: daily fees over 365, or the smallest multiple of it that is whole.

    >>> exact_text(Fraction(61_000, 365), DAYS_A_YEAR), exact_text(Fraction(1_500), 1)
    ('61000/365', '1500/1')
    """
    return exact_text(piece.exact, DAYS_A_YEAR if piece.measure == Measure.DAYS_LATE else 1)


def exact_text(exact: Fraction, over: int) -> str:
    """A fraction as `n/d`, d the smallest multiple of `over` that makes n whole."""
    denominator = (exact * over).denominator * over
    return f"{int(exact * denominator)}/{denominator}"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _range(won: WonRange) -> Json:
    return {"low": won.low, "high": won.high, "charged": won.charged}


def _pieces(run: FeeRun) -> list[Json]:
    return [
        {
            "measure": piece.measure.value,
            "from": _day(piece.from_on),
            "to": _day(piece.to_on),
            "units": piece.units,
            "principal_won": piece.principal_won,
            "capitalised_won": piece.capitalised_won,
            "rate": percent_of(piece.rate),
            "per": PER[piece.measure],
            "exact_won": exact_won(piece),
            "source": source_document(piece.source),
        }
        for piece in run.pieces
    ]


def _capitalised(run: FeeRun) -> list[Json]:
    return [
        {"on": _day(each.on), "won": each.won, "cut": str(each.cut)} for each in run.capitalised if each.won
    ]


def _elsewhere(elsewhere: Sequence[Elsewhere]) -> list[Json]:
    return [{"rules": each.rules, "late_fee_won": _range(each.late_fee)} for each in elsewhere]


def _restoration(restoration: ComesBack | None) -> Json | None:
    if restoration is None:
        return None
    parts: Mapping[str, object] = {
        name: {"earliest_on": _day(window.earliest_on), "latest_on": _day(window.latest_on)}
        for name, window in restoration.parts.items()
    }
    return {**parts, "held_by": list(restoration.held_by)}


def _notes(notes: Sequence[Saying], texts: Texts) -> list[Json]:
    return [{**texts.both(note)} for note in notes]


def _event(event: Event, texts: Texts) -> Json:
    position = event.position
    return {
        "on": _day(position.on),
        "what": event.what,
        "stage": position.lateness.stage,
        "days_late": position.lateness.days_late,
        "late_fee_won": _range(position.late_fee.fee),
        "total_won": _range(position.total),
        "effects": list(position.lateness.effects),
        "starts": list(event.starts),
        "ends": list(event.ends),
        "text": texts.both(event.saying),
        "source": source_document(event.source),
    }


def _contact(contact: Value[Contact], texts: Texts) -> Json:
    return {
        "name": texts.both(f"contact.{contact.key}.name"),
        "number": contact.content.number,
        "hours": None,
    }
