"""The decision within a rate of errors: of what is near, the record that a `semcache.SemanticCache` would serve."""

from __future__ import annotations

import json
from collections.abc import Sequence

import redis

from semcache.adapters.redisvl.entries import filters_of
from semcache.cache import Hit, SemanticCache, StoreOptions
from semcache.embed import Embedder
from semcache.store.records import Fields, NearRecord

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

    def keep(self, id: str, fields: Fields, *, ttl_s: float | None) -> None:
        """Learns from an answer, and keeps its question."""
        options = StoreOptions(metadata={"record": id}, tags=[id], ttl=ttl_s)
        self._of(fields).store(fields["prompt"], fields["response"], options=options)

    def drop(self, id: str, fields: Fields) -> None:
        self._of(fields).invalidate(tag=id)

    def served(self, prompt: str, near: Sequence[NearRecord]) -> NearRecord | None:
        """The one of the near records that may be served for the prompt, or None."""
        by_id, looked = {record.id: record for record in near}, set[str]()
        for record in near:
            scope = _scope(record.fields)
            if scope in looked or len(looked) == _MOST_SCOPES:
                continue
            looked.add(scope)
            hit = self._of(record.fields).lookup(prompt)
            if isinstance(hit, Hit) and (found := by_id.get(str(hit.metadata.get("record")))):
                return found
        return None

    def drop_all(self, records: Sequence[Fields]) -> None:
        """Empties the scopes of these records."""
        for fields in {_scope(fields): fields for fields in records}.values():
            self._of(fields).clear()

    def _of(self, fields: Fields) -> SemanticCache:
        return self._cache.within({"filters": _scope(fields)})


def _scope(fields: Fields) -> str:
    return json.dumps(filters_of(fields), sort_keys=True)
