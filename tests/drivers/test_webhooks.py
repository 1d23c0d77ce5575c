"""A post goes to where it was meant to go, over TLS, and nowhere into anybody's house."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme

from carrierbill.drivers.addresses import is_public
from carrierbill.drivers.webhooks import CheckedNetwork, UnreachableError, Webhooks, check_sink
from carrierbill.web.deliveries import look_up
from sinks import Sink, ca_file, sink_at

HERE = "127.0.0.1"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sink_at() as opened:
        yield opened


def posted(url: str, folder: Path, *, resolve: Any = look_up, times: int = 1, **how: Any) -> int:
    """The status of the last of some posts over the same pool."""
    webhooks = Webhooks(resolve, ca_file=ca_file(folder), **{"private": True, **how})

    async def run() -> int:
        async with webhooks.open(10) as post:
            for _ in range(times):
                status = await post(url, {"authorization": "Bearer very-secret"}, b"{}")
        return status

    return asyncio.run(run())


def why_not(url: str, folder: Path, **how: Any) -> str:
    with pytest.raises(UnreachableError) as caught:
        posted(url, folder, **how)
    return caught.value.why


# ── where to ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://shop.example/told?by=us", None),
        ("https://shop.example:8443/", None),
        ("https://bücher.example/", None),
        ("https://xn--bcher-kva.example/", None),
        ("https://8.8.8.8/", None),
        ("https://[2606:4700::1111]/", None),
        ("http://shop.example/", "scheme"),
        ("ftp://shop.example/", "scheme"),
        ("//shop.example/", "scheme"),
        ("https:shop.example", "host"),
        ("https:///told", "host"),
        ("https://user@shop.example/", "userinfo"),
        ("https://user:word@shop.example/", "userinfo"),
        ("https://@shop.example/", "userinfo"),
        ("https://shop.example:0/", "port"),
        ("https://shop.example:65536/", "port"),
        ("https://shop.example:22/", "port"),
        ("https://shop.example:25/", "port"),
        ("https://shop.example:6379/", "port"),
        ("https://shop.example:many/", "url"),
        ("https://shop.example\\@evil.example/", "url"),
        ("https://shop.example/a b", "url"),
        ("https://shop.example/\n", "url"),
        ("https://shop.example/\x7f", "url"),
        ("https://１２７.0.0.1/", "url"),
        ("https://[::1", "url"),
        (f"https://shop.example/{'a' * 2_000}", "url"),
        ("", "scheme"),
        ("https://shop/", "host"),
        ("https://localhost/", "host"),
        ("https://a.localhost/", "host"),
        ("https://db.internal/", "host"),
        ("https://printer.local/", "host"),
        ("https://shop..example/", "host"),
        ("https://-shop.example/", "host"),
        ("https://shop.example./", "host"),
        ("https://sh%6fp.example/", "host"),
        (f"https://{'a' * 64}.example/", "host"),
        (f"https://{'.'.join(['a' * 50] * 6)}/", "host"),
        ("https://127.0.0.1/", "host"),
        ("https://127.1/", "host"),
        ("https://2130706433/", "host"),
        ("https://0x7f.0.0.1/", "host"),
        ("https://0177.0.0.1/", "url"),
        ("https://10.0.0.0x1/", "host"),
        ("https://[::1]/", "host"),
        ("https://[::ffff:127.0.0.1]/", "host"),
        ("https://[fe80::1%25eth0]/", "host"),
    ],
)
def test_an_address_for_events_is_looked_at_when_it_is_given(url: str, reason: str | None) -> None:
    assert check_sink(url) == reason


@pytest.mark.parametrize(
    "url", ["https://localhost:40000/", "https://127.0.0.1/", "https://[::1]/", "https://shop/"]
)
def test_addresses_inside_of_a_house_are_for_tests(url: str) -> None:
    assert (check_sink(url), check_sink(url, private=True)) == ("host", None)


FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.255.0.9 168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1
192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 8.8.8 8.8.8.8.8 shop.example 08.8.8.8
:: ::1 ::8.8.8.8 ::ffff:8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1
2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 4000::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1 ff0e::1 2606:4700::1%1
"""
PUBLIC = (
    "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.167.0.1 223.255.255.255 2001:200::1"
)
PUBLIC += " 2606:4700::1111 2a00:1450::1 64:ff9b::808:808"


@pytest.mark.parametrize("address", FORBIDDEN.split())
def test_an_address_in_somebodys_house_is_nobodys_to_post_to(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_an_address_in_the_open_network_may_be_posted_to(address: str) -> None:
    assert is_public(address)


def test_whatever_python_takes_for_private_is_not_public_here() -> None:
    for first in range(256):
        for rest in (
            "0.0.1",
            "16.0.1",
            "64.0.1",
            "168.1.1",
            "254.169.254",
            "0.2.1",
            "51.100.1",
            "255.255.255",
        ):
            address = f"{first}.{rest}"
            assert ip_address(address).is_global or not is_public(address)


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_name_is_looked_up_once_and_the_address_that_was_looked_at_is_connected_to(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    connected: list[str] = []

    async def rebinding(host: str) -> Sequence[str]:
        """Public the first time, and the house from then on."""
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else [HERE]

    class Network:
        async def connect_tcp(self, host: str, *_: Any, **__: Any) -> Any:
            connected.append(host)
            raise UnreachableError("reached")

    monkeypatch.setattr("carrierbill.drivers.webhooks.httpcore2.AnyIOBackend", Network)
    url = f"https://rebinding.example:{sink.port}/"
    assert why_not(url, tmp_path, resolve=rebinding, private=False) == "reached"
    assert (asked, connected) == (["rebinding.example"], ["93.184.216.34"])
    # From now on the name leads into the house, and nothing is connected to.
    assert why_not(url, tmp_path, resolve=rebinding, private=False) == "address"
    assert (len(asked), len(connected), sink.received) == (2, 1, [])


@pytest.mark.parametrize("addresses", [[HERE], ["8.8.8.8", HERE], ["::1"], ["8.8.8.8", "::ffff:10.0.0.1"]])
def test_a_name_with_any_address_in_a_house_is_not_connected_to(
    addresses: list[str], sink: Sink, tmp_path: Path
) -> None:
    async def resolve(_: str) -> Sequence[str]:
        return addresses

    assert (
        why_not(f"https://shop.example:{sink.port}/", tmp_path, resolve=resolve, private=False) == "address"
    )
    assert sink.received == []


def test_a_certificate_has_to_be_for_the_name_that_was_asked_for_and_of_somebody_trusted(
    tmp_path: Path,
) -> None:
    async def resolve(_: str) -> Sequence[str]:
        return [HERE]

    with sink_at("shop.example") as sink:
        assert posted(f"https://shop.example:{sink.port}/", tmp_path, resolve=resolve) == 204
        assert sink.received[0].headers["host"] == f"shop.example:{sink.port}"
        assert why_not(f"https://other.example:{sink.port}/", tmp_path, resolve=resolve) == "tls"
    with sink_at("shop.example", ca=trustme.CA()) as stranger:
        assert why_not(f"https://shop.example:{stranger.port}/", tmp_path, resolve=resolve) == "tls"
        assert stranger.received == []


def test_the_next_address_of_a_name_is_tried_where_one_takes_no_connection(
    sink: Sink, tmp_path: Path
) -> None:
    async def resolve(_: str) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.3", HERE]

    assert posted(f"https://localhost:{sink.port}/", tmp_path, resolve=resolve) == 204


def test_a_connection_is_kept_for_further_posts(sink: Sink, tmp_path: Path) -> None:
    asked: list[str] = []

    async def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return [HERE]

    assert posted(sink.url, tmp_path, resolve=resolve, times=3) == 204
    assert (len(sink.received), len(asked)) == (3, 1)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("status", [200, 204, 301, 307, 410, 429, 500])
def test_a_status_is_told_as_it_is_and_a_redirect_is_not_followed(
    status: int, sink: Sink, tmp_path: Path
) -> None:
    sink.answers, sink.headers = [status], {"location": f"{sink.url}/elsewhere"}
    assert posted(sink.url, tmp_path) == status
    assert [each.path for each in sink.received] == ["/told"]


def test_a_sink_that_does_not_answer_is_given_up_in_time(sink: Sink, tmp_path: Path) -> None:
    sink.slow_s = 2
    began = time.monotonic()
    assert why_not(sink.url, tmp_path, within_s=0.3) == "timeout"
    assert time.monotonic() - began < 1.5


def test_a_sink_that_sends_its_head_letter_by_letter_is_given_up_in_time(sink: Sink, tmp_path: Path) -> None:
    sink.raw = b"HTTP/1.1 200 OK\r\nx: "
    assert why_not(sink.url, tmp_path, within_s=1) in {"protocol", "connection"}


@pytest.mark.parametrize(
    "raw", [b"\x00\xff garbage\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 999999 no\r\n\r\n", b"\n" * 200_000]
)
def test_garbage_is_a_failure(raw: bytes, sink: Sink, tmp_path: Path) -> None:
    sink.raw = raw
    assert why_not(sink.url, tmp_path) in {"protocol", "connection"}


def test_of_an_endless_body_a_little_is_read(sink: Sink, tmp_path: Path) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100_000):
            sent += 10_000
            yield b"x" * 10_000

    sink.answers, sink.body = [200], endless
    assert posted(sink.url, tmp_path) == 200
    # What the machine itself has room for between the two is sent too.
    assert sent < 20_000_000


def test_a_body_that_never_comes_is_not_waited_for(sink: Sink, tmp_path: Path) -> None:
    def slow() -> Iterator[bytes]:
        time.sleep(5)
        yield b""

    sink.answers, sink.body, sink.headers = [200], slow, {"content-length": "10"}
    began = time.monotonic()
    assert posted(sink.url, tmp_path) == 200
    assert time.monotonic() - began < 3


def test_a_host_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    with sink_at() as sink:
        url = sink.url
    assert why_not(url, tmp_path) == "connection"
    assert why_not("https://nobody.invalid/", tmp_path) == "name"
    assert why_not("https://localhost:25/", tmp_path) == "port"


def test_a_name_that_nobody_has_an_address_of_is_a_failure(tmp_path: Path) -> None:
    async def nothing(_: str) -> Sequence[str]:
        return []

    assert why_not("https://shop.example/", tmp_path, resolve=nothing) == "name"


def test_nothing_secret_is_logged_and_no_proxy_is_asked(
    sink: Sink, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    caplog.set_level(logging.DEBUG)
    assert posted(sink.url, tmp_path) == 204
    assert sink.received[0].headers["authorization"] == "Bearer very-secret"
    assert "secret" not in caplog.text


def test_a_network_that_may_go_anywhere_is_told_so() -> None:
    async def resolve(_: str) -> Sequence[str]:
        return [HERE]

    async def connect(network: CheckedNetwork) -> None:
        with pytest.raises(UnreachableError) as caught:
            await network.connect_tcp("shop.example", 1, timeout=1)
        whys.append(caught.value.why)

    whys: list[str] = []
    asyncio.run(connect(CheckedNetwork(resolve)))
    asyncio.run(connect(CheckedNetwork(resolve, private=True)))
    assert whys == ["address", "connection"]
