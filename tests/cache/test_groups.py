"""An answer group has a hash of its own from when a second entry joins it, or something is learned of it."""

from __future__ import annotations

import redis as redis_py

from semcache.cache import SemanticCache
from semcache.cache.inputs import question
from semcache.cache.learning.state import LessonWrite
from semcache.store import keys
from tests.cache.conftest import MakeCache


def stored(cache: SemanticCache, *prompts: str) -> list[str]:
    ids = [cache.store(prompt, "The answer.", ttl=600) for prompt in prompts]
    cache._parts.learner._state.open()
    return [str(id) for id in ids]


def group_of(redis: redis_py.Redis, cache: SemanticCache, group: str) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = redis.hgetall(keys.CACHE_GROUP.build(scope=cache.scope.id, group=group))  # type: ignore[assignment]
    return found


def test_an_entry_that_nothing_joined_has_no_hash(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """Its group is known by the entry's id alone, and costs nothing."""
    cache = make_cache()
    (entry,) = stored(cache, "How do I pay?")
    assert group_of(redis, cache, entry) == {}
    assert redis.hget(keys.CACHE_ENTRY.build(scope=cache.scope.id, entry=entry), "group") is None
    (answer,) = cache._parts.learner.answers([entry])
    assert answer.group == entry


def test_who_joins_finds_the_one_who_was_there(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """Both are members then, and the group lives as long as the longer of the two."""
    cache = make_cache()
    first, second = stored(cache, "How do I pay?", "How can I pay?")
    cache._parts.learner._state.write([LessonWrite(entry_id=second, joins=first)])
    assert set(group_of(redis, cache, first)) == {first.encode(), second.encode()}
    assert redis.pttl(keys.CACHE_GROUP.build(scope=cache.scope.id, group=first)) > 0
    assert cache._parts.entries.remove([first], counter="invalidated") == 1
    assert set(group_of(redis, cache, first)) == {second.encode()}
    assert {answer.group for answer in cache._parts.learner.answers([second])} == {first}
    assert cache._parts.entries.remove([second], counter="invalidated") == 1
    assert group_of(redis, cache, first) == {}


def test_two_lone_groups_become_one(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """With the records of both; the group that was merged is gone."""
    cache = make_cache()
    first, second, third = stored(cache, "How do I pay?", "How can I pay?", "Where do I pay?")
    state = cache._parts.learner._state
    state.write([LessonWrite(entry_id=third, group=second, record=(1.0, 2.0))])
    state.write([LessonWrite(entry_id=third, joins=first, merged=(second,))])
    found = group_of(redis, cache, first)
    assert set(found) == {first.encode(), second.encode(), third.encode(), b"#agreed", b"#labels"}
    assert (float(found[b"#agreed"]), float(found[b"#labels"])) == (1.0, 2.0)
    assert group_of(redis, cache, second) == {}


def test_what_is_learned_of_a_lone_entry_goes_with_it(make_cache: MakeCache, redis: redis_py.Redis) -> None:
    """Its record is found beside it by the next look-up, and removed with it; of an entry that is gone none is kept."""
    cache = make_cache()
    entry, other = stored(cache, "How do I pay?", "How do I leave?")
    state = cache._parts.learner._state
    state.write([LessonWrite(entry_id=other, group=entry, record=(3.0, 4.0))])
    near = cache._parts.lookup.nearest(question("How do I pay?"))
    assert {one.entry_id: one.record for one in near}[entry] == (3.0, 4.0)
    cache._parts.entries.remove([entry], counter="invalidated")
    state.write([LessonWrite(entry_id=other, group=entry, record=(3.0, 4.0))])
    assert group_of(redis, cache, entry) == {}
