"""Records of decisions for tests."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Producer

from semcache.decisions import AnswerChecked, LookupDecided, Published
from semcache.settings import Settings
from semcache_ingest.records import Record

START = 1_790_000_000.0


def decided(at: float = START, **given: Any) -> LookupDecided:
    """A look-up, a miss if nothing else is said."""
    fields = {"outcome": "miss", "reason": "empty", "budget": 0.02, "scope": "s0", "latency_us": 900} | given
    return LookupDecided(type="decision", id=uuid.uuid4().hex, at=datetime.fromtimestamp(at, UTC), **fields)


def checked(at: float = START, **given: Any) -> AnswerChecked:
    """A check of an answer, right if nothing else is said."""
    fields = {"by": "shadow", "right": True, "scope": "s0"} | given
    return AnswerChecked(type="check", id=uuid.uuid4().hex, at=datetime.fromtimestamp(at, UTC), **fields)


def record(event: Published, offset: int = 0) -> Record:
    """The event as it lies in the topic."""
    value = event.model_dump_json(exclude_defaults=True, exclude_none=True).encode()
    return Record("t", 0, offset, event.scope.encode(), value, timestamp_ms=int(event.at.timestamp() * 1000))


def traffic(number: int, *, namespace: str, end: float, seed: int = 0) -> list[Published]:
    """Decisions and checks of an hour in many scopes, some of them late."""
    draw = random.Random(seed)
    found: list[Published] = []
    for place in range(number):
        at = end - 3_600 + 3_600 * place / number - (draw.random() < 0.1) * draw.uniform(0, 600)
        scope = f"s{draw.randrange(12)}"
        common: dict[str, Any] = {"namespace": namespace, "scope": scope, "tenant": f"t{int(scope[1:]) % 3}"}
        if draw.random() < 0.1:
            found.append(checked(at, right=draw.choice([True, True, False, None]), **common))
            continue
        outcome = draw.choice(["hit", "hit", "miss", "shadow"])
        question = f"question {draw.randrange(8)}"
        more: dict[str, Any] = (
            {"tokens": 100, "cost_micros": 42, "times": draw.choice([1, 5])} if outcome == "hit" else {}
        )
        found.append(
            decided(
                at, outcome=outcome, reason="" if outcome == "hit" else "guard", question=question, **common, **more
            )
        )
    return found


def publish(settings: Settings, events: list[Published]) -> None:
    """Sends them, keyed as caches send them, and returns once Kafka has all."""
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "linger.ms": 5})
    failed: list[object] = []
    for event in events:
        producer.produce(
            settings.decisions.topic,
            key=event.scope.encode(),
            value=record(event).value,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        producer.poll(0)
    assert producer.flush(60) == 0
    assert not failed
