"""The stored answers of one scope: their layout in Redis, what registers the scope, and what makes them stale."""

from semcache.cache.entries.store import Entries

__all__ = ["Entries"]
