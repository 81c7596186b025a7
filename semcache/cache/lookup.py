"""Looking a question up: fetch what is near, decide, serve. The decision itself is pure and lies elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import redis

from semcache.cache.entries import Entries
from semcache.cache.findings import NEIGHBOURS, Findings, Unfit, Work, candidates, judge, unfit
from semcache.cache.inputs import Question
from semcache.cache.learning import Learning
from semcache.cache.lineage import current_versions
from semcache.cache.record import Near, Served
from semcache.cache.registration import Registration
from semcache.cache.rule import Decision, Rule
from semcache.cache.runtime import Task, Worker
from semcache.cache.stats import EXPIRED, HITS_EXACT, HITS_SEMANTIC, STALE, miss_counter
from semcache.cache.types import Explanation, Hit, Miss, Reason
from semcache.embed import Embedder, reads_whole
from semcache.errors import RedisUnavailable
from semcache.store.vectors import blob

_log = logging.getLogger(__name__)


class Lookup:
    """Looks questions up in one scope."""

    def __init__(
        self,
        client: redis.Redis,
        entries: Entries,
        *,
        namespace: str,
        embedder: Embedder,
        rule: Rule | None,
        learning: Learning,
        refresh_ttl: bool,
        counts: Worker | None,
        registration: Registration,
    ) -> None:
        self._redis = client
        self._entries = entries
        self._namespace = namespace
        self._embedder = embedder
        self._fixed_rule = rule
        self._learning = learning
        self._refresh_ttl = refresh_ttl
        self._counts = counts
        self._registration = registration

    def look_up(self, asked: Question) -> Hit | Miss:
        """A hit, which is counted, or a miss, which is counted too."""
        findings = self._exact(asked)
        recheck = self._rechecks(findings)
        if not recheck and (hit := self._serve_exact(findings)):
            return hit
        findings = self._nearby(findings)
        self._remove_dead(findings)
        return self._shadow(findings) if recheck else self._decide(findings)

    def _decide(self, findings: Findings) -> Hit | Miss:
        rule = self._rule(findings)
        while True:
            decision = judge(findings, rule)
            if decision.chosen is None:
                return self._miss(findings, decision)
            if hit := self._serve(findings, decision.chosen, decision):
                return hit
            findings = findings.without(decision.chosen)  # removed since it was found

    def _rule(self, findings: Findings) -> Rule:
        if self._fixed_rule is not None:
            return self._fixed_rule
        return self._learning.rule(findings.question.asked, findings.progress, findings.near)

    def exactly(self, asked: Question) -> Hit | None:
        """A hit on the very same question, which is counted; no model is asked."""
        return self._serve_exact(self._exact(asked))

    def refuse(self, why: str) -> Miss:
        """The miss of a question that is not to be looked up; it is counted."""
        self._count(lambda: self._entries.count(miss_counter(Reason.UNCACHEABLE)))
        return Miss(Reason.UNCACHEABLE, why)

    def explain(self, asked: Question) -> Explanation:
        """What `look_up` would do now; nothing is counted or removed."""
        findings = self._nearby(self._exact(asked))
        decision = judge(findings, self._rule(findings))
        return Explanation(
            prompt=asked.prompt,
            served=decision.chosen.entry_id if decision.chosen else None,
            reason=decision.reason,
            detail=decision.detail,
            confidence=decision.confidence,
            candidates=candidates(findings, decision),
        )

    def _nearby(self, findings: Findings) -> Findings:
        asked = findings.question
        if not reads_whole(self._embedder, asked.prompt):
            return replace(findings, beyond_window=True)
        vector = self._embedder.embed([asked.prompt])[0]
        searched = blob(vector, self._embedder.dim)
        found = self._entries.search(asked, searched, count=NEIGHBOURS)
        return replace(
            findings,
            near=found.near,
            unfit={**findings.unfit, **self._unfit(found.near, found.now)},
            vector=vector,
            progress=found.progress,
            answers={**findings.answers, **found.answers},
            now=found.now,
        )

    def _exact(self, asked: Question) -> Findings:
        found = self._entries.exact(asked.asked)
        if found is None or not set(asked.tags) <= set(found.near.tags):
            return Findings(asked, None, (), {})
        answers = {found.near.entry_id: found.answer} if found.answer else {}
        return Findings(
            asked,
            found.near,
            (),
            self._unfit([found.near], found.now),
            progress=found.progress,
            exact_group=found.size,
            answers=answers,
            now=found.now,
        )

    def _rechecks(self, findings: Findings) -> bool:
        """Whether an exact match is answered anew, to measure the judge: the right answer is known to be the same."""
        if not findings.exact_fit or self._fixed_rule is not None:
            return False
        asked = findings.question
        due = self._learning.rechecks(asked.asked, findings.progress, findings.exact_group)
        return due and reads_whole(self._embedder, asked.prompt)

    def _shadow(self, findings: Findings) -> Miss:
        detail = "the same question is stored; this time the answer is made again, to check the comparison of answers"
        return self._miss(findings, Decision(None, detail, Reason.SHADOW, candidate=findings.exact), recheck=True)

    def _unfit(self, near: Sequence[Near], now: float) -> Mapping[str, Unfit]:
        documents = [document for entry in near for document in entry.sources or ()]
        versions = current_versions(self._redis, self._namespace, documents)
        return unfit(near, now=now, versions=versions)

    def _serve_exact(self, findings: Findings) -> Hit | None:
        if findings.exact is None or not findings.exact_fit:
            return None
        return self._serve(findings, findings.exact, Decision(findings.exact, "the same question", confidence=1.0))

    def _serve(self, findings: Findings, chosen: Near, decision: Decision) -> Hit | None:
        exact = chosen is findings.exact
        now = findings.now
        answer = findings.answers.get(chosen.entry_id) or self._entries.answer(chosen.entry_id, now=now)
        if answer is None:
            return None
        self._count_hit(findings, decision, chosen, answer)
        return Hit(
            response=answer.response,
            response_format=answer.response_format,
            entry_id=chosen.entry_id,
            prompt=chosen.prompt,
            similarity=chosen.similarity,
            confidence=decision.confidence,
            age_s=max(0.0, now - chosen.created_at),
            sources=chosen.sources or {},
            exact=exact,
            detail=decision.detail,
            candidates=candidates(findings, decision),
            tokens_saved=answer.tokens,
            cost_saved=answer.cost,
            seconds_saved=answer.compute_s,
            metadata=answer.metadata,
        )

    def _count_hit(self, findings: Findings, decision: Decision, chosen: Near, answer: Served) -> None:
        def count() -> None:
            self._entries.count_hit(
                chosen,
                answer,
                now=findings.now,
                counter=HITS_EXACT if decision.chosen is findings.exact else HITS_SEMANTIC,
                renewal=self._registration if self._refresh_ttl else None,
                noted=self._learning.note(findings.question, decision),
            )

        if self._refresh_ttl:
            self._try(count)  # who asks next must find it alive
        else:
            self._count(count)

    def _miss(self, findings: Findings, decision: Decision, *, recheck: bool = False) -> Miss:
        reason = decision.reason or Reason.NOT_SIMILAR
        self._count(lambda: self._entries.count(miss_counter(reason)))
        return Miss(reason, decision.detail, candidates(findings, decision), work=Work(findings, decision, recheck))

    def _count(self, task: Task) -> None:
        """Behind the answer, which does not wait for it."""
        if self._counts is None or not self._counts.submit(task):
            self._try(task)

    def _try(self, task: Task) -> None:
        """Does what an answer does not depend on; a Redis that is full or read-only still serves."""
        try:
            task()
        except RedisUnavailable as error:
            _log.warning("a lookup cannot be counted, or what has expired not be removed: %s", error)

    def _remove_dead(self, findings: Findings) -> None:
        if expired := findings.unfit_for(Reason.EXPIRED):
            self._try(lambda: self._remove(expired, EXPIRED, due=findings.now))
        if stale := findings.unfit_for(Reason.STALE_SOURCE):
            self._try(lambda: self._remove(stale, STALE))

    def _remove(self, ids: Sequence[str], counter: str, *, due: float | None = None) -> None:
        self._entries.remove(ids, counter=counter, due=due)
