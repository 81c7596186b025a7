"""Small logs whose truth is known, measured from start to end: hits, and which of them are wrong or not judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from semcache.embed import CachedEmbedder
from semcache.evals.log import read_log
from semcache.evals.measure import Plan, measure
from tests.evals.test_shapes import ANSWER, CHOICES, FORMATS, PLAIN, QUESTION, SHAPES, SYSTEM, USER, jsonl, table

EXACT_ONLY = Plan(policy="static:1")
Measure = Callable[[Path], dict[str, Any]]


@pytest.fixture
def measured(redis: redis_py.Redis, embedder: CachedEmbedder) -> Measure:
    """The figures of a log where only the very same question is served."""

    def figures(path: Path) -> dict[str, Any]:
        log = read_log(path)
        return measure(log, EXACT_ONLY, redis_or_url=redis, embedder=embedder, progress=lambda *_: None).data

    return figures


def truth(data: dict[str, Any]) -> tuple[int, int, int, int]:
    """Requests, exact hits, wrong ones, ones that are not judged."""
    return data["requests"], data["exact_hits"], data["wrong_hits"], data["unjudged_hits"]


@pytest.mark.parametrize(("name", "content"), FORMATS.values(), ids=FORMATS)
def test_a_repeated_log_in_every_format(
    tmp_path: Path, measured: Measure, name: str, content: Callable[[], bytes]
) -> None:
    """A folder with the same log twice: every request of the second is an exact hit, and right."""
    for copy in ("1", "2"):
        (tmp_path / f"{copy}{name}").write_bytes(content())
    data = measured(tmp_path)
    assert truth(data) == (2 * len(PLAIN), len(PLAIN), 0, 0)
    assert data["wrong_hit_rate"] == 0


@pytest.mark.parametrize("record", [shape[0] for shape in SHAPES.values()], ids=SHAPES)
def test_a_repeated_request_in_every_shape(tmp_path: Path, measured: Measure, record: Any) -> None:
    """The second of two equal requests is an exact hit, within its scope and context."""
    (tmp_path / "a.jsonl").write_bytes(jsonl(record, record))
    assert truth(measured(tmp_path / "a.jsonl")) == (2, 1, 0, 0)


def chat(model: str, *earlier: Any, answer: Any = CHOICES) -> dict[str, Any]:
    return {"request": {"model": model, "messages": [SYSTEM, *earlier, USER]}, "response": answer}


def csv(*rows: Sequence[str]) -> bytes:
    return table(",", *rows)


KNOWN: dict[str, tuple[str, bytes, tuple[int, int, int, int]]] = {
    "ids that agree": ("a.csv", csv(["question", "answer_id"], *[["how?", "a"]] * 3), (3, 2, 0, 0)),
    "ids that differ": (
        "a.csv",
        csv(["question", "answer_id"], ["how?", "a"], ["how?", "b"], ["how?", "b"]),
        (3, 2, 2, 0),
    ),
    "texts that are equal": ("a.csv", csv(["prompt", "response"], *[["how?", "So."]] * 3), (3, 2, 0, 0)),
    "texts of which the judge cannot tell": (
        "a.csv",
        csv(["prompt", "response"], ["may I?", "Yes: within 30 days."], ["may I?", "No: not within 30 days."]),
        (2, 1, 0, 1),
    ),
    "other figures": (
        "a.csv",
        csv(["prompt", "response"], ["how long?", "It takes 30 days."], ["how long?", "It takes 14 days."]),
        (2, 1, 1, 0),
    ),
    "prompts alone": ("a.csv", csv(["prompt"], ["how?"], ["how?"], ["where?"]), (3, 1, 0, 1)),
    "labels: each question once": (
        "a.csv",
        csv(["question1", "question2", "is_duplicate"], ["how?", "how so?", "1"], ["how?", "where?", "0"]),
        (3, 0, 0, 0),
    ),
    "another model": ("a.jsonl", jsonl(chat("m"), chat("n"), chat("m")), (3, 1, 0, 0)),
    "another turn before": (
        "a.jsonl",
        jsonl(chat("m"), chat("m", *[USER, {"role": "assistant", "content": "x"}])),
        (2, 0, 0, 0),
    ),
    "an answer that failed": (
        "a.jsonl",
        jsonl(chat("m"), chat("m", answer={"error": {"message": "no"}})),
        (1, 0, 0, 0),
    ),
    "another user": ("a.jsonl", jsonl(*({**chat("m"), "user": user} for user in ("pia", "tom"))), (2, 1, 0, 0)),
    "ids beside texts": (
        "a.jsonl",
        jsonl(*({"prompt": QUESTION, "response": text, "answer_id": "7"} for text in (ANSWER, "Something else."))),
        (2, 1, 0, 0),
    ),
    "messages in a column of a table": (
        "a.csv",
        csv(["messages", "response"], *[['"' + json.dumps([USER]).replace('"', '""') + '"', ANSWER]] * 2),
        (2, 1, 0, 0),
    ),
    "unanswered rows": (
        "a.csv",
        csv(["prompt", "response"], ["how?", "So."], ["how?", ""], ["how?", "So."]),
        (2, 1, 0, 0),
    ),
}


@pytest.mark.parametrize(("name", "content", "known"), KNOWN.values(), ids=KNOWN)
def test_a_small_log_gives_what_is_known_of_it(
    tmp_path: Path, measured: Measure, name: str, content: bytes, known: tuple[int, int, int, int]
) -> None:
    """Requests, exact hits, wrong ones and ones that nothing tells about."""
    (tmp_path / name).write_bytes(content)
    data = measured(tmp_path / name)
    assert truth(data) == known
    judged = known[1] - known[3]
    assert data["judged_hits"] == judged
    assert data["wrong_hit_rate"] == (known[2] / judged if judged else None)
