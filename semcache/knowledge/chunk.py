"""Passages of a document: whole sentences and paragraphs of 120 to 200 words, each under its title and headings (pure).

Where a long section is cut is chosen by the sentences around the cut, not by counting from the start: after an edit
the cuts further on stay where they were, and with them the passages, their ids and their vectors.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from semcache.text.tokens import sentence_spans

MIN_WORDS, MAX_WORDS = 120, 200
_MIN_TAIL_WORDS = 50
_CHARS_PER_WORD = 7  # so a script without spaces, or a very long word, fills a passage too

_HEADING = re.compile(r"^(#{1,6})[ \t]+(\S.*?)[ \t#]*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_WORD = re.compile(r"\S+")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage. `text` is the document's from `start` to `end`, stripped; `context` the title and headings above."""

    id: str
    text: str
    context: str
    start: int
    end: int

    @property
    def embedded(self) -> str:
        """What is embedded and indexed: the passage under its context."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class _Section:
    start: int
    end: int
    path: tuple[str, ...]
    """Headings above the section's own."""
    own: tuple[str, ...]


def chunks(document: str, text: str, *, title: str = "") -> list[Chunk]:
    """The passages, in order; their spans cover the text. At least one if the text is not blank.

    A passage's id comes from the document's id, its context and its text: equal passages of two versions are one.
    """
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for section in _sections(text):
        for place, (start, end) in enumerate(_passages(text, section)):
            path = section.path if place == 0 else section.path + section.own
            context = " > ".join(dict.fromkeys(part for part in (title, *path) if part))
            passage = text[start:end].strip()
            seen[context, passage] += 1
            found.append(Chunk(_id(document, context, passage, seen[context, passage]), passage, context, start, end))
    return found


def first_heading(text: str) -> str:
    """The document's own title, if it begins with a heading."""
    start = text.lstrip()
    heading = _HEADING.match(start.partition("\n")[0].rstrip())
    return heading[2] if heading else ""


def size(text: str) -> int:
    """Length in words; in a script without spaces, seven characters are one."""
    words = text.split()
    return max(len(words), -(-(sum(map(len, words)) + len(words)) // _CHARS_PER_WORD))


def _id(document: str, context: str, passage: str, occurrence: int) -> str:
    said = "\0".join((document, context, passage, str(occurrence)))
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def _sections(text: str) -> Iterator[_Section]:
    """Spans that cover the text, each a heading with what is under it; a bare heading joins the next section."""
    path: list[tuple[int, str]] = []
    start, own_from, body = 0, 0, False
    for line_start, line_end, heading in _lines(text):
        if heading is None:
            body = body or not text[line_start:line_end].isspace()
            continue
        if body:
            yield _section(start, line_start, path, own_from)
            start, body = line_start, False
            own_from = -1
        level = len(heading[1])
        path = [step for step in path if step[0] < level]
        own_from = len(path) if own_from < 0 else min(own_from, len(path))
        path.append((level, heading[2]))
    if text[start:].strip():
        yield _section(start, len(text), path, own_from)


def _section(start: int, end: int, path: Sequence[tuple[int, str]], own_from: int) -> _Section:
    names = tuple(name for _, name in path)
    return _Section(start, end, names[:own_from], names[own_from:])


def _lines(text: str) -> Iterator[tuple[int, int, re.Match[str] | None]]:
    """(start, end, heading) of each line; what stands between code fences is no heading."""
    start, fenced = 0, False
    for line in text.splitlines(keepends=True):
        fence = _FENCE.match(line) is not None
        yield start, start + len(line), None if fenced or fence else _HEADING.match(line.rstrip())
        fenced ^= fence
        start += len(line)


def _passages(text: str, section: _Section) -> Iterator[Span]:
    """Spans that cover the section, none longer than MAX_WORDS."""
    units = _units(text, section)
    sizes = [size(text[start:end]) for start, end in units]
    first, rest = 0, sum(sizes)
    while rest > MAX_WORDS:
        last = _cut(text, units, sizes, first, rest)
        yield units[first][0], units[last][1]
        rest -= sum(sizes[first : last + 1])
        first = last + 1
    yield units[first][0], units[-1][1]


def _cut(text: str, units: Sequence[Span], sizes: Sequence[int], first: int, rest: int) -> int:
    """The last unit of the passage that begins with unit `first`, `rest` words being left."""
    fitting, good, total = first, [], 0
    for place in range(first, len(units)):
        total += sizes[place]
        if total > MAX_WORDS:
            break
        fitting = place
        if total >= MIN_WORDS and rest - total >= _MIN_TAIL_WORDS:
            good.append(place)
    paragraphs = [place for place in good if "\n\n" in text[units[place][1] - 2 : units[place][1]]]
    return min(paragraphs or good, key=lambda place: _digest(text, units[place])) if good else fitting


def _digest(text: str, span: Span) -> bytes:
    return hashlib.blake2b(text[span[0] : span[1]].encode(), digest_size=8).digest()


def _units(text: str, section: _Section) -> list[Span]:
    """Sentences and pieces of too long ones, each with the white space after it: they cover the section."""
    inside = text[section.start : section.end]
    starts = [
        section.start + start + piece for start, end in sentence_spans(inside) for piece in _pieces(inside[start:end])
    ]
    edges = [section.start, *starts[1:], section.end]
    return list(pairwise(edges))


def _pieces(sentence: str) -> Iterator[int]:
    """Where the pieces of a sentence begin, so that none is longer than MAX_WORDS; 0 first."""
    yield 0
    if size(sentence) <= MAX_WORDS:
        return
    words, characters = 0, 0
    limit = MAX_WORDS * _CHARS_PER_WORD
    for start, end in _short_words(sentence, limit - 1):
        words, characters = words + 1, characters + end - start + 1
        if start and (words > MAX_WORDS or characters > limit):
            yield start
            words, characters = 1, end - start + 1


def _short_words(sentence: str, longest: int) -> Iterator[Span]:
    for word in _WORD.finditer(sentence):
        for start in range(word.start(), word.end(), longest):
            yield start, min(start + longest, word.end())
