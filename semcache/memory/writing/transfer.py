"""A user's memory as a document: export, and import of the same.

```json
{"format": "semcache-memory", "version": 1, "namespace": "default", "user": "u1", "exported_at": "2026-11-23T10:00:00Z",
 "turns": [{"id": "…", "event_id": "…", "session": "s1", "role": "user", "speaker": "Ann", "text": "…",
            "at": 1795428000.0, "pinned": true}],
 "session_names": {"s1": "Moving house"}}
```
Turns are in order of time; `at` is seconds since the epoch; `speaker`, `pinned` and `session_names` may be missing.
What is derived from turns (vectors, postings) is not part of it: an import derives it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from redis import Redis

from semcache.errors import InvalidInput
from semcache.inputs import check_id, check_unicode
from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.records import read_turns
from semcache.memory.types import NewTurn
from semcache.memory.writing.forget import pinned
from semcache.memory.writing.sessions import check_name, session_names
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

FORMAT = "semcache-memory"
VERSION = 1
_REQUIRED: Mapping[str, type | tuple[type, ...]] = {
    "event_id": str,
    "session": str,
    "role": str,
    "text": str,
    "at": (int, float),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: turns that are new, that were there already, and that an erasure or forgetting refuses."""

    written: int
    known: int
    refused: int


@dataclass(frozen=True, slots=True)
class Export:
    """What an export holds, as turns of the user it is read for; `pinned`: ids of turns; `names`: by session."""

    turns: tuple[NewTurn, ...]
    pinned: tuple[str, ...]
    names: Mapping[str, str]


def export_memory(redis: Redis, user: UserKeys, ids: Sequence[str], *, sealer: Sealer, at: float) -> dict[str, Any]:
    """The document of the turns with these ids."""
    kept = pinned(redis, user)
    turns = read_turns(redis, [(user, id) for id in ids], sealer=sealer)
    events = _event_ids(redis, user, ids)
    return {
        "format": FORMAT,
        "version": VERSION,
        "namespace": user.namespace,
        "user": user.user,
        "exported_at": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "turns": [
            {
                "id": turn.id,
                "event_id": event_id,
                "session": turn.session,
                "role": turn.role,
                **({"speaker": turn.speaker} if turn.speaker else {}),
                "text": turn.text,
                "at": turn.at,
                **({"pinned": True} if turn.id in kept else {}),
            }
            for turn, event_id in zip(turns, events, strict=True)
            if turn
        ],
        "session_names": session_names(redis, user, sealer=sealer),
    }


def read_export(document: Any, user: UserKeys) -> Export:
    """The export, for this user.

    Raises:
        InvalidInput: it is no export, or of a newer version; the message names what is wrong.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise InvalidInput(f"this is no exported memory: its `format` has to be {FORMAT!r}")
    if document.get("version") != VERSION:
        raise InvalidInput(f"version {document.get('version')!r} of the export is not understood, only {VERSION}")
    rows = document.get("turns")
    if not isinstance(rows, list):
        raise InvalidInput("the export has no list `turns`")
    turns = tuple(_turn(row, place, user) for place, row in enumerate(rows))
    pins = tuple(turn.id for turn, row in zip(turns, rows, strict=True) if row.get("pinned") is True)
    return Export(turns, pins, _names(document.get("session_names", {})))


def _names(names: Any) -> dict[str, str]:
    if not isinstance(names, Mapping):
        raise InvalidInput("`session_names` of the export is no object")
    for session, name in names.items():
        try:
            check_id("session", session)
            check_name(check_unicode("name", name))
        except InvalidInput as error:
            raise InvalidInput(f"session_names[{session!r}]: {error}") from error
    return dict(names)


def _turn(row: Any, place: int, user: UserKeys) -> NewTurn:
    if not isinstance(row, Mapping):
        raise InvalidInput(f"turns[{place}] is no object")
    for name, kind in _REQUIRED.items():
        if not isinstance(row.get(name), kind) or isinstance(row.get(name), bool):
            raise InvalidInput(f"turns[{place}].{name} is missing or of a wrong type")
    speaker = row.get("speaker") or ""
    try:
        return NewTurn(
            user=user.user,
            session=row["session"],
            role=row["role"],
            text=row["text"],
            at=float(row["at"]),
            event_id=row["event_id"],
            namespace=user.namespace,
            speaker=speaker,
        )
    except InvalidInput as error:
        raise InvalidInput(f"turns[{place}]: {error}") from error


def _event_ids(redis: Redis, user: UserKeys, ids: Sequence[str]) -> list[str]:
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for id in ids:
            pipe.hget(user.turn(id), "event")
        return [(event or b"").decode() for event in pipe.execute()]


def in_batches(turns: Iterable[NewTurn], size: int = 64) -> Iterable[list[NewTurn]]:
    """The turns in pieces that are written at once."""
    rest = iter(turns)
    while batch := list(islice(rest, size)):
        yield batch
