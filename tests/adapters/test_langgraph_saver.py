"""The LangGraph checkpointer: as InMemorySaver for any calls, and each mistake of a list of known ones is caught."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis as redis_py

pytest.importorskip("langgraph.checkpoint", reason="make test-adapters has it")

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from langgraph.checkpoint.base import ERROR, INTERRUPT, RESUME, SCHEDULED, WRITES_IDX_MAP
from langgraph.checkpoint.conformance import checkpointer_test, validate

from semcache.adapters.langgraph import AsyncRedisSaver, RedisSaver
from semcache.adapters.langgraph import saver as saver_module
from semcache.adapters.langgraph.thread import Thread
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.checks import check_data
from tests.adapters.saver_pair import Pair, config

pytestmark = pytest.mark.adapters

IDS = [f"1f0c{n:04x}-0000-6000-8000-000000000000" for n in range(40)]


def test_the_public_suite_passes(redis: redis_py.Redis) -> None:
    """All 81 tests of LangGraph's conformance suite pass, those of the optional capabilities among them."""

    @checkpointer_test(name="semcache")
    async def make() -> Any:
        yield AsyncRedisSaver(redis_client=redis, checkpoint_prefix=uuid.uuid4().hex)

    results = asyncio.run(validate(make)).results.values()
    assert [result.failures for result in results if result.failures] == []
    assert sum(result.tests_passed for result in results) == 81


def behave(pair: Pair) -> None:
    """A history in which each rule of a checkpointer shows."""
    for thread in ("a", "ab", "{b}:c"):
        _history(pair, thread)
    pair.compare([None, {"source": "loop"}, {"step": 1}, {"tenant": "acme"}, {"nobody": 1}])
    pair.delete_thread("a")
    pair.put(("a", "", IDS[9]), {}, {"items": "1"}, [], {"step": 9, "source": "loop"})
    pair.compare()


def _history(pair: Pair, thread: str) -> None:
    for n, namespace in enumerate(("", "sub", "sub|x:1", "s", "su%b")):
        more = {"tenant": "acme", "metadata": {"team": "a", "n": n}}
        first = (thread, namespace, IDS[n])
        pair.put(first, {"items": [n], "gone": 1}, {"items": "1", "gone": "1"}, ["items", "gone"],
                 {"step": 0, "source": "input", "writes": {}}, more=more)  # fmt: skip
        _tasks(pair, first)
        second = (thread, namespace, IDS[n + 10])
        pair.put(second, {"items": [n, n]}, {"items": "2", "gone": "2"}, ["items", "gone"],
                 {"step": 1, "source": "loop"}, parent=IDS[n])  # fmt: skip
        third = (thread, namespace, IDS[n + 20])
        pair.put(third, {"items": [n, n]}, {"items": "2"}, [], {"step": 2, "source": "fork"}, parent=IDS[n + 10])


def _tasks(pair: Pair, place: tuple[str, str, str]) -> None:
    """Parallel tasks whose ids sort otherwise than their paths; each writes twice, and special writes twice."""
    for n in range(4):
        pair.put_writes(place, [("items", [n]), ("items", [n, n])], f"task-{9 - n}", f"~__pregel_push, {n}")
    pair.put_writes(place, [("items", ["again"]), ("other", 1), ("more", 2)], "task-9", "~__pregel_push, 0")
    for value in ("first", "second"):
        pair.put_writes(place, [(INTERRUPT, value), (RESUME, value)], "task-8", "~__pregel_push, 1")
        pair.put_writes(place, [("items", value), (ERROR, value), (SCHEDULED, value)], "task-7", "")


class Machine(RuleBasedStateMachine):
    """Random calls to both savers; after each, everything that can be read is equal."""

    make: Callable[[], RedisSaver]

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(self.make())
        self.version = 0

    threads = st.sampled_from(["t", "u", "t:{x}", "%"])
    namespaces = st.sampled_from(["", "sub", "sub|a:1", "é"])
    channels = st.sampled_from(["items", "x:y", "branch:to:é"])
    values = st.one_of(st.none(), st.integers(-5, 5), st.text(max_size=3), st.lists(st.binary(max_size=3), max_size=2))

    @rule(data=st.data(), thread=threads, namespace=namespaces, id=st.sampled_from(IDS),
          new=st.dictionaries(channels, values, max_size=3), emptied=st.sets(channels, max_size=1),
          step=st.integers(0, 2), tenant=st.sampled_from(["acme", "é\x00"]))  # fmt: skip
    def put(self, data: st.DataObject, thread: str, namespace: str, id: str, new: dict[str, Any],
            emptied: set[str], step: int, tenant: str) -> None:  # fmt: skip
        """A checkpoint with some new channels, some as another one has them, some empty."""
        earlier = [place for place in self.pair.put_ if place[:2] == (thread, namespace)]
        base = data.draw(st.sampled_from(earlier)) if earlier else None
        found = self.pair.reference.get_tuple(config(*base)) if base else None
        values = dict(found.checkpoint["channel_values"]) if found else {}
        versions = dict(found.checkpoint["channel_versions"]) if found else {}
        for channel in {*new, *emptied}:
            self.version += 1
            versions[channel] = self.version if data.draw(st.booleans()) else f"{self.version:032}.5"
            values.pop(channel, None)
        values |= {channel: value for channel, value in new.items() if channel not in emptied}
        self.pair.put((thread, namespace, id), values, versions, sorted({*new, *emptied}),
                      {"step": step, "source": "loop", "run_id": f"run-{step}"},
                      parent=base[2] if base else None, more={"tenant": tenant})  # fmt: skip

    @rule(data=st.data(), task=st.sampled_from(["t1", "t2", "t:3"]), path=st.sampled_from(["", "a", "~b, 1"]),
          writes=st.lists(st.tuples(st.sampled_from(["items", "é", ERROR, INTERRUPT, RESUME, SCHEDULED]), values),
                          max_size=3))  # fmt: skip
    def put_writes(self, data: st.DataObject, task: str, path: str, writes: list[tuple[str, Any]]) -> None:
        """Writes of a task behind a checkpoint, perhaps again and from another path."""
        if self.pair.put_:
            self.pair.put_writes(data.draw(st.sampled_from(self.pair.put_)), writes, task, path)

    @rule(thread=threads)
    def delete_thread(self, thread: str) -> None:
        self.pair.delete_thread(thread)

    @invariant()
    def equal(self) -> None:
        self.pair.compare([None, {"step": 1}, {"tenant": "acme", "step": 0}])


@pytest.fixture
def make(redis: redis_py.Redis) -> Iterator[Callable[..., RedisSaver]]:
    """Makes savers with keys of their own, which are gone after the test."""
    made: list[str] = []

    def make(kind: type[RedisSaver] = RedisSaver, **options: Any) -> RedisSaver:
        made.append(f"g{uuid.uuid4().hex[:12]}")
        return kind(redis_client=redis, checkpoint_prefix=made[-1], **options)

    yield make
    for name in made:
        for key in redis.scan_iter(f"sc:*{name}*", count=1000):
            redis.delete(key)


def test_it_behaves_as_the_saver_in_memory(make: Callable[..., RedisSaver]) -> None:
    """For a history that shows every rule, all that can be read is what InMemorySaver says."""
    behave(Pair(make()))


@pytest.mark.timeout(600)  # 25 histories of 12 steps, all compared after each
def test_it_is_the_saver_in_memory_for_any_calls(make: Callable[..., RedisSaver]) -> None:
    """Random puts, writes and deletions leave both savers with the same contents."""
    machine = type("Machine", (Machine,), {"make": staticmethod(make)})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=12, deadline=None))


class WritesReversed(RedisSaver):
    def _tuple(self, *args: Any) -> Any:
        found = super()._tuple(*args)
        return found._replace(pending_writes=found.pending_writes[::-1])


class OrdinaryWritesOverwritten(RedisSaver):
    def put_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        place = saver_module.Place(
            config["configurable"].get("checkpoint_ns", ""), config["configurable"]["checkpoint_id"]
        )
        thread = self._thread(config["configurable"]["thread_id"])
        for field in self._redis.hkeys(thread.keys.writes):
            if field.decode().startswith(f"{place.prefix}{keys.escape(task_id)}:"):
                self._redis.hdel(thread.keys.writes, field)
        super().put_writes(config, writes, task_id, task_path)


class SpecialWritesKept(RedisSaver):
    def put_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        place = saver_module.Place(
            config["configurable"].get("checkpoint_ns", ""), config["configurable"]["checkpoint_id"]
        )
        if task_id not in {write.task for write in self._thread(config["configurable"]["thread_id"]).writes(place)}:
            super().put_writes(config, writes, task_id, task_path)


class NoSpecialIndex(RedisSaver):
    def put_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        known = dict(WRITES_IDX_MAP)
        WRITES_IDX_MAP.clear()
        try:
            super().put_writes(config, writes, task_id, task_path)
        finally:
            WRITES_IDX_MAP.update(known)


class LimitBeforeFilter(RedisSaver):
    def list(self, config: Any, *, filter: Any = None, before: Any = None, limit: Any = None) -> Any:
        for found in super().list(config, before=before, limit=limit):
            if all(found.metadata.get(name) == value for name, value in (filter or {}).items()):
                yield found


class NoListOfAll(RedisSaver):
    def list(self, config: Any, **options: Any) -> Any:
        return super().list(config["configurable"] and config, **options)


class ConfigNotMerged(RedisSaver):
    def put(self, config: Any, *args: Any) -> Any:
        own = ("thread_id", "checkpoint_ns", "checkpoint_id")
        return super().put({"configurable": {k: v for k, v in config["configurable"].items() if k in own}}, *args)


class BlobsLeft(RedisSaver):
    def delete_thread(self, thread_id: str) -> None:
        of = self._thread(thread_id).keys
        self._redis.delete(*[key for key in of.all if key != of.blobs])
        self._catalogue.remove([thread_id])


class NoSynchronousList(RedisSaver):
    def list(self, config: Any, **options: Any) -> Any:
        raise NotImplementedError


MISTAKES = [
    WritesReversed, OrdinaryWritesOverwritten, SpecialWritesKept, NoSpecialIndex, LimitBeforeFilter, NoListOfAll,
    ConfigNotMerged, BlobsLeft, NoSynchronousList,
]  # fmt: skip


@pytest.mark.parametrize("mistaken", MISTAKES)
def test_a_mistaken_saver_is_caught(make: Callable[..., RedisSaver], mistaken: type[RedisSaver]) -> None:
    """Each mistake that the public suite lets through differs from InMemorySaver here."""
    with pytest.raises((AssertionError, NotImplementedError, TypeError)):
        behave(Pair(make(mistaken)))


def test_a_thousand_turns_are_few_keys(make: Callable[..., RedisSaver], redis: redis_py.Redis) -> None:
    """A thread of 1,000 checkpoints in as many namespaces and runs is six keys, all with the lifetime asked for."""
    saver = make(ttl={"default_ttl": 60})
    for n in range(1000):
        place = ("t", f"sub:{n % 50}", f"1f0c{n:04x}")
        pair_config = config(*place[:2], run_id=f"r{n}")
        checkpoint: Any = {"id": place[2], "channel_values": {"a": n}, "channel_versions": {"a": str(n)}}
        at = saver.put(pair_config, checkpoint, {"step": n, "run_id": f"r{n}"}, {"a": str(n)})
        saver.put_writes(at, [("a", n)], f"task{n}")
    of = saver._thread("t").keys
    found = sorted(key.decode() for key in redis.scan_iter(f"sc:*{of.graph}*", count=1000))
    assert found == sorted([*of.all, keys.GRAPH_THREADS.build(namespace=of.graph)])
    assert all(3_500 < redis.ttl(key) <= 3_600 for key in of.all)
    assert check_data(redis, of.graph) == []


def test_reading_prolongs_a_life_if_asked_to(make: Callable[..., RedisSaver], redis: redis_py.Redis) -> None:
    """With refresh_on_read all keys of a thread start again when it is read; without, none does."""
    for refreshes in (True, False):
        saver = make(ttl={"default_ttl": 60, "refresh_on_read": refreshes})
        Pair(saver).put(("t", "", IDS[0]), {"a": 1}, {"a": "1"}, ["a"], {"step": 0})
        saver.put_writes(config("t", "", IDS[0]), [("a", 1)], "task")
        there = [key for key in saver._thread("t").keys.all if redis.exists(key)]
        for key in there:
            redis.expire(key, 100)
        saver.get_tuple(config("t"))
        assert {redis.ttl(key) > 3_000 for key in there} == {refreshes}


def test_pruning_removes_what_nothing_refers_to(make: Callable[..., RedisSaver], redis: redis_py.Redis) -> None:
    """After keep_latest there is one checkpoint a namespace, with its writes and the values that it refers to only."""
    saver = make()
    _history(Pair(saver), "t")
    before = [saver.get_tuple(config("t", namespace)) for namespace in ("", "sub")]
    saver.prune(["t", "unknown"])
    of = saver._thread("t").keys
    assert [saver.get_tuple(config("t", namespace)) for namespace in ("", "sub")] == before
    assert (redis.hlen(of.states), redis.zcard(of.checkpoints), redis.hlen(of.blobs)) == (5, 5, 5)
    assert (redis.hlen(of.writes), redis.zcard(of.order)) == (0, 0)
    with pytest.raises(ValueError, match="keep_latest"):
        saver.prune(["t"], strategy="keep_some")


def test_a_checkpoint_put_while_pruning_stays(make: Callable[..., RedisSaver], monkeypatch: Any) -> None:
    """What another process puts between the plan of a prune and its execution is planned again, and kept."""
    saver = make()
    pair = Pair(saver)
    pair.put(("t", "", IDS[0]), {"a": 1}, {"a": "1"}, ["a"], {"step": 0})
    pair.put(("t", "", IDS[1]), {"a": 2}, {"a": "2"}, ["a"], {"step": 1}, parent=IDS[0])
    planned = Thread.removal
    late = [("t", "", IDS[2])]

    def put_late(self: Thread, *args: Any) -> Any:
        removal = planned(self, *args)
        if late:
            pair.put(late.pop(), {"a": 2}, {"a": "2"}, [], {"step": 2}, parent=IDS[1])
        return removal

    monkeypatch.setattr(Thread, "removal", put_late)
    saver.prune(["t"])
    assert [found.checkpoint["id"] for found in saver.list(config("t"))] == [IDS[2]]
    found = saver.get_tuple(config("t"))
    assert found is not None
    assert found.checkpoint["channel_values"] == {"a": 2}


def test_two_prefixes_do_not_meet(make: Callable[..., RedisSaver]) -> None:
    """Savers of other prefixes see none of each other's threads."""
    one, other = make(), make()
    Pair(one).put(("t", "", IDS[0]), {}, {}, [], {"step": 0})
    assert other.get_tuple(config("t")) is None
    assert list(other.list(None)) == []


def test_what_cannot_be_opened_is_named() -> None:
    """Neither a URL nor a client, or both, is an error that says what to give."""
    for options in ({}, {"redis_url": "redis://localhost", "redis_client": redis_py.Redis()}):
        with pytest.raises(InvalidInput, match="either a Redis URL or"):
            RedisSaver(**options)
