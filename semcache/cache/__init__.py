"""The semantic cache."""

from semcache.cache.types import Candidate, Entry, Hit, Miss, Reason

__all__ = ["Candidate", "Entry", "Hit", "Miss", "Reason"]
