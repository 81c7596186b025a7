"""Passing a request on and its answer back; whoever goes away takes the call to the upstream along."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import httpx2
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from semcache.errors import LlmUnavailable, SemcacheError
from semcache.llm.requests.collecting import Collector
from semcache.server.errors import response_of
from semcache.server.proxy.upstream import Call, Upstreams, returned_headers

Keep = Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]
"""Stores a whole answer; what it returns, if anything, is answered in its place."""
_log = logging.getLogger(__name__)
_LONGEST_STORED = 8_388_608
_STORE_S = 5.0


class Relay(Response):
    """The answer of an upstream, piece by piece. `keep` gets its body if it is whole, before the caller does."""

    def __init__(
        self,
        upstreams: Upstreams,
        call: Call,
        *,
        headers: Mapping[str, str],
        keep: Keep | None = None,
        endpoint: str = "",
    ) -> None:
        super().__init__()
        self._upstreams = upstreams
        self._call = call
        self._added = headers
        self._keep = keep
        self._model_call = upstreams.traced(endpoint, call)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:

            async def until_gone() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(until_gone)
            try:
                await self._pass_on(scope, receive, send)
            finally:
                if self._model_call:
                    self._model_call.end()
            group.cancel_scope.cancel()

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            traced = self._model_call.headers() if self._model_call else {}
            async with self._upstreams.send(self._call, traced) as response:
                if self._model_call:
                    self._model_call.answered(response.status_code)
                await self._answer(response, send)
        except SemcacheError as error:
            answer = response_of(scope["path"], error)
            answer.headers.update(self._added)
            await answer(scope, receive, send)
        except httpx2.TransportError as error:  # so do we: without its end the connection is closed
            _log.warning("the upstream broke off its answer: %s", str(error) or type(error).__name__)

    async def _answer(self, response: httpx2.Response, send: Send) -> None:
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in returned_headers(response)
        ]
        headers += [(name.encode(), value.encode()) for name, value in self._added.items()]
        start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
        streamed = response.headers.get("content-type", "").startswith("text/event-stream")
        if self._keep is None or response.status_code != 200:
            await send(start)
            async for data in response.aiter_bytes():
                await send({"type": "http.response.body", "body": data, "more_body": True})
        elif streamed:
            await send(start)
            await self._stream(response, send)
        else:
            body = await _read(response)
            if len(body) <= _LONGEST_STORED and (whole := _object(response)) is not None:
                body = await self._stored(whole) or body
            await send(start)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream(self, response: httpx2.Response, send: Send) -> None:
        collector, stored = Collector(), False
        async for data in response.aiter_bytes():
            collector.feed(data)
            if collector.whole is not None and not stored:
                stored = True
                await self._stored(collector.whole)
            await send({"type": "http.response.body", "body": data, "more_body": True})

    async def _stored(self, whole: dict[str, Any]) -> bytes:
        """Stores the answer; the bytes to send in its place, if any."""
        assert self._keep is not None
        if self._model_call:
            self._model_call.said(whole)
        with anyio.move_on_after(_STORE_S):
            try:
                other = await self._keep(whole)
                return json.dumps(other).encode() if other is not None else b""
            except SemcacheError as error:
                _log.warning("an answer is not stored: %s", error)
        return b""


async def _read(response: httpx2.Response) -> bytes:
    """All of an answer, of which nothing has been sent yet."""
    try:
        return await response.aread()
    except httpx2.TransportError as error:
        _log.warning("the upstream broke off its answer: %s", str(error) or type(error).__name__)
        raise LlmUnavailable("the upstream broke off its answer; try again") from error


def _object(response: httpx2.Response) -> dict[str, Any] | None:
    try:
        found = response.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
