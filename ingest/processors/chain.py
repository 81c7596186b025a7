"""How processors are found: by short name, entry point or dotted path."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from semcache.errors import ConfigurationError
from semcache.settings import Settings
from semcache_ingest.events import Event

ENTRY_POINTS = "semcache.processors"
SHIPPED = {
    "redact": "semcache_ingest.processors.redact:Redact",
    "lateness": "semcache_ingest.processors.lateness:Lateness",
    "filter": "semcache_ingest.processors.filter:Filter",
}


class Processor(Protocol):
    """Passes an event on, changed or not; None drops it. Raise `Quarantine` to dead-letter the record."""

    def __call__(self, event: Event, /) -> Event | None: ...


def load_processors(settings: Settings) -> tuple[Processor, ...]:
    """The chain of `ingest.processors`. A class, or a function marked with `from_settings`, is given the settings.

    Raises:
        ConfigurationError: a name is unknown or does not load.
    """
    return tuple(_load(name, settings) for name in settings.ingest.processors)


def from_settings(factory: Callable[[Settings], Processor]) -> Callable[[Settings], Processor]:
    """Marks a function that takes the settings and returns the processor."""
    cast(Any, factory).from_settings = True
    return factory


def _load(name: str, settings: Settings) -> Processor:
    found = _find(name)
    if isinstance(found, type) or getattr(found, "from_settings", False):
        return cast(Processor, found(settings))
    if not callable(found):
        raise ConfigurationError(f"ingest.processors: {name!r} is not callable")
    return cast(Processor, found)


def _find(name: str) -> Any:
    try:
        for entry in () if name in SHIPPED else entry_points(group=ENTRY_POINTS, name=name):
            return entry.load()
        module, _, attribute = SHIPPED.get(name, name).partition(":")
        if attribute:
            return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"ingest.processors: {name!r} does not load: {error}") from error
    known = sorted({*SHIPPED, *(entry.name for entry in entry_points(group=ENTRY_POINTS))})
    raise ConfigurationError(f"ingest.processors: {name!r} is neither one of {known} nor `module:callable`")
