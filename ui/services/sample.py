"""Playing the sample: an invented help desk, through the same doors as everything else, and its first questions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from semcache import samples
from semcache.app import App
from semcache.errors import KafkaUnavailable
from semcache.knowledge import Upsert
from semcache.memory import NewTurn
from semcache_ingest.publish import EventPublisher
from semcache_ui.services.answering.chat import Chat
from semcache_ui.services.jobs import Job, Progress
from semcache_ui.services.kafka.arrival import Arrival

SENDING, APPLYING, ASKING = "sending events", "applying events", "asking questions"
SESSION = "sample"
_POLL_S = 0.2
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Played:
    """What the sample has put in."""

    documents: int
    turns: int
    questions: int


@dataclass
class Sample:
    """The sample of one installation; it is played once at a time."""

    app: App
    chat: Chat
    publisher: EventPublisher | None = None
    clock: Callable[[], float] = time.monotonic
    _job: Job[Played] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _pause: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def first_run(self) -> bool:
        """Whether there is nothing yet, or the sample is being played."""
        if self._job is not None and self._job.status.state == "running":
            return True
        return next(self.app.knowledge.documents(), None) is None

    @property
    def job(self) -> Job[Played] | None:
        return self._job

    def start(self, user: str) -> Job[Played]:
        """Plays the sample in the background; `user` asks its questions."""
        with self._lock:
            if self._job is None or self._job.status.state != "running":
                self._job = Job(lambda progress: self._play(user, progress))
            return self._job

    def _play(self, user: str, progress: Progress) -> Played:
        documents, turns = samples.documents(), samples.conversations()
        if self.publisher is not None:
            self._stream(self.publisher, progress)
        else:
            self._write(progress)
        questions = [q for story in samples.demo() for q in (story.question, story.paraphrase)]
        for number, question in enumerate(questions):
            progress(ASKING, number, len(questions))
            for _ in self.chat.ask(question, user=user, session=SESSION):
                pass
        return Played(len(documents), len(turns), len(questions))

    def _stream(self, publisher: EventPublisher, progress: Progress) -> None:
        """Through Kafka; returns when an ingestor has applied everything."""
        events = [self._here(asdict(document)) for document in samples.documents()]
        events += [self._here(asdict(turn)) for turn in samples.conversations()]
        for number, event in enumerate(events):
            publisher.publish(event)
            if number % _AT_ONCE == 0:
                progress(SENDING, number, len(events))
        publisher.flush()
        arrival = Arrival(self.app, events)
        done, seen_at = 0, self.clock()
        while done < len(events):
            now = arrival.count()
            if now > done:
                done, seen_at = now, self.clock()
            if self.clock() - seen_at > 60:
                raise KafkaUnavailable("nothing was applied for a minute: start an ingestor with `semcache-ingest run`")
            progress(APPLYING, done, len(events))
            self._pause.wait(_POLL_S)

    def _write(self, progress: Progress) -> None:
        """Without Kafka: straight into Redis."""
        documents, turns = samples.documents(), samples.conversations()
        total = len(documents) + len(turns)
        for start in range(0, len(documents), _AT_ONCE):
            part = documents[start : start + _AT_ONCE]
            self.app.knowledge.apply([Upsert(d.document, d.text, d.title, d.version) for d in part])
            progress(APPLYING, start + len(part), total)
        for number, turn in enumerate(turns):
            self._remember(asdict(turn))
            if number % 8 == 0:
                progress(APPLYING, len(documents) + number, total)

    def _remember(self, turn: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(turn["at"]).timestamp()
        new = NewTurn(turn["user"], turn["session"], turn["role"], turn["text"], at, turn["id"])
        self.app.memory(user=new.user).append(new.session, new.role, new.text, at=new.at, event_id=new.event_id)

    def _here(self, event: dict[str, Any]) -> dict[str, Any]:
        return event | {"namespace": self.app.settings.namespace}
