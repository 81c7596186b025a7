"""The demonstration: sample events through Kafka, questions, and a changed document, each step checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from semcache import samples
from semcache.app import App
from semcache.cache import Reason
from semcache.cache.scopes.invalidation import invalidate_source
from semcache.chat import Answer
from semcache.errors import SemcacheError
from semcache.store import keys
from semcache.store.connect import guarded
from semcache_ingest.publish import EventPublisher
from semcache_ui.services.kafka.arrival import Arrival

INGEST_TIMEOUT_S = 120.0
STALE_TIMEOUT_S = 10.0
VISITOR = "visitor"


class DemoFailed(SemcacheError):
    """A step of the demonstration did not do what it should."""


@dataclass(slots=True)
class Summary:
    """What the demonstration did. Times are milliseconds."""

    events_produced: int = 0
    events_ingested: int = 0
    vectors: int = 0
    questions: int = 0
    hits: int = 0
    misses: int = 0
    documents_changed: int = 0
    answers_gone: int = 0
    milliseconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing the demonstration did, as a line for a person."""

    text: str
    detail: str = ""
    good: bool = True


class Demo:
    """Plays the sample world through running servers; every step says what it did through `tell`."""

    def __init__(
        self, app: App, publisher: EventPublisher, tell: Callable[[Told], None], *, worker_runs: Callable[[], bool]
    ) -> None:
        self._app = app
        self._publisher = publisher
        self._tell = tell
        self._worker_runs = worker_runs
        self.summary = Summary()

    def play(self, on_ingested: Callable[[int, int], None]) -> Summary:
        """All steps in order. `on_ingested(done, total)` is called while events arrive."""
        self._produce(on_ingested)
        # What an earlier run has taught, and how often each answer was served, is not part of the story.
        self._app.engine.cache().drop()
        for story in samples.demo():
            self._app.engine.cache(story.personal.user).clear()  # what an earlier run, or version, has left
            self._ask_twice(story)
        self._check(self.summary.hits > 0, f"{self.summary.hits} paraphrases were answered from the cache")
        self._change(samples.demo()[0])
        return self.summary

    # -- the write path

    def _produce(self, on_ingested: Callable[[int, int], None]) -> None:
        events = [*self._documents(), *(asdict(m) for m in samples.conversations())]
        for event in events:
            event["namespace"] = self._app.settings.namespace
        with self._timed("produce"):
            for event in events:
                self._publisher.publish(event)
            self._publisher.flush()
        self.summary.events_produced = len(events)
        with self._timed("ingest"):
            done = self._wait_ingested(events, on_ingested)
        self.summary.events_ingested = done
        self.summary.vectors = self._vectors()
        self._check(done == len(events), f"{done} of {len(events)} events went through Kafka into Redis")
        if done < len(events):
            log = self._app.settings.data_dir / "ingest.log"
            raise DemoFailed(f"only {done} of {len(events)} events arrived; {log} says why")

    def _documents(self) -> Iterator[dict[str, Any]]:
        """The documents as they were at first; one that was changed since comes back as a new version."""
        known = self._app.knowledge.versions([d.document for d in samples.documents()])
        changed = {change.document for change in samples.changes()}
        for document in samples.documents():
            now = known.get(document.document)
            back = now is not None and document.document in changed
            version = abs(now or 0) + 1 if back else document.version
            yield asdict(replace(document, version=version, id=f"{document.id}-{version}"))
            invalidate_source(self._app.redis, self._app.settings.namespace, document.document)

    def _wait_ingested(self, events: list[dict[str, Any]], on_ingested: Callable[[int, int], None]) -> int:
        arrival = Arrival(self._app, events)
        last, deadline = -1, 0.0
        while True:
            done = arrival.count()
            on_ingested(done, len(events))
            if done > last:  # however slow the machine is: only a worker that stands still is given up
                last, deadline = done, time.monotonic() + INGEST_TIMEOUT_S
            if done >= len(events) or time.monotonic() > deadline or not self._worker_runs():
                return done
            time.sleep(0.1)

    @guarded()
    def _vectors(self) -> int:
        """Vectors of the sample's turns and passages."""
        place = {"namespace": self._app.settings.namespace, "fingerprint": self._app.embedder.fingerprint}
        names = [keys.CHUNK_VECTORS.build(**place)]
        names += [keys.TURN_VECTORS.build(**place, user=user) for user in {m.user for m in samples.conversations()}]
        return sum(self._app.redis.execute_command("VCARD", name) or 0 for name in names)

    # -- the read path

    def _ask_twice(self, story: samples.Story) -> None:
        first = self._ask(story.question, VISITOR)
        self._check(first.outcome == "miss" and story.before in first.text, f"asked: {story.question}", _line(first))
        again = self._ask(story.paraphrase, VISITOR)
        checked = again.miss is not None and again.miss.reason is Reason.SHADOW  # a share of hits is checked by a call
        served = (again.outcome == "hit" or checked) and story.before in again.text
        self._check(served, f"asked again: {story.paraphrase}", _line(again))
        near = self._ask(story.near_miss.question, VISITOR)
        kept_apart = near.outcome != "hit" and story.near_miss.expect in near.text
        self._check(kept_apart, f"nearly the same words: {story.near_miss.question}", _line(near))
        personal = self._ask(story.personal.question, story.personal.user)
        remembered = story.personal.expect in personal.text
        self._check(remembered, f"{story.personal.user} asks: {story.personal.question}", _line(personal))

    def _change(self, story: samples.Story) -> None:
        change = next(c for c in samples.changes() if c.document == story.change)
        now = self._app.knowledge.versions([change.document])[change.document]
        event = asdict(replace(change, version=now + 1, id=f"{change.id}-{now + 1}"))
        self._publisher.publish(event | {"namespace": self._app.settings.namespace})
        self._publisher.flush()
        with self._timed("change to effect"):
            gone = self._wait_gone(story)
        self.summary.documents_changed = 1
        self.summary.answers_gone = gone
        took = self.summary.milliseconds["change to effect"]
        self._check(gone > 0, f"document {change.document} changed", f"{gone} answers gone after {took:.0f} ms")
        after = self._ask(story.question, VISITOR)
        fresh = after.outcome == "miss" and story.after in after.text
        self._check(fresh, f"asked again: {story.question}", _line(after))

    def _wait_gone(self, story: samples.Story) -> int:
        """How many answers built from the document are gone."""
        cache = self._app.cache()
        before = sum(story.change in entry.sources for entry in cache.entries())
        deadline = time.monotonic() + STALE_TIMEOUT_S
        while time.monotonic() < deadline:
            left = sum(story.change in entry.sources for entry in cache.entries())
            if not left:
                return before
            time.sleep(0.01)
        return 0

    def _ask(self, question: str, user: str) -> Answer:
        answer = self._app.engine.ask(question, user=user, session=f"demo-{user}")
        self.summary.questions += 1
        self.summary.hits += answer.outcome == "hit"
        self.summary.misses += answer.outcome != "hit"
        for stage, seconds in answer.timings.items():
            known = self.summary.milliseconds.get(stage, 0.0)
            self.summary.milliseconds[stage] = round(max(known, seconds * 1000), 2)
        return answer

    # -- bookkeeping

    def _check(self, good: bool, text: str, detail: str = "") -> None:
        self._tell(Told(text, detail, good))
        if not good:
            self.summary.failed.append(f"{text}: {detail}" if detail else text)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.summary.milliseconds[name] = round((time.perf_counter() - start) * 1000, 1)


def _line(answer: Answer) -> str:
    took = f"{answer.timings.get('total', 0) * 1000:.0f} ms"
    how = f"HIT, similarity {answer.hit.similarity:.3f}" if answer.hit else answer.outcome.upper()
    return f"{how}, {took}: {' '.join(answer.text.split())[:160]}"
