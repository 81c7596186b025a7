"""How a turn looks in Redis: the fields of its hash, its place in a window, and how turns are read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from redis import Redis

from semcache.memory.stored.layout import UserKeys
from semcache.memory.stored.sealed import opened
from semcache.memory.types import Turn
from semcache.store.connect import guarded
from semcache.store.sealing import Sealer

_JSON = json.JSONEncoder(ensure_ascii=False).encode


def window_form(turn: Turn) -> str:
    """A turn as it stands in a window; equal turns have equal forms."""
    return _JSON({"id": turn.id, "role": turn.role, "speaker": turn.speaker, "text": turn.text, "at": turn.at})


def read_window_form(form: bytes, session: str) -> Turn:
    """The turn that `window_form` wrote."""
    said = json.loads(form)
    return Turn(said["id"], session, said["role"], said["text"], said["at"], said["speaker"])


def read_turns(redis: Redis, places: Sequence[tuple[UserKeys, str]], *, sealer: Sealer) -> list[Turn | None]:
    """The turns with these ids, None where there is none; one round trip. Raises SealError as `Sealer.open`."""
    with guarded(), redis.pipeline(transaction=False) as pipe:
        for user, id in places:
            pipe.hmget(user.turn(id), "session", "role", "text", "at", "speaker")
        replies = pipe.execute()
    turns = [(user, _turn(id, reply)) for (user, id), reply in zip(places, replies, strict=True)]
    return [turn and opened(sealer, user, turn) for user, turn in turns]


def _turn(id: str, reply: Sequence[bytes | None]) -> Turn | None:
    session, role, text, at, speaker = ((part or b"").decode() for part in reply)
    return Turn(id, session, role, text, float(at), speaker) if at else None
