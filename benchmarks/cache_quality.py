"""Hits and wrong hits of the learned cache on labelled streams, for several budgets, beside the best static threshold.

    python benchmarks/cache_quality.py DATA [--only banking|qqp|pairs ...] [--budget R ...] [--shuffles N] [--json]

DATA holds banking77_train.csv.gz (text, category) and qqp_train.tsv.gz (text_a, text_b, label). Three streams:

- banking: every row once, in shuffled order; the right answer is the category;
- qqp: 10,000 open-domain questions; the right answer is shared by questions connected through pairs of label 1;
- pairs: each labelled pair by itself, the first question stored, the second asked.

The decisions and the learning are the cache's own, kept in memory (semcache.evals.simulate); the judge of answers is
perfect, or wrong independently in 3 % (false different) and .5 % (false same) of its comparisons; `--judge hesitant`
cannot tell in 30 % and calls 2 % of different answers equal. A static threshold is chosen in hindsight, on the stream
itself: the one that serves most while its error is within the budget.
Vectors are kept in --vectors DIR for the next run.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from semcache.embed import Embedder, default_embedder
from semcache.evals.simulate import Judge, Near, Run, SimulatedCache
from semcache.evals.stats import wilson
from semcache.evals.thresholds import StaticResult, best_within, replay_thresholds

Vectors = NDArray[np.float32]
NEIGHBOURS = 10
BLOCK = 256
QQP_QUESTIONS = 10_000
PAIRS = 12_000
#: Share of requests after which a stored question is asked again: these streams have no repeats, real ones do.
REPEATS = 0.03
#: Shares of comparisons: equal answers called different, different ones called equal, and no verdict at all.
JUDGES = {"perfect": (0.0, 0.0, 0.0), "noisy": (0.03, 0.005, 0.0), "hesitant": (0.03, 0.02, 0.3)}


@dataclass(frozen=True)
class Stream:
    """Questions, the ids of their right answers, and their unit vectors, in order."""

    texts: list[str]
    answers: list[int]
    vectors: Vectors

    def shuffled(self, seed: int) -> Stream:
        order = np.random.default_rng(seed).permutation(len(self.texts))
        return Stream([self.texts[i] for i in order], [self.answers[i] for i in order], self.vectors[order])


@dataclass(frozen=True)
class Pairs:
    """Labelled pairs: for each, the two questions, whether they have one answer, and their cosine."""

    first: list[str]
    second: list[str]
    same: list[bool]
    cosine: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", choices=("banking", "qqp", "pairs"), default=["banking", "qqp", "pairs"])
    parser.add_argument("--budget", nargs="+", type=float, default=[0.01, 0.02, 0.05])
    parser.add_argument("--judge", nargs="+", choices=tuple(JUDGES), default=["perfect", "noisy"])
    parser.add_argument("--shuffles", type=int, default=3)
    parser.add_argument("--requests", type=int, help="only the first so many of each shuffle")
    parser.add_argument("--vectors", type=Path, default=Path(platformdirs.user_cache_dir("semcache")) / "benchmarks")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = list(_rows(args, default_embedder(), lambda line: print(line, file=sys.stderr, flush=True)))
    print(json.dumps(rows, indent=1) if args.json else table(rows))


def _rows(args: argparse.Namespace, embedder: Embedder, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    for name in args.only:
        for seed in range(args.shuffles):
            yield from _measured(name, seed, args, embedder, say)


def _measured(
    name: str, seed: int, args: argparse.Namespace, embedder: Embedder, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """One row for each budget and judge on one shuffle."""
    if name == "pairs":
        pairs = read_pairs(args.data / "qqp_train.tsv.gz", embedder, args.vectors, seed)
        static = pair_thresholds(pairs)
    else:
        read = {"banking": read_banking, "qqp": read_qqp}[name]
        stream = cut(read(args.data, embedder, args.vectors).shuffled(seed + 17), args.requests)
        static = replay_thresholds(stream.vectors, stream.answers)
    for budget in args.budget:
        for judge in args.judge:
            judged = noisy(*JUDGES[judge], seed=seed)
            cache = SimulatedCache(max_error_rate=budget, judge=judged, seed=seed, exact=name != "pairs")
            run = replay_pairs(pairs, cache) if name == "pairs" else replay(stream, cache, seed=seed)
            row = {"stream": name, "budget": budget, "judge": judge, "shuffle": seed, **figures(run, budget, static)}
            say(json.dumps(row))
            yield row


# ---- data


def read_banking(data: Path, embedder: Embedder, vectors: Path) -> Stream:
    with gzip.open(data / "banking77_train.csv.gz", "rt", encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [row["text"] for row in rows]
    return Stream(texts, numbered([row["category"] for row in rows]), embedded(texts, embedder, vectors))


def read_qqp(data: Path, embedder: Embedder, vectors: Path) -> Stream:
    """Whole components of questions connected by any pair, until there are enough; answers by pairs of label 1."""
    rows = _qqp_rows(data / "qqp_train.tsv.gz")
    connected, same = Components(), Components()
    for row in rows:
        connected.join(row["text_a"], row["text_b"])
        if row["label"] == "1":
            same.join(row["text_a"], row["text_b"])
    members: dict[str, list[str]] = {}
    for text in sorted({row[side] for row in rows for side in ("text_a", "text_b")}):
        members.setdefault(connected.of(text), []).append(text)
    texts: list[str] = []
    for component in np.random.default_rng(0).permutation(sorted(members)):
        if len(texts) >= QQP_QUESTIONS:
            break
        texts += members[str(component)]
    return Stream(texts, numbered([same.of(text) for text in texts]), embedded(texts, embedder, vectors))


def read_pairs(path: Path, embedder: Embedder, vectors: Path, seed: int) -> Pairs:
    rows = _qqp_rows(path)
    rows = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))[:PAIRS]]
    first, second = [row["text_a"] for row in rows], [row["text_b"] for row in rows]
    cosine = (embedded(first, embedder, vectors) * embedded(second, embedder, vectors)).sum(1)
    return Pairs(first, second, [row["label"] == "1" for row in rows], cosine.tolist())


def _qqp_rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


class Components:
    """Which texts are connected (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def of(self, text: str) -> str:
        root = text
        while (parent := self._parents.get(root, root)) != root:
            root = parent
        while (parent := self._parents.get(text, text)) != root:
            self._parents[text], text = root, parent
        return root

    def join(self, first: str, second: str) -> None:
        self._parents[self.of(first)] = self.of(second)


def numbered(ids: Sequence[str]) -> list[int]:
    known: dict[str, int] = {}
    return [known.setdefault(id, len(known)) for id in ids]


def embedded(texts: Sequence[str], embedder: Embedder, folder: Path) -> Vectors:
    """(n, dim) unit vectors, kept in a file named by model and texts."""
    key = hashlib.sha256("\0".join((embedder.fingerprint, *texts)).encode()).hexdigest()[:24]
    path = folder / f"{key}.npy"
    if path.exists():
        return np.asarray(np.load(path), np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    print(f"embedding {len(texts)} texts ...", file=sys.stderr, flush=True)
    vectors = np.concatenate([embedder.embed(texts[at : at + 512]) for at in range(0, len(texts), 512)])
    np.save(path, vectors)
    return vectors


def cut(stream: Stream, requests: int | None) -> Stream:
    return Stream(stream.texts[:requests], stream.answers[:requests], stream.vectors[:requests])


# ---- replays


def noisy(false_different: float, false_same: float, cannot_tell: float, *, seed: int) -> Judge:
    """A judge that is wrong, or cannot tell, independently in these shares of its comparisons."""
    random = np.random.default_rng(7_000 + seed)

    def judge(new: int, stored: int) -> bool | None:
        if cannot_tell and random.random() < cannot_tell:
            return None
        wrong = random.random() < (false_different if new == stored else false_same)
        return (new == stored) != wrong

    return judge


def replay(stream: Stream, cache: SimulatedCache, *, seed: int) -> Run:
    """Asks the whole stream in order."""
    random = np.random.default_rng(9_000 + seed)
    stored: list[int] = []
    for at, (text, answer) in enumerate(zip(stream.texts, stream.answers, strict=True)):
        if at % BLOCK == 0:
            block = stream.vectors[at : at + BLOCK] @ stream.vectors[: at + BLOCK].T
        if not cache.ask(text, answer, nearest(cache, block[at % BLOCK][stored])):
            stored.append(at)
        if len(stored) > 200 and random.random() < REPEATS:
            again = int(random.integers(len(stored)))
            similarities = stream.vectors[stored] @ stream.vectors[stored[again]]
            cache.check_judge(again, nearest(cache, similarities))
    return cache.run


def nearest(cache: SimulatedCache, similarities: Vectors) -> list[Near]:
    """The ten nearest entries, best first."""
    count = len(similarities)
    best = np.argpartition(similarities, count - NEIGHBOURS)[-NEIGHBOURS:] if count > NEIGHBOURS else np.arange(count)
    best = best[np.argsort(-similarities[best], kind="stable")]
    return cache.near(best.tolist(), similarities[best].tolist())


def replay_pairs(pairs: Pairs, cache: SimulatedCache) -> Run:
    """Asks the second question of each pair with the first as the only stored one."""
    for at, (first, second, same, cosine) in enumerate(
        zip(pairs.first, pairs.second, pairs.same, pairs.cosine, strict=True)
    ):
        stored = Near(f"pair {at}", first, cosine, f"pair {at}", 2 * at)
        cache.ask(second, 2 * at if same else 2 * at + 1, [stored])
    return cache.run


def pair_thresholds(pairs: Pairs) -> list[StaticResult]:
    """What each static threshold would serve of the pairs."""
    cosine, same = np.array(pairs.cosine), np.array(pairs.same)
    results = []
    for threshold in np.r_[np.arange(0.6, 0.9, 0.02), np.arange(0.9, 1.0, 0.005)]:
        hit = cosine >= threshold
        results.append(StaticResult(float(threshold), len(hit), int(hit.sum()), int((hit & ~same).sum())))
    return results


# ---- figures


def figures(run: Run, budget: float, static: Sequence[StaticResult]) -> dict[str, Any]:
    hits, wrong, quarter = sum(run.hits), sum(run.wrong), max(1, len(run.hits) // 4)
    best, equal = best_within(static, budget), best_within(static, run.wrong_rate)
    low, high = wilson(wrong, hits)
    return {
        "requests": len(run.hits),
        "hit_rate": round(run.hit_rate, 4),
        "wrong_rate": round(run.wrong_rate, 4),
        "wrong_interval": [round(low, 4), round(high, 4)],
        "first_quarter": round(sum(run.hits[:quarter]) / quarter, 3),
        "last_quarter": round(sum(run.hits[-quarter:]) / quarter, 3),
        "shadow_calls": run.shadows,
        "drifts": run.drifts,
        "static_hit_rate": round(best.hit_rate, 4) if best else 0.0,
        "static_wrong_rate": round(best.wrong_hit_rate, 4) if best else 0.0,
        "static_threshold": round(best.threshold, 3) if best else None,
        "static_hit_rate_at_our_error": round(equal.hit_rate, 4) if equal else 0.0,
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: one line for a stream, budget and judge, over all shuffles."""
    head = (
        "stream | budget | judge | hit rate | wrong hits (95 % of each run) | first / last quarter | "
        "best static threshold: hit rate / wrong | static at our error: hit rate"
    )
    lines = [f"| {head} |", "|" + " --- |" * 8]
    keys = dict.fromkeys((row["stream"], row["budget"], row["judge"]) for row in rows)
    for stream, budget, judge in keys:
        of = [row for row in rows if (row["stream"], row["budget"], row["judge"]) == (stream, budget, judge)]
        wrong = ", ".join(
            f"{r['wrong_rate']:.4f} ({r['wrong_interval'][0]:.3f}-{r['wrong_interval'][1]:.3f})" for r in of
        )
        lines.append(
            f"| {stream} | {budget:g} | {judge} | {_range(of, 'hit_rate')} | {wrong} "
            f"| {_mean(of, 'first_quarter'):.2f} / {_mean(of, 'last_quarter'):.2f} "
            f"| {_range(of, 'static_hit_rate')} / {_mean(of, 'static_wrong_rate'):.3f} "
            f"| {_range(of, 'static_hit_rate_at_our_error')} |"
        )
    return "\n".join(lines)


def _mean(rows: Sequence[dict[str, Any]], name: str) -> float:
    return sum(float(row[name]) for row in rows) / len(rows)


def _range(rows: Sequence[dict[str, Any]], name: str) -> str:
    return f"{_mean(rows, name):.3f} ({min(row[name] for row in rows):.3f}-{max(row[name] for row in rows):.3f})"


if __name__ == "__main__":
    main()
