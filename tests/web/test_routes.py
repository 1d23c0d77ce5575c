"""Every address answers with a page, however it is asked, and every answer is guarded."""

import asyncio
import re
import socket
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope

from carrierbill.bootstrap import App
from carrierbill.web.app import make_app
from carrierbill.web.guard import HEADERS

BILL = "/bill?carrier=SKT&principal=50000&due=2025-09-30"
TOO_MUCH = 70_000


def heading(html: str) -> str:
    found = re.findall(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    assert len(found) == 1
    return re.sub(r"<[^>]+>", "", found[0]).strip()


def no_day() -> date:
    raise RuntimeError("secret inside")


@pytest.mark.parametrize(
    "path",
    ["/", BILL, "/bill?carrier=x", "/bill?carrier=SKT&principal=1&due=1999-01-01", "/nowhere", "/bill.ics"],
)
def test_every_answer_is_guarded_and_kept_by_nobody(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


def test_the_policy_allows_nothing_but_the_sites_own_style_picture_and_form(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "script" not in policy


@pytest.mark.parametrize("path", ["/", f"{BILL}&lang=en", "/bill?carrier=", "/nowhere"])
def test_a_page_has_no_script_no_inline_style_and_no_foreign_address(client: TestClient, path: str) -> None:
    html = client.get(path).text
    assert not re.search(r"<script|<style|<iframe|\sstyle=|\son[a-z]+=|javascript:", html)
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', html)
    assert addresses
    assert all(re.match(r"/|#|tel:\d+$", address) for address in addresses)


def test_an_asset_is_kept_for_ever_under_an_address_that_changes_with_it(client: TestClient) -> None:
    paths = re.findall(r'href="(/static/[^"]+)"', client.get("/").text)
    assert [re.sub(r"\.[0-9a-f]{12}\.", ".", path) for path in paths] == [
        "/static/page.css",
        "/static/icon.svg",
    ]
    for path in paths:
        answer = client.get(path)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/static/page.css").status_code == 404
    assert client.get("/static/page.000000000000.css").status_code == 404


@pytest.mark.parametrize("path", ["/nowhere", "/bill/", "/static/", "/static/..%2Fapp.py", "/%00"])
def test_an_unknown_address_is_a_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert heading(answer.text) == "찾으시는 페이지가 없어요"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_told_which_are_taken(client: TestClient, method: str) -> None:
    answer = client.request(method, "/bill?lang=en")
    assert answer.status_code == 405
    assert {*answer.headers["allow"].split(", ")} == {"GET", "HEAD", "POST"}
    assert heading(answer.text) == "This address cannot be opened this way"


def test_our_own_failure_says_nothing_of_the_inside_and_is_guarded(program: App) -> None:
    client = TestClient(make_app(program, no_day), raise_server_exceptions=False)
    answer = client.get(BILL)
    assert answer.status_code == 500
    assert heading(answer.text) == "저희 쪽에 문제가 생겼어요"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_the_clock_of_the_program_is_used_when_none_is_given(program: App) -> None:
    assert TestClient(make_app(program)).get(BILL).status_code == 200


def test_an_address_without_a_question_leads_to_the_form(client: TestClient) -> None:
    answer = client.get("/bill?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=en")


@pytest.mark.parametrize("path", ["/", "/bill"])
def test_a_posted_form_is_sent_on_to_the_address_that_asks_the_same(client: TestClient, path: str) -> None:
    form = {
        "lang": "en",
        "carrier": "KT",
        "principal": "5,000",
        "due": "2025-09-30",
        "repaid_on_2": "2025-10-01",
        "repaid_won_2": "1000",
        "welfare": "1",
        "other": "x",
    }
    answer = client.post(path, data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/bill?carrier=KT&principal=5,000&due=2025-09-30&welfare=1&repaid=2025-10-01=1000&lang=en"
    )
    assert client.get(answer.headers["location"]).status_code == 200


def test_a_posted_form_without_a_language_keeps_that_of_the_browser(client: TestClient) -> None:
    answer = client.post("/bill", data={"carrier": "KT"}, headers={"accept-language": "en"})
    assert answer.headers["location"] == "/bill?carrier=KT&lang=en"


def test_another_kind_of_body_is_not_read(client: TestClient) -> None:
    answer = client.post("/bill", json={"carrier": "KT"})
    assert (answer.status_code, heading(answer.text)) == (415, "읽을 수 없는 형식이에요")


def test_a_form_over_64_kb_is_refused_with_its_beginning_kept(client: TestClient) -> None:
    body = f"carrier=KT&principal=5,000&due={'9' * TOO_MUCH}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/bill", content=body, headers=headers)
    assert (answer.status_code, heading(answer.text)) == (413, "보내신 내용이 너무 길어요")
    assert 'value="5,000"' in answer.text
    assert 'value="KT" required checked' in answer.text
    assert len(answer.content) < 20_000


def test_a_body_without_end_is_read_no_further_than_needed(program: App) -> None:
    read = []

    async def receive() -> Message:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

    headers = [(b"transfer-encoding", b"chunked")]
    sent = sent_by(program, {"method": "POST", "path": "/bill", "headers": headers}, receive)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]
    assert len(read) == 66


def test_a_body_that_says_it_is_far_too_long_is_refused_unread(program: App) -> None:
    async def receive() -> Message:
        pytest.fail("nothing of it is read")

    headers = [(b"content-length", b"99999999")]
    sent = sent_by(program, {"method": "POST", "path": "/bill", "headers": headers}, receive)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]
    html = sent[1]["body"].decode()
    assert "처음 화면에서 짧게 다시 적어 주세요." in html
    assert "<form" not in html


@pytest.mark.parametrize(
    ("line", "status"),
    [("POST /bill", 413), ("POST /nowhere", 404), ("PUT /bill", 405), ("GET /", 200)],
)
def test_no_server_waits_for_a_body_that_is_far_too_long(address: str, line: str, status: int) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=4) as line_to:
        asked = f"{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999\r\n\r\nc"
        line_to.sendall(asked.encode())
        got = b""
        while chunk := line_to.recv(65_536):
            got += chunk
    assert got.startswith(f"HTTP/1.1 {status} ".encode())


def test_who_leaves_while_sending_is_let_go(program: App) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    sent = sent_by(program, {"method": "POST", "path": "/bill"}, receive)
    assert sent[0]["status"] == 400


def test_a_form_that_does_not_arrive_is_not_waited_for(program: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carrierbill.web.pages.bill.MOST_WAIT_S", 0)

    async def receive() -> Message:
        await asyncio.sleep(10)
        return {"type": "http.disconnect"}

    sent = sent_by(program, {"method": "POST", "path": "/bill"}, receive)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def sent_by(program: App, asked: dict[str, Any], receive: Receive) -> list[Message]:
    """What the site sends for a request put to it directly."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "raw_path": asked["path"].encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        **asked,
    }
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(make_app(program, lambda: date(2025, 11, 30))(scope, receive, send))
    return sent


async def nothing() -> Message:
    """The body of a request without one."""
    return {"type": "http.request", "body": b"", "more_body": False}


def asked_directly(program: App, path: str, query: bytes) -> tuple[int, str]:
    """The answer to an address longer than a client lets one ask."""
    sent = sent_by(program, {"path": path, "query_string": query}, nothing)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.mark.parametrize("path", ["/", "/bill", "/bill.ics"])
def test_an_address_over_64_kb_is_refused_with_its_beginning_kept(program: App, path: str) -> None:
    status, html = asked_directly(program, path, b"carrier=KT&principal=7777&due=" + b"9" * TOO_MUCH)
    assert (status, heading(html)) == (414, "주소가 너무 길어요")
    assert 'value="7777"' in html
    assert len(html) < 20_000


def test_only_http_is_guarded_and_answered(program: App) -> None:
    with TestClient(make_app(program)) as client:
        assert client.head("/").status_code == 200


@pytest.mark.parametrize(
    ("lang", "accepted", "language"),
    [
        ("en", "ko", "en"),
        ("ko", "en", "ko"),
        ("xx", "en-GB,ko;q=0.5", "en"),
        ("", "de", "ko"),
        ("", "", "ko"),
        ("", "en;q=0", "ko"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_browsers_else_korean(
    client: TestClient, lang: str, accepted: str, language: str
) -> None:
    answer = client.get(f"/?lang={lang}", headers={"accept-language": accepted})
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept-Language"
    assert f'<html lang="{language}">' in answer.text


def test_the_way_to_the_other_language_keeps_all_inputs(client: TestClient) -> None:
    html = client.get(f"{BILL}&repaid=2025-10-01=100&rules=terms&lang=ko").text
    switch = re.findall(r'<a class="switch" href="([^"]+)" hreflang="en"', html)[0].replace("&amp;", "&")
    assert switch == (
        "/bill?carrier=SKT&principal=50000&due=2025-09-30&rules=terms&repaid=2025-10-01=100&lang=en"
    )
    assert client.get(switch).status_code == 200
