"""Documents with versions: written once, found by meaning and by words, deleted for good."""

from semcache.knowledge.base import KnowledgeBase
from semcache.knowledge.plan import Batch
from semcache.knowledge.types import Change, Delete, Document, Found, Outcome, Upsert

__all__ = ["Batch", "Change", "Delete", "Document", "Found", "KnowledgeBase", "Outcome", "Upsert"]
