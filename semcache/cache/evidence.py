"""Evidence that two questions have one answer: features of a pair and of its neighbourhood, and the guards.

`Text.of(raw)` (semcache.text.reading) is computed once a text. `pair_features` and `neighbourhood` feed the learned
score; `guards` names in plain words what differs, for the time before there is a score and for those who want hard
rules on top of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from semcache.text.antonyms import opposed
from semcache.text.asking import asked_apart
from semcache.text.entities import swapped_names
from semcache.text.facts import Fact, Facts, unit_conflict, unmatched
from semcache.text.negation import negation_differs
from semcache.text.order import direction_reversed, order_differs, persons_exchanged
from semcache.text.reading import Text
from semcache.text.synonyms import synonymous
from semcache.text.units import UNITS

__all__ = [
    "FEATURES", "NEIGHBOUR_FEATURES", "PAIR_FEATURES", "Guard", "Idf", "Neighbour", "Neighbourhood", "Text",
    "antonyms", "guard", "guards", "neighbourhood", "pair_features",
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
_DATE_KINDS = frozenset(("month", "day", "weekday", "clock"))


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
        float(query.form == candidate.form),
        float(query.facts.bare != candidate.facts.bare),
        math.log(1 + min(lengths)),
    ]


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
    return None if found is None or _undone(query, candidate, *found) else found


def _undone(query: Text, candidate: Text, mine: str, other: str) -> bool:
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


def neighbourhood(neighbours: Sequence[Neighbour]) -> Neighbourhood:
    """The vote of the neighbours; `neighbours` are best first and not empty."""
    top = neighbours[0].similarity
    weights: dict[str, float] = {}
    for near in neighbours:
        weights[near.group] = weights.get(near.group, 0.0) + math.exp((near.similarity - top) / KERNEL_WIDTH)
    group = max(weights, key=weights.__getitem__)
    members = [at for at, near in enumerate(neighbours) if near.group == group]
    best = neighbours[members[0]]
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
    return Neighbourhood(group, members[0], len(members), features)


class Guard(NamedTuple):
    """A reason not to serve: its kind, and what differs in words."""

    kind: str
    detail: str


def guards(query: Text, candidate: Text) -> list[Guard]:
    """Everything that plainly differs between two questions, most telling first; empty when nothing does."""
    if query.form == candidate.form:
        return []
    only_query, only_candidate = query.content - candidate.content, candidate.content - query.content
    found = [*_fact_guards(query, candidate, only_query, only_candidate)]
    near = 2 * len(query.content & candidate.content) >= min(len(query.content), len(candidate.content))
    if near and negation_differs(query.negation, candidate.negation) and not _opposite_by_word(query, candidate):
        found.append(Guard("negation", "one of them denies what the other says"))
    if pair := antonyms(query, candidate):
        found.append(
            Guard("antonym", f"the words exclude each other: {_word(query, pair[0])} / {_word(candidate, pair[1])}")
        )
    if swapped := swapped_names(only_query, only_candidate, query.names, candidate.names):
        found.append(Guard("entity", f"the name differs: {_word(query, swapped[0])} / {_word(candidate, swapped[1])}"))
    same_content = not only_query and not only_candidate
    if _other_roles(query, candidate, same_content):
        found.append(Guard("order", "the same words in another order: who and whom, or from and to, are exchanged"))
    if asked_apart(query.asks, candidate.asks, same_content=same_content):
        found.append(Guard("question", f"they ask for different things: {query.asks} / {candidate.asks}"))
    if not found and (replaced := _replaced_word(query, candidate, only_query, only_candidate)):
        found.append(Guard("word", f"one word is replaced by another: {replaced[0]} / {replaced[1]}"))
    return found


def guard(query: str, candidate: str) -> str | None:
    """What plainly differs between two questions, in words ("the number differs: 2023 / 2024"), or None."""
    found = guards(Text.of(query), Text.of(candidate))
    return found[0].detail if found else None


def _fact_guards(
    query: Text, candidate: Text, only_query: frozenset[str], only_candidate: frozenset[str]
) -> list[Guard]:
    mine, other = unmatched(query.facts, candidate.facts)
    found = []
    if (mine and other) or (mine and not only_candidate) or (other and not only_query):
        calendar = {fact.kind for fact in (*mine, *other)} <= _DATE_KINDS
        left, right = _written(query.facts, mine), _written(candidate.facts, other)
        kind = "date" if calendar else "unit" if _same_figures(left, right) else "number"
        found.append(Guard(kind, f"the {kind} differs: {left} / {right}"))
    elif units := unit_conflict(query.facts, candidate.facts):
        found.append(Guard("unit", f"the unit differs: {units[0]} / {units[1]}"))
    return found


def _same_figures(left: str, right: str) -> bool:
    """ "5 mg" and "5 g": the figure is the same, the unit is not."""
    figures = [word for word in left.split() if word[0].isdecimal()]
    return bool(figures) and figures == [word for word in right.split() if word[0].isdecimal()]


def _written(within: Facts, found: list[Fact]) -> str:
    return ", ".join(dict.fromkeys(within.stated[fact] for fact in found)) or "none"


def _opposite_by_word(query: Text, candidate: Text) -> bool:
    """ "not safe" facing "unsafe": the negation is undone by an antonym next to it."""
    found = opposed(query.bag - candidate.bag, candidate.bag - query.bag)
    return found is not None and _undone(query, candidate, *found)


def _other_roles(query: Text, candidate: Text, same_content: bool) -> bool:
    if direction_reversed(query.roles, candidate.roles):
        return True
    return same_content and (
        order_differs(query.words, candidate.words, query.roles, candidate.roles)
        or persons_exchanged(query.words, candidate.words)
    )


def _replaced_word(
    query: Text, candidate: Text, only_query: frozenset[str], only_candidate: frozenset[str]
) -> tuple[str, str] | None:
    """The one content word that differs between two texts alike in every other word, unless it is a synonym."""
    if len(only_query) != 1 or len(only_candidate) != 1 or len(query.content) < 2:
        return None
    mine, other = next(iter(only_query)), next(iter(only_candidate))
    written, facing = _word(query, mine), _word(candidate, other)
    swapped = tuple([other if word == mine else word for word in query.sequence])
    if swapped != candidate.sequence or synonymous(mine, other) or written in UNITS or facing in UNITS:
        return None
    if not _same_beside(query, candidate, mine, other):
        return None
    explained = query.negation.odd != candidate.negation.odd
    return None if explained or written[0].isdecimal() or facing[0].isdecimal() else (written, facing)


def _same_beside(query: Text, candidate: Text, mine: str, other: str) -> bool:
    """Whether two words stand in the same place: the word before them, or behind them, is the same."""
    (before, after), (before_other, after_other) = _around(query.stems, mine), _around(candidate.stems, other)
    return (before == before_other != "") or (after == after_other != "")


def _around(stems: Sequence[str], word: str) -> tuple[str, str]:
    at = stems.index(word)
    return stems[at - 1] if at else "", stems[at + 1] if at + 1 < len(stems) else ""


def _word(text: Text, stemmed: str) -> str:
    """The word of the text that has this stem, as people wrote it; "none" for ""."""
    return next(
        (word.replace("_", " ") for word, root in zip(text.words, text.stems, strict=True) if root == stemmed), "none"
    )
