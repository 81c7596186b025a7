"""Passages as units that can be quoted: sentences, list items and steps, each with the headings above it (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from semcache.llm.protocol import Passage
from semcache.text.tokens import sentences

Form = Literal["sentence", "item", "step", "row", "utterance"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotable unit. `place`: its number in the passage, `line`: that of its paragraph; `head`: what stands above."""

    passage: int
    place: int
    line: int
    text: str
    head: str
    form: Form


_LONGEST_HEADING = 25  # words
_LONGEST_RUN_IN = 4
_LONGEST_UTTERANCE = 45  # what somebody said is quoted whole up to this length: a sentence of it says too little
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$|^\*\*([^*]+)\*\*:?$")
_STEP = re.compile(r"^\s*(?:step\s+)?\d{1,2}[.):]\s+(.*)$", re.IGNORECASE)
_ITEM = re.compile(r"^\s*[-*•–]\s+(.*)$")
_ROW = re.compile(r"^\s*\|(.*)\|\s*$")
_RULE = re.compile(r"^[\s|:=_*-]+$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_ANSWER_MARK = re.compile(r"^(?:[QA]|Question|Answer)\s*:\s+", re.IGNORECASE)
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
    if passage.kind == "memory" and len(passage.text.split()) <= _LONGEST_UTTERANCE:
        return [Quote(index, 0, 0, " ".join(passage.text.split()), passage.title, "utterance")]
    head = topic = passage.title
    columns: list[str] = []
    found: list[Quote] = []
    for line, (form, text) in enumerate(_lines(passage.text)):
        if form == "heading" or (form == "sentence" and _is_question(text)):
            head = topic if text.lower() in topic.lower() else f"{topic}. {text}"
            continue
        if form == "header":
            columns = text.split("|")
            continue
        if form == "row":
            text = _in_words(text.split("|"), columns)
        pieces = _sentences(text) if form == "sentence" else [text]
        under = head
        if len(pieces) > 1 and _is_run_in_heading(pieces[0]):
            under = f"{head}. {pieces.pop(0)}"
        for piece in pieces:
            found.append(Quote(index, len(found), line, piece, under.rstrip("."), _form(form)))
    return found


def _in_words(cells: Sequence[str], columns: Sequence[str]) -> str:
    """A row of a table, each cell behind the name of its column: `microchip, dog: 45, cat: 45`."""
    if len(cells) != len(columns):
        return ", ".join(filter(None, cells))
    named = [
        f"{column}: {cell}" if column else cell for column, cell in zip(columns[1:], cells[1:], strict=True) if cell
    ]
    return ", ".join(filter(None, [cells[0], *named]))


def _is_question(line: str) -> bool:
    """A line that only asks, as in lists of questions and answers."""
    return line.endswith("?") and len(line.split()) <= _LONGEST_HEADING


def _is_run_in_heading(sentence: str) -> bool:
    """`Weight and load.` before what it is about."""
    return len(sentence.split()) <= _LONGEST_RUN_IN and sentence.endswith(".") and not re.search(r"\d", sentence)


def _sentences(text: str) -> list[str]:
    """Sentences; a question that the text asks itself stays with its answer."""
    found: list[str] = []
    for sentence in sentences(text):
        if found and found[-1].endswith("?"):
            found[-1] += f" {sentence}"
        else:
            found.append(sentence)
    return found


def _form(form: str) -> Form:
    return form if form in ("item", "step", "row") else "sentence"  # type: ignore[return-value]


def _lines(text: str) -> list[tuple[str, str]]:
    """(form, text): hard-wrapped lines joined, Markdown's marks taken off."""
    found: list[tuple[str, str]] = []
    joinable = False
    for line in text.splitlines():
        if not line.strip() or _FENCE.match(line) or _RULE.match(line):
            if found and found[-1][0] == "row" and "|" in line:
                found[-1] = ("header", found[-1][1])
            joinable = False
            continue
        form, content = _read(line)
        if joinable and form == "sentence":
            found[-1] = (found[-1][0], f"{found[-1][1]} {content}")
        else:
            found.append((form, content))
        joinable = form not in ("heading", "row")
    return [(form, content) for form, content in found if content.strip("|")]


def _read(line: str) -> tuple[str, str]:
    if heading := _HEADING.match(line):
        return "heading", _plain(heading[1] or heading[2])
    if step := _STEP.match(line):
        return "step", _plain(step[1])
    if item := _ITEM.match(line):
        return "item", _plain(item[1])
    if row := _ROW.match(line):
        return "row", "|".join(_plain(cell) for cell in row[1].split("|"))
    return "sentence", _plain(line)


def _plain(text: str) -> str:
    return _ANSWER_MARK.sub("", _MARKUP.sub("", _LINK.sub(r"\1", text)).strip().removeprefix("> "))


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


def lines_of(chosen: Sequence[Quote], passages: Sequence[Passage]) -> list[str]:
    """The quotes by source, the best source first, in the order of the text."""
    groups: dict[str, list[Quote]] = {}
    for quote in chosen:
        groups.setdefault(passages[quote.passage].id, []).append(quote)
    lines: list[str] = []
    for group in groups.values():
        lines += _body(sorted(group, key=lambda quote: (quote.passage, quote.place)))
    return lines


def _body(group: Sequence[Quote]) -> list[str]:
    """Sentences on one line, steps and items on lines of their own."""
    lines: list[str] = []
    number, inline = 0, False
    for quote in group:
        if quote.form == "sentence" and inline:
            lines[-1] += f" {quote.text}"
            continue
        number += quote.form == "step"
        mark = {"step": f"{number}. ", "item": "- ", "row": "- "}.get(quote.form, "") if len(group) > 1 else ""
        lines.append(f'"{quote.text}"' if quote.form == "utterance" else mark + quote.text)
        inline = quote.form == "sentence"
    return lines
