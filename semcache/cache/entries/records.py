"""The layout of an entry's hash: its fields, and the records they are read into and written from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from semcache.cache.budget import Sums
from semcache.cache.inputs import Question
from semcache.cache.types import Entry
from semcache.store.vectors import cosine

ENTRY_FIELDS = (
    "prompt", "response", "created", "expires", "sources", "tags", "hits", "metadata", "cost", "format",
    "tokens", "compute_s", "confirmed", "rejected", "doubts", "verified",
)  # fmt: skip
# What a field that is not there stands for; any other for an empty text.
_DEFAULTS = {"sources": "{}", "tags": "[]", "indexes": "[]", "metadata": "{}", "format": "text"}
ANSWER_FIELDS = ("response", "format", "tokens", "cost", "compute_s", "metadata")


@dataclass(frozen=True, slots=True)
class NearEntry:
    """A stored entry near a question, without its answer.

    `record`: (agreed, labels) of its answer group. `gone`: its hash is lost, only the vector is left.
    """

    entry_id: str
    similarity: float
    prompt: str = ""
    created_at: float = 0.0
    expires_at: float = 0.0
    sources: dict[str, int] | None = None
    tags: tuple[str, ...] = ()
    context: str = ""
    group: str = ""
    record: tuple[float, float] = (0.0, 0.0)
    rejected: bool = False
    gone: bool = False

    @property
    def own_group(self) -> str:
        """Its answer group; one that has not joined another is a group of its own."""
        return self.group or self.entry_id

    def expired(self, now: float) -> bool:
        return self.gone or 0 < self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scope's learning is: version of its model (0 = none), and those of its sums that decide a lookup.

    `repeats`: how often the question that was looked up got another question's answer.
    """

    version: int = 0
    sums: Sums = field(default_factory=Sums)
    repeats: int = 0

    @classmethod
    def of(cls, known: Sequence[Any]) -> Progress:
        """From the first element of a reply of cache_search.lua."""
        version, labels, would_serve, repeats, wrong, checks, novelty, sure = known
        sums = Sums(
            labels=float(labels),
            would_serve=float(would_serve),
            strict_wrong=float(wrong),
            strict_checks=float(checks),
            novelty=float(novelty),
            sure=float(sure),
        )
        return cls(int(version), sums, int(repeats))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A user's verdict, taken down. `news`: it is to be learned; `last`: row of the decision that served the entry
    last, empty if that was judged already; `record`: (agreed, labels) of its group.
    """

    news: bool
    last: bytes
    group: str
    record: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What people have said against an answer. `own`: the one who asks has rejected it; `open`: it waits for a second
    opinion, which the caller has to get.
    """

    own: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What an entry holds for the one it is served to: the answer, and what making it again would cost."""

    response: str
    response_format: str
    tokens: int
    cost: float
    compute_s: float
    metadata: dict[str, object]

    @classmethod
    def of(cls, row: Sequence[bytes | None]) -> StoredAnswer:
        """From the values of ANSWER_FIELDS."""
        response, response_format, tokens, cost, compute_s, metadata = row
        return cls(
            response=response.decode() if response else "",
            response_format=response_format.decode() if response_format else "text",
            tokens=int(tokens or 0),
            cost=float(cost or 0),
            compute_s=float(compute_s or 0),
            metadata=json.loads(metadata) if metadata else {},
        )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The entries near a question, best first, and `exact`: that of the very same question; servable or not.

    `answers` that were sent with the entries, by id: one that is too long is not. `group_size`: entries in the answer
    group of the very same question; None if that was not asked. `now`: when they were found, s, by Redis' clock.
    `changed`: documents they were built from, at least those that have another version now, with it; negative: deleted.
    """

    near: tuple[NearEntry, ...]
    exact: NearEntry | None
    group_size: int | None
    progress: Progress
    answers: Mapping[str, StoredAnswer]
    now: float
    changed: Mapping[str, int]

    @property
    def entries(self) -> tuple[NearEntry, ...]:
        """All that was found."""
        return self.near if self.exact is None else (self.exact, *self.near)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What goes into an entry. `ttl_s` None means never; times are seconds.

    `vector` is a blob of float32, empty if the entry is to be found by the very same text only.
    """

    entry_id: str
    question: Question
    response: str
    vector: bytes
    sources: dict[str, int]
    tags: tuple[str, ...]
    ttl_s: float | None
    metadata: str
    tokens: int
    cost: float | None
    compute_s: float | None
    response_format: str


def near_of(row: Sequence[Any]) -> NearEntry:
    """A row of `_cache_near.lua`: texts, or False or None for what is not there. What cannot be read counts as gone."""
    id, score, expires, rejected, context, tags, prompt, created, sources, group, agreed, labels = row
    similarity = cosine(float(score))
    if not prompt:
        return NearEntry(id, similarity, gone=True)
    try:
        return NearEntry(
            entry_id=id,
            similarity=similarity,
            prompt=prompt,
            created_at=float(created),
            expires_at=float(expires),
            sources=json.loads(sources) if sources else {},
            tags=tuple(json.loads(tags)) if tags else (),
            context=context or "",
            group=group or "",
            record=(float(agreed), float(labels)),
            rejected=(rejected or "0") != "0",
        )
    except (TypeError, ValueError):
        return NearEntry(id, similarity, gone=True)


def stored_under(id: str, row: Sequence[bytes | None]) -> NearEntry:
    """The entry of the very same question, from the row of `cache_exact.lua`; without the record of its group."""
    return near_of((id, 1, *[None if field is None else field.decode() for field in row[:8]], 0, 0))


def to_hash(entry: NewEntry, *, indexes: list[str]) -> dict[str, str | int]:
    """All fields but the times, `created` and `expires`, which Redis sets by its own clock, and but the defaults.

    A field takes some 65 bytes whatever its value: `_DEFAULTS` and counts of 0 are not written.
    """
    fields: dict[str, str | int] = {
        "prompt": entry.question.prompt,
        "response": entry.response,
        "asked": entry.question.fingerprint,
        "context": entry.question.context,
        "ttl": repr(entry.ttl_s or 0),
        "sources": json.dumps(entry.sources),
        "tags": json.dumps(entry.tags),
        "indexes": json.dumps(indexes),
        "metadata": entry.metadata,
        "tokens": entry.tokens,
        "cost": "" if entry.cost is None else repr(entry.cost),
        "compute_s": "" if entry.compute_s is None else repr(entry.compute_s),
        "format": entry.response_format,
        "verbatim": "" if entry.vector else 1,
    }
    return {name: value for name, value in fields.items() if value != _DEFAULTS.get(name, "")}


def from_hash(id: str, row: Sequence[bytes | None]) -> Entry:
    """From the values of ENTRY_FIELDS."""
    found = {name: value.decode() for name, value in zip(ENTRY_FIELDS, row, strict=True) if value is not None}
    known = {**_DEFAULTS, **found}
    return Entry(
        entry_id=id,
        prompt=known["prompt"],
        response=known.get("response", ""),
        created_at=float(known["created"]),
        expires_at=float(known["expires"]),
        sources=json.loads(known["sources"]),
        tags=tuple(json.loads(known["tags"])),
        hits=int(known.get("hits", 0)),
        metadata=json.loads(known["metadata"]),
        cost=float(known["cost"]) if known.get("cost") else None,
        response_format=known["format"],
        tokens=int(known.get("tokens") or 0),
        compute_s=float(known.get("compute_s") or 0),
        confirmed=int(known.get("confirmed", 0)),
        rejected=max(int(known.get("rejected", 0)), int(known.get("doubts", 0))),
        withdrawn=known.get("rejected", "0") != "0",
        verified_at=float(known.get("verified") or known["created"]),
    )
