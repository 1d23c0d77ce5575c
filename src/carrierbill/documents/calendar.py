"""Calendar: a bill's coming dates as a file a calendar can take in (iCalendar, RFC 5545)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from icalendar import Alarm, Calendar
from icalendar import Event as Entry

from carrierbill.domain.bill import Bill
from carrierbill.domain.dates import ONE_DAY
from carrierbill.domain.event import Event
from carrierbill.domain.lateness import effective_due_on
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.saying import Saying
from carrierbill.texts.load import Texts

PRODUCT = "-//carrierbill//calendar//"
# What only moves money inside a bill calls for nothing on its day, so it stays out of a calendar.
NOT_ENTERED = ("fee_posted", "capitalised")
REMINDED_AT = timedelta(hours=9)
UID_LETTERS = 32


def calendar_file(
    bill: Bill, events: Iterable[Event], texts: Texts, *, language: str, rules: RuleSet
) -> bytes:
    """The events as all-day entries in one language; the same event has the same UID each time.

    A file without any entry would be no calendar: where nothing is to come, the due date says so.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT + language.upper())
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    carrier = texts.name(language, "carrier", bill.carrier)
    calendar.add("x-wr-calname", texts.say(language, Saying("ics.name", {"carrier": carrier})))
    for event in events:
        if event.what not in NOT_ENTERED:
            uid = uid_for(bill, event.what, event.position.on, rules=rules.name)
            calendar.add_component(_entry_of(event, uid, texts, language=language))
    if not calendar.subcomponents:
        due_on = effective_due_on(bill, rules)
        entry = _entry(uid_for(bill, "due", due_on, rules=rules.name), due_on)
        entry.add("summary", texts.say(language, Saying("ics.summary", {"what": Saying("what.due")})))
        entry.add("description", texts.say(language, "ics.nothing"))
        calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content


def uid_for(bill: Bill, what: str, on: date, *, rules: str) -> str:
    """A name for an entry that says nothing of the bill and is the same whenever it is made."""
    told = (rules, bill.carrier, bill.principal_won, bill.due_on, what, on)
    return sha256("|".join(map(str, told)).encode()).hexdigest()[:UID_LETTERS] + "@carrierbill"


def _entry(uid: str, on: date) -> Entry:
    """An all-day entry without words."""
    entry = Entry()
    entry.add("uid", uid)
    # No clock is read here: the day itself stamps its entry, so the same question gives the same file.
    entry.add("dtstamp", datetime.combine(on, time(), tzinfo=UTC))
    entry.add("dtstart", on)
    entry.add("dtend", on + ONE_DAY)
    entry.add("transp", "TRANSPARENT")
    return entry


def _entry_of(event: Event, uid: str, texts: Texts, *, language: str) -> Entry:
    entry = _entry(uid, event.position.on)
    entry.add("summary", _summary(event, texts, language))
    entry.add("description", _description(event, texts, language))
    if event.what in {"reminder", "due"}:
        entry.add_component(_alarm(event, texts, language))
    return entry


def _summary(event: Event, texts: Texts, language: str) -> str:
    stage = event.position.lateness.stage
    heading = f"stage.{stage}.name" if event.what == "stage" else f"what.{event.what}"
    return texts.say(language, Saying("ics.summary", {"what": Saying(heading)}))


def _description(event: Event, texts: Texts, language: str) -> str:
    lines = [texts.say(language, event.saying)]
    for key, effects in (("ics.starts", event.starts), ("ics.ends", event.ends)):
        if effects:
            names = ", ".join(texts.name(language, "effect", effect) for effect in effects)
            lines.append(texts.say(language, Saying(key, {"effects": names})))
    return "\n".join([*lines, texts.say(language, "ics.foot")])


def _alarm(event: Event, texts: Texts, language: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", texts.say(language, event.saying))
    alarm.add("trigger", REMINDED_AT)
    return alarm


def file_name(bill: Bill, on: date) -> str:
    """A plain name for the file, of the days alone."""
    return f"carrierbill-{bill.due_on:%Y%m%d}-{on:%Y%m%d}.ics"
