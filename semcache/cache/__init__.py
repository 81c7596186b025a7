"""The semantic cache."""

from semcache.cache.computing import Outcome
from semcache.cache.learning.status import LearningStatus
from semcache.cache.options import CacheOptions
from semcache.cache.scopes.feedback import give_feedback
from semcache.cache.scopes.invalidation import invalidate_source
from semcache.cache.semantic import SemanticCache
from semcache.cache.types import Candidate, Computed, Entry, Explanation, Hit, Miss, Reason, Stats, StoreOptions

__all__ = [
    "CacheOptions",
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
