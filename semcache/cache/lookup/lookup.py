"""Looking a question up: fetch what is near, decide, serve. The decision itself is pure and lies elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from semcache.cache.deciding import Decision, Rule
from semcache.cache.deciding.exact_first import ExactFirst
from semcache.cache.deciding.findings import NEIGHBOURS, Findings, same_question, unservable
from semcache.cache.entries import Entries
from semcache.cache.entries.records import NearEntry, SearchResult
from semcache.cache.entries.refusals import Refusals
from semcache.cache.entries.registration import Registration
from semcache.cache.entries.stats import EXPIRED, HITS_EXACT, HITS_SEMANTIC, STALE, miss_counter
from semcache.cache.entries.tally import Tally
from semcache.cache.inputs import Question
from semcache.cache.learning import Learner
from semcache.cache.types import Explanation, Hit, Miss, Reason
from semcache.embed import Embedder, reads_whole
from semcache.errors import RedisUnavailable
from semcache.store.vectors import blob

#: Takes a prompt, what was found for it, and the seconds that took.
Report = Callable[[str, Hit | Miss, float], None]

_log = logging.getLogger(__name__)
_RECHECK = "the same question is stored; this time the answer is made again, to check how reliable the judge is"


class Lookup:
    """Looks questions up in one scope. With a `rule` of one's own, what was learned plays no part.

    `renewal`: a hit starts the lifetime of its entry anew.
    """

    def __init__(
        self,
        entries: Entries,
        learner: Learner,
        tally: Tally,
        refusals: Refusals,
        *,
        embedder: Embedder,
        rule: Rule | None,
        renewal: Registration | None,
    ) -> None:
        self._refusals = refusals
        self._entries = entries
        self._learner = learner
        self._tally = tally
        self._embedder = embedder
        self._own_rule = rule
        self._renewal = renewal
        self._exact_first = ExactFirst()
        self.report: Report | None = None
        """Told of every result, if anybody wants to know."""

    def look_up(self, question: Question) -> Hit | Miss:
        """A hit, which is counted, or a miss, which is counted too; either is reported."""
        started = time.perf_counter()
        found = self._find(question)
        exact = isinstance(found, Hit) and found.exact
        self._exact_first.note(question.fingerprint, found=exact, by_meaning=bool(found) and not exact)
        if self.report is not None:
            self.report(question.prompt, found, time.perf_counter() - started)
        return found

    def _find(self, question: Question) -> Hit | Miss:
        findings, first = Findings(question), self._exact_first.pays(question.fingerprint)
        if first:
            findings = self._exact(question)
            if findings.decision.chosen and not findings.recheck and (hit := self._serve(findings)):
                return hit
        if findings.recheck:  # perhaps: that depends on its group
            findings, first = Findings(question), False
        findings = self._nearby(findings, exact=not first)
        if findings.unservable:
            self._remove_dead(findings)
        if findings.recheck:
            decision = Decision(None, _RECHECK, Reason.SHADOW, candidate=findings.exact)
            return self._miss(replace(findings, decision=decision))
        return self._decide(findings)

    def _decide(self, findings: Findings) -> Hit | Miss:
        rule = self._own_rule or self._learner.rule(findings.question, findings.progress)
        while chosen := (findings := findings.decided(rule)).decision.chosen:
            if hit := self._serve(findings):
                return hit
            findings = findings.without(chosen)  # removed since it was found
        return self._miss(findings)

    def exactly(self, question: Question) -> Hit | None:
        """A hit on the very same question, which is counted; no model is asked."""
        return self._serve(self._exact(question))

    def refuse(self, why: str) -> Miss:
        """The miss of a question that is not to be looked up; it is counted."""
        self._tally.miss(miss_counter(Reason.UNCACHEABLE))
        found = Miss(Reason.UNCACHEABLE, why)
        if self.report is not None:
            self.report("", found, 0.0)
        return found

    def explain(self, question: Question) -> Explanation:
        """What `look_up` would do now; nothing is counted or removed."""
        findings = self._nearby(self._exact(question))
        findings = findings.decided(self._own_rule or self._learner.rule(question, findings.progress))
        decision = findings.decision
        why = "" if decision.chosen else self._refusals.of(question)
        return Explanation(
            prompt=question.prompt,
            served=decision.chosen.entry_id if decision.chosen else None,
            reason=decision.reason,
            detail=decision.detail + (f"; the last answer to this very question was not kept: {why}" if why else ""),
            confidence=decision.confidence,
            candidates=findings.candidates(),
        )

    def nearest(self, question: Question) -> list[NearEntry]:
        """What is near and could be served, best first; nothing is decided, counted or removed."""
        findings = self._nearby(Findings(question))
        return [entry for entry in findings.near if entry.entry_id not in findings.unservable]

    def _exact(self, question: Question) -> Findings:
        """What is stored under the very same question: to be served, if it may be and is not due for a recheck."""
        started = time.perf_counter()
        found = self._entries.exact(question.fingerprint)
        self._exact_first.took(trip_s=time.perf_counter() - started)
        return self._with(Findings(question), found) if found else Findings(question)

    def _with(self, findings: Findings, found: SearchResult) -> Findings:
        """The findings, and what was found of the very same question and near it."""
        question, exact = findings.question, found.exact
        if exact is None or not set(question.tags) <= set(exact.tags):
            exact = findings.exact
        dead = unservable(found.entries, now=found.now, versions=found.changed)
        dead = {**findings.unservable, **dead} if findings.unservable else dead
        decision = same_question(exact, dead)
        return replace(
            findings,
            exact=exact,
            near=found.near,
            unservable=dead,
            progress=found.progress,
            answers={**findings.answers, **found.answers} if findings.answers else found.answers,
            now=found.now,
            decision=decision or findings.decision,
            recheck=decision is not None and self._rechecks(question, found),
        )

    def _rechecks(self, question: Question, found: SearchResult) -> bool:
        """Whether an exact match is answered anew, to measure the judge: the right answer is known to be the same.

        It may be, where the size of its group is not known.
        """
        if self._own_rule is not None:
            return False
        size = 2 if found.group_size is None else found.group_size
        return self._learner.rechecks(question, found.progress, size) and reads_whole(self._embedder, question.prompt)

    def _nearby(self, findings: Findings, *, exact: bool = False) -> Findings:
        """What lies near the question; with `exact`, also what is stored under the very same question."""
        question = findings.question
        if not reads_whole(self._embedder, question.prompt):
            return replace(self._exact(question) if exact else findings, beyond_window=True)
        started = time.perf_counter()
        vector = self._embedder.embed([question.prompt])[0]
        self._exact_first.took(embedding_s=time.perf_counter() - started)
        found = self._entries.search(question, blob(vector, self._embedder.dim), count=NEIGHBOURS, exact=exact)
        return self._with(replace(findings, vector=vector), found)

    def _serve(self, findings: Findings) -> Hit | None:
        """The answer of the chosen entry, which is counted; None if none is chosen, or it has been removed since."""
        decision, chosen, now = findings.decision, findings.decision.chosen, findings.now
        if chosen is None:
            return None
        answer = findings.answers.get(chosen.entry_id) or self._entries.answer(chosen.entry_id, now=now)
        if answer is None:
            return None
        if renewal := self._renewal:  # at once: who asks next must find it alive
            self._try(lambda: self._entries.renew(chosen, now=now, registration=renewal))
        exact = chosen is findings.exact
        self._tally.hit(
            chosen.entry_id,
            answer,
            now=now,
            counter=HITS_EXACT if exact else HITS_SEMANTIC,
            lesson=self._learner.lesson_of_hit(findings.question, decision, findings.progress.sums),
        )
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
            candidates=findings.candidates(),
            tokens_saved=answer.tokens,
            cost_saved=answer.cost,
            seconds_saved=answer.compute_s,
            metadata=answer.metadata,
        )

    def _miss(self, findings: Findings) -> Miss:
        decision = findings.decision
        reason = decision.reason or Reason.NOT_SIMILAR
        self._tally.miss(miss_counter(reason))
        return Miss(reason, decision.detail, findings.candidates(), work=findings)

    def _try(self, task: Callable[[], object]) -> None:
        """Does what an answer does not depend on; a Redis that is full or read-only still serves."""
        try:
            task()
        except RedisUnavailable as error:
            _log.warning("a lifetime cannot be renewed, or what has expired not be removed: %s", error)

    def _remove_dead(self, findings: Findings) -> None:
        remove = self._entries.remove
        if expired := findings.unservable_for(Reason.EXPIRED):
            self._try(lambda: remove(expired, counter=EXPIRED, due=findings.now))
        if stale := findings.unservable_for(Reason.STALE_SOURCE):
            self._try(lambda: remove(stale, counter=STALE))
