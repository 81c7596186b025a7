"""The decision within a rate of errors: of what is near, the record that a `semcache.SemanticCache` would serve."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import redis
from cachetools import LRUCache

from semcache.adapters.redisvl.entries import filters_of
from semcache.cache import Hit, SemanticCache, StoreOptions
from semcache.embed import Embedder
from semcache.store.records import Fields, NearRecord

Asked = tuple[str, str]
"""A prompt, and the text of the filter that goes with it, or empty."""
There = Callable[[str, float], NearRecord | None]
"""The record with an id, at a cosine distance of the prompt, if it is there and may be served."""
_MOST_SCOPES = 8  # that one check looks into, those of the nearest records first


class Budget:
    """Answers beside the records, one scope for each set of filter values: they learn what may be served."""

    def __init__(self, client: redis.Redis, name: str, *, embedder: Embedder, max_error_rate: float) -> None:
        self._cache = SemanticCache(
            client,
            namespace="redisvl",
            scope={"redisvl": name},
            embedder=embedder,
            ttl=None,
            max_error_rate=max_error_rate,
            refresh_ttl_on_hit=True,
        )
        self._inner: LRUCache[str, SemanticCache] = LRUCache(256)
        self._last: LRUCache[Asked, str] = LRUCache(4_096)

    def keep(self, id: str, fields: Fields, *, ttl_s: float | None) -> None:
        """Learns from an answer, and keeps its question."""
        options = StoreOptions(metadata={"record": id}, tags=[id], ttl=ttl_s)
        self._of(fields).store(fields["prompt"], fields["response"], options=options)
        self._last[fields["prompt"], ""] = _scope(fields)

    def drop(self, id: str, fields: Fields) -> None:
        self._of(fields).invalidate(tag=id)

    def served(self, asked: Asked, near: Callable[[], Sequence[NearRecord]], there: There | None) -> NearRecord | None:
        """The near record that may be served for the prompt, or None.

        Where the very same was served or stored last by this process is looked first, before what is near is fetched,
        if `there` can tell whether a record may still be served.
        """
        prompt, last = asked[0], self._last.get(asked) if there is not None else None
        if there is not None and last is not None:
            if (hit := self._hit(last, prompt)) and (found := there(_record_of(hit), 1.0 - hit.similarity)):
                return found
            self._last.pop(asked, None)
        records = near()
        by_id = {record.id: record for record in records}
        scopes = list(dict.fromkeys(_scope(record.fields) for record in records))
        for scope in scopes[:_MOST_SCOPES]:
            if scope != last and (hit := self._hit(scope, prompt)) and (found := by_id.get(_record_of(hit))):
                self._last[asked] = scope
                return found
        return None

    def drop_all(self, records: Sequence[Fields]) -> None:
        """Empties the scopes of these records."""
        for fields in {_scope(fields): fields for fields in records}.values():
            self._of(fields).clear()

    def _hit(self, scope: str, prompt: str) -> Hit | None:
        found = self._in(scope).lookup(prompt)
        return found if isinstance(found, Hit) else None

    def _of(self, fields: Fields) -> SemanticCache:
        return self._in(_scope(fields))

    def _in(self, scope: str) -> SemanticCache:
        if (known := self._inner.get(scope)) is None:
            known = self._inner[scope] = self._cache.within({"filters": scope})
        return known


def _scope(fields: Fields) -> str:
    return json.dumps(filters_of(fields), sort_keys=True)


def _record_of(hit: Hit) -> str:
    return str(hit.metadata.get("record"))
