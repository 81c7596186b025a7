"""A request for embeddings, looked up text by text."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from semcache.server.proxy.directives import Directives
from semcache.store.verbatim import VerbatimAnswers

Body = dict[str, Any]
_KNOWN = {"model", "input", "dimensions", "encoding_format", "user"}


class EmbeddingsAsked:
    """What was asked, what of it is there, and what the upstream has to be asked."""

    def __init__(self, body: Body, upstream: str, directives: Directives) -> None:
        self._body = body
        self._directives = directives
        given = body.get("input")
        self._single = isinstance(given, str) or (isinstance(given, list) and bool(given) and isinstance(given[0], int))
        self._inputs: list[Any] = [given] if self._single else given if isinstance(given, list) else []
        walls: list[Any] = [upstream, sorted(directives.walls.items())]
        walls += [body.get(name) for name in ("model", "dimensions", "encoding_format")]
        self._digests = [_digest(["embeddings", walls, text]) for text in self._inputs]
        self._found: list[Any] = [None] * len(self._inputs)

    @property
    def uncacheable(self) -> str:
        """Why the request is passed on as it is; empty if it is not."""
        if unknown := sorted(map(str, set(self._body) - _KNOWN)):
            return f"{unknown[0]}: what it means to an answer is not known"
        if not self._inputs:
            return "there is no input"
        return "" if self._directives.look_up or self._directives.keep else "asked for without the cache"

    def find(self, answers: VerbatimAnswers) -> None:
        """Looks up what is there."""
        if self._directives.look_up:
            self._found = answers.get(self._digests)

    @property
    def _absent(self) -> list[int]:
        return [index for index, found in enumerate(self._found) if found is None]

    @property
    def complete(self) -> bool:
        return not self._absent

    @property
    def reason(self) -> str:
        return f"{len(self._absent)} of {len(self._inputs)} texts are new"

    @property
    def tokens_saved(self) -> int:
        return sum(found["tokens"] for found in self._found if found)

    @property
    def missing(self) -> Body:
        """The request for what is not there."""
        texts = [self._inputs[index] for index in self._absent]
        return {**self._body, "input": texts[0] if self._single else texts}

    def keep(self, answers: VerbatimAnswers, answer: Body) -> None:
        """Stores the vectors of the upstream's answer."""
        vectors = _vectors(answer)
        if not self._directives.keep or len(vectors) != len(self._absent):
            return
        usage = answer.get("usage") or {}
        tokens = int(usage.get("total_tokens") or 0) // len(vectors)
        for index, vector in zip(self._absent, vectors, strict=True):
            kept = {"embedding": vector, "tokens": tokens, "model": answer.get("model", "")}
            answers.put(self._digests[index], kept, ttl_s=self._directives.ttl_s)

    def merged(self, answer: Body) -> Body:
        """The upstream's answer with what was there already."""
        vectors = _vectors(answer)
        if len(vectors) != len(self._absent):
            return answer
        new = dict(zip(self._absent, vectors, strict=True))
        every = [found["embedding"] if found else new[index] for index, found in enumerate(self._found)]
        return {**answer, "data": _data(every)}

    def answer(self) -> Body:
        """The answer, when everything is there."""
        every = [found["embedding"] for found in self._found]
        model = self._found[0]["model"] or self._body.get("model", "")
        return {
            "object": "list", "data": _data(every), "model": model, "usage": {"prompt_tokens": 0, "total_tokens": 0},
        }  # fmt: skip


def _vectors(answer: Body) -> list[Any]:
    data = answer.get("data")
    return [item.get("embedding") for item in sorted(data, key=lambda item: item["index"])] if data else []


def _data(vectors: list[Any]) -> list[Body]:
    return [{"object": "embedding", "index": index, "embedding": each} for index, each in enumerate(vectors)]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
