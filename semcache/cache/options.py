"""How a cache stores, serves and learns, beyond what its constructor takes by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from semcache.cache import inputs
from semcache.cache.deciding import Rule
from semcache.cache.learning import Draw, When, draw_of
from semcache.cache.runtime import Runtime
from semcache.errors import InvalidInput
from semcache.store.expiry import IDLE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions:
    """What few callers of `SemanticCache` change. Times are in seconds.

    Walls: with `required_scope`, the scope must have exactly these names. With `classify`, a prompt that
    `semcache.classify` finds personal, volatile or, without context, a follow-up is neither looked up nor stored.

    Lifetimes: `max_entries` evicts the least used, with decay. An entry's lifetime is absolute unless
    `refresh_ttl_on_hit`. `idle_ttl`: how long statistics and what was learned outlive their last use. `lease_s`: how
    long a crashed process can hold up others that wait for its answer. Time is Redis' clock, the same for all hosts;
    `replay_clock` takes its place in replays and tests. `runtime`: threads that caches share, not ended by `close`.

    Learning: `learn` behind the requests, inline (for tests and replays), or off. `draw` decides which would-be hits
    are answered anew to check them. With a `rule` of one's own nothing is learned.

    Nothing is served with `shadow`, 0..1: the cache runs beside the language model, looks up that share of the requests
    and keeps the answers of all; `stats`, and the decisions that are published, say what it would have served.

    Raises:
        InvalidInput: a value is out of its range.
    """

    required_scope: Iterable[str] | None = None
    classify: bool = False
    max_entries: int | None = None
    refresh_ttl_on_hit: bool = False
    idle_ttl: float = IDLE_S
    lease_s: float = 10.0
    replay_clock: Callable[[], float] | None = None
    runtime: Runtime | None = None
    learn: When = "background"
    draw: Draw = draw_of
    rule: Rule | None = None
    shadow: float = 0.0

    def __post_init__(self) -> None:
        if self.learn not in ("background", "inline", "off"):
            raise InvalidInput(f'learn is "background", "inline" or "off", not {self.learn!r}')
        object.__setattr__(self, "shadow", inputs.checked_share("shadow", self.shadow))
        object.__setattr__(self, "max_entries", inputs.checked_cap(self.max_entries))
        for name in ("idle_ttl", "lease_s"):
            object.__setattr__(self, name, inputs.checked_lifetime(name, getattr(self, name)))

    @property
    def learns(self) -> When:
        """When the cache learns: with a rule of one's own, never."""
        return "off" if self.rule is not None else self.learn


def checked(options: CacheOptions | None, named: Mapping[str, Any]) -> CacheOptions:
    """The options given, or the defaults; fields that are given by name to `SemanticCache` come on top.

    Raises:
        InvalidInput: an option is out of its range.
        TypeError: a name is no option.
    """
    if not isinstance(options, CacheOptions | None):
        raise InvalidInput(f"options must be CacheOptions, not {type(options).__name__}")
    for name in named:
        if name not in _NAMES:
            raise TypeError(f"SemanticCache() got an unexpected keyword argument {name!r}")
    return replace(options or CacheOptions(), **named)


_NAMES = frozenset(field.name for field in fields(CacheOptions))
