"""Sealing again, under the active key, what is stored: after a rotation of keys, or after sealing was switched on.

Each record is replaced by one script, only if it is still what was read: killed at any point, a run leaves every record
either as it was or sealed anew, and the next run does the rest. A run over what is done changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from redis import Redis

from semcache.errors import ConfigurationError, SealError
from semcache.memory.stored.records import read_window_form, window_form
from semcache.memory.writing.sessions import name_place
from semcache.store import keys
from semcache.store.connect import guarded
from semcache.store.lua import Argument, script
from semcache.store.sealing import Sealer, is_sealed

_BATCH = 200
_SCAN = 1_000
_NAMED = 20  # records named in the outcome, of those that cannot be opened

Advance = Callable[[int], object]


@dataclass(slots=True)
class Resealed:
    """What a run did. `refused`: records that could not be opened; `why`: the first of their errors."""

    changed: int = 0
    kept: int = 0
    refused: int = 0
    why: list[str] = field(default_factory=list)

    def refuse(self, error: SealError) -> None:
        self.refused += 1
        if len(self.why) < _NAMED:
            self.why.append(str(error))


def count_turns(redis: Redis, namespace: str) -> int:
    """How many turns a namespace has: the length of a run."""
    pattern = _pattern(keys.CHRONOLOGY, namespace)
    with guarded():
        found = list(redis.scan_iter(match=pattern, count=_SCAN))
        pipe = redis.pipeline(transaction=False)
        for key in found:
            pipe.zcard(key)
        return sum(pipe.execute())


def reseal(redis: Redis, namespace: str, sealer: Sealer, *, advance: Advance = lambda turns: None) -> Resealed:
    """Seals turns, claims, windows and names of sessions under the active key; `advance` is told of turns done.

    Raises:
        ConfigurationError: there is no active key.
        RedisUnavailable: run it again.
    """
    if not sealer.active:
        raise ConfigurationError(
            "nothing can be sealed without an active key: `semcache seal keygen` makes one, [seal] active names it"
        )
    done = Resealed()
    for batch in _batches(redis, _pattern(keys.TURN, namespace)):
        _reseal_turns(redis, batch, sealer, done)
        advance(len(batch))
    for batch in _batches(redis, _pattern(keys.CLAIMS, namespace)):
        for claims in batch:
            _reseal_claims(redis, claims, sealer, done)
    for batch in _batches(redis, _pattern(keys.READINGS, namespace)):
        with guarded():
            redis.delete(*batch)  # derived: read again from their turns
    for batch in _batches(redis, _pattern(keys.WINDOW, namespace)):
        for window in batch:
            _reseal_window(redis, window, sealer, done)
    for batch in _batches(redis, _pattern(keys.SESSION_NAMES, namespace)):
        for names in batch:
            _reseal_names(redis, names, sealer, done)
    return done


def _reseal_turns(redis: Redis, names: Sequence[str], sealer: Sealer, done: Resealed) -> None:
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hmget(name, "text", "speaker", "stems")
        stored = [tuple((part or b"").decode() for part in row) for row in pipe.execute()]
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for name, row in zip(names, stored, strict=True):
            command = _checked(name, row, sealer, done)
            if command:
                script("memory_reseal")(pipe, *command)
        done.changed += sum(pipe.execute())


def _checked(name: str, row: Sequence[str], sealer: Sealer, done: Resealed) -> tuple[list[str], list[Argument]] | None:
    """The command for a turn; None, and it is counted, if there is nothing to do or it cannot be opened."""
    if not row[0]:
        return None  # gone since it was listed
    try:
        command = _turn_command(name, row, sealer)
    except SealError as error:
        done.refuse(error)
        return None
    done.kept += command is None
    return command


def _turn_command(name: str, row: Sequence[str], sealer: Sealer) -> tuple[list[str], list[Argument]] | None:
    """Keys and arguments of memory_reseal.lua; None if the turn is sealed under the active key already."""
    text, speaker, stems = row
    prefix, _, id = name.rpartition("turn:")
    sealed_text = _again(sealer, text, f"{name}#text")
    sealed_speaker = _again(sealer, speaker, f"{name}#speaker") if speaker else ""
    if (sealed_text, sealed_speaker) == (text, speaker):
        return None
    names, arguments = [name], [id, text, sealed_text, speaker, sealed_speaker]
    if is_sealed(text):
        return names, [*arguments, ""]  # its words are hidden already, with a key that stays
    said = stems.split()
    words = sealer.words(said, prefix)
    for stem, word in dict(zip(said, words, strict=True)).items():
        old = keys.escape(stem)
        names += [f"{prefix}stem:{old}", f"{prefix}stem:{word}", f"{prefix}session-stem:{old}"]
    return names, [*arguments, " ".join(words)]


def _reseal_claims(redis: Redis, name: str, sealer: Sealer, done: Resealed) -> None:
    with guarded():
        stored = cast(dict[bytes, bytes], redis.hgetall(name))
    for turn, form in stored.items():
        place = f"{name.removesuffix('claims')}turn:{turn.decode()}#claims"
        try:
            again = _again(sealer, form.decode(), place)
        except SealError as error:
            done.refuse(error)
            continue
        if again.encode() != form:
            with guarded():
                script("memory_reseal_claims")(redis, keys=[name], args=[turn, form, again])


def _reseal_window(redis: Redis, window: str, sealer: Sealer, done: Resealed) -> None:
    with guarded():
        stored = cast(list[tuple[bytes, float]], redis.zrange(window, 0, -1, withscores=True))
    changes: list[Argument] = []
    for form, score in stored:
        try:
            again = _window_form(window, form, sealer)
        except SealError as error:
            done.refuse(error)
            continue
        if again.encode() != form:
            changes += [form, again, repr(score)]
    if changes:
        with guarded():
            script("memory_reseal_window")(redis, keys=[window], args=changes)


def _reseal_names(redis: Redis, names: str, sealer: Sealer, done: Resealed) -> None:
    with guarded():
        stored = cast(dict[bytes, bytes], redis.hgetall(names))
    for session, name in stored.items():
        try:
            again = _again(sealer, name.decode(), name_place(names, session.decode()))
        except SealError as error:
            done.refuse(error)
            continue
        if again.encode() != name:
            with guarded():
                script("memory_reseal_name")(redis, keys=[names], args=[session.decode(), name.decode(), again])


def _window_form(window: str, form: bytes, sealer: Sealer) -> str:
    turn = read_window_form(form, "")
    place = f"{window.rpartition('window:')[0]}turn:{turn.id}"
    speaker = _again(sealer, turn.speaker, f"{place}#speaker") if turn.speaker else ""
    return window_form(replace(turn, text=_again(sealer, turn.text, f"{place}#text"), speaker=speaker))


def _again(sealer: Sealer, stored: str, place: str) -> str:
    return sealer.seal(sealer.open(stored, place) if is_sealed(stored) else stored, place)


def _pattern(kind: keys.KeyKind, namespace: str) -> str:
    """The glob of all keys of a kind in a namespace; escaped ids contain no other wildcard."""
    parts = {name: "\0" for name in kind.parts if name != "namespace"}
    return kind.build(namespace=namespace, **parts).replace(keys.escape("\0"), "*")


def _batches(redis: Redis, pattern: str) -> Iterator[list[str]]:
    batch: list[str] = []
    scan: Iterator[Any] = redis.scan_iter(match=pattern, count=_SCAN)
    while True:
        with guarded():
            name = next(scan, None)
        if name is not None:
            batch.append(name.decode())
        if batch and (name is None or len(batch) == _BATCH):
            yield batch
            batch = []
        if name is None:
            return
