"""Hits and wrong hits of the learned cache on labelled streams, for several budgets, beside the best static threshold.

    python benchmarks/cache_quality.py [DATA] [--only STREAM ...] [--files FILE ... [--then N]]
                                       [--budget R ...] [--shuffles N] [--json]

FILE is a stream of yours (CSV, .gz too; columns prompt and answer_id): it is asked in its own order, and shuffled.
`--then N`: after each of these, in its own order, N questions of each other one, whose answers are others; and N of the
rest after six tenths of its answers, shuffled.

DATA holds banking77_train.csv.gz (text, category) and qqp_train.tsv.gz (text_a, text_b, label). Its streams:

- banking: every row once, in shuffled order; the right answer is the category;
- qqp: 10,000 open-domain questions; the right answer is shared by questions connected through pairs of label 1;
- topics: of the same questions those that are asked in four wordings or more, 6,000 of them;
- pairs: each labelled pair by itself, the first question stored, the second asked.

The decisions and the learning are the cache's own, kept in memory (semcache.evals.simulate); the judge of answers is
perfect, or wrong independently in 3 % (false different) and .5 % (false same) of its comparisons; `--judge hesitant`
cannot tell in 30 % and calls 2 % of different answers equal. A static threshold is chosen in hindsight, on the stream
itself: the one that serves most while its error is within the budget. Vectors are kept in --vectors DIR.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from cache_streams import (
    Pairs,
    Stream,
    Vectors,
    cut,
    joined,
    parted,
    read_banking,
    read_file,
    read_pairs,
    read_qqp,
    read_topics,
)

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
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--only", nargs="+", choices=STREAMS, default=list(STREAMS))
    parser.add_argument("--files", nargs="+", type=Path, default=[], help="streams of yours")
    parser.add_argument("--then", type=int, default=0, metavar="N", help="questions of other files after each file")
    parser.add_argument("--budget", nargs="+", type=float, default=[0.01, 0.02, 0.05])
    parser.add_argument("--judge", nargs="+", choices=tuple(JUDGES), default=["perfect", "noisy"])
    parser.add_argument("--shuffles", type=int, default=3)
    parser.add_argument("--requests", type=int, help="only the first so many of each shuffle")
    parser.add_argument("--vectors", type=Path, default=Path(platformdirs.user_cache_dir("semcache")) / "benchmarks")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not (args.data or args.files):
        parser.error("give DATA, the folder of the data sets, or --files")
    rows = []
    for row in _rows(args, default_embedder()):
        print(json.dumps(row), file=sys.stderr, flush=True)
        rows.append(row)
    print(json.dumps(rows, indent=1) if args.json else tables(rows))


def _rows(args: argparse.Namespace, embedder: Embedder) -> Iterator[dict[str, Any]]:
    for name in args.only if args.data else ():
        for seed in range(args.shuffles):
            yield from _measured(name, seed, args, embedder)
    streams = {_name(path): read_file(path, embedder, args.vectors) for path in args.files}
    for name, stream in streams.items():
        for shuffle in (None, *range(args.shuffles)):
            ordered = stream if shuffle is None else stream.shuffled(shuffle + 17)
            yield from _replayed(name, cut(ordered, args.requests), shuffle, args)
    if args.then:
        for budget, (name, stream) in itertools.product(args.budget, streams.items()):
            others = {then: other for then, other in streams.items() if then != name}
            yield from _drifted(name, stream, others, budget, args.then)
            for shuffle in range(args.shuffles):
                first, rest = parted(stream.shuffled(shuffle + 17), shuffle)
                yield from _drifted(name, first, {"the rest": rest}, budget, args.then, shuffle)


def _name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".csv").removeprefix("stream_")


def _measured(name: str, seed: int, args: argparse.Namespace, embedder: Embedder) -> Iterator[dict[str, Any]]:
    """One row for each budget and judge on one shuffle of a stream of the data sets."""
    if name != "pairs":
        read = {"banking": read_banking, "qqp": read_qqp, "topics": read_topics}[name]
        stream = cut(read(args.data, embedder, args.vectors).shuffled(seed + 17), args.requests)
        yield from _replayed(name, stream, seed, args)
        return
    pairs = read_pairs(args.data / "qqp_train.tsv.gz", embedder, args.vectors, seed)
    static = pair_thresholds(pairs)
    for budget, judge in itertools.product(args.budget, args.judge):
        cache = SimulatedCache(max_error_rate=budget, judge=noisy(*JUDGES[judge], seed=seed), seed=seed, exact=False)
        run = replay_pairs(pairs, cache)
        yield {"stream": name, "budget": budget, "judge": judge, "shuffle": seed, **figures(run, budget, static)}


def _replayed(name: str, stream: Stream, shuffle: int | None, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row for each budget and judge on one order; `shuffle`: None is the stream's own."""
    static, seed = replay_thresholds(stream.vectors, stream.answers), shuffle or 0
    for budget, judge in itertools.product(args.budget, args.judge):
        cache = SimulatedCache(max_error_rate=budget, judge=noisy(*JUDGES[judge], seed=seed), seed=seed)
        run = Replay(stream, cache, seed).through(len(stream.texts))
        yield {"stream": name, "budget": budget, "judge": judge, "shuffle": shuffle, **figures(run, budget, static)}


def _drifted(
    name: str, first: Stream, others: dict[str, Stream], budget: float, questions: int, order: int | None = None
) -> Iterator[dict[str, Any]]:
    """One row for each other stream that follows a learned one, with a perfect judge."""
    learned = Replay(first, SimulatedCache(max_error_rate=budget, judge=noisy(0, 0, 0, seed=0)), 0)
    learned.through(len(first.texts))
    for then, other in others.items():
        both = copy.deepcopy(learned)
        both.stream, before = joined(both.stream, cut(other, questions)), both.asked
        run = both.through(len(both.stream.texts))
        after = {at: [sum(some[before : before + at]) for some in (run.wrong, run.hits)] for at in (25, 50, 100)}
        counts = {f"first_{at}": counted for at, counted in after.items() if at <= questions}
        yield {"stream": name, "then": then, "order": order, "budget": budget, **counts}


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


@dataclass
class Replay:
    """A stream that a cache is asked in order; `stored`: the places of the questions that it has stored."""

    stream: Stream
    cache: SimulatedCache
    seed: int
    asked: int = 0
    stored: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(9_000 + self.seed)

    def through(self, end: int) -> Run:
        """Asks on, up to the question at `end`."""
        stream, cache, stored, random = self.stream, self.cache, self.stored, self._random
        first, self.asked = self.asked, end
        for at in range(first, end):
            if (at - first) % BLOCK == 0:
                block = stream.vectors[at : at + BLOCK] @ stream.vectors[: at + BLOCK].T
            near = nearest(cache, block[(at - first) % BLOCK][stored])
            if not cache.ask(stream.texts[at], stream.answers[at], near):
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


def tables(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: shuffled streams, streams in their own order, and what came after a learned one."""
    shuffled = [row for row in rows if row.get("shuffle") is not None]
    own = [row for row in rows if "then" not in row and row["shuffle"] is None]
    after = [row for row in rows if "then" in row]
    found = (
        ("Shuffled", shuffled, table),
        ("In their own order", own, table),
        ("After a learned stream", after, drifts),
    )
    return "\n\n".join(f"{title}:\n\n{form(some)}" for title, some, form in found if some)


def drifts(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: wrong hits of all hits among the first questions of another subject."""
    firsts = [name for name in rows[0] if name.startswith("first_")]
    heads = ["learned", "then", "budget", *(name.replace("_", " ") for name in firsts)]
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for row in rows:
        counts = (f"{row[name][0]} of {row[name][1]}" for name in firsts)
        lines.append(f"| {row['stream']} | {row['then']} | {row['budget']:g} | {' | '.join(counts)} |")
    return "\n".join(lines)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: one line for a stream, budget and judge, over all its orders."""
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
