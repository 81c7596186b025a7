"""LLM caches: verbatim first, then by meaning. What cannot be cached is a miss, never an error of the user's call."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import redis
from cachetools import LRUCache
from langchain_core.caches import RETURN_VAL_TYPE, BaseCache

from semcache.adapters.langchain.embeddings import embedder_of
from semcache.adapters.langchain.generations import decoded, encoded, readable, text_of
from semcache.adapters.langchain.prompts import has_turns, split
from semcache.cache import CacheOptions, Hit, SemanticCache, StoreOptions
from semcache.cache.deciding import static_rule
from semcache.cache.entries import Entries
from semcache.cache.scopes.catalogue import drop, listed
from semcache.errors import InvalidInput, Unavailable
from semcache.questions import QuestionClass, remembered
from semcache.store.connect import client_of
from semcache.store.verbatim import VerbatimAnswers

T = TypeVar("T")
_log = logging.getLogger(__name__)
_EVERY_S = 60.0
_LONGEST_QUESTION = 2_000  # characters
_ROUNDING = 1e-6  # of a cosine in 32 bits


class _Quiet:
    """Calls that never fail for what is asked; for an outage only if its owner wants that."""

    def __init__(self, on_error: Literal["miss", "raise"]) -> None:
        if on_error not in ("miss", "raise"):
            raise InvalidInput(f'on_error is "miss" or "raise", not {on_error!r}')
        self._on_error = on_error
        self._said = -_EVERY_S

    def __call__(self, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except InvalidInput:
            return None
        except Unavailable as error:
            if self._on_error == "raise":
                raise
            if time.monotonic() - self._said >= _EVERY_S:
                self._said = time.monotonic()
                _log.warning("the LLM cache is passed over: %s", error)
            return None


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class RedisCache(BaseCache):
    """The very same prompt to the very same model: its generations. Arguments as in langchain_redis; `ttl` seconds."""

    def __init__(
        self,
        redis_url: str = "redis://localhost:6379",
        ttl: int | None = None,
        prefix: str | None = "redis",
        redis_client: redis.Redis | None = None,
        *,
        on_error: Literal["miss", "raise"] = "miss",
    ) -> None:
        self._answers = VerbatimAnswers(
            redis_client if redis_client is not None else client_of(redis_url),
            prefix or "redis",
            "langchain",
            ttl_s=ttl,
        )
        self._quiet = _Quiet(on_error)

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """The stored generations, or None."""
        return self._quiet(lambda: decoded(self._answers.get([_sha(llm_string + "\0" + _sha(prompt))])[0]))

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Stores generations, if they can be read again."""
        if readable(kept := encoded(return_val)):
            self._quiet(lambda: self._answers.put(_sha(llm_string + "\0" + _sha(prompt)), kept))

    def clear(self, **kwargs: Any) -> None:
        """Removes what was stored under this prefix, by whichever process."""
        self._quiet(self._answers.clear)


class SemcacheCache(BaseCache):
    """An LLM cache that serves the same prompt verbatim, and another wording within the allowed rate of errors.

    The question is the last human message; everything before it is its context. Another model, other parameters or
    tools are another scope. What is about its asker or this moment is stored nowhere. An outage of Redis is a miss,
    logged once a minute, unless `on_error="raise"`. `ttl` is in seconds.

    Raises:
        InvalidInput: an argument is out of its range.
    """

    def __init__(
        self,
        redis_or_url: redis.Redis | str = "redis://localhost:6379",
        *,
        embeddings: Any = None,
        namespace: str = "langchain",
        scope: Mapping[str, str] | None = None,
        ttl: float | None = None,
        max_error_rate: float = 0.02,
        learn: Literal["background", "inline", "off"] = "background",
        on_error: Literal["miss", "raise"] = "miss",
        options: CacheOptions | None = None,
        largest_distance: float | None = None,
    ) -> None:
        self._redis = client_of(redis_or_url)
        self._namespace = namespace
        self._cache = SemanticCache(
            self._redis,
            embedder=embedder_of(embeddings),
            namespace=namespace,
            scope=scope,
            ttl=ttl,
            max_error_rate=max_error_rate,
            options=options or CacheOptions(learn=learn),
        )
        walls = _sha(repr(sorted((scope or {}).items())))
        self._answers = self._cache.verbatim(f"langchain-{walls[:16]}")
        self._scope = dict(scope or {})
        self._quiet = _Quiet(on_error)
        self._largest_distance = largest_distance
        self._inner: LRUCache[str, SemanticCache] = LRUCache(256)
        self._class_of = remembered(lambda: self._cache.embedder)

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """The generations that may be served, or None."""
        return self._quiet(lambda: self._found(prompt, llm_string))

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Stores generations: verbatim, and by meaning if they are one plain answer to a question of everyone's."""
        self._quiet(lambda: self._keep(prompt, llm_string, return_val))

    def clear(self, **kwargs: Any) -> None:
        """Removes all that was stored in this namespace and scope, by whichever process."""
        self._quiet(self._clear)

    def _found(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        asked = split(prompt)
        if asked is not None and not self._serves(prompt, asked[1]):
            return None
        [kept] = self._answers.get([_sha(llm_string + "\0" + _sha(prompt))])
        if kept is not None:
            return decoded(kept)
        if asked is None or len(asked[1]) > _LONGEST_QUESTION:
            return None
        hit = self._of(llm_string).lookup(asked[1], context=asked[0])
        # Exactly the same question of another prompt would have been found above: letters and marks may differ here.
        return self._generations(hit) if isinstance(hit, Hit) and self._near(hit) else None

    def _near(self, hit: Hit) -> bool:
        return self._largest_distance is None or 1.0 - hit.similarity <= self._largest_distance

    @staticmethod
    def _generations(hit: Hit) -> RETURN_VAL_TYPE | None:
        return decoded(hit.metadata.get("generations"))

    def _keep(self, prompt: str, llm_string: str, generations: RETURN_VAL_TYPE) -> None:
        kept, asked = encoded(generations), split(prompt)
        if not generations or not readable(kept) or (asked is not None and not self._serves(prompt, asked[1])):
            return
        self._answers.put(_sha(llm_string + "\0" + _sha(prompt)), kept)
        text = text_of(generations)
        if text and asked is not None and asked[1].strip() and len(asked[1]) <= _LONGEST_QUESTION:
            options = StoreOptions(metadata={"generations": kept})
            self._of(llm_string).store(asked[1], text, context=asked[0], options=options)

    def _serves(self, prompt: str, question: str) -> bool:
        """Whether an answer serves others; what is no text to read is matched verbatim, whatever it is."""
        if not question.strip() or len(question) > _LONGEST_QUESTION:
            return True
        found = self._class_of(question)
        if found.kind is QuestionClass.FOLLOW_UP and not found.volatile and not found.personal:
            return has_turns(prompt)
        return found.kind is QuestionClass.SHARED

    def _of(self, llm_string: str) -> SemanticCache:
        llm = _sha(llm_string)
        if (known := self._inner.get(llm)) is None:
            known = self._inner[llm] = self._cache.within({"llm": llm})
        return known

    def _clear(self) -> None:
        self._answers.clear()
        for id, scope in listed(self._redis, self._namespace):
            if self._scope.items() <= dict(scope.items).items():
                drop(self._redis, self._namespace, id, Entries(self._redis, id))


class RedisSemanticCache(SemcacheCache):
    """`langchain_redis.RedisSemanticCache`, served within a rate of errors.

    `distance_threshold`, a cosine distance of 0..2, is a ceiling beside that rate. With `decision="threshold"` it alone
    decides, as in the original, and nothing is learned: the answer to another question in similar words is served too.
    """

    def __init__(
        self,
        embeddings: Any,
        redis_url: str = "redis://localhost:6379",
        distance_threshold: float = 0.2,
        ttl: int | None = None,
        name: str | None = "llmcache",
        prefix: str | None = "llmcache",
        redis_client: redis.Redis | None = None,
        *,
        max_error_rate: float = 0.02,
        decision: Literal["budget", "threshold"] = "budget",
    ) -> None:
        if not 0 <= distance_threshold <= 2:
            raise InvalidInput(f"distance_threshold is a cosine distance, 0..2, not {distance_threshold!r}")
        if decision not in ("budget", "threshold"):
            raise InvalidInput(f'decision is "budget" or "threshold", not {decision!r}')
        plain = CacheOptions(rule=static_rule(1.0 - distance_threshold - _ROUNDING))
        super().__init__(
            redis_client if redis_client is not None else redis_url,
            embeddings=embeddings,
            namespace=name or "llmcache",
            ttl=ttl,
            max_error_rate=max_error_rate,
            options=plain if decision == "threshold" else None,
            largest_distance=distance_threshold + _ROUNDING,
        )
        self._name = name or "llmcache"

    def name(self) -> str:
        """The name of the cache."""
        return self._name
