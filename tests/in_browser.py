"""What tests in a real browser share: the looks of a page, what it loads, what axe finds, the keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "high contrast": {"color_scheme": "light", "contrast": "more"},
    "dark high contrast": {"color_scheme": "dark", "contrast": "more"},
    "forced colours": {"forced_colors": "active"},
}
WIDTHS = (360, 1280)
LEAST_TOUCH = 44


class Watched:
    """What a page loads and complains of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.answers: list[Response] = []
        self.own: list[Request] = []
        page.on("request", self._request)
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)
        if request.is_navigation_request():
            self.answers, self.own = [], []
        self.own.append(request)

    def _response(self, response: Response) -> None:
        # What the page before asked for may be answered late; its body is gone by then.
        if response.request in self.own:
            self.answers.append(response)

    @property
    def size(self) -> int:
        return sum(len(answer.body()) for answer in self.answers)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser notes that an error page came with an error status.
        if "the server responded with a status of 4" not in message.text:
            self.complaints.append(message.text)


@contextmanager
def opened(browser: Browser, address: str, width: int, **look: Any) -> Iterator[Page]:
    context = browser.new_context(base_url=address, viewport={"width": width, "height": 800}, **look)
    yield context.new_page()
    context.close()


def violations(page: Page, axe_script: str) -> list[str]:
    page.evaluate(axe_script)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{fault['id']}: {node['html'][:150]} {node['any'][:1]}" for fault in found for node in fault["nodes"]
    ]


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent")).strip()


def reach(page: Page, words: str) -> None:
    """Press Tab until the focus is on what bears these words, and see that it shows."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if focused(page).startswith(words):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    pytest.fail(f"the keyboard never reaches {words!r}")
