"""Hits and wrong hits of the learned cache on labelled streams, for several budgets, beside the best static threshold.

    python benchmarks/cache_quality.py DATA [--only STREAM ...] [--budget R ...] [--shuffles N] [--json]

DATA holds banking77_train.csv.gz (text, category) and qqp_train.tsv.gz (text_a, text_b, label). The streams:

- banking: every row once, in shuffled order; the right answer is the category;
- qqp: 10,000 open-domain questions; the right answer is shared by questions connected through pairs of label 1;
- topics: of the same questions those that are asked in four wordings or more, 6,000 of them;
- pairs: each labelled pair by itself, the first question stored, the second asked.

The decisions and the learning are the cache's own, kept in memory (semcache.evals.simulate); the judge of answers is
perfect, or wrong independently in 3 % (false different) and .5 % (false same) of its comparisons; `--judge hesitant`
cannot tell in 30 % and calls 2 % of different answers equal. A static threshold is chosen in hindsight, on the stream
itself: the one that serves most while its error is within the budget.
Vectors are kept in --vectors DIR for the next run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from cache_streams import Pairs, Stream, Vectors, cut, read_banking, read_pairs, read_qqp, read_topics

from semcache.embed import Embedder, default_embedder
from semcache.evals.simulate import Judge, Near, Run, SimulatedCache
from semcache.evals.stats import wilson
from semcache.evals.thresholds import StaticResult, best_within, replay_thresholds

STREAMS = ("banking", "qqp", "topics", "pairs")
NEIGHBOURS = 10
BLOCK = 256
#: Share of requests after which a stored question is asked again: these streams have no repeats, real ones do.
REPEATS = 0.03
#: Shares of comparisons: equal answers called different, different ones called equal, and no verdict at all.
JUDGES = {"perfect": (0.0, 0.0, 0.0), "noisy": (0.03, 0.005, 0.0), "hesitant": (0.03, 0.02, 0.3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", choices=STREAMS, default=list(STREAMS))
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
        read = {"banking": read_banking, "qqp": read_qqp, "topics": read_topics}[name]
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
        stored = Near(f"pair {at}", cosine, first, group=f"pair {at}", answer=2 * at)
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
        "static_wrong_rate": round(best.wrong_hit_rate or 0.0, 4) if best else 0.0,
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
