"""Stored answers to requests of the OpenAI API: which may be served, and which are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from semcache.cache import Hit, Miss, SemanticCache, StoreOptions
from semcache.llm.requests import (
    Endpoint,
    Exact,
    Never,
    Semantic,
    context_of,
    digest_of,
    may_keep,
    may_serve,
    question_of,
    scope_of,
)
from semcache.llm.requests.replay import (
    chat_body,
    chat_choice,
    chat_stream,
    message_item,
    response_body,
    response_stream,
)
from semcache.questions import classify

Body = Mapping[str, Any]
Validate = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, the rule for it, and what a lookup found out."""

    body: Body
    endpoint: Endpoint
    verdict: Semantic | Exact | Never
    owner: str
    miss: Miss | None = None


class StoredAnswers:
    """What one cache holds of the answers of one endpoint (`upstream`, its URL)."""

    def __init__(self, cache: SemanticCache, *, upstream: str, validate: Validate | None, owner: str) -> None:
        self._cache = cache
        self._upstream = upstream
        self._validate = validate
        self._owner = owner
        self._verbatim = cache.verbatim("openai")
        self._inner: LRUCache[str, SemanticCache] = LRUCache(256)

    def ask(self, body: Body, endpoint: Endpoint) -> Asked:
        """The rule for a request."""
        verdict = may_serve(
            body,
            endpoint=endpoint,
            owner=self._owner,
            classes=lambda text: classify(text, embedder=self._cache.embedder),
        )
        return Asked(body, endpoint, verdict, (self._owner or str(body.get("user") or "")) if verdict.personal else "")

    def find(self, asked: Asked) -> tuple[bytes | None, Asked]:
        """The stored answer as the service would send it, or None and what `keep` wants to know."""
        if isinstance(asked.verdict, Never) or not asked.verdict.served:
            return None, asked
        if isinstance(asked.verdict, Exact):
            [kept] = self._verbatim.get([self._digest(asked)])
            return (self._sent(asked, kept, {"kind": "exact"}) if kept else None), asked
        found = self._of(asked).lookup(question_of(asked.body), context=context_of(asked.body))
        if isinstance(found, Hit) and self._valid(found.response):
            said = {
                "kind": "exact" if found.exact else "semantic",
                "entry_id": found.entry_id,
                "similarity": found.similarity,
                "confidence": found.confidence,
                "age_s": found.age_s,
                "tokens_saved": found.tokens_saved,
            }
            text = found.response
            content = [chat_choice(text) if asked.endpoint == "chat" else message_item(text)]
            return self._sent(asked, {"model": found.metadata.get("model"), "content": content}, said), asked
        return None, Asked(
            asked.body, asked.endpoint, asked.verdict, asked.owner, found if isinstance(found, Miss) else None
        )

    def keep(self, asked: Asked, answer: Body) -> None:
        """Stores a whole answer, if it may serve others."""
        if isinstance(asked.verdict, Never) or may_keep(answer):
            return
        model = str(answer.get("model") or asked.body.get("model", ""))
        content = answer.get("choices" if asked.endpoint == "chat" else "output")
        if isinstance(asked.verdict, Exact):
            self._verbatim.put(self._digest(asked), {"model": model, "content": content})
        elif self._valid(text := _text_of(answer)):
            usage = answer.get("usage") or {}
            options = StoreOptions(metadata={"model": model}, tokens=usage.get("total_tokens"))
            question, context = question_of(asked.body), context_of(asked.body)
            self._of(asked).store(question, text, context=context, options=options, miss=asked.miss)

    def _valid(self, text: str) -> bool:
        """Whether the validation takes an answer: it returns anything but False, and raises no ValueError."""
        try:
            return self._validate is None or self._validate(text) is not False
        except ValueError:
            return False

    def _sent(self, asked: Asked, kept: Body, said: Body) -> bytes:
        model, body = str(kept.get("model") or asked.body.get("model", "")), asked.body
        if asked.endpoint == "chat":
            if body.get("stream"):
                return b"".join(chat_stream(model, kept["content"], body))
            return json.dumps({**chat_body(model, kept["content"]), "_semcache": said}).encode()
        response = {**response_body(model, kept["content"], body), "_semcache": said}
        return b"".join(response_stream(response)) if body.get("stream") else json.dumps(response).encode()

    def _of(self, asked: Asked) -> SemanticCache:
        walls = {**scope_of(asked.body, owner=asked.owner), "api": asked.endpoint, "upstream": self._upstream}
        walls = {**walls, "user": asked.owner} if asked.owner else walls
        name = json.dumps(walls, sort_keys=True)
        if (known := self._inner.get(name)) is None:
            known = self._inner[name] = self._cache.within(walls)
        return known

    def _digest(self, asked: Asked) -> str:
        apart = [asked.endpoint, self._upstream, asked.owner, self._cache.scope.id]
        return digest_of(asked.body, owner=repr(apart))


def _text_of(answer: Body) -> str:
    if "choices" in answer:
        return str(answer["choices"][0]["message"]["content"])
    parts = [part for item in answer["output"] if item.get("type") == "message" for part in item["content"]]
    return "".join(str(part.get("text", "")) for part in parts)
