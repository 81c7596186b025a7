"""Settings: sources, their order, and what happens to wrong ones."""

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigurationError
from semcache.settings import Settings, as_environment, load_settings
from semcache.settings.section import redacted
from semcache.store.connect import connect


@pytest.fixture(autouse=True)
def _empty_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMCACHE_DATA_DIR", str(tmp_path / "data"))


def test_argument_beats_environment_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The strongest source wins, field by field."""
    (tmp_path / "semcache.toml").write_text('[cache]\nmax_error_rate = 0.1\nttl_s = 60\n[llm]\nmodel = "m"\n')
    monkeypatch.setenv("SEMCACHE_CACHE_MAX_ERROR_RATE", "0.05")
    assert load_settings().cache.max_error_rate == 0.05
    settings = load_settings(cache_max_error_rate=0.01)
    assert (settings.cache.max_error_rate, settings.cache.ttl_s, settings.llm.model) == (0.01, 60, "m")


def test_running_dev_stack_is_found(tmp_path: Path) -> None:
    """The servers that `semcache up` started are used unless something else is said."""
    (tmp_path / "data").mkdir()
    state = {"redis": {"url": "redis://127.0.0.1:7/0", "pid": 1}, "kafka": {"bootstrap_servers": "127.0.0.1:8"}}
    (tmp_path / "data" / "stack.json").write_text(json.dumps(state))
    settings = load_settings()
    assert (settings.redis.url, settings.kafka.bootstrap_servers) == ("redis://127.0.0.1:7/0", "127.0.0.1:8")
    assert load_settings(redis_url="redis://other:1").redis.url == "redis://other:1"


def test_damaged_stack_file_is_no_error(tmp_path: Path) -> None:
    """A half-written state file leaves the defaults."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stack.json").write_text('{"redis": {"url"')
    assert load_settings().redis.url == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ({"cache_max_error_rate": 0.7}, "cache.max_error_rate.*less than or equal to 0.5"),
        ({"cache_ttl_s": -1}, "cache.ttl_s.*greater than 0"),
        ({"cache_typo": 1}, "cache.typo: there is no such setting"),
        ({"unknown": 1}, "unknown"),
        ({"namespace": ""}, "namespace"),
    ],
)
def test_wrong_settings_are_named(override: dict[str, object], says: str) -> None:
    """A wrong value or an unknown name is refused with its name."""
    with pytest.raises(ConfigurationError, match=says):
        load_settings(**override)


def test_unreadable_toml_is_named(tmp_path: Path) -> None:
    """A file that is no TOML is an error that names it."""
    (tmp_path / "semcache.toml").write_text("[cache\n")
    with pytest.raises(ConfigurationError, match=r"semcache\.toml"):
        load_settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API key does not appear when settings are printed."""
    monkeypatch.setenv("SEMCACHE_LLM_API_KEY", "sk-very-secret")
    settings = load_settings()
    assert "sk-very-secret" not in repr(settings)
    assert settings.llm.api_key.get_secret_value() == "sk-very-secret"


@pytest.mark.parametrize(
    ("variable", "content", "read"),
    [
        ("LLM_API_KEY", "sk-1\n", lambda s: s.llm.api_key.get_secret_value() == "sk-1"),
        ("REDIS_URL", "rediss://u:p@h:1/0", lambda s: s.redis.url == "rediss://u:p@h:1/0"),
        ("KAFKA_CLIENT", '{"sasl.password": "p"}\n', lambda s: s.kafka.properties("admin") == {"sasl.password": "p"}),
        ("SEAL_KEYS", '{"k1": "x"}', lambda s: s.seal.keys["k1"].get_secret_value() == "x"),
        ("NAMESPACE", "prod", lambda s: s.namespace == "prod"),
    ],
)
def test_a_value_may_be_in_a_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    content: str,
    read: Callable[[Settings], bool],
) -> None:
    """`SEMCACHE_..._FILE` names the file of any setting, as Docker and Kubernetes mount secrets."""
    (tmp_path / "secret").write_text(content)
    monkeypatch.setenv(f"SEMCACHE_{variable}_FILE", str(tmp_path / "secret"))
    assert read(load_settings())


def test_a_setting_that_is_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ui.login_file` is a path itself; a secret's file that is missing is named with its variable."""
    monkeypatch.setenv("SEMCACHE_UI_LOGIN_FILE", str(tmp_path / "login.toml"))
    assert load_settings().ui.login_file == tmp_path / "login.toml"
    monkeypatch.setenv("SEMCACHE_LLM_API_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match=r"SEMCACHE_LLM_API_KEY_FILE.*nowhere"):
        load_settings()


def test_a_table_in_a_variable_that_is_no_json_is_told_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comma too many is a ConfigurationError, and the password in it is not shown."""
    monkeypatch.setenv("SEMCACHE_KAFKA_CLIENT", '{"sasl.password": "hunter2",}')
    with pytest.raises(ConfigurationError, match="kafka") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


SECRET = "hunter2"
WRONG = [
    ("KAFKA_CLIENT", json.dumps({"sasl.password": [SECRET]}), "kafka.client.sasl.password"),
    ("KAFKA_CONSUMER", json.dumps([SECRET]), "kafka.consumer"),
    ("INGEST_SCHEMA_REGISTRY", json.dumps({"basic.auth.user.info": {"u": SECRET}}), "ingest.schema_registry"),
    ("REDIS_PASSWORD", SECRET, "SEMCACHE_REDIS_PASSWORD is no setting"),
    ("LLM_API_KYE", SECRET, "did you mean SEMCACHE_LLM_API_KEY"),
    ("LLM_API_KEY", json.dumps({"key": SECRET})[:-1], ""),
    ("SEAL_KEYS", json.dumps({"k": [SECRET]}), "seal.keys"),
    ("REDIS_TIMEOUT_S", SECRET, "redis.timeout_s"),
    ("UI_ADMINS", SECRET, "ui"),
    ("KAFKA_GROUP_PROTOCOL", SECRET, "kafka.group_protocol"),
]


@pytest.mark.parametrize(("variable", "value", "says"), WRONG, ids=[name for name, _, _ in WRONG])
def test_no_value_is_ever_printed(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str) -> None:
    """A wrong type, a misspelt name, broken JSON: the name and what is expected, for a value may be a password."""
    monkeypatch.setenv(f"SEMCACHE_{variable}", value)
    try:
        shown = repr(load_settings())
    except ConfigurationError as error:
        shown = "".join(traceback.format_exception(error))
        assert says in shown
    else:
        assert says == ""
    assert SECRET not in shown


def test_a_misspelt_name_in_the_file_is_told_the_right_one(tmp_path: Path) -> None:
    """In semcache.toml too, and without what stands behind it."""
    (tmp_path / "semcache.toml").write_text(f'[llm]\napi_kye = "{SECRET}"\n')
    with pytest.raises(
        ConfigurationError, match=r"llm\.api_kye: there is no such setting; did you mean llm\.api_key\?"
    ) as it:
        load_settings()
    assert SECRET not in str(it.value)


@given(st.text(min_size=1), st.sampled_from(["redis", "rediss", "https", "redis+sentinel", "unix"]))
def test_a_password_in_a_url_is_never_shown(password: str, scheme: str) -> None:
    """Whatever stands before the last `@` is left out, of a representation too."""
    url = f"{scheme}://user:{password}@host:1/0"
    assert redacted(url) == f"{scheme}://***@host:1/0"
    assert repr(load_settings(redis_url=url).redis).startswith(f"RedisSettings(url='{scheme}://***@host:1/0'")


@pytest.mark.parametrize("password", ["aGVs/d29ybGQ=", "p@ss", "p#w", "p?w", "a/b@c:d"])
@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+sentinel", "redis-sentinel", "no"])
def test_an_address_that_is_not_understood_is_told_without_its_password(password: str, scheme: str) -> None:
    """`connect` names what is wrong with a URL, and no part of what may be secret in it."""
    try:
        connect(f"{scheme}://app:{password}@h:port/0")
    except ConfigurationError as error:
        shown = "".join(traceback.format_exception(error))
    for part in re.split(r"[/@#?:]", password):
        assert len(part) < 3 or part not in shown


def test_what_kubernetes_says_of_a_service_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Service named `semcache` puts its address into the environment of every pod."""
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT_8080_TCP", "PORT_8080_TCP_ADDR"):
        monkeypatch.setenv(f"SEMCACHE_{name}", "10.0.0.1")
    assert load_settings().namespace == "default"


def test_a_child_reads_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was given, as argument, in the environment or in a file, a child process has it too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "semcache.toml").write_text('[cache]\nttl_s = 7\n[[ingest.debezium]]\ntable = "a"\ntext = "{b}"\n')
    monkeypatch.setenv("SEMCACHE_UI_ADMINS", '["ann"]')
    monkeypatch.setenv("SEMCACHE_LLM_MODEL", "of the parent")
    given = load_settings(
        namespace="n s", redis_url="unix:///x", kafka_bootstrap_servers="", llm_model="mine", llm_api_key="k",
        seal_keys={"k1": "c2VjcmV0"}, cache_max_entries=3, ui_login_file=tmp_path / "login.toml",
        kafka_client={"a.b": "c"},
    )  # fmt: skip
    child = as_environment(given)
    for name in [name for name in os.environ if name.startswith("SEMCACHE_")]:
        monkeypatch.delenv(name)
    (tmp_path / "semcache.toml").unlink()
    for name, value in child.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == given
