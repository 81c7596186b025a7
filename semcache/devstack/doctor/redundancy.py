"""Checks of several Redis servers together: who replicates whom, whether slots are served or on the move, sentinels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from redis.sentinel import SentinelConnectionPool

from semcache.devstack.doctor.finding import Finding, ok, problem, warning
from semcache.errors import ConfigurationError, SemcacheError
from semcache.settings import Settings
from semcache.store.clients.client import is_cluster, primaries
from semcache.store.connect import connect, guarded

SLOTS = 16_384
MOST_PRIMARIES = 64
"""So many fences the ingestor has: on more servers a loss could go unnoticed."""
_KEEPS_A_PROMISE = "have two replicas of each primary: after a failover the promoted one has none left"


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What the nodes of a cluster say. `replicas`: of each primary, by its address; `moving`: slots."""

    replicas: dict[str, int]
    slots: int
    moving: tuple[str, ...]
    atomic_moves: bool


def redundancy(url: str, settings: Settings, *, timeout_s: float) -> list[Finding]:
    """What is to be said of several servers beyond each of them; nothing of a single one.

    Raises:
        RedisUnavailable, ConfigurationError: as `semcache.store.connect.guarded`.
    """
    with connect(url, timeout_s=timeout_s) as client:
        if is_cluster(client):
            try:
                return judge_cluster(cluster_facts(client), settings.ingest.durability)
            except ConfigurationError as error:  # a user without CLUSTER NODES
                return [warning("cluster", f"it cannot be looked at: {error}", "grant it: docs/security.md")]
        pool = client.connection_pool
        if isinstance(pool, SentinelConnectionPool):
            return judge_sentinels(pool, settings.ingest.durability)
    return []


@guarded()
def cluster_facts(client: Redis) -> ClusterFacts:
    """Asks each primary: a slot that moves is known to the two that have to do with it."""
    servers = primaries(client)
    replicas: Counter[str] = Counter()
    moving: set[str] = set()
    slots, version = 0, ""
    for address, server in servers.items():
        version = version or str(server.info("server")["redis_version"])
        told: Any = server.execute_command("CLUSTER", "NODES")
        lines = [line.split() for line in _text(told).splitlines() if line]
        mine = next(line for line in lines if "myself" in line[2])
        replicas[address] = sum(line[3] == mine[0] and "fail" not in line[2] for line in lines)
        for span in mine[8:]:
            if span.startswith("["):
                moving.add(span[1:].split("-")[0])
            else:
                first, _, last = span.partition("-")
                slots += int(last or first) - int(first) + 1
    return ClusterFacts(dict(replicas), slots, tuple(sorted(moving, key=int)), version >= "8.4")


def _text(told: Any) -> str:
    """CLUSTER NODES as the server writes it."""
    return told.decode() if isinstance(told, bytes) else str(told)


def judge_cluster(facts: ClusterFacts, durability: str) -> list[Finding]:
    """What these facts mean."""
    alone = sorted(address for address, count in facts.replicas.items() if not count)
    found = [ok("cluster", f"{len(facts.replicas)} primaries, {sum(facts.replicas.values())} replicas")]
    if facts.slots < SLOTS:
        mend = "bring the servers back that have them, or redis-cli --cluster fix"
        found = [problem("cluster", f"{SLOTS - facts.slots:,} of {SLOTS:,} slots are served by nobody", mend)]
    if alone:
        detail = f"no replica takes over if {', '.join(alone)} dies"
        found.append(warning("cluster replicas", detail, "CLUSTER REPLICATE on a server of its own for each"))
    elif durability == "replica" and min(facts.replicas.values()) < 2:
        detail = "durability = replica, and some primary has one replica: after its failover nothing is committed"
        found.append(warning("cluster replicas", detail, _KEEPS_A_PROMISE))
    if facts.moving:
        detail = f"on the move: slot {', '.join(facts.moving[:5])}; whoever needs it waits"
        how = "the move to end" if facts.atomic_moves else "the move to end, or redis-cli --cluster fix if it broke off"
        found.append(warning("cluster slots", detail, f"wait for {how}"))
    if len(facts.replicas) > MOST_PRIMARIES:
        detail = f"{len(facts.replicas)} primaries, and {MOST_PRIMARIES} fences of the ingestor"
        found.append(problem("cluster fences", detail, f"use at most {MOST_PRIMARIES} primaries"))
    return found


def judge_sentinels(pool: SentinelConnectionPool, durability: str) -> list[Finding]:
    """How many sentinels answer and agree, and how many replicas they know."""
    answering, replicas = 0, 0
    why = ""
    for sentinel in pool.sentinel_manager.sentinels:
        try:
            with guarded():
                known: Any = sentinel.sentinel_master(pool.service_name)
                sentinel.execute_command("SENTINEL", "CKQUORUM", pool.service_name)
            answering += 1
            replicas = max(replicas, int(known["num-slaves"]))
        except (SemcacheError, RedisError) as error:
            why = str(error)
    asked = len(pool.sentinel_manager.sentinels)
    found = [ok("sentinels", f"{answering} of {asked} answer, and know {replicas} replicas")]
    if why:
        found = [warning("sentinels", f"{answering} of {asked} answer: {why}", "start the others, three at least")]
    wanted = 2 if durability == "replica" else 1
    if answering and replicas < wanted:
        mend = _KEEPS_A_PROMISE if wanted == 2 else "start a replica: nobody takes over if the primary dies"
        found.append(warning("replicas", f"{replicas} for the primary {pool.service_name}", mend))
    return found
