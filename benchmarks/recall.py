"""How long recall takes beside the bare embedding of its question, and what a turn costs in Redis.

    python benchmarks/recall.py [--turns N ...] [--rounds N] [--json]

Recall is everything: embedding the question, fetching candidates, ranking. Each round gives the same question to the
model alone and to the memory, in turn; embeddings are not remembered. Turns are sentences of a vocabulary with natural
word frequencies, in sessions of 25; their vectors cluster like those of real talk.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from redis import Redis
from servers import running

from semcache.embed import Embedder, default_embedder
from semcache.embed.protocol import Kind, Vectors
from semcache.memory import AgentMemory, NewTurn, TurnWriter

SESSION_TURNS = 25
QUESTIONS = (
    "Where did I say that my sister lives now?|What did the doctor recommend for my knee last month?|"
    "Which restaurant did we like best in the old town?|When does the insurance of the car end?|"
    "Who gave me the blue bicycle?|What am I allergic to?|How often do I water the plants in the kitchen?|"
    "Did I already book the train to the conference?|What is the name of my neighbour's dog?|"
    "Which books did you suggest for the holidays?"
).split("|")


class Clustered:
    """Stands in for the model while filling: unit vectors around some hundred centres, similarity .5 to .9."""

    def __init__(self, embedder: Embedder) -> None:
        self.dim, self.fingerprint = embedder.dim, embedder.fingerprint
        self._rng = np.random.default_rng(7)
        self._centres = self._rng.normal(size=(200, self.dim))

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        rows = self._centres[self._rng.integers(200, size=len(texts))]
        rows = rows + 0.7 * self._rng.normal(size=rows.shape)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def sentences(seed: int) -> Iterator[str]:
    """Endless sentences of 6 to 24 words; word frequencies fall off as in natural text (Zipf)."""
    rng = np.random.default_rng(seed)
    asked = sorted({word.strip("?").lower() for question in QUESTIONS for word in question.split()})
    words = [*asked, *(f"word{n}" for n in range(6_000))]
    chances = 1 / np.arange(4, len(words) + 4)
    chances /= chances.sum()
    order = rng.permutation(len(words))
    while True:
        yield " ".join(words[order[n]] for n in rng.choice(len(words), size=rng.integers(6, 25), p=chances)) + "."


def fill(redis: Redis, embedder: Embedder, user: str, count: int) -> None:
    """Writes `count` turns of one user."""
    writer, said = TurnWriter(redis, Clustered(embedder)), sentences(count)
    for first in range(0, count, 256):
        numbers = range(first, min(first + 256, count))
        writer.append([turn(user, n, next(said)) for n in numbers])


def turn(user: str, n: int, text: str) -> NewTurn:
    role = "assistant" if n % 2 else "user"
    return NewTurn(user, f"session-{n // SESSION_TURNS}", role, text, 1_600_000_000.0 + 60 * n, f"{user}-{n}", "bench")


def alternately(rounds: int, *tasks: Callable[[int], object]) -> list[list[float]]:
    """Milliseconds of each round of each task, taking turns so that a busy machine slows all alike."""
    taken: list[list[float]] = [[] for _ in tasks]
    for n in range(rounds):
        for times, task in zip(taken, tasks, strict=True):
            started = time.perf_counter()
            task(n)
            times.append((time.perf_counter() - started) * 1000)
    return taken


def measure(redis: Redis, embedder: Embedder, turns: int, rounds: int) -> dict[str, float]:
    """Fills a memory of its own and asks it."""
    user = f"user-{turns}"
    before = used_bytes(redis)
    started = time.perf_counter()
    fill(redis, embedder, user, turns)
    writing_s = time.perf_counter() - started
    memory = AgentMemory(redis, user=user, embedder=embedder, namespace="bench")

    def ask(n: int) -> None:
        assert len(memory.recall(QUESTIONS[n % len(QUESTIONS)])) == 10

    bare_ms, recall_ms = alternately(rounds, lambda n: embedder.embed([QUESTIONS[n % len(QUESTIONS)]]), ask)
    return {
        "turns": turns,
        "embed_ms_p50": round(statistics.median(bare_ms), 2),
        "recall_ms_p50": round(statistics.median(recall_ms), 2),
        "recall_ms_p95": round(statistics.quantiles(recall_ms, n=20)[-1], 2),
        "ratio": round(statistics.median(recall_ms) / statistics.median(bare_ms), 2),
        "bytes_a_turn": round((used_bytes(redis) - before) / turns),
        "turns_written_a_second": round(turns / writing_s),
    }


def used_bytes(redis: Redis) -> int:
    memory: dict[str, Any] = redis.info("memory")
    return int(memory["used_memory"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, nargs="+", default=[1_000, 10_000], help="turns of the user")
    parser.add_argument("--rounds", type=int, default=200, help="questions asked")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    embedder = default_embedder()
    with running(kafka=False) as servers:
        results = [measure(servers.redis, embedder.inner, turns, options.rounds) for turns in options.turns]
    printed(results, as_json=options.json)


def printed(results: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Prints each result as a line of names and values, or all as one list of JSON."""
    if as_json:
        print(json.dumps(results, indent=2))
        return
    for result in results:
        print("  ".join(f"{name} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
