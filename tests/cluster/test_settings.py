"""Settings: the file, the environment over it, and what is refused."""

import stat
from pathlib import Path

import msgspec
import pytest

from cluster.secrets import channel_secret, channels, master_key
from cluster.settings import Settings
from cluster.settings_load import SettingsError, environment_name, leaves, load
from cluster.settings_show import masked, to_toml

NOTHING = "banks=[]\noperations=[]\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "some.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_defaults_need_no_file() -> None:
    assert load(environ={}) == Settings()


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    path = written(tmp_path, '[rest]\nport = 1\nhost = "::1"\n[runtime]\nlease_ms = 9000\n')
    got = load(path, {"MIAODAI_REST_PORT": "2", "MIAODAI_RUNTIME_BATCH_MAX": "7"})
    assert (got.rest.host, got.rest.port) == ("::1", 2)
    assert (got.runtime.lease_ms, got.runtime.batch_max) == (9000, 7)


def test_miaodai_toml_in_the_folder_and_miaodai_config_are_found(tmp_path: Path) -> None:
    (tmp_path / "miaodai.toml").write_text("[rest]\nport = 3\n")
    assert load(environ={}).rest.port == 3
    other = written(tmp_path, "[rest]\nport = 4\n")
    assert load(environ={"MIAODAI_CONFIG": other}).rest.port == 4


def test_the_three_addresses_of_real_clusters() -> None:
    env = {"MIAODAI_DATABASE_URL": "postgresql://h/d", "MIAODAI_REDIS_URL": "redis://h", "RAY_ADDRESS": "auto"}
    got = load(environ=env)
    assert (got.database.url, got.redis.url, got.ray.address) == ("postgresql://h/d", "redis://h", "auto")


def test_lists_of_words_and_of_tables_in_the_environment() -> None:
    rows = '[{"id": "m1", "kind": "hmac", "banks": ["B001"], "operations": ["apply"]}]'
    got = load(environ={"MIAODAI_RUNTIME_DEDICATED": "kind:loan, bank:B001", "MIAODAI_CHANNELS": rows})
    assert got.runtime.dedicated == ("kind:loan", "bank:B001")
    assert [(c.id, c.banks) for c in got.channels] == [("m1", ("B001",))]


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("[rest]\nprot = 1\n", "rest.port"),
        ("[data_base]\nurl = ''\n", "database"),
        ("[outside.core]\ntimeout = 1\n", "outside.core.timeout_ms"),
        ("[[channels]]\nid='a'\nkind='hmac'\nbank=[]\n", "channels.0.banks"),
        ("[[esb.listeners]]\ncharsets='x'\n", "esb.listeners.0.charset"),
    ],
)
def test_unknown_keys_are_refused_and_the_nearest_named(tmp_path: Path, text: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=nearest):
        load(written(tmp_path, text), {})


def test_unknown_variables_are_refused_and_the_nearest_named() -> None:
    with pytest.raises(SettingsError, match="MIAODAI_REST_PORT"):
        load(environ={"MIAODAI_REST_PROT": "1"})


@pytest.mark.parametrize(
    "text",
    [
        "[rest]\nport = 70000\n",
        "[rest]\nport = 'x'\n",
        "rest = 5\n",
        "[runtime]\nlease_ms = 1000\nrenew_ms = 900\n",
        "[database]\nurl = 'mysql://x'\n",
        "[secrets]\nmaster_key = 'short'\n",
        f"[[channels]]\nid='a'\nkind='hmac'\n{NOTHING}[[channels]]\nid='a'\nkind='esb'\n{NOTHING}",
        f"[[channels]]\nid='a'\nkind='hmac'\nsecret='short'\n{NOTHING}",
        f"[[channels]]\nid='a'\nkind='fax'\n{NOTHING}",
        "[[channels]]\nid='a'\nkind='hmac'\n",
        "[runtime]\ndedicated = ['loan']\n",
        "[esb]\nhost = '0.0.0.0'\n",
        f"[[channels]]\nid='a'\nkind='hmac'\nsigned=false\n{NOTHING}",
        "not toml",
    ],
)
def test_bad_values_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError):
        load(written(tmp_path, text), {})


def test_a_named_file_must_exist() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        load("nowhere.toml", {})


def test_every_key_has_a_variable_of_its_own() -> None:
    names = [environment_name(keys) for keys in leaves()]
    assert len(set(names)) == len(names) > 40


def test_what_is_shown_hides_secrets_and_reads_back(tmp_path: Path) -> None:
    env = {"MIAODAI_DATABASE_URL": "postgresql://u:hunter2@h/d", "MIAODAI_SECRETS_MASTER_KEY": "ab" * 32}
    text = to_toml(masked(load(environ=env)))
    assert "hunter2" not in text
    assert "abab" not in text
    assert "u:***@h" in text
    plain = Settings()
    assert load(written(tmp_path, to_toml(msgspec.to_builtins(plain))), {}) == plain


def test_the_master_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path / "var"))
    key = master_key(settings)
    assert len(key) == 32
    assert master_key(settings) == key
    assert stat.S_IMODE((tmp_path / "var" / "master.key").stat().st_mode) == 0o600
    secrets = {channel_secret(key, channel) for channel in settings.channels}
    assert len(secrets) == len(settings.channels)


def test_channels_reach_the_fronts_with_key_or_digest_of_token(tmp_path: Path) -> None:
    signed, token, esb, trial = channels(Settings(), bytes(32))
    assert (signed.kind, token.kind, esb.kind) == ("hmac", "bearer", "esb")
    assert len(signed.secret) == 64
    assert (token.secret, len(token.token_sha256)) == (b"", 64)
    assert signed.secret != esb.secret
    assert (trial.secret, trial.operations) == (b"", ("list_products",))


def test_a_damaged_master_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("zz")
    with pytest.raises(SettingsError):
        master_key(Settings(data_dir=str(tmp_path)))
