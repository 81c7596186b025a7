"""The work of comparing two texts grows with their length, not with its square."""

from __future__ import annotations

import random
import time
import timeit
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from redis import Redis

from semcache.cache import CacheOptions, SemanticCache
from semcache.cache.budget.evidence import Idf, Text, pair_features
from semcache.cache.deciding.guards import guards, wording_differs
from semcache.cache.learning.judge import evidence
from semcache.embed import Kind, Vectors
from semcache.text.reading import reader, text_bytes


def _word(dice: random.Random) -> str:
    return "".join(dice.choices("abcdefghijklmnoprstuvw", k=6))


UNITS = "km miles litres kg pounds inch feet hours minutes MB GB".split()
KINDS: dict[str, Callable[[random.Random], str]] = {
    "words": _word,
    "names": lambda dice: _word(dice).capitalize(),
    "numbers": lambda dice: f"OR{dice.randrange(10**9):09d},",
    "amounts": lambda dice: f"on {dice.randrange(1, 28)} May we paid {dice.randrange(10**6)} EUR,",
    "units": lambda dice: f"{dice.choice(UNITS)} {_word(dice)}",
    "denials": lambda dice: f"do not un{_word(dice)} it",
}


@pytest.mark.parametrize("kind", KINDS)
def test_eight_times_the_length_is_no_sixty_four_times_the_work(kind: str) -> None:
    """Texts of 250 and of 2,000 words, numbers, names, amounts, units or denials that differ in every one of them."""
    dice = random.Random(3)

    def seconds(count: int) -> float:
        first, second = (" ".join(KINDS[kind](dice) for _ in range(count)) for _ in range(2))
        query, candidate = Text.of(first), Text.of(second)

        def compare() -> None:
            evidence(first, second, 0.5)
            pair_features(query, candidate, 0.9, Idf())
            guards(query, candidate)
            wording_differs(query, candidate)

        return min(timeit.repeat(compare, timer=time.process_time, number=1, repeat=5))

    assert seconds(2_000) < 30 * seconds(250)


class Hashing:
    """Vectors of hashed words: nearly no work, so that a look-up's own is what takes time."""

    fingerprint, dim = "hashing~1~mean~fp32", 64

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        vectors = np.full((len(texts), self.dim), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.split():
                row[zlib.crc32(word.encode()) % self.dim] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_look_up_of_2000_characters_takes_no_ten_times_that_of_100(redis: Redis, namespace: str) -> None:
    """Beside ten stored questions of its own length, each asked for the first time."""
    dice = random.Random(5)

    def prompt(characters: int) -> str:
        return " ".join(_word(dice) for _ in range(characters // 7))

    def seconds(characters: int) -> float:
        cache = SemanticCache(
            redis,
            embedder=Hashing(),
            namespace=namespace,
            scope={"length": f"{characters}"},
            options=CacheOptions(learn="off"),
        )
        for _ in range(10):
            cache.store(prompt(characters), "A.")
        asked = iter([prompt(characters) for _ in range(10)])
        return min(timeit.repeat(lambda: cache.lookup(next(asked)), number=1, repeat=10))

    assert seconds(1_990) < 10 * seconds(100)


def test_what_is_remembered_of_texts_is_bounded_in_bytes() -> None:
    """A reader gives every text, keeps the last ones, and never more than it may."""
    texts = [f"text {n} " + "long " * 200 for n in range(20)]
    room = 5 * text_bytes(Text.of(texts[0]))
    read = reader(max_bytes=room)
    first = [read(text) for text in texts]
    assert first == [Text.of(text) for text in texts]
    assert read(texts[-1]) is first[-1]
    assert read(texts[0]) is not first[0]
    assert read("x " * room) == Text.of("x " * room), "one that is too long to be kept is read all the same"
