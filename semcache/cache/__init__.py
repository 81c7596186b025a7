"""The semantic cache."""

from semcache.cache.lineage import invalidate_source
from semcache.cache.semantic import SemanticCache
from semcache.cache.types import Candidate, Entry, Explanation, Hit, Miss, Reason, Stats

__all__ = ["Candidate", "Entry", "Explanation", "Hit", "Miss", "Reason", "SemanticCache", "Stats", "invalidate_source"]
