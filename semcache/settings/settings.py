"""All settings together: read from their sources, and written for a child process."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from semcache.errors import ConfigurationError
from semcache.settings.app import UiSettings
from semcache.settings.library import (
    CacheSettings,
    EmbedSettings,
    LlmSettings,
    MemorySettings,
    RedisSettings,
    SealSettings,
)
from semcache.settings.log import DecisionSettings, ExtractSettings, IngestSettings, KafkaSettings
from semcache.settings.section import Section
from semcache.settings.server import OtelSettings, ServerSettings
from semcache.settings.sources import CONFIG, PREFIX, DevStackSource, Environment, names_of, nearest


class Settings(BaseSettings):
    """Everything that can be set. Unknown names are an error."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
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
    decisions: DecisionSettings = DecisionSettings()
    seal: SealSettings = SealSettings()
    ui: UiSettings = UiSettings()
    server: ServerSettings = ServerSettings()
    otel: OtelSettings = OtelSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, Path(os.environ.get(CONFIG, "semcache.toml")))
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
        raise ConfigurationError(f"{os.environ.get(CONFIG, 'semcache.toml')} is not TOML: {error}") from error
    except SettingsError as error:  # a variable that has to be JSON is none; the cause would show the value
        raise ConfigurationError(f"settings are wrong: {error}: a table or list in a variable is JSON") from None
    except ValidationError as error:
        lines = [f"  {_told(wrong['loc'], wrong['type'], wrong['msg'])}" for wrong in error.errors()]
        raise ConfigurationError("settings are wrong:\n" + "\n".join(lines)) from None  # the cause would show values


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables from which a child process reads these very settings, secrets included; in place of ours."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX) or name == CONFIG}
    found: dict[str, object] = {}
    for name, value in settings:
        # model_fields and not dict(value): a section may have a field named `keys`
        fields = (
            {field: getattr(value, field) for field in type(value).model_fields}
            if isinstance(value, Section)
            else {"": value}
        )
        found |= {f"{PREFIX}{name}_{field}".rstrip("_").upper(): inner for field, inner in fields.items()}
    return others | {name: _written(value) for name, value in found.items() if value is not None}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value, default=_plain)


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else _written(value)


def _told(where: Sequence[int | str], kind: str, message: str) -> str:
    """The name of a setting and what is expected of it; never what was given, which may be a secret."""
    name = ".".join(map(str, where))
    return (
        f"{name}: there is no such setting{nearest(name, map('.'.join, names_of(Settings)))}"
        if kind == "extra_forbidden"
        else f"{name}: {message}"
    )


def _nest(overrides: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in overrides.items():
        section, _, field = name.partition("_")
        if name in Settings.model_fields or section not in Settings.model_fields or not field:
            nested[name] = value
        else:
            nested.setdefault(section, {})[field] = value
    return nested
