"""What a shared question costs in the whole chat engine, in this tree and in another one, taking turns.

    python benchmarks/shared_question.py --redis redis://localhost:6379 --other ../before [--rounds 20]

Each tree answers the same questions as hits: "repeated" is asked in the words that are stored, with its vector in the
embedder's memory; "paraphrased" in other words, its vector there too; "forgotten" in the stored words, by an embedder
that has to compute them. Nothing else of a tree is used than its package, so `--other` may be an older checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SUBJECTS = ("the weekly report", "a library card", "the school bus", "a parking permit", "the swimming course",
            "a passport photo", "the recycling centre", "a fishing licence", "the night train", "a garden shed",
            "the tax return", "a building permit", "the choir", "a rental car", "the vaccination")  # fmt: skip
KINDS = ("repeated", "paraphrased", "forgotten")


class Forgetful:
    """An embedder that knows nothing of the question before."""

    def __init__(self, opened: Callable[[], Any]) -> None:
        self._opened = opened
        self.forget()

    def forget(self) -> None:
        self._inner = self._opened()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def worker(url: str) -> None:
    """Answers a round for each line read, and prints its times in ms."""
    import redis

    from semcache.chat import ChatEngine
    from semcache.embed import CachedEmbedder
    from semcache.embed.opening import open_model
    from semcache.llm.protocol import Llm, LlmRequest, complete
    from semcache.settings import load_settings

    class Answering(Llm):
        name, generative = "bench", True

        def stream(self, request: LlmRequest):  # type: ignore[no-untyped-def]
            yield "It takes three days."
            return complete("It takes three days.", request)

    settings = load_settings(namespace=f"bench-{uuid.uuid4().hex[:8]}", redis_url=url, llm_calls_per_minute=0)
    model = open_model(settings.embed, model_dir=settings.model_dir)
    client = redis.Redis.from_url(url)
    embedder = CachedEmbedder(model)
    forgetful = Forgetful(lambda: CachedEmbedder(model))
    engine, anew = (
        ChatEngine(client, llm=Answering(), embedder=e, settings=settings, publish=lambda event: None)
        for e in (embedder, forgetful)
    )
    stored = [f"How do I register for {subject}?" for subject in SUBJECTS]
    near = [f"How do I register for {subject}, please?" for subject in SUBJECTS]
    for question in (*stored, *stored, *near):
        engine.ask(question, user="ana", session=question)
    for _ in sys.stdin:
        found = {kind: [] for kind in KINDS}  # type: ignore[var-annotated]
        rounds = ((engine, stored), (engine, near), (anew, stored))
        for kind, (asked, questions) in zip(KINDS, rounds, strict=True):
            for question in questions:
                forgetful.forget()
                started = time.perf_counter()
                answer = asked.ask(question, user="ben", session="one")
                if answer.outcome == "hit":
                    found[kind].append(1000 * (time.perf_counter() - started))
        print(json.dumps(found), flush=True)


def started(tree: Path, url: str) -> subprocess.Popen[str]:
    """A worker that uses the package of a tree."""
    command = [sys.executable, str(Path(__file__).resolve()), "--worker", "--redis", url]
    return subprocess.Popen(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def round_of(process: subprocess.Popen[str]) -> dict[str, list[float]]:
    """One round of a worker."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())  # type: ignore[no-any-return]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--redis", default="redis://localhost:6379")
    arguments.add_argument("--other", type=Path, help="the tree to compare with")
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.worker:
        worker(given.redis)
        return
    if given.other is None:
        arguments.error("--other: give the tree to compare with")
    trees = {"this tree": ROOT, "the other": given.other.resolve()}
    workers = {name: started(tree, given.redis) for name, tree in trees.items()}
    times: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in KINDS} for name in trees}
    for _ in range(given.rounds):
        for name, process in workers.items():
            for kind, taken in round_of(process).items():
                times[name][kind] += taken
    for process in workers.values():
        process.communicate()
    for kind in KINDS:
        medians = {name: statistics.median(times[name][kind]) for name in trees if times[name][kind]}
        more = medians["this tree"] - medians["the other"]
        said = ", ".join(f"{name} {m:.2f} ms ({len(times[name][kind])} hits)" for name, m in medians.items())
        print(f"{kind}: {said}; {more:+.2f} ms")


if __name__ == "__main__":
    main()
