"""The same story of a table, as each database's connector writes it, ends in the same documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis as redis_py
from confluent_kafka.admin import NewTopic

from semcache.embed import Embedder
from semcache.knowledge import KnowledgeBase
from semcache.settings import Settings, TableMapping
from semcache_ingest.kafka.clients import open_admin
from semcache_ingest.kafka.topics import ensure_topics
from tests.ingest.change_logs import LOGS, ChangeLog, Step, Written
from tests.ingest.conftest import Running
from tests.ingest.producing import send

Drain = Callable[..., Running]
each = pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
FAILED_OVER = Step(9, server=2)


def story(log: ChangeLog) -> Iterator[Written]:
    """Nine rows; each number is one case, told in the comments."""
    first = Step(1, snapshot="true")
    for identity in range(1, 10):
        yield log.wrote("r", identity, f"first {identity}", first)
    yield log.wrote("u", 2, "updated", Step(2))
    # Twice in one transaction, at one time of the clock.
    yield log.wrote("u", 3, "in between", Step(2, serial=1))
    yield log.wrote("u", 3, "in the end", Step(2, serial=2))
    yield log.wrote("d", 4, "", Step(3))
    yield log.wrote("t", 4, "", Step(3))
    yield log.wrote("d", 5, "", Step(3, serial=1))
    yield log.wrote("t", 5, "", Step(3, serial=1))
    yield log.wrote("c", 5, "back", Step(4))
    # A connector that died sends what it had sent before.
    for body, number in (("older", 4), ("newer", 5), ("older", 4), ("newer", 5)):
        yield log.wrote("u", 6, body, Step(number, serial=1))
    # A row of a snapshot that is read late, as it was before the update.
    yield log.wrote("u", 7, "updated", Step(5))
    yield log.wrote("r", 7, "first 7", first)
    # An incremental snapshot, then a change in the same second, whose time in the log is the second alone.
    yield log.wrote("r", 8, "read", Step(6, snapshot="incremental"))
    yield log.wrote("u", 8, "after it", Step(6, serial=1))
    # A new server, whose log begins again.
    yield log.wrote("u", 9, "on the old server", Step(8))
    yield log.wrote("u", 9, "on the new server", FAILED_OVER)
    yield log.wrote("d", 2, "", FAILED_OVER)


ENDS = {
    1: "first 1",
    3: "in the end",
    5: "back",
    6: "newer",
    7: "updated",
    8: "after it",
    9: "on the new server",
}


@each
def test_every_databases_changes_end_alike(
    settings: Settings, drain: Drain, redis: redis_py.Redis, fast_embedder: Embedder, log: ChangeLog
) -> None:
    """Snapshot, update, delete, replay, late snapshot, fail-over: in the end the documents are as the rows are."""
    topic = f"{settings.namespace}.{log.topic}"
    mapping = TableMapping(table=log.table, id=log.id_template, text="{body}")
    ingest = settings.ingest.model_copy(update={"topics": [topic], "debezium": [mapping]})
    own = settings.model_copy(update={"ingest": ingest})
    admin = open_admin(own.kafka)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(timeout=20)
    ensure_topics(own)
    send(own, ({"topic": topic, "key": key, "value": value} for key, value in story(log)))
    worker = drain(settings=own)
    kb = KnowledgeBase(redis, embedder=fast_embedder, namespace=own.namespace)
    found = (kb.get(listed.document) for listed in kb.documents())
    assert {document.document: document.text for document in found if document} == {
        _document(log, identity): text for identity, text in ENDS.items()
    }
    assert worker.count("semcache_ingest_dlq_records_total") == 0


def _document(log: ChangeLog, identity: int) -> str:
    return f"a-{identity:024x}" if log.name == "MongoDB" else f"a-{identity}"
