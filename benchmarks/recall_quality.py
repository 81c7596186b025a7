"""What recall finds on three kinds of talk, beside the bare cosine of the same embedder and stemmed BM25.

    python benchmarks/recall_quality.py [--locomo FILE] [--longmemeval FILE] [--beam FILE] [--limit N] [--json]

LoCoMo: talk of two people in short turns. LongMemEval: a user and an assistant with replies of 200 words, one memory of
50 sessions for each question (`recall_talks`), pooled and flat. BEAM: whole chats with replies of 500 words. A figure
is the share of a question's evidence turns among the first five and ten, with its bootstrap interval (95 %). Everything
is written into an embedded Redis by the ingestor's writer and asked through `AgentMemory.recall`, at its time.

"updates": of LongMemEval's questions about a value that changed, the share in which the value asked for (the newest,
or the oldest if a former one is asked for) comes before the others.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from recall_talks import Probe, Said, Talk, beam, locomo, longmemeval
from redis import Redis
from rich.console import Console
from rich.progress import Progress
from servers import running

from semcache.embed import Embedder, default_embedder
from semcache.embed.cached import CachedEmbedder
from semcache.memory import AgentMemory, NewTurn, TurnWriter
from semcache.memory.dates.tense import tense
from semcache.memory.stored.layout import index_stems
from semcache.memory.types import turn_id

CUTS = (5, 10)
SYSTEMS = ("semcache", "cosine", "bm25")
_K1, _B = 1.5, 0.75
_BATCH = 64
_RESAMPLES = 2_000
_VECTOR_BYTES = 1 << 30  # haystacks share most of their turns
_CHANGED = "knowledge-update"

Floats = NDArray[np.float64]
Ranked = Mapping[str, Sequence[str]]
"""By system, the ids of the turns found, best first."""


@dataclass(slots=True)
class Tally:
    """The shares of evidence found, for each system a row of (5, 10) for each question, and the order of updates."""

    shares: dict[str, list[list[float]]] = field(default_factory=lambda: {name: [] for name in SYSTEMS})
    in_order: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in SYSTEMS})

    def add(self, talk: Talk, probe: Probe, ranked: Ranked) -> None:
        for name, found in ranked.items():
            self.shares[name].append([len(probe.evidence & set(found[:k])) / len(probe.evidence) for k in CUTS])
        told = sorted((said.at, said.id) for session in talk.sessions for said in session if said.id in probe.evidence)
        if probe.kind == _CHANGED and len({at for at, _ in told}) > 1:
            wanted = told[0][1] if tense(probe.text) == "before" else told[-1][1]
            for name, found in ranked.items():
                self.in_order[name].append(next((id for id in found if id in probe.evidence), "") == wanted)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locomo", type=Path, help="LoCoMo's JSON; each file may be gzipped")
    parser.add_argument("--longmemeval", type=Path, help="questions with evidence turns, and whole histories")
    parser.add_argument("--beam", type=Path, help="chats with questions")
    parser.add_argument("--limit", type=int, help="only the first N questions of LongMemEval, N talks of the others")
    parser.add_argument("--seed", type=int, default=1, help="of the haystacks")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    sets = wanted(options)
    if not sets:
        parser.error("give at least one of --locomo, --longmemeval, --beam")
    result: dict[str, dict[str, Any]] = {}
    with running(kafka=False) as servers, Progress(console=Console(file=sys.stderr)) as progress:
        inner = getattr(default_embedder(), "inner", default_embedder())
        embedder = CachedEmbedder(inner, max_bytes=_VECTOR_BYTES)
        for name, shape, talks in sets:
            listed = list(islice(talks(), options.limit))
            task = progress.add_task(f"{name}, {shape}", total=len(listed))
            advance = partial(progress.advance, task)
            result.setdefault(name, {})[shape] = measured(servers.redis, embedder, listed, advance)
    print(json.dumps(result, indent=2) if options.json else table(result))


def wanted(options: argparse.Namespace) -> list[tuple[str, str, Callable[[], Iterator[Talk]]]]:
    """Name, shape and talks of each set that was given."""
    sets: list[tuple[str, str, Callable[[], Iterator[Talk]]]] = []
    if options.longmemeval:
        for shape in ("pooled", "flat"):
            read = partial(longmemeval, options.longmemeval, seed=options.seed, flat=shape == "flat")
            sets.append(("longmemeval", shape, read))
    if options.beam:
        sets.append(("beam", "whole", partial(beam, options.beam)))
    if options.locomo:
        sets.append(("locomo", "whole", partial(locomo, options.locomo)))
    return sets


def measured(redis: Redis, embedder: Embedder, talks: Sequence[Talk], advance: Callable[[], object]) -> dict[str, Any]:
    """Writes each talk, asks its questions, and forgets it; the server is the benchmark's own."""
    tally = Tally()
    for talk in talks:
        write(redis, embedder, talk)
        memory = AgentMemory(redis, user=talk.name, embedder=embedder, namespace="quality")
        baselines = Baselines(embedder, [said for session in talk.sessions for said in session])
        names = {turn_id(said.id): said.id for session in talk.sessions for said in session}
        for probe in talk.probes:
            at = datetime.fromtimestamp(probe.at, UTC)
            found = [names[item.turn.id] for item in memory.recall(probe.text, k=CUTS[-1], at=at)]
            tally.add(talk, probe, {"semcache": found, **baselines(probe.text)})
        redis.flushdb()
        advance()
    return summary(tally)


def write(redis: Redis, embedder: Embedder, talk: Talk) -> None:
    """Writes a talk in batches, as the ingestor does."""
    writer = TurnWriter(redis, embedder)
    turns = [
        NewTurn(talk.name, f"session-{n}", said.role, said.text, said.at, said.id, "quality", said.speaker)
        for n, session in enumerate(talk.sessions)
        for said in session
    ]
    for first in range(0, len(turns), _BATCH):
        writer.append(turns[first : first + _BATCH])


class Baselines:
    """Every turn of a talk ranked by its own cosine, and by Okapi BM25 of its stems."""

    def __init__(self, embedder: Embedder, turns: Sequence[Said]) -> None:
        lines = [f"{said.speaker or said.role}: {said.text}" for said in turns]
        self._embedder = embedder
        self._ids = [said.id for said in turns]
        self._vectors = embedder.embed(lines, kind="passage")
        self._counts = [_counts(line) for line in lines]
        self._lengths = np.array([count.total() for count in self._counts], np.float64)

    def __call__(self, question: str) -> dict[str, list[str]]:
        cosine = self._vectors @ self._embedder.embed([question])[0]
        return {"cosine": self._best(cosine), "bm25": self._best(self._bm25(question))}

    def _bm25(self, question: str) -> Floats:
        scores = np.zeros(len(self._ids))
        damping = _K1 * (1 - _B + _B * self._lengths / max(self._lengths.mean(), 1))
        for stem, times in Counter(index_stems(question)).items():
            tf = np.array([count[stem] for count in self._counts], np.float64)
            n, df = len(self._ids), int((tf > 0).sum())
            scores += times * math.log(1 + (n - df + 0.5) / (df + 0.5)) * tf * (_K1 + 1) / (tf + damping)
        return scores

    def _best(self, scores: NDArray[Any]) -> list[str]:
        return [self._ids[place] for place in np.argsort(-scores, kind="stable")[: CUTS[-1]]]


@cache
def _counts(line: str) -> Counter[str]:
    return Counter(index_stems(line))


def summary(tally: Tally) -> dict[str, Any]:
    """The means by system, their intervals, and those of what semcache has more than each baseline."""
    shares = {name: np.array(rows, np.float64) for name, rows in tally.shares.items()}
    result: dict[str, Any] = {name: _by_cut(rows.mean(axis=0)) for name, rows in shares.items()}
    result["questions"] = len(shares["semcache"])
    result["interval"] = {name: _interval(rows) for name, rows in shares.items()}
    result["difference"] = {name: _interval(shares["semcache"] - shares[name]) for name in SYSTEMS[1:]}
    if tally.in_order["semcache"]:
        result["updates"] = {name: round(float(np.mean(rows)), 4) for name, rows in tally.in_order.items()}
        result["updates"]["questions"] = len(tally.in_order["semcache"])
    return result


def _interval(rows: Floats) -> dict[str, list[float]]:
    """Of the mean of (n, cuts) rows, by bootstrap over questions."""
    rng = np.random.default_rng(7)
    means = rows[rng.integers(len(rows), size=(_RESAMPLES, len(rows)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    return {str(k): [round(float(a), 4), round(float(b), 4)] for k, a, b in zip(CUTS, low, high, strict=True)}


def _by_cut(values: Floats) -> dict[str, float]:
    return {str(k): round(float(value), 4) for k, value in zip(CUTS, values, strict=True)}


def table(result: Mapping[str, Mapping[str, Any]]) -> str:
    """For people: a row for each set and system."""
    lines = [f"{'set':20} {'system':9} {'turns@5':>24} {'turns@10':>24}"]
    for name, shapes in result.items():
        for shape, found in shapes.items():
            for system in SYSTEMS:
                cells = (_cell(found[system][k], found["interval"][system][k]) for k in map(str, CUTS))
                head = f"{name} {shape}" if system == SYSTEMS[0] else f"  {found['questions']} questions"
                lines.append(f"{head:20} {system:9} " + " ".join(f"{cell:>24}" for cell in cells))
            if "updates" in found:
                told = ", ".join(f"{system} {found['updates'][system]:.3f}" for system in SYSTEMS)
                lines.append(f"  value asked for first, {found['updates']['questions']} updates: {told}")
    return "\n".join(lines)


def _cell(value: float, interval: Sequence[float]) -> str:
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


if __name__ == "__main__":
    main()
