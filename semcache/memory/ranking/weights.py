"""How much each part of the evidence counts when turns are ranked, for each embedding model.

Chosen by evidence recall at 5 and 10 on three kinds of talk at once (halves of LoCoMo, LongMemEval and BEAM), cosines
entering as they are; docs/evaluation.md has the figures. A model that spreads its cosines wider needs the other parts
to be larger: models without a fit of their own take the same weights in proportion to the standard deviation of their
cosines over all turns.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Weights:
    """The factor of each part; see `rank` for what the parts are."""

    turn: float = 1.0
    context: float = 0.5
    window: float = 0.035
    words: float = 0.1
    exact: float = 0.2
    speaker: float = 0.1
    date: float = 0.3
    when: float = 0.086
    question: float = -0.057
    length: float = 0.07
    now: float = 1.0

    def without(self, part: str) -> Weights:
        """The same with one part switched off."""
        return replace(self, **{part: 0.0})


PARTS = tuple(field.name for field in fields(Weights))
_DENSE = ("turn", "context", "now")


def _spread(factor: float) -> Weights:
    """bge-small's weights for a model whose cosines spread `factor` times as wide."""
    fitted = Weights()
    return Weights(**{part: getattr(fitted, part) * (1 if part in _DENSE else factor) for part in PARTS})


FITTED = {
    "bge-small-en-v1.5-q": Weights(),
    "bge-small-en-v1.5": Weights(),
    "all-minilm-l6-v2-q": _spread(1.75),
    "e5-small-v2-q": _spread(0.4),
}
OTHERS = _spread(1.75)


def weights_for(fingerprint: str) -> Weights:
    """The weights for an embedder, by its fingerprint (`model~...`)."""
    return FITTED.get(fingerprint.partition("~")[0], OTHERS)
