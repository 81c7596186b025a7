"""Which parts of a turn are sealed at rest: what was said, the speaker's name, and the words it is found by."""

from __future__ import annotations

from dataclasses import replace

from semcache.memory.stored.layout import UserKeys, index_stems
from semcache.memory.types import Turn
from semcache.store.sealing import UNSEALED, Sealer, is_sealed


def sealed(sealer: Sealer, user: UserKeys, turn: Turn) -> Turn:
    """The turn as it is stored."""
    if sealer is UNSEALED and not is_sealed(turn.text) and not is_sealed(turn.speaker):
        return turn
    said, speaker = _places(user, turn.id)
    name = sealer.seal(turn.speaker, speaker) if turn.speaker else ""
    return replace(turn, text=sealer.seal(turn.text, said), speaker=name)


def opened(sealer: Sealer, user: UserKeys, turn: Turn) -> Turn:
    """The turn that was stored.

    Raises:
        SealError: as `Sealer.open`.
    """
    if sealer is UNSEALED and not is_sealed(turn.text) and not is_sealed(turn.speaker):
        return turn  # recall opens a hundred turns a question: naming their places took a third of its time
    said, speaker = _places(user, turn.id)
    name = sealer.open(turn.speaker, speaker) if turn.speaker else ""
    return replace(turn, text=sealer.open(turn.text, said), speaker=name)


def index_words(sealer: Sealer, user: UserKeys, line: str) -> list[str]:
    """The terms under which a text is found in a user's postings."""
    return sealer.words(index_stems(line), user.prefix)


def _places(user: UserKeys, turn_id: str) -> tuple[str, str]:
    key = user.turn(turn_id)
    return f"{key}#text", f"{key}#speaker"
