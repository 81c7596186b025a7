"""The plain rule that other caches have: near enough is served."""

from __future__ import annotations

from collections.abc import Sequence

from semcache.cache.deciding.decide import Decision, Rule
from semcache.cache.entries.records import NearEntry
from semcache.cache.types import Reason


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
