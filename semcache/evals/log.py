"""Reading a log or a labelled data set: CSV, TSV or JSONL, plain or gzip, columns found by name.

Three kinds of input become one stream of requests:
prompts with an answer id (or an answer), labelled pairs, and a plain log of prompts and responses.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from semcache.errors import InvalidInput

PROMPTS = ("prompt", "text", "query", "question")
ANSWER_IDS = ("answer_id", "category", "intent", "label", "group")
RESPONSES = ("response", "answer")
PAIR = ("text_a", "text_b", "label")
SAME = {"1", "true", "yes", "same", "duplicate"}
DIFFERENT = {"0", "false", "no", "different", "not_duplicate"}

Kind = Literal["answers", "pairs", "responses"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a log. Requests with the same `answer_id` have the same right answer; None = not known."""

    prompt: str
    response: str
    answer_id: str | None


@dataclass(frozen=True, slots=True)
class Log:
    """A stream of requests; `skipped` rows had no prompt, `shuffled` says that the file's order was not kept."""

    requests: tuple[Request, ...]
    kind: Kind
    skipped: int = 0
    shuffled: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names given by the user; None = found by name."""

    prompt: str | None = None
    answer_id: str | None = None
    response: str | None = None


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
    kind, requests, skipped = _requests(rows, columns or Columns(), path)
    if not requests:
        raise InvalidInput(f"{path}: no row has a prompt")
    seed = shuffle if shuffle is not None else (0 if _is_sorted(requests) and not keep_order else None)
    return as_stream(requests, kind, skipped=skipped, limit=limit, shuffle=seed)


def as_stream(
    requests: Sequence[Request], kind: Kind, *, skipped: int = 0, limit: int | None = None, shuffle: int | None = None
) -> Log:
    """The requests in their order, or shuffled with a seed; the first `limit` of them."""
    order = list(requests)
    if shuffle is not None:
        random.Random(shuffle).shuffle(order)
    return Log(tuple(order[:limit]), kind, skipped, shuffle is not None)


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV, TSV or JSONL file, by column name."""
    text = _text(path)
    name = path.name.removesuffix(".gz").lower()
    if name.endswith((".jsonl", ".ndjson", ".json")) or text.lstrip()[:1] in ("{", "["):
        return _json_rows(text, path)
    return _table_rows(text, "\t" if name.endswith(".tsv") or "\t" in text.partition("\n")[0] else ",")


def read_pairs(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Labelled pairs of a file: two prompts, and whether one answer serves both. Rows without a text are left out.

    Raises:
        InvalidInput: the file cannot be read, lacks a column, or has a label that is neither.
    """
    for n, row in enumerate(read_rows(path), 2):
        if missing := [name for name in PAIR if name not in row]:
            raise InvalidInput(f"{path} has the columns {', '.join(row)}; {', '.join(missing)} is missing")
        a, b = row["text_a"].strip(), row["text_b"].strip()
        if a and b:
            yield a, b, _same(row["label"], path, n)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidInput(f"{path} does not exist") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 (byte {error.start}); convert it first") from error
    except (OSError, EOFError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error


def _table_rows(text: str, delimiter: str) -> Iterator[dict[str, str]]:
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield {(k or "").strip(): v or "" for k, v in row.items() if isinstance(v, str | None)}


def _json_rows(text: str, path: Path) -> Iterator[dict[str, str]]:
    if text.lstrip().startswith("["):
        values = _parse(text, path, 1)
        records: Iterable[tuple[int, object]] = enumerate(values if isinstance(values, list) else [], 1)
    else:
        records = ((n, _parse(line, path, n)) for n, line in enumerate(text.splitlines(), 1) if line.strip())
    for n, record in records:
        if not isinstance(record, Mapping):
            raise InvalidInput(f"{path}, line {n}: not a JSON object")
        yield {str(k): _cell(v) for k, v in record.items()}


def _cell(value: object) -> str:
    """A JSON value as a cell of a table would hold it; lists and objects stay JSON."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def _parse(line: str, path: Path, n: int) -> object:
    try:
        return json.loads(line)
    except ValueError as error:
        raise InvalidInput(f"{path}, line {n}: not JSON ({error})") from error


def _requests(rows: Sequence[dict[str, str]], columns: Columns, path: Path) -> tuple[Kind, list[Request], int]:
    names = list(rows[0])
    if columns == Columns() and set(PAIR) <= set(names):
        return "pairs", *_from_pairs(rows, path)
    prompt = _column(names, columns.prompt, PROMPTS, path)
    answer_id = _column(names, columns.answer_id, ANSWER_IDS, path, required=False)
    response = _column(names, columns.response, RESPONSES, path, required=False)
    if prompt is None or (answer_id is None and response is None):
        raise InvalidInput(
            f"{path} has the columns {', '.join(names)}; needed are a prompt ({' / '.join(PROMPTS)}) and an answer id "
            f"({' / '.join(ANSWER_IDS)}) or a response ({' / '.join(RESPONSES)}), or pairs ({', '.join(PAIR)}). "
            "Name them with --prompt-column, --answer-column, --response-column"
        )
    requests = [_request(row, prompt, answer_id, response) for row in rows if row.get(prompt, "").strip()]
    return ("answers" if answer_id else "responses"), requests, len(rows) - len(requests)


def _request(row: dict[str, str], prompt: str, answer_id: str | None, response: str | None) -> Request:
    truth = row.get(answer_id, "") if answer_id else None
    return Request(row[prompt].strip(), row.get(response or "", "") or f"The answer of {truth}.", truth)


def _column(
    names: list[str], given: str | None, known: Sequence[str], path: Path, *, required: bool = True
) -> str | None:
    if given is not None:
        if given not in names:
            raise InvalidInput(f"{path} has no column {given!r}; it has {', '.join(names)}")
        return given
    by_name = {name.lower(): name for name in names}
    return next((by_name[k] for k in known if k in by_name), None)


def _from_pairs(rows: Sequence[dict[str, str]], path: Path) -> tuple[list[Request], int]:
    """Both texts of each pair, in file order, once; texts that labels join (also through others) share an answer."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        parent.setdefault(text, text)
        while parent[text] != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    skipped = 0
    for n, row in enumerate(rows, 2):
        a, b = row["text_a"].strip(), row["text_b"].strip()
        if not a or not b:
            skipped += 1
        elif _same(row["label"], path, n):
            parent[root(a)] = root(b)
        else:
            root(a), root(b)
    ids = {text: f"a{k}" for k, text in enumerate(dict.fromkeys(map(root, list(parent))))}
    return [Request(text, f"The answer of {ids[root(text)]}.", ids[root(text)]) for text in parent], skipped


def _same(label: str, path: Path, line: int) -> bool:
    word = label.strip().lower().removesuffix(".0")
    if word not in SAME | DIFFERENT:
        raise InvalidInput(f"{path}, line {line}: the label {label!r} is neither 1 (same answer) nor 0 (different)")
    return word in SAME


def _is_sorted(requests: Sequence[Request]) -> bool:
    """Whether equal answers stand together (fewer than 5 % more runs than answers), as in a sorted file."""
    ids = [r.answer_id for r in requests]
    distinct = len(set(ids))
    if ids[0] is None or distinct < 3 or len(ids) < 1.5 * distinct:
        return False
    runs = 1 + sum(a != b for a, b in pairwise(ids))
    return runs <= 1.05 * distinct
