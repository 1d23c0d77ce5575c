"""Signing in, in a real browser: without scripts, by keyboard, read out well, and as its own form posts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from books import Books, books
from carrierbill.domain.line import DemoPart
from carrierbill.services.admit_staff import AddStaff, add_staff
from carrierbill.storage.passwords import Passwords
from carrierbill.web.pages import entry
from databases import sqlite_url
from entry_site import office_of, site_of
from in_browser import LEAST_TOUCH, LOOKS, WIDTHS, Watched, focused, opened, overflows, reach, violations
from tools.pictures import served

NUMBER = "+821000000001"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Books, str]]:
    """A demo's books, and where the pages are served."""
    folder: Path = tmp_path_factory.mktemp("entry")
    book = books(sqlite_url(folder))
    holder_id = book.line(NUMBER, demo=DemoPart.EXEMPT).holder_id
    book.line("+821000000002", carrier="LGU", holder_id=holder_id, demo=DemoPart.EXEMPT)
    command = AddStaff("demo-clerk", "clerk", Passwords().hash_of("demo"), "demo", for_demo=True)
    book.decide(add_staff, command)
    with pytest.MonkeyPatch.context() as patch, office_of(book, demo=True) as office:
        patch.setattr(entry, "LEAST_S", 0)
        with served(site_of(office)) as address:
            yield book, address
    book.close()


def send(page: Page) -> None:
    with page.expect_navigation():
        page.locator("main .form button[type=submit]").click()


def walk(page: Page, language: str) -> Iterator[str]:
    """Every page of signing in, one after the other, by its name."""
    page.goto(f"/sign-in?lang={language}")
    yield "number"
    page.locator("#f-number").fill("02-123")
    send(page)
    yield "number, faulty"
    page.locator("#f-number").fill("010-0000-0001")
    send(page)
    yield "code"
    page.locator("#f-code").fill("111111")
    send(page)
    yield "code, wrong"
    page.locator("#f-code").fill("000000")
    send(page)
    yield "signed in"
    with page.expect_navigation():
        page.locator("main form button").click()
    yield "signed out"
    page.goto(f"/staff/sign-in?lang={language}")
    yield "staff"
    page.locator("#f-name").fill("demo-clerk")
    page.locator("#f-password").fill("guessed")
    send(page)
    yield "staff, wrong"
    page.locator("#f-password").fill("demo")
    send(page)
    yield "staff signed in"


@pytest.mark.parametrize("shown", [*((look, WIDTHS[0]) for look in LOOKS), ("light", WIDTHS[1])])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    browser: Browser, place: tuple[Books, str], axe_script: str, language: str, shown: tuple[str, int]
) -> None:
    book, address = place
    look, width = shown
    # So many walks would be too many for one hour.
    book.clock.by(minutes=61)
    seen = set()
    with opened(browser, address, width, **LOOKS[look]) as page:
        watched = Watched(page)
        for name in walk(page, language):
            assert not overflows(page), name
            assert violations(page, axe_script) == [], name
            heights = page.evaluate(
                "[...document.querySelectorAll('main button, main a, .switch, input:not([type=hidden])')]"
                ".map(each => [each.outerHTML.slice(0, 80), each.getBoundingClientRect().height])"
            )
            assert [each for each in heights if each[1] < LEAST_TOUCH] == [], name
            seen.add(name)
        assert watched.complaints == []
        assert all(url.startswith(address) for url in watched.asked)
    assert len(seen) == 9


def test_one_signs_in_and_out_without_scripts_and_no_address_tells_the_number(
    browser: Browser, place: tuple[Books, str]
) -> None:
    book, address = place
    book.clock.by(minutes=61)
    with opened(browser, address, WIDTHS[0], java_script_enabled=False) as page:
        watched = Watched(page)
        page.goto("/me?lang=ko")
        page.get_by_label("휴대폰 번호").fill("01000000001")
        page.get_by_role("button", name="인증번호 받기").click()
        page.get_by_role("link", name="English").click()
        assert page.locator("h1").inner_text() == "Enter the code"
        assert page.get_by_text("010-0000-0001").is_visible()
        page.get_by_label("Code").fill("000 000")
        page.get_by_role("button", name="Sign in").click()
        assert page.url == f"{address}/me?lang=en"
        assert re.findall(r"010-\S+", page.locator("dl").inner_text()) == ["010-****-0001", "010-****-0002"]
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
        assert set(cookies) == {"carrierbill"}
        assert (cookies["carrierbill"]["httpOnly"], cookies["carrierbill"]["sameSite"]) == (True, "Lax")
        page.get_by_role("button", name="Sign out").click()
        assert page.get_by_text("You are signed out.").is_visible()
        page.goto("/me?lang=en")
        assert page.locator("h1").inner_text() == "Sign in"
        assert not [url for url in watched.asked if "00000001" in url or "0000-0001" in url]


def test_one_click_signs_in_to_a_line_of_the_demo(browser: Browser, place: tuple[Books, str]) -> None:
    book, address = place
    book.clock.by(minutes=61)
    with opened(browser, address, WIDTHS[0], java_script_enabled=False) as page:
        page.goto("/sign-in?lang=en")
        page.get_by_role("button", name="010-0000-0002").click()
        assert page.get_by_text("010-****-0002").is_visible()


def test_by_keyboard_alone_a_fault_is_where_the_focus_is(browser: Browser, place: tuple[Books, str]) -> None:
    book, address = place
    book.clock.by(minutes=61)
    with opened(browser, address, WIDTHS[1]) as page:
        page.goto("/sign-in?lang=en")
        reach_field(page, "f-number")
        page.keyboard.type("0212")
        page.keyboard.press("Enter")
        page.wait_for_selector("[aria-invalid]")
        assert page.evaluate("document.activeElement.id") == "f-number"
        assert page.locator("#f-number").input_value() == "0212"
        described = page.evaluate("document.activeElement.getAttribute('aria-describedby')").split()
        assert [page.locator(f"#{each}").count() for each in described] == [1, 1]
        page.locator("#f-number").fill("01000000001")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/sign-in/code"))
        reach(page, "Send another code")
        assert focused(page) == "Send another code"


def reach_field(page: Page, field: str) -> None:
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == field:
            return
    pytest.fail(f"the keyboard never reaches {field}")


def test_another_site_cannot_sign_anybody_out(browser: Browser, place: tuple[Books, str]) -> None:
    """A page of another origin posts with whatever it could guess or read; the browser tells where from."""
    book, address = place
    book.clock.by(minutes=61)
    with opened(browser, address, WIDTHS[0]) as page:
        page.goto("/sign-in?lang=en")
        page.get_by_role("button", name="010-0000-0001").click()
        token = page.locator("main input[name=token]").get_attribute("value")
        evil = form(address, token or "")
        page.route(
            "http://elsewhere.localhost/", lambda route: route.fulfill(body=evil, content_type="text/html")
        )
        page.goto("http://elsewhere.localhost/")
        with page.expect_navigation() as sent:
            page.locator("button").click()
        assert sent.value.status == 403
        page.goto("/me?lang=en")
        assert page.locator("h1").inner_text() == "Your lines"


def form(address: str, token: str) -> str:
    field = f'<input type="hidden" name="token" value="{token}">'
    return f'<form method="post" action="{address}/sign-out">{field}<button>win</button></form>'
