"""Known questions and answers, and filling a scope with them: a start without misses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any, Literal, Protocol

from semcache.cache import inputs
from semcache.cache.types import Entry, StoreOptions
from semcache.errors import InvalidInput
from semcache.inputs import versions

PROMPTS = ("prompt", "question", "query", "text")
RESPONSES = ("response", "answer")
_AT_ONCE = 64

Outcome = Literal["stored", "known", "replaced", "clash", "outdated"]


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A question whose answer is known. `ttl` in seconds, None = the cache's default."""

    prompt: str
    response: str
    sources: Mapping[str, int] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    ttl: float | None = None


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one answer; `row` counts from 1. `detail` says what was lost, empty if nothing was.

    "replaced": the scope held another answer to the question. "clash": an earlier row has another answer, which stays.
    "outdated": a source has a newer version than the answer was built from.
    """

    row: int
    answer: KnownAnswer
    outcome: Outcome
    detail: str = ""


class Cache(Protocol):
    """What filling needs of a cache."""

    def get(self, prompt: str) -> Entry | None: ...
    def store_many(self, answers: Iterable[KnownAnswer]) -> list[str | None]: ...


def known_answer(row: Mapping[str, str]) -> KnownAnswer:
    """A row of a file: a question and an answer, and maybe `sources` (JSON, or `doc-42:7 doc-9:1`), `tags`, `ttl`.

    Raises:
        InvalidInput: the row lacks a question or an answer, or a value is no version or no number.
    """
    prompt, response = _first(row, PROMPTS), _first(row, RESPONSES)
    if prompt is None or response is None:
        raise InvalidInput(
            f"a row has the columns {', '.join(row) or 'none'}; needed are a question ({' / '.join(PROMPTS)}) and "
            f"an answer ({' / '.join(RESPONSES)})"
        )
    return KnownAnswer(
        inputs.question(prompt).prompt,
        inputs.checked_response(response),
        versions(_sources(row.get("sources", ""))),
        inputs.checked_tags(_words(row.get("tags", ""))),
        inputs.checked_ttl(_number("ttl", row.get("ttl", ""))),
    )


def checked_answer(
    answer: tuple[str, str] | KnownAnswer, shared: StoreOptions
) -> tuple[inputs.Question, str, StoreOptions]:
    """A known answer as it is stored; what it does not say itself is as in the `shared` options.

    Raises:
        InvalidInput: it is neither a pair nor a KnownAnswer, or one of its parts is out of its range.
    """
    if isinstance(answer, KnownAnswer):
        own = replace(
            shared,
            sources=answer.sources or shared.sources,
            tags=answer.tags or shared.tags,
            ttl=answer.ttl or shared.ttl,
        )
        return inputs.question(answer.prompt), inputs.checked_response(answer.response), inputs.checked_options(own)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise InvalidInput(f"an answer is a pair (prompt, response) or a KnownAnswer, not {type(answer).__name__}")
    return inputs.question(answer[0]), inputs.checked_response(answer[1]), shared


def warm(cache: Cache, answers: Iterable[KnownAnswer], *, rows: Iterable[int] | None = None) -> Iterator[RowOutcome]:
    """Stores answers, and says what became of each. What is stored already is left: an interrupted run goes on.

    `rows`: their numbers, if they are not 1, 2, 3 ...
    """
    remaining = zip(count(1) if rows is None else rows, answers, strict=False)
    earlier: dict[str, tuple[int, KnownAnswer]] = {}
    while chunk := list(islice(remaining, _AT_ONCE)):
        known = {row: cache.get(answer.prompt) for row, answer in chunk}
        first = {
            row: earlier.setdefault(inputs.question(answer.prompt).fingerprint, (row, answer)) for row, answer in chunk
        }
        new = [(row, answer) for row, answer in chunk if first[row][0] == row and not _same(known[row], answer)]
        stored = dict(zip((row for row, _ in new), cache.store_many([answer for _, answer in new]), strict=True))
        for row, answer in chunk:
            if first[row][0] < row:
                yield _repeated(row, answer, *first[row])
            elif row in stored:
                yield _stored(row, answer, known[row], stored[row])
            else:
                yield RowOutcome(row, answer, "known")


def _repeated(row: int, answer: KnownAnswer, first: int, kept: KnownAnswer) -> RowOutcome:
    if answer.response == kept.response:
        return RowOutcome(row, answer, "known")
    return RowOutcome(row, answer, "clash", f"row {first} has another answer to the same question, which is kept")


def _stored(row: int, answer: KnownAnswer, former: Entry | None, stored: str | None) -> RowOutcome:
    if not stored:
        return RowOutcome(row, answer, "outdated", "a source has a newer version than the answer was built from")
    if former is None or former.response == answer.response:
        return RowOutcome(row, answer, "stored")
    return RowOutcome(row, answer, "replaced", f"another answer was stored: {former.response}")


def _same(entry: Entry | None, answer: KnownAnswer) -> bool:
    return entry is not None and entry.response == answer.response and dict(entry.sources) == dict(answer.sources)


def _first(row: Mapping[str, str], names: Iterable[str]) -> str | None:
    by_name = {name.strip().lower(): value for name, value in row.items()}
    return next((by_name[name] for name in names if by_name.get(name, "").strip()), None)


def _words(text: str) -> list[str]:
    if text.strip().startswith("["):
        return [str(word) for word in _parsed("tags", text)]
    return [word.strip() for word in text.split(",") if word.strip()]


def _sources(text: str) -> dict[str, int]:
    if text.strip().startswith("{"):
        return dict(_parsed("sources", text))
    found = {}
    for part in text.split():
        document, _, version = part.rpartition(":")
        if not document or not version.isdecimal():
            raise InvalidInput(f"sources are written doc-42:7 (document:version), not {part!r}")
        found[document] = int(version)
    return found


def _parsed(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{name} is no JSON: {text[:80]!r}") from error


def _number(name: str, text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise InvalidInput(f"{name} is a number of seconds, not {text!r}") from error
