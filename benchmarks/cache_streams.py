"""The labelled streams and pairs of the quality benchmark: read from data sets, embedded once."""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcache.embed import Embedder

Vectors = NDArray[np.float32]
QQP_QUESTIONS = 10_000
PAIRS = 12_000
WORDINGS, TOPIC_QUESTIONS = 4, 6_000


@dataclass(frozen=True)
class Stream:
    """Questions, the ids of their right answers, and their unit vectors, in order."""

    texts: list[str]
    answers: list[int]
    vectors: Vectors

    def shuffled(self, seed: int) -> Stream:
        return _chosen(self, np.random.default_rng(seed).permutation(len(self.texts)))


@dataclass(frozen=True)
class Pairs:
    """Labelled pairs: for each, the two questions, whether they have one answer, and their cosine."""

    first: list[str]
    second: list[str]
    same: list[bool]
    cosine: list[float]


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


def read_topics(data: Path, embedder: Embedder, vectors: Path) -> Stream:
    """Whole groups of one answer with `WORDINGS` questions or more, until there are enough."""
    rows = _qqp_rows(data / "qqp_train.tsv.gz")
    same = Components()
    for row in rows:
        if row["label"] == "1":
            same.join(row["text_a"], row["text_b"])
    groups: dict[str, list[str]] = {}
    for text in sorted({row[side] for row in rows if row["label"] == "1" for side in ("text_a", "text_b")}):
        groups.setdefault(same.of(text), []).append(text)
    large = [texts for _, texts in sorted(groups.items()) if len(texts) >= WORDINGS]
    texts: list[str] = []
    for at in np.random.default_rng(0).permutation(len(large)):
        texts += large[at] if len(texts) < TOPIC_QUESTIONS else []
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


def read_file(path: Path, embedder: Embedder, vectors: Path) -> Stream:
    """A stream of a CSV file with the columns prompt and answer_id, in its order."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"prompt", "answer_id"} <= rows[0].keys():
        raise SystemExit(f"{path} needs the columns prompt and answer_id, and a row")
    texts = [row["prompt"] for row in rows]
    return Stream(texts, numbered([row["answer_id"] for row in rows]), embedded(texts, embedder, vectors))


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


def joined(stream: Stream, then: Stream) -> Stream:
    """One stream after the other; no answer of the second is one of the first's."""
    first = max(stream.answers, default=-1) + 1
    answers = [*stream.answers, *(first + answer for answer in then.answers)]
    return Stream([*stream.texts, *then.texts], answers, np.concatenate([stream.vectors, then.vectors]))


def parted(stream: Stream, seed: int) -> tuple[Stream, Stream]:
    """The questions of six tenths of the answers, chosen at random, and those of the others; both in their order."""
    answers = np.array(stream.answers)
    order = np.random.default_rng(seed).permutation(np.unique(answers))
    first = np.isin(answers, order[: len(order) * 6 // 10])
    return _chosen(stream, np.flatnonzero(first)), _chosen(stream, np.flatnonzero(~first))


def _chosen(stream: Stream, places: NDArray[np.intp]) -> Stream:
    return Stream([stream.texts[at] for at in places], [stream.answers[at] for at in places], stream.vectors[places])


def cut(stream: Stream, requests: int | None) -> Stream:
    return Stream(stream.texts[:requests], stream.answers[:requests], stream.vectors[:requests])
