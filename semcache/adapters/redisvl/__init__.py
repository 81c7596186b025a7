"""redisvl's cache, histories and router on Redis without a search module: change the import."""

from semcache.adapters.redisvl.cache import SemanticCache

__all__ = ["SemanticCache"]
