"""What has to change in Redis for a document to change: which passages go, stay and come (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from semcache import inputs
from semcache.errors import InvalidInput
from semcache.knowledge.chunk import Chunk, chunks, first_heading
from semcache.knowledge.order import History, Verdict, decide, fingerprint
from semcache.knowledge.types import Change, Delete, Upsert

_MAX_TITLE_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is in Redis: version (negative = deleted, 0 = never seen), its passages' ids and embedder.

    `place`: an encoded `History`, empty where no log has touched the document.
    """

    version: int = 0
    place: str = ""
    chunk_ids: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One change of one document, made for the version and place of `base`; `version` and `place` are those it leaves.

    What is not applied leaves all as it is. `rewrite` keeps the version and renews the vectors.
    """

    change: Change
    base: Stored
    verdict: Verdict
    version: int
    place: str
    fell: bool = False
    chunks: tuple[Chunk, ...] = ()
    added: tuple[Chunk, ...] = ()
    removed: tuple[str, ...] = ()
    old_fingerprint: str = ""
    title: str = ""

    @property
    def applies(self) -> bool:
        return self.verdict is Verdict.APPLIED

    @property
    def texts(self) -> list[str]:
        """The texts whose vectors are needed, as passages: those of the passages that are new."""
        return [chunk.embedded for chunk in self.added]


@dataclass(frozen=True, slots=True)
class Batch:
    """Plans for several changes, in their order."""

    plans: tuple[Plan, ...] = field(default=())

    @property
    def texts(self) -> list[str]:
        """The texts whose vectors `KnowledgeBase.commit` wants, as passages, in order."""
        return [text for plan in self.plans for text in plan.texts]


def plan(change: Change, stored: Stored, embedded_by: str, *, rewrite: bool = False) -> Plan:
    """The plan of a change against what is stored; `embedded_by`: fingerprint of what makes the new vectors."""
    verdict, version, place, fell = _decided(change, stored, rewrite=rewrite)
    if verdict is not Verdict.APPLIED:
        return Plan(change, stored, verdict, stored.version, stored.place)
    title = (change.title or first_heading(change.text)) if isinstance(change, Upsert) else ""
    wanted = chunks(change.document, change.text, title=title) if isinstance(change, Upsert) else []
    same = set(stored.chunk_ids) if stored.fingerprint == embedded_by else set()
    keep = same & {chunk.id for chunk in wanted}
    return Plan(
        change,
        stored,
        verdict,
        version,
        place,
        fell,
        chunks=tuple(wanted),
        added=tuple(chunk for chunk in wanted if chunk.id not in keep),
        removed=tuple(id for id in stored.chunk_ids if id not in keep),
        old_fingerprint=stored.fingerprint or embedded_by,
        title=title,
    )


def _decided(change: Change, stored: Stored, *, rewrite: bool) -> tuple[Verdict, int, str, bool]:
    """The verdict, and the version and encoded history afterwards; and whether the source has begun to count anew."""
    if rewrite:
        return Verdict.APPLIED, stored.version, stored.place, False
    if change.place is None:
        stale = _is_stale(change, stored.version)
        verdict = Verdict.STALE if stale else Verdict.APPLIED
        return verdict, _signed(change, change.version or abs(stored.version) + 1), stored.place, False
    if _is_stale(replace(change, version=None), stored.version) and not change.place.numbers:
        return Verdict.DUPLICATE if stored.version else Verdict.STALE, stored.version, stored.place, False
    decision = decide(History.parse(stored.place), stored.version, change.place, _content(change))
    return (
        decision.verdict,
        _signed(change, _next_version(change, stored.version)),
        decision.history.encoded,
        decision.fell,
    )


def _is_stale(change: Change, known: int) -> bool:
    if change.version is None:
        return isinstance(change, Delete) and known <= 0
    return change.version <= abs(known)


def _next_version(change: Change, known: int) -> int:
    """Versions only grow, for what was made of a document is outdated by a higher one."""
    if isinstance(change, Delete) and change.place and not change.place.numbers:
        return abs(known)
    return max(abs(known) + 1, change.version or 0)


def _signed(change: Change, version: int) -> int:
    return -version if isinstance(change, Delete) else version


def _content(change: Change) -> str:
    if isinstance(change, Delete):
        return fingerprint("deleted")
    return fingerprint(change.text, change.title or "", encoded_metadata(change.metadata))


def checked(change: Change, *, max_text_bytes: int) -> Change:
    """The change.

    Raises:
        InvalidInput: an id, a version, a text, a title or metadata that cannot be stored; the message says which.
    """
    check_id(change.document)
    if change.version is not None:
        inputs.count(f"the version of {change.document!r}", change.version)
    if isinstance(change, Upsert):
        _check_text(change, max_text_bytes)
        encoded_metadata(change.metadata)
        if change.at is not None:
            inputs.number(f"the time of {change.document!r}", change.at, what="seconds since the epoch")
    return change


def encoded_metadata(metadata: Mapping[str, Any] | None) -> str:
    """The metadata as JSON with sorted keys; raises InvalidInput if JSON cannot hold it."""
    return inputs.json_object("the metadata", metadata, sort_keys=True)


def check_id(document: object) -> None:
    """Raises InvalidInput if this is no document id."""
    inputs.check_text("the document id", document, most_chars=inputs.MAX_ID_CHARS)


def _check_text(upsert: Upsert, max_text_bytes: int) -> None:
    name = repr(upsert.document)
    if not isinstance(upsert.text, str) or not upsert.text.strip():
        raise InvalidInput(f"document {name} has no text: delete it if it is gone")
    inputs.utf8_size(f"the text of {name}", upsert.text, most=max_text_bytes, advice="split it")
    if upsert.title:
        inputs.check_text(f"the title of {name}", upsert.title, most_chars=_MAX_TITLE_CHARS)
