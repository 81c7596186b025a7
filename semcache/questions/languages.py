"""How many questions were asked in which language, by day: one that an English model cannot read is hardly shared."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import redis

from semcache.embed import Embedder
from semcache.errors import RedisUnavailable
from semcache.questions.learned import weights_of
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.text.language import language_of

_log = logging.getLogger(__name__)
_KEPT_S = 172_800
_AT_ONCE = 32  # English questions that may wait in the process
_OTHER = "other"


class LanguageCounts:
    """Counts for one namespace, while its embedder is one that reads English alone; threads may share it.

    English questions wait in the process until there are 32, or one in another language comes: no hit waits for Redis.
    """

    def __init__(self, client: redis.Redis, namespace: str, embedder: Embedder, clock: Callable[[], float]) -> None:
        self._redis = client
        self._namespace = namespace
        self._embedder = embedder
        self._clock = clock
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, question: str) -> None:
        """Counts one question. Without Redis it is not counted: nothing depends on it."""
        if "en" not in weights_of(self._embedder.fingerprint).languages:
            return
        language = language_of(question)
        with self._lock:
            self._waiting[language or _OTHER] += 1
            if language == "en" and self._waiting.total() < _AT_ONCE:
                return
            counted, self._waiting = self._waiting, Counter()
        try:
            self._write(counted)
        except RedisUnavailable as error:
            _log.warning("questions are not counted by language: %s", error)

    @guarded()
    def _write(self, counted: Counter[str]) -> None:
        key = _key(self._namespace, datetime.fromtimestamp(self._clock(), UTC))
        pipeline = self._redis.pipeline(transaction=False)
        for language, number in counted.items():
            pipeline.hincrby(key, language, number)
        pipeline.expire(key, _KEPT_S)
        pipeline.execute()


def _key(namespace: str, day: datetime) -> str:
    return keys.LANGUAGES.build(namespace=namespace, day=f"{day:%Y-%m-%d}")


@guarded()
def asked_in(client: redis.Redis, namespace: str, now: float) -> Counter[str]:
    """Questions of today and yesterday (UTC) by language, "other" for those that are not in Latin script.

    Only counted where the embedding model is not known to read more than English.
    """
    today = datetime.fromtimestamp(now, UTC)
    counted: Counter[str] = Counter()
    for day in (today, today - timedelta(days=1)):
        found = client.hgetall(_key(namespace, day))
        counted.update({field.decode(): int(number) for field, number in found.items()})  # type: ignore[union-attr]
    return counted
