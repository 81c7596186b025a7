"""Semantic caches and exact ones beside each other, vectors given: hit, miss, store, memory an entry.

    make bench-peers            (or: python benchmarks/peers.py [--entries N ...] [--only NAME ...] [--json])

Each stores the same questions (fillers around 200 centres, 384 dimensions) and is then asked, in turn, for near copies
(cosine about .998) and for what nothing is near to. Nobody embeds, nobody decides beyond a distance: semcache has
the fixed rule "cosine >= .9" in place of its learned one. Memory is what Redis takes, or the process (RSS) for those
that live in it, or the files. Who is not installed is left out, and said so. redisvl needs `--search-module`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import redis
from lookup import redis_server
from lookup_caches import ANSWER
from numpy.typing import NDArray

DIM = 384
ASKED = 150
LONGEST_FILL_S = 120.0
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Peer:
    """One cache, open: how it stores a text, how it is asked (True = a hit), and how much memory it takes, bytes."""

    store: Callable[[str], object]
    ask: Callable[[str], bool]
    memory: Callable[[], int]
    close: Callable[[], object] = lambda: None


class World:
    """The texts that are stored and asked, with their vectors, and where things are kept."""

    def __init__(self, size: int, client: redis.Redis, folder: Path) -> None:
        rng = np.random.default_rng(3)
        centres = rng.normal(size=(200, DIM))
        stored = centres[rng.integers(200, size=size)] + 0.7 * rng.normal(size=(size, DIM))
        chosen = rng.choice(size, ASKED, replace=size < ASKED)
        unit = np.sqrt(DIM)
        copies = (
            stored[chosen]
            + 0.06 * rng.normal(size=(ASKED, DIM)) * np.linalg.norm(stored[chosen], axis=1)[:, None] / unit
        )
        self.stored = [f"A question about something, number {n}?" for n in range(size)]
        self.copies = [f"Tell me: {self.stored[n]}" for n in chosen]
        self.repeats = [self.stored[n] for n in chosen]
        self.strangers = [f"A stranger's question, number {n}?" for n in range(ASKED)]
        texts = [*self.stored, *self.copies, *self.strangers]
        vectors = np.concatenate([stored, copies, rng.normal(size=(ASKED, DIM))]).astype(np.float32)
        self.vectors: dict[str, Vectors] = dict(
            zip(texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True)
        )
        self.client, self.folder = client, folder

    def used(self) -> int:
        return int(self.client.info("memory")["used_memory"])


def resident() -> int:
    """What this process takes, bytes."""
    return int(psutil.Process().memory_info().rss)


def semcache(world: World) -> Peer:
    from semcache.cache import CacheOptions, SemanticCache
    from semcache.cache.deciding import Decision

    class Given:
        dim = DIM
        fingerprint = "given"

        def embed(self, texts: Sequence[str], *, kind: str = "symmetric") -> Vectors:
            return np.stack([world.vectors[text] for text in texts])

    def rule(prompt: str, near: Sequence[Any]) -> Decision:
        served = near[0] if near and near[0].similarity >= 0.9 else None
        return Decision(served, "by distance", confidence=1.0 if served else 0.0)

    cache = SemanticCache(
        world.client, embedder=Given(), namespace="peers", ttl=86_400, options=CacheOptions(rule=rule)
    )
    return Peer(lambda text: cache.store(text, ANSWER), lambda text: bool(cache.lookup(text)), world.used, cache.close)


def redisvl(world: World) -> Peer:
    from redisvl.extensions.cache.llm import SemanticCache
    from redisvl.utils.vectorize import CustomVectorizer

    zero = world.vectors[world.stored[0]]
    vectorizer = CustomVectorizer(embed=lambda text, **_: world.vectors.get(text, zero).tolist())
    cache = SemanticCache(
        "peers", redis_client=world.client, vectorizer=vectorizer, distance_threshold=0.1, overwrite=True, ttl=86_400
    )
    return Peer(
        lambda text: cache.store(text, ANSWER, vector=world.vectors[text].tolist()),
        lambda text: bool(cache.check(vector=world.vectors[text].tolist())),
        world.used,
    )


def gptcache(world: World) -> Peer:
    from gptcache import Cache, Config  # type: ignore[import-not-found]
    from gptcache.adapter.api import get, put  # type: ignore[import-not-found]
    from gptcache.manager import CacheBase, VectorBase, get_data_manager  # type: ignore[import-not-found]
    from gptcache.processor.pre import get_prompt  # type: ignore[import-not-found]
    from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation  # type: ignore[import-not-found]

    manager = get_data_manager(
        CacheBase("sqlite", sql_url=f"sqlite:///{world.folder}/gptcache.db"),
        VectorBase("faiss", dimension=DIM, index_path=f"{world.folder}/gptcache.index"),
        max_size=1_000_000,
    )
    cache = Cache()
    cache.init(
        pre_embedding_func=get_prompt,
        embedding_func=lambda text, **_: world.vectors[text],
        data_manager=manager,
        similarity_evaluation=SearchDistanceEvaluation(max_distance=1.0),
        config=Config(similarity_threshold=0.8),
    )
    return Peer(
        lambda text: put(text, ANSWER, cache_obj=cache), lambda text: get(text, cache_obj=cache) is not None, resident
    )


def mem0(world: World) -> Peer:
    os.environ.update(MEM0_TELEMETRY="False", OPENAI_API_KEY="none: nothing is sent", MEM0_DIR=str(world.folder))
    from mem0 import Memory  # type: ignore[import-not-found]

    faiss = {"collection_name": "peers", "path": f"{world.folder}/mem0", "embedding_model_dims": DIM}
    memory = Memory.from_config(
        {
            "vector_store": {"provider": "faiss", "config": {**faiss, "distance_strategy": "cosine"}},
            "embedder": {"provider": "openai", "config": {"model": "none", "embedding_dims": DIM}},
            "llm": {"provider": "openai", "config": {"model": "none"}},
            "history_db_path": f"{world.folder}/mem0.db",
        }
    )

    class Given:
        config = memory.embedding_model.config

        def embed(self, text: str, *_: Any, **__: Any) -> list[float]:
            return list(world.vectors.get(text, world.vectors[world.stored[0]]).tolist())

        def embed_batch(self, texts: Sequence[str], *_: Any, **__: Any) -> list[list[float]]:
            return [self.embed(text) for text in texts]

    memory.embedding_model = Given()

    def near(text: str) -> bool:
        found = memory.search(text, filters={"user_id": "u"}, top_k=1)["results"]
        return bool(found) and float(found[0]["score"]) >= 0.9

    return Peer(lambda text: memory.add([{"role": "user", "content": text}], user_id="u", infer=False), near, resident)


def langchain_memory(world: World) -> Peer:
    from langchain_core.caches import InMemoryCache

    return _exact(InMemoryCache(), resident)


def langchain_sqlite(world: World) -> Peer:
    from langchain_community.cache import SQLiteCache  # type: ignore[import-not-found]

    path = world.folder / "langchain.db"
    return _exact(SQLiteCache(str(path)), lambda: path.stat().st_size)


def _exact(cache: Any, memory: Callable[[], int]) -> Peer:
    from langchain_core.outputs import Generation

    return Peer(
        lambda text: cache.update(text, "m", [Generation(text=ANSWER)]),
        lambda text: cache.lookup(text.removeprefix("Tell me: "), "m") is not None,  # it knows the same words only
        memory,
    )


PEERS: Mapping[str, Callable[[World], Peer]] = {
    "semcache": semcache,
    "redisvl (flat)": redisvl,
    "GPTCache (SQLite, faiss)": gptcache,
    "mem0 (faiss)": mem0,
    "LangChain InMemoryCache (exact)": langchain_memory,
    "LangChain SQLiteCache (exact)": langchain_sqlite,
}


def filled(
    world: World, open_peer: Callable[[World], Peer], say: Callable[[str], object]
) -> tuple[Peer, dict[str, float]]:
    """The peer with all texts, or as many as it takes in two minutes, and what storing took."""
    peer = open_peer(world)
    before, begun, taken = peer.memory(), time.perf_counter(), []
    for text in world.stored:
        started = time.perf_counter()
        peer.store(text)
        taken.append(time.perf_counter() - started)
        if time.perf_counter() - begun > LONGEST_FILL_S:
            say(f"only {len(taken):,} were stored in {LONGEST_FILL_S:.0f} s")
            break
    return peer, {
        "stored": len(taken),
        "store_ms": statistics.median(taken) * 1000,
        "bytes_per_entry": max(0, peer.memory() - before) / len(taken),
    }


def asked(peers: Mapping[str, Peer], world: World) -> dict[str, dict[str, float]]:
    """Each question given to every peer in turn."""
    hits: dict[str, list[float]] = {name: [] for name in peers}
    misses: dict[str, list[float]] = {name: [] for name in peers}
    right = dict.fromkeys(peers, 0)
    for copy, stranger in zip(world.copies, world.strangers, strict=True):
        for name, peer in peers.items():
            found, ms = _timed(peer.ask, copy)
            missed, missed_ms = _timed(peer.ask, stranger)
            hits[name].append(ms)
            misses[name].append(missed_ms)
            right[name] += found and not missed
    return {
        name: {
            "hit_ms": statistics.median(hits[name]),
            "hit_ms_p95": statistics.quantiles(hits[name], n=20)[-1],
            "miss_ms": statistics.median(misses[name]),
            "right": right[name] / ASKED,
        }
        for name in peers
    }


def _timed(ask: Callable[[str], bool], text: str) -> tuple[bool, float]:
    started = time.perf_counter()
    found = ask(text)
    return found, (time.perf_counter() - started) * 1000


def compare(size: int, names: Sequence[str], module: Path | None) -> dict[str, dict[str, float]]:
    """What was measured of each peer at one size."""
    with redis_server(module) as client, tempfile.TemporaryDirectory() as folder:
        world = World(size, client, Path(folder))
        peers, measured = {}, {}
        for name in names:
            print(f"{size:,} entries: filling {name}", file=sys.stderr, flush=True)
            try:
                peers[name], measured[name] = filled(world, PEERS[name], lambda what: print(what, file=sys.stderr))
            except (ImportError, redis.RedisError) as error:
                print(f"{name} is left out: {error}", file=sys.stderr, flush=True)
        compared = {name: {**measured[name], **found} for name, found in asked(peers, world).items()}
        for peer in peers.values():
            peer.close()
        return compared


def rows(sizes: Mapping[int, Mapping[str, Mapping[str, float]]]) -> Iterator[str]:
    columns = ("hit_ms", "hit_ms_p95", "miss_ms", "store_ms", "bytes_per_entry", "right", "stored")
    yield "| entries | | " + " | ".join(columns) + " |"
    yield "| --- " * (len(columns) + 2) + "|"
    for size, peers in sizes.items():
        for name, one in peers.items():
            cells = [f"{one[column]:,.0f}" if one[column] >= 100 else f"{one[column]:.2f}" for column in columns]
            yield f"| {size:,} | {name} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000, 20_000, 200_000])
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--search-module", type=Path, help="redisearch.so, which redisvl needs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    sizes = {size: compare(size, options.only, options.search_module) for size in sorted(set(options.entries))}
    print(json.dumps(sizes, indent=2) if options.json else "\n".join(rows(sizes)))


if __name__ == "__main__":
    main()
