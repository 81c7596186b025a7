"""Where settings come from besides semcache.toml: the environment, and the running dev stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from semcache.settings.section import FILE_SUFFIX, Section, content_of

PREFIX = "SEMCACHE_"


class Environment(EnvSettingsSource):
    """Variables; one that ends in `_FILE`, and is no setting itself, names the file that holds the value."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        given, fields = super()._load_env_vars(), set(_variables(self.settings_cls))
        files = {name for name in given if name.endswith(FILE_SUFFIX) and name.startswith(PREFIX.lower())} - fields
        inside = {name.removesuffix(FILE_SUFFIX): content_of(given[name] or "", name.upper()) for name in files}
        return {name: value for name, value in given.items() if name not in files} | inside


def _variables(settings: type[BaseSettings]) -> list[str]:
    """The variable of every field, in lower case."""
    names = []
    for name, field in settings.model_fields.items():
        kind = field.annotation
        inner = list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, Section) else [""]
        names += [f"{PREFIX}{name}_{each}".rstrip("_").lower() for each in inner]
    return names


class DevStackSource(PydanticBaseSettingsSource):
    """Addresses of the servers that `semcache up` started, from stack.json in the data directory."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        try:
            state = json.loads((self._data_dir() / "stack.json").read_text())
        except (OSError, ValueError):
            return {}
        return {
            section: {field: state[section][field]}
            for section, field in (("redis", "url"), ("kafka", "bootstrap_servers"))
            if state.get(section, {}).get(field)
        }

    def _data_dir(self) -> Path:
        return Path(self.current_state.get("data_dir") or self.settings_cls.model_fields["data_dir"].default)
