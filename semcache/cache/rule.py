"""The rule of a cache that has learned nothing yet: which candidate is served (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from semcache.cache.record import Near
from semcache.cache.types import Reason

STRICT_SIMILARITY = 0.97
# From here on a miss is rather explained by what differs than by the similarity.
NEAR_SIMILARITY = 0.9
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Decision:
    """The entry to serve, or why none is. `confidence`: 1 - estimated probability that it is wrong; `notes` by id."""

    chosen: Near | None
    detail: str
    reason: Reason | None = None
    confidence: float = 0.0
    notes: Mapping[str, str] = field(default_factory=dict)


def strict_rule(prompt: str, candidates: Sequence[Near]) -> Decision:
    """Serves the nearest candidate if its cosine is at least .97 and it names the same numbers."""
    if not candidates:
        return Decision(None, "no stored question is near", Reason.NOT_SIMILAR)
    notes = {near.entry_id: difference for near in candidates if (difference := _numbers_differ(prompt, near.prompt))}
    best = candidates[0]
    if best.entry_id in notes and best.similarity >= NEAR_SIMILARITY:
        return Decision(None, notes[best.entry_id], Reason.GUARD, notes=notes)
    if best.similarity < STRICT_SIMILARITY:
        detail = f"the nearest stored question has similarity {best.similarity:.3f}, below {STRICT_SIMILARITY}"
        return Decision(None, detail, Reason.NOT_SIMILAR, notes=notes)
    return Decision(best, f"similarity {best.similarity:.3f}, same numbers", confidence=best.similarity, notes=notes)


def _numbers_differ(a: str, b: str) -> str:
    ours, theirs = sorted(_NUMBER.findall(a)), sorted(_NUMBER.findall(b))
    return "" if ours == theirs else f"the number differs: {' '.join(ours) or 'none'} / {' '.join(theirs) or 'none'}"
