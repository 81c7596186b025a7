"""What a log is replayed with: `budget`, the cache's own rule, or `static:<similarity>`."""

from __future__ import annotations

from collections.abc import Sequence

from semcache.cache.deciding import Decision, Rule
from semcache.cache.entries.records import NearEntry
from semcache.cache.types import Reason
from semcache.errors import InvalidInput

BUDGET = "budget"


def rule_of(policy: str) -> Rule | None:
    """The rule of `static:0.92`; None for `budget`, which is the cache's own.

    Raises:
        InvalidInput: the policy is not known.
    """
    kind, _, value = policy.partition(":")
    if policy == BUDGET:
        return None
    try:
        threshold = float(value)
    except ValueError:
        threshold = -1.0
    if kind != "static" or not 0 < threshold <= 1:
        raise InvalidInput(f"the policy is `budget` or `static:<similarity between 0 and 1>`, not {policy!r}")
    return static_rule(threshold)


def static_rule(threshold: float) -> Rule:
    """Serves the nearest entry if its cosine similarity is at least the threshold, whatever the texts say."""

    def decide(prompt: str, candidates: Sequence[NearEntry]) -> Decision:
        if not candidates:
            return Decision(None, "no stored question is near", Reason.NOT_SIMILAR)
        best = candidates[0]
        if best.similarity < threshold:
            return Decision(None, f"similarity {best.similarity:.3f}, below {threshold}", Reason.NOT_SIMILAR)
        return Decision(best, f"similarity {best.similarity:.3f}, at least {threshold}", confidence=best.similarity)

    return decide
