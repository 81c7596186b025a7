"""Every key name in Redis, with its type and lifetime.

A hash tag holds together what one script changes: one slot per cache scope, per user, per knowledge namespace.
Ids are percent-escaped, so that no id can reach into another's keys.
"""

from __future__ import annotations

from semcache.store.keys import decisions as decisions
from semcache.store.keys import records as records
from semcache.store.keys.adapters import *  # noqa: F403
from semcache.store.keys.cache import *  # noqa: F403
from semcache.store.keys.kinds import KINDS, PREFIX, KeyKind, escape, kind_of, undeclared, unescape
from semcache.store.keys.knowledge import *  # noqa: F403
from semcache.store.keys.memory import *  # noqa: F403
from semcache.store.keys.services import *  # noqa: F403

__all__ = ["KINDS", "PREFIX", "KeyKind", "escape", "kind_of", "undeclared", "unescape"]  # and each name of a kind
