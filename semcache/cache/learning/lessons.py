"""What the answer to a question teaches, once it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semcache.cache.budget import CandidateEvidence
from semcache.cache.deciding.decide import text_of
from semcache.cache.deciding.findings import Findings
from semcache.cache.entries.records import NewEntry
from semcache.cache.learning.state import AnswerRecord


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is known when the answer to a question is there.

    `near`: ids of the neighbours, `candidate` the one that was judged. `recheck`: the question is an exact repeat, made
    again to measure the judge; the neighbours' answers as they were before it was stored, the one it replaced included.
    """

    entry_id: str
    prompt: str
    response: str
    sources: dict[str, int]
    near: tuple[str, ...]
    candidate: str | None
    evidence: CandidateEvidence | None
    recheck: tuple[AnswerRecord, ...] | None = None


def words_of(prompt: str) -> tuple[str, ...]:
    """The stems of a question, each once: what document frequencies count."""
    return tuple(sorted(text_of(prompt).bag))


def lesson_of(entry: NewEntry, findings: Findings, replaced: tuple[AnswerRecord, ...] | None) -> Lesson:
    """What a stored answer teaches, given the lookup that missed; `replaced`: what a recheck is compared with."""
    candidate = findings.decision.candidate
    return Lesson(
        entry_id=entry.entry_id,
        prompt=entry.question.prompt,
        response=entry.response,
        sources=entry.sources,
        near=neighbours_of(findings),
        candidate=candidate.entry_id if candidate else None,
        evidence=findings.decision.evidence,
        recheck=replaced,
    )


def neighbours_of(findings: Findings) -> tuple[str, ...]:
    """Ids of the entries that a lookup could choose from."""
    return tuple(near.entry_id for near in findings.servable)


def group_of(entry_id: str | None, answers: Sequence[AnswerRecord]) -> str | None:
    return next((answer.group for answer in answers if answer.entry_id == entry_id), None)
