"""Reading: the amount or the day a person means by what they typed."""

import re
from datetime import date
from unicodedata import normalize

from carrierbill.domain.dates import days_later, month_later
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.money import LEAST_WON, MOST_WON
from carrierbill.domain.saying import Saying

WON_SIGNS = re.compile(r"[\s₩￦]|\u20a9|won|krw", re.IGNORECASE)
WHOLE = re.compile(r"[0-9]{1,30}|[0-9]{1,3}(?:,[0-9]{3}){1,10}")
# More digits than any amount has; what is so long was cut somewhere, so its commas say nothing.
ENDLESS = re.compile(r"[0-9][0-9,]{30,}")
BROKEN = re.compile(r"[0-9,]+\.[0-9]+")
DAY = re.compile(r"([0-9]{4})([-./]?)([0-9]{1,2})\2([0-9]{1,2})\.?")
MONTH = re.compile(
    r"(?P<year>[0-9]{4})[-./]?(?P<month>[0-9]{1,2})|(?P<card_month>[0-9]{2})/(?P<card_year>[0-9]{2})"
)
CENTURY = 2000


def read_won(field: str, typed: str, *, least: int = LEAST_WON, won_word: str = "") -> int:
    """The won that were typed, with or without commas and unit; BadInputError says what would be right.

    >>> read_won("principal", " 50,000 won"), read_won("balance", "0", least=0)
    (50000, 0)
    """
    plain = WON_SIGNS.sub("", normalize("NFKC", typed)).removesuffix(won_word or " ")
    unsigned = plain.lstrip("-\u2212")
    if BROKEN.fullmatch(unsigned):
        raise BadInputError(field, Saying("page.fault.fraction"))
    is_endless = ENDLESS.fullmatch(unsigned) is not None
    if not is_endless and not WHOLE.fullmatch(unsigned):
        raise BadInputError(field, Saying("page.fault.not_won"))
    won = MOST_WON + 1 if is_endless else int(unsigned.replace(",", ""))
    if unsigned != plain or not least <= won <= MOST_WON:
        raise BadInputError(field, Saying("page.fault.won", {"least_won": least, "most_won": MOST_WON}))
    return won


def read_day(field: str, typed: str) -> date:
    """The day that was typed, `2025-09-30`, `2025. 9. 30.` and `20250930` alike.

    >>> read_day("due", "2025. 9. 30.")
    datetime.date(2025, 9, 30)
    """
    found = DAY.fullmatch(re.sub(r"\s", "", normalize("NFKC", typed)))
    if found is None:
        raise BadInputError(field, Saying("page.fault.not_a_day"))
    year, mark, month, day = found.groups()
    if not mark and len(month + day) != len("0930"):
        raise BadInputError(field, Saying("page.fault.not_a_day"))
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise BadInputError(field, Saying("page.fault.no_such_day")) from None


def read_month_end(field: str, typed: str) -> date:
    """The last day of the month that was typed, as `2027-05` or, as cards print it, `05/27`.

    >>> read_month_end("card_until", "02/28"), read_month_end("card_until", "2027-05")
    (datetime.date(2028, 2, 29), datetime.date(2027, 5, 31))
    """
    found = MONTH.fullmatch(re.sub(r"\s", "", normalize("NFKC", typed)))
    if found is None:
        raise BadInputError(field, Saying("page.fault.not_a_month"))
    year = int(found["year"] or CENTURY + int(found["card_year"]))
    month = int(found["month"] or found["card_month"])
    try:
        return days_later(month_later(date(year, month, 1), 1), -1)
    except (ValueError, OverflowError):
        raise BadInputError(field, Saying("page.fault.not_a_month")) from None
