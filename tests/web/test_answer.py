"""The answer says what is owed, why, what comes when, what a day costs, and what can be done."""

import re
from datetime import date
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from carrierbill.bootstrap import start
from carrierbill.web.app import make_app

SKT = {"carrier": "SKT", "principal": "50000", "due": "2025-09-30"}
FIRST = "오늘 내실 돈: 50,167원(통신사 안내 기준) ~ 51,750원(결제대행사 약관 기준)"


def plain(html: str) -> str:
    """The words of a page without its tags, blanks as one."""
    words = re.sub(r"<(?:title|head)>.*?</head>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", words))


def page(client: TestClient, **changes: str) -> str:
    answer = client.get("/bill?" + urlencode(SKT | changes))
    assert answer.status_code == 200
    return answer.text


def first_line(html: str) -> str:
    return plain(re.findall(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)[0]).strip()


def section(html: str, name: str) -> str:
    _, _, after = html.partition(f'aria-labelledby="{name}"')
    return plain(after.partition("</section>")[0])


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, FIRST),
        ({"lang": "en"}, "To pay today: 50,167 won (carrier guide) to 51,750 won (payment gateway terms)"),
        ({"rules": "terms"}, FIRST),
        (
            {"on": "2025-10-01"},
            "2025년 10월 1일(수)에 내실 돈: 50,002원(통신사 안내 기준) ~ 51,500원(결제대행사 약관 기준)",
        ),
        ({"on": "2025-09-30"}, "2025년 9월 30일(화)에 내실 돈: 50,000원(두 기준 모두)"),
        (
            {"rules": "guide-example"},
            "오늘 내실 돈: 51,253원(안내 예시 이율(연 15%) 기준) ~ 51,750원(결제대행사 약관 기준)",
        ),
        ({"repaid": "2025-09-20=50000"}, "모두 내셨어요. 오늘 내실 돈: 없음(두 기준 모두)"),
        (
            {"repaid": "2025-09-20=50000", "lang": "en"},
            "All is paid. To pay today: nothing (by both sets of rules)",
        ),
        (
            {"repaid": "2025-09-20=60000"},
            "오늘 내실 돈: 없음. 더 내신 돈: 10,000원(두 기준 모두)",
        ),
        (
            {"repaid": "2025-09-20=50001", "lang": "en"},
            "To pay today: nothing. Paid too much: 1 won (by both sets of rules)",
        ),
        (
            {"repaid": "2025-10-20=70000"},
            "오늘 내실 돈: 없음. 더 내신 돈: 18,500원(결제대행사 약관 기준) ~ 19,946원(통신사 안내 기준)",
        ),
        (
            {"repaid": "2025-10-20=50500"},
            "오늘 내실 돈: 0원(통신사 안내 기준) ~ 1,000원(결제대행사 약관 기준)",
        ),
        (
            {"on": "2032-01-01"},
            "2032년 1월 1일(목)에 내실 돈: 51,750원(결제대행사 약관 기준) ~ 56,257원(통신사 안내 기준)",
        ),
    ],
)
def test_the_first_line(client: TestClient, changes: dict[str, str], line: str) -> None:
    html = page(client, **changes)
    assert first_line(html) == line
    assert f"<title>{line} – " in html


def test_under_it_stands_who_charges_how_to_find_out_and_how_far_the_range_goes(client: TestClient) -> None:
    words = section(page(client), "first")
    assert "통신사 안내 기준 통신사가 연체료를 정해 청구해요." in words
    assert "결제대행사 약관 기준 결제대행사가 연체료를 정해 청구해요." in words
    assert "50,376원까지일 수 있어요" in words
    assert "SKT 고객센터(114)" in words


def test_what_is_left_of_a_settled_bill_is_named(client: TestClient) -> None:
    words = section(page(client, repaid="2025-10-20=50500"), "first")
    assert "2025년 10월 20일(월)에 모두 갚으셨어요." in words
    assert "남은 것은 연체료예요." in words
    assert "통신사 안내 기준으로는 더 내신 돈이 446원 있어요." in words


def test_a_due_date_on_a_holiday_is_explained_by_both_rule_sets(client: TestClient) -> None:
    words = section(page(client, due="2026-09-25", on="2026-09-20"), "state")
    assert "2026년 9월 25일(금)은 쉬는 날(추석)이에요." in words
    assert "통신사 안내 기준으로는 쉬는 날이어도 납기일이 옮겨지지 않아요." in words
    assert "결제대행사 약관 기준으로는 2026년 9월 28일(월)까지예요." in words
    assert "납기일까지 5일 남았어요." in words


@pytest.mark.parametrize(("due", "day_off"), [("2025-11-29", "토요일"), ("2025-11-30", "일요일")])
def test_a_due_date_on_a_weekend_moves_by_the_terms(client: TestClient, due: str, day_off: str) -> None:
    words = section(page(client, due=due, on="2025-11-30", rules="terms"), "state")
    assert f"쉬는 날({day_off})이에요." in words
    assert "다음 영업일인 2025년 12월 1일(월)까지 낼 수 있어요." in words


def test_days_late_before_they_show_in_the_records(client: TestClient) -> None:
    words = section(page(client, due="2025-11-28"), "state")
    assert "2일납기일 다음 날인 2025년 11월 29일(토)부터 세요." in words
    assert "2025년 12월 1일(월)부터 보여요." in words


def test_the_last_day_to_pay_in_time(client: TestClient) -> None:
    assert "오늘까지 내면 늦지 않아요." in section(page(client, due="2025-11-30"), "state")


@pytest.mark.parametrize(
    ("changes", "back"),
    [
        ({"on": "2025-10-10"}, "휴대폰 이용, 소액결제, 소액결제 한도 그날 바로"),
        ({}, "휴대폰 이용, 소액결제, 소액결제 한도 2025년 12월 1일(월) ~ 2025년 12월 2일(화)"),
        (
            {"on": "2026-01-20"},
            "소액결제 정해진 날이 없어요소액결제 한도 2026년 1월 21일(수)부터 차례로, 더 걸릴 수 있어요",
        ),
    ],
)
def test_what_comes_back_when_if_all_is_paid_that_day(
    client: TestClient, changes: dict[str, str], back: str
) -> None:
    assert back in section(page(client, **changes), "state")


def test_the_timeline_tells_past_and_coming_days_and_both_amounts(client: TestClient) -> None:
    words = section(page(client), "ahead")
    assert "지나간 날 9개 보기" in words
    assert "2025년 12월 29일(월) 29일 뒤" in words
    assert "이날 내면 50,246원 (결제대행사 약관 기준 51,750원)" in words
    assert words.index("2025년 9월 27일") < words.index("2025년 11월 30일") < words.index("2025년 12월 29일")


def test_what_comes_every_month_is_told_once(client: TestClient) -> None:
    words = section(page(client), "ahead")
    assert words.count("연체료가 원금에 더해짐") == 1
    assert "그 뒤로도 다 갚을 때까지 다달이 이어져요." in words


def test_a_failing_automatic_payment_is_told_in_the_first_reminder(client: TestClient) -> None:
    base = {"due": "2025-12-25"}
    assert "전에 만료돼서" in section(page(client, **base, card_until="2025-11"), "ahead")
    assert "전에 만료돼서" not in section(page(client, **base, card_until="12/25"), "ahead")
    assert "잔액" in section(page(client, **base, balance="49,999"), "ahead")


def test_nothing_follows_a_settled_bill(client: TestClient) -> None:
    words = section(page(client, repaid="2025-09-20=50000"), "ahead")
    assert "소액결제 금액은 모두 갚으셨어요. 통신사 안내 기준이에요." in words
    assert "더 달라지는 것이 없어요." in words
    assert "내지 않고" not in words


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "통신사 안내 기준: 하루 늦어질 때마다 약 2.7~6.1원이 더 붙어요."),
        ({}, "결제대행사 약관 기준: 더 붙는 연체료가 없어요."),
        (
            {"on": "2025-10-10"},
            "결제대행사 약관 기준: 날마다 늘지 않고, 2025년 10월 31일(금)에 250원이 한 번 더해져요.",
        ),
        ({"on": "2025-09-20"}, "2025년 10월 1일(수)에 1,500원이 한 번 더해져요."),
        ({"principal": "5000000"}, "하루 늦어질 때마다 약 273~616원이 더 붙어요."),
        ({"rules": "guide-example"}, "하루 늦어질 때마다 약 20원이 더 붙어요."),
        ({"repaid": "2025-10-20=50000"}, "원금을 모두 갚아서 더 늘지 않아요."),
        ({"repaid": "2025-09-20=50000"}, "제때 모두 갚아서 연체료가 없어요."),
    ],
)
def test_what_one_more_day_costs(client: TestClient, changes: dict[str, str], told: str) -> None:
    assert told in section(page(client, **changes), "days")


def test_the_rules_that_agree_are_named_under_the_first_line(client: TestClient) -> None:
    words = section(page(client, on="2025-09-20"), "first")
    assert "두 기준은 통신사 안내 기준, 결제대행사 약관 기준이에요." in words
    assert "두 기준은" not in section(page(client), "first")


def test_the_chart_of_a_settled_bill_counts_no_day_after_it(client: TestClient) -> None:
    words = section(page(client, repaid="2025-10-20=50000"), "days")
    assert "2025년 10월 7일(화) 7일째" in words
    assert "2025년 10월 30일(목)" in words
    assert "30일째" not in words
    assert "2025년 10월 20일(월)에 모두 갚으셔서 그 뒤로는 늘지 않아요." in words
    assert "내지 않고" not in words


def test_the_days_late_of_the_table_are_those_of_the_rules_asked_for(client: TestClient) -> None:
    # Due on a Saturday: the terms count from Monday, the guide from Saturday.
    asked = {"due": "2025-11-29", "on": "2025-12-31"}
    assert "2025년 12월 2일(화) 1일째" in section(page(client, **asked, rules="terms"), "days")
    assert "2025년 11월 30일(일) 1일째" in section(page(client, **asked), "days")


def test_the_chart_has_its_words_and_its_table(client: TestClient) -> None:
    html = page(client)
    assert re.search(r'<svg class="chart"[^>]* role="img" aria-labelledby="chart-title chart-desc">', html)
    words = section(html, "days")
    assert "2025년 11월 30일(일) 61일째 167원 ~ 376원1,750원" in words
    assert len(re.findall(r"<polyline", html)) == 2
    assert len(re.findall(r"<polygon", html)) == 1


def test_there_is_no_chart_where_no_fee_ever_comes(client: TestClient) -> None:
    html = page(client, repaid="2025-09-20=50000")
    assert "<polyline" not in html
    assert '<svg class="chart"' not in html


def test_the_ways_stand_in_their_order_the_open_ones_first(client: TestClient) -> None:
    html = page(client, on="2025-10-05")
    ways = html.split('<ol class="ways">')[1].split("</ol>")[0]
    names = [plain(name).strip() for name in re.findall(r"<h3>(.*?)</h3>", ways, re.DOTALL)]
    assert names == [
        f"{name} 지금 가능"
        for name in (
            "통신사에 문의하기",
            "모두 내기",
            "반영됐는지 확인하기",
            "연체료 면제 물어보기",
            "통신사 분납",
            "카드로 내고 나누기",
            "채무조정",
        )
    ]
    assert "2025년 10월 10일(금)까지" in plain(ways)
    assert 'href="tel:114"' in ways
    assert 'href="tel:16005500"' in ways


def test_a_way_that_is_closed_stands_apart(client: TestClient) -> None:
    assert "지금은 해당하지 않는 방법 1개 연체료 면제 물어보기" in section(page(client), "ways")


def test_the_limit_follows_the_income(client: TestClient) -> None:
    assert "한 달 300,000원 이하" in section(page(client), "ways")
    assert "소득을 생각하면 소액결제 한도는 한 달 200,000원" in section(
        page(client, income="1,000,000"), "ways"
    )


def test_arrears_beside_a_cash_advance_bring_a_warning_in_plain_sight(client: TestClient) -> None:
    warning = "밀린 요금과 현금서비스를 함께 쓰면"
    told = page(client, cash_advance="1")
    assert f'<p class="note">{warning}' in told
    assert plain(told).count(warning) == 1


def test_before_the_due_date_a_cash_advance_is_spoken_of_without_arrears(client: TestClient) -> None:
    html = page(client, due="2025-12-25", cash_advance="1")
    assert "2025년 12월 25일(목)까지 내시면 괜찮아요." in section(html, "ways")
    assert '<p class="note">밀린' not in html
    settled = page(client, due="2025-12-25", cash_advance="1", repaid="2025-11-01=50000")
    assert "괜찮아요" not in section(settled, "ways")


def test_one_is_not_many_in_english(client: TestClient) -> None:
    words = plain(page(client, lang="en", due="2025-11-29", repaid="2025-11-30=1"))
    assert "× 1 day ÷" in words
    assert not re.search(r"\b1 days|\b1 won (?:are|were)", words)
    assert "the day after" in words


def test_why_opens_the_pieces_with_their_sources_and_doubts(client: TestClient) -> None:
    words = section(page(client, repaid="2025-10-10=20000"), "why")
    assert "50,000원 × 연 2.00% × 10일 ÷ 365 = 27.3972…원 (10000/365)" in words
    assert "30,000원 × 연 2.00% × 51일 ÷ 365" in words
    assert "30,000원 × 0.50% = 150원" in words
    assert "연체료는 1,650원이에요." in words
    assert "소액결제 연체료 안내" in words
    assert "2021년 1월 1일(금) 공표" in words
    assert "안내 예시 이율(연 15%) 기준: " in words
    assert "출처끼리 다르게 말하는 점" in words


def test_why_of_a_long_lateness_is_cut_in_the_middle(client: TestClient) -> None:
    html = page(client, on="2032-01-01")
    assert "비슷한" in section(html, "why")
    assert len(html.encode()) < 70_000


def test_the_link_to_pass_on_says_nothing_of_the_person(client: TestClient) -> None:
    personal = {"income": "3000000", "balance": "1", "card_until": "2027-01", "cash_advance": "1"}
    html = page(client, **personal, welfare="1", repaid="2025-10-01=100", on="2025-11-30")
    link = re.findall(r'<a class="address" href="([^"]+)">([^<]+)</a>', html)[0]
    path = (
        "/bill?carrier=SKT&amp;principal=50000&amp;due=2025-09-30&amp;on=2025-11-30"
        "&amp;welfare=1&amp;repaid=2025-10-01=100&amp;lang=ko"
    )
    assert link == (path, f"http://testserver{path}")
    assert "복지 대상인지에 따라 답이 달라져서" in section(html, "keep")
    assert client.get(path.replace("&amp;", "&")).status_code == 200


def test_a_rule_set_that_cannot_say_is_left_out_of_the_first_line() -> None:
    client = TestClient(make_app(start({}), lambda: date(2020, 12, 20)))
    # The terms reach back to 2010, the guide only to 2021: the other side has no rule here.
    html = client.get("/bill?carrier=KT&principal=50000&due=2020-12-01&rules=terms").text
    assert first_line(html) == "오늘 내실 돈: 51,500원"
    assert "견줄 수 없어요" in plain(html)


def test_an_answer_of_years_stays_small_and_quick(client: TestClient) -> None:
    html = page(client, carrier="KT", principal="1000000000000", on="2040-01-01")
    assert len(html.encode()) < 80_000
