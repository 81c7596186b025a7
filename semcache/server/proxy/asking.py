"""One request for an answer: what of it may be served, looking it up, and storing what the upstream answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from semcache.cache import Hit, Miss, SemanticCache, StoreOptions
from semcache.cache.scopes.erasure import OWNER, TENANT, names_of
from semcache.errors import InvalidInput
from semcache.llm.requests import (
    Endpoint,
    Exact,
    Never,
    Semantic,
    context_of,
    digest_of,
    may_keep,
    may_serve,
    owner_of,
    question_of,
    scope_of,
)
from semcache.server.backend import Backend
from semcache.server.identity import Identity
from semcache.server.proxy.directives import Directives
from semcache.store.verbatim import VerbatimAnswers
from semcache.telemetry import looking_up, storing

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServedAnswer:
    """What is served in place of the upstream's answer. `content`: choices of a chat, or items of a response."""

    kind: str
    model: str
    content: list[Body]
    tokens_saved: int
    reason: str
    hit: Hit | None = None


class Asking:
    """One request to one endpoint. Its methods ask Redis and models: they belong in a thread."""

    def __init__(
        self,
        backend: Backend,
        endpoint: Endpoint,
        body: Body,
        *,
        identity: Identity,
        directives: Directives,
        upstream: str,
    ) -> None:
        self._backend = backend
        self.endpoint = endpoint
        self._body = body
        self._identity = identity
        self._directives = directives
        self._upstream = upstream
        self._miss: Miss | None = None
        self.reason = ""
        self._verdict: Semantic | Exact | Never = Never("not asked")

    def find(self) -> ServedAnswer | None:
        """The stored answer that may be served, or None; `reason` says why in either case."""
        self._verdict = self._judged()
        self.reason = self._verdict.reason
        if isinstance(self._verdict, Never) or not self._directives.look_up or not self._verdict.served:
            return None
        with looking_up("CHAIN" if self._backend.settings.otel.openinference else "") as note:
            found = self._verbatim_answer() if isinstance(self._verdict, Exact) else self._near_answer()
            if found is None:
                note("miss", reason=str(self._miss.reason) if self._miss else "unknown")
            elif found.hit is None:
                note("hit", kind=found.kind)
            else:
                hit = found.hit
                near = {"similarity": hit.similarity, "confidence": hit.confidence, "entry__id": hit.entry_id}
                note("hit", kind=found.kind, **near)
            return found

    @property
    def keeps(self) -> bool:
        """Whether the upstream's answer is to be stored."""
        return self._directives.keep and not isinstance(self._verdict, Never)

    def keep(self, answer: Body) -> None:
        """Stores the upstream's answer, if it is whole and worth it."""
        exact = isinstance(self._verdict, Exact)
        tool_answers = exact and self._backend.settings.server.tool_answers == "exact"
        if may_keep(answer, tool_answers=tool_answers):
            return
        with storing():
            if exact:
                self._keep_verbatim(answer)
            else:
                self._keep_near(answer)

    @property
    def users(self) -> frozenset[str]:
        """Whose conversation this is: the names under which it may be erased."""
        named = names_of(self._identity.tenant, self._owner) if self._owner else ()
        return frozenset((*named, self._identity.user))

    # -- whom it may be served

    def _judged(self) -> Semantic | Exact | Never:
        verdict = may_serve(
            self._body,
            endpoint=self.endpoint,
            classes=self._backend.class_of,
            owner=self._owner,
            expands_ids=True,
        )
        if isinstance(verdict, Exact) and verdict.personal:
            return Never("about its asker, and served verbatim only: what an erasure could not find is not kept")
        return verdict

    @property
    def _owner(self) -> str:
        user = self._identity.user
        return owner_of(self._body) or (user if user != self._identity.tenant else "")

    @property
    def _walled_owner(self) -> str:
        apart = self._backend.settings.server.end_user_scope or self._verdict.personal
        return self._owner if apart else ""

    @property
    def _walls(self) -> dict[str, str]:
        owner = self._walled_owner
        own = {TENANT: self._identity.tenant, "api": self.endpoint, "upstream": self._upstream}
        walls = {**self._directives.walls, **scope_of(self._body, owner=owner), **own}
        return {**walls, OWNER: owner} if owner else walls

    # -- the very same request

    @property
    def _answers(self) -> VerbatimAnswers:
        return self._backend.verbatim(self._identity.tenant)

    @property
    def _digest(self) -> str:
        apart = [self.endpoint, self._upstream, self._walled_owner, sorted(self._directives.walls.items())]
        return digest_of(self._body, owner=repr(apart))

    def _verbatim_answer(self) -> ServedAnswer | None:
        [found] = self._answers.get([self._digest])
        if found is None:
            return None
        reason = "the same request, verbatim"
        return ServedAnswer("exact", found["model"], found["content"], found["tokens"], reason)

    def _keep_verbatim(self, answer: Body) -> None:
        content = answer.get("choices" if self.endpoint == "chat" else "output")
        kept = {"model": _model_of(answer, self._body), "content": content, "tokens": tokens_of(answer)}
        owner = self._walled_owner
        users = names_of(self._identity.tenant, owner) if owner else ()
        self._answers.put(self._digest, kept, ttl_s=self._directives.ttl_s, users=users)

    # -- the same question

    @property
    def _cache(self) -> SemanticCache:
        app, allowed = self._backend.app, self._directives.max_error_rate
        smaller = allowed is not None and allowed < app.settings.cache.max_error_rate
        return app.cache(scope=self._walls, max_error_rate=allowed if smaller else None)

    def _near_answer(self) -> ServedAnswer | None:
        tags = self._directives.tags
        found = self._cache.lookup(question_of(self._body), context=context_of(self._body), tags=tags or None)
        if isinstance(found, Miss):
            self._miss, self.reason = found, found.detail or str(found.reason)
            return None
        metadata = found.metadata
        content = metadata.get("content")
        self.reason = found.detail
        return ServedAnswer(
            "exact" if found.exact else "semantic",
            str(metadata.get("model", self._body.get("model", ""))),
            content if isinstance(content, list) else [],
            found.tokens_saved,
            found.detail,
            found,
        )

    def _keep_near(self, answer: Body) -> None:
        tokens = tokens_of(answer)
        options = StoreOptions(metadata={"model": _model_of(answer, self._body)}, tokens=tokens or None)
        self._cache.store(
            question_of(self._body),
            text_of_answer(answer),
            context=context_of(self._body),
            tags=self._directives.tags,
            ttl=self._shortest_ttl,
            options=options,
            miss=self._miss,
        )

    @property
    def _shortest_ttl(self) -> float | None:
        given = [ttl for ttl in (self._directives.ttl_s, self._backend.settings.cache.ttl_s) if ttl is not None]
        return min(given, default=None)


def parsed(raw: bytes) -> Body:
    """The body of a request.

    Raises:
        InvalidInput: it is no JSON object.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidInput("the body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidInput("the body is not a JSON object")
    return body


def text_of_answer(answer: Mapping[str, Any]) -> str:
    """What a whole answer says."""
    if "choices" in answer:
        return str(answer["choices"][0]["message"]["content"])
    parts = [part for item in answer["output"] if item.get("type") == "message" for part in item["content"]]
    return "".join(str(part.get("text", "")) for part in parts)


def tokens_of(answer: Mapping[str, Any]) -> int:
    """Tokens that an answer has taken, as its service counts; 0 if it does not say."""
    usage = answer.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, Mapping) else 0
    return total if isinstance(total, int) and total > 0 else 0


def _model_of(answer: Mapping[str, Any], body: Body) -> str:
    return str(answer.get("model") or body.get("model", ""))
