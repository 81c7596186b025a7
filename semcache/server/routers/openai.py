"""OpenAI's API: answers are served from the cache where they may be; everything else is passed through."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from semcache.errors import InvalidInput, SemcacheError, Unavailable
from semcache.llm.requests import Endpoint, continuing, replay
from semcache.server.backend import Backend
from semcache.server.errors import error_response
from semcache.server.identity import caller
from semcache.server.proxy.asking import Asking, ServedAnswer, parsed
from semcache.server.proxy.directives import Directives, outcome_headers
from semcache.server.proxy.embeddings import EmbeddingsAsked
from semcache.server.proxy.relay import Relay
from semcache.server.proxy.upstream import Call, Upstreams

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_EVENTS = {"cache-control": "no-cache", "content-type": "text/event-stream; charset=utf-8"}
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": what}
    for status, what in (
        (400, "the request is wrong"), (401, "the key is not known"), (403, "refused by the upstream"),
        (404, "not there"), (408, "it did not arrive in time"), (413, "too large"), (421, "another host"),
        (422, "refused by the upstream"), (429, "too many requests"), (503, "the upstream does not answer"),
    )
}  # fmt: skip
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}


class Proxy:
    """Answers the requests of OpenAI's API."""

    def __init__(self, backend: Backend, upstreams: Upstreams) -> None:
        self._backend = backend
        self._upstreams = upstreams

    async def ask(self, request: Request, endpoint: Endpoint) -> Response:
        """A chat completion or a response: from the cache, or passed on and stored."""
        raw = await request.body()
        try:
            body, directives = parsed(raw), Directives.of(request.headers)
        except InvalidInput as error:
            return error_response(request.url.path, 400, str(error))
        try:
            if endpoint == "responses" and continuing.is_ours(body):
                body = await self._continued(body)
                raw = json.dumps(body, separators=(",", ":")).encode()
        except continuing.Lost as error:
            return error_response(request.url.path, 400, str(error), code="previous_response_not_found")
        except Unavailable as error:  # without Redis, nobody knows what a response of ours said
            return error_response(request.url.path, 503, str(error), headers=outcome_headers("bypass"))
        call = self._call(request, raw, str(body.get("model", "")))
        if not (directives.look_up or directives.keep):
            return self._passed(call, "asked for without the cache", endpoint=endpoint)
        asking = Asking(
            self._backend, endpoint, body, identity=caller.get(), directives=directives,
            upstream=self._upstreams.id_of(call.model),
        )  # fmt: skip
        try:
            found = await self._backend.run(asking.find)
            if found is not None:
                return await self._served(found, asking, body)
        except Unavailable as error:
            return self._passed(call, "the cache is not available", outage=type(error).__name__, endpoint=endpoint)
        except SemcacheError as error:  # what the cache cannot take, the model may
            return self._passed(call, str(error), endpoint=endpoint)
        if not asking.keeps:
            return self._passed(call, asking.reason, endpoint=endpoint)
        self._count("miss", "")
        keep = partial(self._keep, asking)
        return Relay(
            self._upstreams, call, headers=outcome_headers("miss", asking.reason), keep=keep, endpoint=endpoint
        )

    async def embeddings(self, request: Request) -> Response:
        """Vectors: those of texts that were embedded before come from the cache, each for itself."""
        raw = await request.body()
        try:
            body, directives = parsed(raw), Directives.of(request.headers)
        except InvalidInput as error:
            return error_response(request.url.path, 400, str(error))
        call = self._call(request, raw, str(body.get("model", "")))
        asked = EmbeddingsAsked(body, self._upstreams.id_of(call.model), directives)
        if why := asked.uncacheable:
            return self._passed(call, why, endpoint="embeddings")
        answers = self._backend.verbatim(caller.get().tenant)
        try:
            await self._backend.run(lambda: asked.find(answers))
        except Unavailable as error:
            outage = type(error).__name__
            return self._passed(call, "the cache is not available", outage=outage, endpoint="embeddings")
        if asked.complete:
            self._count("hit", "exact")
            headers = outcome_headers("hit", "the same texts", kind="exact", tokens_saved=asked.tokens_saved)
            return JSONResponse(asked.answer(), headers=headers)
        self._count("miss", "")

        async def keep(answer: dict[str, Any]) -> dict[str, Any]:
            await self._backend.run(lambda: asked.keep(answers, answer))
            return asked.merged(answer)

        missing = self._call(request, json.dumps(asked.missing).encode(), call.model)
        return Relay(
            self._upstreams, missing, headers=outcome_headers("miss", asked.reason), keep=keep, endpoint="embeddings"
        )

    async def through(self, request: Request) -> Response:
        """Everything else."""
        return self._passed(self._call(request, await request.body(), ""), "not an endpoint that is cached")

    async def response(self, request: Request, id: str) -> Response:
        """A response that was served here: read or deleted; any other is the upstream's."""
        if not id.startswith(replay.RESPONSE_ID):
            return await self.through(request)
        answers = self._backend.verbatim(caller.get().tenant)
        if request.method == "DELETE":
            if await self._backend.run(lambda: answers.drop_response(id)):
                return JSONResponse({"id": id, "object": "response", "deleted": True})
        elif (kept := await self._backend.run(lambda: answers.response(id))) is not None:
            return JSONResponse(kept["body"], headers=outcome_headers("hit", "served here before", kind="exact"))
        return error_response(request.url.path, 404, f"Response with id '{id}' not found.", code="response_not_found")

    async def _continued(self, body: dict[str, Any]) -> dict[str, Any]:
        answers = self._backend.verbatim(caller.get().tenant)
        kept = await self._backend.run(lambda: answers.response(body["previous_response_id"]))
        return continuing.expanded(body, kept)

    async def _served(self, found: ServedAnswer, asking: Asking, body: dict[str, Any]) -> Response:
        headers = self._hit_headers(found)
        self._count("hit", found.kind, found.tokens_saved)
        streams = body.get("stream") is True
        if asking.endpoint == "chat":
            choices = found.content or [replay.chat_choice(found.hit.response if found.hit else "")]
            if streams:
                return _events(replay.chat_stream(found.model, choices, body), headers)
            return JSONResponse(replay.chat_body(found.model, choices), headers=headers)
        output = found.content or [replay.message_item(found.hit.response if found.hit else "")]
        answer = replay.response_body(found.model, output, body)
        if body.get("store") is not False:
            answers, kept = self._backend.verbatim(caller.get().tenant), continuing.kept(body, answer)
            await self._backend.run(lambda: answers.keep_response(answer["id"], kept, users=asking.users))
        return _events(replay.response_stream(answer), headers) if streams else JSONResponse(answer, headers=headers)

    def _hit_headers(self, found: ServedAnswer) -> dict[str, str]:
        hit = found.hit
        near = {"similarity": f"{hit.similarity:.4f}", "entry": hit.entry_id, "age": round(hit.age_s)} if hit else {}
        return outcome_headers("hit", found.reason, kind=found.kind, tokens_saved=found.tokens_saved, **near)

    async def _keep(self, asking: Asking, answer: dict[str, Any]) -> None:
        """Stores an answer before the caller has it: who asks the same at once, of any worker, is served."""
        await self._backend.run(partial(asking.keep, answer))

    def _passed(self, call: Call, reason: str, *, outage: str = "", endpoint: str = "") -> Response:
        self._count("bypass", "")
        outcome = f'bypass; reason="{outage}"' if outage else "bypass"
        return Relay(self._upstreams, call, headers=outcome_headers(outcome, reason), endpoint=endpoint)

    def _call(self, request: Request, body: bytes, model: str) -> Call:
        path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1").partition("?")[0]
        return Call(request.method, path.removeprefix("/v1/"), request.url.query, request.headers, body, model)

    def _count(self, outcome: str, kind: str, tokens: int = 0) -> None:
        self._backend.metrics.answers.labels(outcome, kind).inc()
        self._backend.metrics.tokens_saved.inc(tokens)


def openai(proxy: Proxy) -> APIRouter:
    """The routes that are known; most requests are for them, so this router is asked first."""
    router = APIRouter(prefix="/v1", tags=["openai"], responses=_ERRORS)

    @router.post("/chat/completions", openapi_extra=_BODY)
    async def chat_completions(request: Request) -> Response:
        return await proxy.ask(request, "chat")

    @router.post("/responses", openapi_extra=_BODY)
    async def responses(request: Request) -> Response:
        return await proxy.ask(request, "responses")

    @router.post("/embeddings", openapi_extra=_BODY)
    async def embeddings(request: Request) -> Response:
        return await proxy.embeddings(request)

    @router.api_route("/responses/{id}", methods=["GET", "DELETE"], include_in_schema=False)
    async def response(request: Request, id: str) -> Response:
        return await proxy.response(request, id)

    @router.get("/models")
    async def models(request: Request) -> Response:
        return await proxy.through(request)

    return router


def everything_else(proxy: Proxy) -> APIRouter:
    """What no other router has."""
    router = APIRouter(prefix="/v1")

    @router.api_route("/{path:path}", methods=_METHODS, include_in_schema=False)
    async def through(request: Request, path: str) -> Response:
        return await proxy.through(request)

    return router


def _events(pieces: Iterable[bytes], headers: dict[str, str]) -> Response:
    async def each() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return StreamingResponse(each(), headers={**headers, **_EVENTS})
