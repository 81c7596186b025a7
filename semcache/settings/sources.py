"""Where settings come from besides semcache.toml: the environment, and the running dev stack."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from semcache.errors import ConfigurationError
from semcache.settings.section import FILE_SUFFIX, Section, content_of

PREFIX = "SEMCACHE_"
CONFIG = "SEMCACHE_CONFIG"
"""The variable that names another file than ./semcache.toml."""


_SERVICE = re.compile(r"_(service_host|service_port\w*|port_\d+_(tcp|udp)\w*)$")
"""What Kubernetes tells every pod of a Service whose name begins with `semcache`."""


class Environment(EnvSettingsSource):
    """Variables; one that ends in `_FILE`, and is no setting itself, names the file that holds the value.

    Raises:
        ConfigurationError: a variable with our prefix is no setting, or a file cannot be read.
    """

    def _load_env_vars(self) -> Mapping[str, str | None]:
        given, fields = super()._load_env_vars(), _variables(self.settings_cls)
        ours = {name for name in given if name.startswith(PREFIX.lower()) and not _SERVICE.search(name)} - fields
        files = {name for name in ours if name.endswith(FILE_SUFFIX) and name.removesuffix(FILE_SUFFIX) in fields}
        for name in sorted(ours - files - {CONFIG.lower()}):
            raise ConfigurationError(f"{name.upper()} is no setting{nearest(name.upper(), map(str.upper, fields))}")
        inside = {name.removesuffix(FILE_SUFFIX): content_of(given[name] or "", name.upper()) for name in files}
        return {name: value for name, value in given.items() if name not in files} | inside


def names_of(settings: type[BaseSettings]) -> Iterator[tuple[str, ...]]:
    """The names of all settings: (section, field), or one name for a setting that is in no section."""
    for name, about in settings.model_fields.items():
        kind = about.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from ((name, field) for field in kind.model_fields)
        else:
            yield (name,)


def _variables(settings: type[BaseSettings]) -> set[str]:
    """The variable of every section and of every setting, in lower case."""
    names = {"_".join(name) for name in names_of(settings)} | set(settings.model_fields)
    return {f"{PREFIX}{name}".lower() for name in names}


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?`, if something known is spelt nearly so."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f"; did you mean {found[0]}?" if found else ""


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
