"""The caches that the benchmark of look-ups fills and asks: ours, redisvl's, and the search command alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import redis
from lookup_questions import Questions, Vectors

from semcache.cache import CacheOptions, SemanticCache, StoreOptions
from semcache.cache.budget import Sums, after_fit, pack_row, refit
from semcache.cache.budget.evidence import FEATURES
from semcache.cache.inputs import question
from semcache.cache.learning.state import LearningState, LessonWrite
from semcache.cache.warming import KnownAnswer
from semcache.embed import Embedder, Kind
from semcache.store import keys
from semcache.store.vectors import blob

ANSWER = "An answer of ordinary length. " * 8
DOCUMENTS = 1_000
NAMESPACE = "bench"
_AT_ONCE = 1_000


class Given:
    """The embedder, with the vectors of some texts at hand."""

    def __init__(self, embedder: Embedder) -> None:
        self.dim = embedder.dim
        self.fingerprint = embedder.fingerprint
        self.known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str], *, kind: Kind = "symmetric") -> Vectors:
        return np.stack([self.known[text] for text in texts])


def open_cache(client: redis.Redis, embedder: Embedder) -> SemanticCache:
    """Answers of a day, by a learned score. The draw is one that answers no would-be hit anew."""
    return SemanticCache(
        client,
        embedder=embedder,
        namespace=NAMESPACE,
        max_error_rate=0.01,
        ttl=86_400,
        options=CacheOptions(draw=lambda asked, repeats: 1.0),
    )


def teach(state: LearningState) -> None:
    """A fitted score, as after some hundred answers: what is served is decided by it, not by the rule of the start."""
    rng = np.random.default_rng(7)
    lessons = []
    for _ in range(1_500):
        right = bool(rng.random() < 0.8)
        features = [0.92 if right else 0.72, *rng.normal(0, 0.1, len(FEATURES) - 1).tolist()]
        sums = Sums(labels=1.0, would_serve=1.0)
        lessons.append(LessonWrite(row=pack_row(features, right), sums=sums, words=("stem",)))
    state.open()
    state.write(lessons)
    _, rows, sums = state.rows()
    state.put_model(refit(rows, sums), after=0, add=after_fit(sums))


def fill(
    cache: SemanticCache, given: Given, questions: Questions, *, first: int, last: int, say: Callable[[str], object]
) -> list[str]:
    """Stores entries `first` to `last` as the product does: with expiry, groups and the documents they come from.

    Returns their ids.
    """
    ids: list[str] = []
    for start in range(first, last, _AT_ONCE):
        prompts, vectors = questions.entries(start, min(start + _AT_ONCE, last))
        given.known = dict(zip(prompts, vectors, strict=True))
        answers = [KnownAnswer(p, ANSWER, sources={f"doc-{(start + n) % DOCUMENTS}": 1}) for n, p in enumerate(prompts)]
        ids += [str(id) for id in cache.store_many(answers, options=StoreOptions(compute_s=1.25))]
        say(f"{start + len(prompts):,} entries stored")
    return ids


def publish_documents(client: redis.Redis) -> None:
    """The documents that the answers name, at the version they name."""
    versions = {f"doc-{n}": 1 for n in range(DOCUMENTS)}
    client.hset(keys.DOCUMENT_VERSIONS.build(namespace=NAMESPACE), mapping=versions)  # type: ignore[arg-type]


def found_by_search(cache: SemanticCache, text: str, vector: Vectors) -> list[str]:
    """Ids of the ten nearest entries, as a look-up's search finds them."""
    found = cache._parts.entries.search(question(text), blob(vector, len(vector)), count=10)
    return [near.entry_id for near in found.near][:10]


def bare_search(client: redis.Redis, cache: SemanticCache) -> Callable[[Vectors], object]:
    """The search command with Redis' own search effort, and nothing around it."""
    key = keys.CACHE_VECTORS.build(scope=cache.scope.id)
    return lambda vector: client.execute_command("VSIM", key, "FP32", vector.tobytes(), "WITHSCORES", "COUNT", 10)


class Redisvl:
    """redisvl's SemanticCache on the same server, which must have the search module; vectors are given."""

    def __init__(self, client: redis.Redis, embedder: Embedder) -> None:
        from redisvl.extensions.cache.llm import SemanticCache as Theirs
        from redisvl.utils.vectorize import CustomVectorizer

        vectorizer = CustomVectorizer(embed=lambda text, **_: embedder.embed([text])[0].tolist())
        self._cache = Theirs(
            NAMESPACE, redis_client=client, vectorizer=vectorizer, distance_threshold=0.3, overwrite=True
        )

    def fill(self, questions: Questions, *, first: int, last: int) -> None:
        for start in range(first, last, _AT_ONCE):
            for prompt, vector in zip(*questions.entries(start, min(start + _AT_ONCE, last)), strict=True):
                self._cache.store(prompt, ANSWER, vector=vector.tolist())

    def check(self, vector: Vectors) -> bool:
        """Whether anything near is stored."""
        return bool(self._cache.check(vector=vector.tolist()))
