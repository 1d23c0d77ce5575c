"""What says something of a person is in no address: it is posted, answered, and posted again."""

import re

import pytest
from starlette.testclient import TestClient

BILL = {"carrier": "SKT", "principal": "50000", "due": "2025-09-30", "on": "2025-11-30"}
PERSONAL = {"income": "3000000", "balance": "123", "card_until": "2025-08", "cash_advance": "1"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("name", PERSONAL)
def test_a_posted_form_that_is_personal_is_answered_and_not_sent_on(client: TestClient, name: str) -> None:
    told = client.post("/bill?lang=en", data=BILL | {name: PERSONAL[name]})
    assert told.status_code == 200
    assert told.headers["cache-control"] == "no-store"
    assert "50,167 won" in told.text


def test_a_posted_form_about_the_bill_alone_is_sent_on_to_its_address(client: TestClient) -> None:
    sent = client.post("/bill?lang=en", data=BILL)
    address = "/bill?carrier=SKT&principal=50000&due=2025-09-30&on=2025-11-30&lang=en"
    assert (sent.status_code, sent.headers["location"]) == (303, address)


@pytest.mark.parametrize("asks", ["post", "get"])
def test_no_address_on_a_page_holds_what_is_personal(client: TestClient, asks: str) -> None:
    told = BILL | PERSONAL
    html = (client.post("/bill", data=told) if asks == "post" else client.get("/bill", params=told)).text
    addresses = re.findall(r'(?:href|action)="([^"]*)"', html)
    assert any("/bill.ics?" in address for address in addresses)
    for address in addresses:
        assert not re.search("income|balance|card_until|cash_advance|3000000", address)


def test_the_other_language_gets_all_that_was_typed_by_posting_it_again(client: TestClient) -> None:
    told = BILL | PERSONAL | {"repaid": "2025-10-01=100"}
    html = client.post("/bill?lang=ko", data=told).text
    forms = re.findall(r'<form method="post" action="(/bill[?]lang=en)">(.*?)</form>', html, re.DOTALL)
    action, inside = forms[0]
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', inside))
    assert hidden == told
    assert '<html lang="en">' in client.post(action, data=hidden).text


def test_a_faulty_personal_form_keeps_what_was_typed(client: TestClient) -> None:
    told = client.post("/bill?lang=en", data=BILL | PERSONAL | {"principal": "x"})
    assert told.status_code == 400
    assert 'value="3000000"' in told.text


@pytest.mark.parametrize("unticked", ["0", "false", "off", "no", ""])
def test_a_box_that_says_no_is_not_ticked(client: TestClient, unticked: str) -> None:
    assert client.post("/bill?lang=en", data=BILL | {"cash_advance": unticked}).status_code == 303


def test_a_body_that_says_it_is_far_too_long_is_refused_unread(client: TestClient) -> None:
    told = client.post("/bill", headers=FORM | {"content-length": "99999999"}, content=b"carrier=SKT")
    assert told.status_code == 413


def test_under_the_terms_both_postings_are_listed_and_none_is_said_to_come_for_ever(
    client: TestClient,
) -> None:
    html = client.get("/bill", params=BILL | {"on": "2025-09-30", "rules": "terms", "lang": "en"}).text
    words = re.sub("<[^>]+>", "", html)
    assert "1,500 won, goes on the bill." in words
    assert "1,750 won, goes on the bill." in words
    assert "every month after that" not in words


def test_what_grows_daily_is_told_once_with_the_months_after_it(client: TestClient) -> None:
    html = client.get("/bill", params=BILL | {"carrier": "LGU", "on": "2025-09-30", "lang": "en"}).text
    assert "every month after that" in html


def test_a_settled_bill_lists_each_posting_that_is_left(client: TestClient) -> None:
    asked = BILL | {"carrier": "LGU", "repaid": "2025-10-20=50000", "lang": "en"}
    html = client.get("/bill", params=asked).text
    assert "every month after that" not in html
    assert html.count("goes on the bill") == 2


def test_a_calendar_of_a_settled_bill_holds_its_due_date(client: TestClient) -> None:
    file = client.get("/bill.ics", params=BILL | {"repaid": "2025-09-20=50000", "lang": "en"}).text
    assert file.count("BEGIN:VEVENT") == 1
    assert "DTSTART;VALUE=DATE:20250930" in file
