"""The calendar file of an answer, and what happens to a faulty address of it."""

from starlette.testclient import TestClient

KT = "/bill.ics?carrier=KT&principal=120000&due=2026-09-25&on=2026-09-20"


def test_the_file_is_sent_in_the_asked_language(client: TestClient) -> None:
    answer = client.get(f"{KT}&lang=en")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="carrierbill-20260925-20260920.ics"'
    assert answer.headers["cache-control"] == "no-store"
    assert "SUMMARY:Phone purchases: Due date" in answer.text


def test_past_days_are_not_in_it(client: TestClient) -> None:
    text = client.get(KT.replace("on=2026-09-20", "on=2026-09-25")).text
    assert "DTSTART;VALUE=DATE:20260925" in text
    assert "DTSTART;VALUE=DATE:20260924" not in text


def test_a_settled_bill_has_its_due_date_for_a_file_and_no_button_for_it(client: TestClient) -> None:
    query = "carrier=LGU&principal=50000&due=2025-09-30&on=2025-11-30&repaid=2025-10-20=50000&lang=en"
    text = client.get(f"/bill.ics?{query}").text
    assert text.count("BEGIN:VEVENT") == 1
    assert "DTSTART;VALUE=DATE:20250930" in text
    assert "There is no date left to remember for this bill." in text
    assert "is due" not in text
    assert "VALARM" not in text
    page = client.get(f"/bill?{query}").text
    assert "There is no date left to put in a calendar." in page
    assert "/bill.ics" not in page


def test_a_faulty_address_is_a_page(client: TestClient) -> None:
    assert client.get("/bill.ics?carrier=KT&principal=x&due=2026-09-25").status_code == 400
    assert client.get("/bill.ics?carrier=KT&principal=1&due=2060-09-25").status_code == 422
