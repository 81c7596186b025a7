"""Bytes to JSON: plain, or behind the Schema Registry's five bytes."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from semcache_ingest.events import NotAnEvent

_BOM = b"\xef\xbb\xbf"
_FRAME = 5
"""Magic byte 0 and a big-endian schema id."""


def parse_json(value: bytes) -> Any:
    """The JSON value in those bytes.

    Raises:
        NotAnEvent: not UTF-8, or not JSON.
    """
    body, framed = (value[_FRAME:], True) if value[:1] == b"\0" else (value.removeprefix(_BOM), False)
    try:
        return from_json(body)
    except ValueError as error:
        hint = "; behind the Schema Registry's frame only JSON is understood" if framed else ""
        raise NotAnEvent(f"not JSON: {error}{hint}") from None


def parse_object(value: bytes) -> dict[str, Any]:
    """The JSON object in those bytes.

    Raises:
        NotAnEvent: not UTF-8, not JSON, or not an object.
    """
    return as_object(parse_json(value))


def as_object(parsed: Any) -> dict[str, Any]:
    """A JSON value that has to be an object.

    Raises:
        NotAnEvent: it is something else.
    """
    if not isinstance(parsed, dict):
        raise NotAnEvent(f"an event is a JSON object, not {type(parsed).__name__}")
    return parsed
