"""An entry of a cache as fields of a record, and as redisvl's dict of a hit (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from redisvl.extensions.cache.llm.schema import CacheEntry, SemanticCacheIndexSchema

from semcache.adapters.redisvl.filters import FilterableField
from semcache.errors import InvalidInput
from semcache.store.records import Fields, NearRecord

TIMES = ("inserted_at", "updated_at")
_OF_ENTRY = ("entry_id", "prompt", "response", *TIMES, "metadata")
FILTER, _TTL = "filter:", "ttl"


def filterable(name: str, fields: Sequence[Mapping[str, Any]] | None) -> dict[str, FilterableField]:
    """The fields that a cache declares, checked as redisvl does, by name, and the times that each has.

    Raises:
        ValueError: a type is unknown, or a name is reserved or there twice.
    """
    schema = SemanticCacheIndexSchema.from_params(name, name, 1, "float32")
    for field in fields or ():
        if field["name"] in (*_OF_ENTRY, "key"):
            raise InvalidInput(f"{field['name']} is a reserved field name for the semantic cache schema")
        schema.add_field(dict(field))
    declared = [schema.fields[field["name"]] for field in fields or ()]
    times = [FilterableField(time, "numeric") for time in TIMES]
    return {field.name: field for field in [*times, *map(_declared, declared)]}


def _declared(field: Any) -> FilterableField:
    separator, sensitive = getattr(field.attrs, "separator", ","), getattr(field.attrs, "case_sensitive", False)
    return FilterableField(field.name, str(field.type.value), separator, bool(sensitive))


def fields_of(entry: CacheEntry, ttl_s: float | None) -> Fields:
    """The fields of a new record; `ttl_s` is the lifetime that each hit begins anew."""
    told = {name: getattr(entry, name) for name in _OF_ENTRY}
    written = {name: _written(name, value) for name, value in told.items() if value is not None}
    filters = {FILTER + name: str(value) for name, value in (entry.filters or {}).items()}
    return {**written, **filters, **({} if ttl_s is None else {_TTL: repr(ttl_s)})}


def changed_fields(changes: Mapping[str, Any], declared: Mapping[str, FilterableField]) -> Fields:
    """What `update` writes.

    Raises:
        InvalidInput: an entry has no such field.
        TypeError: the metadata is no dict.
    """
    for name in changes:
        if name not in (*_OF_ENTRY[1:], *declared):
            raise InvalidInput(f"{name} is not a valid field within the cache entry")
    if not isinstance(changes.get("metadata", {}), dict):
        raise TypeError("If specified, cached metadata must be a dictionary.")
    return {name if name in _OF_ENTRY else FILTER + name: _written(name, value) for name, value in changes.items()}


def compared(fields: Fields) -> dict[str, str]:
    """What filters see of a record: its times, and its filters by name."""
    return {**{time: fields[time] for time in TIMES if time in fields}, **filters_of(fields)}


def filters_of(fields: Fields) -> dict[str, str]:
    return {name.removeprefix(FILTER): value for name, value in fields.items() if name.startswith(FILTER)}


def ttl_of(fields: Fields) -> float | None:
    """The lifetime of a record, s, that its hits begin anew."""
    return float(fields[_TTL]) if _TTL in fields else None


def hit_of(
    record: NearRecord, key: str, declared: Mapping[str, FilterableField], return_fields: Sequence[str] | None
) -> dict[str, Any]:
    """The dict of a hit: the fields wanted, or all, and always the key."""
    fields = record.fields
    hit: dict[str, Any] = {name: fields[name] for name in _OF_ENTRY if name in fields}
    hit |= {time: float(hit[time]) for time in TIMES if time in hit} | {"vector_distance": record.distance}
    if "metadata" in hit:
        hit["metadata"] = json.loads(hit["metadata"])
    hit |= {name: value for name, value in filters_of(fields).items() if name in declared}
    wanted = hit if not return_fields else {name: hit[name] for name in return_fields if name in hit}
    return {**wanted, "key": key}


def _written(name: str, value: Any) -> str:
    return json.dumps(value) if name == "metadata" else repr(value) if name in TIMES else str(value)
