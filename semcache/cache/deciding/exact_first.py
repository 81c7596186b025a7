"""Whether a question is looked for word by word before it is embedded, or together with the search after it."""

from __future__ import annotations

from semcache.forking import leaf_lock

# Weight of one more lookup in the running means.
_WEIGHT = 1 / 64
_MOST_KNOWN = 10_000


class ExactFirst:
    """Weighs a round trip against an embedding, by what this process has seen in one scope.

    Looking first costs a round trip where nothing is found, and saves an embedding where something is. A question that
    was answered here word by word, or stored after its miss, comes first; the others do if it pays: it is learned how
    many of them are found, and how long a round trip and an embedding take.
    """

    def __init__(self) -> None:
        self._lock = leaf_lock()
        self._known: dict[str, None] = {}
        self._found = 0.5
        self._trip_s = 0.0003
        self._embedding_s = 0.003

    def pays(self, fingerprint: str) -> bool:
        """Whether to look first."""
        return fingerprint in self._known or self._found * self._embedding_s > (1 - self._found) * self._trip_s

    def took(self, *, trip_s: float | None = None, embedding_s: float | None = None) -> None:
        """How long a round trip, or an embedding, took, s."""
        if trip_s is not None:
            self._trip_s += _WEIGHT * (trip_s - self._trip_s)
        if embedding_s is not None:
            self._embedding_s += _WEIGHT * (embedding_s - self._embedding_s)

    def note(self, fingerprint: str, *, found: bool, by_meaning: bool) -> None:
        """What became of a question: found word by word; or by its meaning; or else it is stored, as a rule."""
        with self._lock:
            if fingerprint not in self._known:
                self._found += _WEIGHT * (found - self._found)
            self._known.pop(fingerprint, None)
            if not by_meaning:
                self._known[fingerprint] = None
            if len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]
