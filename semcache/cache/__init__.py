"""The semantic cache."""

from semcache.cache.computing import Outcome
from semcache.cache.feedback import give_feedback
from semcache.cache.lineage import invalidate_source
from semcache.cache.semantic import SemanticCache
from semcache.cache.status import LearningStatus
from semcache.cache.types import Candidate, Computed, Entry, Explanation, Hit, Miss, Reason, Stats, StoreOptions

__all__ = [
    "Candidate",
    "Computed",
    "Entry",
    "Explanation",
    "Hit",
    "LearningStatus",
    "Miss",
    "Outcome",
    "Reason",
    "SemanticCache",
    "Stats",
    "StoreOptions",
    "give_feedback",
    "invalidate_source",
]
