"""Redis is killed in the middle of writing, forgetting, erasing: what is there is whole, the rest can be redone."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from semcache.devstack.ports import free_port
from semcache.devstack.process import ServerProcess
from semcache.devstack.redis import RedisServer
from semcache.embed import CachedEmbedder
from semcache.errors import Unavailable
from semcache.memory import AgentMemory, NewTurn, TurnWriter
from semcache.memory.facts.kept import keep_claims
from semcache.memory.facts.types import Claim
from semcache.memory.stored.layout import UserKeys
from semcache.store.checks import check_data
from semcache.store.connect import connect
from semcache.store.sealing import UNSEALED
from tests.memory.invariants import check_user
from tests.waiting import wait_until

KILLS = 5
TOWNS = "lyon porto oslo rome bern graz cork bath york nice".split()
USER = UserKeys("crash", "ann")
SETTLED_LATER = (
    "the context of turn"  # a crash between a write and its settling leaves that, until the event comes again
)


class Server:
    """An embedded Redis of the test's own that keeps what it has acknowledged, and can be killed."""

    def __init__(self, folder: Path) -> None:
        self._server = RedisServer(folder, free_port(), {"appendonly": "yes", "appendfsync": "always"})
        self._process: ServerProcess | None = None

    def start(self) -> Redis:
        self._process = self._server.start(tied=True)
        self._server.wait_ready(self._process)
        return connect(self._server.address)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "redis")
    yield made
    made.kill()


def turns(count: int) -> list[NewTurn]:
    """Turns of two sessions, not in order of time."""
    order = random.Random(7).sample(range(count), count)
    return [
        NewTurn("ann", f"s{n % 2}", "user", f"note {n} about tea and rain", 1_000.0 + n, f"e{n}", "crash")
        for n in order
    ]


def interrupted(server: Server, steps: list[Callable[[], object]], *, after: int) -> None:
    """Takes the steps one after the other; Redis is killed while a step after the first `after` is under way."""
    done = 0

    def kill() -> None:
        wait_until("enough is done", lambda: done >= after)
        server.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for step in steps:
            step()
            done += 1
    except Unavailable:
        pass
    finally:
        done = len(steps)
        killer.join()


def problems(redis: Redis) -> list[str]:
    """What the tests' own checker finds, and what `semcache doctor --check-data` finds."""
    return [problem.what for problem in check_user(redis, USER)] + [finding.wrong for finding in check_data(redis)]


def test_killed_while_writing(server: Server, embedder: CachedEmbedder) -> None:
    """After each kill every turn is there whole or not at all; the same events again complete the memory."""
    events, rng = turns(60), random.Random(1)
    for _ in range(KILLS):
        writer = TurnWriter(server.start(), embedder, clock=lambda: 2_000.0)
        steps = [lambda event=event, writer=writer: writer.append([event]) for event in events]
        interrupted(server, steps, after=rng.randrange(len(events)))
        redis = server.start()
        assert [what for what in problems(redis) if not what.startswith(SETTLED_LATER)] == []
        server.kill()
    redis = server.start()
    TurnWriter(redis, embedder, clock=lambda: 2_000.0).append(events)
    assert problems(redis) == []
    memory = AgentMemory(redis, user="ann", namespace="crash", embedder=embedder)
    assert [turn.at for turn in memory.turns()] == [1_000.0 + n for n in range(60)]


def test_killed_while_forgetting_and_erasing(server: Server, embedder: CachedEmbedder) -> None:
    """A half-done erasure refuses the old events already, and the same call again ends with nothing."""
    events, rng = turns(60), random.Random(2)
    redis = server.start()
    TurnWriter(redis, embedder, clock=lambda: 2_000.0).append(events)
    for _ in range(KILLS):
        memory = AgentMemory(redis, user="ann", namespace="crash", embedder=embedder)
        steps = [lambda id=turn.id, memory=memory: memory.forget([id]) for turn in memory.turns()[:8]]
        interrupted(server, steps, after=rng.randrange(8))
        redis = server.start()
        assert [what for what in problems(redis) if not what.startswith(SETTLED_LATER)] == []
    memory = AgentMemory(redis, user="ann", namespace="crash", embedder=embedder)
    assert 0 < len(memory.turns()) < 60
    interrupted(server, [lambda: memory.erase(at=2_000.0)], after=0)
    redis = server.start()
    AgentMemory(redis, user="ann", namespace="crash", embedder=embedder).erase(at=2_000.0)
    TurnWriter(redis, embedder, clock=lambda: 2_000.0).append(events)
    assert [key for key in redis.scan_iter("sc:{m:*") if not key.endswith(b":erased")] == []
    assert problems(redis) == []


def test_killed_while_claims_are_kept(server: Server, embedder: CachedEmbedder) -> None:
    """What a model read takes the place of what rules read: each turn always tells one of the two."""
    redis, rng = server.start(), random.Random(3)
    said = [
        NewTurn("ann", "s", "user", f"I live in {town}.", 1_000.0 + n, f"e{n}", "crash") for n, town in enumerate(TOWNS)
    ]
    TurnWriter(redis, embedder, clock=lambda: 2_000.0).append(said)
    for _ in range(KILLS):
        steps = [lambda turn=turn, redis=redis: keep(redis, turn) for turn in rng.sample(said, len(said))]
        interrupted(server, steps, after=rng.randrange(len(said)))
        redis = server.start()
        assert problems(redis) == []
        memory = AgentMemory(redis, user="ann", namespace="crash", embedder=embedder)
        assert [fact.value.lower() for fact in memory.facts(history=True)] == TOWNS
    for turn in said:
        keep(redis, turn)
    assert all(fact.confidence == 0.9 for fact in memory.facts(history=True))


def keep(redis: Redis, turn: NewTurn) -> None:
    """Keeps the one claim of a turn, as a model writes it."""
    town = turn.text.removeprefix("I live in ").removesuffix(".")
    keep_claims(redis, USER, turn.id, [Claim("home", town.upper(), confidence=0.9)], sealer=UNSEALED)
