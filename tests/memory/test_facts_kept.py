"""What a language model has read in turns: kept beside them, sealed like them, gone with them."""

from __future__ import annotations

from collections.abc import Callable

from redis import Redis

from semcache.memory import AgentMemory
from semcache.memory.facts.kept import Kept, keep_claims
from semcache.memory.facts.types import Change, Claim
from semcache.memory.stored.layout import UserKeys
from semcache.memory.writing.reseal import reseal
from semcache.store import keys
from semcache.store.sealing import UNSEALED, sealed_under
from tests.conftest import Clock
from tests.sealing.conftest import everything, open_memory, ring

__all__ = ["open_memory"]

OpenMemory = Callable[..., AgentMemory]
PORTO = Claim("home", "Porto", since=1_690_000_000.0, confidence=0.9)


def homes(memory: AgentMemory) -> list[str]:
    return [fact.value for fact in memory.facts() if fact.attribute == "home"]


def test_what_a_model_read_takes_the_place_of_what_rules_read(
    open_memory: OpenMemory, redis: Redis, namespace: str, clock: Clock
) -> None:
    """A turn that rules misread tells what the model says; one in which it found nothing tells nothing."""
    memory, user = open_memory(UNSEALED), UserKeys(namespace, "ann")
    first = memory.append("s", "user", "I live in Lyon.", at=clock.now - 20)
    second = memory.append("s", "user", "Everything is unpacked, Porto it is.", at=clock.now - 10)
    assert homes(memory) == ["Lyon"]
    assert keep_claims(redis, user, second, [PORTO], sealer=UNSEALED) is Kept.WRITTEN
    assert keep_claims(redis, user, second, [PORTO], sealer=UNSEALED) is Kept.SAME
    assert homes(memory) == ["Porto"]
    ends = Claim("home", "Porto", change=Change.ENDS)
    assert keep_claims(redis, user, second, [ends], sealer=UNSEALED) is Kept.WRITTEN
    assert keep_claims(redis, user, first, [], sealer=UNSEALED) is Kept.WRITTEN
    assert homes(memory) == []


def test_claims_need_their_turn_and_leave_with_it(
    open_memory: OpenMemory, redis: Redis, namespace: str, clock: Clock
) -> None:
    """Claims of a turn that was forgotten, erased or never written are refused, and none outlives its turn."""
    memory, user = open_memory(UNSEALED), UserKeys(namespace, "ann")
    assert keep_claims(redis, user, "0123456789abcdef", [PORTO], sealer=UNSEALED) is Kept.NO_TURN
    turns = [memory.append("s", "user", f"Porto it is, {n}.", at=clock.now - n) for n in range(2)]
    for turn in turns:
        keep_claims(redis, user, turn, [PORTO], sealer=UNSEALED)
    memory.forget([turns[0]])
    assert redis.hkeys(user.of(keys.CLAIMS)) == [turns[1].encode()]
    assert keep_claims(redis, user, turns[0], [PORTO], sealer=UNSEALED) is Kept.NO_TURN
    memory.erase()
    assert not redis.exists(user.of(keys.CLAIMS))


def test_claims_are_sealed_and_rotate_with_their_turn(
    open_memory: OpenMemory, redis: Redis, namespace: str, clock: Clock
) -> None:
    """Sealed claims show nothing in Redis, come under the new key in a rotation, and open with that key alone."""
    old, user = ring("k1"), UserKeys(namespace, "ann")
    turn = open_memory(old).append("s", "user", "Porto it is.", at=clock.now)
    keep_claims(redis, user, turn, [PORTO], sealer=old)
    assert not any(b"porto" in value.lower() for value in everything(redis, namespace))
    assert reseal(redis, namespace, ring("k1", "k2")).refused == 0
    assert sealed_under(redis.hget(user.of(keys.CLAIMS), turn).decode()) == "k2"
    assert homes(open_memory(ring("k2"))) == ["Porto"]
