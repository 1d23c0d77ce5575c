"""Settings come from the environment and one file, and an unknown name or a bad value stops the start."""

from pathlib import Path

import pytest

from carrierbill.domain.errors import BadInputError
from carrierbill.settings import SETTINGS, Settings, data_folder, database_url, keys_path, read_settings
from rule_sets import APP


def fault_of(environment: dict[str, str]) -> BadInputError:
    with pytest.raises(BadInputError) as error:
        read_settings(environment)
    return error.value


def config(folder: Path, text: str | bytes) -> dict[str, str]:
    file = folder / "carrierbill.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return {"CARRIERBILL_CONFIG": str(file)}


def test_told_nothing_all_settings_have_their_defaults() -> None:
    assert read_settings({}) == Settings(rules=None, policies=None, host="127.0.0.1", port=8000)


def test_the_environment_sets_each_of_them(tmp_path: Path) -> None:
    told = {
        "CARRIERBILL_RULES": "terms",
        "CARRIERBILL_POLICIES": str(tmp_path),
        "CARRIERBILL_HOST": "::1",
        "CARRIERBILL_PORT": "0",
    }
    assert read_settings(told) == Settings("terms", tmp_path, "::1", 0)


def test_the_settings_of_the_interfaces_are_read(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    told = {
        "MODE": "async",
        "ASYNC_DELAY_S": "0.5",
        "RATE_LIMIT": "100",
        "MAX_MATCHING": "0",
        "SINK_PRIVATE": "1",
        "SINK_CA_FILE": str(file),
        "OIDC_ISSUER": "https://provider.example/",
    }
    read = read_settings({f"CARRIERBILL_{name}": value for name, value in told.items()})
    assert (read.mode, read.async_delay_s, read.rate_limit, read.max_matching) == ("async", 0.5, 100, 0)
    assert (read.sink_private, read.sink_ca_file) == (True, file)
    assert read.oidc_issuer == "https://provider.example"
    assert read_settings({"CARRIERBILL_SINK_PRIVATE": "0"}).sink_private is False


def test_a_switch_and_seconds_in_a_file_are_what_toml_has_for_them(tmp_path: Path) -> None:
    read = read_settings(config(tmp_path, "sink_private = true\nasync_delay_s = 2"))
    assert (read.sink_private, read.async_delay_s) == (True, 2)
    assert fault_of(config(tmp_path, "async_delay_s = true")).reason.key == "setting.ASYNC_DELAY_S"


def test_names_of_other_programs_are_left_alone() -> None:
    others = {"PATH": "/bin", "carrierbill_port": "x", "_CARRIERBILL_COMPLETE": "bash_source", "PORT": "x"}
    assert read_settings(others) == Settings()


def test_blanks_around_a_value_are_dropped() -> None:
    assert read_settings({"CARRIERBILL_RULES": " terms "}).rules == "terms"


def test_an_unknown_setting_is_named_with_those_there_are() -> None:
    fault = fault_of({"CARRIERBILL_COLOUR": "red"})
    assert (fault.field, fault.reason.values) == (
        "CARRIERBILL_COLOUR",
        {"known": ", ".join(SETTINGS)},
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RULES", ""),
        ("RULES", "  "),
        ("MODE", "async "),
        ("MODE", "both"),
        ("ASYNC_DELAY_S", "-1"),
        ("ASYNC_DELAY_S", "nan"),
        ("ASYNC_DELAY_S", "inf"),
        ("ASYNC_DELAY_S", "soon"),
        ("RATE_LIMIT", "1.5"),
        ("RATE_LIMIT", "-1"),
        ("MAX_MATCHING", "1000001"),
        ("SINK_PRIVATE", "yes"),
        ("SINK_CA_FILE", "nowhere/at/all"),
        ("OIDC_ISSUER", "http://provider.example"),
        ("HOST", ""),
        ("PORT", "http"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "80.0"),
        ("PORT", "٨٠"),
        ("PORT", ""),
        ("PORT", "9" * 5_000),
        ("POLICIES", ""),
        ("POLICIES", "nowhere/at/all"),
        ("POLICIES", "~no-such-user-here/policies"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://here/books"),
        ("DATABASE_URL", "books.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("KEYS_FILE", " "),
        ("KEYS_FILE", "~no-such-user-here/keys.toml"),
        ("SMS_API_KEY", " "),
        ("SMS_FROM", "+821012345678"),
        ("SMS_FROM", "2345"),
        ("SMS_URL", "http://api.example.com"),
        ("SMS_URL", "http://127.0.0.1.example.com"),
        ("SMS_URL", "ftp://api.example.com"),
        ("SMS_KAKAO_TEMPLATES", "nowhere/at/all.toml"),
        ("SMTP_PORT", "65536"),
        ("SMTP_TLS", "none"),
        ("SMTP_FROM", "letters"),
        ("SMTP_FROM", "Letters <letters@example.com>"),
        ("SMTP_TO", "a@b.example, c@d.example"),
        ("SMTP_TO", "a@b.example\nBcc: c@d.example"),
        ("SMTP_CA_FILE", "nowhere/at/all.pem"),
    ],
)
def test_a_bad_value_is_named_with_what_would_be_right(name: str, value: str) -> None:
    fault = fault_of({f"CARRIERBILL_{name}": value})
    assert (fault.field, fault.reason.key) == (f"CARRIERBILL_{name}", f"setting.{name}")


@pytest.mark.parametrize("port", ["0", "1", "65535"])
def test_a_port_is_a_number_up_to_65535(port: str) -> None:
    assert read_settings({"CARRIERBILL_PORT": port}).port == int(port)


def test_a_policies_folder_may_stand_in_the_users_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "policies").mkdir()
    assert read_settings({"CARRIERBILL_POLICIES": "~/policies"}).policies == tmp_path / "policies"


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    settings = read_settings(config(tmp_path, 'rules = "terms"\nPORT = 8001\n'))
    assert (settings.rules, settings.port, settings.host) == ("terms", 8001, "127.0.0.1")


def test_the_environment_stands_over_the_file(tmp_path: Path) -> None:
    told = {**config(tmp_path, 'rules = "terms"\nport = 8001\n'), "CARRIERBILL_PORT": "8002"}
    assert (read_settings(told).rules, read_settings(told).port) == ("terms", 8002)


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of({"CARRIERBILL_CONFIG": str(tmp_path / "none.toml")})
    assert (fault.field, fault.reason.key) == ("CARRIERBILL_CONFIG", "bad_input.config_file")


@pytest.mark.parametrize("text", ["port = = 1", "port", "port = 1\nport = 2", b"rules = '\xff'"])
def test_a_file_that_is_no_toml_is_a_fault(text: str | bytes, tmp_path: Path) -> None:
    assert fault_of(config(tmp_path, text)).reason.key == "bad_input.config_file"


def test_a_faulty_file_is_named_in_the_sentence(tmp_path: Path) -> None:
    fault = fault_of(config(tmp_path, "port = = 1"))
    assert str(tmp_path / "carrierbill.toml") in APP.texts.say("ko", fault.reason)


@pytest.mark.parametrize("value", ["true", "8000.0", '"http"', "[8000]", "-1", "65536", "{ a = 1 }"])
def test_a_bad_value_in_a_file_is_named_with_its_file(value: str, tmp_path: Path) -> None:
    assert fault_of(config(tmp_path, f"port = {value}")).field == f"{tmp_path}/carrierbill.toml: port"


@pytest.mark.parametrize("name", ["colour", "config", "carrierbill_port"])
def test_an_unknown_name_in_a_file_is_a_fault(name: str, tmp_path: Path) -> None:
    assert fault_of(config(tmp_path, f'{name} = "x"')).reason.key == "bad_input.unknown_setting"


# ── the data folder ──────────────────────────────────────────────────────────────────────────────────────


def test_the_data_folder_is_where_the_user_wants_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "carrierbill"


@pytest.mark.parametrize("told", [None, ""])
def test_the_data_folder_is_in_the_users_home_where_nothing_is_told(
    told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    if told is not None:
        monkeypatch.setenv("XDG_DATA_HOME", told)
    assert data_folder() == tmp_path / ".local/share/carrierbill"


def test_a_data_folder_in_the_home_of_no_one_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "~no-such-user-here/data")
    with pytest.raises(BadInputError) as error:
        data_folder()
    assert error.value.field == "XDG_DATA_HOME"


# ── the database and its keys ────────────────────────────────────────────────────────────────────────────


def test_told_nothing_the_database_and_its_keys_are_in_the_data_folder() -> None:
    told = read_settings({})
    assert database_url(told) == f"sqlite:///{data_folder()}/carrierbill.db"
    assert keys_path(told) == data_folder() / "keys.toml"


def test_a_database_and_its_keys_may_be_anywhere(tmp_path: Path) -> None:
    told = read_settings(
        {
            "CARRIERBILL_DATABASE_URL": "postgresql://books@db.example/books",
            "CARRIERBILL_KEYS_FILE": str(tmp_path / "keys.toml"),
        }
    )
    assert database_url(told) == "postgresql://books@db.example/books"
    assert keys_path(told) == tmp_path / "keys.toml"


def test_with_postgresql_the_key_file_has_to_be_named() -> None:
    told = read_settings({"CARRIERBILL_DATABASE_URL": "postgresql://books@db.example/books"})
    with pytest.raises(BadInputError) as error:
        keys_path(told)
    assert (error.value.field, error.value.reason.key) == ("CARRIERBILL_KEYS_FILE", "keys.unnamed")


WAYS_OUT = {
    "SMS_API_KEY": "NCSKEY",
    "SMS_API_SECRET": "words-nobody-sees",
    "SMS_FROM": "02-1234-5678",
    "SMS_KAKAO_PF_ID": "KA01PF1",
    "SMTP_HOST": "mail.example.com",
    "SMTP_FROM": "letters@example.com",
    "SMTP_TO": "print@example.com",
    "SMTP_USER": "carrier",
    "SMTP_PASSWORD": "words-nobody-sees",
}


def ways_out(folder: Path, *left_out: str) -> dict[str, str]:
    file = folder / "templates.toml"
    file.write_text("[templates]\n", encoding="utf-8")
    told = WAYS_OUT | {"SMS_KAKAO_TEMPLATES": str(file)}
    return {f"CARRIERBILL_{name}": value for name, value in told.items() if name not in left_out}


@pytest.mark.parametrize(
    "url", ["https://x.example/", "http://127.0.0.1:9/", "http://localhost", "http://[::1]:9"]
)
def test_ways_out_are_set_whole_and_their_secrets_are_never_shown(tmp_path: Path, url: str) -> None:
    settings = read_settings(ways_out(tmp_path) | {"CARRIERBILL_SMS_URL": url})
    assert (settings.sms_from, settings.sms_url) == ("0212345678", url.rstrip("/"))
    assert settings.sms_api_secret == settings.smtp_password == WAYS_OUT["SMTP_PASSWORD"]
    assert "words-nobody-sees" not in repr(settings)
    assert "NCSKEY" not in repr(settings)


@pytest.mark.parametrize("left_out", [*WAYS_OUT, "SMS_KAKAO_TEMPLATES"])
def test_half_a_way_out_stops_the_start_and_names_what_is_missing(tmp_path: Path, left_out: str) -> None:
    fault = fault_of(ways_out(tmp_path, left_out))
    assert (fault.field, fault.reason.key) == (f"CARRIERBILL_{left_out}", "bad_input.setting_needed")
