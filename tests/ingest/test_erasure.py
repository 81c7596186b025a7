"""A user's erasure through Kafka: everything goes, nothing comes back by a replay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import redis as redis_py

from semcache.audit import AuditTrail
from semcache.cache import SemanticCache
from semcache.embed import Embedder
from semcache.memory import AgentMemory
from semcache.settings import Settings
from semcache_ingest.worker.assemble import RunOptions
from semcache_ingest.worker.bounds import Start
from tests.ingest.conftest import Running
from tests.ingest.producing import START, message, send_events

Drain = Callable[..., Running]


def erased(user: str, second: int) -> dict[str, str]:
    at = (START + timedelta(seconds=second)).isoformat()
    return {"type": "user_erased", "id": f"erase-{user}-{second}", "user": user, "at": at}


def test_an_erasure_is_complete_and_survives_a_replay(
    settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """Turns, windows and personal answers up to the erasure go; later turns, other users and shared answers stay."""

    def memory(user: str) -> AgentMemory:
        return AgentMemory(redis, user=user, embedder=fast_embedder, namespace=settings.namespace)

    def cache(**scope: str) -> SemanticCache:
        return SemanticCache(redis, embedder=fast_embedder, namespace=settings.namespace, scope=scope)

    scopes = [{"audience": "user", "user": "ada"}, {"audience": "user", "user": "bob"}, {"audience": "everyone"}]
    for scope in scopes:
        cache(**scope).store("Where do I live?", "In Lyon.")
    talk = [message(n, user=user) for n in range(6) for user in ("ada", "bob")]
    send_events(settings, [*talk, erased("ada", 10), message(20, user="ada", text="Hello again.")])
    for options in (None, RunOptions(start=Start(from_beginning=True))):
        drain(options)
        assert [turn.text for turn in memory("ada").turns()] == ["Hello again."]
        assert len(memory("bob").turns()) == 6
        assert [len(list(cache(**scope).entries())) for scope in scopes] == [0, 1, 1]
    first, *again = reversed(list(AuditTrail(redis, settings.namespace).newest()))
    assert (first.action, first.target, first.actor, first.via) == (
        "erased a user",
        "ada",
        "event erase-ada-10",
        "kafka",
    )
    assert not again  # a replay that removes nothing is no act
