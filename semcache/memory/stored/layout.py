"""How one user's memory is laid out in Redis, and what a turn looks like there."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from semcache.memory.stored.exact import codes
from semcache.store import keys
from semcache.store.postings import Weighting
from semcache.text.tokens import stems

LAYOUT = 2
"""The version of what is written of a turn: raise it with what is derived, and `reindex` makes older turns new."""
TURN_WEIGHTING = Weighting(reference_length=40, b=1.0)
MAX_STEMS = 2_000
MAX_STEM_CHARS = 64
RADIUS = 2  # turns on each side that belong to a turn's window
WINDOW_STEMS = 90  # a turn's window has room for so many: around a long turn there is none
_SCALE_BYTES = 4


@dataclass(frozen=True, slots=True, order=True)
class UserKeys:
    """The keys of one user. All share the user's hash tag, so that one script may change them together."""

    namespace: str
    user: str
    prefix: str = field(init=False, repr=False, compare=False)
    _stem: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Built once: a turn has some thirty keys of these kinds.
        for name, value in (
            ("prefix", self.of(keys.ERASED).removesuffix("erased")),
            ("_stem", self.of(keys.TURN_STEM, stem="")),
        ):
            object.__setattr__(self, name, value)

    def of(self, kind: keys.KeyKind, **parts: str) -> str:
        return kind.build(namespace=self.namespace, user=self.user, **parts)

    @property
    def turn_prefix(self) -> str:
        return self.prefix + "turn:"

    def turn(self, turn_id: str) -> str:
        return self.turn_prefix + keys.escape(turn_id)

    def session(self, session: str) -> str:
        return self.of(keys.SESSION, session=session)

    def window(self, session: str) -> str:
        return self.of(keys.WINDOW, session=session)

    def vectors(self, fingerprint: str) -> str:
        return self.of(keys.TURN_VECTORS, fingerprint=fingerprint)

    def passages(self, fingerprint: str) -> str:
        return self.of(keys.TURN_PASSAGES, fingerprint=fingerprint)

    def stem(self, stem: str) -> str:
        return self._stem + keys.escape(stem)


def index_stems(line: str) -> list[str]:
    """The terms under which a turn is found, codes whole among them: at most 2,000, of at most 64 characters each."""
    plain = unicodedata.normalize("NFC", line)
    said = stems(plain)
    whole = set(codes(plain)).difference(said)
    terms = [*said, *sorted(whole)] if whole else said
    return [term[:MAX_STEM_CHARS] for term in islice(terms, MAX_STEMS)]


@cache
def vectors_field(fingerprint: str) -> str:
    """The hash field of a turn's own vector and its context vector; another embedder has another one."""
    return f"vectors:{hashlib.blake2b(fingerprint.encode(), digest_size=4).hexdigest()}"


@lru_cache(maxsize=4_096)
def session_token(session: str) -> str:
    """A session's name as it stands in vector attributes: hex digits, safe in a filter expression."""
    return hashlib.blake2b(session.encode(), digest_size=8).hexdigest()


def pack(vectors: NDArray[np.float32]) -> list[bytes]:
    """Each of (n, dim) vectors as int8 with its scale before it: dim + 4 bytes; cosines move by less than .005."""
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    scales = np.where(largest > 0, largest / 127, 1.0).astype("<f4")[:, np.newaxis]
    values = np.rint(vectors / scales).astype(np.int8)
    return [row.tobytes() for row in np.concatenate([scales.view(np.int8), values], axis=1)]


def packed_bytes(dim: int) -> int:
    """Length of a packed vector."""
    return dim + _SCALE_BYTES


def unpack(data: bytes, *, dim: int) -> NDArray[np.float32]:
    """Packed vectors, one after the other -> (n, dim) float32."""
    rows = np.frombuffer(data, np.uint8).reshape(-1, packed_bytes(dim))
    scales = rows[:, :_SCALE_BYTES].copy().view(np.float32)
    return np.asarray(rows[:, _SCALE_BYTES:].view(np.int8) * scales, np.float32)
