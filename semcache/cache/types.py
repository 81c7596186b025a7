"""The records of the cache: what a lookup returns and what an entry holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

Sources = Mapping[str, int] | Callable[[], Mapping[str, int]]


class Reason(StrEnum):
    """Why a lookup missed."""

    EMPTY = "empty"
    NOT_SIMILAR = "not_similar"
    BELOW_BUDGET = "below_budget"
    GUARD = "guard"
    STALE_SOURCE = "stale_source"
    EXPIRED = "expired"
    UNCACHEABLE = "uncacheable"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored entry near the question, as evidence; `similarity` is cosine, -1..1."""

    entry_id: str
    prompt: str
    similarity: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A stored answer that may be served. `confidence`: 1 - estimated probability that it is wrong.

    Saved is what making the answer took: tokens of prompt and answer, money, seconds (0 = unknown).
    """

    response: str
    entry_id: str
    prompt: str
    similarity: float
    confidence: float
    age_s: float
    sources: Mapping[str, int]
    exact: bool
    response_format: str = "text"
    detail: str = ""
    candidates: tuple[Candidate, ...] = ()
    tokens_saved: int = 0
    cost_saved: float = 0.0
    seconds_saved: float = 0.0
    metadata: Mapping[str, object] = field(default_factory=dict)

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class Miss:
    """No stored answer may be served; falsy. Give it to `store(..., miss=...)`: it carries the work already done."""

    reason: Reason
    detail: str
    candidates: tuple[Candidate, ...] = ()
    work: object = field(default=None, repr=False, compare=False)

    def __bool__(self) -> Literal[False]:
        return False


@dataclass(frozen=True, slots=True)
class DecisionPlace:
    """Where decisions are made: a scope's namespace, id and item `tenant` (empty if it has none), and its budget.

    `personal`: the scope is one person's.
    """

    namespace: str
    scope: str
    tenant: str
    personal: bool
    max_error_rate: float


class LookupRecord(NamedTuple):
    """One look-up, for whoever publishes decisions. `at`: s since the epoch; `seconds` that it took.

    A tuple: each look-up makes one, and a frozen dataclass takes three times as long.
    """

    place: DecisionPlace
    prompt: str
    found: Hit | Miss
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """An answer that was served, or would have been, compared with the right one. `right` None: the judge cannot tell.

    `by`: an answer made anew, or a user. `at`: s since the epoch.
    """

    place: DecisionPlace
    by: Literal["shadow", "feedback"]
    right: bool | None
    at: float


DecisionSink = Callable[["LookupRecord | CheckRecord"], None]
"""Takes what was decided. It is called in the look-up's path: it neither waits nor raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How an answer is stored, and what is known about it.

    `sources`: the documents it was built from, with their versions: another version makes it stale. A callable is asked
    when the answer is complete. `ttl`: lifetime in seconds; None is the cache's default. `metadata`: what JSON can
    hold, at most 256 KiB; each hit returns it. `tokens` (prompt and answer), `cost` (money) and `compute_s` (seconds):
    what the answer took to make, which each hit saves. None means: tokens are estimated, the cost is not known, the
    seconds are measured if the cache computes the answer.
    """

    sources: Sources | None = None
    tags: Iterable[str] = ()
    ttl: float | None = None
    metadata: Mapping[str, object] | None = None
    tokens: int | None = None
    cost: float | None = None
    compute_s: float | None = None
    response_format: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed(StoreOptions):
    """What is known about an answer only at its end: a generator given as `compute` may return it.

    It takes the place of the options given beforehand. `keep` False: the answer is not stored. `note`: a word about the
    answer for everybody who gets it now.
    """

    keep: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored answer. Times are seconds since the epoch; `expires_at` is 0 for never.

    `tokens`, `cost` and `compute_s` are what it took to make, and what each of its `hits` saves (0 = unknown);
    `confirmed` and `rejected` count those who said so; `withdrawn`: it is served to nobody any more. `verified_at`:
    when it was last found fit to be served, its sources unchanged; at first, when it was made.
    """

    entry_id: str
    prompt: str
    response: str
    created_at: float
    expires_at: float
    sources: Mapping[str, int]
    tags: tuple[str, ...]
    hits: int
    metadata: Mapping[str, object]
    cost: float | None = None
    response_format: str = "text"
    tokens: int = 0
    compute_s: float = 0.0
    confirmed: int = 0
    rejected: int = 0
    withdrawn: bool = False
    verified_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Stats:
    """What a scope has done since it exists. `misses` by reason; savings are those of the hits."""

    entries: int
    hits_exact: int
    hits_semantic: int
    misses: Mapping[str, int]
    stored: int
    replaced: int
    evicted: int
    expired: int
    stale: int
    invalidated: int
    refused: int
    confirmed: int
    rejected: int
    tokens_saved: int
    cost_saved: float
    seconds_saved: float

    @property
    def hits(self) -> int:
        return self.hits_exact + self.hits_semantic

    @property
    def lookups(self) -> int:
        return self.hits + sum(self.misses.values())

    @property
    def hit_rate(self) -> float:
        """Share of lookups that were served, 0..1."""
        return self.hits / self.lookups if self.lookups else 0.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a lookup of the prompt would do now, and why; asking for it counts nothing and changes nothing."""

    prompt: str
    served: str | None
    reason: Reason | None
    detail: str
    confidence: float
    candidates: tuple[Candidate, ...]
