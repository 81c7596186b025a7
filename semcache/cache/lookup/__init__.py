"""Looking questions up: serving, only watching, and telling what was decided."""

from semcache.cache.lookup.lookup import Lookup
from semcache.cache.lookup.reporting import Reporter
from semcache.cache.lookup.shadow import ShadowLookup

__all__ = ["Lookup", "Reporter", "ShadowLookup"]
