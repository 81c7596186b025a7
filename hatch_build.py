"""Build hook of the wheel: ingest/ and ui/ are installed as semcache_ingest and semcache_ui.

A project of a user's own may have a package `ui` or `ingest`; none has these names. An editable install finds links to
the folders in packages/ instead.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSTALLED_AS = {"ingest": "semcache_ingest", "ui": "semcache_ui"}


class Hook(BuildHookInterface[Any]):
    """Names the folders for a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"] |= INSTALLED_AS
