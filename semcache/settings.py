"""All settings, and the only reader of the environment.

Sources, strongest first: arguments of `Settings(...)`, environment variables (`SEMCACHE_REDIS_URL`,
`SEMCACHE_CACHE_MAX_ERROR_RATE`, ...: section, underscore, field; with `_FILE` behind it, the name of a file
that holds the value), `semcache.toml` (in the working directory, or the file that SEMCACHE_CONFIG names), the
running dev stack (`semcache up`), defaults.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from semcache.errors import ConfigurationError

_PREFIX = "SEMCACHE_"
_CONFIG = "SEMCACHE_CONFIG"
_FILE = "_file"
"""Behind a name: the value is in the file that is named. How Docker and Kubernetes hand out secrets."""


class Section(BaseModel):
    """One table of semcache.toml."""

    model_config = ConfigDict(extra="forbid", validate_default=True, protected_namespaces=())


class RedisSettings(Section):
    """Where Redis >= 8 with vector sets is."""

    url: str = Field("redis://127.0.0.1:6379/0", description="redis://, rediss:// or unix:// URL")
    timeout_s: float = Field(5.0, gt=0, description="socket timeout, seconds")
    embedding_cache_ttl_s: int = Field(
        0, ge=0, description="keep embeddings in Redis for that long, shared by processes; 0 = in-process LRU only"
    )


class KafkaSettings(Section):
    """Where Kafka is, and what its topics are called."""

    bootstrap_servers: str = Field("127.0.0.1:9092", description="host:port, comma separated")
    conversations_topic: str = Field("semcache.conversations", description="turns, feedback, erasures; key = user")
    knowledge_topic: str = Field("semcache.knowledge", description="document changes; compacted; key = document id")
    partitions: int = Field(4, gt=0, description="partitions of a topic that is made; one worker may read each")
    replication_factor: int = Field(-1, description="replicas of a topic that is made; -1 = the broker's default")
    retention_days: float = Field(
        30.0, ge=0, description="conversations are kept for that long, dead letters three times as long; 0 = for ever"
    )
    min_insync_replicas: int = Field(
        0, ge=0, description="`min.insync.replicas` of a topic that is made; 0 = the broker's default"
    )
    group_protocol: Literal["consumer", "classic"] = Field(
        "consumer",
        description="how workers share partitions: `consumer` (KIP-848, Kafka 4.0 or newer), or `classic` for older "
        "brokers, Redpanda and WarpStream",
    )
    outbox_max_bytes: int = Field(
        64 * 2**20, gt=0, description="what was said in the chat waits in Redis until Kafka has it; at most so much"
    )
    client: dict[str, str] = Field(
        default_factory=dict,
        description="librdkafka properties of every client, for example SASL and TLS; `<property>_file` names a file "
        "that holds the value",
    )
    consumer: dict[str, str] = Field(default_factory=dict, description="more of them, for consumers")
    producer: dict[str, str] = Field(default_factory=dict, description="more of them, for producers")
    admin: dict[str, str] = Field(default_factory=dict, description="more of them, for admin clients")
    token_callback: str = Field(
        "",
        pattern=r"^([\w.]+:[\w.]+)?$",
        description="`module:callable` that returns (token, expiry in seconds since the epoch) for SASL OAUTHBEARER, "
        "such as AWS MSK IAM; it is given `sasl.oauthbearer.config`",
    )

    def properties(self, role: Literal["consumer", "producer", "admin"]) -> dict[str, Any]:
        """The properties of a client of that role, with what is in files and the callback for tokens.

        Raises:
            ConfigurationError: a file cannot be read, or `token_callback` does not load.
        """
        given: dict[str, str] = self.client | getattr(self, role)
        found: dict[str, Any] = {
            name.removesuffix(_FILE): _content(value, f"kafka.{role}") if name.endswith(_FILE) else value
            for name, value in given.items()
        }
        return found | ({"oauth_cb": _callable(self.token_callback)} if self.token_callback else {})


class EmbedSettings(Section):
    """The embedding model."""

    model: str = Field(
        "bge-small-en-v1.5-q",
        description="a registry name (`bge-small-en-v1.5-q`, `all-minilm-l6-v2-q` (fast), `e5-small-v2-q`, "
        "`bge-small-en-v1.5`), `onnx:<dir>`, `hf:<name>` or `openai:<model>`",
    )
    threads: int = Field(0, ge=0, description="texts embedded at once; 0 = one for each core")
    lru_bytes: int = Field(33_554_432, ge=0, description="memory for embeddings kept in the process, bytes")
    base_url: str = Field("https://api.openai.com/v1", description="endpoint of `openai:<model>`")
    api_key: SecretStr = Field(SecretStr(""), description="key of that endpoint")
    timeout_s: float = Field(30.0, gt=0, description="seconds that endpoint may take")
    max_retries: int = Field(2, ge=0, description="retries on its connection errors, 429 and 5xx")


class LlmSettings(Section):
    """The language model. Without a `model` the built-in extractive answerer is used."""

    model: str = Field("extractive", description="`extractive` (no LLM), or a model name of the endpoint")
    base_url: str = Field("https://api.openai.com/v1", description="any OpenAI-compatible endpoint")
    api_key: SecretStr = Field(SecretStr(""), description="key of the endpoint")
    timeout_s: float = Field(30.0, gt=0, description="seconds to the first token, and between tokens")
    max_retries: int = Field(2, ge=0, description="retries on connection errors, 429 and 5xx")
    max_tokens: int = Field(800, gt=0, description="longest answer, tokens")
    temperature: float = Field(0.0, ge=0, le=2, description="sampling temperature")
    system_prompt: str = Field(
        "You answer from the given sources and memories. Cite them by their id. "
        "If they do not contain the answer, say that you do not know.",
        description="part of the cache scope: another prompt is another cache",
    )
    calls_per_minute: int = Field(60, ge=0, description="LLM calls a user may cause in a minute; 0 = no limit")


class CacheSettings(Section):
    """The semantic cache."""

    max_error_rate: float = Field(0.02, ge=0, le=0.5, description="share of wrong answers accepted among those served")
    ttl_s: float = Field(86_400.0, gt=0, description="lifetime of an entry, seconds")
    max_entries: int | None = Field(None, gt=0, description="evict the least used beyond this many; none = no cap")
    refresh_ttl_on_hit: bool = Field(False, description="a hit restarts the entry's lifetime")
    idle_ttl_s: float = Field(
        2_592_000.0,
        gt=0,
        description="how long statistics and what was learned outlive the last use of a scope, seconds",
    )
    judge: Literal["likeness", "llm"] = Field(
        "likeness",
        description="who compares new answers with stored ones: their likeness, or the language model (a call behind "
        "each miss that has neighbours)",
    )


class MemorySettings(Section):
    """The agent memory."""

    session_ttl_s: float = Field(7 * 86_400.0, gt=0, description="lifetime of a session's window, seconds")
    window_max_tokens: int = Field(1_500, gt=0, description="session window put into a prompt, tokens")
    max_turns: int | None = Field(
        None, gt=0, description="turns a user may have; beyond it the oldest that are not pinned leave; none = no cap"
    )
    max_age_days: float | None = Field(
        None, gt=0, description="older turns leave with the next that is written, unless pinned; none = never"
    )

    @property
    def max_age_s(self) -> float | None:
        """`max_age_days` in seconds."""
        return None if self.max_age_days is None else 86_400 * self.max_age_days


class TableMapping(Section):
    """How the rows of one table become documents: change data capture by Debezium or Airbyte."""

    table: str = Field(min_length=1, description="`articles`, `public.articles`, `db.public.articles`, or the topic")
    id: str = Field("id", min_length=1, description="column of the document's id, or a template: `articles-{id}`")
    text: str = Field(min_length=1, description="template of the text: `{name}: {body}`")
    title: str = Field("", description="column of the title, or a template")
    version: str = Field("", description="column that grows with each change; default: place in the source's log")
    namespace: str = Field("", description="namespace of the documents; default: the installation's")
    epoch: int = Field(
        0,
        ge=0,
        description="raise it when the source numbers its log anew, as after a fail-over, and that is not noticed",
    )


class IngestSettings(Section):
    """The ingestor (semcache-ingest)."""

    group: str = Field("semcache-ingest", description="consumer group")
    batch_size: int = Field(500, gt=0, description="records taken at once")
    max_text_bytes: int = Field(262_144, gt=0, description="longer texts are dead-lettered as oversize")
    max_future_s: float = Field(
        86_400.0, ge=0, description="events that claim to happen later than so long from now are dead-lettered, seconds"
    )
    stalled_after_s: float = Field(
        300.0, ge=0, description="/healthz fails when one batch has been retried for so long, seconds; 0 = never"
    )
    durability: Literal["memory", "aof", "replica"] = Field(
        "memory", description="what Redis has done before an offset is committed: applied, fsynced, replicated"
    )
    http_port: int = Field(0, ge=0, le=65_535, description="port of /healthz, /readyz and /metrics; 0 = off")
    http_host: str = Field("127.0.0.1", description="address of /healthz, /readyz and /metrics")
    topics: list[str] = Field(
        default_factory=list, description="more topics to read, for example those of change data capture"
    )
    debezium: list[TableMapping] = Field(
        default_factory=list, description="tables whose rows become documents: `[[ingest.debezium]]`"
    )
    schema_registry: dict[str, str] = Field(
        default_factory=dict,
        description="client properties of a Schema Registry (`url`, `basic.auth.user.info`, ...): records that name a "
        "JSON Schema are checked against it; empty = the frame is skipped",
    )
    processors: list[str] = Field(
        default_factory=list,
        description="what events pass through, in order: `redact`, `lateness`, `filter`, an entry point's name, or "
        "`module:callable`",
    )
    phone_region: str = Field(
        "", pattern="^([A-Z]{2})?$", description="processor `redact`: country of phone numbers without a +, such as US"
    )
    max_lateness_s: float = Field(300.0, gt=0, description="processor `lateness`: later events are counted and flagged")
    drop_late: bool = Field(False, description="processor `lateness`: late events are dropped, not only flagged")
    filter: str = Field("", description="processor `filter`: keep events for which this holds: `user != 'probe'`")
    latency_target_s: float = Field(0.5, gt=0, description="batches are cut so that one takes no longer than this")
    rebuild_empty: bool = Field(
        True, description="read the log again from its beginning if Redis has lost everything that was applied"
    )
    revoke_timeout_s: float = Field(10.0, gt=0, description="time to finish what is in flight when partitions move")


class ExtractSettings(Section):
    """Facts read by the language model (`semcache-ingest extract`, a preview); nothing is read unless it runs."""

    group: str = Field("semcache-extract", description="share group, or consumer group where there are no share groups")
    threads: int = Field(4, gt=0, le=64, description="messages read at once")
    attempts: int = Field(
        5, ge=1, le=8, description="deliveries of a message before it is dead-lettered because the model fails on it"
    )


class SealSettings(Section):
    """Sealing of remembered text at rest. `semcache seal keygen` makes the secrets."""

    active: str = Field("", description="id of the key that seals; empty = nothing is sealed")
    keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="the ring: 32 bytes in base64 by key id; all that something is sealed under"
    )
    words: SecretStr = Field(
        SecretStr(""), description="32 bytes in base64 by which words are hidden in the index; stays in a rotation"
    )
    accept_plain: bool = Field(
        False, description="read what was stored before sealing was on, until `semcache seal rotate` has sealed it"
    )
    cache_personal: bool = Field(
        False, description="cache answers that rest on a user's memory although the cache is not sealed"
    )


class UiSettings(Section):
    """The Streamlit app."""

    host: str = Field("127.0.0.1", description="address it binds to; one that other machines reach needs `login_file`")
    port: int = Field(8501, ge=1, le=65_535, description="port it binds to")
    login_file: Path | None = Field(
        None, description="file with Streamlit's `[auth]` table: people sign in through OpenID Connect; none = no login"
    )
    user_claim: str = Field("email", min_length=1, description="claim by which a signed-in person is known as a user")
    admins: list[str] = Field(
        default_factory=list,
        description="values of that claim: they see every user's memory, and change what all share",
    )
    allow_anonymous: bool = Field(
        False, description="bind to any address without login: who reaches the port sees and may do everything"
    )


class Environment(EnvSettingsSource):
    """Variables; one that ends in `_FILE`, and is no setting itself, names the file that holds the value."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        given, fields = super()._load_env_vars(), set(_variables())
        files = {name for name in given if name.endswith(_FILE) and name.startswith(_PREFIX.lower())} - fields
        inside = {name.removesuffix(_FILE): _content(given[name] or "", name.upper()) for name in files}
        return {name: value for name, value in given.items() if name not in files} | inside


def _variables() -> list[str]:
    """The variable of every field, in lower case."""
    names = []
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        inner = list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, Section) else [""]
        names += [f"{_PREFIX}{name}_{each}".rstrip("_").lower() for each in inner]
    return names


def _content(path: str, setting: str) -> str:
    """A secret's file, without the line break at its end."""
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{setting}: the file {path} cannot be read: {error}") from error


def _callable(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"kafka.token_callback: {path!r} does not load: {error}") from error
    if not callable(found):
        raise ConfigurationError(f"kafka.token_callback: {path!r} is not callable")
    return found  # type: ignore[no-any-return]


class DevStackSource(PydanticBaseSettingsSource):
    """Addresses of the servers that `semcache up` started, from stack.json in the data directory."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        try:
            state = json.loads((_data_dir(self.current_state) / "stack.json").read_text())
        except (OSError, ValueError):
            return {}
        return {
            section: {field: state[section][field]}
            for section, field in (("redis", "url"), ("kafka", "bootstrap_servers"))
            if state.get(section, {}).get(field)
        }


class Settings(BaseSettings):
    """Everything that can be set. Unknown names are an error."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="forbid",
        protected_namespaces=(),
        validate_default=True,
    )

    namespace: str = Field("default", min_length=1, max_length=200, description="separates installations on one Redis")
    data_dir: Path = Field(
        Path(platformdirs.user_data_dir("semcache")), description="data and logs of the embedded servers"
    )
    model_dir: Path = Field(
        Path(platformdirs.user_cache_dir("semcache")) / "models", description="downloaded embedding models"
    )
    redis: RedisSettings = RedisSettings()
    kafka: KafkaSettings = KafkaSettings()
    embed: EmbedSettings = EmbedSettings()
    llm: LlmSettings = LlmSettings()
    cache: CacheSettings = CacheSettings()
    memory: MemorySettings = MemorySettings()
    ingest: IngestSettings = IngestSettings()
    extract: ExtractSettings = ExtractSettings()
    seal: SealSettings = SealSettings()
    ui: UiSettings = UiSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, Path(os.environ.get(_CONFIG, "semcache.toml")))
        return init_settings, Environment(settings_cls), toml, DevStackSource(settings_cls)


def java_home() -> Path | None:
    """The Java that the environment names (JAVA_HOME); only the embedded Kafka asks."""
    home = os.environ.get("JAVA_HOME")
    return Path(home) if home else None


def load_settings(**overrides: Any) -> Settings:
    """Settings from all sources; `redis_url=...` is short for `redis={"url": ...}`.

    Raises:
        ConfigurationError: a name is unknown or a value is wrong; the message lists each.
    """
    try:
        return Settings(**_nest(overrides))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{os.environ.get(_CONFIG, 'semcache.toml')} is not TOML: {error}") from error
    except SettingsError as error:  # a variable that has to be JSON is none; the cause would show the value
        raise ConfigurationError(f"settings are wrong: {error}: a table or list in a variable is JSON") from None
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}{_got(e['loc'], e['input'])}" for e in error.errors()]
        raise ConfigurationError("settings are wrong:\n" + "\n".join(lines)) from error


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables from which a child process reads these very settings, secrets included; in place of ours."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX) or name == _CONFIG}
    found: dict[str, object] = {}
    for name, value in settings:
        # model_fields and not dict(value): a section may have a field named `keys`
        fields = (
            {field: getattr(value, field) for field in type(value).model_fields}
            if isinstance(value, Section)
            else {"": value}
        )
        found |= {f"{_PREFIX}{name}_{field}".rstrip("_").upper(): inner for field, inner in fields.items()}
    return others | {name: _written(value) for name, value in found.items() if value is not None}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value, default=_plain)


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else _written(value)


def _got(where: Sequence[int | str], value: Any) -> str:
    """What was given instead, unless it may be a secret."""
    secret = where[:1] == ("seal",) or where[-1:] == ("api_key",)
    return "" if secret else f" (got {value!r})"


def _nest(overrides: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in overrides.items():
        section, _, field = name.partition("_")
        if name in Settings.model_fields or section not in Settings.model_fields or not field:
            nested[name] = value
        else:
            nested.setdefault(section, {})[field] = value
    return nested


def _data_dir(state: dict[str, Any]) -> Path:
    chosen = state.get("data_dir") or Settings.model_fields["data_dir"].default
    return Path(chosen)
