"""Opening what a log lies in: a file, a folder of files, or standard input; plain, gzip, Zstandard or zip."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from semcache.errors import InvalidInput, MissingExtra

STANDARD_INPUT = Path("-")
SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx")
PACKED = (".gz", ".zst", ".zip")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")  # the second one is an empty archive
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file. `name`: as people know it, without the suffix of a compression; `stream`: its bytes, unpacked."""

    name: str
    stream: io.BufferedReader

    def head(self) -> bytes:
        """The first bytes, which stay unread."""
        return self.stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]


def files_of(path: Path) -> list[Path]:
    """The files of a folder that may be logs, in the order of their names; a file is a list of itself.

    Raises:
        InvalidInput: there is nothing to read; the message says what was looked for.
    """
    if path == STANDARD_INPUT or path.is_file():
        return [path]
    if not path.exists():
        raise InvalidInput(f"{path} does not exist")
    found = sorted(file for file in path.rglob("*") if file.is_file() and (_is_log(file) or _is_archive(file)))
    if not found:
        raise InvalidInput(
            f"the folder {path} has no file that ends in {', '.join(SUFFIXES)} (or packed: .gz, .zst, .zip)"
        )
    return found


def _is_log(file: Path) -> bool:
    return not file.name.startswith(".") and plain_name(file.name).lower().endswith(SUFFIXES)


def _is_archive(file: Path) -> bool:
    """Whether it may hold logs whatever its own name is."""
    return not file.name.startswith(".") and file.name.lower().endswith(".zip")


def plain_name(name: str) -> str:
    """`log.csv.gz` -> `log.csv`."""
    return next((name[: -len(end)] for end in PACKED if name.lower().endswith(end)), name)


@contextmanager
def opened(path: Path) -> Iterator[Iterator[Source]]:
    """The sources of one file: one, or the members of a zip archive.

    Raises:
        InvalidInput: the file cannot be opened.
    """
    try:
        with _raw(path) as raw:
            yield _sources(path, io.BufferedReader(cast(io.RawIOBase, raw), _HEAD_BYTES))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error


@contextmanager
def _raw(path: Path) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with path.open("rb", buffering=0) as raw:
        yield cast(BinaryIO, raw)


def _sources(path: Path, stream: io.BufferedReader) -> Iterator[Source]:
    name = "standard input" if path == STANDARD_INPUT else str(path)
    head = stream.peek(4)[:4]
    if head in _ZIPS and not name.lower().endswith(".xlsx") and (members := _members(stream)) is not None:
        yield from _zipped(name, members)
    else:
        yield Source(plain_name(name), _unpacked(name, stream, head))


def _unpacked(name: str, stream: io.BufferedReader[Any], head: bytes) -> io.BufferedReader:
    if head[:2] == _GZIP:
        return io.BufferedReader(gzip.GzipFile(fileobj=stream), _HEAD_BYTES)
    if head == _ZSTD:
        return io.BufferedReader(_zstd(name, stream), _HEAD_BYTES)
    return stream


def _zstd(name: str, stream: BinaryIO) -> io.RawIOBase:
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtra("logs", f"reading {name}") from error
    return cast(io.RawIOBase, zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True))


def _members(stream: io.BufferedReader) -> zipfile.ZipFile | None:
    """The archive; None if this zip is a workbook of Excel."""
    archive = zipfile.ZipFile(_seekable(stream))
    return None if "[Content_Types].xml" in archive.namelist() and _rewound(stream) else archive


def _seekable(stream: io.BufferedReader) -> BinaryIO:
    """A zip archive has its table of contents at its end: standard input goes to a temporary file first."""
    if stream.seekable():
        return stream
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the archive
    shutil.copyfileobj(stream, copy)
    return cast(BinaryIO, copy)


def _rewound(stream: io.BufferedReader) -> bool:
    stream.seek(0)
    return True


def _zipped(name: str, archive: zipfile.ZipFile) -> Iterator[Source]:
    members = sorted(m for m in archive.namelist() if _is_log(Path(m)) and not m.startswith("__MACOSX"))
    if not members:
        raise InvalidInput(f"{name} holds no file that ends in {', '.join(SUFFIXES)}")
    for member in members:
        with archive.open(member) as raw:
            inner = io.BufferedReader(cast(io.RawIOBase, raw), _HEAD_BYTES)
            yield Source(f"{name}/{plain_name(member)}", _unpacked(member, inner, inner.peek(4)[:4]))
