"""Semantic cache, agent memory and knowledge base on plain Redis 8 vector sets.

Names load on first use, so that `import semcache` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semcache.app import App, open_app
    from semcache.cache import CacheOptions, Hit, Miss, SemanticCache, StoreOptions
    from semcache.chat import Answer, ChatEngine
    from semcache.knowledge import KnowledgeBase
    from semcache.memory import AgentMemory
    from semcache.questions import classify

__version__ = "0.2.0"
_HOMES = {
    "AgentMemory": "semcache.memory",
    "Answer": "semcache.chat",
    "App": "semcache.app",
    "CacheOptions": "semcache.cache",
    "ChatEngine": "semcache.chat",
    "Hit": "semcache.cache",
    "KnowledgeBase": "semcache.knowledge",
    "Miss": "semcache.cache",
    "SemanticCache": "semcache.cache",
    "StoreOptions": "semcache.cache",
    "classify": "semcache.questions",
    "open_app": "semcache.app",
}
__all__ = [
    "AgentMemory",
    "Answer",
    "App",
    "CacheOptions",
    "ChatEngine",
    "Hit",
    "KnowledgeBase",
    "Miss",
    "SemanticCache",
    "StoreOptions",
    "classify",
    "open_app",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'semcache' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
