"""The semantic cache."""

from semcache.cache.computing import Computed, Outcome
from semcache.cache.lineage import invalidate_source
from semcache.cache.semantic import SemanticCache
from semcache.cache.types import Candidate, Entry, Explanation, Hit, Miss, Reason, Stats

__all__ = [
    "Candidate",
    "Computed",
    "Entry",
    "Explanation",
    "Hit",
    "Miss",
    "Outcome",
    "Reason",
    "SemanticCache",
    "Stats",
    "invalidate_source",
]
