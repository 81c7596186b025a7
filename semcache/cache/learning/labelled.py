"""Labels from a log of the user's own: pairs of prompts with or without one answer, as rows to learn from (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcache.cache import inputs
from semcache.cache.budget.evidence import Idf, pair_features
from semcache.cache.deciding.decide import text_of
from semcache.cache.deciding.findings import NEIGHBOURS
from semcache.cache.deciding.neighbourhood import elected
from semcache.cache.entries.records import NearEntry
from semcache.errors import InvalidInput

_AT_ONCE = 512  # rows of the similarity matrix


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two prompts, and whether one answer serves both."""

    prompt_a: str
    prompt_b: str
    same_answer: bool

    @classmethod
    def checked(cls, pair: tuple[str, str, bool]) -> LabelledPair:
        """A pair as callers give it; raises InvalidInput."""
        try:
            prompt_a, prompt_b, same = pair
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"a labelled pair is (prompt, prompt, True or False), not {pair!r}") from error
        if not isinstance(same, bool | np.bool_):
            raise InvalidInput(f"whether two prompts have one answer is True or False, not {same!r}")
        return cls(inputs.question(prompt_a).prompt, inputs.question(prompt_b).prompt, bool(same))


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """The evidence that a lookup of `prompt` would have had, and whether its candidate was right."""

    prompt: str
    features: tuple[float, ...]
    right: bool


class _Relations:
    """Answer groups that follow from the pairs: equal answers join, and whole groups differ when two of them do."""

    def __init__(self, pairs: Sequence[LabelledPair], place: dict[str, int]) -> None:
        self._parent = list(range(len(place)))
        for pair in pairs:
            if pair.same_answer:
                self._parent[self.group(place[pair.prompt_a])] = self.group(place[pair.prompt_b])
        self._members: dict[int, list[int]] = {}
        for at in place.values():
            self._members.setdefault(self.group(at), []).append(at)
        self._apart: dict[int, set[int]] = {}
        for pair in pairs:
            if not pair.same_answer:
                a, b = self.group(place[pair.prompt_a]), self.group(place[pair.prompt_b])
                self._apart.setdefault(a, set()).add(b)
                self._apart.setdefault(b, set()).add(a)

    def group(self, at: int) -> int:
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def related(self, asked: int) -> list[int]:
        """The prompts of which it is known whether they have its answer; none where the pairs contradict themselves."""
        group = self.group(asked)
        apart = self._apart.get(group, set())
        if group in apart:
            return []
        known = [at for other in (group, *apart) for at in self._members[other]]
        return [at for at in known if at != asked]


def prompts_of(pairs: Iterable[LabelledPair]) -> list[str]:
    """Every prompt once, in the order of the log."""
    return list(dict.fromkeys(prompt for pair in pairs for prompt in (pair.prompt_a, pair.prompt_b)))


def labelled_rows(pairs: Sequence[LabelledPair], vectors: NDArray[np.float32]) -> Iterator[LabelledRow]:
    """One row a pair: its first prompt is looked up among the others whose relation to it is known.

    `vectors`: (prompts, dim), unit length, in the order of `prompts_of(pairs)`.
    """
    prompts = prompts_of(pairs)
    place = {prompt: at for at, prompt in enumerate(prompts)}
    relations = _Relations(pairs, place)
    counts = Counter(stem for prompt in prompts for stem in text_of(prompt).bag)
    idf = Idf(len(prompts), counts)
    for start in range(0, len(pairs), _AT_ONCE):
        chunk = pairs[start : start + _AT_ONCE]
        similar = vectors[[place[pair.prompt_a] for pair in chunk]] @ vectors.T
        for pair, similarities in zip(chunk, similar, strict=True):
            asked = place[pair.prompt_a]
            if row := _row(prompts, relations, asked, similarities, idf):
                yield row


def _row(
    prompts: Sequence[str], relations: _Relations, asked: int, similarities: NDArray[np.float32], idf: Idf
) -> LabelledRow | None:
    related = relations.related(asked)
    if not related:
        return None
    places = sorted(related, key=lambda at: -similarities[at])[:NEIGHBOURS]
    near = [NearEntry(str(at), float(similarities[at]), prompts[at], group=str(relations.group(at))) for at in places]
    best, of_vote = elected(near)
    features = pair_features(text_of(prompts[asked]), text_of(best.prompt), best.similarity, idf) + of_vote
    return LabelledRow(prompts[asked], tuple(features), best.group == str(relations.group(asked)))
