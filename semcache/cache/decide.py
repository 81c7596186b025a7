"""Hit or miss: the nearest stored questions, what was learned, and a random number give a decision with its reason.

    decision = decide(question, near, model=model, region=region, ...)

`near` are the entries that may be served at all (not expired, stale or rejected), best first, with the answer group of
each resolved. The very same text never comes here. The same question in other dress is served before anything was
learned and after; while there is no model, beside it only what a strict rule allows: cosine >= .97, no guard fires, and
nothing but fillers differs in the words of an English text. Once there is a model its score serves, but never against a
hard guard. `Decision.scored` is what `budget.learn` wants once the new answer is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from semcache.cache.budget import Scored, Sums, shadow_probability
from semcache.cache.evidence import Idf, Neighbour, Neighbourhood, Text, neighbourhood, pair_features
from semcache.cache.guards import Guard, guards, hard_guards, wording_differs
from semcache.cache.model import Model, Region
from semcache.cache.refit import FIRST_FIT
from semcache.cache.types import Reason
from semcache.text.dress import only_dress_differs
from semcache.text.reading import reader

STRICT_SIMILARITY = 0.97
#: Share of the strict rule's hits that are checked.
STRICT_SHADOW = 0.1
#: From here on a miss is rather explained by what differs than by the similarity.
NEAR_SIMILARITY = 0.88

text_of = reader(max_bytes=33_554_432)


class Stored(Protocol):
    """A stored question near the asked one. `group`: its answer group, "" = one of its own."""

    @property
    def entry_id(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def similarity(self) -> float: ...
    @property
    def group(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Learned:
    """What a scope has learned so far; the defaults are a scope that has learned nothing.

    `records`: group -> (agreed, labels). `hard_guards`: every guard refuses even what the score would serve.
    """

    model: Model | None = None
    sums: Sums = field(default_factory=Sums)
    idf: Idf = field(default_factory=Idf)
    records: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    hard_guards: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`chosen`: position in `near` of the entry to serve, or None, and then `reason` and `detail` say why not.

    `candidate`: the position that was judged; `confidence`: 1 - estimated probability that it is wrong; `notes`: what
    speaks against an entry, by position; `scored`: the evidence, to be learned from.
    """

    chosen: int | None
    detail: str
    reason: Reason | None = None
    confidence: float = 0.0
    candidate: int | None = None
    notes: Mapping[int, str] = field(default_factory=dict)
    scored: Scored | None = None


def decide(
    question: str,
    near: Sequence[Stored],
    *,
    learned: Learned,
    max_error_rate: float,
    draw: float,
    repeats: int = 0,
) -> Decision:
    """Serve the candidate of the group the neighbours vote for, or say why not.

    `draw`: a random number, 0..1. `repeats`: how often this very question was served from another one's answer already;
    from `repeat_limit` on it is answered once for itself, so that one wrong candidate cannot be served for ever.
    """
    if not near:
        return Decision(None, "no stored question is near", Reason.NOT_SIMILAR)
    query = text_of(question)
    dressed = next((at for at, entry in enumerate(near) if only_dress_differs(question, entry.prompt)), None)
    vote = neighbourhood([_neighbour(entry, learned.records) for entry in near], standing=dressed)
    features = tuple(_features(query, near, vote, learned.idf))
    if learned.model is None:
        scored = Scored(features, vote.group, None)
        decision = _strictly(query, near, vote.candidate, scored, learned.sums, max_error_rate, dressed is not None)
        chance = STRICT_SHADOW
    else:
        region = learned.model.region(max_error_rate)
        error = learned.model.error(score := learned.model.score(features))
        scored = Scored(features, vote.group, error)
        decision = _by_score(query, near, vote.candidate, score, scored, region, max_error_rate, learned.hard_guards)
        chance = shadow_probability(error, region, learned.sums.would_serve)
        if dressed is not None and learned.sums.trusts_strict_rule(max_error_rate):
            decision = _strictly(query, near, dressed, scored, learned.sums, max_error_rate, True)
            chance = min(chance, STRICT_SHADOW)
    if decision.chosen is None:
        return decision
    return _checked(decision, chance > draw, repeats >= repeat_limit(max_error_rate))


def repeat_limit(max_error_rate: float) -> int:
    """How often one question may be served from another's answer unchecked: 20 times at .01, 10 at .02, 4 at .05."""
    return 20 if max_error_rate <= 0.01 else max(3, math.ceil(0.2 / max_error_rate))


def _checked(decision: Decision, by_chance: bool, too_often: bool) -> Decision:
    """The decision to serve, or a shadow call in its place."""
    if not by_chance and not too_often:
        return decision
    why = "to check" if by_chance else "for this question has been served from another one's answer often enough"
    return replace(
        decision,
        chosen=None,
        reason=Reason.SHADOW,
        detail=f"it would be served; this time the answer is made again, {why}",
        scored=replace(decision.scored, shadow=True) if decision.scored else None,
    )


def _neighbour(entry: Stored, records: Mapping[str, tuple[float, float]]) -> Neighbour:
    group = entry.group or entry.entry_id
    return Neighbour(entry.similarity, group, *records.get(group, (0.0, 0.0)))


def _features(query: Text, near: Sequence[Stored], vote: Neighbourhood, idf: Idf) -> list[float]:
    best = near[vote.candidate]
    return pair_features(query, text_of(best.prompt), best.similarity, idf) + vote.features


def _strictly(
    query: Text, near: Sequence[Stored], at: int, scored: Scored, sums: Sums, max_error_rate: float, dressed: bool
) -> Decision:
    """The rule of a scope that has not learned yet. `dressed`: the candidate is the same question in other dress."""
    best = near[at]
    found = guards(query, text_of(best.prompt))
    refused = Decision(None, "", Reason.GUARD, candidate=at, notes=_notes(found, at), scored=scored)
    if found and (dressed or best.similarity >= NEAR_SIMILARITY):
        return replace(refused, detail=found[0].detail)
    if best.similarity < STRICT_SIMILARITY and not dressed:
        detail = (
            f"the nearest stored question has similarity {best.similarity:.3f}; {STRICT_SIMILARITY} is needed "
            f"while the cache is learning ({min(sums.labels, FIRST_FIT):.0f} of {FIRST_FIT} answers compared)"
        )
        return replace(refused, reason=Reason.NOT_SIMILAR, detail=detail)
    if not dressed and (differ := wording_differs(query, text_of(best.prompt))):
        return replace(refused, detail=differ)
    strict = replace(scored, strict=True)
    if not sums.trusts_strict_rule(max_error_rate):
        detail = (
            f"similarity {best.similarity:.3f}, but of {sums.strict_checks:.0f} such answers that were checked "
            f"{sums.strict_wrong:.0f} were wrong; the cache is still learning"
        )
        return replace(refused, reason=Reason.BELOW_BUDGET, detail=detail, scored=strict)
    same = "the same question in other dress" if dressed else "nothing in the words differs"
    detail = f"similarity {best.similarity:.3f}, and {same}"
    return Decision(at, detail, confidence=best.similarity, candidate=at, scored=strict)


def _by_score(
    query: Text,
    near: Sequence[Stored],
    at: int,
    score: float,
    scored: Scored,
    region: Region,
    max_error_rate: float,
    every_guard: bool,
) -> Decision:
    """The rule of a scope that has learned; what differs plainly in any language is refused all the same."""
    error = scored.error or 0.0
    refused = score < region.threshold
    candidate = text_of(near[at].prompt)
    found = guards(query, candidate) if refused or every_guard else hard_guards(query, candidate)
    if refused:
        reason, detail = _refusal(near[at], found, region, error, max_error_rate)
        return Decision(None, detail, reason, 1 - error, at, _notes(found, at), scored)
    if found:
        return Decision(None, found[0].detail, Reason.GUARD, 1 - error, at, _notes(found, at), scored)
    detail = (
        f"answers like this one are wrong in {error:.1%}; the cache serves {region.error:.1%} wrong "
        f"where {max_error_rate:.1%} are allowed"
    )
    return Decision(at, detail, None, 1 - error, at, scored=scored)


def _refusal(
    candidate: Stored, found: Sequence[Guard], region: Region, error: float, max_error_rate: float
) -> tuple[Reason, str]:
    if found and candidate.similarity >= NEAR_SIMILARITY:
        return Reason.GUARD, found[0].detail
    if not region.serves:
        return Reason.BELOW_BUDGET, (
            f"nothing can be served yet: even among the surest answers up to {region.bound:.1%} may be wrong "
            f"where {max_error_rate:.1%} are allowed"
        )
    return Reason.BELOW_BUDGET, (
        f"answers like this one are wrong in {error:.1%}; with them more than {max_error_rate:.1%} "
        f"of what is served would be wrong"
    )


def _notes(found: Sequence[Guard], at: int) -> dict[int, str]:
    return {at: found[0].detail} if found else {}
