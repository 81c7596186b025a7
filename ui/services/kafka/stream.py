"""What Kafka does, as people see and do it: dead letters, replaying them, events by hand, time from end to end."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from semcache.app import App
from semcache.errors import InvalidInput, KafkaUnavailable, Quarantine, SemcacheError
from semcache_ingest.deadletters.letters import Letter, Letters, Wanted, histogram
from semcache_ingest.deadletters.replay import Replayed, ReplayOptions, replay
from semcache_ingest.events import parse_event
from semcache_ingest.publish import EventPublisher
from semcache_ui.services.kafka import events

NEWEST = 200
PROBE = "semcache-probe"
_PROBE_POLL_S = 0.005
_CONFIRM_S = 10.0
TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "message": {"user": "pia", "session": "by-hand", "role": "user", "text": "My new bike is called Sparrow."},
    "document_upserted": {"document": "night-hours", "version": 1, "title": "Night hours", "text": "Nobody answers."},
    "document_deleted": {"document": "night-hours", "version": 2},
    "feedback": {"entry": "0123456789abcdef", "correct": False, "user": "pia"},
    "session_ended": {"user": "pia", "session": "by-hand"},
    "user_erased": {"user": "somebody"},
}


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters that are kept: how many of each kind, and the newest, newest first. `trouble`: unreadable."""

    count: int
    kinds: tuple[Mapping[str, object], ...]
    newest: tuple[Letter, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """The Kafka side of one installation."""

    app: App
    publisher: EventPublisher
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def letters(self, wanted: Wanted | None = None) -> DeadLetters:
        """Reads the dead letters that fit; never raises: what fails is what it tells."""
        newest: deque[Letter] = deque(maxlen=NEWEST)
        kept: list[Letter] = []
        try:
            for letter in Letters(self.app.settings).read(wanted):
                newest.append(letter)
                kept.append(letter)
        except SemcacheError as error:
            return DeadLetters(0, (), (), str(error))
        return DeadLetters(len(kept), tuple(histogram(kept)), tuple(reversed(newest)))

    def replay(self, wanted: Wanted, *, dry_run: bool = False) -> Replayed:
        """Sends the letters that fit back to where they came from; those that it has sent before are left alone.

        Raises:
            KafkaUnavailable: it goes on where it stopped when it is called again.
        """
        return replay(self.app.settings, ReplayOptions(wanted, dry_run=dry_run))

    def produce(self, text: str) -> str:
        """Publishes an event written by hand; returns its type.

        Raises:
            InvalidInput: it is no JSON, or no valid event.
            KafkaUnavailable: Kafka has not taken it.
        """
        fields = checked(text)
        self.publisher.publish(fields, confirm_s=_CONFIRM_S)
        return str(fields["type"])

    def probe(self, *, timeout_s: float = 15.0) -> float:
        """Seconds from an event's way into Kafka to its effect in Redis: the deletion of a document nobody has.

        Raises:
            KafkaUnavailable: Kafka does not take it, or nobody applies it in time.
        """
        knowledge = self.app.knowledge
        version = abs(knowledge.versions([PROBE]).get(PROBE, 0)) + 1
        started = self.clock()
        gone = events.of("document_deleted", namespace=self.app.settings.namespace, document=PROBE, version=version)
        self.publisher.publish(gone, confirm_s=_CONFIRM_S)
        while abs(knowledge.versions([PROBE]).get(PROBE, 0)) < version:
            if self.clock() - started > timeout_s:
                raise KafkaUnavailable(f"the event was not applied within {timeout_s:.0f} s: is an ingestor running?")
            self.sleep(_PROBE_POLL_S)
        return self.clock() - started


def template(type: str) -> str:
    """An event of a type to begin with."""
    return json.dumps(events.of(type, **TEMPLATES[type]), indent=2, ensure_ascii=False)


def checked(text: str) -> dict[str, Any]:
    """The fields of an event written by hand; raises InvalidInput."""
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"this is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidInput("an event is a JSON object: { … }")
    try:
        parse_event(fields)
    except Quarantine as error:
        raise InvalidInput(str(error)) from error
    return fields


def text_of(value: bytes | None) -> str:
    """A record's key or value, readable."""
    return "" if value is None else value.decode("utf-8", "backslashreplace")
