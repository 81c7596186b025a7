"""The records of the knowledge base: documents, what a search finds, and what a change did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from semcache.knowledge.order import Place, Verdict


@dataclass(frozen=True, slots=True)
class Upsert:
    """A document to be written. `version` None: one more than the current; `at`: seconds since the epoch, None: now.

    `place`: where the change stands in the log that it comes from, which then decides whether it is the newest.
    """

    document: str
    text: str
    title: str | None = None
    version: int | None = None
    metadata: Mapping[str, Any] | None = None
    at: float | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """A document to be removed. `version` None: one more than the current; `place`: as that of `Upsert`.

    A delete of which only the place in the log is known leaves the version as it is: whoever numbers the document can
    go on counting.
    """

    document: str
    version: int | None = None
    place: Place | None = None


Change = Upsert | Delete


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did; true if it was applied, false if the document was already at that version or a newer one.

    `verdict` says why it was not, `fell` that its source has begun to count anew. `version` is the document's version
    now: negative = deleted at it, 0 = never seen. `embedded`, `kept` and `removed` count passages.
    """

    document: str
    applied: bool
    version: int
    embedded: int = 0
    kept: int = 0
    removed: int = 0
    verdict: Verdict = Verdict.APPLIED
    fell: bool = False

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
