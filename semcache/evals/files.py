"""The rows of a file, by column name: CSV, TSV or JSONL, plain or gzip, however it is quoted or separated."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from semcache.errors import InvalidInput

_SEPARATORS = ",\t;"
#: A cell may hold a whole answer: the csv module's own limit is 128 KiB.
_MOST_CELL_CHARS = 64 * 1024 * 1024


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV, TSV or JSONL file, by column name.

    Raises:
        InvalidInput: the file cannot be read as any of these; the message says where.
    """
    text = _text(path)
    name = path.name.removesuffix(".gz").lower()
    if name.endswith((".jsonl", ".ndjson", ".json")) or text.lstrip()[:1] in ("{", "["):
        return _json_rows(text, path)
    return _table_rows(text, "\t" if name.endswith(".tsv") else _separator(text), path)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidInput(f"{path} does not exist") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 (byte {error.start}); convert it first") from error
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error


def _separator(text: str) -> str:
    """What separates the names of the columns; a comma if nothing does."""
    head = text.lstrip("\r\n").partition("\n")[0]
    return max(_SEPARATORS, key=head.count)


def _table_rows(text: str, separator: str, path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(_MOST_CELL_CHARS)
    records = _records(text, separator)
    try:
        names = [name.strip() for name in next(records, [])]
        for record in records:
            if record:
                yield dict(zip(names, [*record, *[""] * (len(names) - len(record))], strict=False))
    except csv.Error as error:
        raise InvalidInput(f"{path} cannot be read as a table: {error}") from error


def _records(text: str, separator: str) -> Iterator[list[str]]:
    """The cells of each record. In a TSV with one record a line, a stray quote stays within its line."""
    lines = [line.rstrip("\r") for line in text.split("\n") if line.strip()] if separator == "\t" else []
    if not lines or len({line.count("\t") for line in lines}) > 1:
        return csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return (_cells(line) for line in lines)


def _cells(line: str) -> list[str]:
    (cells,) = csv.reader([line], delimiter="\t")
    plain = line.split("\t")
    return cells if len(cells) == len(plain) else plain


def _json_rows(text: str, path: Path) -> Iterator[dict[str, str]]:
    if text.lstrip().startswith("["):
        values = _parsed(text, path, 1)
        records: Iterable[tuple[int, object]] = enumerate(values if isinstance(values, list) else [], 1)
    else:  # not splitlines: a JSON string may hold other line ends than this one
        records = ((n, _parsed(line, path, n)) for n, line in enumerate(text.split("\n"), 1) if line.strip())
    for n, record in records:
        if not isinstance(record, Mapping):
            raise InvalidInput(f"{path}, line {n}: not a JSON object")
        yield {str(k): _cell(v) for k, v in record.items()}


def _parsed(line: str, path: Path, n: int) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path}, line {n}: not JSON ({error})") from error


def _cell(value: object) -> str:
    """A JSON value as a cell of a table would hold it; lists and objects stay JSON."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
