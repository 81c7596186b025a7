"""The state of a scope's learning in Redis: which key holds what, and how it is read and changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import redis
from redis.client import Pipeline

from semcache.cache.budget import RING, Rows, Sums, unpack_rows
from semcache.cache.budget.evidence import Idf
from semcache.cache.budget.model import Model
from semcache.cache.budget.votes import Pair
from semcache.cache.deciding.decide import Learned
from semcache.cache.learning.status import LearningStatus, status_of
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import IDLE_S, entry_prefix, whole_seconds
from semcache.store.lease import Lease
from semcache.store.lua import executed, script

# A fit takes some 50 ms; after that long somebody else may try.
FIT_LEASE_S = 10.0
#: What the scripts hold the tables to: rows of each ring, words, pairs of groups, repeated questions, and how long a
#: repeat is remembered, s.
BOUNDS = {"rows": RING, "words": 8_000, "pairs": 8_000, "repeats": 10_000, "repeat_s": 86_400}
_QUESTIONS = b"#questions"
_TABLES = (
    keys.CACHE_ROWS, keys.CACHE_SERVED, keys.CACHE_SUMS, keys.CACHE_WORDS, keys.CACHE_PAIRS, keys.CACHE_MODEL,
    keys.CACHE_REPEATS,
)  # fmt: skip
_SUMS = tuple(f.name for f in fields(Sums))


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """A stored answer as evidence: its text, the documents it was built from, its answer group now."""

    entry_id: str
    prompt: str
    response: str
    sources: Mapping[str, int]
    group: str


@dataclass(frozen=True, slots=True)
class LessonWrite:
    """The Redis writes of one lesson, applied by a single script.

    `forget`: the subject has changed, and only the rows of the last so many requests are left, 0 = all; `record` is
    added to `group`; the entry moves to the group `joins`; `merged`: groups that become one with it. `question`: the
    fingerprint of the one that the entry was served to, empty if none was.
    """

    row: bytes = b""
    sums: Sums = field(default_factory=Sums)
    words: tuple[str, ...] = ()
    forget: int = 0
    group: str = ""
    record: tuple[float, float] = (0.0, 0.0)
    entry_id: str = ""
    joins: str = ""
    merged: tuple[str, ...] = ()
    pairs: Mapping[Pair, float] = field(default_factory=dict)
    question: str = ""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known before a lesson: the sums, the record of the candidate's group, and the evidence on pairs."""

    sums: Sums
    record: tuple[float, float]
    pairs: Mapping[Pair, float]


class LearningState:
    """The learning of one scope, shared by all processes. Every change is one script; counters are added to."""

    def __init__(self, client: redis.Redis, scope: str, *, idle_s: float = IDLE_S) -> None:
        self._redis = client
        self._scope = scope
        self._idle_s = whole_seconds(idle_s)
        self._prefix = entry_prefix(scope)
        self._tables = [kind.build(scope=scope) for kind in _TABLES]
        self._rows, self._served, self._sums, self._words, self._pairs, self._model, self._repeats = self._tables

    @guarded()
    def learned(self) -> Learned:
        """The model (None: nothing can be served by score) with its version, and how rare words are; no sums."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hmget(self._model, "version", "model")
        pipe.hgetall(self._words)
        (version, stored), words = pipe.execute()
        version = int(version or 0)
        return Learned(_read_model(stored, version), idf=_read_idf(words), version=version)

    @guarded()
    def version(self) -> int:
        """The version of the model; 0 = there is none."""
        return int(self._redis.hget(self._model, "version") or 0)

    @guarded()
    def sums(self) -> Sums:
        """The running sums."""
        found: Any = self._redis.hgetall(self._sums)
        return _read_sums(found)

    @guarded()
    def answers(self, ids: Sequence[str]) -> list[AnswerRecord | None]:
        """The stored answers, None for what is gone."""
        pipe = self._redis.pipeline(transaction=False)
        for id in ids:
            pipe.hmget(self._prefix + id, "prompt", "response", "sources", "group")
        return [
            None
            if prompt is None
            else AnswerRecord(
                id, prompt.decode(), response.decode(), json.loads(sources or b"{}"), group.decode() if group else id
            )
            for id, (prompt, response, sources, group) in zip(ids, pipe.execute(), strict=True)
        ]

    @guarded()
    def before(self, group: str, pairs: Sequence[Pair]) -> Before:
        """What is known before a lesson on this group and these pairs."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(self._sums)
        pipe.hmget(keys.CACHE_GROUP.build(scope=self._scope, group=group), "#agreed", "#labels")
        if pairs:
            pipe.hmget(self._pairs, [_pair_field(pair) for pair in pairs])
        sums, (agreed, labels), *evidence = pipe.execute()
        known = zip(pairs, evidence[0] if evidence else (), strict=True)
        return Before(
            sums=_read_sums(sums),
            record=(float(agreed or 0), float(labels or 0)),
            pairs={pair: float(value) for pair, value in known if value is not None},
        )

    @guarded()
    def open(self) -> None:
        """Before lessons without an entry: they are written only until an erasure ends the learning."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hsetnx(self._sums, "number", 0)
        pipe.expire(self._sums, self._idle_s)
        pipe.execute()

    @guarded()
    def write(self, writes: Iterable[LessonWrite]) -> None:
        """Writes lessons, in one round trip; each is one script. Nothing is learned of what is gone."""
        pipe = self._redis.pipeline(transaction=False)
        for write in writes:
            self.queue(pipe, write)
        executed(self._redis, pipe)

    def queue(self, pipe: Pipeline, write: LessonWrite) -> None:
        """Queues one lesson."""
        script("cache_learn")(
            pipe,
            keys=[self._rows, self._served, self._sums, self._words, self._pairs, self._repeats],
            args=[self._prefix, write.row, json.dumps(BOUNDS), _write_json(write), self._idle_s],
        )

    def fit_lease(self) -> Lease:
        """Held by whoever fits."""
        return Lease(self._redis, keys.CACHE_FIT.build(scope=self._scope), lease_s=FIT_LEASE_S)

    @guarded()
    def rows(self) -> tuple[int, Rows, Sums]:
        """Version of the model, and what the next one is fitted to: the rows of both rings, and the sums."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hget(self._model, "version")
        pipe.lrange(self._rows, 0, -1)
        pipe.lrange(self._served, 0, -1)
        pipe.hgetall(self._sums)
        version, compared, served, sums = pipe.execute()
        return int(version or 0), unpack_rows([*compared, *served]), _read_sums(sums)

    @guarded()
    def put_model(self, model: Model | None, *, after: int, add: Sums) -> bool:
        """Stores the model fitted after version `after`; False if there is none, and the last one stays.

        False as well, and nothing changes, if another process came first.
        """
        stored = b"" if model is None else model.to_bytes()
        return bool(
            script("cache_fit")(
                self._redis,
                keys=[self._model, self._sums],
                args=[after, stored, json.dumps(nonzero(add)), self._idle_s],
            )
        )

    def status(self, max_error_rate: float) -> LearningStatus:
        """How far the learning is, and what the budget gives."""
        version, rows, sums = self.rows()
        model = self.learned().model
        size = self.memory_bytes()
        return status_of(
            rows=len(rows.labels),
            sums=sums,
            model=model,
            version=version,
            memory_bytes=size,
            max_error_rate=max_error_rate,
        )

    @guarded()
    def forget(self) -> None:
        """Removes all that was learned."""
        self._redis.delete(*self._tables)

    @guarded()
    def memory_bytes(self) -> int:
        """What the learning takes in Redis, without the groups, which belong to the entries."""
        sizes: list[Any] = [self._redis.memory_usage(key, samples=0) for key in self._tables]
        return sum(int(size or 0) for size in sizes)


def nonzero(sums: Sums) -> dict[str, float]:
    """The fields of a change that change anything."""
    return {name: value for name in _SUMS if (value := getattr(sums, name))}


def _write_json(write: LessonWrite) -> str:
    return json.dumps(
        {
            "sums": nonzero(write.sums),
            "words": write.words,
            "forget": write.forget,
            "group": write.group,
            "record": write.record,
            "entry": write.entry_id,
            "question": write.question,
            "joins": write.joins,
            "merged": write.merged,
            "pairs": {_pair_field(pair): evidence for pair, evidence in write.pairs.items()},
        }
    )


def _pair_field(pair: Pair) -> str:
    return f"{pair[0]}|{pair[1]}"


def _read_sums(stored: Mapping[bytes, bytes]) -> Sums:
    return Sums(**{n: float(value) for name, value in stored.items() if (n := name.decode()) in _SUMS})


def _read_idf(words: dict[bytes, bytes]) -> Idf:
    questions = int(words.pop(_QUESTIONS, 0))
    return Idf(questions, {word.decode(): int(count) for word, count in words.items()})


def _read_model(stored: bytes | None, version: int) -> Model | None:
    """A model of another format counts as none: the next fit writes a new one."""
    if not stored:
        return None
    try:
        return Model.from_bytes(stored).with_version(version)
    except InvalidInput:
        return None
