"""Whatever is typed into the form is understood, or told to be mended beside its field and kept."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from carrierbill.web.pages.typed import LONGEST

GOOD = {"carrier": "SKT", "principal": "50000", "due": "2025-09-30"}
SCRIPT = "\"><script>alert('x')</script>{{7*7}}"


def asked(client: TestClient, **changes: str) -> tuple[int, str]:
    answer = client.get("/bill?" + urlencode(GOOD | changes))
    return answer.status_code, answer.text


def faults(html: str) -> dict[str, str]:
    found = re.findall(r'<p class="fault" id="e-([^"]+)">(.*?)</p>', html)
    return {field: re.sub(r"<[^>]+>", "", told) for field, told in found}


def value_of(html: str, field: str) -> str:
    return unescape(re.findall(rf'name="{field}"[^>]*? value="([^"]*)"', html)[0])


@pytest.mark.parametrize(
    "typed",
    [
        "50000",
        "50,000",
        " 50 000 ",
        "50000원",
        "50,000 원",
        "₩50,000",
        "50000 won",
        "５００００",
        "KRW 50,000",
    ],
)
def test_an_amount_may_be_written_as_people_write_it(client: TestClient, typed: str) -> None:
    status, html = asked(client, principal=typed)
    assert status == 200
    assert "50,167원" in html


@pytest.mark.parametrize("typed", ["2025-09-30", "2025.9.30", "2025. 9. 30.", "2025/09/30", "20250930"])
def test_a_day_may_be_written_as_people_write_it(client: TestClient, typed: str) -> None:
    assert "50,167원" in asked(client, due=typed)[1]


NOT_WON = "금액은 50,000처럼 숫자로 써 주세요."
FRACTION = "1원 아래는 쓸 수 없어요. 50,000처럼 써 주세요."
RANGE = "1원부터 1,000,000,000,000원까지의 금액을 써 주세요."
NOT_A_DAY = "날짜는 2025-09-30처럼 써 주세요."
NO_SUCH_DAY = "달력에 없는 날이에요. 2025-09-30처럼 써 주세요."
NOT_A_MONTH = "연과 월을 2027-05처럼 써 주세요."


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("carrier", "", "통신사를 골라 주세요."),
        ("carrier", "skt", "통신사는 SKT, KT, LG U+ 가운데 골라 주세요."),
        ("carrier", "MVNO", "통신사는 SKT, KT, LG U+ 가운데 골라 주세요."),
        ("principal", "", "소액결제 금액을 써 주세요."),
        ("principal", "0", RANGE),
        ("principal", "-1", RANGE),
        ("principal", "−50,000", RANGE),
        ("principal", "1000000000001", RANGE),
        ("principal", "9" * 30, RANGE),
        ("principal", "9" * 31, RANGE),
        ("principal", "999," * 12 + "999", RANGE),
        ("principal", "50000.5", FRACTION),
        ("principal", "50000.0", FRACTION),
        ("principal", "1e5", NOT_WON),
        ("principal", "5,00", NOT_WON),
        ("principal", "0x10", NOT_WON),
        ("principal", "--5", RANGE),
        ("principal", "오만원", NOT_WON),
        ("principal", "NaN", NOT_WON),
        ("principal", "Infinity", NOT_WON),
        ("due", "", "납기일을 써 주세요."),
        ("due", "2025-02-31", NO_SUCH_DAY),
        ("due", "2025-13-01", NO_SUCH_DAY),
        ("due", "0000-01-01", NO_SUCH_DAY),
        ("due", "2025-9", NOT_A_DAY),
        ("due", "2025930", NOT_A_DAY),
        ("due", "tomorrow", NOT_A_DAY),
        ("due", "2025-09.30", NOT_A_DAY),
        ("on", "2025-02-29", NO_SUCH_DAY),
        ("on", "now", NOT_A_DAY),
        ("rules", "carrier", "계산 기준은 guide, guide-example, terms 가운데 골라 주세요."),
        ("rules", "../guide", "계산 기준은 guide, guide-example, terms 가운데 골라 주세요."),
        ("income", "-1", "0원부터 1,000,000,000,000원까지의 금액을 써 주세요."),
        ("income", "many", NOT_WON),
        ("card_until", "2027", NOT_A_MONTH),
        ("card_until", "2027-13", NOT_A_MONTH),
        ("card_until", "9999-12", NOT_A_MONTH),
        ("card_until", "13/27", NOT_A_MONTH),
        ("balance", "1.5", FRACTION),
    ],
)
def test_a_fault_is_told_beside_its_field_and_what_was_typed_is_kept(
    client: TestClient, field: str, typed: str, told: str
) -> None:
    status, html = asked(client, **{field: typed})
    assert status == 400
    assert faults(html) == {field: told}
    assert re.search(rf'<a href="#f-{field}">[^<]+: ', html)
    assert f'id="f-{field}"' in html
    for name, value in (GOOD | {field: typed}).items():
        if name not in {"carrier", "rules"}:
            assert value_of(html, name) == value
    if field != "carrier":
        assert re.search(rf'id="f-{field}"[^>]* aria-describedby="e-{field}[^>]* aria-invalid="true"', html)


def test_all_faults_are_told_at_once(client: TestClient) -> None:
    status, html = asked(client, carrier="", principal="x", due="", on="y", income="z")
    assert status == 400
    assert list(faults(html)) == ["carrier", "principal", "due", "on", "income"]
    assert "고칠 곳 5곳" in html


def test_an_empty_form_is_told_what_it_needs(client: TestClient) -> None:
    answer = client.get("/bill?carrier=&principal=&due=&on=")
    assert answer.status_code == 400
    assert list(faults(answer.text)) == ["carrier", "principal", "due"]


@pytest.mark.parametrize(
    ("day", "won", "told"),
    [
        (
            "2025-12-01",
            "100",
            {"repaid_on_1": "갚은 날은 알고 싶은 날(2025년 11월 30일(일))이거나 그 전이어야 해요."},
        ),
        ("", "100", {"repaid_on_1": "갚은 날을 써 주세요."}),
        ("2025-10-01", "", {"repaid_won_1": "갚은 금액을 써 주세요."}),
        ("2025-10-01", "0", {"repaid_won_1": RANGE}),
        ("2025-02-30", "1.5", {"repaid_on_1": NO_SUCH_DAY, "repaid_won_1": FRACTION}),
        (
            "2009-12-31",
            "100",
            {"repaid_on_1": "2010년 1월 1일(금)부터 2050년 12월 31일(토)까지의 날을 써 주세요."},
        ),
    ],
)
def test_a_faulty_repayment_is_told_in_its_row(
    client: TestClient, day: str, won: str, told: dict[str, str]
) -> None:
    status, html = asked(client, repaid_on_1=day, repaid_won_1=won)
    assert status == 400
    assert faults(html) == told
    assert (value_of(html, "repaid_on_1"), value_of(html, "repaid_won_1")) == (day, won)
    assert '<details class="more" open>' in html


def test_repayments_may_be_given_as_the_command_line_takes_them(client: TestClient) -> None:
    query = urlencode([*GOOD.items(), ("repaid", "2025-10-10=20000"), ("repaid", "2025-10-20=1,000")])
    by_link = client.get(f"/bill?{query}").text
    by_form = asked(
        client,
        repaid_on_1="2025-10-10",
        repaid_won_1="20000",
        repaid_on_2="2025-10-20",
        repaid_won_2="1,000",
    )[1]
    assert by_link == by_form
    assert value_of(by_link, "repaid_won_2") == "1,000"


def test_a_repayment_without_its_amount_is_a_fault_of_its_row(client: TestClient) -> None:
    status, html = asked(client, repaid="2025-10-10")
    assert (status, faults(html)) == (400, {"repaid_won_1": "갚은 금액을 써 주세요."})


def test_more_repayments_than_rows_are_told(client: TestClient) -> None:
    query = urlencode([*GOOD.items(), *(("repaid", f"2025-10-0{day}=100") for day in range(1, 7))])
    answer = client.get(f"/bill?{query}")
    assert answer.status_code == 400
    assert faults(answer.text)["repaid_on_1"].startswith("갚은 돈은 5번까지")


@pytest.mark.parametrize("field", ["principal", "due", "on", "income", "repaid_on_1", "repaid_won_3"])
def test_a_script_that_is_typed_is_shown_and_not_run(client: TestClient, field: str) -> None:
    status, html = asked(client, **{field: SCRIPT})
    assert status == 400
    assert "<script" not in html
    assert "49" not in value_of(html, field)
    assert value_of(html, field) == SCRIPT


@pytest.mark.parametrize("field", ["carrier", "rules", "lang", "welfare", "unknown"])
def test_a_script_in_a_choice_is_not_shown_at_all(client: TestClient, field: str) -> None:
    html = asked(client, **{field: SCRIPT})[1]
    assert "alert(" not in html
    assert "<script" not in html


def test_what_is_typed_without_end_is_cut(client: TestClient) -> None:
    status, html = asked(client, principal="7" * 5_000)
    assert status == 400
    assert value_of(html, "principal") == "7" * LONGEST


@pytest.mark.parametrize("typed", ["7" * 5_000, "777," * 1_250 + "777"])
def test_an_amount_without_end_is_told_what_would_be_right(client: TestClient, typed: str) -> None:
    assert faults(asked(client, principal=typed, lang="en")[1]) == {
        "principal": "Enter an amount from 1 won to 1,000,000,000,000 won."
    }


def test_every_fault_in_english_begins_with_a_capital(client: TestClient) -> None:
    wrong = {"carrier": "x", "principal": "0", "due": "x", "on": "2025-02-31", "rules": "x"}
    wrong |= {"income": "-1", "card_until": "x", "balance": "1.5", "repaid": "=0"}
    told = faults(asked(client, **wrong, lang="en")[1])
    assert {*told} == {*wrong, "repaid_on_1", "repaid_won_1"} - {"repaid"}
    assert [fault for fault in told.values() if not fault[0].isupper()] == []


def test_the_last_of_two_alike_counts_and_unknown_fields_are_left_aside(client: TestClient) -> None:
    answer = client.get("/bill?principal=1&" + urlencode(GOOD) + "&debug=1")
    assert answer.status_code == 200
    assert "50,167원" in answer.text


def test_bytes_that_are_no_text_are_a_fault(client: TestClient) -> None:
    answer = client.get("/bill?carrier=SKT&principal=%FF%FE&due=2025-09-30")
    assert answer.status_code == 400
    assert list(faults(answer.text)) == ["principal"]


def test_the_form_can_be_filled_in_by_its_address(client: TestClient) -> None:
    html = client.get("/?carrier=KT&principal=70000&due=2025-09-30").text
    assert value_of(html, "principal") == "70000"
    assert re.search(r'value="KT" required checked', html)
    assert "fault" not in html


@pytest.mark.parametrize(
    ("changes", "reason", "lifted"),
    [
        ({"due": "2009-12-31"}, "계산할 수 있는 날", "다른 날짜를"),
        ({"due": "2051-01-01"}, "계산할 수 있는 날", "다른 날짜를"),
        ({"due": "0001-01-01"}, "계산할 수 있는 날", "다른 날짜를"),
        ({"on": "9999-12-31"}, "계산할 수 있는 날", "다른 날짜를"),
        ({"due": "2020-11-30", "on": "2020-12-15"}, "연체료 규칙이 없어요", "결제대행사 약관 기준으로 보기"),
    ],
)
def test_a_question_without_a_rule_is_refused_with_what_would_help_and_all_fields_kept(
    client: TestClient, changes: dict[str, str], reason: str, lifted: str
) -> None:
    status, html = asked(client, **changes)
    assert status == 422
    assert reason in re.sub(r"<[^>]+>", "", html)
    assert lifted in re.sub(r"<[^>]+>", "", html)
    assert value_of(html, "principal") == "50000"
    for field, typed in changes.items():
        assert value_of(html, field) == typed


def test_the_terms_are_offered_only_where_they_answer(client: TestClient) -> None:
    _, answered = asked(client, due="2020-11-30", on="2020-12-15", lang="en")
    link = re.findall(r'<a class="link" href="([^"]+)">See it by the payment gateway terms</a>', answered)
    assert link == [
        "/bill?carrier=SKT&amp;principal=50000&amp;due=2020-11-30&amp;on=2020-12-15&amp;rules=terms&amp;lang=en"
    ]
    assert client.get(unescape(link[0])).status_code == 200
    assert "add a value" not in answered
    for nowhere in ({"due": "2051-01-01"}, {"due": "2010-01-05", "on": "2010-02-05", "rules": "terms"}):
        status, html = asked(client, **nowhere, lang="en")
        assert status == 422
        assert "See it by" not in html
        assert "Please try another day." in html


def test_the_calendar_of_a_refused_question_offers_the_same(client: TestClient) -> None:
    answer = client.get("/bill.ics?carrier=KT&principal=1&due=2020-11-30&on=2020-12-15")
    assert answer.status_code == 422
    assert "결제대행사 약관 기준으로 보기" in answer.text


@pytest.mark.parametrize("due", ["2010-01-01", "2050-12-31"])
def test_the_first_and_the_last_day_there_is_can_be_asked_for(client: TestClient, due: str) -> None:
    assert asked(client, due=due, on=due)[0] == 200
