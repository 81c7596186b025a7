"""Values of columns: as the record's own schema describes them, as MongoDB writes them, and as text in a document."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_EPOCH = datetime(1970, 1, 1)
_CONNECT, _DEBEZIUM = "org.apache.kafka.connect.data.", "io.debezium."


def typed(value: Any, schema: Any) -> Any:
    """The value that a Kafka Connect schema describes, with decimals, dates, times and bytes as their usual text.

    What does not fit its schema, or has none, stays as it is.
    """
    if value is None or not isinstance(schema, Mapping):
        return value
    logical = _LOGICAL.get(str(schema.get("name")))
    if logical:
        try:
            return logical(value, schema.get("parameters") or {})
        except (ValueError, TypeError, ArithmeticError, AttributeError, KeyError):
            return value  # PostgreSQL's infinity, for one, lies beyond all dates
    return _built(value, schema)


def _built(value: Any, schema: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "struct" and isinstance(value, dict):
        fields = {f.get("field"): f for f in schema.get("fields") or () if isinstance(f, Mapping)}
        return {name: typed(inner, fields.get(name)) for name, inner in value.items()}
    if kind == "array" and isinstance(value, list):
        return [typed(inner, schema.get("items")) for inner in value]
    if kind == "map" and isinstance(value, dict):
        return {name: typed(inner, schema.get("values")) for name, inner in value.items()}
    return _bytes(value) if kind == "bytes" else value


def shown(value: Any) -> str:
    """A value as it stands in a text: nothing for null, text as it is, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def extended_json(value: Any) -> Any:
    """MongoDB's extended JSON as plain JSON: `{"$oid": "65f0"}` is `"65f0"`."""
    if isinstance(value, list):
        return [extended_json(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (read := _EXTENDED.get(next(iter(value)))):
        try:
            return read(next(iter(value.values())))
        except (ValueError, TypeError, ArithmeticError, KeyError):
            return value
    return {name: extended_json(inner) for name, inner in value.items()}


def decimal_of(unscaled: Any, scale: Any) -> str:
    """A decimal from the base64 of its unscaled big-endian integer; a text or number is taken as the decimal itself."""
    if isinstance(unscaled, bytes):
        return format(Decimal(int.from_bytes(unscaled, "big", signed=True)).scaleb(-int(scale)), "f")
    if not isinstance(unscaled, str):
        return format(Decimal(str(unscaled)), "f")
    try:
        number = int.from_bytes(base64.b64decode(unscaled, validate=True), "big", signed=True)
    except binascii.Error:
        try:
            return format(Decimal(unscaled), "f")
        except InvalidOperation:
            raise ValueError(f"{unscaled!r} is no decimal") from None
    return format(Decimal(number).scaleb(-int(scale)), "f")


def _bytes(value: Any) -> Any:
    """JSON converters write bytes as base64: text, where that is what they are."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return value


def _day(value: Any, _: Any) -> str:
    return (date(1970, 1, 1) + timedelta(days=int(value))).isoformat()


def _timestamp(per_second: int) -> Callable[[Any, Any], str]:
    def read(value: Any, _: Any) -> str:
        whole, rest = divmod(int(value), per_second)
        return _moment(whole, rest, per_second)

    return read


def _moment(seconds: int, rest: int, per_second: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat() + _fraction(rest, per_second)


def _time(per_second: int) -> Callable[[Any, Any], str]:
    def read(value: Any, _: Any) -> str:
        sign, left = ("-" if int(value) < 0 else ""), abs(int(value))
        seconds, rest = divmod(left, per_second)
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{_fraction(rest, per_second)}"

    return read


def _fraction(rest: int, per_second: int) -> str:
    return f".{rest:0{len(str(per_second)) - 1}}".rstrip("0") if rest else ""


def _duration(value: Any, _: Any) -> str:
    sign, left = ("-" if int(value) < 0 else ""), abs(int(value))
    seconds, rest = divmod(left, 1_000_000)
    return f"{sign}PT{seconds}{_fraction(rest, 1_000_000)}S"


def _bits(value: Any, _: Any) -> str:
    raw = value if isinstance(value, bytes) else base64.b64decode(value, validate=True)
    return bin(int.from_bytes(raw, "little"))[2:]


def _scaled(value: Any, _: Any) -> str:
    return decimal_of(value["value"], value["scale"])


_LOGICAL: dict[str, Callable[[Any, Any], Any]] = {
    _CONNECT + "Decimal": lambda value, parameters: decimal_of(value, parameters.get("scale", 0)),
    _CONNECT + "Date": _day,
    _CONNECT + "Time": _time(1_000),
    _CONNECT + "Timestamp": _timestamp(1_000),
    _DEBEZIUM + "data.VariableScaleDecimal": _scaled,
    _DEBEZIUM + "data.Bits": _bits,
    _DEBEZIUM + "time.Date": _day,
    _DEBEZIUM + "time.Time": _time(1_000),
    _DEBEZIUM + "time.MicroTime": _time(1_000_000),
    _DEBEZIUM + "time.NanoTime": _time(1_000_000_000),
    _DEBEZIUM + "time.Timestamp": _timestamp(1_000),
    _DEBEZIUM + "time.MicroTimestamp": _timestamp(1_000_000),
    _DEBEZIUM + "time.NanoTimestamp": _timestamp(1_000_000_000),
    _DEBEZIUM + "time.MicroDuration": _duration,
    _DEBEZIUM + "time.NanoDuration": lambda value, _: _duration(int(value) // 1_000, _),
}


def _mongo_date(value: Any) -> str:
    if isinstance(value, str):
        return value
    ms = int(value["$numberLong"]) if isinstance(value, dict) else int(value)
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


_EXTENDED: dict[str, Callable[[Any], Any]] = {
    "$oid": str,
    "$symbol": str,
    "$uuid": str,
    "$code": str,
    "$numberInt": int,
    "$numberLong": int,
    "$numberDouble": lambda value: value if value in ("NaN", "Infinity", "-Infinity") else float(value),
    "$numberDecimal": str,
    "$date": _mongo_date,
    "$timestamp": lambda value: [value["t"], value["i"]],
    "$binary": lambda value: value["base64"] if isinstance(value, dict) else value,
    "$regularExpression": lambda value: value["pattern"],
    "$undefined": lambda _: None,
    "$minKey": lambda _: None,
    "$maxKey": lambda _: None,
}
