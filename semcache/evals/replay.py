"""Replaying a log through a cache: what it served, whether that was right, how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from semcache.cache import inputs
from semcache.cache.learning.learner import recheck_due
from semcache.cache.types import Hit, Miss, Reason
from semcache.evals.comparing.truth import ComparedBy, Verdict
from semcache.evals.log import Log, Request
from semcache.text import token_count

# Whether the answer of one request is right for another, and what said so.
Compare = Callable[[Request, Request], tuple[Verdict, ComparedBy]]
#: So many questions of a scope are remembered as found.
_MOST_KNOWN = 100_000


class Cache(Protocol):
    """The part of SemanticCache that a replay needs."""

    def lookup(self, prompt: str, *, context: Sequence[str]) -> Hit | Miss: ...

    def store(self, prompt: str, response: str, *, context: Sequence[str], miss: Miss) -> str | None: ...

    def model_version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Prices:
    """What a call costs: US dollars a million tokens in and out, and seconds."""

    input_usd: float = 0.15
    output_usd: float = 0.60
    call_s: float = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request replayed. `wrong` is None where the log does not know the right answer and nothing could judge.

    `stored`: the request whose answer was served; `compared_by`: what said whether it was right; `odds`: log odds that
    it was, where nothing more is known.
    """

    request: Request
    hit: bool
    similarity: float
    lookup_s: float
    exact: bool = False
    shadow: bool = False
    confidence: float = 0.0
    wrong: bool | None = None
    stored: Request | None = None
    compared_by: ComparedBy = "nothing"
    odds: float | None = None

    @property
    def tokens_in(self) -> int:
        return token_count(self.request.prompt)

    @property
    def tokens_out(self) -> int:
        return token_count(self.request.response)


def replay(
    cache_of: Callable[[str], Cache], log: Log, *, compare: Compare, clock: Callable[[], float] = time.perf_counter
) -> Iterator[Outcome]:
    """Looks each prompt up in the cache of its scope; a miss is answered from the log; `compare` judges the hits.

    A question that was found word by word is not looked up again while the cache would find it again; it counts with
    the time that it took.
    """
    answers: dict[str, Request] = {}
    known: dict[str, _Known] = {}
    for request in log.requests:
        cache = cache_of(request.scope)
        exact = known.get(request.scope) or known.setdefault(request.scope, _Known(cache))
        found, took = exact.again(request) or _looked_up(cache, request, clock)
        if isinstance(found, Hit):
            exact.note(request, found, took)
            yield _served(found, request, answers.get(found.entry_id), compare, took)
        else:
            if entry_id := cache.store(request.prompt, request.response, context=request.context, miss=found):
                answers[entry_id] = request
            exact.stored()
            yield Outcome(request, False, _top(found), took, shadow=found.reason is Reason.SHADOW)


def _looked_up(cache: Cache, request: Request, clock: Callable[[], float]) -> tuple[Hit | Miss, float]:
    start = clock()
    found = cache.lookup(request.prompt, context=request.context)
    return found, clock() - start


class _Known:
    """Questions of one scope that were found word by word, and are found again in every state but two.

    A new model may have some answered anew, to measure the judge; only what is stored brings one. And a model may have
    a question answered anew as soon as others vote: that one is never taken as known.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._found: dict[tuple[str, tuple[str, ...]], tuple[Hit, float]] = {}
        self._version = 0
        self._changed = False

    def again(self, request: Request) -> tuple[Hit, float] | None:
        """The hit that the cache would return, and the seconds that it took; None if it has to be asked."""
        asked = request.prompt, request.context
        if self._changed and asked in self._found:
            self._check()
        return self._found.get(asked)

    def note(self, request: Request, hit: Hit, seconds: float) -> None:
        asked = request.prompt, request.context
        if not hit.exact or asked in self._found or len(self._found) >= _MOST_KNOWN:
            return
        self._check()
        if not recheck_due(inputs.question(request.prompt, context=request.context).fingerprint, self._version):
            self._found[asked] = hit, seconds

    def stored(self) -> None:
        """Something was stored: there may be a new model."""
        self._changed = True

    def _check(self) -> None:
        if not self._changed:
            return
        version, self._changed = self._cache.model_version(), False
        if version != self._version:
            self._found.clear()
        self._version = version


def _served(hit: Hit, request: Request, stored: Request | None, compare: Compare, took: float) -> Outcome:
    """A hit. An answer that is no longer known, because another replaced it, cannot be judged."""
    right, by = compare(stored, request) if stored is not None else (None, "nothing")
    return Outcome(
        request, True, hit.similarity, took, exact=hit.exact, confidence=hit.confidence,
        wrong=not right if isinstance(right, bool) else None, stored=stored, compared_by=by,
        odds=right if isinstance(right, float) else None,
    )  # fmt: skip


def _top(miss: Miss) -> float:
    return max((c.similarity for c in miss.candidates), default=0.0)
