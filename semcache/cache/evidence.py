"""Evidence that two questions have one answer: features of a pair and of its neighbourhood.

`Text.of(raw)` (semcache.text.reading) is computed once a text. `pair_features` and `neighbourhood` feed the learned
score. What plainly differs is named in `guards.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from semcache.text.antonyms import opposed
from semcache.text.facts import unmatched
from semcache.text.negation import negation_differs
from semcache.text.reading import Text
from semcache.text.signs import signs_apart

__all__ = [
    "FEATURES", "NEIGHBOUR_FEATURES", "PAIR_FEATURES", "Idf", "Neighbour", "Neighbourhood", "Text",
    "antonyms", "neighbourhood", "pair_features", "sign_difference",
    "undone",
]  # fmt: skip
PAIR_FEATURES = (
    "cosine",
    "log_distance",
    "jaccard",
    "weighted_jaccard",
    "rarest_in_query",
    "rarest_in_candidate",
    "numbers_differ",
    "negation_differs",
    "question_word_differs",
    "names_differ",
    "length_ratio",
    "reordered",
    "antonyms",
    "bigram_overlap",
    "subset",
    "equal_form",
    "units_differ",
    "log_length",
    "signs_differ",
    "restriction_differs",
    "only_in_query",
    "only_in_candidate",
)
NEIGHBOUR_FEATURES = (
    "margin",
    "vote_top5",
    "kernel_vote",
    "log_group_size",
    "mean_cosine",
    "second_cosine",
    "group_of_one",
    "group_record",
    "group_labels",
)
FEATURES = PAIR_FEATURES + NEIGHBOUR_FEATURES
#: Width of the kernel that weighs neighbours by their cosine below the nearest one's.
KERNEL_WIDTH = 0.04
_PARTICLES = frozenset("in out on off up down over under with without this next last previous".split())


@dataclass(frozen=True, slots=True)
class Idf:
    """How rare a stem is among the questions of a scope: ln((n + 2) / (1 + questions that contain it))."""

    questions: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, stemmed: str) -> float:
        return math.log((self.questions + 2) / (1 + self.counts.get(stemmed, 0)))

    @property
    def highest(self) -> float:
        return math.log(self.questions + 2)


def pair_features(query: Text, candidate: Text, cosine: float, idf: Idf) -> list[float]:
    """The features named PAIR_FEATURES, in that order."""
    mine, other = query.content, candidate.content
    shared, all_ = mine & other, mine | other
    only_query, only_candidate = mine - shared, other - shared
    weight = {word: idf(word) for word in all_}
    total = sum(weight.values())
    bigrams = len(query.bigrams | candidate.bigrams)
    highest = idf.highest
    lengths = len(query.words), len(candidate.words)
    signs = sign_difference(query, candidate) is not None
    return [
        cosine,
        -math.log(1.0003 - min(cosine, 1.0)),
        len(shared) / len(all_) if all_ else 1.0,
        sum([weight[word] for word in shared]) / total if total > 0 else 1.0,
        max([weight[word] for word in only_query], default=0.0) / highest,
        max([weight[word] for word in only_candidate], default=0.0) / highest,
        float(any(unmatched(query.facts, candidate.facts))),
        float(negation_differs(query.negation, candidate.negation)),
        float(query.question != candidate.question),
        float(_names_apart(query, candidate)),
        abs(lengths[0] - lengths[1]) / max(*lengths, 1),
        float(not only_query and not only_candidate and query.sequence != candidate.sequence),
        float(antonyms(query, candidate) is not None),
        len(query.bigrams & candidate.bigrams) / bigrams if bigrams else 1.0,
        float((not only_query) != (not only_candidate)),
        float(query.form == candidate.form and not signs),
        float(query.facts.bare != candidate.facts.bare),
        math.log(1 + min(lengths)),
        float(signs),
        float(query.negation.restricts != candidate.negation.restricts),
        math.log(1 + len(only_query)),
        math.log(1 + len(only_candidate)),
    ]


def sign_difference(query: Text, candidate: Text) -> tuple[str, str] | None:
    """The signs that differ; "50%" and "50 percent" agree, for both state the same figure and unit."""
    same_figures = query.facts.stated.keys() == candidate.facts.stated.keys()
    return signs_apart(query.signs, candidate.signs, same_figures=same_figures)


def _names_apart(query: Text, candidate: Text) -> int:
    """Names that only one text has, 0..3; a name written in lower case on the other side is the same name."""
    if not query.names and not candidate.names:
        return 0
    return min(3, len(query.names - candidate.bag) + len(candidate.names - query.bag))


def antonyms(query: Text, candidate: Text) -> tuple[str, str] | None:
    """Two words that exclude each other; "not safe" facing "unsafe" is no opposition."""
    mine, other = query.bag - candidate.bag, candidate.bag - query.bag
    if not mine or not other:
        return None
    found = opposed(mine, other)
    if found and not _same_place(query, candidate, *found):
        return None
    return None if found is None or undone(query, candidate, *found) else found


def undone(query: Text, candidate: Text, mine: str, other: str) -> bool:
    """Whether just one of two opposites is denied: "not safe" facing "unsafe", "least expensive" facing "cheapest"."""
    return (mine in query.negation.negated) != (other in candidate.negation.negated)


def _same_place(query: Text, candidate: Text, mine: str, other: str) -> bool:
    """Particles exclude each other only beside the same word: "turn on" / "turn off", not "in a box" / "out of oil"."""
    if mine not in _PARTICLES and other not in _PARTICLES:
        return True
    return not _beside(query.stems, mine).isdisjoint(_beside(candidate.stems, other))


def _beside(stems: Sequence[str], word: str) -> set[str]:
    at = stems.index(word)
    return {*stems[max(0, at - 1) : at], *stems[at + 1 : at + 2]}


class Neighbour(NamedTuple):
    """A stored question near the asked one: its cosine, its answer group, and the group's record of labels."""

    similarity: float
    group: str
    agreed: float = 0.0
    labels: float = 0.0


class Neighbourhood(NamedTuple):
    """The answer group that the neighbours vote for, its nearest entry, and the features NEIGHBOUR_FEATURES."""

    group: str
    candidate: int
    size: int
    features: list[float]


def neighbourhood(neighbours: Sequence[Neighbour], *, standing: int | None = None) -> Neighbourhood:
    """The vote of the neighbours, best first and not empty; `standing`: the one that stands whatever they vote."""
    top = neighbours[0].similarity
    weights: dict[str, float] = {}
    for near in neighbours:
        weights[near.group] = weights.get(near.group, 0.0) + math.exp((near.similarity - top) / KERNEL_WIDTH)
    group = max(weights, key=weights.__getitem__) if standing is None else neighbours[standing].group
    members = [at for at, near in enumerate(neighbours) if near.group == group]
    candidate = members[0] if standing is None else standing
    best = neighbours[candidate]
    rival = next((near.similarity for near in neighbours if near.group != group), None)
    five = min(5, len(neighbours))
    features = [
        best.similarity - (rival if rival is not None else neighbours[-1].similarity - 0.1),
        sum([at < five for at in members]) / five,
        weights[group] / sum(weights.values()),
        math.log(len(members)),
        sum([near.similarity for near in neighbours]) / len(neighbours),
        neighbours[members[1]].similarity if len(members) > 1 else 0.0,
        float(len(members) == 1),
        math.log((best.agreed + 2) / (best.labels - best.agreed + 1)),
        math.log(1 + best.labels),
    ]
    return Neighbourhood(group, candidate, len(members), features)
