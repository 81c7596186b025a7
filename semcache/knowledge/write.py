"""Writing documents: plans become script calls, in pipelines; whoever was overtaken plans again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from semcache.embed import Embedder
from semcache.errors import InvalidInput, RedisUnavailable
from semcache.knowledge.plan import Batch, Plan, plan
from semcache.knowledge.records import Space, queue_change, queue_look, read_documents, read_stored, read_terms
from semcache.knowledge.types import Change, Outcome, Upsert
from semcache.store.connect import guarded

Vectors = NDArray[np.float32]
Share = tuple[Plan, Vectors]
"""A plan with the vectors of its texts."""

_PASSAGES_A_PIPELINE = 64  # some 50 ms of VADD
_MAX_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the documents of one namespace with the vectors of one embedder."""

    redis: Redis
    space: Space
    embedder: Embedder
    clock: Callable[[], float]

    def plan(self, changes: Sequence[Change]) -> Batch:
        """What the changes need, against what is stored now."""
        documents = list(dict.fromkeys(change.document for change in changes))
        stored = read_stored(self.redis, self.space, documents)
        fingerprint = self.embedder.fingerprint
        return Batch(tuple(plan(change, stored[change.document], fingerprint) for change in changes))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32 of passages."""
        return self.embedder.embed(texts, kind="passage")

    def commit(self, batch: Batch, vectors: Vectors) -> list[Outcome]:
        """Applies the plans in their order; those that conflict are made again, in their order too."""
        tried = self._run(_shares(batch.plans, vectors))
        return [outcome or self._again(p) for p, outcome in zip(batch.plans, tried, strict=True)]

    def renew(self, document: str) -> bool:
        """Gives a document's passages the vectors of this embedder; False if they have them."""
        for _ in range(_MAX_ATTEMPTS):
            p = self._renewal(document)
            if p is None:
                return False
            if self._run([(p, self.embed(p.texts))])[0] is not None:
                return True
        raise _overtaken(document)

    def _renewal(self, document: str) -> Plan | None:
        stored = read_stored(self.redis, self.space, [document])[document]
        known = read_documents(self.redis, self.space, [document], with_text=True)[0]
        if known is None or known.text is None or stored.fingerprint == self.embedder.fingerprint:
            return None
        title = None if known.title == document else known.title
        change = Upsert(document, known.text, title, known.version, known.metadata, known.at)
        return plan(change, stored, self.embedder.fingerprint, rewrite=True)

    def _again(self, conflicting: Plan) -> Outcome:
        """Each conflict means that somebody else's change of the document was applied: there is always progress."""
        for _ in range(_MAX_ATTEMPTS):
            batch = self.plan([conflicting.change])
            outcome = self._run(_shares(batch.plans, self.embed(batch.texts)))[0]
            if outcome is not None:
                return outcome
        raise _overtaken(conflicting.change.document)

    def _run(self, shares: Sequence[Share]) -> list[Outcome | None]:
        """The outcome of each plan, None where it conflicts."""
        outcomes: list[Outcome | None] = []
        for group in _pipelines(shares):
            outcomes += self._run_pipeline(group)
        return outcomes

    def _run_pipeline(self, shares: Sequence[Share]) -> list[Outcome | None]:
        removed = read_terms(self.redis, self.space, [id for p, _ in shares for id in p.removed])
        fingerprint, now = self.embedder.fingerprint, self.clock()
        with guarded(), self.redis.pipeline(transaction=False) as pipe:
            for p, vectors in shares:
                if p.applies:
                    queue_change(pipe, self.space, p, vectors, fingerprint=fingerprint, removed=removed, now=now)
                else:
                    queue_look(pipe, self.space, p)
            replies = iter(pipe.execute())
        return [
            _applied(p, next(replies)) if p.applies else _passed_over(p, next(replies), next(replies))
            for p, _ in shares
        ]


def _shares(plans: Sequence[Plan], vectors: Vectors) -> list[Share]:
    wanted = sum(len(p.added) for p in plans)
    if len(vectors) != wanted:
        raise InvalidInput(f"the batch has {wanted} texts, but {len(vectors)} vectors were given")
    edges = np.cumsum([0, *(len(p.added) for p in plans)])
    return [(p, vectors[start : start + len(p.added)]) for p, start in zip(plans, edges[:-1], strict=True)]


def _pipelines(shares: Sequence[Share]) -> Iterator[list[Share]]:
    """Shares in groups of some _PASSAGES_A_PIPELINE passages."""
    group: list[Share] = []
    for share in shares:
        group.append(share)
        if sum(1 + len(p.added) for p, _ in group) >= _PASSAGES_A_PIPELINE:
            yield group
            group = []
    if group:
        yield group


def _applied(p: Plan, reply: Any) -> Outcome | None:
    status, version = reply[0].decode(), int(reply[1])
    if status == "conflict":
        return None
    kept = len(p.chunks) - len(p.added)
    return Outcome(
        p.change.document, True, version, embedded=len(p.added), kept=kept, removed=len(p.removed), fell=p.fell
    )


def _passed_over(p: Plan, version: bytes | None, place: bytes | None) -> Outcome | None:
    """The outcome of a plan that writes nothing, if it was made for what is still there."""
    if (int(version or 0), (place or b"").decode()) != (p.base.version, p.base.place):
        return None
    return Outcome(p.change.document, False, p.base.version, verdict=p.verdict)


def _overtaken(document: str) -> RedisUnavailable:
    return RedisUnavailable(f"document {document!r} is changed faster than it can be written")
