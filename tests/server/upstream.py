"""A small real service that speaks OpenAI's API: what the proxy passes requests on to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

USAGE = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}


@dataclass
class Upstream:
    """What it was asked, and what became of its streams."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    closed: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)

    def app(self) -> Starlette:
        post = ["POST"]
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=post),
                Route("/v1/responses", self.response, methods=post),
                Route("/v1/embeddings", self.embeddings, methods=post),
                Route("/v1/models", self.models),
            ],
            exception_handlers={KeyError: self.wrong, TypeError: self.wrong},
        )

    async def wrong(self, request: Request, error: Exception) -> Response:
        return JSONResponse({"error": {"message": str(error), "type": "invalid_request_error"}}, 400)

    async def chat(self, request: Request) -> Response:
        body = await self._taken(request)
        if body["model"] == "busy":
            error = {"message": "slow down", "type": "rate_limit_error", "param": None, "code": "busy"}
            return JSONResponse({"error": error}, 429, headers={"retry-after": "7"})
        head = {"id": "chatcmpl-up", "created": 1, "model": body["model"]}
        text = f"answer {len(self.bodies)}"
        ended = "length" if body["model"] == "short" else "stop"
        if body.get("stream"):
            return StreamingResponse(self._stream(head, text, body["model"]), media_type="text/event-stream")
        if body["model"] == "cut":
            return Response(b"{", media_type="application/json", headers={"content-length": "1000"})
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": ended}
        status = 500 if body["model"] == "failing" else 200
        return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": USAGE}, status)

    async def _stream(self, head: dict[str, Any], text: str, model: str) -> AsyncIterator[bytes]:
        def event(delta: dict[str, Any], ended: str | None = None) -> bytes:
            choices = [{"index": 0, "delta": delta, "finish_reason": ended}]
            return (
                b"data: "
                + json.dumps({**head, "object": "chat.completion.chunk", "choices": choices}).encode()
                + b"\n\n"
            )

        try:
            for word in text.split(" "):
                yield event({"content": word + " "})
                if model == "cut":
                    raise ConnectionError("cut")
                while model == "paused" and not self.go_on.is_set():
                    await asyncio.sleep(0.02)
            while model == "flood":
                await asyncio.sleep(0)
                yield event({"content": "more " * 20_000})
            if model == "endless":
                while True:
                    await asyncio.sleep(0.2)
                    yield event({"content": "more "})
            yield event({}, "stop")
            yield b"data: [DONE]\n\n"
        finally:
            self.closed += 1

    async def response(self, request: Request) -> Response:
        body = await self._taken(request)
        part = {"type": "output_text", "text": f"answer {len(self.bodies)}", "annotations": []}
        item = {"type": "message", "id": "msg_up", "role": "assistant", "status": "completed", "content": [part]}
        usage = {"input_tokens": 4, "output_tokens": 6, "total_tokens": 10}
        answer = {"id": "resp_up", "object": "response", "created_at": 1, "model": body["model"], "status": "completed"}
        extra = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        return JSONResponse({**answer, **extra, "output": [item], "usage": usage})

    async def embeddings(self, request: Request) -> Response:
        body = await self._taken(request)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        data = [
            {"object": "embedding", "index": index, "embedding": [float(len(text)), 1.0]}
            for index, text in enumerate(texts)
        ]
        return JSONResponse(
            {"object": "list", "model": body["model"], "data": data, "usage": {"total_tokens": len(texts)}}
        )

    async def models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "x"}]})

    async def _taken(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        self.authorizations.append(request.headers.get("authorization", ""))
        return body
