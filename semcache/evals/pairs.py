"""Labelled pairs of prompts: read from a file, and joined to groups of one answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from semcache.errors import InvalidInput
from semcache.evals.columns import PAIR_LABELS, PAIR_TEXTS, Row, Table
from semcache.evals.files import read_rows

SAME = {"1", "true", "yes", "same", "duplicate"}
DIFFERENT = {"0", "false", "no", "different", "not_duplicate"}

Pair = tuple[str, str, bool]


def read_pairs(path: Path) -> Iterator[Pair]:
    """Labelled pairs of a file: two prompts, and whether one answer serves both. Rows without a text are left out.

    Raises:
        InvalidInput: the file cannot be read, lacks a column, or has a label that is neither.
    """
    rows = list(read_rows(path))
    if not rows:
        raise InvalidInput(f"{path} has no rows")
    table = Table.of(path, rows)
    columns = table.pair(None)
    if columns is None:
        wanted = " or ".join(f"{a}, {b}" for a, b in PAIR_TEXTS[:3])
        raise InvalidInput(f"{path} has {table.listed}; wanted are {wanted} with {' / '.join(PAIR_LABELS[:2])}")
    return labelled(rows, columns, path)


def labelled(rows: Sequence[Row], columns: tuple[str, str, str], path: Path) -> Iterator[Pair]:
    """The pairs of these rows; those that lack a text or a label are left out."""
    for n, row in enumerate(rows, 1):
        first, second, label = (row.get(name, "").strip() for name in columns)
        if first and second and label:
            yield first, second, _same(label, path, n)


def joined(pairs: Iterable[Pair]) -> dict[str, str]:
    """Text -> answer id, in the order of first mention: texts that labels join, also through others, share one."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        parent.setdefault(text, text)
        while parent[text] != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    for first, second, same in pairs:
        root(first), root(second)
        if same:
            parent[root(first)] = root(second)
    roots = {text: root(text) for text in list(parent)}
    ids = {text: f"a{k}" for k, text in enumerate(dict.fromkeys(roots.values()))}
    return {text: ids[of] for text, of in roots.items()}


def _same(label: str, path: Path, row: int) -> bool:
    word = label.lower().removesuffix(".0")
    if word not in SAME | DIFFERENT:
        raise InvalidInput(f"{path}, row {row}: the label {label!r} is neither 1 (same answer) nor 0 (different)")
    return word in SAME
