"""LangChain: an LLM cache that serves by meaning, exact caches, chat history, and a retriever."""

from semcache.errors import MissingExtra

try:
    import langchain_core as _core  # noqa: F401
except ImportError as error:
    raise MissingExtra("langchain", "semcache.adapters.langchain") from error

from semcache.adapters.langchain.caches import RedisCache, RedisSemanticCache, SemcacheCache
from semcache.adapters.langchain.history import RedisChatMessageHistory
from semcache.adapters.langchain.retriever import SemcacheRetriever, memory_tool

__all__ = [
    "RedisCache",
    "RedisChatMessageHistory",
    "RedisSemanticCache",
    "SemcacheCache",
    "SemcacheRetriever",
    "memory_tool",
]
