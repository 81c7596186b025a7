"""JSON as logs have it: lines of objects, arrays, objects that wrap a list, and the tables of pandas' `to_json`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping

import ijson

from semcache.errors import InvalidInput
from semcache.evals.reading.decoding import LONGEST_LINE, encoding_of, lines, too_long
from semcache.evals.reading.opening import Source
from semcache.evals.reading.record import Record, Value
from semcache.evals.reading.tables import BrokenRow

#: Fields under which exports of services keep their list of records.
_WRAPPERS = (
    "data", "rows", "records", "items", "results", "logs", "traces", "observations", "runs", "requests", "examples",
    "conversations_list", "entries", "events",
)  # fmt: skip


def rows(source: Source) -> Iterator[Record | BrokenRow]:
    """The records of a JSON file. A line that is no JSON object comes as a BrokenRow.

    Raises:
        InvalidInput: an array or a single object is damaged: nothing behind that place can be read.
    """
    head = source.head()
    text = head.decode(encoding_of(head), "ignore").lstrip("\ufeff \t\r\n")
    if text.startswith("[") and not _is_line(text):
        return _array(source)
    if text.startswith("{") and not _is_line(text):
        return _objects(source)
    return _lines(source)


def _is_line(text: str) -> bool:
    """Whether the first line is a JSON value and more lines follow: one value a line."""
    first, end, rest = text.partition("\n")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return bool(end) and not _opens_only(first)
    return bool(rest.strip()) or (isinstance(value, dict) and not _is_table(value))


def _opens_only(first: str) -> bool:
    """Whether a line may be the first of a value that is written over several."""
    return first.count("{") + first.count("[") > first.count("}") + first.count("]")


def _lines(source: Source) -> Iterator[Record | BrokenRow]:
    for number, line in enumerate(lines(source), 1):
        if line.strip("\ufeff \t\r\n"):
            yield _line(line.strip("\ufeff \t\r\n"), f"{source.name}, line {number}")


def _line(line: str, place: str) -> Record | BrokenRow:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return BrokenRow(f"{place}: not JSON ({error})")
    return _as_record(value, place)


def _as_record(value: Value, place: str) -> Record | BrokenRow:
    if isinstance(value, Mapping):
        return Record(value, place)
    if isinstance(value, list) and value and all(isinstance(part, Mapping) and "role" in part for part in value):
        return Record({"messages": value}, place)
    if isinstance(value, str):
        return Record({"prompt": value}, place)
    return BrokenRow(f"{place}: a JSON object is needed, not {type(value).__name__}")


def _array(source: Source) -> Iterator[Record | BrokenRow]:
    for number, value in enumerate(_parsed(source, "item"), 1):
        yield _as_record(value, f"{source.name}, item {number}")


def _objects(source: Source) -> Iterator[Record | BrokenRow]:
    """One object after the other, each over several lines; a single one may wrap the records or be a table."""
    values = _parsed(source, "")
    first = next(values, None)
    following = next(values, None)
    if following is None and isinstance(first, dict):
        inner = unwrapped(first)
    else:
        inner = itertools.chain([first, following], values)
    for number, value in enumerate(inner, 1):
        yield _as_record(value, f"{source.name}, item {number}")


def _parsed(source: Source, prefix: str) -> Iterator[Value]:
    encoding = encoding_of(source.head())
    stream = _Bounded(source) if encoding == "utf-8" else _as_utf8(source)
    try:
        yield from ijson.items(stream, prefix, use_float=True, multiple_values=True)
    except ijson.JSONError as error:
        raise InvalidInput(f"{source.name}: the JSON is damaged ({error})") from error


class _Bounded:
    """A file for a parser that holds a string whole: one that does not end is an error before it fills the memory."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._since_quote = 0

    def read(self, size: int = -1) -> bytes:
        block = self._source.stream.read(size)
        quote = block.replace(b'\\"', b"  ").rfind(b'"')
        self._since_quote = len(block) - quote if quote >= 0 else self._since_quote + len(block)
        if self._since_quote > LONGEST_LINE:
            raise too_long(f"{self._source.name}: a text in it")
        return block


class _as_utf8:
    """A file of another encoding, for a parser that reads UTF-8."""

    def __init__(self, source: Source) -> None:
        self._lines = lines(source)

    def read(self, size: int = -1) -> bytes:
        return "".join(itertools.islice(self._lines, 64)).lstrip("\ufeff").encode() if size else b""


def unwrapped(value: Mapping[str, Value]) -> Iterator[Value]:
    """The records in a single object: a table of pandas, a list that it wraps, or itself."""
    if (table := _table(value)) is not None:
        return table
    for name in _WRAPPERS:
        inner = value.get(name)
        if isinstance(inner, list) and inner and all(isinstance(part, Mapping) for part in inner):
            return iter(inner)
    return iter([value])


def _is_table(value: Mapping[str, Value]) -> bool:
    return _table(value) is not None or any(isinstance(value.get(name), list) for name in _WRAPPERS)


def _table(value: Mapping[str, Value]) -> Iterator[Value] | None:
    """The rows of pandas' orients `split`, `table`, `index` and `columns`."""
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        return (dict(zip(map(str, columns), row, strict=False)) for row in data if isinstance(row, list))
    if "schema" in value and isinstance(data, list):
        return iter(data)
    inner = list(value.values())
    if not inner or not all(isinstance(part, Mapping) for part in inner):
        return None
    if all(name.lstrip("-").isdigit() for name in value):
        return iter(inner)
    keys = [set(part) for part in inner if isinstance(part, Mapping)]
    if keys[0] and all(k == keys[0] for k in keys) and all(str(k).lstrip("-").isdigit() for k in keys[0]):
        return ({name: part[k] for name, part in value.items() if isinstance(part, Mapping)} for k in inner[0])  # type: ignore[attr-defined]
    return None
