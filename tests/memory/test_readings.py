"""Readings: kept beside turns, in step with them, and remembered until the memory changes."""

from __future__ import annotations

from redis import Redis

from semcache.memory import AgentMemory
from semcache.memory.readings import revision_of
from semcache.memory.stored.layout import UserKeys
from semcache.store import keys


def names(memory: AgentMemory) -> set[str]:
    return {entity.name for entity in memory.entities()}


def test_what_is_forgotten_is_read_no_more(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """Entities and facts follow each write and each forgetting at once; an erasure leaves no reading."""
    first = memory.append("s", "user", "My sister Clara lives in Lisbon.", at=1.0)
    assert {"Clara", "Lisbon"} <= names(memory)
    memory.append("s", "user", "We flew to Porto.", at=2.0)
    assert {"Clara", "Lisbon", "Porto"} <= names(memory)
    memory.forget([first])
    assert names(memory) == {"Porto"}
    assert memory.facts(history=True) == []
    memory.erase()
    assert memory.entities() == []
    assert not redis.exists(keys.READINGS.build(namespace=namespace, user="ann"))


def test_missing_readings_are_made_again(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """A memory that was written before there were readings gives the same, and has them afterwards."""
    memory.append("s", "user", "My sister Clara lives in Lisbon.", at=1.0)
    memory.append("s", "assistant", "How is Clara?", at=2.0)
    before, facts = memory.entities(), memory.facts(history=True)
    redis.delete(keys.READINGS.build(namespace=namespace, user="ann"))
    assert memory.entities() == before
    assert memory.facts(history=True) == facts
    assert redis.hlen(keys.READINGS.build(namespace=namespace, user="ann")) >= 2


def test_the_revision_lasts_until_the_next_change(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """The same revision means the same readings: each change takes it away."""
    user = UserKeys(namespace, "ann")
    assert revision_of(redis, user) == ""
    memory.append("s", "user", "I live in Lyon.", at=1.0)
    first = revision_of(redis, user)
    assert first
    assert revision_of(redis, user) == first
    told = memory.append("s", "user", "I live in Porto now.", at=2.0)
    second = revision_of(redis, user)
    assert second not in ("", first)
    memory.forget([told])
    assert revision_of(redis, user) not in ("", first, second)


def test_only_new_turns_are_read_while_none_leaves(memory: AgentMemory, redis: Redis, namespace: str) -> None:
    """A process keeps what it has read of a memory until a turn leaves it; what is added is there at once."""
    name = keys.READINGS.build(namespace=namespace, user="ann")
    clara = memory.append("s", "user", "My sister Clara lives in Lisbon.", at=1.0)
    assert "Clara" in names(memory)
    generation = redis.hget(name, "generation")
    redis.hset(name, clara, redis.hget(name, clara).replace(b"Clara", b"Klara"))  # nobody does: to see what is read
    memory.append("s", "user", "We flew to Porto.", at=2.0)
    assert redis.hget(name, "generation") == generation
    assert {"Clara", "Porto"} <= names(memory)
    memory.forget([memory.append("s", "user", "We met Zoltan.", at=3.0)])
    assert redis.hget(name, "generation") != generation
    assert {"Klara", "Porto"} <= names(memory)
