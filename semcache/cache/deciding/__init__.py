"""Hit or miss: what a lookup has found, which of it may be served, and the rule that chooses (pure)."""

from semcache.cache.deciding.decide import Decision, Rule, decide
from semcache.cache.deciding.static import static_rule

__all__ = ["Decision", "Rule", "decide", "static_rule"]
