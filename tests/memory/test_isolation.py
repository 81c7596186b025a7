"""Users never see each other: whatever they are called and whatever they do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from redis import Redis

from semcache.embed import CachedEmbedder
from semcache.memory import AgentMemory
from semcache.store import keys
from tests.conftest import Clock
from tests.memory.invariants import check_user, users_of
from tests.memory.test_append import wipe

# Ids that would meet if any part of a key were not escaped, or cut.
USERS = ("a:b", "a", "a}", "{a", "a%3Ab", "b:turn:x", "*", "[a-z]", "ünï·人", "x" * 500, "x" * 499 + "y", " ", "a\n")
SESSIONS = ("s", "s:1", "s}", "*", "z" * 500)
TOPICS = ("tea", "the cello", "Lyon", "nuts")


class Users(RuleBasedStateMachine):
    """Random users do random things; each one's memory is what that user did, and nothing of another's shows."""

    redis: Redis
    embedder: CachedEmbedder
    namespace: str

    @initialize(users=st.lists(st.sampled_from(USERS), min_size=2, max_size=3, unique=True))
    def start(self, users: list[str]) -> None:
        wipe(self.redis, self.namespace)
        self.clock = Clock()
        self.users = users
        self.told: dict[str, dict[str, str]] = {user: {} for user in users}
        self.count = 0

    def memory(self, user: str) -> AgentMemory:
        given: dict[str, Any] = {"embedder": self.embedder, "namespace": self.namespace, "clock": self.clock}
        return AgentMemory(self.redis, user=user, **given)

    @rule(who=st.integers(0, 2), session=st.sampled_from(SESSIONS), topic=st.sampled_from(TOPICS), same=st.booleans())
    def tell(self, who: int, session: str, topic: str, same: bool) -> None:
        user = self.users[who % len(self.users)]
        self.count += 1
        self.clock.advance(1)
        # The same event ids for all: ids of one user's turns are ids of another's.
        event = f"e{self.count if not same else self.count % 3}"
        text = f"I like {topic}, says number {self.users.index(user)}."
        memory = self.memory(user)
        id = memory.append(session, "user", text, event_id=event)
        if any(turn.id == id and turn.text == text for turn in memory.turns()):
            self.told[user][id] = text

    @rule(who=st.integers(0, 2), topic=st.sampled_from(TOPICS))
    def forget(self, who: int, topic: str) -> None:
        user = self.users[who % len(self.users)]
        for turn in self.memory(user).forget(query=topic, k=1, dry_run=False).turns:
            del self.told[user][turn.id]

    @rule(who=st.integers(0, 2), other=st.integers(0, 2))
    def forget_by_anothers_ids(self, who: int, other: int) -> None:
        user, ids = self.users[who % len(self.users)], list(self.told[self.users[other % len(self.users)]])
        if ids:
            for turn in self.memory(user).forget(ids).turns:
                del self.told[user][turn.id]

    @rule(who=st.integers(0, 2))
    def erase(self, who: int) -> None:
        user = self.users[who % len(self.users)]
        self.memory(user).erase()
        self.told[user] = {}
        self.clock.advance(1)

    @invariant()
    def everyone_has_their_own(self) -> None:
        for number, user in enumerate(self.users if hasattr(self, "users") else ()):
            memory = self.memory(user)
            assert {turn.id: turn.text for turn in memory.turns()} == self.told[user]
            mine = f"says number {number}."
            seen = [turn.text for session in SESSIONS for turn in memory.window(session)]
            seen += [found.turn.text for found in memory.recall("What does number 0, 1 or 2 like?", k=50)]
            assert all(text.endswith(mine) for text in seen)
            assert len(memory.export()["turns"]) == len(self.told[user])

    def teardown(self) -> None:
        for user in users_of(self.redis, namespace=self.namespace):
            assert user.user in self.users
            assert check_user(self.redis, user) == []


def test_no_sequence_of_operations_shows_one_user_to_another(
    redis: Redis, embedder: CachedEmbedder, namespace: str
) -> None:
    """Telling, forgetting and erasing in any order: turns, windows, recall and exports are the user's own."""

    class Here(Users):
        pass

    Here.redis, Here.embedder, Here.namespace = redis, embedder, namespace
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("user", USERS)
def test_every_key_of_a_user_is_declared_and_the_users_own(
    redis: Redis, embedder: CachedEmbedder, namespace: str, user: str
) -> None:
    """Whatever an id contains, each key lies in the user's own slot and is of a declared kind."""
    before = set(redis.scan_iter(match="*", count=10_000))
    memory = AgentMemory(redis, user=user, embedder=embedder, namespace=namespace)
    memory.append("s:1}", "user", "I live in Lyon.", speaker="Zoë: the {1st}")
    mine = f"sc:{{m:{keys.escape(namespace)}:{keys.escape(user)}}}:"
    written = {key.decode() for key in set(redis.scan_iter(match=f"sc:{{m:{namespace}:*", count=10_000)) - before}
    assert written
    assert all(key.startswith(mine) and keys.kind_of(key) for key in written)
    assert [found.turn.name for found in memory.recall("Where do I live?")] == ["Zoë: the {1st}"]
