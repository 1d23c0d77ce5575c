"""The timeline tells each posting that shows another fee, and says "every month" only where it is so."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

BILL = {"principal": "50000", "due": "2025-09-30", "on": "2025-09-30", "lang": "en"}
MONTHLY = "It goes on every month after that until the purchases are repaid."
POSTED = re.compile(r"The late fee so far, ([0-9,]+) won, goes on the bill[.]( It goes on every month)?")
JOINED = re.compile(r"([0-9,]+) won of late fee bears late fees itself from the next day[.]( It goes on)?")


def timeline(client: TestClient, **changes: str) -> str:
    html = client.get("/bill", params=BILL | changes).text
    _, _, after = html.partition('aria-labelledby="ahead"')
    return re.sub("<[^>]+>", "", after.partition("</section>")[0])


@pytest.mark.parametrize(
    ("changes", "postings"),
    [
        # A step each for the first and the second due date missed, and no third posting.
        ({"carrier": "SKT", "rules": "terms"}, [("1,500", False), ("1,750", False)]),
        ({"carrier": "SKT", "rules": "terms", "on": "2025-10-20"}, [("1,500", False), ("1,750", False)]),
        # The window ends with the year 2050, shortly after the second posting.
        (
            {"carrier": "SKT", "rules": "terms", "due": "2050-10-30", "on": "2050-10-30"},
            [("1,500", False), ("1,750", False)],
        ),
        # Repaid midway: 20 days at 2% are 54 won; what was billed in October is 13 days of them.
        (
            {"carrier": "LGU", "on": "2025-10-21", "repaid": "2025-10-20=50000"},
            [("35", False), ("54", False)],
        ),
        # Repaid on the due date: nothing is ever billed.
        ({"carrier": "LGU", "on": "2025-10-21", "repaid": "2025-09-30=50000"}, []),
        # It grows daily: told once, with the months after it.
        ({"carrier": "LGU"}, [("35", True)]),
        # Once among the days gone by, once among those to come.
        ({"carrier": "LGU", "on": "2025-11-30"}, [("35", True), ("202", True)]),
        # One posting gone by is no series.
        ({"carrier": "LGU", "on": "2025-10-20"}, [("35", False), ("120", True)]),
        # So small that the whole won of the fee stand still for months: only a change is told.
        ({"carrier": "LGU", "principal": "100"}, []),
    ],
)
def test_each_posting_with_another_fee_is_told(
    client: TestClient, changes: dict[str, str], postings: list[Any]
) -> None:
    told = [(won, bool(goes_on)) for won, goes_on in POSTED.findall(timeline(client, **changes))]
    assert told == postings


def test_what_is_told_once_says_until_when_it_goes_on(client: TestClient) -> None:
    assert MONTHLY in timeline(client, carrier="LGU")
    assert "다 갚을 때까지 다달이" in timeline(client, carrier="LGU", lang="ko")


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"carrier": "SKT"}, 1),
        ({"carrier": "SKT", "repaid": "2026-01-10=50000", "on": "2026-01-10"}, 1),
        ({"carrier": "SKT", "rules": "terms"}, 0),
        ({"carrier": "SKT", "principal": "1"}, 0),
    ],
)
def test_a_capitalisation_of_something_is_told(
    client: TestClient, changes: dict[str, str], count: int
) -> None:
    found = JOINED.findall(timeline(client, **changes))
    assert len(found) == count
    assert all(bool(goes_on) == ("repaid" not in changes) for _, goes_on in found)


@pytest.mark.parametrize(
    ("changes", "lead"),
    [
        (
            {},
            "By the carrier guide, this is what follows if it is not paid by Tue 30 Sep 2025. Paid by then,",
        ),
        ({"on": "2025-10-01"}, "This is what follows if nothing more is paid, by the carrier guide. Paying"),
        (
            {"on": "2025-10-21", "repaid": "2025-10-20=50000"},
            "The purchases are repaid in full. What is left is the late fee,",
        ),
        (
            {"on": "2025-10-21", "repaid": "2025-10-20=60000"},
            "The purchases are repaid in full. This goes by the carrier guide.",
        ),
        (
            {"on": "2025-10-20", "carrier": "SKT", "repaid": "2025-10-20=50000"},
            "The purchases are repaid in full.",
        ),
    ],
)
def test_what_the_days_are_is_true_of_the_bill(
    client: TestClient, changes: dict[str, str], lead: str
) -> None:
    words = timeline(client, **({"carrier": "LGU"} | changes))
    assert lead in words
    if "repaid" in changes:
        assert "is not paid" not in words
        assert "Paying earlier" not in words


def test_where_nothing_is_to_come_it_does_not_sound_as_if_something_were(client: TestClient) -> None:
    settled = timeline(client, carrier="SKT", on="2025-11-30", repaid="2025-10-20=60000")
    assert "Nothing further changes." in settled
    assert "2026" not in settled
    by_terms = timeline(client, carrier="SKT", on="2032-01-01", rules="terms")
    assert "Nothing further happens up to Fri 30 Apr 2032." in by_terms
