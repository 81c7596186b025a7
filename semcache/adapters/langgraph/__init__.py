"""LangGraph on core Redis commands: checkpointers that keep a graph's state, and stores that keep its memories.

Needs `pip install 'semcache[langgraph]'`.
"""

from semcache.errors import MissingExtra

try:
    import langgraph.checkpoint.base
    import langgraph.store.base  # noqa: F401
except ImportError as error:
    raise MissingExtra("langgraph", "semcache.adapters.langgraph") from error

from semcache.adapters.langgraph.saver import AsyncRedisSaver, RedisSaver
from semcache.adapters.langgraph.sealing import SealedSerializer
from semcache.adapters.langgraph.store import AsyncRedisStore, RedisStore

__all__ = ["AsyncRedisSaver", "AsyncRedisStore", "RedisSaver", "RedisStore", "SealedSerializer"]
