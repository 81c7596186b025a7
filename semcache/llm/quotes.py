"""Passages as units that can be quoted: sentences, list items and steps, each with the headings above it (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from semcache.llm.protocol import Passage
from semcache.text.tokens import sentences

Form = Literal["sentence", "item", "step", "row"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotable unit. `place` is its number within the passage; `head`: title and headings above it."""

    passage: int
    place: int
    text: str
    head: str
    form: Form


_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$|^\*\*([^*]+)\*\*:?$")
_STEP = re.compile(r"^\s*(?:step\s+)?\d{1,2}[.):]\s+(.*)$", re.IGNORECASE)
_ITEM = re.compile(r"^\s*[-*•–]\s+(.*)$")
_ROW = re.compile(r"^\s*\|(.*)\|\s*$")
_RULE = re.compile(r"^[\s|:=_*-]+$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def quotes(passages: Sequence[Passage]) -> list[Quote]:
    """Every unit of every passage, in order; a text that occurs twice (overlapping chunks) only once."""
    seen: set[tuple[str, str]] = set()
    found: list[Quote] = []
    for index, passage in enumerate(passages):
        for quote in _units(index, passage):
            key = (passage.id, quote.text)
            if key not in seen:
                seen.add(key)
                found.append(quote)
    return found


def _units(index: int, passage: Passage) -> list[Quote]:
    head = passage.title
    found: list[Quote] = []
    for form, text in _lines(passage.text):
        if form == "heading":
            head = f"{passage.title}. {text}" if text.lower() not in passage.title.lower() else passage.title
            continue
        for piece in sentences(text) if form == "sentence" else [text]:
            found.append(Quote(index, len(found), piece, head, _form(form)))
    return found


def _form(form: str) -> Form:
    return form if form in ("item", "step", "row") else "sentence"  # type: ignore[return-value]


def _lines(text: str) -> list[tuple[str, str]]:
    """(form, text): hard-wrapped lines joined, Markdown's marks taken off."""
    found: list[tuple[str, str]] = []
    joinable = False
    for line in text.splitlines():
        if not line.strip() or _FENCE.match(line) or _RULE.match(line):
            joinable = False
            continue
        form, content = _read(line)
        if joinable and form == "sentence":
            found[-1] = (found[-1][0], f"{found[-1][1]} {content}")
        else:
            found.append((form, content))
        joinable = form not in ("heading", "row")
    return [(form, content) for form, content in found if content]


def _read(line: str) -> tuple[str, str]:
    if heading := _HEADING.match(line):
        return "heading", _plain(heading[1] or heading[2])
    if step := _STEP.match(line):
        return "step", _plain(step[1])
    if item := _ITEM.match(line):
        return "item", _plain(item[1])
    if row := _ROW.match(line):
        return "row", ", ".join(cell for cell in (_plain(c) for c in row[1].split("|")) if cell)
    return "sentence", _plain(line)


def _plain(text: str) -> str:
    return _MARKUP.sub("", _LINK.sub(r"\1", text)).strip().removeprefix("> ")


def run_of(found: Sequence[Quote], chosen: Quote, *, most: int) -> list[Quote]:
    """The consecutive steps or items around a chosen unit, with the sentence that introduces them.

    A sentence that ends with a colon brings the list below it. Anything else is returned alone.
    """
    same = [q for q in found if q.passage == chosen.passage]
    at = same.index(chosen)
    if chosen.form == "sentence":
        following = _forward(same, at + 1, {"step", "item", "row"}) if chosen.text.endswith(":") else []
        return [chosen, *following][: most + 1]
    start = at
    while start > 0 and same[start - 1].form == chosen.form:
        start -= 1
    run = _forward(same, start, {chosen.form})
    if len(run) > most and chosen in run:
        first = max(0, min(run.index(chosen) - most // 2, len(run) - most))
        run = run[first : first + most] if chosen.form != "step" else run[:most]
    intro = [same[start - 1]] if start > 0 and same[start - 1].text.endswith(":") else []
    return [*intro, *run]


def _forward(same: Sequence[Quote], start: int, forms: set[str]) -> list[Quote]:
    end = start
    while end < len(same) and same[end].form in forms and (end == start or same[end].form == same[start].form):
        end += 1
    return list(same[start:end])


def consecutive(found: Sequence[Quote]) -> bool:
    """Whether the units follow each other in one passage."""
    return all(a.passage == b.passage and b.place == a.place + 1 for a, b in pairwise(found))
