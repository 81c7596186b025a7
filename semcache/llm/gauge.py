"""How related two texts are, on a scale that is the same for every embedding model.

Models spread their cosines differently: an answer to a question has .6 to .9 with one, .85 to .95 with another. Sixteen
questions with their answers, of different fields, measure where a model puts what belongs together and what does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray


class TextEmbedder(Protocol):
    """What is needed of an embedder (semcache.embed.Embedder is one): unit vectors, (n, dim) float32."""

    def embed(self, texts: Sequence[str], *, kind: Literal["symmetric", "query", "passage"] = ...) -> NDArray[Any]: ...


_PAIRS = (
    ("How long does paint need to dry?", "Wall paint is dry to the touch after two hours and hard after a week."),
    ("Where can I park at the airport?", "There is short-stay parking in front of terminal 1."),
    ("What is the fee for a lost library card?", "We replace a lost library card for a fee of 5 euros."),
    ("How do I take a screenshot?", "For a screenshot, press the power and volume buttons together."),
    ("Can children swim in the big pool?", "Children under ten may use the big pool only with an adult."),
    ("Which vaccinations do I need for Kenya?", "For Kenya, vaccination against yellow fever is advised."),
    ("When is the tax return due?", "The tax return has to reach the office by 31 July."),
    ("Is breakfast included in the price?", "Breakfast is not part of the room rate and costs 14 a person."),
    ("Why are my tomato leaves turning yellow?", "Yellow leaves on tomatoes mostly mean too much water."),
    ("How many employees does the factory have?", "Some 300 people work at the factory."),
    ("What should I wear to the interview?", "For an interview, dress a little more formally than for work."),
    ("How do I sort a list in Python?", "In Python, list.sort() sorts in place and sorted() returns a new list."),
    ("Does the insurance pay for broken glasses?", "Glasses are covered by the insurance up to 200 a year."),
    ("How heavy is the parcel allowed to be?", "A parcel may weigh up to 31.5 kg."),
    ("Who conducts the choir?", "The choir is conducted by Maria Lindt."),
    ("Are dogs allowed on the beach?", "From October to April dogs may run on the beach, in summer they may not."),
)


_WORDS = (
    "kids children",
    "car automobile",
    "buy purchase",
    "begin start",
    "doctor physician",
    "price cost",
    "repair fix",
    "trip journey",
    "shop store",
    "photo picture",
    "job work",
    "ill sick",
    "rain storm",
    "cancel terminate",
    "fast quick",
    "phone telephone",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Cosine of what is unrelated, and how much more the related have."""

    unrelated: float
    span: float

    def relatedness(self, cosines: NDArray[Any]) -> NDArray[np.float64]:
        """0 = nothing to do with each other, 1 = as near as question and answer, or as synonyms; same shape."""
        return (np.asarray(cosines, np.float64) - self.unrelated) / self.span

    def cosine(self, relatedness: float) -> float:
        """The cosine that is so related."""
        return self.unrelated + relatedness * self.span


@dataclass(frozen=True, slots=True)
class Gauge:
    """The scales of one embedder: a question with a text, and a word with a word."""

    texts: Scale
    words: Scale


def gauge_of(embedder: TextEmbedder) -> Gauge:
    """Measures an embedder; 32 short texts and 32 words are embedded."""
    left, right = zip(*(pair.split() for pair in _WORDS), strict=True)
    return Gauge(text_scale(embedder, asked="query"), _scale(embedder.embed(left), embedder.embed(right)))


def text_scale(embedder: TextEmbedder, *, asked: Literal["symmetric", "query"]) -> Scale:
    """The scale of questions embedded as `asked` and passages."""
    questions = embedder.embed([question for question, _ in _PAIRS], kind=asked)
    return _scale(questions, embedder.embed([answer for _, answer in _PAIRS], kind="passage"))


def _scale(left: NDArray[Any], right: NDArray[Any]) -> Scale:
    """From n pairs, (n, dim) each: the pairs themselves, and all that do not belong together."""
    cosines = np.asarray(left, np.float64) @ np.asarray(right, np.float64).T
    related = float(np.mean(np.diag(cosines)))
    unrelated = float((cosines.sum() - np.trace(cosines)) / (cosines.size - len(cosines)))
    return Scale(unrelated, max(related - unrelated, 1e-6))
