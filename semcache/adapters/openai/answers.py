"""Stored answers to requests of the OpenAI API: which may be served, and which are kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cachetools import LRUCache

from semcache.adapters.openai.formats import has_form
from semcache.adapters.openai.turns import Turn, Turns
from semcache.cache import Hit, Miss, SemanticCache, StoreOptions
from semcache.llm.requests import (
    Endpoint,
    Exact,
    Never,
    Semantic,
    context_of,
    continuing,
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
from semcache.questions import remembered
from semcache.store.verbatim import MARKED_S

Body = Mapping[str, Any]
Validate = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, with what it goes on from, the rule for it, and what a lookup found out."""

    body: Body
    endpoint: Endpoint
    verdict: Semantic | Exact | Never
    owner: str
    miss: Miss | None = None

    @property
    def looked_up(self) -> bool:
        """Whether a stored answer may be served for it."""
        own = self.endpoint == "responses" and self.stored and self.owner  # others must not find it by its id
        return not isinstance(self.verdict, Never) and self.verdict.served and not own

    @property
    def stored(self) -> bool:
        """Whether a later request may go on from the answer by its id."""
        return self.endpoint == "responses" and self.body.get("store", True) is not False


class StoredAnswers:
    """What one cache holds of the answers of one endpoint (`upstream`, its URL)."""

    def __init__(
        self, cache: SemanticCache, *, upstream: str, validate: Validate | None, owner: str, wait_s: float
    ) -> None:
        self._cache = cache
        self._upstream = upstream
        self._validate = validate
        self._owner = owner
        self._verbatim = cache.verbatim("openai")
        self._turns = Turns(self._verbatim.lease, wait_s=wait_s)
        self._inner: LRUCache[str, SemanticCache] = LRUCache(256)
        self._class_of = remembered(lambda: cache.embedder)

    def ask(self, body: Body, endpoint: Endpoint) -> Asked:
        """The rule for a request; one that goes on from a response of ours gets its items in place of the id."""
        if endpoint == "responses" and continuing.is_ours(body):
            before = self._verbatim.response(str(body["previous_response_id"]))
            body = continuing.expanded(dict(body), before) if before is not None else body
        verdict = may_serve(
            body,
            endpoint=endpoint,
            owner=self._owner,
            classes=self._class_of,
            expands_ids=True,
        )
        return Asked(body, endpoint, verdict, (self._owner or str(body.get("user") or "")) if verdict.personal else "")

    def find(self, asked: Asked) -> tuple[bytes | None, Asked, Turn | None]:
        """The stored answer as the service would send it; else what `keep` wants to know, and the turn to ask.

        Of those who ask the same at once, in whichever process, the others wait here for the answer of the first.
        """
        if not asked.looked_up:
            return None, asked, None
        began = time.monotonic()
        found, looked = self._found(asked)
        if found is not None:
            return found, looked, None
        turn = self._turns.take(self._digest(asked))
        # Somebody may have stored it between the lookup and the turn: then it is known that somebody has asked.
        alone = turn is not None and turn.first and time.monotonic() - began < MARKED_S / 2
        if turn is None or (not alone and self._is_there(asked)):
            found, looked = self._found(asked)
        if found is not None and turn is not None:
            turn.end()
        return found, looked, turn

    def served(self, id: str) -> Body | None:
        """A response that was served here, by its id."""
        kept = self._verbatim.response(id)
        return kept["body"] if kept else None

    def drop(self, id: str) -> bool:
        """Forgets a response that was served here."""
        return self._verbatim.drop_response(id)

    def keep(self, asked: Asked, answer: Body) -> None:
        """Stores a whole answer, if it may serve others."""
        if isinstance(asked.verdict, Never) or may_keep(answer) or not self._valid(asked, _texts_of(answer)):
            return
        model = str(answer.get("model") or asked.body.get("model", ""))
        if isinstance(asked.verdict, Exact):
            content = answer.get("choices" if asked.endpoint == "chat" else "output")
            self._verbatim.put(self._digest(asked), {"model": model, "content": content})
            return
        usage = answer.get("usage") or {}
        options = StoreOptions(metadata={"model": model}, tokens=usage.get("total_tokens"))
        question, context = question_of(asked.body), context_of(asked.body)
        text = "".join(_texts_of(answer))
        self._of(asked).store(question, text, context=context, options=options, miss=asked.miss)

    def _is_there(self, asked: Asked) -> bool:
        """Whether there is an answer to the very same question, as far as can be told without a model."""
        if isinstance(asked.verdict, Exact):
            return True
        return self._of(asked).get(question_of(asked.body), context=context_of(asked.body)) is not None

    def _found(self, asked: Asked) -> tuple[bytes | None, Asked]:
        return self._verbatim_answer(asked) if isinstance(asked.verdict, Exact) else self._near_answer(asked)

    def _verbatim_answer(self, asked: Asked) -> tuple[bytes | None, Asked]:
        [kept] = self._verbatim.get([self._digest(asked)])
        if kept is None or not self._valid(asked, _texts_of({_ANSWERS[asked.endpoint]: kept["content"]})):
            return None, asked
        return self._sent(asked, kept, {"kind": "exact"}), asked

    def _near_answer(self, asked: Asked) -> tuple[bytes | None, Asked]:
        found = self._of(asked).lookup(question_of(asked.body), context=context_of(asked.body))
        if isinstance(found, Miss):
            return None, replace(asked, miss=found)
        if not self._valid(asked, [text := found.response]):
            return None, replace(asked, miss=None)
        content = [chat_choice(text) if asked.endpoint == "chat" else message_item(text)]
        return self._sent(asked, {"model": found.metadata.get("model"), "content": content}, _told(found)), asked

    def _valid(self, asked: Asked, texts: Iterable[str]) -> bool:
        """Whether texts have the form that was asked for, and the validation takes them: it returns anything but
        False, and raises no ValueError."""
        try:
            return all(has_form(text, asked.body) and self._takes(text) for text in texts)
        except ValueError:
            return False

    def _takes(self, text: str) -> bool:
        return self._validate is None or self._validate(text) is not False

    def _sent(self, asked: Asked, kept: Body, said: Body) -> bytes:
        model, body = str(kept.get("model") or asked.body.get("model", "")), asked.body
        told = {"_semcache": said}
        if asked.endpoint == "chat":
            if body.get("stream"):
                return b"".join(chat_stream(model, kept["content"], body, told=told))
            return json.dumps({**chat_body(model, kept["content"]), **told}).encode()
        response = {**response_body(model, kept["content"], body), **told}
        if asked.stored:
            self._verbatim.keep_response(response["id"], continuing.kept(dict(body), response))
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


_ANSWERS: Mapping[Endpoint, str] = {"chat": "choices", "responses": "output"}


def _told(hit: Hit) -> dict[str, Any]:
    return {
        "kind": "exact" if hit.exact else "semantic",
        "entry_id": hit.entry_id,
        "similarity": hit.similarity,
        "confidence": hit.confidence,
        "age_s": hit.age_s,
        "tokens_saved": hit.tokens_saved,
    }


def _texts_of(answer: Body) -> list[str]:
    """What each choice of an answer says; a response says one thing."""
    if "choices" in answer:
        return [str(choice["message"]["content"]) for choice in answer["choices"]]
    parts = [part for item in answer["output"] if item.get("type") == "message" for part in item["content"]]
    return ["".join(str(part.get("text", "")) for part in parts)]
