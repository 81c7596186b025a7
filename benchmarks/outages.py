"""What the death of a Redis primary costs, by how it is set up: how long keys are away, and what is lost.

    python benchmarks/outages.py [--seconds N] [--only NAME] [--json]

Two writers and two readers go through 24 keys of as many slots, as clients of `semcache.store.connect`; after 4 s a
primary is killed (kill -9). `away_s`: the longest time without success on the keys of the killed one; `others_s`: on
all other keys. `lost`: writes that were acknowledged, and confirmed if `durability` asks for it, and are not there
afterwards. `behind`: the replicas have stood still for 1.5 s when the primary dies. --json: a list of rows.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semcache.devstack.redundant import EmbeddedCluster, EmbeddedSentinel, Node
from semcache.errors import RedisUnavailable
from semcache.store.clients.client import node_of
from semcache.store.connect import connect, guarded
from semcache_ingest.connection import durable

KEYS = [f"sc:{{o{n}}}:written" for n in range(24)]
KILLED_AFTER_S = 4.0
BEHIND_S = 1.5
GROUP = "outages"
PAD = os.urandom(400_000)
"""Written besides where replicas are behind: less than that would wait in the buffers of the connection."""


@dataclass(frozen=True, slots=True)
class Case:
    """One setup: `form` with so many replicas of a primary, what a write waits for, whether replicas lag."""

    name: str
    form: str
    replicas: int
    durability: str = "memory"
    behind: bool = False


CASES = (
    Case("cluster", "cluster", 1),
    Case("cluster, replicas behind", "cluster", 1, behind=True),
    Case("cluster, 2 replicas, durability replica, behind", "cluster", 2, "replica", behind=True),
    Case("sentinel", "sentinel", 2),
    Case("sentinel, replicas behind", "sentinel", 2, behind=True),
    Case("sentinel, durability replica, behind", "sentinel", 2, "replica", behind=True),
)


@dataclass
class Seen:
    """What clients have seen: when each key was last served, its longest silence, errors, acknowledged writes."""

    last: dict[str, float] = field(default_factory=dict)
    silence: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KEYS, 0.0))
    errors: Counter[str] = field(default_factory=Counter)
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def served(self, key: str) -> None:
        now = time.monotonic()
        with self.lock:
            self.silence[key] = max(self.silence[key], now - self.last.get(key, now))
            self.last[key] = now


def client_loop(url: str, number: int, seen: Seen, stop: threading.Event, case: Case) -> None:
    """Writes (even numbers) or reads key after key; a write counts as acknowledged when it is confirmed."""
    client = connect(url, timeout_s=1.0)
    confirm = durable(client, case.durability, group=GROUP, timeout_s=1.0)
    count = 0
    while not stop.wait(0.004):
        count += 1
        key, member = KEYS[count % len(KEYS)], f"{number}-{count}"
        try:
            with guarded():
                if number % 2:
                    client.zcard(key)
                else:
                    if case.behind:
                        client.set(f"{key}:pad{number}", PAD)
                    client.zadd(key, {member: count})
                    confirm()
                    seen.acknowledged.append((key, member))
            seen.served(key)
        except RedisUnavailable as error:
            seen.errors[str(error).partition(":")[0]] += 1


@contextmanager
def running(case: Case, folder: Path) -> Iterator[EmbeddedCluster | EmbeddedSentinel]:
    servers: EmbeddedCluster | EmbeddedSentinel = (
        EmbeddedCluster(folder, replicas=case.replicas)
        if case.form == "cluster"
        else EmbeddedSentinel(folder, replicas=case.replicas)
    )
    servers.start(tied=True)
    try:
        yield servers
    finally:
        for node in servers.nodes:
            node.kill()
        servers.stop()


def stand_still(nodes: list[Node], *, number: int) -> None:
    for node in nodes:
        if node.process:
            os.kill(node.process.pid, number)


def measure(case: Case, *, seconds: float) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, running(case, Path(folder)) as servers:
        url, victim = servers.address, servers.nodes[0]
        with connect(url) as client:
            home = f":{victim.server.port}"
            dying = [key for key in KEYS if case.form == "sentinel" or node_of(client, key).endswith(home)]
        seen, stop = Seen(), threading.Event()
        threads = [threading.Thread(target=client_loop, args=(url, number, seen, stop, case)) for number in range(4)]
        for thread in threads:
            thread.start()
        stop.wait(KILLED_AFTER_S)
        replicas = servers.nodes[servers.primaries :] if isinstance(servers, EmbeddedCluster) else servers.nodes[1:]
        if case.behind:
            stand_still(replicas, number=signal.SIGSTOP)
            stop.wait(BEHIND_S)
        victim.kill()
        if case.behind:
            stand_still(replicas, number=signal.SIGCONT)
        stop.wait(seconds - KILLED_AFTER_S)
        stop.set()
        for thread in threads:
            thread.join()
        return row(case, seen, dying, members_of(url))


def members_of(url: str) -> Callable[[str], set[str]]:
    """What a key holds afterwards."""
    client = connect(url)

    def members(key: str) -> set[str]:
        found: Any = client.zrange(key, 0, -1)
        return {member.decode() for member in found}

    return members


def row(case: Case, seen: Seen, dying: list[str], members: Callable[[str], set[str]]) -> dict[str, object]:
    held = {key: members(key) for key in KEYS}
    lost = sum(member not in held[key] for key, member in seen.acknowledged)
    others = [seen.silence[key] for key in KEYS if key not in dying]
    return {
        "case": case.name,
        "away_s": round(max(seen.silence[key] for key in dying), 1),
        "others_s": round(max(others), 1) if others else None,
        "acknowledged": len(seen.acknowledged),
        "lost": lost,
        "errors": dict(seen.errors),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=18, help="of each case (18)")
    parser.add_argument("--only", help="cases whose name contains this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for case in CASES:
        if options.only is None or options.only in case.name:
            rows.append(measure(case, seconds=options.seconds))
            if not options.json:
                print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    if options.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
