"""What a cache holds and has learned: looking at it, judging it, removing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from semcache.cache import inputs
from semcache.cache.entries.records import Doubt
from semcache.cache.entries.stats import INVALIDATED, stats_of
from semcache.cache.learning.labelled import LabelledPair, labelled_rows, prompts_of
from semcache.cache.learning.status import LearningStatus
from semcache.cache.parts import Parts
from semcache.cache.scopes.catalogue import drop
from semcache.cache.types import Entry, Hit, Stats
from semcache.errors import InvalidInput
from semcache.inputs import check_text, check_unicode


class Contents:
    """The answers and the learning of one cache."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def feedback(self, hit_or_entry_id: Hit | str, *, correct: bool, user: str | None = None) -> bool:
        """Records what is said about an answer; False if it is gone.

        Without `user` it is the application's own verdict, and a rejected answer is not served any more. A user's
        counts once: the first who rejects an answer only casts doubt on it (see `doubt`), the second withdraws it.

        Raises:
            InvalidInput: `correct` is no bool, or `user` no valid text.
        """
        entry_id = _entry_id(hit_or_entry_id)
        if not isinstance(correct, bool):
            raise InvalidInput(f"correct is True or False, not {correct!r}")
        if user is not None:
            check_unicode("the user", user)
        verdict = self._parts.verdicts.take(entry_id, correct=correct, person=user)
        if verdict is not None:
            self._parts.learner.take_verdict(entry_id, verdict, correct=correct)
        return verdict is not None

    def doubt(self, hit_or_entry_id: Hit | str, *, user: str) -> Doubt:
        """Whether this user has rejected an answer (`own`: serve another one), and whether others have (`open`).

        Of those who ask about an answer that others have rejected, one is told that it is `open`: make the answer anew
        and give it to `second_opinion`. A `Hit` that is the user's `own` doubt is counted as a miss from now on.
        """
        doubt = self._parts.verdicts.doubt(_entry_id(hit_or_entry_id), check_unicode("the user", user))
        if doubt.own and isinstance(hit_or_entry_id, Hit):
            self._parts.verdicts.withheld(hit_or_entry_id)
        return doubt

    def second_opinion(
        self, hit_or_entry_id: Hit | str, response: str | None, *, sources: Mapping[str, int] | None = None
    ) -> bool | None:
        """Compares a doubted answer with one that was made anew. If they differ, the stored one is withdrawn.

        `response` None: there is no such answer now. Returns whether they agree; None if the judge cannot tell.
        """
        entry_id = _entry_id(hit_or_entry_id)
        agrees = None if response is None else self._parts.learner.agrees(response, sources or {}, entry_id)
        if agrees is False:
            self.feedback(entry_id, correct=False)
        elif agrees or response is None:
            self._parts.verdicts.settle(entry_id, upheld=bool(agrees))
        return agrees

    def add_labelled(self, pairs: Iterable[tuple[str, str, bool]]) -> int:
        """Learns from pairs (prompt, prompt, whether one answer serves both) of one's own log; how many it could use.

        From some 300 pairs on, with both kinds among them, the cache can serve by score at once. A pair is used if its
        two relations do not contradict other pairs.

        Raises:
            InvalidInput: a prompt is empty or too long, or a label is no bool.
        """
        checked = [LabelledPair.checked(pair) for pair in pairs]
        if not checked:
            return 0
        self._parts.learner.open()
        self._parts.registration.note(self._parts.redis)
        return self._parts.learner.add_labelled(labelled_rows(checked, self._parts.embedder.embed(prompts_of(checked))))

    def learning(self) -> LearningStatus:
        """How far the learning is, what this and other budgets give, and in words why nothing is served if so."""
        self._parts.runtime.counted()
        return self._parts.learner.status()

    def model_version(self) -> int:
        """The version of the model in force, 0 = none: tells in one short round trip whether more was learned."""
        return self._parts.learner.version()

    def invalidate(self, *, entry_id: str | None = None, tag: str | None = None, source: str | None = None) -> int:
        """Removes the answer of an id, or those with a tag, or those built from a document; returns how many.

        Raises:
            InvalidInput: not exactly one of the three is given.
        """
        given = [
            name for name, value in (("entry_id", entry_id), ("tag", tag), ("source", source)) if value is not None
        ]
        if len(given) != 1:
            raise InvalidInput(f"give one of entry_id, tag and source, not {' and '.join(given) or 'none'}")
        if entry_id is not None:
            ids = [entry_id]
        elif tag is not None:
            ids = self._parts.entries.by_tag(tag)
        else:
            ids = self._parts.entries.by_source(source or "")
        return self._parts.entries.remove(ids, counter=INVALIDATED)

    def clear(self) -> int:
        """Removes all answers of the scope; returns how many."""
        return self._parts.entries.clear()

    def drop(self) -> int:
        """Removes the scope: its answers, its statistics and what it has learned; returns how many answers."""
        removed = drop(self._parts.redis, self._parts.scope.namespace, self._parts.scope.id, self._parts.entries)
        self._parts.learner.forget()
        return removed

    def get(self, prompt: str, *, context: Sequence[str] = ()) -> Entry | None:
        """The entry of exactly this question, whether it may be served or not; counts nothing, asks no model."""
        found = self._parts.entries.exact(inputs.question(prompt, context=context).fingerprint)
        entries = self._parts.entries.read([found.exact.entry_id]) if found and found.exact else []
        return entries[0] if entries else None

    def entries(self, *, offset: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """The stored answers, the most used first, fetched in pages."""
        return self._parts.entries.all(offset=offset, limit=limit)

    def stats(self) -> Stats:
        """What this scope has done since it exists, in all processes."""
        return stats_of(self._parts.entries)


def _entry_id(hit_or_entry_id: Hit | str) -> str:
    found = hit_or_entry_id.entry_id if isinstance(hit_or_entry_id, Hit) else hit_or_entry_id
    return check_text("the entry id", found)
