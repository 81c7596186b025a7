"""One record of a log, where it stands, and how a value inside it is named."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Value = object
_STEPS = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Record:
    """The values of a record by name, nested as the file has them, and its place: `log.csv, line 7`."""

    values: Mapping[str, Value]
    place: str

    def at(self, name: str) -> Value:
        """The value of a column, or of a nested field by its dotted name: `choices[0].message.content`, `a.0.b`."""
        if name in self.values:
            return self.values[name]
        value: Value = self.values
        for step in _STEPS.findall(name):
            value = _inside(parsed(value), step)
            if value is None:
                return None
        return value

    def text(self, name: str) -> str:
        """The value as a cell of a table would hold it, trimmed; lists and objects are JSON."""
        return cell(self.at(name)).strip()

    def names(self) -> Iterator[str]:
        """All names that `at` understands, two levels deep."""
        for name, value in self.values.items():
            yield name
            inner = parsed(value)
            if isinstance(inner, Mapping):
                yield from (f"{name}.{key}" for key in inner)


def _inside(value: Value, step: str) -> Value:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and re.fullmatch(r"-?\d+", step):
        position = int(step)
        return value[position] if -len(value) <= position < len(value) else None
    return None


def parsed(value: Value) -> Value:
    """The list or object that a cell of a table holds as JSON; every other value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return inner if isinstance(inner, list | dict) else value


def cell(value: Value) -> str:
    """A value as text: nothing for None and NaN, JSON for lists and objects."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
