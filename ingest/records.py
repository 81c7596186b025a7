"""One record of the log, independent of the Kafka client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """What Kafka holds at one position. `timestamp_ms`: creation time in milliseconds since the epoch, 0 if unknown."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_ms: int = 0

    @property
    def position(self) -> str:
        """`topic:partition:offset`: the record's identity, the same at every replay of the same log."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def size(self) -> int:
        return len(self.key or b"") + len(self.value or b"")

    def header(self, name: str) -> str | None:
        """The last header of that name as text, or None."""
        found = self.header_bytes(name)
        return None if found is None else found.decode("utf-8", "replace")

    def header_bytes(self, name: str) -> bytes | None:
        """The last header of that name, or None."""
        return next((value for key, value in reversed(self.headers) if key == name), None)
