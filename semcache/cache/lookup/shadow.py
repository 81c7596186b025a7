"""Look-ups that only say what they would have served."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from semcache.cache.deciding import Decision
from semcache.cache.deciding.findings import Findings
from semcache.cache.inputs import Question
from semcache.cache.lookup.lookup import Lookup
from semcache.cache.types import Hit, Miss, Reason

_BESIDE = "the cache runs beside the language model"
_PASSED_BY = Miss(Reason.SHADOW, f"{_BESIDE}, and this request is not among those that it looks up")


class ShadowLookup(Lookup):
    """Never serves: what would have been a hit is a miss that is checked, and the answer is made anew.

    Of the requests a share, 0..1, is looked up; the others pass by. `draw`: a random number, 0..1, for each request.
    """

    def __init__(self, *given: Any, share: float, draw: Callable[[], float] = random.random, **named: Any) -> None:
        super().__init__(*given, **named)
        self._share = share
        self._shadow_draw = draw

    def look_up(self, question: Question) -> Hit | Miss:
        """A miss; one with the reason `shadow` and a candidate would have been a hit."""
        return super().look_up(question) if self._shadow_draw() < self._share else _PASSED_BY

    def exactly(self, question: Question) -> Hit | None:
        """None: whoever asks computes."""
        return None

    def _find(self, question: Question) -> Hit | Miss:
        findings = self._nearby(self._exact(question))
        if findings.unservable:
            self._remove_dead(findings)
        rule = self._own_rule or self._learner.rule(question, findings.progress)
        return self._miss(_withheld(findings.decided(rule)))


def _withheld(findings: Findings) -> Findings:
    """The findings, with a check in place of what would have been served."""
    decision = findings.decision
    chosen = decision.chosen
    if chosen is None:
        return findings
    evidence = replace(decision.evidence, shadow=True) if decision.evidence else None
    checked = Decision(
        None,
        f"it would be served ({decision.detail}), but {_BESIDE}",
        Reason.SHADOW,
        confidence=decision.confidence,
        candidate=chosen,
        notes=decision.notes,
        evidence=evidence,
    )
    return replace(findings, decision=checked, recheck=chosen is findings.exact)
