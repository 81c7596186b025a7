"""Where the worker's stages spend their time: a profile of their threads, added up by what the code is for."""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from semcache_ingest.worker.stages import Preparer, Writer

_PARTS = (
    ("waiting for Redis", ("'recv", "'send", "sendall", "poll'")),
    ("waiting for a lock", ("_thread.lock",)),
    ("redis client", ("/redis/", "hiredis")),
    ("facts: rules on the text", ("/semcache/memory/facts/", "/semcache/memory/dates/")),
    ("stems", ("/snowballstemmer/", "/semcache/text/")),
    ("keys and scripts", ("/semcache/store/",)),
    ("turns: arguments of the scripts", ("/semcache/memory/",)),
    ("ingest", ("/ingest/",)),
)
"""Functions by a part of their path or name; the rest is the standard library's, called by all of them."""


class Profile:
    """Profiles what runs inside the stages, on their own threads."""

    def __init__(self) -> None:
        self._profiles: dict[type, cProfile.Profile] = {}

    @contextmanager
    def of_stages(self) -> Iterator[None]:
        """While the block runs, both stages are profiled; they are slower then."""
        stages: list[Any] = [Preparer, Writer]
        before = [stage.__call__ for stage in stages]
        for stage, call in zip(stages, before, strict=True):
            self._profiles[stage] = cProfile.Profile()
            stage.__call__ = _profiled(self._profiles[stage], call)
        try:
            yield
        finally:
            for stage, call in zip(stages, before, strict=True):
                stage.__call__ = call

    def shares(self) -> dict[str, float]:
        """Share of the time by part, the largest first."""
        seconds: Counter[str] = Counter()
        for profile in self._profiles.values():
            statistics: Any = pstats.Stats(profile)
            for (file, _, name), (_, _, own, _, _) in statistics.stats.items():
                seconds[_part(f"{file} {name}")] += own
        total = sum(seconds.values())
        return {part: round(own / total, 3) for part, own in seconds.most_common()}


def _profiled(profile: cProfile.Profile, call: Callable[..., Any]) -> Callable[..., Any]:
    def profiled(self: Any, batch: Any) -> Any:
        return profile.runcall(call, self, batch)

    return profiled


def _part(function: str) -> str:
    return next((part for part, signs in _PARTS if any(sign in function for sign in signs)), "standard library")
