"""Change events as the connectors of databases write them that are not at hand in tests: a place in the log, a record.

Shapes are those of Debezium 3 for MySQL, SQL Server, Oracle and MongoDB, and of Airbyte's destination for Kafka.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

START_MS = 1_794_000_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """A moment of the database: the number of the step, and the server that takes it, whose log is its own."""

    number: int
    server: int = 1
    snapshot: Literal["false", "true", "incremental"] = "false"
    serial: int = 0
    """Which change of a row it is in its transaction."""

    @property
    def at_ms(self) -> int:
        """A log's times are whole seconds; an incremental snapshot's are those of the connector's clock."""
        return START_MS + self.number * 60_000 + (535 if self.snapshot == "incremental" else 0)

    @property
    def read(self) -> bool:
        """Whether the row was read, not changed."""
        return self.snapshot != "false"

    @property
    def log(self) -> int:
        """What the server has written by then: a new one begins again, far below the old one."""
        return self.number * 1_000 + (5_000_000 if self.server == 1 else 10)


Written = tuple[bytes, bytes | None]
"""Key and value of a record."""


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """How one database's changes are written. `wrote(op, id, text, step)` -> key and value; op `t`: a tombstone."""

    name: str
    topic: str
    table: str
    id_template: str
    wrote: Callable[[str, int, str, Step], Written]


def _event(source: dict[str, Any], op: str, identity: int, text: str, step: Step) -> Written:
    key = json.dumps({"id": identity}).encode()
    if op == "t":
        return key, None
    row = {"id": identity, "body": text}
    common = {"version": "3.6.1.Final", "name": "shop", "ts_ms": step.at_ms, "db": "shop"}
    common["snapshot"] = step.snapshot
    value = {
        "before": row if op == "d" else None,
        "after": None if op == "d" else row,
        "source": common | source,
        "op": "r" if step.read else op,
        "ts_ms": step.at_ms + 400,
        "transaction": None,
    }
    return key, json.dumps(value).encode()


def _mysql(op: str, identity: int, text: str, step: Step) -> Written:
    source = {
        "connector": "mysql",
        "table": "articles",
        "server_id": 0 if step.snapshot == "true" else 223_300 + step.server,
        "gtid": None,
        "file": f"mysql-bin.{120 if step.server == 1 else 3:06}",
        "pos": step.log + step.serial,
        "row": 0,
        "thread": 7,
    }
    return _event(source, op, identity, text, step)


def _flat(op: str, identity: int, text: str, step: Step) -> Written:
    """MySQL through `ExtractNewRecordState` with `add.fields=source.ts_ms`: no place, deletes are JSON's null."""
    key = json.dumps({"id": identity}).encode()
    if op in ("d", "t"):
        return key, b"null"
    return key, json.dumps({"id": identity, "body": text, "__source_ts_ms": step.at_ms}).encode()


def _sql_server(op: str, identity: int, text: str, step: Step) -> Written:
    commit = f"{step.log:08x}:00000758:0005"
    source = {
        "connector": "sqlserver",
        "schema": "dbo",
        "table": "articles",
        "change_lsn": None if step.read else f"{step.log:08x}:00000758:{3 + step.serial:04x}",
        "commit_lsn": commit,
        "event_serial_no": None if step.read else "2" if op == "u" else "1",
    }
    return _event(source, op, identity, text, step)


def _oracle(op: str, identity: int, text: str, step: Step) -> Written:
    source = {
        "connector": "oracle",
        "schema": "SHOP",
        "table": "ARTICLES",
        "txId": "6.28.807",
        "scn": str(step.log),
        "commit_scn": None if step.read else str(step.log + 1),
        "rs_id": f"001234.{step.log:08}.0124",
        "ssn": step.serial,
        "redo_thread": 1,
    }
    return _event(source, op, identity, text, step)


def _mongodb(op: str, identity: int, text: str, step: Step) -> Written:
    """`after` and the key's id are extended JSON as text; a delete has no image at all."""
    oid = json.dumps({"$oid": f"{identity:024x}"})
    key = json.dumps({"id": oid}).encode()
    if op == "t":
        return key, None
    document = {"_id": {"$oid": f"{identity:024x}"}, "body": text, "seen": {"$numberLong": "9007199254740993"}}
    value = {
        "before": None,
        "after": None if op == "d" else json.dumps(document),
        "updateDescription": {"removedFields": None, "updatedFields": json.dumps({"body": text})}
        if op == "u"
        else None,
        "source": {
            "version": "3.6.1.Final",
            "connector": "mongodb",
            "name": "shop",
            "ts_ms": step.at_ms // 1000 * 1000,
            "snapshot": step.snapshot,
            "db": "shop",
            "rs": "rs0",
            "collection": "articles",
            "ord": step.serial + 1,
            "lsid": None,
            "txnNumber": None,
        },
        "op": "r" if step.read else op,
        "ts_ms": step.at_ms + 400,
        "transaction": None,
    }
    return key, json.dumps(value).encode()


def _airbyte(op: str, identity: int, text: str, step: Step) -> Written:
    """A CDC source of Airbyte (MySQL): no tombstones, a delete is a row with the time of its end."""
    if op == "t":
        op = "d"
    moment = f"2026-11-07T{step.number % 24:02}:{step.serial:02}:00.000000Z"
    data = {
        "id": identity,
        "body": None if op == "d" else text,
        "_ab_cdc_log_file": f"mysql-bin.{120 if step.server == 1 else 3:06}",
        "_ab_cdc_log_pos": step.log + step.serial,
        "_ab_cdc_updated_at": moment,
        "_ab_cdc_deleted_at": moment if op == "d" else None,
    }
    value = {
        "_airbyte_ab_id": "3f2a",
        "_airbyte_stream": "articles",
        "_airbyte_emitted_at": step.at_ms + 400,
        "_airbyte_data": data,
    }
    return b"3f2a", json.dumps(value).encode()


LOGS: tuple[ChangeLog, ...] = (
    ChangeLog("MySQL", "shop.shop.articles", "shop.articles", "a-{id}", _mysql),
    ChangeLog("flat rows", "shop.shop.articles", "shop.articles", "a-{id}", _flat),
    ChangeLog("SQL Server", "shop.shop.dbo.articles", "dbo.articles", "a-{id}", _sql_server),
    ChangeLog("Oracle", "shop.SHOP.ARTICLES", "SHOP.ARTICLES", "a-{id}", _oracle),
    ChangeLog("MongoDB", "shop.shop.articles", "shop.articles", "a-{_id}", _mongodb),
    ChangeLog("Airbyte", "articles", "articles", "a-{id}", _airbyte),
)
