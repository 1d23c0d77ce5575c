"""What says something of a person is in no address: it is posted, answered, and posted again."""

import re
from html import unescape

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


def test_a_refused_personal_question_is_posted_again_by_the_terms(client: TestClient) -> None:
    told = BILL | PERSONAL | {"due": "2020-11-30", "on": "2020-12-15"}
    answer = client.post("/bill?lang=en", data=told)
    assert answer.status_code == 422
    forms = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', answer.text, re.DOTALL)
    action, inside = next(form for form in forms if "See it by the payment gateway terms" in form[1])
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', inside))
    assert hidden == told | {"rules": "terms"}
    assert client.post(action, data=hidden).status_code == 200


def test_a_personal_form_may_name_its_language_among_its_fields(client: TestClient) -> None:
    told = client.post("/bill", data=BILL | PERSONAL | {"lang": "en"})
    assert '<html lang="en">' in told.text
    share = re.findall(r'<a class="address" href="([^"]+)"', told.text)[0]
    assert unescape(share) == ("/bill?carrier=SKT&principal=50000&due=2025-09-30&on=2025-11-30&lang=en")


def test_the_form_of_a_page_is_posted_to_an_address_that_holds_nothing(client: TestClient) -> None:
    html = client.get("/bill", params=BILL).text
    assert re.findall(r'<form[^>]*method="([a-z]+)" action="([^"]+)"', html) == [("post", "/bill?lang=ko")]


@pytest.mark.parametrize("unticked", ["0", "false", "False", "OFF", "no", ""])
def test_a_box_that_says_no_is_not_ticked(client: TestClient, unticked: str) -> None:
    assert client.post("/bill?lang=en", data=BILL | {"cash_advance": unticked}).status_code == 303
