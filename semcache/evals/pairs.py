"""Labelled pairs of prompts: read from a file, and joined to groups of one answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from semcache.errors import InvalidInput
from semcache.evals.reading.columns import PAIR_LABELS, PAIR_TEXTS, Table
from semcache.evals.reading.files import records, whole
from semcache.evals.reading.record import Record
from semcache.text import normal_form

SAME = {"1", "true", "yes", "same", "duplicate"}
DIFFERENT = {"0", "false", "no", "different", "not_duplicate"}

Pair = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Groups:
    """Texts by answer. `ids`: text -> group, in the order of first mention; `different`: groups that labels set apart.

    What neither joins nor sets apart is not known.
    """

    ids: dict[str, str]
    different: frozenset[tuple[str, str]]


def read_pairs(path: Path) -> Iterator[Pair]:
    """Labelled pairs of a file: two prompts, and whether one answer serves both. Rows without a text are left out.

    Raises:
        InvalidInput: the file cannot be read, lacks a column, or has a label that is neither.
    """
    rows = whole(records(path))
    sample = list(islice(rows, 1))
    if not sample:
        raise InvalidInput(f"{path} has no rows")
    table = Table.of(str(path), sample)
    columns = table.pair(None)
    if columns is None:
        wanted = " or ".join(f"{a}, {b}" for a, b in PAIR_TEXTS[:3])
        raise InvalidInput(f"{path} has {table.listed}; wanted are {wanted} with {' / '.join(PAIR_LABELS[:2])}")
    return (pair for record in (*sample, *rows) if (pair := labelled(record, columns)) is not None)


def labelled(record: Record, columns: tuple[str, str, str]) -> Pair | None:
    """The pair of a record; None if it lacks a text or a label.

    Raises:
        InvalidInput: the label says neither.
    """
    first, second, label = (record.text(name) for name in columns)
    return (first, second, _same(label, record.place)) if first and second and label else None


def grouped(pairs: Iterable[Pair]) -> Groups:
    """Texts that labels join, also through others, or that are the same but for case and spaces, share a group."""
    parent: dict[str, str] = {}
    apart: list[tuple[str, str]] = []
    forms: dict[str, str] = {}

    def root(form: str) -> str:
        parent.setdefault(form, form)
        while parent[form] != form:
            parent[form] = parent[parent[form]]
            form = parent[form]
        return form

    for first, second, same in pairs:
        one, other = (forms.setdefault(text, normal_form(text)) for text in (first, second))
        root(one), root(other)
        if same:
            parent[root(one)] = root(other)
        else:
            apart.append((one, other))
    names = {top: f"a{n}" for n, top in enumerate(dict.fromkeys(root(form) for form in forms.values()))}
    ids = {text: names[root(form)] for text, form in forms.items()}
    different = ((names[root(one)], names[root(other)]) for one, other in apart)
    return Groups(ids, frozenset(pair for a, b in different if a != b for pair in ((a, b), (b, a))))


def _same(label: str, place: str) -> bool:
    word = label.lower().removesuffix(".0")
    if word not in SAME | DIFFERENT:
        raise InvalidInput(f"{place}: the label {label!r} is neither 1 (same answer) nor 0 (different)")
    return word in SAME
