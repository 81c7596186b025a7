"""How a connector may write what it captured: envelope or flat rows, each way of deletes, with and without schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DeleteMode = Literal["envelope", "drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"]
DELETE_MODES: tuple[DeleteMode, ...] = (
    "envelope",
    "drop",
    "tombstone",
    "rewrite",
    "rewrite-with-tombstone",
    "delete-to-tombstone",
)
JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"


@dataclass(frozen=True, slots=True)
class Mode:
    """One way. `deletes` is ExtractNewRecordState's `delete.tombstone.handling.mode`, or the envelope as it is."""

    deletes: DeleteMode
    schemas: bool
    label: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A word for topics, connectors, replication slots."""
        return f"{self.label or self.deletes}_{'schemas' if self.schemas else 'bare'}".translate(
            str.maketrans("-. ", "___")
        )

    @property
    def title(self) -> str:
        """How the table in the docs calls it."""
        way = "envelope" if self.deletes == "envelope" else f"flat, `{self.deletes}`"
        return ", ".join(
            [way, *([f"`{self.label}`"] if self.label else []), "with schemas" if self.schemas else "no schemas"]
        )

    @property
    def sends_deletes(self) -> bool:
        return self.deletes != "drop"

    def config(self) -> dict[str, str]:
        """The part of the connector's configuration that makes this way."""
        enabled = str(self.schemas).lower()
        made = {
            "key.converter": JSON_CONVERTER,
            "key.converter.schemas.enable": enabled,
            "value.converter": JSON_CONVERTER,
            "value.converter.schemas.enable": enabled,
        }
        if self.deletes != "envelope":
            made |= {
                "transforms": "unwrap",
                "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
                "transforms.unwrap.delete.tombstone.handling.mode": self.deletes,
            }
        return made | dict(self.extra)


CONNECT_TYPES = {"time.precision.mode": "connect", "decimal.handling.mode": "string"}
NAMED = {"transforms.unwrap.add.fields": "op,table,source.ts_ms"}
PLACED = {"transforms.unwrap.add.fields": "op,table,source.ts_ms,{place}"}
"""`{place}` are the fields of a database's place in its log."""
MODES = (
    *(Mode(deletes, schemas) for deletes in DELETE_MODES for schemas in (True, False)),
    Mode("tombstone", schemas=False, label="add.fields", extra=NAMED),
    Mode("tombstone", schemas=True, label="add.fields with place", extra=PLACED),
    Mode("envelope", schemas=True, label="connect types", extra=CONNECT_TYPES),
)
