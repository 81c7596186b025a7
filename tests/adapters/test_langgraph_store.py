"""The LangGraph store: as InMemoryStore for any operations, but where it says otherwise."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import redis as redis_py

pytest.importorskip("langgraph.store", reason="make test-adapters has it")

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from langgraph.store.base import GetOp, InvalidNamespaceError, PutOp
from langgraph.store.memory import InMemoryStore

from semcache.adapters.langgraph import AsyncRedisStore, RedisStore, SealedSerializer
from semcache.embed import Embedder
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.checks import check_data
from semcache.store.sealing.ring import KeyRing
from tests.waiting import wait_until

pytestmark = pytest.mark.adapters

LETTERS = "abcdefghijklmnopqrstuvwxyz é"


def letters(texts: list[str]) -> list[list[float]]:
    """Vectors of how often each letter is in a text."""
    return [[1.0 + text.lower().count(letter) for letter in LETTERS] for text in texts]


INDEX: Any = {"dims": len(LETTERS), "embed": letters, "fields": ["text", "notes[*].about"]}


@pytest.fixture
def make(redis: redis_py.Redis) -> Iterator[Callable[..., RedisStore]]:
    """Makes stores with keys of their own, which are gone after the test."""
    made: list[str] = []

    def make(**options: Any) -> RedisStore:
        made.append(f"s{uuid.uuid4().hex[:12]}")
        return RedisStore(redis, store_prefix=made[-1], **options)

    yield make
    for name in made:
        for key in redis.scan_iter(f"sc:*{name}*", count=1000):
            redis.delete(key)


class Machine(RuleBasedStateMachine):
    """Random puts and deletions; after each, every read of both stores is equal."""

    make: Callable[..., RedisStore]

    def __init__(self) -> None:
        super().__init__()
        self.ours = self.make(index=INDEX)
        self.reference = InMemoryStore(index=INDEX)
        self.held: set[tuple[tuple[str, ...], str]] = set()

    labels = st.sampled_from(["u", "ux", "u/", "é:", "1", "2", "*"])
    namespaces = st.lists(labels, min_size=1, max_size=3).map(tuple)
    names = st.sampled_from(["k", "k2", "/:", "é"])
    values = st.fixed_dictionaries(
        {},
        optional={
            "text": st.text(LETTERS, max_size=8).map("t{}".format),
            "n": st.one_of(st.none(), st.integers(0, 4)),
            "m": st.dictionaries(st.sampled_from("yz"), st.integers(0, 1)),
            "tags": st.lists(st.sampled_from("xy"), max_size=2),
            # The reference does not take one text twice.
            "notes": st.sets(st.text(LETTERS, max_size=5), max_size=2).map(
                lambda texts: [{"about": f"n{text}"} for text in sorted(texts)]
            ),
        },
    )

    @rule(namespace=namespaces, key=names, value=values, index=st.sampled_from([None, False, ["n"]]))
    def put(self, namespace: tuple[str, ...], key: str, value: dict[str, Any], index: Any) -> None:
        """An item, new or in place of another."""
        # The reference keeps vectors of paths that the new value does not have.
        for store in (self.ours, self.reference):
            store.delete(namespace, key)
            store.put(namespace, key, value, index=index)
        self.held.add((namespace, key))

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if self.held:
            name = data.draw(st.sampled_from(sorted(self.held)))
            self.held.discard(name)
            for store in (self.ours, self.reference):
                store.delete(*name)

    @invariant()
    def reads_agree(self) -> None:
        """Gets, searches with every kind of filter, and lists of namespaces."""
        for name in self.held:
            ours, reference = self.ours.get(*name), self.reference.get(*name)
            assert ours is not None
            assert reference is not None
            assert ours.value == reference.value
        filters: list[Any] = [
            None,
            {"n": 1},
            {"n": {"$ne": 2}},
            {"m": {"z": 1}},
            {"tags": ["x"]},
            {"text": {"$eq": "t"}},
        ]
        for prefix in ((), ("u",), ("u", "1"), ("é:",)):
            for filter in filters:
                assert _names(self.ours, prefix, filter=filter) == _names(self.reference, prefix, filter=filter)
            wanted = _scores(self.reference, prefix)
            assert _scores(self.ours, prefix) == pytest.approx(wanted, abs=1e-4)

    @invariant()
    def namespaces_agree(self) -> None:
        held = {namespace for namespace, _ in self.held}
        assert self.ours.list_namespaces() == sorted(held)
        for options in ({"prefix": ("u",)}, {"suffix": ("1",)}, {"prefix": ("*", "1")}, {"max_depth": 1}):
            listed = {namespace[: options.get("max_depth")] for namespace in held}
            # The reference lists namespaces whose items are gone.
            wanted = [found for found in self.reference.list_namespaces(**options) if found in listed]
            assert self.ours.list_namespaces(**options) == wanted


def _names(store: Any, prefix: tuple[str, ...], **options: Any) -> set[tuple[tuple[str, ...], str]]:
    found = store.search(prefix, limit=1000, **options)
    names = {(item.namespace, item.key) for item in found}
    assert len(names) == len(found)
    return names


def _scores(store: Any, prefix: tuple[str, ...]) -> dict[Any, float]:
    found = store.search(prefix, query="a beam", limit=1000)
    scores = [item.score for item in found if item.score is not None]
    assert scores == sorted(scores, reverse=True)
    return {(item.namespace, item.key): -9.0 if item.score is None else item.score for item in found}


def test_it_is_the_store_in_memory_for_any_operations(make: Callable[..., RedisStore]) -> None:
    """Random puts and deletions leave both stores with the same contents, scores and namespaces."""
    machine = type("Machine", (Machine,), {"make": staticmethod(make)})
    run_state_machine_as_test(machine, settings=settings(max_examples=10, stateful_step_count=8, deadline=None))


def test_a_batch_reads_before_it_writes(make: Callable[..., RedisStore]) -> None:
    """Reads see the state before the puts of their batch; of two puts of one item the last counts."""
    store = make()
    ops = [PutOp(("b",), "k", {"v": 1}), GetOp(("b",), "k"), PutOp(("b",), "k", {"v": 2})]
    assert store.batch(ops) == [None, None, None]
    found = store.get(("b",), "k")
    assert found is not None
    assert found.value == {"v": 2}


def test_creation_stays_and_values_are_copies(make: Callable[..., RedisStore]) -> None:
    """An item that is put again keeps created_at and is the newest update; changing what was read changes nothing."""
    store = make()
    store.put(("a",), "k", {"v": [1]})
    store.put(("a",), "other", {"v": 0})
    first = store.get(("a",), "k")
    store.put(("a",), "k", {"v": [2]})
    again = store.get(("a",), "k")
    assert first is not None
    assert again is not None
    assert again.created_at == first.created_at
    assert again.updated_at > first.updated_at
    assert [item.key for item in store.search(("a",))] == ["k", "other"]
    again.value["v"].append(3)
    assert store.search(("a",), limit=1)[0].value == {"v": [2]}
    assert store.search(("a",), offset=1)[0].key == "other"


def test_an_expired_item_is_gone_with_its_vector(make: Callable[..., RedisStore], redis: redis_py.Redis) -> None:
    """After its time an item is neither read, found nor listed, and nothing of it is left in Redis."""
    store = make(index=INDEX)
    store.put(("a", "b"), "k", {"text": "gone soon"}, ttl=0.3 / 60)
    store.put(("a",), "stays", {"text": "stays"})
    assert {item.key for item in store.search(("a",), query="gone", refresh_ttl=False)} == {"k", "stays"}
    wait_until("the item has expired", lambda: store.get(("a", "b"), "k", refresh_ttl=False) is None)
    assert store.list_namespaces() == [("a",)]
    assert [item.key for item in store.search(("a",), query="gone")] == ["stays"]
    vectors = next(redis.scan_iter(f"sc:{{gi:{store._items._store}}}:vectors:*"))
    assert redis.execute_command("VCARD", vectors) == 1
    assert redis.hlen(keys.GRAPH_ITEM_ELEMENTS.build(namespace=store._items._store)) == 1


def test_a_read_prolongs_a_life(make: Callable[..., RedisStore], redis: redis_py.Redis) -> None:
    """A read starts an item's time again, unless it is asked not to; the store's default is for all items."""
    store = make(ttl={"default_ttl": 60})
    store.put(("a",), "k", {"v": 1})
    name = keys.GRAPH_ITEMS.build(namespace=store._items._store)
    for refreshes in (False, True):
        redis.execute_command("HPEXPIRE", name, 100_000, "FIELDS", 1, "a/:k")
        store.get(("a",), "k", refresh_ttl=refreshes)
        assert (redis.execute_command("HPTTL", name, "FIELDS", 1, "a/:k")[0] > 3_000_000) is refreshes
    store.put(("a",), "k", {"v": 2}, ttl=None)
    assert redis.execute_command("HPTTL", name, "FIELDS", 1, "a/:k") == [-1]


def test_wrong_namespaces_and_operators_are_refused(make: Callable[..., RedisStore]) -> None:
    """As in LangGraph's own stores, through put and through batch; a comparison with nothing matches nothing."""
    store = make()
    for namespace in ((), ("",), ("a.b",), (1,)):
        with pytest.raises(InvalidNamespaceError):
            store.batch([PutOp(namespace, "k", {})])  # type: ignore[arg-type]
    with pytest.raises(InvalidNamespaceError):
        store.put(("langgraph", "x"), "k", {})
    store.put(("a",), "k", {"n": None})
    with pytest.raises(ValueError, match=r"\$in"):
        store.search(("a",), filter={"n": {"$in": [1]}})
    assert store.search(("a",), filter={"n": {"$gt": 1}}) == []
    assert store.search(("a",), filter={"q": {"$lte": 1}}) == []
    with pytest.raises(InvalidInput, match="one server"):
        make(cluster_mode=True)


def test_a_filter_does_not_hide_what_is_further_away(make: Callable[..., RedisStore]) -> None:
    """Items that pass the filter are found behind hundreds of nearer ones that do not, and of other namespaces."""
    store = make(index=INDEX)
    puts = [PutOp(("n", str(n % 3)), str(n), {"text": "aaaa", "kind": "near"}) for n in range(300)]
    store.batch([*puts, *(PutOp(("n", "0"), f"far{n}", {"text": "zzzz", "kind": "far"}) for n in range(3))])
    found = store.search(("n", "0"), query="aaaa", filter={"kind": "far"}, limit=2, offset=1)
    assert len(found) == 2
    assert all(item.value["kind"] == "far" and item.score is not None for item in found)


def test_semcaches_embedder_finds_by_meaning(make: Callable[..., RedisStore], embedder: Embedder) -> None:
    """With embed=None the default model, or one that was given, finds a paraphrase first."""
    for embed in (None, embedder):
        store = make(index={"embed": embed})
        store.put(("m",), "food", {"text": "I cannot eat anything with nuts"})
        store.put(("m",), "work", {"text": "My office is in Lisbon"})
        found = store.search(("m",), query="food allergies", limit=1)
        assert [item.key for item in found] == ["food"]


def test_from_asyncio_with_an_asynchronous_embedder(redis_url: str) -> None:
    """An asynchronous embedding function is awaited on the caller's loop."""
    loops: set[int] = set()

    async def embed(texts: list[str]) -> list[list[float]]:
        loops.add(id(asyncio.get_running_loop()))
        return letters(texts)

    async def run() -> Any:
        options: Any = {"index": {"dims": len(LETTERS), "embed": embed}, "store_prefix": uuid.uuid4().hex}
        async with AsyncRedisStore.from_conn_string(redis_url, **options) as store:
            await store.asetup()
            await store.aput(("a",), "k", {"text": "zebra"})
            await store.aput(("a",), "l", {"text": "mouse"})
            found = await store.asearch(("a",), query="zebra", limit=1)
            for key in ("k", "l"):
                await store.adelete(("a",), key)
            return [item.key for item in found], loops == {id(asyncio.get_running_loop())}

    assert asyncio.run(run()) == (["k"], True)


def test_sealed_values_are_unreadable(make: Callable[..., RedisStore], redis: redis_py.Redis) -> None:
    """With a sealing serializer no value is found in Redis, and it is read again."""
    ring = KeyRing({"k": os.urandom(32)}, active="k", words=os.urandom(32))
    store = make(serde=SealedSerializer(ring))
    store.put(("a",), "k", {"text": "a secret of Ada"})
    for key in redis.scan_iter(f"sc:{{gi:{store._items._store}}}*", count=1000):
        assert b"secret of Ada" not in redis.dump(key)
    assert store.search(("a",))[0].value == {"text": "a secret of Ada"}


def test_its_keys_are_declared_and_few(make: Callable[..., RedisStore], redis: redis_py.Redis) -> None:
    """A thousand items are seven keys, all of declared kinds and types; deleted, nothing is left."""
    store = make(index=INDEX)
    puts = [PutOp(("a", str(n)), "k", {"text": f"item {n}"}, ttl=60) for n in range(1000)]
    store.batch(puts)
    found = list(redis.scan_iter(f"sc:*{store._items._store}*", count=1000))
    assert len(found) == 7
    assert check_data(redis, store._items._store) == []
    store.batch([put._replace(value=None) for put in puts])
    assert list(redis.scan_iter(f"sc:*{store._items._store}*", count=1000)) == []


def test_the_sweeper_ends_when_told(make: Callable[..., RedisStore]) -> None:
    """Started twice it is one thread, and it ends."""
    store = make()
    store.start_ttl_sweeper(0.001)
    thread = store._sweeper
    store.start_ttl_sweeper(0.001)
    assert store._sweeper is thread
    assert store.stop_ttl_sweeper(10)
    assert np.all([thread is not None and not thread.is_alive()])
