"""Evidence recall on LoCoMo conversations: what is found in Redis after the conversations were streamed into memory.

    python benchmarks/locomo.py FILE [--direct] [--ablate] [--stages] [--limit-conversations N] [--json]

FILE is LoCoMo's JSON, gzipped or not: sessions of two speakers, and questions with the turns that answer them. Each
conversation is one memory. By default its turns become events on Kafka and the ingestor writes them; `--direct` writes
them through the ingestor's batch path without Kafka. Servers are embedded ones in a temporary folder.

Recall at k is the share of a question's evidence turns among the k best; category 5 (unanswerable) is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from locomo_data import Asked, Conversation, read
from redis import Redis
from servers import Servers, running

from semcache.embed import Embedder, default_embedder
from semcache.memory import NewTurn, TurnWriter
from semcache.memory.dates.when import mentioned
from semcache.memory.ranking.fetch import Limits, Reach, fetch
from semcache.memory.ranking.rank import Candidates, Question, rank
from semcache.memory.ranking.weights import PARTS, Weights, weights_for
from semcache.memory.stored.layout import UserKeys, index_stems
from semcache.store import keys

CUTS = (5, 10, 25, 50)
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
_STAGES_K = 10  # with fifty wanted, the candidates of a conversation are nearly all of its turns
EVERYTHING = Reach(candidates=10**9)


def write_directly(redis: Redis, embedder: Embedder, namespace: str, conversations: Iterable[Conversation]) -> None:
    """Writes the conversations in batches, as the ingestor does."""
    writer = TurnWriter(redis, embedder)
    for talk in conversations:
        turns = [new_turn(event, namespace) for event in talk.events]
        for first in range(0, len(turns), 64):
            writer.append(turns[first : first + 64])


def write_through_kafka(servers: Servers, namespace: str, conversations: Sequence[Conversation]) -> None:
    """Produces the conversations as events; returns when the ingestor has written every one."""
    with servers.ingestor():
        servers.produce([{**event, "namespace": namespace} for talk in conversations for event in talk.events])
        expected = {keys.CHRONOLOGY.build(namespace=namespace, user=t.name): len(t.events) for t in conversations}
        servers.wait_until("every turn is written", lambda: servers.sizes(expected) == expected)


def new_turn(event: Mapping[str, Any], namespace: str) -> NewTurn:
    at = datetime.fromisoformat(event["at"]).timestamp()
    kept = {name: event[name] for name in ("user", "session", "role", "text", "speaker")}
    return NewTurn(**kept, at=at, event_id=event["id"], namespace=namespace)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The candidates for one question."""

    asked: Asked
    question: Question
    candidates: Candidates


class Bench:
    """Asks all questions. Embeddings are made once; candidates are fetched once for each reach."""

    def __init__(self, redis: Redis, embedder: Embedder, namespace: str, conversations: Sequence[Conversation]) -> None:
        self._redis = redis
        self._fingerprint = embedder.fingerprint
        self._namespace = namespace
        self._questions = [
            (talk, asked, to_question(embedder, talk, asked)) for talk in conversations for asked in talk.questions
        ]

    def retrieve(self, reach: Reach) -> list[Retrieved]:
        return [
            Retrieved(
                asked,
                question,
                fetch(
                    self._redis,
                    UserKeys(self._namespace, talk.name),
                    question,
                    fingerprint=self._fingerprint,
                    weights=weights_for(self._fingerprint),
                    limits=Limits(),
                    reach=reach,
                ),
            )
            for talk, asked, question in self._questions
        ]


def to_question(embedder: Embedder, talk: Conversation, asked: Asked) -> Question:
    vector = embedder.embed([asked.text])[0]
    return Question(asked.text, tuple(index_stems(asked.text)), vector, mentioned(asked.text, asked_at=talk.asked_at))


@dataclass(frozen=True, slots=True)
class Scores:
    """Recall of each question at each cut, (n, 4), their categories, and the share of gold sessions in the top ten."""

    recall: np.ndarray[Any, np.dtype[np.float64]]
    categories: tuple[int, ...]
    sessions: float

    @property
    def means(self) -> list[float]:
        return [float(value) for value in self.recall.mean(axis=0)]

    def of_category(self, category: int) -> list[float]:
        return [float(value) for value in self.recall[np.array(self.categories) == category].mean(axis=0)]


def score(retrieved: Sequence[Retrieved], weights: Weights) -> Scores:
    rows, shares = [], []
    session_of = {turn.id: turn.session for one in retrieved for turn in one.candidates.turns}
    for one in retrieved:
        ranking = rank(one.question, one.candidates, weights)
        found = [one.candidates.turns[place] for place in ranking.best(len(one.candidates))]
        rows.append([len(one.asked.evidence & {t.id for t in found[:cut]}) / len(one.asked.evidence) for cut in CUTS])
        best_sessions = set(list(dict.fromkeys(turn.session for turn in found))[:10])
        gold = {session_of.get(id, id) for id in one.asked.evidence}
        shares.append(len(gold & best_sessions) / len(gold))
    return Scores(np.array(rows), tuple(one.asked.category for one in retrieved), statistics.fmean(shares))


def report(scores: Scores) -> dict[str, Any]:
    """The figures by their published keys."""
    present = sorted(set(scores.categories))
    return {
        "questions": len(scores.categories),
        "recall": named(scores.means),
        "by_category": {
            CATEGORIES.get(category, str(category)): {
                "questions": scores.categories.count(category),
                **named(scores.of_category(category)),
            }
            for category in present
        },
        "sessions_at_10": round(scores.sessions, 4),
    }


def named(values: Sequence[float]) -> dict[str, float]:
    return {str(cut): round(value, 4) for cut, value in zip(CUTS, values, strict=True)}


def ablation(retrieved: Sequence[Retrieved], weights: Weights) -> list[dict[str, Any]]:
    """Recall with one part of the evidence switched off at a time, and with the vectors alone."""
    rows = [{"without": "nothing", **named(score(retrieved, weights).means)}]
    rows += [{"without": part, **named(score(retrieved, weights.without(part)).means)} for part in PARTS]
    alone = Weights(**{part: float(part == "turn") for part in PARTS})
    return [*rows, {"without": "all but turn", **named(score(retrieved, alone).means)}]


def stages(bench: Bench, weights: Weights) -> list[dict[str, Any]]:
    """What each source of candidates reaches with ten results wanted, and what is lost against ranking every turn."""
    usual = Reach().at_least(_STAGES_K)
    reaches = {
        "every turn": EVERYTHING,
        "vectors": replace(usual, by_postings=0),
        "postings": replace(usual, by_vector=0),
        "both, 300 of them": replace(usual, candidates=300),
        "both, first choice": usual,
    }
    rows = []
    for name, reach in reaches.items():
        retrieved = bench.retrieve(reach)
        present = [
            len(r.asked.evidence & {t.id for t in r.candidates.turns}) / len(r.asked.evidence) for r in retrieved
        ]
        sizes = statistics.fmean(len(one.candidates) for one in retrieved)
        fetched = {"candidates": round(sizes), "evidence fetched": round(statistics.fmean(present), 4)}
        rows.append({"stage": name, **fetched, **named(score(retrieved, weights).means)})
    return rows


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table on standard output."""
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]}
    print("  ".join(name.ljust(width) for name, width in widths.items()))
    for row in rows:
        print("  ".join(str(row[name]).ljust(width) for name, width in widths.items()))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Streams, asks, and returns what was found."""
    conversations = read(options.file)[: options.limit_conversations]
    namespace = f"locomo-{uuid.uuid4().hex[:8]}"
    embedder = default_embedder()
    with running(kafka=not options.direct) as servers:
        started = time.perf_counter()
        if options.direct:
            write_directly(servers.redis, embedder, namespace, conversations)
        else:
            write_through_kafka(servers, namespace, conversations)
        took = time.perf_counter() - started
        weights = weights_for(embedder.fingerprint)
        bench = Bench(servers.redis, embedder, namespace, conversations)
        retrieved = bench.retrieve(Reach().at_least(CUTS[-1]))
        result = report(score(retrieved, weights))
        turns = sum(len(talk.events) for talk in conversations)
        result |= {"turns": turns, "ingest_seconds": round(took, 1), "through_kafka": not options.direct}
        if options.ablate:
            result["ablation"] = ablation(retrieved, weights)
        if options.stages:
            result["stages"] = stages(bench, weights)
        return result


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="LoCoMo's JSON, or the same gzipped")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--through-kafka", action="store_true", help="through Kafka and the ingestor (the default)")
    way.add_argument("--direct", action="store_true", help="without Kafka")
    parser.add_argument("--ablate", action="store_true", help="switch off one part of the evidence at a time")
    parser.add_argument("--stages", action="store_true", help="what each source of candidates reaches")
    parser.add_argument("--limit-conversations", type=int, metavar="N", help="only the first N")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    result = run(options)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['questions']} questions about {result['turns']} turns, ingested in {result['ingest_seconds']} s")
    show(
        [
            {"recall at": "all", **result["recall"]},
            *(
                {"recall at": n, **{k: v for k, v in row.items() if k != "questions"}}
                for n, row in result["by_category"].items()
            ),
        ]
    )
    print(f"gold sessions in the top ten: {result['sessions_at_10']}")
    for table in ("ablation", "stages"):
        if table in result:
            print()
            show(result[table])


if __name__ == "__main__":
    main()
