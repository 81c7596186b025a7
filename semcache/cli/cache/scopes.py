"""The scopes that a `semcache cache` command is about, found by their items; one cache among them when one is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import redis
import typer

from semcache.cache import CacheOptions, Entry, SemanticCache, Stats
from semcache.cache.entries import Entries
from semcache.cache.entries.stats import INVALIDATED, stats_of
from semcache.cache.scope import Scope
from semcache.cache.scopes.catalogue import matching, scopes
from semcache.embed import open_embedder
from semcache.errors import InvalidInput
from semcache.settings import Settings, load_settings
from semcache.store.connect import connect

LONGEST = 60  # characters of a text in a table

Namespace = Annotated[str | None, typer.Option(help="Instead of the one in the settings.", show_default=False)]
ScopeItems = Annotated[
    list[str] | None,
    typer.Option("--scope", help="Only scopes with this item; may be repeated.", metavar="NAME=VALUE"),
]


@dataclass(frozen=True, slots=True)
class Found:
    """The scopes that a command is about."""

    client: redis.Redis
    settings: Settings
    scopes: list[Scope]

    def each(self) -> Iterator[tuple[Scope, Entries]]:
        """Each scope with its entries."""
        return ((scope, Entries(self.client, scope.id)) for scope in self.scopes)

    def stats(self) -> list[tuple[Scope, Stats]]:
        """Each scope with its statistics."""
        return [(scope, stats_of(entries)) for scope, entries in self.each()]

    def entries(self, *, tag: str | None, source: str | None) -> Iterator[tuple[Scope, Entry]]:
        """The answers with the tag and from the source, as far as given, scope by scope."""
        for scope, entries in self.each():
            for entry in (
                entries.all() if tag is None and source is None else entries.read(ids_of(entries, tag, source))
            ):
                yield scope, entry

    def remove(self, *, entry_id: str | None, tag: str | None, source: str | None) -> int:
        """Removes the answer with the id, or those with the tag, or from the source, in every scope."""
        return sum(
            entries.remove([entry_id] if entry_id is not None else ids_of(entries, tag, source), counter=INVALIDATED)
            for _, entries in self.each()
        )

    def cache(self) -> SemanticCache:
        """The one scope that is meant, with the embedder of the settings."""
        embedder = open_embedder(self.settings.embed, model_dir=self.settings.model_dir)
        meant = [scope for scope in self.scopes if scope.embedder == embedder.fingerprint]
        if len(meant) != 1:
            known = "; ".join(label(scope) for scope in meant) or "none is made with the embedder of the settings"
            raise InvalidInput(f"{len(meant)} scopes match ({known}): name one by --scope NAME=VALUE")
        return open_cache(self.client, self.settings, namespace=meant[0].namespace, items=dict(meant[0].items))


def open_cache(client: redis.Redis, settings: Settings, *, namespace: str, items: Mapping[str, str]) -> SemanticCache:
    """The cache of a scope, which may be new, as the settings shape it."""
    return SemanticCache(
        client,
        embedder=open_embedder(settings.embed, model_dir=settings.model_dir),
        namespace=namespace,
        scope=items,
        max_error_rate=settings.cache.max_error_rate,
        ttl=settings.cache.ttl_s,
        options=CacheOptions(
            max_entries=settings.cache.max_entries, refresh_ttl_on_hit=settings.cache.refresh_ttl_on_hit
        ),
    )


def ids_of(entries: Entries, tag: str | None, source: str | None) -> list[str]:
    """Ids with the tag and from the source, as far as given."""
    found = [set(ids) for ids in (tag and entries.by_tag(tag), source and entries.by_source(source)) if ids is not None]
    return sorted(set.intersection(*found)) if found else []


@contextmanager
def opened(items: list[str] | None, namespace: str | None) -> Iterator[Found]:
    """The scopes of the namespace that have these items.

    Raises:
        InvalidInput: items were given and no scope has them.
    """
    with connected() as (client, settings):
        known = scopes(client, namespace or settings.namespace)
        yield Found(client, settings, matching(known, parsed(items)))


@contextmanager
def connected() -> Iterator[tuple[redis.Redis, Settings]]:
    """The Redis of the settings, closed at the end."""
    settings = load_settings()
    client = connect(settings.redis.url, timeout_s=settings.redis.timeout_s)
    try:
        yield client, settings
    finally:
        client.close()


def parsed(items: list[str] | None) -> dict[str, str]:
    """NAME=VALUE options as a mapping."""
    found = {}
    for item in items or ():
        name, equals, value = item.partition("=")
        if not (name and equals and value):
            raise InvalidInput(f"--scope takes NAME=VALUE, not {item!r}")
        found[name] = value
    return found


def label(scope: Scope) -> str:
    """A scope's items on one line."""
    return " ".join(f"{name}={short(value)}" for name, value in scope.items) or "(no items)"


def named(scope: Scope) -> dict[str, Any]:
    """What a row about a scope begins with."""
    return {"scope": label(scope), "scope_id": scope.id, "items": dict(scope.items), "embedder": scope.embedder}


def short(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
