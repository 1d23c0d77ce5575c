"""The interfaces are described for people, offline and in two languages, as their contracts are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from carrierbill.bootstrap import start
from carrierbill.texts.load import read_texts
from carrierbill.web.app import make_app
from carrierbill.web.reference import CONTRACTS, DECIDED, interfaces
from tools import api_reference
from tools.pictures import served

NAMES = sorted(file.stem for file in CONTRACTS.glob("*.yaml"))
PAGES = ["/docs", *(f"/docs/{name}" for name in NAMES), *(f"/docs/{name}/data" for name in NAMES)]
MOST_BYTES = 100_000
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def reader() -> TestClient:
    return TestClient(make_app(start({})), follow_redirects=False)


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    with served(make_app(start({}))) as address:
        yield address


@pytest.mark.parametrize("file", sorted(CONTRACTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_what_the_pages_are_made_of_is_made_of_the_contract(file: Path) -> None:
    written = file.with_suffix(".json").read_text(encoding="utf-8")
    assert written == api_reference.made(file), "run: python tools/api_reference.py"


def test_every_contract_has_a_page_and_every_page_a_contract() -> None:
    assert sorted(interfaces()) == NAMES
    assert set(NAMES) == {"carrier-billing", "carrier-billing-refund", "carrierbill"}


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_is_served_byte_for_byte(reader: TestClient, name: str) -> None:
    answer = reader.get(f"/openapi/{name}.yaml")
    assert answer.content == (CONTRACTS / f"{name}.yaml").read_bytes()
    assert answer.headers["content-type"] == "application/yaml"


@pytest.mark.parametrize(
    "path", ["/openapi/none.yaml", "/openapi/carrierbill.json", "/docs/none", "/docs/none/data"]
)
def test_what_is_not_there_is_not_found(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_error_and_field_of_a_contract_is_on_its_pages(reader: TestClient, name: str) -> None:
    contract = yaml.safe_load((CONTRACTS / f"{name}.yaml").read_text(encoding="utf-8"))
    page, data = reader.get(f"/docs/{name}").text, reader.get(f"/docs/{name}/data").text
    for path, item in contract["paths"].items():
        for method, operation in item.items():
            if method in api_reference.METHODS:
                assert f'<h3 id="{operation["operationId"]}"' in page
                assert path in page
                for status in operation["responses"]:
                    assert f"<b>{status}</b>" in page
    codes = set(re.findall(r"code: \"?([A-Z_.]{4,})\"?$", json.dumps(contract), re.MULTILINE))
    assert {code for code in codes if code not in page} == set()
    for schema, node in contract["components"]["schemas"].items():
        assert f'<h3 id="{schema}">' in data
        for field in node.get("properties", {}):
            assert f"<code>{field}</code>" in data


@pytest.mark.parametrize("name", NAMES)
def test_every_way_within_the_pages_leads_somewhere(reader: TestClient, name: str) -> None:
    pages = {path: reader.get(path).text for path in PAGES}
    for path in (f"/docs/{name}", f"/docs/{name}/data"):
        for link in re.findall(r'href="([^"]*)"', pages[path]):
            if link.startswith(("http", "/openapi", "/static")) or link == "/?lang=ko":
                continue
            to, _, part = link.partition("#")
            target = to.partition("?")[0] or path
            assert target in pages, link
            assert not part or f'id="{part}"' in pages[target], link


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_we_decided_is_told_in_both_languages(reader: TestClient, language: str) -> None:
    page = reader.get(f"/docs?lang={language}").text
    for topic in DECIDED:
        assert f'id="on-{topic}"' in page
    assert "<code>IDEMPOTENCY_KEY_REUSED</code>" in page
    assert "`" not in page
    plain = re.sub(r"<[^>]+>", "", page)
    assert read_texts().say(language, "docs.decided_on.tokens.told").split("`")[0].strip() in plain


def test_every_code_that_is_told_is_one_that_is_answered(reader: TestClient) -> None:
    page = reader.get("/docs?lang=en").text
    known = " ".join((CONTRACTS / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES)
    told = set(re.findall(r"<code>([A-Z_.]{6,})</code>", page))
    assert len(told) > 10
    assert {code for code in told if code not in known} == set()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing(reader: TestClient, path: str) -> None:
    for language in ("ko", "en"):
        answer = reader.get(f"{path}?lang={language}")
        html = answer.text
        assert len(answer.content) < MOST_BYTES
        assert not re.search(r"<script|<style|<iframe|<img|\sstyle=|\son[a-z]+=|javascript:", html)
        assert all(link.startswith("/static/") for link in re.findall(r'<link[^>]* href="([^"]*)"', html))
        assert answer.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    browser: Browser, at: str, axe_script: str, language: str, width: int
) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(
            base_url=at,
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        for path in PAGES:
            page.goto(f"{path}?lang={language}")
            page.evaluate(OPEN_ALL)
            assert not page.evaluate(OVERFLOWS), path
            page.evaluate(axe_script)
            found = page.evaluate("async () => (await axe.run()).violations")
            assert [(fault["id"], fault["nodes"][0]["html"][:100]) for fault in found] == [], path
        context.close()


def test_it_can_be_read_without_scripts(browser: Browser, at: str) -> None:
    context = browser.new_context(base_url=at, java_script_enabled=False)
    page = context.new_page()
    page.goto("/docs?lang=en")
    page.get_by_role("link", name="Carrier Billing", exact=True).click()
    page.get_by_role("link", name="preparePayment").click()
    assert page.url.endswith("#preparePayment")
    page.get_by_role("link", name="CreatePayment", exact=True).click()
    assert page.get_by_role("heading", name="CreatePayment", exact=True).is_visible()
    page.get_by_role("link", name="한국어").click()
    assert page.get_by_role("link", name="모든 인터페이스").is_visible()
    context.close()
