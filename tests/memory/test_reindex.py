"""Memories of earlier versions: found as they are, named by the checker, and made new."""

from __future__ import annotations

from collections import Counter

import pytest
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.memory import AgentMemory, TurnWriter
from semcache.memory.stored.layout import UserKeys, vectors_field
from semcache.memory.writing.reindex import Reindexed, count_turns, memories, reindex
from semcache.store import keys
from semcache.store.checks import check_data
from semcache.store.postings import Weighting
from semcache.store.sealing import UNSEALED, Sealer
from semcache.text.tokens import stems
from tests.memory.conftest import OpenMemory
from tests.memory.invariants import check_user
from tests.memory.states import snapshot
from tests.memory.test_append import MakeTurn
from tests.sealing.conftest import ring

OLD_WEIGHTING = Weighting(reference_length=12)
LONG = " ".join(f"On day {n} we walked to the harbour and counted the boats." for n in range(30))
SAID = ["I live in Lyon.", LONG, "The part is XK-204/B.", "I moved to Porto.", "Thanks!", "My cat is called Miso."]


def aged(redis: Redis, user: UserKeys, sealer: Sealer = UNSEALED) -> None:
    """Puts a memory into the layout of earlier versions: terms without codes and of other weights, counts by session,
    contexts of another form, no passages, no readings."""
    redis.delete(user.of(keys.READINGS), user.of(keys.TURN_CORPUS))
    for pattern in (user.stem("") + "*", user.passages("") + "*"):
        for key in list(redis.scan_iter(match=pattern)):
            redis.delete(key)
    (model,) = redis.smembers(user.of(keys.TURN_MODELS))
    vectors = vectors_field(model.decode())
    for id in (id.decode() for id in redis.zrange(user.of(keys.CHRONOLOGY), 0, -1)):
        name = user.turn(id)
        text, role, session, packed = redis.hmget(name, "text", "role", "session", vectors)
        place = f"{user.turn(id)}#text"
        plain = text.decode() if sealer is UNSEALED else sealer.open(text.decode(), place)
        old = list(sealer.words(stems(f"{role.decode()}: {plain}"), user.prefix))
        redis.hdel(name, "layout", "passages")
        redis.hset(name, mapping={"stems": " ".join(old), "length": len(old), vectors: packed[: len(packed) // 2] * 2})
        for stem, weight in OLD_WEIGHTING.weights(old).items():
            redis.zadd(user.stem(stem), {id: weight})
        for stem, count in Counter(old).items():
            redis.zincrby(user.of(keys.SESSION_STEM, stem=stem), count, session.decode())
        redis.zincrby(user.of(keys.SESSION_LENGTHS), len(old), session.decode())
        redis.hincrby(user.of(keys.TURN_CORPUS), "members", 1)
        redis.hincrby(user.of(keys.TURN_CORPUS), "terms", len(old))


@pytest.fixture
def user(namespace: str) -> UserKeys:
    return UserKeys(namespace, "ann")


@pytest.fixture
def told(writer: TurnWriter, turn: MakeTurn) -> None:
    writer.append([turn(n, text, session=f"s{n % 2}") for n, text in enumerate(SAID)])


def leftovers(redis: Redis, namespace: str) -> list[bytes]:
    return [
        key for key in redis.scan_iter(match=f"sc:{{m:{namespace}:*") if b"session-stem" in key or b"lengths" in key
    ]


@pytest.mark.usefixtures("told")
def test_an_old_memory_is_found_and_named(redis: Redis, memory: AgentMemory, user: UserKeys) -> None:
    """Recall and facts answer from it; the checker says once what makes it new, and finds nothing else wrong."""
    aged(redis, user)
    assert memory.recall("What is my cat called?", k=1)[0].turn.text == "My cat is called Miso."
    assert {fact.value for fact in memory.facts()} == {"Porto", "cat Miso"}
    (finding,) = check_data(redis, user.namespace)
    assert finding.key == user.of(keys.SESSION_LENGTHS)
    assert "reindex" in finding.mend


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("killed_after", [0, 1, 4])
def test_a_run_makes_it_as_if_written_today(
    redis: Redis,
    embedder: CachedEmbedder,
    memory: AgentMemory,
    user: UserKeys,
    killed_after: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Byte for byte, also where a run was interrupted and another one went on; a further run changes nothing."""
    expected = snapshot(redis, user.namespace)
    aged(redis, user)
    assert snapshot(redis, user.namespace) != expected
    monkeypatch.setattr("semcache.memory.writing.reindex._BATCH", 1)

    def stop(done: int) -> None:
        if done > killed_after:
            raise KeyboardInterrupt

    users = memories(redis, user.namespace)
    assert (users, count_turns(redis, users)) == ([user], len(SAID))
    with pytest.raises(KeyboardInterrupt):
        reindex(redis, embedder, users, advance=stop)
    assert {item.turn.text for item in memory.recall("What is my cat called?", k=9)} == set(SAID)
    rest = reindex(redis, embedder, users)
    assert (rest.changed, rest.kept) == (len(SAID) - killed_after - 1, killed_after + 1)
    assert snapshot(redis, user.namespace) == expected
    assert check_user(redis, user) == []
    assert check_data(redis, user.namespace) == []
    assert reindex(redis, embedder, users) == Reindexed(kept=len(SAID))


def test_only_the_user_who_was_asked_for_is_made_new(
    redis: Redis, embedder: CachedEmbedder, writer: TurnWriter, turn: MakeTurn, namespace: str
) -> None:
    """The others stay as they are until their turn comes."""
    both = [UserKeys(namespace, name) for name in ("ann", "bob:é")]
    writer.append([turn(0, "I live in Lyon.", user=user.user) for user in both])
    for user in both:
        aged(redis, user)
    assert memories(redis, namespace) == both
    assert reindex(redis, embedder, memories(redis, namespace, user="bob:é")).changed == 1
    assert check_user(redis, both[1]) == []
    assert reindex(redis, embedder, memories(redis, namespace)).changed == 1
    assert leftovers(redis, namespace) == []


@pytest.mark.usefixtures("told")
def test_what_is_forgotten_leaves_nothing_in_old_counts(redis: Redis, memory: AgentMemory, user: UserKeys) -> None:
    """The words of a turn that is forgotten go from the counts of earlier versions too; an erasure leaves none."""
    aged(redis, user)
    (cat,) = (found for found in memory.turns() if "Miso" in found.text)
    memory.forget([cat.id])
    assert not any(b"miso" in key for key in leftovers(redis, user.namespace))
    memory.erase()
    assert leftovers(redis, user.namespace) == []


def test_a_sealed_memory_is_made_new_and_stays_sealed(
    redis: Redis, embedder: CachedEmbedder, open_memory: OpenMemory, user: UserKeys
) -> None:
    """With its keys; without them its turns stay as they are, and the run says so."""
    sealer = ring("k1")
    memory = open_memory(sealer=sealer)
    for n, text in enumerate(SAID):
        memory.append("s", "user", text, at=n)
    aged(redis, user, sealer)
    blind = reindex(redis, embedder, [user], sealer=ring("k2"))
    assert (blind.changed, blind.refused) == (0, len(SAID))
    assert blind.why
    assert reindex(redis, embedder, [user], sealer=sealer).changed == len(SAID)
    assert check_data(redis, user.namespace, sealed=True) == []
    assert memory.recall("Which spare part do I need? XK-204/B", k=1)[0].turn.text == SAID[2]
