"""How often each judge of answers is wrong, on labelled pairs of answers.

    python benchmarks/answer_judges.py [tests/data/answers.jsonl] [--json]

Input: JSON lines with `a`, `b`, `same`, `kind` and `question`. "Held out": the likeness judge, with weights fitted to
the other nine tenths of the subjects (the answers to one question are one subject): what to expect of unseen texts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcache.cache.budget.fit import logistic
from semcache.cache.learning.judge import (
    Answer,
    Judge,
    equal_text,
    evidence,
    likeness_judge,
    unrelated_cosine,
    verdict_of,
)
from semcache.embed import Embedder, default_embedder
from semcache.evals.comparing.judging import clear_judge

FOLDS = 10


@dataclass(frozen=True)
class Plain:
    """An answer without sources."""

    response: str
    sources: dict[str, int] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=Path(__file__).parents[1] / "tests/data/answers.jsonl")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    pairs = [json.loads(line) for line in args.file.read_text().splitlines()]
    embedder = default_embedder()
    rows = [
        {"judge": "equal text", **errors(pairs, asked(equal_text, pairs))},
        {"judge": "likeness", **errors(pairs, asked(likeness_judge(embedder), pairs))},
        {"judge": "of a measurement", **errors(pairs, asked(clear_judge(embedder), pairs))},
        {"judge": "likeness, held out", **errors(pairs, held_out(embedder, pairs))},
    ]
    print(json.dumps(rows, indent=1) if args.json else table(rows))


def asked(judge: Judge, pairs: Sequence[dict[str, Any]]) -> list[bool | None]:
    """The judge's verdict on each pair."""
    return [judge(_answer(pair["a"]), [_answer(pair["b"])])[0] for pair in pairs]


def _answer(text: str) -> Answer:
    return Plain(text)


def held_out(embedder: Embedder, pairs: Sequence[dict[str, Any]]) -> list[bool | None]:
    """Verdicts of the likeness judge by weights that have not seen the subject."""
    table = np.array([list(seen.values()) for seen in _evidence(embedder, pairs)])
    same = np.array([float(pair["same"]) for pair in pairs])
    subjects = {text: n for n, text in enumerate(dict.fromkeys(pair["question"] for pair in pairs))}
    fold = np.array([subjects[pair["question"]] % FOLDS for pair in pairs])
    odds: NDArray[np.float64] = np.empty(len(pairs))
    for k in range(FOLDS):
        odds[fold == k] = table[fold == k] @ logistic(table[fold != k], same[fold != k], ridge=0.1)
    return [verdict_of(float(value)) for value in odds]


def _evidence(embedder: Embedder, pairs: Sequence[dict[str, Any]]) -> list[dict[str, float]]:
    base = unrelated_cosine(embedder)
    vectors = [embedder.embed([pair["a"], pair["b"]]) for pair in pairs]
    likeness = [(float(a @ b) - base) / (1 - base) for a, b in vectors]
    return [evidence(pair["a"], pair["b"], like) for pair, like in zip(pairs, likeness, strict=True)]


def errors(pairs: Sequence[dict[str, Any]], verdicts: Sequence[bool | None]) -> dict[str, float]:
    """Shares of wrong verdicts and of those withheld, by kind of pair."""
    found: dict[str, float] = {"pairs": len(pairs)}
    for kind in dict.fromkeys(pair["kind"] for pair in pairs):
        of_kind = [
            (verdict, pair["same"]) for pair, verdict in zip(pairs, verdicts, strict=True) if pair["kind"] == kind
        ]
        wrong = sum(verdict is not None and verdict != same for verdict, same in of_kind)
        found[f"{kind}: wrong"] = round(wrong / len(of_kind), 3)
        found[f"{kind}: cannot tell"] = round(sum(verdict is None for verdict, _ in of_kind) / len(of_kind), 3)
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join([*lines, *("| " + " | ".join(str(row[name]) for name in head) + " |" for row in rows)])


if __name__ == "__main__":
    main()
