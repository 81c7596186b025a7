"""Items of a store in Redis: how they are named, written, read and found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import redis
from langgraph.checkpoint.serde.base import SerializerProtocol
from numpy.typing import NDArray

from semcache.adapters.langgraph.records import between, pack, unpack
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.keys import escape, unescape
from semcache.store.lua import script
from semcache.store.vectors import VectorSet, blob, neighbours

_PAGE = 200
_SWEPT_AT_ONCE = 64
_EFFORT = 1_000_000  # vectors that a search looks at for those below a namespace

Namespace = tuple[str, ...]


class Name(NamedTuple):
    """An item's namespace and key."""

    namespace: Namespace
    key: str

    @property
    def id(self) -> str:
        """`label/label/:key`, escaped: the items below a namespace are one range of these."""
        return f"{prefix_of(self.namespace)}:{escape(self.key)}"

    @classmethod
    def of(cls, id: str) -> Name:
        labels, _, key = id.rpartition("/:")
        return cls(tuple(map(unescape, labels.split("/"))), unescape(key))


def prefix_of(namespace: Namespace) -> str:
    return "".join(f"{escape(label)}/" for label in namespace)


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it lies in Redis; `ttl_ms` is the lifetime it was given, None = for ever."""

    name: Name
    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    ttl_ms: int | None


class Items:
    """The items of a store. All keys are in one slot; each write is one script."""

    def __init__(self, client: redis.Redis, store: str, serde: SerializerProtocol) -> None:
        self._redis = client
        self._store = store
        self._serde = serde
        self._keys = [kind.build(namespace=store) for kind in keys.GRAPH_STORE]
        self._items, self._created, self._updated, self._names, _, self._elements = self._keys

    def put(
        self, name: Name, value: Mapping[str, Any], *, ttl_ms: int | None, vectors: Sequence[Any], fingerprint: str
    ) -> None:
        """Stores an item with its vectors, in place of the one of that name, whose time of creation stays."""
        type_, data = self._serde.dumps_typed(dict(value))
        blobs = [blob(vector, len(vector)) for vector in vectors if np.any(vector)]
        arguments = [name.id, pack([type_, ttl_ms], data), "" if ttl_ms is None else ttl_ms, _attributes(name)]
        with guarded():
            script("graph_item_put")(
                self._redis, keys=[*self._keys, self._vectors(fingerprint)], args=[*arguments, *blobs]
            )

    def remove(self, name: Name) -> None:
        with guarded():
            script("graph_item_put")(self._redis, keys=[*self._keys, self._vectors("")], args=[name.id, "", "", ""])

    def sweep(self) -> int:
        """Removes what has expired; how many."""
        swept, removed = 0, _SWEPT_AT_ONCE
        while removed == _SWEPT_AT_ONCE:
            with guarded():
                removed = script("graph_item_sweep")(self._redis, keys=self._keys, args=[_SWEPT_AT_ONCE])
            swept += removed
        return swept

    def touch(self, items: Sequence[StoredItem]) -> None:
        """Begins the lifetimes of items anew."""
        arguments = [part for item in items if item.ttl_ms is not None for part in (item.name.id, item.ttl_ms)]
        if arguments:
            with guarded():
                script("graph_item_touch")(self._redis, keys=self._keys, args=arguments)

    def read(self, ids: Sequence[str]) -> list[StoredItem | None]:
        """The items of these ids; None for one that is not there."""
        if not ids:
            return []
        with guarded(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(self._items, list(ids))
            pipe.zmscore(self._created, list(ids))
            pipe.zmscore(self._updated, list(ids))
            rows = zip(ids, *pipe.execute(), strict=True)
        return [None if stored is None else self._item(id, stored, *times) for id, stored, *times in rows]

    def _item(self, id: str, stored: bytes, created: float | None, updated: float | None) -> StoredItem:
        (type_, ttl_ms), (data,) = unpack(stored)
        value = self._serde.loads_typed((type_, data))
        return StoredItem(Name.of(id), value, _time(created), _time(updated), ttl_ms)

    def below(self, namespace: Namespace) -> Iterator[StoredItem]:
        """The items of a namespace and those below it, the newest update first."""
        with guarded():
            found: Any = self._redis.zrangebylex(self._names, *self._range(namespace))
            times: Any = self._redis.zmscore(self._updated, found) if found else []
        ordered = sorted(zip(times, found, strict=True), key=lambda row: (row[0] or 0.0, row[1]), reverse=True)
        ids = [id.decode() for _, id in ordered]
        for start in range(0, len(ids), _PAGE):
            yield from (item for item in self.read(ids[start : start + _PAGE]) if item is not None)

    @staticmethod
    def _range(namespace: Namespace) -> tuple[str | bytes, str | bytes]:
        return between(prefix_of(namespace)) if namespace else ("-", "+")

    def namespaces(self) -> list[Namespace]:
        """Those that have items, each found by jumping over the items of the last."""
        found: list[Namespace] = []
        low: str | bytes = "-"
        while True:
            with guarded():
                first: Any = self._redis.zrangebylex(self._names, low, "+", start=0, num=1)
            if not first:
                return found
            found.append(Name.of(first[0].decode()).namespace)
            low = between(prefix_of(found[-1]) + ":")[1]

    def without_vectors(self, items: Sequence[StoredItem]) -> list[StoredItem]:
        """Those of the items that have no vector."""
        if not items:
            return []
        with guarded():
            held: Any = self._redis.hmget(self._elements, [item.name.id for item in items])
        return [item for item, where in zip(items, held, strict=True) if where is None]

    def nearest(
        self, namespace: Namespace, vector: NDArray[np.float32], fingerprint: str, *, count: int
    ) -> tuple[dict[str, float], bool]:
        """Item id -> its best cosine, best first, from the `count` nearest vectors; and whether these are all."""
        found = VectorSet(self._redis, self._vectors(fingerprint), dim=len(vector))
        command = found.search_command(vector, count=count, effort=max(count, 200))
        if namespace:
            command += ["FILTER", _label_filter(namespace), "FILTER-EF", _EFFORT]
        with guarded():
            near = neighbours(self._redis.execute_command(*command))
        best: dict[str, float] = {}
        for element, cosine in near:
            best.setdefault(element.rpartition("#")[0], cosine)
        return best, len(near) < count

    def _vectors(self, fingerprint: str) -> str:
        return keys.GRAPH_VECTORS.build(namespace=self._store, fingerprint=fingerprint)


def _time(at: float | None) -> datetime:
    return datetime.fromtimestamp(at or 0.0, UTC)


def _attributes(name: Name) -> str:
    """A namespace as attributes of a vector: n0, n1 ... are tokens of its labels, safe in a filter expression."""
    return json.dumps({f"n{n}": _token(label) for n, label in enumerate(name.namespace)})


def _label_filter(namespace: Namespace) -> str:
    return " and ".join(f'.n{n} == "{_token(label)}"' for n, label in enumerate(namespace))


def _token(label: str) -> str:
    return hashlib.blake2b(label.encode(), digest_size=8).hexdigest()
