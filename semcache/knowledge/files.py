"""Documents from files: plain text and Markdown, folders of them, and JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from semcache.knowledge.types import Upsert

STDIN = "-"
_TEXT_FILES = {".md", ".markdown", ".txt", ".rst"}
_JSON_LINES = {".jsonl", ".ndjson"}
_FIELDS = {"text", "title", "version", "metadata"}


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or record that is no document, and why."""

    source: str
    reason: str


def read_documents(files: Sequence[str]) -> Iterator[Upsert | Refused]:
    """The documents in files and folders, in order; `-` is one text on standard input. A file's path is its id.

    A JSONL file holds a document a line: `document` (or `id`), `text`, and maybe `title`, `version`, `metadata`.
    """
    for name in files:
        if name == STDIN:
            yield from _read_text(STDIN, sys.stdin.buffer.read())
        else:
            yield from _read_path(Path(name))


def _read_path(path: Path) -> Iterator[Upsert | Refused]:
    if path.is_dir():
        inside = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in _TEXT_FILES | _JSON_LINES)
        for file in inside:
            yield from _read_path(file)
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        yield Refused(str(path), error.strerror or str(error))
        return
    yield from (_read_lines if path.suffix.lower() in _JSON_LINES else _read_text)(str(path), content)


def _read_text(name: str, content: bytes) -> Iterator[Upsert | Refused]:
    try:
        yield Upsert(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        yield Refused(name, f"no UTF-8 text: byte {error.start} is {content[error.start]:#04x}")


def _read_lines(name: str, content: bytes) -> Iterator[Upsert | Refused]:
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield _read_record(f"{name}:{number}", line)


def _read_record(place: str, line: bytes) -> Upsert | Refused:
    try:
        record = json.loads(line)
    except ValueError as error:
        return Refused(place, f"no JSON: {error}")
    document = record.get("document", record.get("id")) if isinstance(record, dict) else None
    if not isinstance(document, str):
        return Refused(place, "a record is an object with a `document` (its id) and a `text`")
    return Upsert(document, **{"text": ""} | {field: record[field] for field in _FIELDS & record.keys()})
