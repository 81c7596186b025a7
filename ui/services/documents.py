"""Documents as people see and change them, and which cached answers a change outdates."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semcache.app import App
from semcache.cache.entries import Entries
from semcache.cache.scopes.invalidation import invalidate_source
from semcache.errors import InvalidInput
from semcache.knowledge import Document, Found
from semcache_ui.services.kafka import events


@dataclass(frozen=True, slots=True)
class Dependant:
    """A cached answer that was built from a document."""

    entry_id: str
    prompt: str
    version: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A change under way: the version it will become, and the answers that were built from the one before."""

    document: str
    title: str
    version: int
    dependants: tuple[Dependant, ...]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class EditState:
    """How far a change has come."""

    applied: bool
    gone: tuple[Dependant, ...]
    left: tuple[Dependant, ...]

    @property
    def done(self) -> bool:
        return self.applied and not self.left


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of one installation. `publish` takes events, or is None: then they take effect at once."""

    app: App
    publish: Callable[[dict[str, Any]], None] | None = None

    def all(self) -> list[Document]:
        """Every document, without its text, by title."""
        return sorted(self.app.knowledge.documents(), key=lambda d: d.title.casefold())

    def like(self, wanted: str) -> list[Document]:
        """The documents whose title or id contains a text, whatever its case."""
        wanted = wanted.strip().casefold()
        return [d for d in self.all() if wanted in d.title.casefold() or wanted in d.document.casefold()]

    def search(self, query: str, *, k: int = 8) -> list[Found]:
        """The passages nearest to a question, best first; none for an empty one."""
        return self.app.knowledge.search(query, k=k) if query.strip() else []

    def get(self, document: str) -> Document | None:
        return self.app.knowledge.get(document)

    def has_owner(self, document: str) -> bool:
        """Whether another system numbers this document: an edit here holds until that sends its next version."""
        return bool(self.app.knowledge.numbered_by(document))

    def dependants(self, document: str) -> tuple[Dependant, ...]:
        """The shared answers that were built from a document, the most used first."""
        entries = Entries(self.app.redis, self.app.engine.cache().scope.id)
        found = sorted(entries.read(entries.by_source(document)), key=lambda entry: -entry.hits)
        return tuple(Dependant(e.entry_id, e.prompt, e.sources.get(document, 0)) for e in found)

    def add(self, *, title: str, text: str) -> Edit:
        """Publishes a new document under an id made of its title, one that no document ever had."""
        stem = re.sub(r"[^\w]+", "-", title.strip().casefold()).strip("-") or "document"
        ids = [stem, *(f"{stem}-{number}" for number in range(2, 1000))]
        known = self.app.knowledge.versions(ids)
        return self.save(next(id for id in ids if id not in known), title=title.strip(), text=text)

    def save(self, document: str, *, title: str, text: str) -> Edit:
        """Publishes a document's next text, or its first. It takes no number of the owner's: see `has_owner`.

        Raises:
            InvalidInput: the text is empty, or is what is stored already.
            KafkaUnavailable, RedisUnavailable: nothing has changed.
        """
        if not text.strip():
            raise InvalidInput("The document is empty: write something, or delete it")
        before = self.app.knowledge.get(document)
        if before is not None and (before.text, before.title) == (text, title):
            raise InvalidInput("Nothing has changed")
        edit = self._edit(document, title)
        if self.publish is not None:
            self.publish(events.document_upserted(self.app.settings.namespace, document, title=title, text=text))
        else:
            self.app.knowledge.upsert(document, text, title=title)
            self._invalidate(document)
        return edit

    def delete(self, document: str) -> Edit:
        """Publishes that a document is gone."""
        edit = self._edit(document, document, deleted=True)
        if self.publish is not None:
            self.publish(events.document_deleted(self.app.settings.namespace, document))
        else:
            self.app.knowledge.delete(document)
            self._invalidate(document)
        return edit

    def state(self, edit: Edit) -> EditState:
        """How far a change has come; cheap enough to be asked twice a second."""
        now = self.app.knowledge.versions([edit.document]).get(edit.document, 0)
        alive = {d.entry_id for d in self.dependants(edit.document) if d.version < edit.version}
        return EditState(
            applied=now < 0 if edit.deleted else abs(now) >= edit.version,
            gone=tuple(d for d in edit.dependants if d.entry_id not in alive),
            left=tuple(d for d in edit.dependants if d.entry_id in alive),
        )

    def _edit(self, document: str, title: str, *, deleted: bool = False) -> Edit:
        now = self.app.knowledge.versions([document]).get(document, 0)
        return Edit(document, title, abs(now) + 1, self.dependants(document), deleted)

    def _invalidate(self, document: str) -> None:
        invalidate_source(self.app.redis, self.app.settings.namespace, document)
