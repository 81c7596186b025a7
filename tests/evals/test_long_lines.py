"""A line, a cell or a text without an end is refused before it fills the memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from semcache.errors import InvalidInput
from semcache.evals.log import Reading, read_log
from semcache.evals.reading.decoding import LONGEST_LINE

MB = 2**20
ROW = b'{"prompt": "Where are you?", "response": "In Ghent."}'


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """Fails if what is inside holds more than so many bytes at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def endless(path: Path, begin: bytes, filling: bytes = b"x", megabytes: int = 200) -> Path:
    """A file that begins so and goes on without an end."""
    with path.open("wb") as file:
        file.write(begin)
        for _ in range(megabytes):
            file.write(filling * (MB // len(filling)))
    return path


@pytest.mark.parametrize(
    ("name", "begin", "line"),
    [
        ("a.csv", b"prompt,response\nWhere are you?,In Ghent.\n", "line 3"),
        ("a.csv", b"", "line 1"),
        ("a.tsv", b"prompt\tresponse\nWhere?\t", "line 2"),
        ("a.jsonl", ROW + b"\n" + ROW + b"\n", "line 3"),
        ("a.txt", b"prompt;response\nWhere?;", "line 2"),
    ],
)
def test_a_line_without_an_end_is_named(tmp_path: Path, name: str, begin: bytes, line: str) -> None:
    """The message has file and line; the memory that it took does not grow with the file."""
    path = endless(tmp_path / name, begin)
    with bounded(12 * LONGEST_LINE), pytest.raises(InvalidInput, match=f"{path}, {line} is longer than 16 MB"):
        read_log(path, Reading())


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("a.jsonl", b'{"prompt": "'),
        ("a.json", b'[{"prompt": "a", "response": "b"}, {"prompt": "'),
        ("a.json", b'{"data": [{"prompt": "'),
        ("a.json", b'{"prompt": "' + b'\\"' * 1_000),
        ("a.json", b"[" + b" " * 1_000),
    ],
)
def test_a_text_without_an_end_in_json_is_named(tmp_path: Path, name: str, begin: bytes) -> None:
    """The same for JSON in one line, which is read by its parts."""
    path = endless(tmp_path / name, begin, b" " if begin.startswith(b"[ ") else b"x")
    with bounded(12 * LONGEST_LINE), pytest.raises(InvalidInput, match=f"{path}.* longer than 16 MB"):
        read_log(path, Reading())


def test_a_cell_that_is_never_closed_is_named(tmp_path: Path) -> None:
    """A quotation mark that swallows the rest of a large file is found after 16 MB."""
    path = endless(tmp_path / "a.csv", b'prompt,response\n"Where,In Ghent.\n', b"next,line\n", megabytes=40)
    with bounded(12 * LONGEST_LINE), pytest.raises(InvalidInput, match=r"line 2: .*quotation mark opens"):
        read_log(path, Reading())


def test_long_answers_are_no_endless_lines(tmp_path: Path) -> None:
    """A file of one line that holds many records, and an answer of megabytes, are read."""
    path = tmp_path / "a.json"
    path.write_bytes(b"[" + b", ".join([ROW] * 400_000) + b"]")
    assert len(read_log(path, Reading(limit=5)).requests) == 5
    path = tmp_path / "b.csv"
    path.write_text(f"prompt,response\nWhere are you?,{'Ghent ' * 100_000}\nAnd now?,In Kiel.\n")
    assert len(read_log(path, Reading()).requests) == 2
