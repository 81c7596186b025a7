"""The records of the knowledge base: documents, what a search finds, and what a change did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Upsert:
    """A document to be written. `version` None: one more than the current; `at`: seconds since the epoch, None: now."""

    document: str
    text: str
    title: str | None = None
    version: int | None = None
    metadata: Mapping[str, Any] | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """A document to be removed. `version` None: one more than the current; with `keep_version`, the current one."""

    document: str
    version: int | None = None
    keep_version: bool = False


Change = Upsert | Delete


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did; true if it was applied, false if the document was already at that version or a newer one.

    `version` is the document's version now: negative = deleted at it, 0 = never seen. `embedded`, `kept` and
    `removed` count passages.
    """

    document: str
    applied: bool
    version: int
    embedded: int = 0
    kept: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return self.applied


@dataclass(frozen=True, slots=True)
class Found:
    """A passage near the query. `parts` are what `score` is made of: "cosine" and "bm25"."""

    document: str
    title: str
    chunk_id: str
    text: str
    score: float
    version: int
    context: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document; `title` is its id if it has none, `at` seconds since the epoch, `chunks` counts passages."""

    document: str
    title: str
    version: int
    at: float
    chunks: int
    words: int
    metadata: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    """None in a list of documents."""
