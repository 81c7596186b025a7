"""The way into the application: who asks, within which limits, with a whole body; what is logged and counted."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from semcache.errors import RateLimited, SemcacheError
from semcache.server.errors import error_response, response_of
from semcache.server.identity import Identity, Keys, caller, is_loopback
from semcache.server.limits import Limits
from semcache.server.metrics import Metrics
from semcache.settings.server import ServerSettings

access = logging.getLogger("semcache.server.access")
_log = logging.getLogger(__name__)
OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json")
_REQUEST_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)


class Refused(Exception):
    """A request that is not let in."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Edge:
    """ASGI middleware around everything. The body is read here, whole and in time, before anybody works for it."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings, keys: Keys, limits: Limits, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._keys = keys
        self._limits = limits
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            await self._answer(scope, receive, exchange)
        except Refused as refused:
            await refused.response(scope, receive, exchange.send)
        except Exception:
            _log.exception("a request failed (%s)", exchange.request_id)
            if exchange.status:  # the answer has begun: nothing can be taken back
                raise
            await error_response(scope["path"], 500, "unexpected error")(scope, receive, exchange.send)
        finally:
            self._note(exchange)

    async def _answer(self, scope: Scope, receive: Receive, exchange: _Exchange) -> None:
        if scope["path"] in OPEN:
            await self._app(scope, receive, exchange.send)
            return
        headers = Headers(scope=scope)
        identity = exchange.identity = self._identity(scope["path"], headers)
        try:
            async with self._limits.admitted(identity.tenant):
                body = await self._body(scope["path"], headers, receive)
                token = caller.set(identity)
                try:
                    await self._app(scope, _replayed(body, receive), exchange.send)
                finally:
                    caller.reset(token)
        except RateLimited as error:
            raise Refused(response_of(scope["path"], error)) from error
        except SemcacheError as error:
            if exchange.status:
                raise
            raise Refused(response_of(scope["path"], error)) from error

    def _identity(self, path: str, headers: Headers) -> Identity:
        if not self._keys.required and not is_loopback(_hostname(headers.get("host", ""))):
            raise Refused(error_response(path, 421, "this server answers to its own machine alone"))
        scheme, _, token = headers.get("authorization", "").partition(" ")
        identity = self._keys.identify(token.strip() if scheme.lower() == "bearer" else "")
        if identity is None:
            challenge = {"www-authenticate": "Bearer"}
            raise Refused(error_response(path, 401, "the key is missing or not known here", headers=challenge))
        return identity

    async def _body(self, path: str, headers: Headers, receive: Receive) -> bytes:
        most = self._settings.max_body_bytes
        too_large = f"the request is larger than {most:,} bytes"
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > most:
            raise Refused(error_response(path, 413, too_large, headers={"connection": "close"}))
        body = bytearray()
        with suppress_timeout(path):
            async with asyncio.timeout(self._settings.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(Response(status_code=499))
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise Refused(error_response(path, 413, too_large, headers={"connection": "close"}))
                    if not message.get("more_body"):
                        break
        _check_utf8(path, headers, body)
        return bytes(body)

    def _note(self, exchange: _Exchange) -> None:
        """One line, without a word of what was said."""
        seconds = time.perf_counter() - exchange.started
        route = exchange.route
        self._metrics.requests.labels(route, str(exchange.status or 499)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if route not in OPEN:
            access.info(
                "%s %s %d %.1f ms tenant=%s id=%s %s",
                exchange.scope["method"],
                route,
                exchange.status or 499,
                seconds * 1000,
                exchange.identity.tenant if exchange.identity else "-",
                exchange.request_id,
                exchange.outcome,
            )


class suppress_timeout:
    """Turns a timeout of the body into an answer."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TimeoutError):
            close = {"connection": "close"}
            raise Refused(
                error_response(self._path, 408, "the request did not arrive in time", headers=close)
            ) from None


class _Exchange:
    """One request and what has been answered to it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.started = time.perf_counter()
        self.status = 0
        self.identity: Identity | None = None
        self.outcome = "-"
        given = Headers(scope=scope).get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{uuid.uuid4().hex}"
        scope.setdefault("state", {})["request_id"] = self.request_id
        self._send = send

    @property
    def route(self) -> str:
        """The template of the path: a label of few values, without ids."""
        path = getattr(self.scope.get("route"), "path", "")
        if path:
            return str(path)
        return (
            self.scope["path"]
            if self.scope["path"] in OPEN or (self.status == 200 and self.scope["path"] == "/mcp")
            else "other"
        )

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers.setdefault("x-request-id", self.request_id)
            self.outcome = headers.get("x-semcache", "-")
        with suppress(OSError):
            await self._send(message)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once, then what else the connection says."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _check_utf8(path: str, headers: Headers, body: bytearray) -> None:
    if "json" in headers.get("content-type", "json"):
        try:
            body.decode()
        except UnicodeDecodeError:
            raise Refused(error_response(path, 400, "the body is not UTF-8")) from None


def _hostname(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
