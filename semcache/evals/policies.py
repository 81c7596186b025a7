"""What a log is replayed with: `budget`, the cache's own rule, or `static:<similarity>`."""

from __future__ import annotations

from semcache.cache.deciding import Rule, static_rule
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
