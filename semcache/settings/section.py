"""What a section of the settings is, and a secret that is kept in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from semcache.errors import ConfigurationError

FILE_SUFFIX = "_file"
"""Behind a name: the value is in the file that is named. How Docker and Kubernetes hand out secrets."""


class Section(BaseModel):
    """One table of semcache.toml."""

    model_config = ConfigDict(extra="forbid", validate_default=True, protected_namespaces=())


def content_of(path: str, setting: str) -> str:
    """A secret's file, without the line break at its end."""
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{setting}: the file {path} cannot be read: {error}") from error
