"""In a real browser: readable by everyone, in every look and width, without scripts, by keyboard alone."""

import re

import pytest
from playwright.sync_api import Browser, Page

from in_browser import LEAST_TOUCH, LOOKS, WIDTHS, Watched, focused, opened, overflows, reach, violations

SKT = "/bill?carrier=SKT&principal=50000&due=2025-09-30"
KT = "/bill?carrier=KT&principal=120000&due=2026-09-25&on=2026-09-20&cash_advance=1&card_until=2026-08"
LGU = "/bill?carrier=LGU&principal=1000000000000&due=2021-05-05&rules=terms&repaid=2021-06-01=1"
# The form filled in, to be sent.
PERSONAL = "/?carrier=SKT&principal=50000&due=2025-09-30&income=1000000&balance=1&cash_advance=1"
REFUSED = "/?carrier=KT&principal=50000&due=2020-11-30&on=2020-12-15&income=1000000"
# Each page and the status it is sent with; one that begins with the form is sent from there.
PAGES = {
    "form": ("/?", 200),
    "answer": (SKT, 200),
    "answer not late": (KT, 200),
    "answer long late": (LGU, 200),
    "faulty": ("/bill?carrier=&principal=5.5&due=2025-02-31&repaid=2026-01-01=x&income=y", 400),
    "refusal": ("/bill?carrier=KT&principal=50000&due=2020-11-30&on=2020-12-15", 422),
    "not found": ("/nowhere?", 404),
    "posted": (PERSONAL, 200),
    "posted and refused": (REFUSED, 422),
}
MOST_BYTES = 100_000
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"


def go(page: Page, name: str, language: str) -> None:
    path, status = PAGES[name]
    answer = page.goto(f"{path}&lang={language}")
    if name.startswith("posted"):
        with page.expect_navigation() as sent:
            page.locator(".form button[type=submit]").click()
        answer = sent.value
    assert answer is not None
    assert answer.status == status


@pytest.mark.parametrize("shown", [(look, width) for look in LOOKS for width in WIDTHS])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    browser: Browser, address: str, axe_script: str, language: str, shown: tuple[str, int]
) -> None:
    look, width = shown
    with opened(browser, address, width, **LOOKS[look]) as page:
        for name in PAGES:
            go(page, name, language)
            assert not overflows(page), name
            page.evaluate(OPEN_ALL)
            assert not overflows(page), f"{name}, all open"
            assert violations(page, axe_script) == [], name


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_asks_nobody_else_and_complains_of_nothing(
    browser: Browser, address: str, name: str, language: str
) -> None:
    with opened(browser, address, WIDTHS[0]) as page:
        watched = Watched(page)
        go(page, name, language)
        assert watched.complaints == []
        assert all(url.startswith(address) for url in watched.asked)
        assert 0 < watched.size < MOST_BYTES


def test_everything_to_touch_is_large_enough(browser: Browser, address: str) -> None:
    with opened(browser, address, WIDTHS[0]) as page:
        for name in ("form", "answer", "posted", "posted and refused"):
            go(page, name, "ko")
            page.evaluate(OPEN_ALL)
            heights = page.evaluate(
                "[...document.querySelectorAll('summary, button, .button, .choice, .call, .jump a, .switch, "
                ".link, input:not([type=hidden], [type=radio], [type=checkbox]), select')]"
                ".map(each => [each.outerHTML.slice(0, 80), each.getBoundingClientRect().height])"
            )
            assert heights
            assert [each for each in heights if each[1] < LEAST_TOUCH] == []


def test_it_works_without_scripts(browser: Browser, address: str) -> None:
    with opened(browser, address, WIDTHS[0], java_script_enabled=False) as page:
        page.goto("/?lang=ko")
        page.get_by_text("LG U+", exact=True).click()
        page.get_by_label("소액결제 금액").fill("50,000원")
        page.get_by_label("납기일").fill("2025-09-30")
        page.get_by_label("알고 싶은 날").fill("2025-10-30")
        page.get_by_text("더 알려 주기").click()
        page.get_by_label("복지 대상").check()
        page.get_by_role("button", name="계산하기").click()
        assert page.locator("h1").inner_text().startswith("2025년 10월 30일(목)에 내실 돈:")
        assert "50,082원" in page.locator("h1").inner_text()
        page.get_by_text("표로 보기").click()
        assert page.get_by_role("cell", name="82원 ~ 143원").first.is_visible()
        page.get_by_role("link", name="English").click()
        assert page.locator("h1").inner_text().startswith("To pay on Thu 30 Oct 2025:")


def test_what_is_personal_is_in_no_address_without_scripts_and_no_language_loses_it(
    browser: Browser, address: str
) -> None:
    with opened(browser, address, WIDTHS[0], java_script_enabled=False) as page:
        watched = Watched(page)
        page.goto("/?lang=en&carrier=SKT&principal=50000&due=2025-09-30")
        page.get_by_text("Tell us more").click()
        page.get_by_label("Monthly income").fill("1,000,000")
        page.get_by_label("Auto-pay account balance").fill("12,345")
        page.get_by_role("button", name="Work it out").click()
        assert "50,167 won" in page.locator("h1").inner_text()
        assert page.url == f"{address}/bill?lang=en"
        reach(page, "한국어")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/bill?lang=ko")
        assert page.get_by_text("한 달 200,000원 이하를 권해요").is_visible()
        page.get_by_text("바꾸기").click()
        assert page.get_by_label("자동납부 통장 잔액").input_value() == "12,345"
        share = page.locator("a.address").get_attribute("href")
        page.locator("a.address").click()
        assert page.url == f"{address}{share}"
        assert page.get_by_text("한 달 300,000원 이하로 두기를").is_visible()
        assert not [url for url in watched.asked if re.search("income|balance|000000|12345|12,345", url)]


def test_by_keyboard_alone_from_the_form_to_the_answer(browser: Browser, address: str) -> None:
    with opened(browser, address, WIDTHS[1]) as page:
        page.goto("/?lang=en")
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        assert page.locator("input[value=KT]").is_checked()
        page.keyboard.press("Tab")
        page.keyboard.type("50000")
        page.keyboard.press("Tab")
        # In which order a picker takes day and month depends on the machine, so its value is put in.
        page.locator(":focus").fill("2025-09-30")
        reach(page, "Tell us more")
        page.keyboard.press("Enter")
        assert page.get_by_label("Monthly income").is_visible()
        reach(page, "Work it out")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/bill"))
        assert "50,167 won" in page.locator("h1").inner_text()
        reach(page, "Show as a table")
        page.keyboard.press("Enter")
        assert page.get_by_role("table").first.is_visible()


def test_faults_are_where_the_focus_is_and_lead_to_their_fields(browser: Browser, address: str) -> None:
    with opened(browser, address, WIDTHS[0]) as page:
        go(page, "faulty", "ko")
        assert page.evaluate("document.activeElement.className") == "summary"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "f-principal"
        described = page.evaluate("document.activeElement.getAttribute('aria-describedby')").split()
        assert [page.locator(f"#{each}").count() for each in described] == [1, 1]


def test_the_paper_holds_the_answer_with_all_folded_parts(browser: Browser, address: str) -> None:
    with opened(browser, address, WIDTHS[1]) as page:
        page.goto(f"{SKT}&lang=ko")
        page.emulate_media(media="print")
        assert page.get_by_text("50,000원 × 연 2.00% × 61일 ÷ 365").first.is_visible()
        assert page.get_by_role("table").first.is_visible()
        assert not page.get_by_role("button", name="계산하기").is_visible()
        assert not page.get_by_role("link", name="English").is_visible()


def test_the_calendar_link_downloads_a_file(browser: Browser, address: str) -> None:
    with opened(browser, address, WIDTHS[0]) as page:
        page.goto(f"{SKT}&lang=ko")
        with page.expect_download() as download:
            page.get_by_role("link", name="일정을 달력에 담기").click()
        assert download.value.suggested_filename == "carrierbill-20250930-20251130.ics"
