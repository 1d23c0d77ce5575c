"""The gate lets in who has a token that is good now, no longer and no oftener than it may."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import trustme

from books import Books
from carrierbill.services.admit_client import DisableClient, disable_client
from carrierbill.storage.clients import clients_in
from carrierbill.storage.marks import put_mark
from carrierbill.storage.sql import Session
from carrierbill.web import access
from carrierbill.web.access import FRESH_S
from fake_provider import KEYS, FakeProvider, trusting
from gates import READ, WRITE, Entrance, entrance

Reads = list[str]


@pytest.fixture
def door(book: Books, tmp_path: Path) -> Iterator[Entrance]:
    """A gate without a limit; `shop` is registered."""
    with entrance(book, tmp_path) as made:
        made.admit()
        yield made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """A word for each time the list of clients is read."""
    read: Reads = []
    real = clients_in

    def counted(session: Session) -> Any:
        read.append("clients")
        return real(session)

    monkeypatch.setattr(access, "clients_in", counted)
    return read


def verifications(door: Entrance, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A word for each time a token is verified."""
    verified: list[str] = []
    real = door.gate.tokens.access_of

    def counted(token: str, key_id: str, now_s: int) -> Any:
        verified.append(key_id)
        return real(token, key_id, now_s)

    monkeypatch.setattr(door.gate.tokens, "access_of", counted)
    return verified


def is_refused(answer: Any, challenge: str = 'Bearer error="invalid_token"') -> bool:
    assert answer.headers["x-correlator"]
    return bool(
        answer.status_code == 401
        and answer.json()["code"] == "UNAUTHENTICATED"
        and answer.headers["www-authenticate"] == challenge
    )


def test_a_good_token_says_who_asks_and_for_which_number(door: Entrance) -> None:
    assert door.who(door.token(scope=f"{READ} {WRITE}")).text == f"shop None {READ} {WRITE}"
    assert door.who(door.token(number="+821000000001")).text == f"shop +821000000001 {READ}"


def test_a_number_is_told_in_one_writing(door: Entrance) -> None:
    assert door.who(door.token(number="010-0000-0001")).text == f"shop +821000000001 {READ}"


def test_no_token_is_told_how_to_ask(door: Entrance) -> None:
    assert is_refused(door.who(None), "Bearer")


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer x", "Bearer {} x"])
def test_what_is_no_bearer_token_is_refused(given: str, door: Entrance) -> None:
    assert is_refused(door.client.get("/who", headers={"Authorization": given.format(door.token())}))


def test_two_tokens_in_one_request_are_none(door: Entrance) -> None:
    headers = [("Authorization", f"Bearer {door.token()}"), ("Authorization", f"Bearer {door.token()}")]
    assert is_refused(door.client.get("/who", headers=headers))


def test_a_token_that_is_too_long_is_not_looked_at(door: Entrance) -> None:
    assert is_refused(door.who(door.token(scope=f"{READ} {'x' * 9_000}")))


def test_the_kind_of_token_is_written_in_any_case(door: Entrance) -> None:
    assert door.client.get("/who", headers={"Authorization": f"bEARER {door.token()}"}).status_code == 200


def test_a_token_that_was_let_in_is_refused_from_the_second_it_ends(door: Entrance) -> None:
    token = door.token(s=60)
    assert door.who(token).status_code == 200
    door.book.clock.by(minutes=59.999 / 60)
    assert door.who(token).status_code == 200
    door.book.clock.by(minutes=0.001 / 60)
    assert is_refused(door.who(token))
    assert is_refused(door.who(door.token(s=0)))
    assert is_refused(door.who(door.token(s=-5)))


def test_a_token_without_the_scope_may_not_ask_this(door: Entrance) -> None:
    answer = door.who(door.token(scope=WRITE))
    assert answer.status_code == 403
    assert answer.json()["code"] == "PERMISSION_DENIED"


def test_a_scope_the_client_was_not_registered_with_is_worth_nothing(door: Entrance) -> None:
    door.admit("reader", scopes=(WRITE,))
    assert door.who(door.token("reader")).status_code == 403


def test_a_client_that_there_is_not_is_refused(door: Entrance) -> None:
    assert is_refused(door.who(door.token("demo-shop")))


def test_a_number_that_is_none_lets_nobody_in(door: Entrance) -> None:
    assert is_refused(door.who(door.token(number="+14155550100")))


def test_a_disabled_client_is_refused_within_a_second(door: Entrance) -> None:
    token = door.token()
    assert door.who(token).status_code == 200
    door.book.decide(disable_client, DisableClient("shop"))
    assert door.who(token).status_code == 200
    door.ticks.s += FRESH_S
    assert is_refused(door.who(token))
    assert is_refused(door.who(door.token()))


def test_a_client_registered_just_now_may_ask_at_once(door: Entrance) -> None:
    assert door.who(door.token()).status_code == 200
    door.admit("new")
    assert door.who(door.token("new")).status_code == 200


def test_a_token_is_verified_once_and_the_clients_are_read_once_a_second(
    door: Entrance, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = verifications(door, monkeypatch)
    token, unknown = door.token(), door.token("nobody")
    for _ in range(20):
        assert door.who(token).status_code == 200
        assert is_refused(door.who(unknown))
    # The refused one is verified each time, but the list is not read for it again.
    assert len(verified) == 1 + 20
    assert reads == ["clients", "clients"]
    door.ticks.s += FRESH_S
    assert door.who(token).status_code == 200
    assert len(reads) == 3


def test_what_is_remembered_of_tokens_is_bounded_and_the_one_longest_unused_goes(
    door: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST_KNOWN", 3)
    verified = verifications(door, monkeypatch)
    used, others = door.token(), [door.token() for _ in range(6)]
    for other in others:
        assert door.who(used).status_code == 200
        assert door.who(other).status_code == 200
    assert len(verified) == 1 + len(others)
    assert door.who(others[0]).status_code == 200
    assert len(verified) == 1 + len(others) + 1


def test_keys_that_were_turned_meanwhile_are_known_and_dropped_ones_are_not(
    door: Entrance, tmp_path: Path
) -> None:
    old = door.token()
    assert door.who(old).status_code == 200
    with entrance(door.book, tmp_path) as other:
        other.gate.tokens._file.rotate(drop_old=True)  # noqa: SLF001  # another program's turning
        other.gate.tokens.reread()
        new = other.token()
    assert door.who(new).status_code == 200
    assert is_refused(door.who(old))


def test_the_tokens_of_another_installation_are_refused(door: Entrance, tmp_path: Path) -> None:
    with door.book.db.session() as session:
        name = session.rows("SELECT value FROM marks WHERE name = 'book'")[0][0]
        put_mark(session, "book", "another")
    with entrance(door.book, tmp_path) as other:
        stranger = other.token()
    with door.book.db.session() as session:
        put_mark(session, "book", name)
    assert is_refused(door.who(stranger))


# ── an external provider ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def fake(authority: trustme.CA) -> Iterator[FakeProvider]:
    with FakeProvider(authority).running() as running:
        yield running


@pytest.fixture
def beside(book: Books, tmp_path: Path, fake: FakeProvider, authority: trustme.CA) -> Iterator[Entrance]:
    """A gate that also takes the tokens of a provider."""
    with entrance(book, tmp_path, issuer=fake.issuer, trust=trusting(authority)) as made:
        made.admit(scopes=(READ,))
        yield made


def foreign(fake: FakeProvider, door: Entrance, **changed: Any) -> str:
    claims = {
        "iss": fake.issuer,
        "azp": "shop",
        "scope": f"openid {READ} {WRITE}",
        "exp": int(door.book.clock.at.timestamp()) + 60,
        "phone_number": "+821000000001",
        **changed,
    }
    return jwt.encode(claims, KEYS["ES256"], "ES256", {"kid": "ES256"})


def test_a_providers_token_lets_a_registered_client_in_for_what_it_was_registered_with(
    beside: Entrance, fake: FakeProvider
) -> None:
    assert beside.who(foreign(fake, beside)).text == f"shop +821000000001 {READ}"
    assert beside.who(beside.token()).text == f"shop None {READ}"


def test_a_providers_token_of_another_client_time_or_issuer_is_refused(
    beside: Entrance, fake: FakeProvider
) -> None:
    assert is_refused(beside.who(foreign(fake, beside, azp="stranger")))
    assert is_refused(beside.who(foreign(fake, beside, exp=int(beside.book.clock.at.timestamp()))))
    assert is_refused(beside.who(foreign(fake, beside, iss=beside.gate.tokens.issuer)))
    assert is_refused(beside.who(foreign(fake, beside, phone_number="x")))


def test_a_provider_is_asked_for_its_keys_once(beside: Entrance, fake: FakeProvider) -> None:
    for second in range(3):
        assert beside.who(foreign(fake, beside, jti=str(second))).status_code == 200
    assert len(fake.asked) == 2


def test_without_a_provider_its_tokens_are_refused(door: Entrance, fake: FakeProvider) -> None:
    assert is_refused(door.who(foreign(fake, door)))
    assert fake.asked == []


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def limited(book: Books, tmp_path: Path) -> Iterator[Entrance]:
    """A gate of three requests a second and client."""
    with entrance(book, tmp_path, rate=3) as made:
        made.admit()
        made.admit("game")
        yield made


def answers(door: Entrance, token: str, times: int) -> list[int]:
    return [door.who(token).status_code for _ in range(times)]


def test_a_client_that_asks_too_often_is_told_when_to_come_again(limited: Entrance) -> None:
    token = limited.token()
    assert answers(limited, token, 5) == [200, 200, 200, 429, 429]
    answer = limited.who(limited.token())
    assert answer.json()["code"] == "TOO_MANY_REQUESTS"
    assert answer.headers["retry-after"] == "1"
    assert answers(limited, limited.token("game"), 3) == [200, 200, 200]


def test_what_was_used_comes_back_with_time_and_no_more_than_a_seconds_worth(limited: Entrance) -> None:
    token = limited.token()
    answers(limited, token, 3)
    limited.ticks.s += 1 / 3 + 0.001
    assert answers(limited, token, 2) == [200, 429]
    limited.ticks.s += 60
    assert answers(limited, token, 4) == [200, 200, 200, 429]


def test_without_a_limit_nobody_is_told_to_wait(door: Entrance) -> None:
    assert set(answers(door, door.token(), 50)) == {200}
