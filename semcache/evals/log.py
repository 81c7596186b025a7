"""A log or a labelled data set as one stream of requests.

Four kinds of input: prompts with an answer id, labelled pairs, prompts with responses, and prompts alone.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, islice, pairwise
from pathlib import Path
from sys import intern  # a log repeats itself: each text is held once
from typing import Literal

from semcache.cache import inputs
from semcache.errors import InvalidInput
from semcache.evals.pairs import grouped, labelled
from semcache.evals.reading import batches
from semcache.evals.reading.columns import Columns, Table
from semcache.evals.reading.exports import exchange, request_field
from semcache.evals.reading.files import records
from semcache.evals.reading.messages import LeftOut
from semcache.evals.reading.record import Record, cell
from semcache.evals.reading.tables import BrokenRow

Kind = Literal["answers", "pairs", "responses", "prompts"]
#: A stream changes from one answer to another in most of its steps; below this share of them it is a sorted file.
_STREAM_CHANGES = 0.2
#: So many records say which columns a log has, and whether it is sorted.
_SAMPLE = 5_000
_BROKEN = "broken rows"

RowSeen = Callable[[str, str], None]
"""`seen(place, what)`: told of each row, what it was taken for or why it was left out."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a log. Requests with the same `answer_id` have the same right answer; None = not known.

    `context`: the turns before it; `scope`: what else shapes its answer, in words; `at`: seconds since 1970.
    """

    prompt: str
    response: str
    answer_id: str | None
    context: tuple[str, ...] = ()
    scope: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """A stream of requests.

    `left_out`: rows that could not be used, by reason; `shuffled`: the file's order was not kept; `truth`: the column
    that says which answers are the same; `different`: pairs of answer ids that labels set apart (pairs only).
    """

    requests: tuple[Request, ...]
    kind: Kind
    left_out: Mapping[str, int] = field(default_factory=dict)
    shuffled: bool = False
    truth: str = ""
    different: frozenset[tuple[str, str]] = frozenset()

    @property
    def skipped(self) -> int:
        """How many rows were left out."""
        return sum(self.left_out.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a log: the first `limit` requests, shuffled with a seed, in the file's own order (`keep_order`)."""

    columns: Columns = field(default_factory=Columns)
    limit: int | None = None
    shuffle: int | None = None
    keep_order: bool = False
    skip_broken: bool = False


def read_log(path: Path, reading: Reading | None = None, *, seen: RowSeen | None = None) -> Log:
    """Reads a file, a folder of files, or standard input (`-`); no more of it than the limit needs.

    A file sorted by its answers is shuffled (seed 0) unless `keep_order`: it is no stream otherwise. Requests that say
    when they came are put into that order.

    Raises:
        InvalidInput: it cannot be read, has no rows, or lacks the columns; a row is broken, and not `skip_broken`.
    """
    reading = reading or Reading()
    limit, shuffle, keep_order = reading.limit, reading.shuffle, reading.keep_order
    name = "standard input" if str(path) == "-" else str(path)
    rows = _Rows(batches.joined(records(path)), reading.skip_broken, seen)
    head = list(islice(rows, _SAMPLE))
    if not head:
        raise InvalidInput(f"{name} has no rows{_why(rows.left_out)}")
    reader = _reader(Table.of(name, head), reading.columns, rows)
    if reader.kind == "pairs":
        return _stream(_pairs(chain(head, rows), rows, reader), limit, shuffle)
    first = list(reader.requests(head))
    mixed = shuffle is not None or (not keep_order and _is_sorted(first))
    every = chain(first, reader.requests(rows))
    taken = list(every) if mixed or limit is None else list(islice(every, limit))
    if not taken:
        raise InvalidInput(f"{name}: no row has {reader.needed}{_why(rows.left_out)}")
    if not mixed and not keep_order:
        taken = _by_time(taken)
    log = Log(tuple(taken), reader.kind, dict(rows.left_out), truth=reader.truth)
    return _stream(log, limit, (shuffle or 0) if mixed else None)


def as_stream(requests: Sequence[Request], kind: Kind, *, limit: int | None = None, shuffle: int | None = None) -> Log:
    """The requests in their order, or shuffled with a seed; the first `limit` of them."""
    return _stream(Log(tuple(requests), kind), limit, shuffle)


def _stream(log: Log, limit: int | None, shuffle: int | None) -> Log:
    order = list(log.requests)
    if shuffle is not None:
        random.Random(shuffle).shuffle(order)
    return replace(log, requests=tuple(order[:limit]), shuffled=shuffle is not None)


class _Rows(Iterator[Record]):
    """The records that can be read; counts those that are left out, by reason."""

    def __init__(self, rows: Iterator[Record | BrokenRow], skip_broken: bool, seen: RowSeen | None) -> None:
        self._rows = rows
        self._skip_broken = skip_broken
        self._seen = seen or (lambda place, what: None)
        self.left_out: Counter[str] = Counter()

    def __next__(self) -> Record:
        row = next(self._rows)
        while isinstance(row, BrokenRow):
            if not self._skip_broken:
                raise InvalidInput(f"{row}. --skip-broken leaves such rows out and counts them")
            self.leave_out(str(row), _BROKEN)
            row = next(self._rows)
        return row

    def leave_out(self, place: str, reason: str) -> None:
        self.left_out[reason] += 1
        self._seen(place, f"left out: {reason}")

    def take(self, place: str, what: str) -> None:
        self._seen(place, what)


@dataclass(frozen=True, slots=True)
class _Reader:
    """How the records of a log become requests."""

    kind: Kind
    rows: _Rows
    prompt: str = ""
    response: str | None = None
    answer_id: str | None = None
    time: str | None = None
    pair: tuple[str, str, str] | None = None

    @property
    def truth(self) -> str:
        return (self.pair[2] if self.pair else self.answer_id or self.response) or ""

    @property
    def needed(self) -> str:
        return "a prompt" if self.kind == "prompts" else "a prompt and an answer"

    def requests(self, found: Iterable[Record]) -> Iterator[Request]:
        for record in found:
            try:
                request = self._request(record)
            except LeftOut as reason:
                self.rows.leave_out(record.place, str(reason))
            else:
                self.rows.take(record.place, f"asks {request.prompt[:200]!r}")
                yield request

    def _field(self, record: Record) -> str:
        """Where this record has its question: lines of one file need not have one shape."""
        return self.prompt if record.at(self.prompt) is not None else request_field(record) or self.prompt

    def _request(self, record: Record) -> Request:
        found = exchange(record, self._field(record), self.response)
        answer_id = record.text(self.answer_id) if self.answer_id else ""
        answer = (found.answer or "").strip() if self.kind != "prompts" else ""
        if self.kind != "prompts" and not answer and not answer_id:
            raise LeftOut("no answer")
        _check(found.prompt, answer)
        at = _seconds(record.at(self.time)) if self.time else None
        response = intern(answer or _placeholder(answer_id))
        id = intern(answer_id) if answer_id else None
        return Request(intern(found.prompt), response, id, found.context, intern(found.scope), at)


def _reader(table: Table, columns: Columns, rows: _Rows) -> _Reader:
    if (columns.pair or columns == Columns()) and (pair := table.pair(columns.pair)) is not None:
        return _Reader("pairs", rows, pair=pair)
    prompt = table.prompt(columns.prompt)
    if prompt is None:
        raise table.unusable()
    answer_id = table.answer_id(columns.answer_id)
    response = table.response(columns.response)
    response = None if response == prompt else response
    kind: Kind = "answers" if answer_id else "responses"
    reader = _Reader(kind, rows, prompt, response, answer_id, table.time)
    return reader if answer_id or _answered(reader, table) else replace(reader, kind="prompts")


def _answered(reader: _Reader, table: Table) -> bool:
    """Whether any of the first records has an answer."""
    for record in table.sample:
        with suppress(LeftOut):
            if exchange(record, reader.prompt, reader.response).answer:
                return True
    return False


def _placeholder(answer_id: str) -> str:
    return f"The answer of {answer_id}." if answer_id else "(The log has no answers.)"


def _check(prompt: str, response: str) -> None:
    """Raises LeftOut if the cache would not take them."""
    if not prompt:
        raise LeftOut("no prompt")
    try:
        inputs.question(prompt)
        if response:
            inputs.checked_response(response)
    except InvalidInput as error:
        raise LeftOut("texts that the cache does not take") from error


def _pairs(found: Iterable[Record], rows: _Rows, reader: _Reader) -> Log:
    """Both texts of each pair, in file order, once."""
    assert reader.pair is not None
    pairs = []
    for record in found:
        pair = labelled(record, reader.pair)
        try:
            if pair is None:
                raise LeftOut("no text or no label")
            _check(pair[0], "")
            _check(pair[1], "")
        except LeftOut as reason:
            rows.leave_out(record.place, str(reason))
        else:
            pairs.append(pair)
    groups = grouped(pairs)
    requests = tuple(Request(text, _placeholder(id), id) for text, id in groups.ids.items())
    if not requests:
        raise InvalidInput(f"no row has two texts and a label{_why(rows.left_out)}")
    return Log(requests, "pairs", dict(rows.left_out), truth=reader.truth, different=groups.different)


def _why(left_out: Mapping[str, int]) -> str:
    told = ", ".join(f"{reason}: {count:,}" for reason, count in left_out.items())
    return f" that can be used ({told})" if told else ""


def _by_time(requests: list[Request]) -> list[Request]:
    """In the order in which they came, if all say when: exports often begin with the newest."""
    if any(request.at is None for request in requests):
        return requests
    return sorted(requests, key=lambda request: request.at or 0.0)


def _seconds(value: object) -> float | None:
    """A time as ISO 8601 or a number of seconds, milli- or microseconds since 1970."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    text = cell(value).strip()
    with suppress(ValueError):
        number = float(text)
        return number / (1e6 if number > 1e14 else 1e3 if number > 1e11 else 1)
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _is_sorted(requests: Sequence[Request]) -> bool:
    """Whether equal answers stand together, as in a sorted file or in several sorted ones, one behind the other."""
    ids = [request.answer_id for request in requests]
    counts = Counter(ids)
    if not ids or ids[0] is None or len(counts) < 3 or len(ids) < 1.5 * len(counts):
        return False
    changes = sum(a != b for a, b in pairwise(ids))
    by_chance = len(ids) - 1 - sum(n * (n - 1) for n in counts.values()) / len(ids)
    return changes + 1 <= 1.05 * len(counts) or changes < _STREAM_CHANGES * by_chance
