"""Rows of files as people have them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from semcache.errors import InvalidInput
from semcache.evals.reading.files import records, whole


def rows(path: Path, content: str | bytes) -> list[dict[str, str]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [{name: record.text(name) for name in record.values} for record in whole(records(path))]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"hello, ""you""\nthere",x\n'),
        ("a.csv", 'text;label\n"hello, ""you""\nthere";x\n'),
        ("a.tsv", 'text\tlabel\r\n"hello, ""you""\nthere"\tx\r\n'),
        ("a.txt", 'text\tlabel\n"hello, ""you""\nthere"\tx\n'),
        ("a.jsonl", json.dumps({"text": 'hello, "you"\nthere', "label": "x"})),
        ("a.json", json.dumps([{"text": 'hello, "you"\nthere', "label": "x"}], indent=2)),
    ],
)
def test_one_table_in_every_format(tmp_path: Path, name: str, content: str) -> None:
    """Commas, tabs, semicolons, quotes, line ends inside cells and JSON give the same row."""
    assert rows(tmp_path / name, content) == [{"text": 'hello, "you"\nthere', "label": "x"}]


def test_a_stray_quote_stays_in_its_line(tmp_path: Path) -> None:
    """In a TSV whose texts are not quoted, a text that begins with a quotation mark swallows no other rows."""
    found = rows(tmp_path / "a.tsv", 'text\tlabel\n"how" is it\ta\n"why not\tb\nfine\tc\n"all quoted"\td\n')
    assert [row["label"] for row in found] == ["a", "b", "c", "d"]
    assert [found[1]["text"], found[3]["text"]] == ['"why not', "all quoted"]


def test_line_ends_of_other_kinds_stay_inside_json_strings(tmp_path: Path) -> None:
    """U+2028 and U+0085 are no end of a line of JSON."""
    line = json.dumps({"text": "one\u2028two\u0085three"}, ensure_ascii=False)
    assert rows(tmp_path / "a.jsonl", line + "\n" + line) == [{"text": "one\u2028two\u0085three"}] * 2


def test_a_cell_may_be_large(tmp_path: Path) -> None:
    """An answer of a megabyte is read; short rows are filled with nothing, empty lines are none."""
    found = rows(tmp_path / "a.csv", f"prompt,answer,more\nq,{'x' * 1_000_000}\n\nr,b\n")
    assert [(len(row["answer"]), row["more"]) for row in found] == [(1_000_000, ""), (1, "")]


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"prompt,answer\n" * 99)[:-9], b"\x1f\x8b" + b"\x08" * 60, b'[{"prompt": 1', b"[1]"],
    ids=["cut gzip", "damaged gzip", "cut JSON", "no objects"],
)
def test_what_is_broken_is_said_to_be(tmp_path: Path, content: bytes) -> None:
    """A cut or damaged file is invalid input that names the file, not a traceback."""
    with pytest.raises(InvalidInput, match=r"log\.dat"):
        rows(tmp_path / "log.dat", content)
