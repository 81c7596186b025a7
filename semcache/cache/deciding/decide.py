"""Hit or miss: the nearest stored questions, what was learned, and a random number give a decision with its reason.

    decision = decide(question, near, learned=learned, max_error_rate=.02, draw=.5)

`near` are the entries that may be served at all (not expired, stale or rejected), best first, with the answer group of
each resolved. The very same text never comes here. The same question in other dress is served before anything was
learned and after; while there is no model, beside it only what a strict rule allows: cosine >= .97, no guard fires, and
nothing but fillers differs in the words of an English text. Once there is a model its score serves, but never against a
hard guard. `Decision.evidence` is what `budget.learn` wants once the new answer is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from semcache.cache.budget import NOVEL, CandidateEvidence, Sums, shadow_probability
from semcache.cache.budget.evidence import Idf, Text, pair_features
from semcache.cache.budget.fit import FIRST_FIT
from semcache.cache.budget.model import Model, Region
from semcache.cache.deciding.guards import Guard, guards, hard_guards, wording_differs
from semcache.cache.deciding.neighbourhood import elected
from semcache.cache.entries.records import NearEntry
from semcache.cache.types import Reason
from semcache.text.differences.dress import only_dress_differs
from semcache.text.reading import reader

STRICT_SIMILARITY = 0.97
#: The same question in other dress has nearly the same vector; "multi-ply" and "multiply" have not.
DRESS_SIMILARITY = 0.9
#: Share of the strict rule's hits that are checked.
STRICT_SHADOW = 0.1
#: How often one question may be served from another one's answer; then it gets an answer of its own.
REPEAT_LIMIT = 2
#: From here on a miss is rather explained by what differs than by the similarity.
NEAR_SIMILARITY = 0.88

text_of = reader(max_bytes=33_554_432)


@dataclass(frozen=True, slots=True)
class Learned:
    """What a scope has learned so far; the defaults are a scope that has learned nothing.

    `hard_guards`: every guard refuses even what the score would serve. `version` of the model, 0 = none.
    """

    model: Model | None = None
    sums: Sums = field(default_factory=Sums)
    idf: Idf = field(default_factory=Idf)
    hard_guards: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The entry to serve, or None, and then `reason` and `detail` say why not.

    `confidence`: 1 - estimated probability that it is wrong; `candidate`: the entry that was judged; `notes`: what
    speaks against an entry, by its id; `evidence` on the candidate, to be learned from.
    """

    chosen: NearEntry | None
    detail: str
    reason: Reason | None = None
    confidence: float = 0.0
    candidate: NearEntry | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    evidence: CandidateEvidence | None = None


#: Decides on a prompt and the entries near it that may be served at all, best first.
Rule = Callable[[str, Sequence[NearEntry]], Decision]


def decide(
    question: str,
    near: Sequence[NearEntry],
    *,
    learned: Learned,
    max_error_rate: float,
    draw: float,
    repeats: int = 0,
) -> Decision:
    """Serve the candidate of the group the neighbours vote for, or say why not.

    `draw`: a random number, 0..1. `repeats`: how often this very question was served from another one's answer already;
    from `REPEAT_LIMIT` on it is answered once for itself, so that the same wrong answer is not served again and again.
    """
    if not near:
        return Decision(None, "no stored question is near", Reason.NOT_SIMILAR)
    query = text_of(question)
    dressed = next((entry for entry in near if _is_dressed(question, entry)), None)
    best, of_vote = elected(near, standing=dressed)
    features = pair_features(query, text_of(best.prompt), best.similarity, learned.idf) + of_vote
    evidence = CandidateEvidence(tuple(features), best.own_group, None)
    if learned.model is None:
        decision = _strictly(query, best, evidence, learned.sums, max_error_rate, dressed is not None)
        chance = STRICT_SHADOW
    else:
        model, region = learned.model, learned.model.region(max_error_rate)
        error = model.error(model.score(features))
        evidence = replace(evidence, error=error)
        decision = _by_score(query, best, evidence, model, region, max_error_rate, learned.hard_guards)
        novel = learned.sums.novelty >= NOVEL
        chance = math.inf if novel else shadow_probability(error, region, learned.sums.would_serve)
        if dressed is not None and learned.sums.trusts_strict_rule(max_error_rate):
            decision = _strictly(query, best, evidence, learned.sums, max_error_rate, True)
            chance = min(chance, STRICT_SHADOW)
    if decision.chosen is None:
        return decision
    return _checked(decision, _why_checked(chance, draw, repeats))


def _is_dressed(question: str, entry: NearEntry) -> bool:
    return entry.similarity >= DRESS_SIMILARITY and only_dress_differs(question, entry.prompt)


def _why_checked(chance: float, draw: float, repeats: int) -> str:
    """Why what would be served is checked instead; empty if it is not."""
    if chance > 1:
        return "because the last questions were not like those that it has learned from"
    if chance > draw:
        return "to check how often such answers are wrong"
    if repeats >= REPEAT_LIMIT:
        return f"because the question has already been served {repeats} times with another question's answer"
    return ""


def _checked(decision: Decision, why: str) -> Decision:
    """The decision to serve, or a shadow call in its place."""
    if not why:
        return decision
    return replace(
        decision,
        chosen=None,
        reason=Reason.SHADOW,
        detail=f"it would be served; this time the answer is made again, {why}",
        evidence=replace(decision.evidence, shadow=True) if decision.evidence else None,
    )


def _strictly(
    query: Text, best: NearEntry, evidence: CandidateEvidence, sums: Sums, max_error_rate: float, dressed: bool
) -> Decision:
    """The rule of a scope that has not learned yet. `dressed`: the candidate is the same question in other dress."""
    found = guards(query, text_of(best.prompt))
    refused = Decision(None, "", Reason.GUARD, candidate=best, notes=_notes(found, best), evidence=evidence)
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
    strict = replace(evidence, strict=True)
    if not sums.trusts_strict_rule(max_error_rate):
        detail = (
            f"similarity {best.similarity:.3f}, but of {sums.strict_checks:.0f} such answers that were checked "
            f"{sums.strict_wrong:.0f} were wrong; the cache is still learning"
        )
        return replace(refused, reason=Reason.BELOW_BUDGET, detail=detail, evidence=strict)
    same = "the same question in other dress" if dressed else "nothing in the words differs"
    detail = f"similarity {best.similarity:.3f}, and {same}"
    return Decision(best, detail, confidence=best.similarity, candidate=best, evidence=strict)


def _by_score(
    query: Text,
    best: NearEntry,
    evidence: CandidateEvidence,
    model: Model,
    region: Region,
    max_error_rate: float,
    every_guard: bool,
) -> Decision:
    """The rule of a scope that has learned; what differs plainly in any language is refused all the same."""
    error = evidence.error or 0.0
    refused = not model.score(evidence.features) >= region.threshold  # NaN is refused
    candidate = text_of(best.prompt)
    found = guards(query, candidate) if refused or every_guard else hard_guards(query, candidate)
    if refused:
        reason, detail = _refusal(best, found, region, error, max_error_rate)
        return Decision(None, detail, reason, 1 - error, best, _notes(found, best), evidence)
    if found:
        return Decision(None, found[0].detail, Reason.GUARD, 1 - error, best, _notes(found, best), evidence)
    if not model.supports(evidence.features):
        detail = f"similarity {best.similarity:.3f}: hardly any answer was found right where so little is alike"
        return Decision(None, detail, Reason.NOT_SIMILAR, 1 - error, best, evidence=evidence)
    detail = (
        f"answers like this one are wrong in {error:.1%}; the cache serves {region.error:.1%} wrong "
        f"where {max_error_rate:.1%} are allowed"
    )
    return Decision(best, detail, None, 1 - error, best, evidence=evidence)


def _refusal(
    candidate: NearEntry, found: Sequence[Guard], region: Region, error: float, max_error_rate: float
) -> tuple[Reason, str]:
    if found and candidate.similarity >= NEAR_SIMILARITY:
        return Reason.GUARD, found[0].detail
    if not region.serves:
        return Reason.BELOW_BUDGET, (
            f"nothing can be served yet: even among the surest answers {region.error:.1%} may be wrong "
            f"where {max_error_rate:.1%} are allowed"
        )
    return Reason.BELOW_BUDGET, (
        f"answers like this one are wrong in {error:.1%}; with them more than {max_error_rate:.1%} "
        f"of what is served would be wrong"
    )


def _notes(found: Sequence[Guard], entry: NearEntry) -> dict[str, str]:
    return {entry.entry_id: found[0].detail} if found else {}
