"""Bad input of each kind comes back after the mistake is mended: in the settings, in the code, or by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis as redis_py

from semcache.embed import Embedder
from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory
from semcache.settings import Settings, TableMapping
from semcache_ingest.deadletters.letters import Letters
from semcache_ingest.deadletters.replay import ReplayOptions, replay
from semcache_ingest.events import Event
from tests.ingest.conftest import Running
from tests.ingest.producing import message, send
from tests.ingest.test_bad_input import BAD, Peculiar

Drain = Callable[..., Running]
ROW = {"before": None, "after": {"id": 42, "name": "Kettle"}, "source": {"table": "articles", "lsn": 7}, "op": "c"}


def stumbles(event: Event) -> Event:
    """A processor with a mistake."""
    raise KeyError("no such luck")


@dataclass(frozen=True)
class Mistake:
    """A record that is dead-lettered under some settings, and applied under those of the installation."""

    value: dict[str, Any]
    error_class: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    model_at_fault: bool = False


MISTAKES = {
    "a limit too low": Mistake(message(0, text="x" * 200), "oversize", before={"max_text_bytes": 100}),
    "a table without a mapping": Mistake(
        ROW, "schema", after={"debezium": [TableMapping(table="articles", id="id", text="{name}")]}
    ),
    "a processor with a mistake": Mistake(message(0), "poison", before={"processors": [f"{__name__}:stumbles"]}),
    "a model that refuses": Mistake(message(0, text="REFUSED once"), "poison", model_at_fault=True),
}


def with_ingest(settings: Settings, changes: dict[str, Any]) -> Settings:
    return settings.model_copy(update={"ingest": settings.ingest.model_copy(update=changes)})


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_what_was_refused_by_mistake_is_replayed_and_applied(
    mistake: Mistake, settings: Settings, redis: redis_py.Redis, fast_embedder: Embedder, drain: Drain
) -> None:
    """Refused with its class while the mistake is there; replayed once it is mended, and applied."""
    send(settings, [{"topic": settings.kafka.conversations_topic, "key": "ada", "value": json.dumps(mistake.value)}])
    model = Peculiar(fast_embedder) if mistake.model_at_fault else fast_embedder
    drain(settings=with_ingest(settings, mistake.before), embedder=model)
    assert [letter.error_class for letter in Letters(settings).read()] == [mistake.error_class]
    assert replay(settings, ReplayOptions()).replayed == 1
    mended = drain(settings=with_ingest(settings, mistake.after))
    assert mended.count("semcache_ingest_records_total", outcome="applied") == 1
    memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
    document = KnowledgeBase(redis, embedder=fast_embedder, namespace=settings.namespace).get("42")
    said = [turn.text for turn in memory.turns()]
    assert said == [mistake.value["text"]] if "text" in mistake.value else document


@pytest.mark.parametrize("kind", [name for name, (value, _, _) in BAD.items() if len(value) < 1_000_000])
def test_what_was_wrong_in_itself_is_mended_by_hand(
    kind: str,
    settings: Settings,
    environment: dict[str, str],
    redis: redis_py.Redis,
    fast_embedder: Embedder,
    drain: Drain,
) -> None:
    """The bytes of a dead letter come out as they were; mended, they are produced like any other event."""
    bad = BAD[kind][0]
    send(settings, [{"topic": settings.kafka.conversations_topic, "key": "ada", "value": bad}])
    drain()
    (letter,) = Letters(settings).read()
    shown = ingest_command(environment, "dlq", "show", letter.position, "--value")
    assert shown == bad
    ingest_command(environment, "produce", "-", given=json.dumps(message(7, text="Mended.")).encode())
    assert drain().count("semcache_ingest_records_total", outcome="applied") == 1
    memory = AgentMemory(redis, user="ada", embedder=fast_embedder, namespace=settings.namespace)
    assert [turn.text for turn in memory.turns()] == ["Mended."]


def ingest_command(environment: dict[str, str], *arguments: str, given: bytes = b"") -> bytes:
    command = [sys.executable, "-m", "semcache_ingest.cli", *arguments]
    done = subprocess.run(command, env=os.environ | environment, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
