"""All settings, and the only reader of the environment.

Sources, strongest first: arguments of `Settings(...)`, environment variables (`SEMCACHE_REDIS_URL`,
`SEMCACHE_CACHE_MAX_ERROR_RATE`, ...: section, underscore, field; with `_FILE` behind it, the name of a file
that holds the value), `semcache.toml` (in the working directory, or the file that SEMCACHE_CONFIG names), the
running dev stack (`semcache up`), defaults.
"""

from semcache.settings.app import UiSettings
from semcache.settings.library import (
    CacheSettings,
    EmbedSettings,
    LlmSettings,
    MemorySettings,
    RedisSettings,
    SealSettings,
)
from semcache.settings.log import ExtractSettings, IngestSettings, KafkaSettings, TableMapping
from semcache.settings.section import Section
from semcache.settings.settings import Settings, as_environment, java_home, load_settings

__all__ = [
    "CacheSettings",
    "EmbedSettings",
    "ExtractSettings",
    "IngestSettings",
    "KafkaSettings",
    "LlmSettings",
    "MemorySettings",
    "RedisSettings",
    "SealSettings",
    "Section",
    "Settings",
    "TableMapping",
    "UiSettings",
    "as_environment",
    "java_home",
    "load_settings",
]
