"""The whole play: servers up, connectors on, the changes phase by phase, the ingestor after each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from semcache.devstack.ports import free_port
from tests.cdc import changes, columns
from tests.cdc.changes import Phase
from tests.cdc.databases import Database
from tests.cdc.ingestor import Ingestor, TopicMapping
from tests.cdc.modes import MODES, Mode
from tests.cdc.records import Records
from tests.cdc.sources import MANUALS, SOURCES, Source
from tests.cdc.worker import ConnectWorker

SENTINEL = 9_000
"""Rows from this number on mark the end of a phase."""
UNTOUCHED = "new title"


@dataclass(frozen=True, slots=True)
class Held:
    """What the knowledge base held after each phase: (phase, namespace) -> document -> text."""

    documents: dict[tuple[Phase, str], dict[str, str]] = field(default_factory=dict)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)


def namespace(source: Source, mode: Mode) -> str:
    return f"cdc-{source.prefix(mode)}"


def play(kafka: str, redis_url: str) -> Held:
    """Runs every phase, on both databases and in all modes at once."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="semcache-cdc-")))
        os.chmod(folder, 0o755)  # the databases' user reads the way to its files
        stage = _Stage(folder, kafka, closing)
        ingestor = Ingestor(folder / "ingestor", kafka=kafka, redis_url=redis_url, mappings=list(_mappings()))
        held = Held()
        for phase in changes.PHASES:
            getattr(stage, phase)()
            ingestor.run()
            for source in SOURCES:
                for mode in MODES:
                    name = namespace(source, mode)
                    held.documents[phase, name] = ingestor.documents(name)
        held.dead_letters.extend(ingestor.dead_letters())
        return held


class _Stage:
    """The servers, and a method for each phase; it returns when Kafka has all that the phase has made."""

    def __init__(self, folder: Path, kafka: str, closing: ExitStack) -> None:
        self._folder, self._closing = folder, closing
        self._worker = ConnectWorker(folder / "connect", free_port(), kafka)
        running = self._worker.start()
        closing.callback(running.kill)
        self._databases = {source.name: self._started(source, 1) for source in SOURCES}
        self._worker.wait_ready(running)
        self._records = Records(kafka, f"^({'|'.join(source.name.lower() for source in SOURCES)})_.*")
        closing.callback(self._records.close)

    def snapshot(self) -> None:
        rows = changes.initial_rows() | {SENTINEL: "snapshot"}
        for source in SOURCES:
            database = self._databases[source.name]
            database.execute(*[source.switch_logs] * 3)  # so that the places in the log are later than a new server's
            source.fill(database, rows)
        self._connect(1)
        self._wait_for_rows(SENTINEL)
        for source, mode in _pairs():
            for table in source.tables_of(mode):
                self._wait(f"{source.topic(mode, table)} has its snapshot", source.topic(mode, table), 1)

    def changes(self) -> None:
        for source in SOURCES:
            database = self._databases[source.name]
            if set(MANUALS) <= set(source.tables):
                database.execute(*(f"UPDATE {table} SET name = '{UNTOUCHED}' WHERE id = 1" for table in MANUALS))
        self._do("changes")
        for source, mode in _pairs():
            for table in set(MANUALS) & set(source.tables_of(mode)):
                topic = source.topic(mode, table)
                self._records.wait(f"{topic} has its update", partial(self._records.mentions, topic, UNTOUCHED))

    def restart(self) -> None:
        self._disconnect(1)
        for source in SOURCES:
            self._make(source, "restart")
        self._connect(1)
        self._wait_for_rows(SENTINEL + changes.PHASES.index("restart"))

    def schema(self) -> None:
        self._do("schema")

    def incremental(self) -> None:
        for source in SOURCES:
            self._databases[source.name].execute(source.incremental_snapshot("again"))
        for source, mode in _pairs():
            topic = source.topic(mode, "articles")
            self._records.wait(
                f"{topic} has its incremental snapshot",
                partial(self._records.has, topic, 1, times=2),
            )
        self._do("incremental")

    def failover(self) -> None:
        self._disconnect(1)
        for source in SOURCES:
            self._databases[source.name].stop()
            self._databases[source.name] = self._started(source, 2)
            source.fill(self._databases[source.name], changes.rows_of_the_new_server())
        self._connect(2)
        self._do("failover")

    def _started(self, source: Source, number: int) -> Database:
        database = source.kind(self._folder / f"{source.name}-{number}", number)
        database.start()
        self._closing.callback(database.stop)
        return database

    def _connect(self, server: int) -> None:
        for number, (source, mode) in enumerate(_pairs()):
            config = source.config(mode, self._databases[source.name], self._folder, number + 100 * server)
            self._worker.put(_connector(source, mode, server), config)
        self._worker.wait_running(*(_connector(source, mode, server) for source, mode in _pairs()))

    def _disconnect(self, server: int) -> None:
        for source, mode in _pairs():
            self._worker.remove(_connector(source, mode, server))

    def _do(self, phase: Phase) -> None:
        for source in SOURCES:
            self._make(source, phase)
        self._wait_for_rows(SENTINEL + changes.PHASES.index(phase))

    def _make(self, source: Source, phase: Phase) -> None:
        statements = [statement for change in changes.of_phase(phase) for statement in change.statements]
        mark = changes.insert(SENTINEL + changes.PHASES.index(phase), phase)
        self._databases[source.name].execute(*(s.replace("{widen}", source.widen) for s in statements), mark)

    def _wait_for_rows(self, number: int) -> None:
        for source, mode in _pairs():
            topic = source.topic(mode, "articles")
            self._wait(f"{topic} has row {number}", topic, number)

    def _wait(self, what: str, topic: str, number: int) -> None:
        self._records.wait(what, partial(self._records.has, topic, number))


def _connector(source: Source, mode: Mode, server: int) -> str:
    """Its name: a new server's connector starts without the place that the old one's had."""
    return f"{source.prefix(mode)}_{server}"


def _pairs() -> list[tuple[Source, Mode]]:
    return [(source, mode) for source in SOURCES for mode in MODES]


def _mappings() -> Iterator[TopicMapping]:
    for source, mode in _pairs():
        texts = {"articles": "{name}: {body}", "kinds": columns.template(source.columns)}
        for table in source.tables_of(mode):
            text = texts.get(table, "{name}: {body}")
            yield TopicMapping(source.topic(mode, table), f"{table}-{{id}}", text, namespace(source, mode))
