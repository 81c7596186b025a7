"""What of a turn gets vectors beside its own: the turn with the end of the one before it, and passages of a long turn.

A model reads some 500 tokens and blurs what it reads: a sentence in the middle of a long message is in no vector that a
question comes near. Texts are measured in characters, which needs no tokenizer and holds for any script.
"""

from __future__ import annotations

from collections.abc import Iterator

from semcache.memory.types import Turn
from semcache.text.tokens import sentences

CONTEXT_CHARS = 1_800  # about what a model of 512 tokens reads
_BEFORE_CHARS = 600  # of the turn before, at most
_LEAST_BEFORE_CHARS = 40
LONG_CHARS = 700  # longer turns have passages
MOST_PASSAGES = 64
PASSAGE_CHARS = {"user": 64}
"""About a sentence of what a user said, by role: one sentence in a long message may be all that is asked for."""
_OTHER_CHARS = 480
_MOST_CHARS = 100_000
_CUT = 3  # times the usual length: longer sentences are cut


def context_text(previous: Turn, turn: Turn) -> str:
    """What the context vector is made of: the turn, whole, then the end of the one before it, as much as has room."""
    room = min(_BEFORE_CHARS, CONTEXT_CHARS - len(turn.line))
    return turn.line if room < _LEAST_BEFORE_CHARS else f"{turn.line}\n{_end_of(previous.line, room)}"


def _end_of(text: str, chars: int) -> str:
    if len(text) <= chars:
        return text
    end = text[-chars:]
    return end[end.find(" ") + 1 :]


def passages(turn: Turn) -> tuple[str, ...]:
    """The passages of a long turn: sentences that follow each other, with the speaker's name.

    A very long turn has longer ones, at most 64; what is beyond 100,000 characters is in none.
    """
    if len(turn.text) <= LONG_CHARS:
        return ()
    text, size = turn.text[:_MOST_CHARS], PASSAGE_CHARS.get(turn.role, _OTHER_CHARS)
    found = list(_packed(text, size))
    while len(found) > MOST_PASSAGES:
        size *= 2
        found = list(_packed(text, size))
    return tuple(f"{turn.name}: {passage}" for passage in found)


def _packed(text: str, size: int) -> Iterator[str]:
    passage = ""
    for piece in _pieces(text, size):
        if passage and len(passage) + len(piece) >= size:
            yield passage
            passage = ""
        passage = f"{passage} {piece}" if passage else piece
    if passage:
        yield passage


def _pieces(text: str, size: int) -> Iterator[str]:
    """Sentences, those that are too long cut where a word ends, if one does."""
    for sentence in sentences(text):
        while len(sentence) > _CUT * size:
            end = sentence.rfind(" ", size // 2, size)
            end = size if end < 0 else end
            yield sentence[:end].strip()
            sentence = sentence[end:].strip()
        if sentence:
            yield sentence
