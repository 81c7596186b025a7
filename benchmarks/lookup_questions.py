"""What the benchmark of look-ups stores and asks: questions of a file, or paraphrases that lie in one tight island."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcache.embed import Embedder

Vectors = NDArray[np.float32]
MOST_EMBEDDED = 20_000
MOST_ASKED = 1_000
# A filler's vector is that of a real question, turned until their cosine is about .8.
_NOISE = 0.75
_PAIRS = (("text_a", "text_b"), ("question1", "question2"), ("stored", "asked"))

VERBS = "change cancel find print export delete share renew track return rename archive pay confirm move".split()
THINGS = (
    "delivery address|gift card|monthly invoice|customer account|travel booking|phone contract|parking permit|"
    "insurance policy|course certificate|theatre ticket|standing order|data backup|product review|team calendar"
).split("|")


@dataclass(frozen=True, slots=True)
class Questions:
    """`stored`: each once, with its vector, (n, dim); `asked`: other wordings of some of the first of them."""

    stored: list[str]
    asked: list[str]
    vectors: Vectors

    def entries(self, first: int, last: int) -> tuple[list[str], Vectors]:
        """Prompts and (last - first, dim) vectors of entries: real questions, then fillers beside them."""
        real = len(self.stored)
        prompts = [self.stored[n % real] + (f" ({n // real})" if n >= real else "") for n in range(first, last)]
        numbers = np.arange(first, last)
        vectors = self.vectors[numbers % real].copy()
        fillers = numbers >= real
        noise = np.random.default_rng(first).normal(size=vectors[fillers].shape).astype(np.float32)
        vectors[fillers] += _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        return prompts, np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def island(embedder: Embedder) -> Questions:
    """210 questions of one shop, each asked in another wording; whatever else is stored lies far away."""
    stored = [f"How do I {verb} my {thing} in the online portal?" for verb in VERBS for thing in THINGS]
    asked = [question.replace("How do I", "How can I") for question in stored]
    others = _clustered(MOST_EMBEDDED, embedder.dim)
    names = [f"A question about something else, number {n}?" for n in range(len(others))]
    return Questions(stored + names, asked, np.concatenate([embedder.embed(stored), others]))


def _clustered(count: int, dim: int) -> Vectors:
    """(count, dim) vectors around some hundred centres, at a similarity of .5 to .9 to each other."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(200, dim)).astype(np.float32)
    vectors = centres[rng.integers(200, size=count)] + 0.7 * rng.normal(size=(count, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def of_file(path: Path, embedder: Embedder, *, most: int) -> Questions:
    """The questions of a table of pairs: its first column is stored, its second asked where the label, if any, is 1.

    Those that are asked about come first. At most 20,000 are embedded.

    Raises:
        SystemExit: the file has no such pairs.
    """
    pairs = list(_pairs(path))
    known = {stored for stored, _, _ in pairs}
    same = {asked: stored for stored, asked, label in pairs if label and asked not in known}
    asked = list(same)[: min(MOST_ASKED, most)]
    if not asked:
        raise SystemExit(f"{path} has no pair of two wordings: give a CSV or TSV with a stored and an asked question")
    wanted = dict.fromkeys([same[question] for question in asked] + [stored for stored, _, _ in pairs])
    stored = list(wanted)[: min(MOST_EMBEDDED, most)]
    return Questions(stored, asked, embedder.embed(stored))


def _pairs(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Stored question, asked question, and whether one answer serves both."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        header = file.readline()
        delimiter = "\t" if "\t" in header else ","
        names = next(csv.reader([header], delimiter=delimiter))
        first, second = next((pair for pair in _PAIRS if set(pair) <= set(names)), (names[0], names[-1]))
        label = next((name for name in ("label", "is_duplicate") if name in names), None)
        for row in csv.DictReader(file, names, delimiter=delimiter):
            stored, asked = (row[first] or "").strip(), (row[second] or "").strip()
            if stored and asked and stored != asked:
                yield stored, asked, label is None or row[label] == "1"
