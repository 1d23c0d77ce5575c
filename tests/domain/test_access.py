"""What the claims of a token allow is read to the second, and nothing is guessed."""

from typing import Any

import pytest

from carrierbill.domain.access import SCOPES, Access, access_in

NOW_S = 1_800_000_000
CLAIMS: dict[str, Any] = {"client_id": "shop", "scope": "a b", "exp": NOW_S + 1}


def read(**changed: Any) -> Access | None:
    claims = {**CLAIMS, **changed}
    return access_in({name: value for name, value in claims.items() if value is not None}, NOW_S)


def test_claims_say_who_for_what_and_until_when() -> None:
    assert read() == Access("shop", frozenset({"a", "b"}), NOW_S + 1)


def test_a_number_binds_a_token() -> None:
    access = read(phone_number="+821000000001", phone_number_verified=True)
    assert access is not None
    assert access.number == "+821000000001"


def test_where_no_client_id_is_told_the_authorised_party_is_the_client() -> None:
    for claims, client in (
        ({"client_id": None, "azp": "game"}, "game"),
        ({"client_id": "shop", "azp": "game"}, "shop"),
    ):
        access = read(**claims)
        assert access is not None
        assert access.client == client


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": NOW_S},
        {"exp": NOW_S - 1},
        {"exp": None},
        {"exp": str(NOW_S + 9)},
        {"exp": NOW_S + 9.5},
        {"exp": True},
        {"nbf": NOW_S + 1},
        {"nbf": "0"},
        {"client_id": None},
        {"client_id": ""},
        {"client_id": 1},
        {"client_id": ["shop"]},
        {"scope": None},
        {"scope": ["a"]},
        {"phone_number": ""},
        {"phone_number": 821000000001},
        {"phone_number": "+821000000001", "phone_number_verified": False},
        {"phone_number": "+821000000001", "phone_number_verified": "true"},
    ],
    ids=str,
)
def test_claims_that_do_not_say_it_or_say_it_of_another_time_allow_nothing(changed: dict[str, Any]) -> None:
    assert read(**changed) is None


def test_a_token_begins_with_the_second_of_its_nbf_and_ends_before_that_of_its_exp() -> None:
    assert read(nbf=NOW_S) is not None
    assert read(exp=NOW_S + 1) is not None


def test_no_scope_has_a_blank_or_stands_twice() -> None:
    assert len(set(SCOPES)) == len(SCOPES)
    assert not [scope for scope in SCOPES if " " in scope]
