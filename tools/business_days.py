"""Write the resolved Korean holidays into the policy data, from the package "holidays".

Run by hand when the package brings new days; the diff of the data file is the review.

    .venv/bin/python tools/business_days.py --published-on DAY --confirmed-on DAY
"""

import argparse
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path

import holidays
from holidays.constants import BANK, PUBLIC

FIRST_ON = date(2010, 1, 1)
LAST_ON = date(2050, 12, 31)
TARGET = Path(__file__).parents[1] / "src/carrierbill/policies/common/business_days.toml"

ONE_OFF_MARK = "# ── one-off days "
HEAD = """\
# The days on which Korean offices (public) and banks (bank) are closed, resolved day by day, so that an
# upgrade of their package never changes a past day. A business day is Monday to Friday and in neither table.
# Made by tools/business_days.py from holidays {version}; to remake it, keeping the one-off days at the end:
#   .venv/bin/python tools/business_days.py --published-on {published_on} --confirmed-on {confirmed_on}

first_on = {first_on}
last_on = {last_on}

[source]
title = "holidays (PyPI), South Korea, categories public and bank"
where = "version {version}"
published_on = {published_on}
standing = "published"
confirmed_on = {confirmed_on}
"""
ONE_OFF_HELP = (
    ONE_OFF_MARK
    + 80 * "─"
    + """
# A day the package does not know yet (a temporary holiday, an election called early) is added here by hand,
# with who announced it, and taken out again once the tables above have it. None at present. It is written so:
#   [[one_off]]
#   day = 2030-01-02
#   kind = "public"            # or "bank"
#   ko = "…"
#   en = "…"
#   source = { title = "…", where = "…", published_on = …, standing = "published", confirmed_on = … }
"""
)

Days = Mapping[date, tuple[str, str]]


def resolved(category: str) -> Days:
    """Every day of a category from FIRST_ON to LAST_ON with its Korean and its English name."""
    years = range(FIRST_ON.year, LAST_ON.year + 1)
    in_korean, in_english = (
        holidays.country_holidays("KR", years=years, language=language, categories=(category,))
        for language in ("ko", "en_US")
    )
    return {day: (in_korean[day], in_english[day]) for day in sorted(in_korean)}


def tables() -> dict[str, Days]:
    """The public days, and the bank days that are not public."""
    public = resolved(PUBLIC)
    return {
        "public": public,
        "bank": {day: names for day, names in resolved(BANK).items() if day not in public},
    }


def lines() -> Iterator[str]:
    """The two tables as TOML."""
    for name, days in tables().items():
        yield f"\n[{name}]\n"
        for day, (korean, english) in days.items():
            yield f'{day} = {{ ko = "{korean}", en = "{english}" }}\n'


def one_off_part() -> str:
    """The part of the present file that is kept by hand, or its explanation when there is no file yet."""
    if TARGET.exists() and (kept := TARGET.read_text(encoding="utf-8").partition(ONE_OFF_MARK))[1]:
        return kept[1] + kept[2]
    return ONE_OFF_HELP


def main() -> None:
    """Write the data file."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--published-on", "--confirmed-on"):
        parser.add_argument(option, type=date.fromisoformat, required=True, help="of the package")
    chosen = parser.parse_args()
    head = HEAD.format(
        version=version("holidays"),
        first_on=FIRST_ON,
        last_on=LAST_ON,
        published_on=chosen.published_on,
        confirmed_on=chosen.confirmed_on,
    )
    TARGET.write_text(head + "".join(lines()) + "\n" + one_off_part(), encoding="utf-8")


if __name__ == "__main__":
    main()
