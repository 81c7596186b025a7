"""Where a row's change stands in its database's log: the axis whose numbers order it, and the numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_FILE = re.compile(r"(.*?)\.?(\d{1,18})")
_HEX = re.compile(r"[0-9a-fA-F]{1,16}(:[0-9a-fA-F]{1,16}){1,3}")
_MAX_DIGITS = 30


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A place in a database's log. Without numbers there is only the time at the source, ms since the epoch."""

    axis: str = ""
    numbers: tuple[int, ...] = ()
    at_ms: int | None = None
    snapshot: bool = False


def place_of(source: Mapping[str, Any], at_ms: int | None) -> SourcePlace:
    """From Debezium's `source` block, or a flat row's metadata.

    Only what one server of one kind counts is on one axis: numbers of two are never compared.
    """
    axis, numbers = _numbered(source)
    snapshot = str(source.get("snapshot") or "false").lower() not in ("false", "none")
    return SourcePlace(axis, numbers, at_ms, snapshot)


def airbyte_place(data: Mapping[str, Any], at_ms: int | None) -> SourcePlace:
    """From the columns that a CDC source of Airbyte adds."""
    lsn = data.get("_ab_cdc_lsn")
    source = {
        "lsn": lsn,
        "change_lsn": lsn,
        "event_serial_no": data.get("_ab_cdc_event_serial_no"),
        "file": data.get("_ab_cdc_log_file"),
        "pos": data.get("_ab_cdc_log_pos"),
    }
    axis, numbers = _numbered(source)
    return SourcePlace(axis, numbers, _moment_ms(data.get("_ab_cdc_updated_at")) or at_ms)


def integer(value: Any) -> int | None:
    """A whole number, also one that is written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS else None


def _numbered(source: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    lsn, scn = integer(source.get("lsn")), integer(source.get("scn"))
    if lsn:
        return "lsn", (lsn,)
    if scn:
        return "scn", (scn,)
    return _binlog(source) or _capture_instance(source) or _oplog(source) or ("", ())


def _binlog(source: Mapping[str, Any]) -> tuple[str, tuple[int, ...]] | None:
    """MySQL and MariaDB: file, position, and the row in an event of several."""
    file, pos = _FILE.fullmatch(str(source.get("file") or "")), integer(source.get("pos"))
    if file is None or pos is None:
        return None
    server = integer(source.get("server_id")) or ""
    return f"binlog {file[1]}@{server}", (int(file[2]), pos, integer(source.get("row")) or 0)


def _capture_instance(source: Mapping[str, Any]) -> tuple[str, tuple[int, ...]] | None:
    """SQL Server and Db2: the transaction's place, then the change's in it."""
    names = [name for name in ("commit_lsn", "change_lsn") if _lsn(source.get(name))]
    if not names:
        return None
    numbers = tuple(number for name in names for number in _lsn(source[name]))
    return " ".join(names), (*numbers, integer(source.get("event_serial_no")) or 0)


def _oplog(source: Mapping[str, Any]) -> tuple[str, tuple[int, ...]] | None:
    """MongoDB: the second, and the number in it."""
    order, at_ms = integer(source.get("ord")), integer(source.get("ts_ms"))
    return None if order is None or at_ms is None else ("oplog", (at_ms // 1000, order))


def _lsn(value: Any) -> tuple[int, ...]:
    if isinstance(value, str) and _HEX.fullmatch(value):
        return tuple(int(part, 16) for part in value.split(":"))
    number = integer(value)
    return () if number is None else (number,)


def _moment_ms(text: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp() * 1000)
