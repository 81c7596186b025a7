"""`redisvl.extensions.cache.llm.SemanticCache` on Redis without a search module."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal, TypeGuard

import redis
from redisvl.extensions.cache.llm.base import BaseLLMCache
from redisvl.extensions.cache.llm.schema import CacheEntry
from redisvl.query.filter import FilterExpression
from redisvl.redis.utils import hashify
from redisvl.utils.utils import current_timestamp
from redisvl.utils.vectorize import BaseVectorizer

from semcache.adapters.redisvl import entries
from semcache.adapters.redisvl.asynchronous import AsyncForms
from semcache.adapters.redisvl.budget import Budget
from semcache.adapters.redisvl.filters import predicate
from semcache.adapters.redisvl.index import Index
from semcache.adapters.redisvl.opening import check_schema, opened
from semcache.adapters.redisvl.vectorizers import embedder_of, vectorizer_of
from semcache.errors import InvalidInput
from semcache.inputs import count, duration
from semcache.store.records import Fields, NearRecord, Records

Decision = Literal["threshold", "budget"]

_CONSIDERED = 16  # near records among which the budget chooses
_UNSAFE = (
    "decision='threshold' serves whatever is near enough, as redisvl does: also the answer to another question in "
    "similar words. decision='budget' serves within max_error_rate, and decision='threshold', given, ends this warning"
)


class SemanticCache(AsyncForms, BaseLLMCache):
    """redisvl's SemanticCache: the same arguments, methods and dicts; vectors are in a vector set.

    `decision`: "threshold" serves what lies within `distance_threshold`, a cosine distance of 0..2, as redisvl does.
    "budget" serves of that only what semcache has learned to be right but for `max_error_rate`; it needs the prompt,
    and gives at most one hit. A hit begins the entry's own lifetime anew, unless `refresh_ttl_on_hit` is False. Filters
    are of Tag and Num. The constructor asks Redis what the name was opened with, unless `create_index` is False.

    Raises:
        ValueError: an argument is out of its range, or the name was opened with others (see `overwrite`).
        TypeError: the vectorizer is none.
        RedisUnavailable: Redis does not answer; as every method.
    """

    def __init__(
        self,
        name: str = "llmcache",
        distance_threshold: float = 0.1,
        ttl: int | None = None,
        vectorizer: BaseVectorizer | None = None,
        filterable_fields: list[dict[str, Any]] | None = None,
        redis_client: redis.Redis | None = None,
        redis_url: str = "redis://localhost:6379",
        connection_kwargs: dict[str, Any] | None = None,
        overwrite: bool = False,
        create_index: bool = True,
        *,
        decision: Decision | None = None,
        max_error_rate: float = 0.02,
        refresh_ttl_on_hit: bool = True,
        dtype: str | None = None,
    ) -> None:
        if overwrite and not create_index:
            raise InvalidInput("create_index=False leaves what is there alone, and overwrite=True does not: give one")
        if decision not in (None, "threshold", "budget"):
            raise InvalidInput(f'decision is "threshold" or "budget", not {decision!r}')
        if dtype is not None:
            warnings.warn("dtype is deprecated: the vectorizer decides", DeprecationWarning, stacklevel=2)
        self._vectorizer = vectorizer_of(vectorizer, dtype)
        self._client = opened(redis_client, redis_url, connection_kwargs)
        super().__init__(
            name, ttl, redis_client=self._client, redis_url=redis_url, connection_kwargs=connection_kwargs or {}
        )
        self._owns_redis_client = redis_client is None
        self._fields = entries.filterable(name, filterable_fields)
        self._refreshes = refresh_ttl_on_hit
        self._create_index = create_index
        self.set_threshold(distance_threshold)
        self._records = Records(self._client, "cache", name, dim=self._vectorizer.dims)
        self._index = Index(self.delete, self._records, name, self._vectorizer, filterable_fields)
        self._budget = self._budget_of(max_error_rate) if decision == "budget" else None
        if decision is None:
            warnings.warn(_UNSAFE, UserWarning, stacklevel=2)
        if create_index:
            declared = {field.name: field.type for field in self._fields.values()}
            check_schema(self._records, self._vectorizer, declared, overwrite=overwrite, what=name)

    def _budget_of(self, max_error_rate: float) -> Budget:
        embedder = embedder_of(self._vectorizer)
        return Budget(self._client, self.name, embedder=embedder, max_error_rate=max_error_rate)

    def __repr__(self) -> str:
        return f"SemanticCache(name={self.name!r}, distance_threshold={self.distance_threshold}, ttl={self.ttl})"

    @property
    def index(self) -> Index:
        """What stands for the search index: its schema, whether it exists, and its end."""
        return self._index

    @property
    def distance_threshold(self) -> float:
        """The cosine distance, 0..2, up to which entries are near."""
        return self._distance_threshold

    def set_threshold(self, distance_threshold: float) -> None:
        """Sets the cosine distance, 0..2, up to which entries are near."""
        self._distance_threshold = _checked_distance(distance_threshold)

    def check(
        self,
        prompt: str | None = None,
        vector: list[float] | None = None,
        num_results: int = 1,
        return_fields: list[str] | None = None,
        filter_expression: FilterExpression | None = None,
        distance_threshold: float | None = None,
    ) -> list[dict[str, Any]]:
        """The entries that may be served for a prompt or its vector, nearest first; an empty list is a miss.

        Raises:
            ValueError: neither prompt nor vector is given, the vector has another length, or the filter is not of Tag
                and Num.
            TypeError: `return_fields` is no list.
        """
        if return_fields and not isinstance(return_fields, list):
            raise TypeError("Return fields must be a list of values.")
        wanted = predicate(filter_expression, self._fields)
        distance = self._distance_threshold if distance_threshold is None else _checked_distance(distance_threshold)

        def near(most: int) -> list[NearRecord]:
            return self._records.near(self._vector(prompt, vector), distance=distance, count=most, wanted=is_wanted)

        def is_wanted(fields: Fields) -> bool:
            return wanted(entries.compared(fields))

        def there(id: str, away: float) -> NearRecord | None:
            [fields] = self._records.read([id])
            servable = fields is not None and away <= distance and is_wanted(fields)
            return NearRecord(id, away, fields) if fields is not None and servable else None

        most = count("num_results", num_results)
        if self._budget is None:
            served = near(most)
        elif not prompt:
            raise InvalidInput("decision='budget' decides by the prompt: give it, not its vector alone")
        else:
            asked = (prompt, str(filter_expression or ""))
            found = self._budget.served(asked, lambda: near(_CONSIDERED), None if _given(vector) else there)
            served = [found] if found else []
        if self._refreshes:
            ends = {record.id: entries.ttl_of(record.fields) or self._ttl for record in served}
            self._records.touch({id: ttl for id, ttl in ends.items() if ttl is not None})
        return [entries.hit_of(near, self._records.key(near.id), self._fields, return_fields) for near in served]

    def store(
        self,
        prompt: str,
        response: str,
        vector: list[float] | None = None,
        metadata: dict[str, Any] | None = None,
        filters: dict[str, Any] | None = None,
        ttl: int | None = None,
    ) -> str:
        """Stores an answer in place of the one to the same prompt with the same filters; its key. `ttl` in seconds.

        Raises:
            ValueError: the vector has another length; the metadata is no dict (pydantic's ValidationError).
        """
        lifetime = self._ttl if ttl is None else duration("ttl", ttl)
        entry = CacheEntry(
            entry_id=hashify(prompt, filters),
            prompt=prompt,
            response=response,
            prompt_vector=[],
            metadata=metadata,
            filters=filters,
        )
        id, fields = str(entry.entry_id), entries.fields_of(entry, lifetime)
        key = self._records.put(id, self._vector(prompt, vector), fields, ttl_s=lifetime)
        if self._budget is not None:
            self._budget.keep(id, fields, ttl_s=lifetime)
        return key

    def update(self, key: str, **changes: Any) -> None:
        """Changes fields of an entry and begins its lifetime anew; nothing happens if it is gone. Its vector stays.

        Raises:
            ValueError: there is no such field.
            TypeError: the metadata is no dict.
        """
        id, written = self._id(key), entries.changed_fields(changes, self._fields)
        [before] = self._records.read([id])
        if before is None:
            return
        if changes and self._records.change(id, {**written, "updated_at": repr(current_timestamp())}):
            self._learn_again(id, before, {**before, **written})
        self.expire(key)

    def expire(self, key: str, ttl: int | None = None) -> None:
        """Begins the lifetime of an entry anew: `ttl` seconds, its own, or the cache's."""
        id = self._id(key)
        [fields] = self._records.read([id])
        if fields is not None and (lifetime := ttl or entries.ttl_of(fields) or self._ttl):
            self._records.touch({id: lifetime})

    def drop(self, ids: Sequence[str] | None = None, keys: Sequence[str] | None = None) -> None:
        """Removes entries by id or key; raises ValueError if neither is given."""
        if ids is None and keys is None:
            raise InvalidInput("At least one of ids or keys must be provided.")
        dropped = [*(ids or ()), *map(self._id, keys or ())]
        if self._budget is not None:
            for id, fields in zip(dropped, self._records.read(dropped), strict=True):
                if fields is not None:
                    self._budget.drop(id, fields)
        self._records.drop(dropped)

    def clear(self) -> None:
        """Removes all entries."""
        if self._budget is not None:
            self._budget.drop_all([fields for fields in self._records.read(self._records.ids()) if fields is not None])
        self._records.clear()

    def delete(self) -> None:
        """Removes all entries, and what the name was opened with."""
        if not self._create_index:
            raise InvalidInput("with create_index=False the cache is not this object's to delete: clear() empties it")
        self.clear()
        self._records.set_schema(None)

    def disconnect(self) -> None:
        """Closes the connection, unless it was passed in. The cache can be used again."""
        if self._owns_redis_client:
            self._client.close()

    def __enter__(self) -> SemanticCache:
        return self

    def __exit__(self, *error: object) -> None:
        self.disconnect()

    def _vector(self, prompt: str | None, vector: list[float] | None) -> list[float]:
        if _given(vector):
            return vector
        if not prompt:
            raise InvalidInput("Either prompt or vector must be specified.")
        if not isinstance(prompt, str):
            raise TypeError("Prompt must be a string.")
        made: list[float] = self._vectorizer.embed(prompt)
        return made

    def _learn_again(self, id: str, before: Fields, after: Fields) -> None:
        if self._budget is not None:
            self._budget.drop(id, before)
            self._budget.keep(id, after, ttl_s=entries.ttl_of(after))

    def _id(self, key: str) -> str:
        if (id := self._records.id_of(key)) is None:
            raise InvalidInput(f"{key!r} is no key of an entry of {self.name!r}")
        return id


def _checked_distance(distance: float) -> float:
    if not 0 <= float(distance) <= 2:
        raise InvalidInput(f"Distance must be between 0 and 2, got {distance}")
    return float(distance)


def _given(vector: list[float] | None) -> TypeGuard[list[float]]:
    return vector is not None and len(vector) > 0
