"""The stores: LangGraph's long-term memory in Redis, with search by meaning on vector sets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import redis
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    validate_op_namespace,
)

from semcache.adapters.langgraph.indexing import Index, Vectors
from semcache.adapters.langgraph.items import Items, Name, StoredItem
from semcache.adapters.langgraph.matching import matches, passes
from semcache.adapters.langgraph.opening import open_client
from semcache.errors import InvalidInput
from semcache.inputs import check_id, duration
from semcache.store.vectors import MAX_COUNT

_SWEEP_MINUTES = 5

_log = logging.getLogger(__name__)


class RedisStore(BaseStore):
    """Keeps items by namespace and key; synchronous, and asynchronous by threads.

    As InMemoryStore, except that `created_at` stays when an item is put again, returned values are copies, a
    namespace without items is not listed, a search without a query gives the newest update first, and an item that
    has expired is never returned.
    """

    supports_ttl = True

    def __init__(
        self,
        conn: redis.Redis | str,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        cluster_mode: bool | None = None,
        store_prefix: str = "default",
        vector_prefix: str = "",
        serde: SerializerProtocol | None = None,
    ) -> None:
        """`index`: what is embedded, and how; `{"embed": None}` is semcache's own embedder. `ttl`: in minutes.
        `store_prefix`: the namespace of the keys. `serde`: `SealedSerializer` keeps values secret; vectors and names
        stay readable. `vector_prefix` is accepted and has no effect. Nothing is sent to Redis yet.

        Raises:
            InvalidInput: the client cannot be used, or `cluster_mode` is asked for.
        """
        if cluster_mode:
            raise InvalidInput("cluster_mode is not supported: a store's keys share one slot, give one server's client")
        url, client = (conn, None) if isinstance(conn, str) else (None, conn)
        self._redis, self._owned = open_client(url, client)
        self._items = Items(self._redis, check_id("store_prefix", store_prefix), serde or JsonPlusSerializer())
        self._index = None if index is None else Index(index)
        self.ttl_config = ttl
        self._sweeper: threading.Thread | None = None
        self._stopped = threading.Event()

    @classmethod
    @contextlib.contextmanager
    def from_conn_string(cls, conn_string: str, **options: Any) -> Iterator[RedisStore]:
        """A store whose sweeper and connections are ended at the end; options as the constructor's."""
        store = cls(conn_string, **options)
        try:
            yield store
        finally:
            store.close()

    def setup(self) -> None:
        """Does nothing: there are no indexes to create."""

    async def asetup(self) -> None:
        """Does nothing, as `setup`."""

    def close(self) -> None:
        """Ends the sweeper, and the connections, unless the client was passed in."""
        self.stop_ttl_sweeper()
        if self._owned:
            self._redis.close()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Runs operations: all reads see what was there before, then of the puts of one item the last is applied."""
        asked = _checked(ops)
        return self._run(asked, self._index.embed(self._wanted(asked)) if self._index else {})

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As `batch`."""
        asked = _checked(ops)
        vectors = await self._index.aembed(self._wanted(asked)) if self._index else {}
        return await asyncio.to_thread(self._run, asked, vectors)

    def _wanted(self, ops: Sequence[Op]) -> list[tuple[str, str]]:
        assert self._index is not None
        return self._index.wanted(_puts(ops).values(), (op for op in ops if isinstance(op, SearchOp)))

    def _run(self, ops: Sequence[Op], vectors: Vectors) -> list[Result]:
        self._items.sweep()
        results = [self._read(op, vectors) for op in ops]
        for name, put in _puts(ops).items():
            self._put(name, put, vectors)
        return results

    def _read(self, op: Op, vectors: Vectors) -> Result:
        if isinstance(op, GetOp):
            return self._get(op)
        if isinstance(op, SearchOp):
            return self._search(op, vectors)
        return self._list_namespaces(op) if isinstance(op, ListNamespacesOp) else None

    def _get(self, op: GetOp) -> Item | None:
        (found,) = self._items.read([Name(op.namespace, str(op.key)).id])
        if found is None:
            return None
        if op.refresh_ttl:
            self._items.touch([found])
        return Item(
            value=found.value,
            key=found.name.key,
            namespace=found.name.namespace,
            created_at=found.created_at,
            updated_at=found.updated_at,
        )

    def _put(self, name: Name, op: PutOp, vectors: Vectors) -> None:
        if op.value is None:
            self._items.remove(name)
            return
        ttl_ms = None if op.ttl is None else round(duration("ttl * 60", op.ttl * 60) * 1000)
        texts = self._index.texts(op) if self._index else []
        self._items.put(
            name,
            op.value,
            ttl_ms=ttl_ms,
            vectors=[vectors["passage", text] for text in texts],
            fingerprint=self._index.fingerprint if self._index else "",
        )

    def _search(self, op: SearchOp, vectors: Vectors) -> list[SearchItem]:
        if op.query and ("query", op.query) in vectors:
            found = self._by_meaning(op, vectors)
        else:
            below = (item for item in self._items.below(op.namespace_prefix) if passes(item.value, op.filter))
            found = [(None, item) for item in islice(below, op.offset, op.offset + op.limit)]
        if op.refresh_ttl:
            self._items.touch([item for _, item in found])
        return [_search_item(score, item) for score, item in found]

    def _by_meaning(self, op: SearchOp, vectors: Vectors) -> list[tuple[float | None, StoredItem]]:
        """The items of the best cosines; items without a vector fill what is left."""
        scored = self._nearest(op, vectors)[op.offset : op.offset + op.limit]
        found: list[tuple[float | None, StoredItem]] = [*scored]
        if len(found) < op.limit:
            below = [item for item in self._items.below(op.namespace_prefix) if passes(item.value, op.filter)]
            rest = self._items.without_vectors(below)
            found += [(None, item) for item in rest[: op.limit - len(found)]]
        return found

    def _nearest(self, op: SearchOp, vectors: Vectors) -> list[tuple[float, StoredItem]]:
        """Nearest first; more vectors are asked for until enough items pass the filter, or there are no more."""
        assert self._index is not None
        wanted = op.offset + op.limit
        count, complete = min(2 * wanted + 20, MAX_COUNT), False
        passed: list[tuple[float, StoredItem]] = []
        while len(passed) < wanted and not complete:
            best, complete = self._items.nearest(
                op.namespace_prefix, vectors["query", str(op.query)], self._index.fingerprint, count=count
            )
            items = zip(best.values(), self._items.read(list(best)), strict=True)
            passed = [(score, item) for score, item in items if item and passes(item.value, op.filter)]
            complete = complete or count == MAX_COUNT
            count = min(4 * count, MAX_COUNT)
        return passed

    def _list_namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        found = (namespace for namespace in self._items.namespaces() if matches(namespace, op.match_conditions))
        cut = sorted({namespace[: op.max_depth] for namespace in found})
        return cut[op.offset : op.offset + op.limit]

    def sweep_ttl(self) -> int:
        """Removes expired items now; how many. Each batch does so too."""
        return self._items.sweep()

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> None:
        """Sweeps from time to time in a thread, until `stop_ttl_sweeper`; a second call does nothing."""
        if self._sweeper is None:
            minutes = sweep_interval_minutes or (self.ttl_config or {}).get("sweep_interval_minutes") or _SWEEP_MINUTES
            self._stopped.clear()
            self._sweeper = threading.Thread(target=self._sweep_on, args=(minutes * 60,), daemon=True)
            self._sweeper.start()

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Ends the thread; whether it has ended."""
        self._stopped.set()
        if self._sweeper is not None:
            self._sweeper.join(timeout)
            if self._sweeper.is_alive():
                return False
            self._sweeper = None
        return True

    def _sweep_on(self, interval_s: float) -> None:
        while not self._stopped.wait(interval_s):
            try:
                self._items.sweep()
            except Exception as error:  # noqa: BLE001  the top of the loop: the next round may succeed
                _log.warning("expired items are not swept: %s", error)


class AsyncRedisStore(RedisStore):
    """The same store, opened by `async with AsyncRedisStore.from_conn_string(url)`."""

    @classmethod
    @contextlib.asynccontextmanager
    async def from_conn_string(  # type: ignore[override]
        cls, conn_string: str, **options: Any
    ) -> AsyncIterator[AsyncRedisStore]:
        """A store whose sweeper and connections are ended at the end; options as the constructor's."""
        store = cls(conn_string, **options)
        try:
            yield store
        finally:
            await asyncio.to_thread(store.close)


def _checked(ops: Iterable[Op]) -> list[Op]:
    """The operations; raises InvalidNamespaceError and ValueError as LangGraph does."""
    asked = list(ops)
    for op in asked:
        if not isinstance(op, GetOp | SearchOp | PutOp | ListNamespacesOp):
            raise ValueError(f"Unknown operation type: {type(op)}")  # noqa: TRY004  as LangGraph's stores
        validate_op_namespace(op)
        if isinstance(op, GetOp | PutOp) and not op.namespace:
            raise InvalidNamespaceError("Namespace cannot be empty.")
    return asked


def _puts(ops: Sequence[Op]) -> dict[Name, PutOp]:
    return {Name(op.namespace, str(op.key)): op for op in ops if isinstance(op, PutOp)}


def _search_item(score: float | None, item: StoredItem) -> SearchItem:
    return SearchItem(
        namespace=item.name.namespace,
        key=item.name.key,
        value=item.value,
        created_at=item.created_at,
        updated_at=item.updated_at,
        score=score,
    )
