"""CSV, TSV and their relatives, a row at a time: however they are quoted, separated or marked."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence

from semcache.errors import InvalidInput
from semcache.evals.reading.decoding import LONGEST_LINE
from semcache.evals.reading.record import Record

_SEPARATORS = ",\t;|"
_SAID = {"\t": "a tab", ",": "a comma", ";": "a semicolon"}

Row = tuple[int, Sequence[str]]


class BrokenRow(InvalidInput):
    """A row that cannot be read; those behind it can."""


def rows(lines: Iterator[str], name: str, separator: str | None = None) -> Iterator[Record | BrokenRow]:
    """The records of a table. `separator`: what separates cells, None = found by itself (or by a line `sep=;`).

    A row with more cells than the first line names columns, or with a quotation mark that is never closed, comes as a
    BrokenRow; one with fewer cells is filled with nothing.

    Raises:
        InvalidInput: the first line names a column twice, or cannot be read.
    """
    csv.field_size_limit(LONGEST_LINE)  # a cell may hold a whole answer: the module's own limit is 128 KiB
    numbered = Numbered(lines)
    first = next((line for line in numbered if line.strip("\r\n \ufeff")), None)
    if first is not None and (told := re.fullmatch(r"\ufeff?\"?sep=(.)\"?\s*", first)):
        separator, first = told[1], next(numbered, None)
    if first is None:
        return
    separator = separator or max(_SEPARATORS, key=first.count)
    found = _tabbed(numbered) if separator == "\t" else _quoted(numbered, separator)
    numbered.push_back(first)
    names = _names(next(found), name)
    for row in found:
        yield _record(row, names, name, separator)


class Numbered(Iterator[str]):
    """Lines, with the number of the last one; a line can be pushed back once."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._pushed: list[str] = []
        self.number = 0
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = self._pushed.pop() if self._pushed else next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line

    def push_back(self, line: str) -> None:
        self._pushed.append(line)
        self.number -= 1

    @property
    def ended(self) -> bool:
        """Whether no line is left."""
        following = next(self._lines, None) if not self._pushed else self._pushed[0]
        if following is not None and not self._pushed:
            self._pushed.append(following)
        return following is None


def _quoted(lines: Numbered, separator: str) -> Iterator[Row | BrokenRow]:
    """Rows by the rules of CSV: a quoted cell may go on in the next line."""
    reader = csv.reader(lines, delimiter=separator)
    while True:
        lines.taken.clear()
        start = lines.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield BrokenRow(
                f"line {start}: {error}; a quotation mark opens a cell here that does not end within "
                f'{LONGEST_LINE >> 20} MB: close it, or double it ("") where it belongs to the text'
            )
            return
        if cells is None:
            return
        if len(lines.taken) > 1 and lines.ended and _is_open(lines.taken, separator):
            yield BrokenRow(
                f"line {start}: a quotation mark opens a cell here and is never closed; "
                'close it, or double it ("") where it belongs to the text'
            )
        elif cells:
            yield start, cells


def _is_open(lines: Sequence[str], separator: str) -> bool:
    """Whether a quotation mark is still open at the end."""
    try:
        list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _tabbed(lines: Numbered) -> Iterator[Row | BrokenRow]:
    """Rows of a TSV. A line with as many tabs as the first one is a row: a stray quotation mark stays in its cell."""
    width = 0
    for line in lines:
        start, plain = lines.number, line.rstrip("\r\n").split("\t")
        width = width or len(plain)
        if len(plain) == width:
            cells = next(csv.reader([line], delimiter="\t"), [])
            if any(plain):
                yield start, cells if len(cells) == width else plain
        elif '"' in line:
            yield from _spanning(line, lines, start)
        elif any(plain):
            yield start, plain


def _spanning(line: str, lines: Numbered, start: int) -> Iterator[Row | BrokenRow]:
    """The row that begins with this line and holds line ends or tabs in quoted cells."""
    found = list(itertools.islice(_quoted(Numbered(itertools.chain([line], lines)), "\t"), 1))
    yield from (
        BrokenRow(str(row).replace("line 1", f"line {start}")) if isinstance(row, BrokenRow) else (start, row[1])
        for row in found
    )


def _names(found: Row | BrokenRow, name: str) -> list[str]:
    if isinstance(found, BrokenRow):
        raise InvalidInput(f"{name}, {found}")
    names = [cell.strip().removeprefix("\ufeff") for cell in found[1]]
    if twice := sorted({n for n in names if n and names.count(n) > 1}):
        raise InvalidInput(f"{name}: two columns are called {twice[0]!r}; rename one of them")
    return names


def _record(row: Row | BrokenRow, names: Sequence[str], name: str, separator: str) -> Record | BrokenRow:
    if isinstance(row, BrokenRow):
        return BrokenRow(f"{name}, {row}")
    line, cells = row
    if len(cells) > len(names) and any(cells[len(names) :]):
        return BrokenRow(
            f"{name}, line {line}: {len(cells)} cells, but the first line names {len(names)} columns; a cell that "
            f"holds {_SAID.get(separator, repr(separator))} must stand in quotation marks"
        )
    return Record(dict(itertools.zip_longest(names, cells[: len(names)], fillvalue="")), f"{name}, line {line}")
