"""A made-up world of questions whose right answers are known: topics with near twins, in words and in vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.evals.simulate import SimulatedCache

_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu za bre cla dro".split()
_FRAMES = (
    "how do i {}", "please tell me {}", "what about {}", "{} please", "is there {}", "i need {} now", "where is {}",
    "can you explain {}", "{}", "why does {} matter", "help me with {}", "my {} is not right",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the id of its right answer, and its unit vector."""

    text: str
    answer: int
    vector: NDArray[np.float32]


class World:
    """Topics of four keywords; every second topic is a twin of the one before, and differs in one keyword only.

    `telling`: how often a question says that keyword at least; without it nobody can tell the twins apart.
    """

    def __init__(self, *, topics: int, seed: int, telling: float = 0.9, dim: int = 64) -> None:
        self._telling = telling
        self._random = np.random.default_rng(seed)
        self._dim = dim
        self._topics: list[list[str]] = []
        for number in range(topics):
            words = [self._word() for _ in range(4)]
            self._topics.append(words if number % 2 == 0 else [*self._topics[-1][:3], words[0]])
        self._vectors: dict[str, NDArray[np.float64]] = {}

    def questions(self, count: int) -> Iterator[Asked]:
        """Questions of popular and rare topics."""
        weights = 1 / np.arange(1, len(self._topics) + 1)
        order = self._random.permutation(len(self._topics))
        for topic in order[self._random.choice(len(order), size=count, p=weights / weights.sum())]:
            yield self.question(int(topic))

    def question(self, topic: int) -> Asked:
        """One wording of a topic: two to four of its keywords in some order, in a frame, maybe with a filler."""
        words = list(self._random.permutation(self._topics[topic])[: self._random.integers(2, 5)])
        if self._topics[topic][3] not in words and self._random.random() < self._telling:
            words[-1] = self._topics[topic][3]
        if self._random.random() < 0.5:
            words.append(self._word())
        return self.worded(str(self._random.choice(_FRAMES)).format(" ".join(words)), topic)

    def worded(self, text: str, topic: int) -> Asked:
        vector = np.sum([self._vector(word) for word in text.split()], axis=0)
        return Asked(text, topic, (vector / np.linalg.norm(vector)).astype(np.float32))

    def _word(self) -> str:
        return "".join(self._random.choice(_SYLLABLES, size=3))

    def _vector(self, word: str) -> NDArray[np.float64]:
        if word not in self._vectors:
            self._vectors[word] = self._random.normal(size=self._dim) * (0.3 if len(word) < 5 else 1.0)
        return self._vectors[word]


def noisy_judge(seed: int, *, false_different: float = 0.0, false_same: float = 0.0):  # type: ignore[no-untyped-def]
    """A judge of answer ids that is wrong independently in these shares of comparisons."""
    random = np.random.default_rng(seed)

    def judge(new: int, stored: int) -> bool:
        wrong = random.random() < (false_different if new == stored else false_same)
        return (new == stored) != wrong

    return judge


def play(cache: SimulatedCache, stream: list[Asked], *, neighbours: int = 10, check_judge: float = 0.0) -> None:
    """Asks the stream; `check_judge`: share of requests after which a stored question is asked again."""
    vectors = np.zeros((len(stream), len(stream[0].vector)), np.float32)
    random = np.random.default_rng(len(stream))
    for asked in stream:
        stored = len(cache.entries)
        near = _near(cache, vectors[:stored], asked.vector, neighbours)
        if not cache.ask(asked.text, asked.answer, near):
            vectors[stored] = asked.vector
        if stored > 100 and random.random() < check_judge:
            at = int(random.integers(stored))
            cache.check_judge(at, _near(cache, vectors[:stored], vectors[at], neighbours))


def _near(cache: SimulatedCache, vectors: NDArray[np.float32], asked: NDArray[np.float32], count: int):  # type: ignore[no-untyped-def]
    if not len(vectors):
        return []
    similarities = vectors @ asked
    best = np.argsort(-similarities, kind="stable")[:count]
    return cache.near(best.tolist(), similarities[best].tolist())
