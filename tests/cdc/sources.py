"""What differs between PostgreSQL and MariaDB: tables, SQL, the connector's configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from semcache.devstack import ports
from tests.cdc import changes, columns
from tests.cdc.columns import Column
from tests.cdc.databases import DATABASE, Database, MariaDB, PostgreSQL
from tests.cdc.modes import Mode

MANUALS = ("manuals", "manuals_full")
RANDOM_TEXT = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 200) n)"
"""6,400 characters."""


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of database.

    `schema` is what stands before a table's name in a topic's, `place` are the fields of a place in its log.
    """

    kind: type[Database]
    plugin: str
    schema: str
    place: str
    columns: tuple[Column, ...]
    tables: tuple[str, ...]
    widen: str
    prepare: tuple[str, ...]
    switch_logs: str

    @property
    def name(self) -> str:
        return self.kind.name

    def prefix(self, mode: Mode) -> str:
        return f"{self.name.lower()}_{mode.name}"

    def topic(self, mode: Mode, table: str) -> str:
        return f"{self.prefix(mode)}.{self.schema}.{table}"

    def tables_of(self, mode: Mode) -> tuple[str, ...]:
        """All modes capture `articles`; those that differ in what a column looks like, the other tables too."""
        return self.tables if mode.deletes in ("envelope", "tombstone") else self.tables[:1]

    def fill(self, database: Database, rows: dict[int, str]) -> None:
        """Makes the tables, with rows for the first snapshot."""
        database.execute(
            *self.prepare,
            changes.ARTICLES,
            columns.create(self.columns),
            *(changes.insert(number, body) for number, body in rows.items()),
            columns.insert(self.columns, 1),
        )

    def config(self, mode: Mode, database: Database, folder: Path, number: int) -> dict[str, str]:
        """The connector's. `number` is its own among the connectors of a server."""
        prefix = self.prefix(mode)
        shared = {
            "tasks.max": "1",
            "topic.prefix": prefix,
            "database.hostname": ports.LOOPBACK,
            "database.port": str(database.port),
            "table.include.list": ",".join(f"{self.schema}.{table}" for table in self.tables_of(mode)),
            "signal.data.collection": f"{self.schema}.signals",
            "poll.interval.ms": "100",
            "topic.creation.default.partitions": "1",
            "topic.creation.default.replication.factor": "1",
        }
        own = (
            _postgresql(prefix) if self.kind is PostgreSQL else _mariadb(folder / f"{prefix}_{database.number}", number)
        )
        return shared | own | {name: value.replace("{place}", self.place) for name, value in mode.config().items()}

    def incremental_snapshot(self, identity: str) -> str:
        wanted = f'{{"data-collections": ["{self.schema}.articles"], "type": "incremental"}}'
        return f"INSERT INTO signals VALUES ('{identity}', 'execute-snapshot', '{wanted}')"


def _postgresql(prefix: str) -> dict[str, str]:
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "database.user": "postgres",
        "database.password": "postgres",
        "database.dbname": DATABASE,
        "plugin.name": "pgoutput",
        "slot.name": prefix,
        "publication.name": "cdc",
        "publication.autocreate.mode": "disabled",
    }


def _mariadb(history: Path, number: int) -> dict[str, str]:
    return {
        "connector.class": "io.debezium.connector.mariadb.MariaDbConnector",
        "database.user": "root",
        "database.password": "",
        "database.server.id": str(1000 + number),
        "database.include.list": DATABASE,
        "database.ssl.mode": "disable",
        "snapshot.locking.mode": "none",
        "include.schema.changes": "false",
        "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
        "schema.history.internal.file.filename": str(history),
    }


def _manuals() -> tuple[str, ...]:
    """Tables with a column that PostgreSQL keeps outside the row."""
    made = [
        statement
        for table in MANUALS
        for statement in (
            f"CREATE TABLE {table} (id INT PRIMARY KEY, name TEXT, body TEXT)",
            f"ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL",
            f"INSERT INTO {table} VALUES (1, 'old title', {RANDOM_TEXT})",
        )
    ]
    return (*made, "ALTER TABLE manuals_full REPLICA IDENTITY FULL")


_SIGNALS = "CREATE TABLE signals (id VARCHAR(42) PRIMARY KEY, type VARCHAR(32) NOT NULL, data VARCHAR(2048))"

SOURCES: tuple[Source, ...] = (
    Source(
        PostgreSQL,
        plugin="postgres",
        schema="public",
        place="lsn",
        columns=columns.POSTGRESQL,
        tables=("articles", "kinds", *MANUALS),
        widen="ALTER COLUMN body TYPE TEXT",
        prepare=("CREATE PUBLICATION cdc FOR ALL TABLES", _SIGNALS, *_manuals()),
        switch_logs="SELECT pg_switch_wal()",
    ),
    Source(
        MariaDB,
        plugin="mariadb",
        schema=DATABASE,
        place="file,pos",
        columns=columns.MARIADB,
        tables=("articles", "kinds"),
        widen="MODIFY body TEXT",
        prepare=(_SIGNALS,),
        switch_logs="FLUSH BINARY LOGS",
    ),
)
