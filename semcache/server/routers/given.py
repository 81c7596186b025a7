"""Types of what is sent to us, where pydantic's strict ones and JSON do not mean the same."""

from __future__ import annotations

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""In JSON, 7.0 is a whole number. Stands last in an annotation of an integer."""
