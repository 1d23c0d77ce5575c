"""Personal data is read under its holder's key alone, found by lasting hashes, and shown with stars."""

import os
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carrierbill.domain.errors import BadInputError, SayableError
from carrierbill.storage import sealed
from carrierbill.storage.sealed import (
    Keys,
    SealBrokenError,
    id_of,
    masked_name,
    masked_number,
    master_key_of,
    normalised_name,
    normalised_number,
)
from carrierbill.texts.load import LANGUAGES, read_texts

INDEX = bytes(range(32))
FIRST, SECOND = bytes(range(32, 64)), bytes(range(64, 96))
OLD = Keys(id_of(FIRST), {id_of(FIRST): FIRST}, INDEX)
# The same a rotation later: both keys there, the second wraps.
TURNED = Keys(id_of(SECOND), {id_of(FIRST): FIRST, id_of(SECOND): SECOND}, INDEX)
# The first dropped.
NEW = Keys(id_of(SECOND), {id_of(SECOND): SECOND}, INDEX)

HOLDER = 7
# Made once and never to be made anew: what they hold has to be readable by every later version.
WRAPPED = bytes.fromhex(
    "01ef9de3dbfcd5b3941dad4c94e7f00477c11ee908930afcedf5b0662c8066d7fc"
    "059c57be61d7e9aceef927c1c53f52ab4843eeb7c3a0448809b5d0af84303d85"
)
SEALED = bytes.fromhex(
    "01a2816824d609aae1eb39c4d525c950d8ff9f949213de02b613dc15c765b59d79e4149943549a3d1d09d1dd42"
)

DIGITS = st.text("0123456789", min_size=8, max_size=8)
NAMES = st.text("김이박최정수민영한빛éAbz", min_size=1, max_size=8)


def name_of(keys: Keys, wrapped: bytes = WRAPPED, opened: bytes = SEALED) -> str:
    return keys.unseal(HOLDER, wrapped, "name", sealed=opened)


def changed(whole: bytes) -> list[bytes]:
    """The same bytes with one of them changed, each in turn, by its lowest and its highest bit."""
    return [
        whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
        for at in range(len(whole))
        for bit in (1, 128)
    ]


def shortened(whole: bytes) -> list[bytes]:
    """The same bytes cut short at every place, and one too many."""
    return [*(whole[:length] for length in range(len(whole))), whole + b"\0"]


# ── sealing ──────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text())
@example("")
@example("\0")
@example("ends in what pads\x80\0\0")
@example("열여섯 바이트가 넘는 긴 이름")
def test_what_is_sealed_is_read_again(text: str) -> None:
    assert name_of(OLD, opened=OLD.seal(HOLDER, WRAPPED, "name", text=text)) == text


def test_what_an_earlier_version_sealed_is_read() -> None:
    assert name_of(OLD) == "김민수"


@given(st.text(max_size=40))
def test_the_length_tells_no_more_than_the_blocks_of_sixteen(text: str) -> None:
    blocks = len(text.encode()) // 16 + 1
    assert len(OLD.seal(HOLDER, WRAPPED, "name", text=text)) == 1 + 12 + 16 * blocks + 16


def test_the_same_text_sealed_twice_looks_different() -> None:
    assert len({OLD.seal(HOLDER, WRAPPED, "name", text="김민수") for _ in range(100)}) == 100


def test_a_sealed_text_cannot_be_read_off_its_bytes() -> None:
    assert b"secret" not in OLD.seal(HOLDER, WRAPPED, "name", text="secret" * 9)


@pytest.mark.parametrize("made", [changed, shortened])
def test_a_sealed_text_with_anything_changed_is_not_opened(made: Callable[[bytes], list[bytes]]) -> None:
    for other in made(SEALED):
        with pytest.raises(SealBrokenError):
            name_of(OLD, opened=other)


def test_a_sealed_text_moved_to_another_field_is_not_opened() -> None:
    with pytest.raises(SealBrokenError):
        OLD.unseal(HOLDER, WRAPPED, "number", sealed=SEALED)


def test_a_sealed_text_moved_to_another_holder_is_not_opened() -> None:
    other = OLD.new_holder_key(8)
    with pytest.raises(SealBrokenError):
        OLD.unseal(8, other, "name", sealed=SEALED)


def test_a_sealed_text_is_bound_to_its_holder_even_where_two_had_one_key() -> None:
    shared = Keys("00000000", {"00000000": FIRST}, INDEX)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "urandom", bytes)  # every key and nonce alike
        mine, theirs = shared.new_holder_key(7), shared.new_holder_key(8)
        moved = shared.seal(7, mine, "name", text="김민수")
    assert shared.unwrap(7, mine) == shared.unwrap(8, theirs)
    with pytest.raises(SealBrokenError):
        shared.unseal(8, theirs, "name", sealed=moved)


def test_holder_and_field_cannot_run_into_each_other() -> None:
    moved = OLD.seal(1, OLD.new_holder_key(1), "2name", text="x")
    with pytest.raises(SealBrokenError):
        OLD.unseal(12, OLD.new_holder_key(12), "name", sealed=moved)
    assert sealed._bound(1, "2name") != sealed._bound(12, "name")  # noqa: SLF001 where it is laid out
    assert sealed._bound(1, "a", "b") != sealed._bound(1, "ab", "")  # noqa: SLF001


# ── keys of holders ──────────────────────────────────────────────────────────────────────────────────────


def test_every_holder_has_a_key_of_their_own() -> None:
    wrapped = [OLD.new_holder_key(HOLDER) for _ in range(100)]
    assert len({OLD.unwrap(HOLDER, each) for each in wrapped}) == 100
    assert {len(OLD.unwrap(HOLDER, each)) for each in wrapped} == {32}


@pytest.mark.parametrize("made", [changed, shortened])
def test_a_wrapped_key_with_anything_changed_is_not_opened(made: Callable[[bytes], list[bytes]]) -> None:
    for other in made(WRAPPED):
        with pytest.raises(SealBrokenError):
            name_of(OLD, wrapped=other)


def test_a_wrapped_key_that_says_another_master_key_is_there_is_not_opened() -> None:
    renamed = WRAPPED[:1] + bytes.fromhex(id_of(SECOND)) + WRAPPED[5:]
    with pytest.raises(SealBrokenError) as raised:
        TURNED.unwrap(HOLDER, renamed)
    assert raised.value.reason.key == "keys.broken"


def test_a_wrapped_key_moved_to_another_holder_is_not_opened_and_not_taken_from_memory() -> None:
    keys = Keys(OLD.current, OLD.master_keys, INDEX)
    keys.seal(HOLDER, WRAPPED, "name", text="kept in memory from here on")
    with pytest.raises(SealBrokenError):
        keys.seal(8, WRAPPED, "name", text="김민수")


def test_without_the_key_of_its_holder_nothing_is_read() -> None:
    with pytest.raises(SealBrokenError):
        name_of(OLD, wrapped=OLD.new_holder_key(HOLDER))


# ── rotation ─────────────────────────────────────────────────────────────────────────────────────────────


def test_after_a_rotation_what_was_sealed_before_is_read() -> None:
    assert name_of(TURNED) == "김민수"


def test_after_a_rotation_new_keys_are_wrapped_under_the_new_master_key() -> None:
    assert master_key_of(OLD.new_holder_key(HOLDER)) == id_of(FIRST)
    assert master_key_of(TURNED.new_holder_key(HOLDER)) == id_of(SECOND)


def test_a_key_wrapped_anew_outlives_the_old_master_key() -> None:
    rewrapped = TURNED.rewrap(HOLDER, WRAPPED)
    assert master_key_of(rewrapped) == id_of(SECOND)
    assert name_of(NEW, wrapped=rewrapped) == "김민수"


def test_a_key_not_wrapped_anew_is_lost_with_its_master_key_and_that_is_said() -> None:
    with pytest.raises(SealBrokenError) as raised:
        name_of(NEW)
    assert (raised.value.holder_id, raised.value.field) == (HOLDER, "key")
    assert raised.value.reason.values == {"holder": "7", "key": id_of(FIRST)}


def test_a_key_of_another_holder_is_not_wrapped_anew() -> None:
    with pytest.raises(SealBrokenError):
        TURNED.rewrap(8, WRAPPED)


# ── keys in memory ───────────────────────────────────────────────────────────────────────────────────────


class Counting(Keys):
    """Keys that count how often a holder's key is unwrapped."""

    unwrapped = 0

    def unwrap(self, holder_id: int, wrapped: bytes) -> bytes:
        Counting.unwrapped += 1
        return super().unwrap(holder_id, wrapped)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    monkeypatch.setattr(Counting, "unwrapped", 0)
    return Counting(OLD.current, OLD.master_keys, INDEX)


def test_a_holders_key_is_unwrapped_once_for_many_fields(counting: Counting) -> None:
    for field in ("name", "number", "birth"):
        counting.seal(HOLDER, WRAPPED, field, text="x")
    assert counting.unwrapped == 1


def test_a_key_that_was_forgotten_is_unwrapped_again(counting: Counting) -> None:
    counting.forget_opened()  # nothing to forget yet
    counting.seal(HOLDER, WRAPPED, "name", text="x")
    counting.forget_opened()
    counting.seal(HOLDER, WRAPPED, "name", text="x")
    assert counting.unwrapped == 2


def test_only_the_keys_used_last_stay_in_memory(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "OPENED_AT_MOST", 2)
    wrapped = {holder_id: counting.new_holder_key(holder_id) for holder_id in (1, 2, 3)}
    for holder_id in (1, 2, 3, 3, 2, 1):
        counting.seal(holder_id, wrapped[holder_id], "name", text="x")
    assert counting.unwrapped == 4


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────


def broken_seal() -> SealBrokenError:
    with pytest.raises(SealBrokenError) as raised:
        OLD.unseal(HOLDER, WRAPPED, "number", sealed=OLD.seal(HOLDER, WRAPPED, "name", text="김민수"))
    return raised.value


def test_a_broken_seal_names_holder_and_field_and_never_the_content() -> None:
    error = broken_seal()
    assert (error.holder_id, error.field) == (HOLDER, "number")
    assert error.reason.values == {"holder": "7", "field": "number"}
    assert "김민수" not in f"{error!r}{error.args}"


def lost_key() -> SealBrokenError:
    with pytest.raises(SealBrokenError) as raised:
        NEW.unwrap(HOLDER, WRAPPED)
    return raised.value


def no_number() -> BadInputError:
    with pytest.raises(BadInputError) as raised:
        normalised_number("010-1234-567")
    return raised.value


@pytest.mark.parametrize("made", [broken_seal, lost_key, no_number])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_is_one_line_in_either_language(
    made: Callable[[], SayableError], language: str
) -> None:
    said = read_texts().say(language, made().reason)
    assert said.splitlines() == [said]
    assert "{" not in said


def test_a_faulty_number_is_not_repeated() -> None:
    error = no_number()
    assert error.field == "number"
    assert "1234" not in f"{error.args}{error.reason}{error.__context__}"


def test_keys_that_are_printed_show_no_key() -> None:
    assert repr(OLD) == f"Keys(current='{id_of(FIRST)}')"


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────


# Worked out with another program: openssl dgst -sha256 -mac HMAC over the kind, a zero byte and the text.
HASHES = {
    "number": "af6aa8fd524b8a4c7edb61c00d8c7802f4c3a89836aa7af328012f6f0e346374",
    "tail": "47c16cbcb940a8325dcbff80bf733b0998f28044eea2abb249fe158437e48f04",
    "name": "989c2916f01742b8bd5cb8be8b2c6f8e39c767dc5645ba9511a32eb6e902afdd",
}


def test_the_hashes_never_change_so_what_an_earlier_version_stored_is_found() -> None:
    found = {
        "number": OLD.number_hash("+821012345678").hex(),
        "tail": OLD.tail_hash("+821012345678").hex(),
        "name": OLD.name_hash("김민수").hex(),
    }
    assert found == HASHES


def test_the_ids_of_keys_never_change() -> None:
    assert (OLD.current, OLD.index_id) == ("ef9de3db", "824a6e5f")


def test_another_index_secret_gives_other_hashes_and_another_id() -> None:
    other = Keys(OLD.current, OLD.master_keys, bytes(32))
    assert other.index_id != OLD.index_id
    assert other.number_hash("01012345678") != OLD.number_hash("01012345678")
    assert other.tail_hash("5678") != OLD.tail_hash("5678")
    assert other.name_hash("김민수") != OLD.name_hash("김민수")


def test_a_rotation_of_master_keys_changes_no_hash() -> None:
    assert TURNED.number_hash("01012345678") == OLD.number_hash("01012345678")
    assert TURNED.index_id == OLD.index_id


def test_equal_texts_of_different_kinds_have_different_hashes() -> None:
    assert OLD.tail_hash("5678") != OLD.name_hash("5678")
    assert OLD.number_hash("+821012345678") != OLD.name_hash("+821012345678")


@given(DIGITS)
def test_a_number_is_found_however_it_is_written(rest: str) -> None:
    ways = (f"+8210{rest}", f"010{rest}", f"010-{rest[:4]}-{rest[4:]}")
    assert {normalised_number(way) for way in ways} == {f"+8210{rest}"}
    assert len({OLD.number_hash(way) for way in ways}) == 1
    assert {OLD.tail_hash(way) for way in ways} == {OLD.tail_hash(rest[4:])}


@given(DIGITS, DIGITS)
def test_different_numbers_have_different_hashes(one: str, other: str) -> None:
    same = one == other
    assert (OLD.number_hash(f"010{one}") == OLD.number_hash(f"010{other}")) is same


@st.composite
def nearly_numbers(draw: st.DrawFn) -> str:
    """A number in one of its forms, with a letter put in, taken out or changed."""
    rest = draw(DIGITS)
    form = draw(st.sampled_from([f"+8210{rest}", f"010{rest}", f"010-{rest[:4]}-{rest[4:]}"]))
    at = draw(st.integers(0, len(form)))
    put = draw(st.text("0123456789+- \n\u0661\uff11", max_size=1))
    return form[:at] + put + form[at + draw(st.integers(0, 1)) :]


def is_number(given_text: str) -> bool:
    """Whether a text has one of the three forms, told another way than by the pattern."""
    rest = "".join(letter for letter in given_text if letter in "0123456789")[-8:]
    forms = {f"+8210{rest}", f"010{rest}", f"010-{rest[:4]}-{rest[4:]}"}
    return len(rest) == 8 and given_text in forms


@given(nearly_numbers() | st.text())
@example("")
@example("01012345678\n")
@example(" 01012345678")
@example("010-12345678")
@example("+82 10-1234-5678")
@example("+8201012345678")
@example("821012345678")
@example("0111234567")
@example("02-123-4567")
@example("\uff10\uff11\uff1012345678")
def test_anything_else_is_no_number(text: str) -> None:
    if is_number(text):
        assert OLD.number_hash(text) == OLD.number_hash(normalised_number(text))
        return
    for hashed in (OLD.number_hash, masked_number):
        with pytest.raises(BadInputError):
            hashed(text)


@pytest.mark.parametrize("tail", ["", "567", "56789", "56a8", "5678\n", "\u0661234"])
def test_a_tail_is_four_digits(tail: str) -> None:
    with pytest.raises(BadInputError):
        OLD.tail_hash(tail)


@pytest.mark.parametrize(
    ("given_name", "normalised"),
    [
        ("김 민수", "김민수"),
        ("김\u3000민수\t", "김민수"),
        (unicodedata.normalize("NFD", "김민수"), "김민수"),
        ("주식회사 한빛", "한빛"),
        ("한빛 주식 회사", "한빛"),
        ("(주)한빛", "한빛"),
        ("( 주 ) 한빛", "한빛"),
        ("（주）한빛", "한빛"),
        ("한빛㈜", "한빛"),
        ("HANBIT Ⅱ", "hanbitⅱ"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("주민수", "주민수"),
        ("㈜", "㈜"),
        ("", ""),
    ],
)
def test_a_name_is_compared_without_spaces_case_and_marks_of_a_company(
    given_name: str, normalised: str
) -> None:
    assert normalised_name(given_name) == normalised
    assert OLD.name_hash(given_name) == OLD.name_hash(normalised)


@given(
    NAMES,
    st.sampled_from(["", "㈜", "(주) ", "주식회사 "]),
    st.sampled_from(["", "㈜", " ( 주)", " 주식회사"]),
)
def test_a_name_is_found_however_it_is_spaced_and_marked(name: str, front: str, back: str) -> None:
    found = OLD.name_hash(name)
    assert OLD.name_hash(front + name + back) == found
    assert OLD.name_hash(" \t".join(name) + "\u3000") == found
    assert OLD.name_hash(unicodedata.normalize("NFD", name)) == found
    assert OLD.name_hash(name.upper()) == found


@given(NAMES, NAMES)
def test_different_names_have_different_hashes(one: str, other: str) -> None:
    same = one.casefold() == other.casefold()
    assert (OLD.name_hash(one) == OLD.name_hash(other)) is same


# ── showing ──────────────────────────────────────────────────────────────────────────────────────────────


@given(DIGITS)
def test_a_shown_number_keeps_its_last_four_digits_only(rest: str) -> None:
    assert masked_number(f"+8210{rest}") == masked_number(f"010{rest}") == f"010-****-{rest[4:]}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("김민수", "김*수"),
        ("김민", "김*"),
        ("남궁민수", "남**수"),
        (" 김민수 ", "김*수"),
        (unicodedata.normalize("NFD", "김민수"), "김*수"),
        ("김", "*"),
        ("", ""),
        ("Hong Gildong", "H**********g"),
    ],
)
def test_a_shown_name_keeps_its_first_and_last_letter(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@given(NAMES)
def test_a_shown_name_is_as_long_as_the_name_and_never_the_name(name: str) -> None:
    shown = masked_name(name)
    assert len(shown) == len(name)
    assert shown != name
    assert set(shown[1:-1]) <= {"*"}
