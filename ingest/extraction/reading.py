"""What is done with one record: a user's message is shown to the model, and what it reads is published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Protocol

from semcache.llm import Llm, LlmRequest
from semcache.memory.facts.model import facts_by_model
from semcache.memory.facts.types import Claim
from semcache.memory.types import Turn, turn_id
from semcache_ingest.events import MessageEvent
from semcache_ingest.handlers.decode import Decoder
from semcache_ingest.records import Outcome, Record

CONFIRM_S = 10.0
_PROBE = LlmRequest(question="Reply with the word ready.")


class Publish(Protocol):
    """`EventPublisher.publish`."""

    def __call__(self, event: Any, *, confirm_s: float | None = None) -> None: ...


class FactReader:
    """Reads facts in messages. Thread-safe."""

    def __init__(self, decode: Decoder, llm: Llm, publish: Publish) -> None:
        self._decode = decode
        self._llm = llm
        self._publish = publish

    def __call__(self, record: Record) -> Outcome:
        """APPLIED once what the model read is in Kafka; SKIPPED for what is no message of a user.

        A record that comes again is asked about again; the event has the same id, and the last one counts.

        Raises:
            Quarantine: the record is no event.
            LlmUnavailable, RateLimited, KafkaUnavailable: later it may work.
        """
        found = self._decode(record)
        if isinstance(found, Outcome):
            return found
        messages = [one.event for one in found if isinstance(one.event, MessageEvent) and one.event.role == "user"]
        for message in messages:
            self._read(message)
        return Outcome.APPLIED if messages else Outcome.SKIPPED

    def _read(self, event: MessageEvent) -> None:
        turn = Turn(turn_id(event.id), event.session, event.role, event.text, event.seconds, event.speaker or "")
        told = facts_by_model(self._llm, [turn])
        self._publish(event_of(event, [one.claim for one in told], model=self._llm.name), confirm_s=CONFIRM_S)

    def ready(self) -> None:
        """Asks the model for a word. Raises as the model does."""
        self._llm.answer(_PROBE)


def event_of(message: MessageEvent, claims: list[Claim], *, model: str) -> dict[str, Any]:
    """The event that tells what was read in a message; it carries the message's time."""
    return {
        "type": "facts_extracted",
        "id": f"{message.id}#facts",
        "namespace": message.namespace,
        "user": message.user,
        "message": message.id,
        "at": message.at.isoformat(),
        "model": model,
        "facts": [_fact(claim) for claim in claims],
    }


def _fact(claim: Claim) -> dict[str, Any]:
    fields = {name: value for name, value in asdict(claim).items() if name not in ("start", "end")}
    return fields | {"since": _iso(claim.since), "until": _iso(claim.until)}


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


Read = Callable[[Record], Outcome]
