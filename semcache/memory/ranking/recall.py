"""Recall: a question is embedded, its candidates are fetched and ranked; the best are returned, with why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from redis import Redis

from semcache.embed import Embedder
from semcache.errors import InvalidInput
from semcache.inputs import check_text
from semcache.memory.dates.when import mentioned
from semcache.memory.facts.stated import stated
from semcache.memory.gathered import read_facts
from semcache.memory.ranking.fetch import Limits, Reach, fetch
from semcache.memory.ranking.rank import Question, rank
from semcache.memory.ranking.weights import weights_for
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.sealed import index_words
from semcache.memory.types import Recollection
from semcache.store.sealing import Sealer

MAX_QUERY_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Recaller:
    """Answers questions from the turns of one user."""

    redis: Redis
    user: UserKeys
    embedder: Embedder
    sealer: Sealer
    reach: Reach

    def __call__(
        self, query: str, *, k: int, asked_at: float, offset_s: float, known_until: float, limits: Limits
    ) -> list[Recollection]:
        """The `k` turns within the limits that best answer a question; of facts, what was told until `known_until`, s.

        `offset_s`: how far the asker's clock is ahead of UTC.

        Raises:
            InvalidInput: the question is empty or too long, or the embedder gives vectors of another length.
            SealError: a turn cannot be opened, as `Sealer.open`.
        """
        question = self._question(query, asked_at=asked_at, offset_s=offset_s)
        fingerprint = self.embedder.fingerprint
        weights = self.reach.weights or weights_for(fingerprint)
        candidates = fetch(
            self.redis,
            self.user,
            question,
            fingerprint=fingerprint,
            weights=weights,
            limits=limits,
            reach=self.reach.at_least(k),
            sealer=self.sealer,
        )
        if not len(candidates):
            return []
        ranking = rank(question, candidates, weights)
        fact_of = stated(query, partial(read_facts, self.redis, self.user, until=known_until, sealer=self.sealer))
        return [
            Recollection(candidates.turns[i], float(ranking.scores[i]), ranking.explain(i), fact_of)
            for i in ranking.best(k)
        ]

    def _question(self, query: str, *, asked_at: float, offset_s: float) -> Question:
        check_text("the question", query, most_chars=MAX_QUERY_CHARS)
        embedder = self.embedder
        vector = embedder.embed([query])[0]
        if vector.shape != (embedder.dim,):
            raise InvalidInput(f"{embedder.fingerprint} gave {vector.size} numbers for a text, not {embedder.dim}")
        stems = tuple(index_words(self.sealer, self.user, query))
        mention = mentioned(query, asked_at=asked_at, offset_s=offset_s)
        return Question(query, stems, vector, mention, offset_s)
