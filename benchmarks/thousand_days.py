"""Hits and wrong hits of one scope over a thousand days, in memory: what a year and more does to the learning.

    python benchmarks/thousand_days.py [--budget R] [--a-day N] [--seed N] [--plot FILE.svg] [--json]

A made-up FAQ of 120 topics, every second one a near twin of another, with popular and rare ones. Days 0 - 199: nothing
changes. From day 200 on the seasons change what is popular; from day 350 on a topic is replaced by a new one every
five days. Days 500 - 519: one asker adds as many near wordings as all others ask, each with an answer of its own. Days
700 - 749: the judge of answers is wrong in every tenth comparison, before and after in 1 %. The decisions and the
learning are the cache's own (semcache.evals.simulate). What the hostile asker is served is not counted.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcache.evals.simulate import Near, SimulatedCache

DAYS, PERIOD = 1_000, 50
SEASONS, DRIFT, HOSTILE, BAD_JUDGE = range(200, DAYS), range(350, DAYS), range(500, 520), range(700, 750)
NEIGHBOURS, DIM = 10, 64
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu za bre cla dro".split()
_FRAMES = "how do i {}|please tell me {}|what about {}|{} please|is there {}|where is {}|can you explain {}|{}".split(
    "|"
)
Vector = NDArray[np.float32]


class Faq:
    """Topics of four keywords; a vector is the sum of the vectors of the words."""

    def __init__(self, topics: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self._vectors: dict[str, NDArray[np.float64]] = {}
        self._topics: list[tuple[int, list[str]]] = []
        self._answers = 0
        for number in range(topics):
            self._topics.append(self._topic(twin_of=self._topics[-1][1] if number % 2 else None))

    def _topic(self, twin_of: list[str] | None = None) -> tuple[int, list[str]]:
        words = [self.word() for _ in range(4)]
        return self.new_answer(), words if twin_of is None else [*twin_of[:3], words[0]]

    def new_answer(self) -> int:
        self._answers += 1
        return self._answers

    def replace_one(self) -> None:
        """A topic goes, a new one takes its place."""
        self._topics[int(self.random.integers(len(self._topics)))] = self._topic()

    def question(self, day: int) -> tuple[str, int]:
        """A wording and the id of its answer, by what is popular on that day."""
        rank = np.arange(1, len(self._topics) + 1)
        weights = 1 / rank
        if day in SEASONS:
            weights = weights * (1.05 + np.sin(2 * math.pi * (day / 365 + rank / len(rank))))
        answer, words = self._topics[int(self.random.choice(len(rank), p=weights / weights.sum()))]
        said = list(self.random.permutation(words)[: self.random.integers(3, 5)])
        if words[3] not in said and self.random.random() < 0.95:
            said[-1] = words[3]
        if self.random.random() < 0.5:
            said.append(self.word())
        return str(self.random.choice(_FRAMES)).format(" ".join(said)), answer

    def word(self) -> str:
        return "".join(self.random.choice(_SYLLABLES, size=3))

    def vector(self, text: str) -> Vector:
        total = np.zeros(DIM)
        for word in text.split():
            if word not in self._vectors:
                scale = 0.3 if any(word in frame.split() for frame in _FRAMES) else 1.0
                self._vectors[word] = scale * np.random.default_rng(list(word.encode())).normal(size=DIM)
            total += self._vectors[word]
        return np.asarray(total / np.linalg.norm(total), np.float32)


class Judge:
    """A judge of answers that is wrong in a share of its comparisons."""

    def __init__(self, seed: int) -> None:
        self.wrong = 0.01
        self._random = np.random.default_rng(seed)

    def __call__(self, new: int, stored: int) -> bool:
        return (new == stored) != (self._random.random() < self.wrong)


def play(budget: float, a_day: int, seed: int) -> Iterator[tuple[int, bool, bool]]:
    """(day, served, served wrongly) of every request of the honest askers."""
    faq, judge = Faq(120, seed), Judge(seed + 1)
    cache = SimulatedCache(max_error_rate=budget, judge=judge, seed=seed)
    vectors = np.empty((DAYS * a_day + len(HOSTILE) * a_day, DIM), np.float32)

    def ask(text: str, answer: int) -> tuple[bool, bool]:
        vector = faq.vector(text)
        if not cache.ask(text, answer, _nearest(cache, vectors[: len(cache.entries)], vector)):
            vectors[len(cache.entries) - 1] = vector
        return cache.run.hits[-1], cache.run.wrong[-1]

    for day in range(DAYS):
        judge.wrong = 0.1 if day in BAD_JUDGE else 0.01
        if day in DRIFT and day % 5 == 0:
            faq.replace_one()
        for _ in range(a_day):
            yield day, *ask(*faq.question(day))
            if day in HOSTILE:
                ask(f"{faq.question(day)[0]} {faq.word()} in french", faq.new_answer())


def _nearest(cache: SimulatedCache, vectors: Vector, vector: Vector) -> list[Near]:
    similarities = vectors @ vector
    best = np.argsort(-similarities, kind="stable")[:NEIGHBOURS]
    return cache.near(best.tolist(), similarities[best].tolist())


def periods(outcomes: Iterator[tuple[int, bool, bool]]) -> list[dict[str, float]]:
    """Hit rate and share of wrong hits of every fifty days."""
    counts = np.zeros((DAYS // PERIOD, 3))
    for day, hit, wrong in outcomes:
        counts[day // PERIOD] += (1, hit, wrong)
    return [
        {"from_day": at * PERIOD, "hit_rate": hits / asked, "wrong": wrong / max(hits, 1)}
        for at, (asked, hits, wrong) in enumerate(counts)
    ]


def plot(rows: list[dict[str, float]], budget: float, path: Path) -> None:
    """Hit rate above, wrong share with the budget below, and what happened when."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 1, sharex=True, figsize=(8, 4.5), layout="constrained")
    days = [row["from_day"] + PERIOD / 2 for row in rows]
    axes[0].plot(days, [row["hit_rate"] for row in rows])
    axes[0].set(ylabel="hit rate", ylim=(0, 1))
    axes[1].plot(days, [row["wrong"] for row in rows], color="tab:red")
    axes[1].axhline(budget, color="tab:green", linestyle="--")
    axes[1].set(ylabel="wrong among hits", xlabel="day", ylim=(0, max(2 * budget, *(row["wrong"] for row in rows))))
    for name, when in (("seasons", 200), ("topics change", 350), ("hostile asker", 500), ("bad judge", 700)):
        axes[0].annotate(name, (when, 0.03), fontsize=8)
        for axis in axes:
            axis.axvline(when, color="grey", linewidth=0.5)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--a-day", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = periods(play(args.budget, args.a_day, args.seed))
    if args.plot:
        plot(rows, args.budget, args.plot)
    if args.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"days {row['from_day']:>3.0f} - {row['from_day'] + PERIOD - 1:>3.0f}: "
              f"hit rate {row['hit_rate']:.3f}, wrong {row['wrong']:.4f}")  # fmt: skip


if __name__ == "__main__":
    main()
