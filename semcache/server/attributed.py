"""A cache whose answers have attributes, by which they are found and removed: as LangCache's API has them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from semcache.cache import inputs
from semcache.cache.entries.stats import INVALIDATED
from semcache.cache.inputs import Question
from semcache.cache.semantic import SemanticCache
from semcache.cache.types import Entry, Hit
from semcache.text import verbatim


@dataclass(frozen=True, slots=True)
class NearAnswer:
    """A stored answer near a prompt; `similarity` is cosine, -1..1."""

    entry: Entry
    similarity: float
    same: bool

    @property
    def attributes(self) -> Mapping[str, str]:
        """What it was stored with."""
        found = self.entry.metadata.get("attributes")
        return found if isinstance(found, dict) else {}


class AttributedCache(SemanticCache):
    """Attributes are filters, not walls: a search finds what has all of the given ones, and perhaps more.

    One prompt with other attributes is another entry. Raises as SemanticCache.
    """

    def put(self, prompt: str, response: str, attributes: Mapping[str, str], *, ttl: float | None = None) -> str:
        """Stores an answer in place of the one to the same prompt with the same attributes; its entry id."""
        tags = _tags(attributes)
        question = inputs.question(prompt)
        options = inputs.store_options(None, tags=tags, ttl=ttl)
        options = replace(options, metadata={"attributes": dict(attributes)})
        inputs.checked_response(response)
        own = hashlib.blake2b(json.dumps(tags).encode(), digest_size=16).hexdigest()
        question = replace(question, fingerprint=f"{question.fingerprint}.{own}") if tags else question
        return self._parts.storing.keep(question, response, options) or ""

    def nearest(self, prompt: str, attributes: Mapping[str, str], *, most: int) -> list[NearAnswer]:
        """The answers nearest to a prompt that have the attributes, best first; nothing is counted or changed."""
        question = inputs.question(prompt, tags=_tags(attributes))
        found = self._parts.lookup.nearest(question)
        same = verbatim(question.prompt)
        entries = {entry.entry_id: entry for entry in self._parts.entries.read([near.entry_id for near in found])}
        answers = [
            NearAnswer(entries[near.entry_id], near.similarity, verbatim(near.prompt) == same)
            for near in found
            if near.entry_id in entries
        ]
        return sorted(answers, key=lambda each: (not each.same, -each.similarity))[:most]

    def within_budget(self, prompt: str, attributes: Mapping[str, str]) -> Hit | None:
        """What `lookup` serves for the prompt."""
        question: Question = inputs.question(prompt, tags=_tags(attributes))
        found = self._parts.lookup.look_up(question)
        return found if isinstance(found, Hit) else None

    def remove(self, attributes: Mapping[str, str]) -> int:
        """Removes the answers that have all of the attributes; returns how many."""
        sets = [set(self._parts.entries.by_tag(tag)) for tag in _tags(attributes)]
        return self._parts.entries.remove(sorted(set.intersection(*sets)), counter=INVALIDATED) if sets else 0


def _tags(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """A tag for each attribute, of bounded length."""
    digests = (hashlib.sha256(json.dumps(pair).encode()).hexdigest()[:32] for pair in attributes.items())
    return tuple(sorted(digests))
