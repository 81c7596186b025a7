"""Sealed memory: nothing readable in Redis, and everything found as before."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from redis import Redis

from semcache.errors import SealError
from semcache.memory import AgentMemory
from semcache.store import keys
from semcache.store.sealing import UNSEALED
from tests.conftest import Clock
from tests.sealing.conftest import everything, ring

OpenMemory = Callable[..., AgentMemory]
SAID = [
    ("user", "I moved to Lyon last spring with my sister Eva.", "Melanie"),
    ("assistant", "How do you like the neighbourhood?", ""),
    ("user", "Quiet, though my violin annoys everybody.", "Melanie"),
    ("user", "My passport expires in October 2027.", "Melanie"),
    ("assistant", "Shall I remind you in September?", ""),
    ("user", "Yes please, and book the dentist.", "Melanie"),
]
ASKED = ["Where does Melanie live?", "Which instrument do I play?", "When does the passport expire?", "dentist"]
NO_WORDS = {"user", "assistant", "session", "text", "stems", "role", "event", "previous", "speaker", "at", "id"}


def tell(memory: AgentMemory, *, clock: Clock) -> None:
    for n, (role, text, speaker) in enumerate(SAID):
        memory.append(f"s{n % 2}", role, text, at=clock.now + n, event_id=f"e{n}", speaker=speaker)


def spoken() -> set[str]:
    words = {word for _, text, speaker in SAID for word in re.findall(r"\w{4,}", f"{text} {speaker}".lower())}
    return words - NO_WORDS


def test_no_word_of_a_sealed_turn_is_anywhere_in_redis(
    redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock
) -> None:
    """Keys, values, fields, members and attributes hold nothing of what was said, after asking either."""
    memory = open_memory(ring("k1"))
    tell(memory, clock=clock)
    memory.note("s0", "user", "My umbrella is turquoise.", at=clock.now + 50)
    for ask in ASKED:
        assert memory.recall(ask)
    stored = [value.decode("latin-1").lower() for value in everything(redis, namespace)]
    assert len(stored) > 100
    found = {word for word in spoken() | {"umbrella", "turquoise"} for value in stored if word in value}
    assert found == set()


def test_unsealed_words_are_found_by_the_same_search(
    redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock
) -> None:
    """The search of the test above sees every word where nothing is sealed."""
    tell(open_memory(UNSEALED), clock=clock)
    stored = [value.decode("latin-1").lower() for value in everything(redis, namespace)]
    assert all(any(word in value for value in stored) for word in spoken())


def test_sealed_turns_are_recalled_as_if_they_were_not_sealed(open_memory: OpenMemory, clock: Clock) -> None:
    """The same turns in the same order with the same scores and parts, and the same window."""
    plain, sealed = open_memory(UNSEALED, user="plain"), open_memory(ring("k1"), user="sealed")
    for memory in (plain, sealed):
        tell(memory, clock=clock)
    for ask in ASKED:
        assert sealed.recall(ask) == plain.recall(ask)
    assert sealed.recall("dentist", session="s1", since=clock.now) == plain.recall(
        "dentist", session="s1", since=clock.now
    )
    assert sealed.window("s0") == plain.window("s0")
    assert sealed.window("s0")


def test_late_turns_are_settled_sealed_too(open_memory: OpenMemory, clock: Clock) -> None:
    """A turn that lands between two others changes the context of the next one, sealed or not."""
    plain, sealed = open_memory(UNSEALED, user="plain"), open_memory(ring("k1"), user="sealed")
    for memory in (plain, sealed):
        for n in (0, 2, 1):
            memory.append("s", "user", SAID[n][1], at=clock.now + n, event_id=f"e{n}")
    assert sealed.recall(ASKED[1]) == plain.recall(ASKED[1])


def test_an_event_again_changes_nothing(redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock) -> None:
    """A turn that was noted, written, and written again stands in the window once, in the same bytes."""
    memory = open_memory(ring("k1"))
    memory.note("s", "user", "I live in Lyon.", at=clock.now, event_id="e")
    memory.append("s", "user", "I live in Lyon.", at=clock.now, event_id="e")
    before = sorted(everything(redis, namespace))
    memory.append("s", "user", "I live in Lyon.", at=clock.now, event_id="e")
    assert sorted(everything(redis, namespace)) == before
    assert [turn.text for turn in memory.window("s")] == ["I live in Lyon."]


@pytest.mark.parametrize("wrong", [ring("k2"), ring("k1", words="others"), UNSEALED], ids=["key", "words", "none"])
def test_without_the_right_keys_memory_is_closed(open_memory: OpenMemory, clock: Clock, wrong: object) -> None:
    """Recall, window and the next write of a session raise instead of giving out or adding anything unsealed."""
    tell(open_memory(ring("k1")), clock=clock)
    closed = open_memory(wrong)
    for use in (
        lambda: closed.recall("Where does Melanie live?"),
        lambda: closed.window("s0"),
        lambda: closed.append("s0", "user", "One more thing.", at=clock.now + 60),
    ):
        with pytest.raises(SealError):
            use()


def test_the_text_of_another_record_is_refused(
    redis: Redis, open_memory: OpenMemory, namespace: str, clock: Clock
) -> None:
    """A sealed text copied to another turn, another user or another namespace does not open there."""
    sealer = ring("k1")
    first = open_memory(sealer)
    ids = [first.append("s", "user", text, at=clock.now + n) for n, text in enumerate(("I am rich.", "I am poor."))]
    text = redis.hget(keys.TURN.build(namespace=namespace, user="ann", turn=ids[0]), "text")
    for user, space in (("ann", namespace), ("bob", namespace), ("ann", f"{namespace}x")):
        other = open_memory(sealer, user=user, namespace=space)
        id = other.append("s", "user", "I am poor.", at=clock.now + 1, event_id="other")
        redis.hset(keys.TURN.build(namespace=space, user=user, turn=id), "text", text)
        with pytest.raises(SealError, match="another record"):
            other.recall("Am I rich?")
