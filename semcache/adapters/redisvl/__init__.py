"""redisvl's cache, histories and router on Redis without a search module: change the import."""

from semcache.adapters.redisvl.cache import SemanticCache
from semcache.adapters.redisvl.history import MessageHistory, SemanticMessageHistory
from semcache.adapters.redisvl.router import SemanticRouter

__all__ = ["MessageHistory", "SemanticCache", "SemanticMessageHistory", "SemanticRouter"]
