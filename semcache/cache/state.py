"""The state of a scope's learning in Redis: which key holds what, and how it is read and changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import redis

from semcache.cache.budget import Sums
from semcache.cache.evidence import Idf
from semcache.cache.model import Model
from semcache.cache.status import LearningStatus, status_of
from semcache.cache.votes import Pair
from semcache.errors import InvalidInput
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.expiry import IDLE_S, entry_prefix, whole_seconds
from semcache.store.lease import Lease
from semcache.store.lua import script

# A fit takes some 50 ms; after that long somebody else may try.
FIT_LEASE_S = 10.0
_QUESTIONS = b"#questions"
_SUMS = tuple(f.name for f in fields(Sums))


@dataclass(frozen=True, slots=True)
class Answered:
    """A stored answer as evidence: its text, the documents it was built from, its answer group now."""

    entry_id: str
    prompt: str
    response: str
    sources: Mapping[str, int]
    group: str


@dataclass(frozen=True, slots=True)
class Note:
    """What is written of a lesson, in one script. `record` is added to `group`; the entry moves to the group `joins`.

    `keep`: rows left after a change of subject, 0 = all; `merged`: groups that become one with `joins`.
    """

    row: bytes = b""
    sums: Sums = field(default_factory=Sums)
    words: tuple[str, ...] = ()
    keep: int = 0
    group: str = ""
    record: tuple[float, float] = (0.0, 0.0)
    entry_id: str = ""
    joins: str = ""
    merged: tuple[str, ...] = ()
    pairs: Mapping[Pair, float] = field(default_factory=dict)


class LearningState:
    """The learning of one scope, shared by all processes. Every change is one script; counters are added to."""

    def __init__(self, client: redis.Redis, scope: str, *, idle_s: float = IDLE_S) -> None:
        self._redis = client
        self._scope = scope
        self._idle_s = whole_seconds(idle_s)
        self._prefix = entry_prefix(scope)
        self._rows, self._sums, self._words, self._pairs, self._model, self._repeats = (
            kind.build(scope=scope)
            for kind in (
                keys.CACHE_ROWS, keys.CACHE_SUMS, keys.CACHE_WORDS, keys.CACHE_PAIRS, keys.CACHE_MODEL,
                keys.CACHE_REPEATS,
            )
        )  # fmt: skip

    @guarded()
    def model(self) -> tuple[int, Model | None, Idf]:
        """Version, the model (None: nothing can be served by score), and how rare words are."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hmget(self._model, "version", "model")
        pipe.hgetall(self._words)
        (version, stored), words = pipe.execute()
        return int(version or 0), _read_model(stored, int(version or 0)), _read_idf(words)

    @guarded()
    def sums(self) -> Sums:
        """The running sums."""
        found: Any = self._redis.hgetall(self._sums)
        return _read_sums(found)

    @guarded()
    def answers(self, ids: Sequence[str]) -> list[Answered | None]:
        """The stored answers, None for what is gone."""
        pipe = self._redis.pipeline(transaction=False)
        for id in ids:
            pipe.hmget(self._prefix + id, "prompt", "response", "sources", "group")
        return [
            None
            if prompt is None
            else Answered(id, prompt.decode(), response.decode(), json.loads(sources), group.decode())
            for id, (prompt, response, sources, group) in zip(ids, pipe.execute(), strict=True)
        ]

    @guarded()
    def known(self, group: str, pairs: Sequence[Pair]) -> tuple[Sums, tuple[float, float], dict[Pair, float]]:
        """What a lesson needs: the sums, the record of the group, and the evidence of these pairs so far."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(self._sums)
        pipe.hmget(keys.CACHE_GROUP.build(scope=self._scope, group=group), "#agreed", "#labels")
        if pairs:
            pipe.hmget(self._pairs, [_pair_field(pair) for pair in pairs])
        sums, (agreed, labels), *evidence = pipe.execute()
        known = zip(pairs, evidence[0] if evidence else (), strict=True)
        record = (float(agreed or 0), float(labels or 0))
        return _read_sums(sums), record, {pair: float(value) for pair, value in known if value is not None}

    @guarded()
    def write(self, notes: Iterable[Note]) -> None:
        """Writes lessons, in one round trip; each is one script."""
        pipe = self._redis.pipeline(transaction=False)
        for note in notes:
            script("cache_learn")(
                pipe,
                keys=[self._rows, self._sums, self._words, self._pairs],
                args=[self._prefix, note.row, _note_json(note), self._idle_s],
            )
        pipe.execute()

    def fit_lease(self) -> Lease:
        """Held by whoever fits."""
        return Lease(self._redis, keys.CACHE_FIT.build(scope=self._scope), lease_s=FIT_LEASE_S)

    @guarded()
    def rows(self) -> tuple[int, list[bytes], Sums]:
        """Version of the model, and what the next one is fitted to: the rows, oldest first, and the sums."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hget(self._model, "version")
        pipe.lrange(self._rows, 0, -1)
        pipe.hgetall(self._sums)
        version, rows, sums = pipe.execute()
        return int(version or 0), rows, _read_sums(sums)

    @guarded()
    def put_model(self, model: Model | None, *, after: int, add: Sums) -> bool:
        """Stores the model fitted after version `after`; False, and nothing changes, if another came first."""
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
        _, model, _ = self.model()
        size = self.memory_bytes()
        return status_of(
            rows=len(rows), sums=sums, model=model, version=version, memory_bytes=size, max_error_rate=max_error_rate
        )

    @guarded()
    def forget(self) -> None:
        """Removes all that was learned."""
        self._redis.delete(self._rows, self._sums, self._words, self._pairs, self._model, self._repeats)

    @guarded()
    def memory_bytes(self) -> int:
        """What the learning takes in Redis, without the groups, which belong to the entries."""
        own = (self._rows, self._sums, self._words, self._pairs, self._model, self._repeats)
        sizes: list[Any] = [self._redis.memory_usage(key, samples=0) for key in own]
        return sum(int(size or 0) for size in sizes)


def nonzero(sums: Sums) -> dict[str, float]:
    """The fields of a change that change anything."""
    return {name: value for name in _SUMS if (value := getattr(sums, name))}


def _note_json(note: Note) -> str:
    return json.dumps(
        {
            "sums": nonzero(note.sums),
            "words": note.words,
            "keep": note.keep,
            "group": note.group,
            "record": note.record,
            "entry": note.entry_id,
            "joins": note.joins,
            "merged": note.merged,
            "pairs": {_pair_field(pair): evidence for pair, evidence in note.pairs.items()},
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
