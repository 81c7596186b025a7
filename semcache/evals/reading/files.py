"""The records of a file, a folder or standard input, whatever their format: found by the bytes, then by the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from semcache.errors import InvalidInput
from semcache.evals.reading import columnar, json_records, tables
from semcache.evals.reading.decoding import encoding_of, lines
from semcache.evals.reading.opening import Source, files_of, opened
from semcache.evals.reading.record import Record
from semcache.evals.reading.tables import BrokenRow

_PARQUET, _ZIP, _OLD_EXCEL = b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def records(path: Path) -> Iterator[Record | BrokenRow]:
    """What a file, the files of a folder, or standard input (`-`) hold, a record at a time.

    CSV, TSV, semicolons, JSON lines, arrays and objects, pandas' JSON, Parquet, Excel; plain, gzip, Zstandard or zip.
    A row that cannot be read comes as a BrokenRow that names file and line; whoever reads on leaves it out.

    Raises:
        InvalidInput: nothing of that name, or nothing in it, can be read.
        MissingExtra: the format needs an optional dependency.
    """
    for file in files_of(path):
        with opened(file) as sources:
            for source in sources:
                yield from _of(source)


def whole(rows: Iterable[Record | BrokenRow]) -> Iterator[Record]:
    """The records; a row that cannot be read is raised."""
    for row in rows:
        if isinstance(row, BrokenRow):
            raise row
        yield row


def _of(source: Source) -> Iterator[Record | BrokenRow]:
    head = _head(source)
    if head.startswith(_PARQUET):
        return columnar.parquet(source)
    if head.startswith(_ZIP):
        return columnar.workbook(source)
    if head.startswith(_OLD_EXCEL):
        raise InvalidInput(f"{source.name} is a workbook of an old Excel; save it as .xlsx or CSV")
    if not head.strip():
        return iter(())
    if encoding_of(head) == "utf-8" and b"\x00" in head[:1024]:
        raise InvalidInput(f"{source.name} is no text and no Parquet or Excel file; export it as CSV or JSON lines")
    return _text(source, head)


def _head(source: Source) -> bytes:
    try:
        return source.head()
    except (OSError, EOFError, ValueError) as error:
        raise InvalidInput(f"{source.name} cannot be unpacked: {error}") from error


def _text(source: Source, head: bytes) -> Iterator[Record | BrokenRow]:
    name = source.name.lower()
    start = head.decode(encoding_of(head), "ignore").lstrip("\ufeff \t\r\n")[:1]
    if name.endswith((".jsonl", ".ndjson", ".json")) or start in ("{", "["):
        return json_records.rows(source)
    return tables.rows(lines(source), source.name, "\t" if name.endswith((".tsv", ".tab")) else None)
