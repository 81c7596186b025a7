"""Parquet by pyarrow and workbooks of Excel by openpyxl, a batch of rows at a time (extra `logs`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, BinaryIO, cast
from zipfile import BadZipFile, ZipFile

from semcache.errors import InvalidInput, MissingExtra
from semcache.evals.reading.opening import Source
from semcache.evals.reading.record import Record, Value

_ROWS_AT_ONCE = 64  # of which each may have a megabyte
#: The names of the columns stand among the first rows.
_MOST_TITLES = 10
_Cells = tuple[Any, ...]


def parquet(source: Source) -> Iterator[Record]:
    """The rows of a Parquet file; nested columns stay nested.

    Raises:
        MissingExtra: pyarrow is not installed.
        InvalidInput: the file is damaged.
    """
    rows = (row for batch in _batches(source) for row in batch.to_pylist())
    for number, row in enumerate(rows, 1):
        yield Record(row, f"{source.name}, row {number}")


def unpacked(source: Source) -> Iterator[int]:
    """How much there is in a Parquet file or a workbook, bytes, piece by piece: a megabyte may hold a gigabyte.

    Raises:
        MissingExtra: pyarrow is not installed.
        InvalidInput: the file is damaged.
    """
    if not source.name.lower().endswith(".xlsx"):
        yield from (batch.nbytes for batch in _batches(source))
        return
    try:
        yield from (packed.file_size for packed in ZipFile(_seekable(source)).infolist())
    except BadZipFile as error:
        raise InvalidInput(f"{source.name} is no workbook that can be read: {error}") from error


def _batches(source: Source) -> Iterator[Any]:
    """The rows of a Parquet file, some at a time, as pyarrow's RecordBatch."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("logs", "reading Parquet") from error
    try:
        yield from pyarrow.parquet.ParquetFile(_seekable(source)).iter_batches(batch_size=_ROWS_AT_ONCE)
    except pyarrow.ArrowException as error:
        raise InvalidInput(f"{source.name} is damaged: {error}") from error


def workbook(source: Source) -> Iterator[Record]:
    """The rows of the first sheet that has any; the first row that is no title names the columns.

    Raises:
        MissingExtra: openpyxl is not installed.
        InvalidInput: the file is no workbook, or has no rows.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtra("logs", "reading a workbook of Excel") from error
    try:
        book = openpyxl.load_workbook(_seekable(source), read_only=True, data_only=True)
    except Exception as error:
        raise InvalidInput(f"{source.name} is no workbook that can be read: {error}") from error
    sheet = next((sheet for sheet in book.worksheets if sheet.max_row != 0), None)
    rows = iter(sheet.iter_rows(values_only=True)) if sheet is not None else iter(())
    skipped, names, rows = _headed(rows)
    for number, row in enumerate(rows, skipped + 2):
        values = {str(name).strip(): _plain(cell) for name, cell in zip(names, row, strict=False) if name is not None}
        if any(value is not None for value in values.values()):
            yield Record(values, f"{source.name}, row {number}")


def _headed(rows: Iterator[_Cells]) -> tuple[int, _Cells, Iterator[_Cells]]:
    """How many rows stand above the names of the columns, the names, and the rows below.

    A title stands alone in its row, in one cell or in merged ones, above rows of several cells.
    """
    head = list(islice(rows, _MOST_TITLES))
    filled = [sum(cell is not None for cell in row) for row in head]
    several = any(number > 1 for number in filled)
    at = next((at for at, number in enumerate(filled) if number > several), 0)
    return at, head[at] if head else (), chain(head[at + 1 :], rows)


def _plain(cell: Any) -> Value:
    return cell.isoformat() if isinstance(cell, datetime | date) else cell


def _seekable(source: Source) -> BinaryIO:
    """Both formats are read from their end: what comes from a stream goes to a temporary file first."""
    if source.stream.seekable():
        return cast(BinaryIO, source.stream)
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as its reader
    while block := source.stream.read(1 << 20):
        copy.write(block)
    copy.seek(0)
    return cast(BinaryIO, copy)
