"""OpenAI's batch files: requests lie in one file, responses in another; their `custom_id` joins them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from semcache.evals.reading.record import Record
from semcache.evals.reading.tables import BrokenRow


def joined(records: Iterable[Record | BrokenRow]) -> Iterator[Record | BrokenRow]:
    """Records, where the two halves of a batch's request have become one. Halves without the other come last.

    What waits for its other half is kept in memory.
    """
    waiting: dict[str, Record] = {}
    for record in records:
        key = None if isinstance(record, BrokenRow) else _key(record)
        if key is None or isinstance(record, BrokenRow):
            yield record
        elif (other := waiting.pop(key, None)) is None:
            waiting[key] = record
        else:
            yield _one(other, record)
    yield from waiting.values()


def _key(record: Record) -> str | None:
    if "custom_id" not in record.values or _is_request(record) == _is_response(record):
        return None
    return str(record.values["custom_id"])


def _is_request(record: Record) -> bool:
    return "body" in record.values


def _is_response(record: Record) -> bool:
    return "response" in record.values or "error" in record.values


def _one(first: Record, second: Record) -> Record:
    request, response = (first, second) if _is_request(first) else (second, first)
    return Record({**response.values, **request.values}, request.place)
