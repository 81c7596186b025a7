"""A log or a labelled data set as one stream of requests.

Three kinds of input: prompts with an answer id (or an answer), labelled pairs, and a plain log of prompts and
responses.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from semcache.cache import inputs
from semcache.errors import InvalidInput
from semcache.evals.columns import PROMPTS, RESPONSES, Columns, Row, Table
from semcache.evals.files import read_rows
from semcache.evals.pairs import joined, labelled
from semcache.text import normal_form

Kind = Literal["answers", "pairs", "responses"]
#: A stream changes from one answer to another in most of its steps; below this share of them it is a sorted file.
_STREAM_CHANGES = 0.2
#: Share of requests whose response others got too, from which on responses are told apart by their text.
_READY_MADE = 0.5


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a log. Requests with the same `answer_id` have the same right answer; None = not known."""

    prompt: str
    response: str
    answer_id: str | None


@dataclass(frozen=True, slots=True)
class Log:
    """A stream of requests.

    `skipped` rows had no usable prompt, or no answer; `shuffled`: the file's order was not kept; `truth`: the column
    that says which answers are the same.
    """

    requests: tuple[Request, ...]
    kind: Kind
    skipped: int = 0
    shuffled: bool = False
    truth: str = ""


def read_log(
    path: Path,
    *,
    columns: Columns | None = None,
    limit: int | None = None,
    shuffle: int | None = None,
    keep_order: bool = False,
) -> Log:
    """Reads a file. A file sorted by its answers is shuffled (seed 0) unless `keep_order`: it is no stream otherwise.

    Raises:
        InvalidInput: the file cannot be read, has no rows, or lacks the columns; the message names what it has.
    """
    rows = list(read_rows(path))
    if not rows:
        raise InvalidInput(f"{path} has no rows")
    log = _log(rows, columns or Columns(), path)
    if not log.requests:
        raise InvalidInput(f"{path}: no row has a prompt and an answer")
    seed = shuffle if shuffle is not None else (0 if _is_sorted(log.requests) and not keep_order else None)
    stream = as_stream(log.requests, log.kind, skipped=log.skipped, limit=limit, shuffle=seed)
    return replace(stream, truth=log.truth)


def as_stream(
    requests: Sequence[Request], kind: Kind, *, skipped: int = 0, limit: int | None = None, shuffle: int | None = None
) -> Log:
    """The requests in their order, or shuffled with a seed; the first `limit` of them."""
    order = list(requests)
    if shuffle is not None:
        random.Random(shuffle).shuffle(order)
    return Log(tuple(order[:limit]), kind, skipped, shuffle is not None)


def _log(rows: Sequence[Row], columns: Columns, path: Path) -> Log:
    table = Table.of(path, rows)
    if columns.pair or columns == Columns():
        pair = table.pair(columns.pair)
        if pair is not None:
            return _from_pairs(rows, pair, path)
    prompt = table.one(columns.prompt, PROMPTS)
    answer_id = table.answer_id(columns.answer_id, rows)
    response = table.one(columns.response, RESPONSES)
    if prompt is None or (answer_id is None and response is None):
        raise table.unusable()
    found = [_request(row, prompt, answer_id, response) for row in rows]
    requests = [request for request in found if request is not None]
    skipped = len(rows) - len(requests)
    if answer_id:
        return Log(tuple(requests), "answers", skipped, truth=answer_id)
    if _ready_made(requests):
        requests = [replace(request, answer_id=normal_form(request.response)) for request in requests]
    return Log(tuple(requests), "responses", skipped, truth=response or "")


def _ready_made(requests: Sequence[Request]) -> bool:
    """Whether most responses are given to several prompts word by word: then another text is another answer."""
    prompts: dict[str, set[str]] = {}
    for request in requests:
        prompts.setdefault(normal_form(request.response), set()).add(normal_form(request.prompt))
    shared = sum(len(prompts[normal_form(request.response)]) > 1 for request in requests)
    return shared >= _READY_MADE * len(requests)


def _request(row: Row, prompt: str, answer_id: str | None, response: str | None) -> Request | None:
    """The request of a row; None if it cannot be asked, or nothing is known of its answer."""
    asked, answer = row.get(prompt, "").strip(), row.get(response or "", "").strip()
    truth = row.get(answer_id or "", "").strip() or None
    if (truth is None and not answer) or not _usable(asked, answer):
        return None
    return Request(asked, answer or _answer_of(truth), truth)


def _answer_of(answer_id: str | None) -> str:
    return f"The answer of {answer_id}."


def _usable(prompt: str, response: str) -> bool:
    """Whether the cache takes them."""
    try:
        inputs.question(prompt)
        return not response or bool(inputs.checked_response(response))
    except InvalidInput:
        return False


def _from_pairs(rows: Sequence[Row], columns: tuple[str, str, str], path: Path) -> Log:
    """Both texts of each pair, in file order, once; texts that labels join (also through others) share an answer."""
    pairs = [pair for pair in labelled(rows, columns, path) if _usable(pair[0], "") and _usable(pair[1], "")]
    requests = tuple(Request(text, _answer_of(id), id) for text, id in joined(pairs).items())
    return Log(requests, "pairs", len(rows) - len(pairs), truth=columns[2])


def _is_sorted(requests: Sequence[Request]) -> bool:
    """Whether equal answers stand together, as in a sorted file or in several sorted ones, one behind the other."""
    ids = [request.answer_id for request in requests]
    counts = Counter(ids)
    if ids[0] is None or len(counts) < 3 or len(ids) < 1.5 * len(counts):
        return False
    changes = sum(a != b for a, b in pairwise(ids))
    by_chance = len(ids) - 1 - sum(n * (n - 1) for n in counts.values()) / len(ids)
    return changes + 1 <= 1.05 * len(counts) or changes < _STREAM_CHANGES * by_chance
