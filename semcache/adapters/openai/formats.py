"""Structured outputs: whether an answer has the form that its request asks for (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing.exceptions import Unresolvable

Body = Mapping[str, Any]


def has_form(text: str, body: Body) -> bool:
    """Whether a text is the JSON that `response_format`, or `text.format` of a response, wants; any is, without one."""
    wanted = _format(body)
    if wanted.get("type") not in ("json_schema", "json_object"):
        return True
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    schema = wanted.get("schema", (wanted.get("json_schema") or {}).get("schema"))
    return not isinstance(schema, dict) or _fits(value, schema)


def _format(body: Body) -> Body:
    text = body.get("text")
    wanted = body.get("response_format") or (text.get("format") if isinstance(text, Mapping) else None)
    return wanted if isinstance(wanted, Mapping) else {}


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    try:
        Draft202012Validator.check_schema(schema)
        return bool(Draft202012Validator(schema).is_valid(value))
    except (SchemaError, Unresolvable):
        return False
