"""The key file is its owner's alone, is refused where anything about it is off, and is never half written."""

import errno
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from carrierbill.cli.bad_use import sentence_for
from carrierbill.domain.errors import BadInputError
from carrierbill.storage.key_file import KeyFile
from carrierbill.storage.sealed import Keys, SealBrokenError, id_of, master_key_of
from carrierbill.texts.load import LANGUAGES

MASTER, INDEX = bytes(range(32, 64)), bytes(range(32))
KEYS = Keys(id_of(MASTER), {id_of(MASTER): MASTER}, INDEX)
# As every version has to read it.
WRITTEN = """\
current = "ef9de3db"
index_id = "824a6e5f"
index_secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

[master_keys]
ef9de3db = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
"""
SECRETS = ("AAECAwQ", "ICEiIyQ")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def put(place: Path, text: str | bytes = WRITTEN, mode: int = 0o600) -> KeyFile:
    place.write_bytes(text.encode() if isinstance(text, str) else text)
    place.chmod(mode)
    return KeyFile(place)


def refused(asked: Callable[[], object]) -> BadInputError:
    with pytest.raises(BadInputError) as raised:
        asked()
    return raised.value


def mode_of(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


# ── making and reading ───────────────────────────────────────────────────────────────────────────────────


def test_a_new_file_holds_the_keys_that_were_made(place: Path) -> None:
    made = KeyFile(place).create()
    assert KeyFile(place).read() == made
    assert made.current in made.master_keys
    assert {len(key) for key in (*made.master_keys.values(), made.index_secret)} == {32}


def test_no_two_new_files_share_a_key(tmp_path: Path) -> None:
    made = [KeyFile(tmp_path / str(count)).create() for count in range(20)]
    assert len({key for keys in made for key in (keys.index_secret, *keys.master_keys.values())}) == 40


def test_what_an_earlier_version_wrote_is_read(place: Path) -> None:
    assert put(place).read() == KEYS


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_its_owners_alone_whatever_is_usual(place: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        KeyFile(place).create()
        assert mode_of(place) == 0o600
        KeyFile(place).add_master_key()
        assert mode_of(place) == 0o600
    finally:
        os.umask(before)


def test_a_file_that_exists_is_never_written_over(place: Path) -> None:
    put(place, "dear to somebody")
    assert refused(KeyFile(place).create).reason.key == "keys.exists"
    assert place.read_text(encoding="utf-8") == "dear to somebody"
    assert list(place.parent.iterdir()) == [place]


def test_of_many_who_make_the_file_at_once_one_does(place: Path) -> None:
    def make(_: int) -> Keys | str:
        try:
            return KeyFile(place).create()
        except BadInputError as bad:
            return bad.reason.key

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(make, range(8)))
    assert ends.count("keys.exists") == 7
    assert KeyFile(place).read() in ends


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────────


def no_file(place: Path) -> KeyFile:
    return KeyFile(place)


def a_folder(place: Path) -> KeyFile:
    place.mkdir()
    return KeyFile(place)


def a_pipe(place: Path) -> KeyFile:
    os.mkfifo(place, 0o600)
    return KeyFile(place)


def below_a_file(place: Path) -> KeyFile:
    put(place)
    return KeyFile(place / "keys.toml")


def with_text(old: str, new: str) -> Callable[[Path], KeyFile]:
    changed = WRITTEN.replace(old, new)
    if changed == WRITTEN:
        raise ValueError(old)
    return lambda place: put(place, changed)


def with_mode(mode: int) -> Callable[[Path], KeyFile]:
    return lambda place: put(place, mode=mode)


SHORT = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pg=="
FAULTY: dict[str, tuple[str, Callable[[Path], KeyFile]]] = {
    "not there": ("no_file", no_file),
    "a folder": ("unreadable", a_folder),
    "a pipe": ("unreadable", a_pipe),
    "below a file": ("unreadable", below_a_file),
    "group may read": ("open_to_others", with_mode(0o640)),
    "group may write": ("open_to_others", with_mode(0o620)),
    "others may read": ("open_to_others", with_mode(0o604)),
    "others may write": ("open_to_others", with_mode(0o602)),
    "empty": ("malformed", lambda place: put(place, "")),
    "no text": ("malformed", lambda place: put(place, b"\xff\xfe")),
    "no TOML": ("malformed", with_text("index_id", '"')),
    "cut off": ("malformed", lambda place: put(place, WRITTEN[:80])),
    "nested without end": ("malformed", lambda place: put(place, "a = " + 30_000 * "[")),
    "a name missing": ("malformed", with_text('index_id = "824a6e5f"\n', "")),
    "a name too many": ("malformed", with_text("index_id", 'later = "x"\nindex_id')),
    "a key twice": ("malformed", lambda place: put(place, WRITTEN + WRITTEN[WRITTEN.index("ef9de3db =") :])),
    "no table of keys": ("malformed", with_text("[master_keys]\nef9de3db", "master_keys")),
    "a key as an id": ("malformed", with_text("ef9de3db =", "ICEiIyQlJicoKSorLC0uLzA =")),
    "a short key": ("wrong_length", with_text("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", SHORT)),
    "a long key": ("wrong_length", with_text("ODk6Ozw9Pj8=", "ODk6Ozw9Pj8/Pz8=")),
    "a key that is no base64": ("wrong_length", with_text("ICEi", "I?Ei")),
    "a stray letter in a key": ("wrong_length", with_text("ICEi", "IC?Ei")),
    "a key that is no text": (
        "wrong_length",
        with_text('"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="', "1"),
    ),
    "a short index secret": ("wrong_length", with_text("AAECAwQF", "")),
    "another letter in a key": ("damaged", with_text("ICEi", "ICEj")),
    "another letter in the index secret": ("damaged", with_text("AAEC", "AAED")),
    "another id of the index secret": ("damaged", with_text("824a6e5f", "824a6e50")),
    "another id of a key": ("damaged", with_text("\nef9de3db", "\nef9de3dc")),
    "an unknown current key": ("unknown_current", with_text('"ef9de3db"', '"00000000"')),
    "a current key that is no text": ("unknown_current", with_text('"ef9de3db"', '["ef9de3db"]')),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_file_is_refused_with_its_fault(fault: str, place: Path) -> None:
    key, made = FAULTY[fault]
    assert refused(made(place).read).reason.key == f"keys.{key}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fault", FAULTY)
def test_a_refusal_is_one_line_that_names_setting_and_file_and_no_secret(
    fault: str, language: str, place: Path
) -> None:
    made = FAULTY[fault][1](place)
    error = refused(made.read)
    said = sentence_for(error, language)
    assert said.startswith(f"CARRIERBILL_KEYS_FILE: {made.path}: ")
    assert said.splitlines() == [said]
    assert "{" not in said
    assert not [secret for secret in SECRETS if secret in f"{said}{error.args}{error.__cause__}"]


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_file_is_not_changed(fault: str, place: Path) -> None:
    made = FAULTY[fault][1](place)
    before = place.read_bytes() if place.is_file() else b""
    refused(made.add_master_key)
    refused(lambda: made.drop_master_key("ef9de3db"))
    assert (place.read_bytes() if place.is_file() else b"") == before


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_is_its_owners_alone_is_read(place: Path, mode: int) -> None:
    assert put(place, mode=mode).read() == KEYS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mode_is_said_as_chmod_writes_it(place: Path, language: str) -> None:
    said = sentence_for(refused(put(place, mode=0o644).read), language)
    assert "0644" in said
    assert "chmod 600" in said


# ── rotation ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rotation_in_the_file_keeps_all_readable_and_lets_the_old_key_go(place: Path) -> None:
    file = KeyFile(place)
    before = file.create()
    wrapped = before.new_holder_key(7)
    name = before.seal(7, wrapped, "name", text="김민수")

    turned = file.add_master_key()
    assert file.read() == turned
    assert turned.current != before.current
    assert turned.unseal(7, wrapped, "name", sealed=name) == "김민수"
    assert master_key_of(turned.new_holder_key(7)) == turned.current

    rewrapped = turned.rewrap(7, wrapped)
    left = file.drop_master_key(before.current)
    assert file.read() == left
    assert list(left.master_keys) == [turned.current]
    assert left.unseal(7, rewrapped, "name", sealed=name) == "김민수"
    with pytest.raises(SealBrokenError):
        left.unwrap(7, wrapped)


def test_a_rotation_leaves_the_index_secret_alone(place: Path) -> None:
    file = put(place)
    assert file.add_master_key().index_secret == INDEX
    assert file.drop_master_key("ef9de3db").index_secret == INDEX


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("key_id", "key"), [("ef9de3db", "drop_current"), ("00000000", "drop_unknown")])
def test_a_key_in_use_or_unknown_is_not_dropped(place: Path, language: str, key_id: str, key: str) -> None:
    error = refused(lambda: put(place).drop_master_key(key_id))
    assert error.reason.key == f"keys.{key}"
    said = sentence_for(error, language)
    assert "ef9de3db" in said
    assert said.splitlines() == [said]
    assert place.read_text(encoding="utf-8") == WRITTEN


def test_of_many_rotations_at_once_none_loses_the_key_of_another(place: Path) -> None:
    put(place)
    with ThreadPoolExecutor(8) as pool:
        turned = list(pool.map(lambda _: KeyFile(place).add_master_key(), range(24)))
    assert set(KeyFile(place).read().master_keys) == {"ef9de3db", *(keys.current for keys in turned)}


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("change", [KeyFile.create, KeyFile.add_master_key])
def test_the_file_is_on_the_disk_before_it_takes_its_place_and_its_folder_after(
    place: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[KeyFile], Keys]
) -> None:
    if change is KeyFile.add_master_key:
        put(place)
    done: list[str] = []

    def told(name: str, does: Callable[..., None]) -> Callable[..., None]:
        def telling(*given: object) -> None:
            of_folder = isinstance(given[0], int) and stat.S_ISDIR(os.fstat(given[0]).st_mode)
            done.append(f"{name} folder" if of_folder else name)
            does(*given)

        return telling

    for name, as_told in (("fsync", "fsync"), ("link", "put"), ("replace", "put")):
        monkeypatch.setattr(os, name, told(as_told, getattr(os, name)))
    change(KeyFile(place))
    assert done == ["fsync", "put", "fsync folder"]


@pytest.mark.parametrize("change", [KeyFile.create, KeyFile.add_master_key])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_disk_that_is_full_leaves_the_file_as_it_was_and_nothing_beside_it(
    place: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[KeyFile], Keys], language: str
) -> None:
    before: list[Path] = []
    if change is KeyFile.add_master_key:
        put(place)
        before = [place]

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    said = sentence_for(refused(lambda: change(KeyFile(place))), language)
    assert said.splitlines() == [said]
    assert "no space" in said
    assert list(place.parent.iterdir()) == before
    assert [file.read_text(encoding="utf-8") for file in before] == [WRITTEN for _ in before]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert refused(KeyFile(tmp_path / "none" / "keys.toml").create).reason.key == "keys.unwritable"


def test_a_file_behind_a_link_is_changed_where_it_lies(place: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path / "elsewhere" / "keys.toml")
    place.symlink_to("elsewhere/keys.toml")
    turned = KeyFile(place).add_master_key()
    assert place.is_symlink()
    assert KeyFile(tmp_path / "elsewhere" / "keys.toml").read() == turned


def test_a_rotation_by_another_user_leaves_the_file_to_its_owner(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _, user, group: owners.append((user, group)))
    file = put(place)
    file.add_master_key()
    assert owners == [(place.stat().st_uid, -1)]
