"""What a section of the settings is, and what in it is secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from semcache.errors import ConfigurationError

FILE_SUFFIX = "_file"
"""Behind a name: the value is in the file that is named. How Docker and Kubernetes hand out secrets."""


class Section(BaseModel):
    """One table of semcache.toml."""

    model_config = ConfigDict(extra="forbid", validate_default=True, protected_namespaces=())


class _Address(str):
    """A URL that is shown without the user and password in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(redacted(self))


Url = Annotated[str, AfterValidator(_Address)]
Properties = dict[str, SecretStr]
"""Properties of a client: any of them may be a password."""


def opened(properties: Mapping[str, SecretStr]) -> dict[str, str]:
    """Properties as the client takes them."""
    return {name: value.get_secret_value() for name, value in properties.items()}


def redacted(url: str) -> str:
    """The URL without user and password: without whatever stands before its last `@`, nor those of its query."""
    open_ = re.sub(r"(?<=://).*@", "***@", url, flags=re.DOTALL)
    return re.sub(r"((?:password|username)=)[^&]*", r"\1***", open_)


def content_of(path: str, setting: str) -> str:
    """A secret's file, without the line break at its end."""
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{setting}: the file {path} cannot be read: {error}") from error
