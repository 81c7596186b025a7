"""The ASGI application: what it opens and closes, and its routers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

import semcache
from semcache.app import App
from semcache.errors import SemcacheError
from semcache.server.backend import Backend
from semcache.server.edge import Edge
from semcache.server.errors import error_response, response_of
from semcache.server.identity import Keys, check_closed
from semcache.server.limits import Limits, SharedMinutes
from semcache.server.metrics import Metrics
from semcache.server.proxy.upstream import Upstreams
from semcache.server.routers.agent_memory import agent_memory
from semcache.server.routers.health import health
from semcache.server.routers.langcache import langcache
from semcache.server.routers.memory import memory
from semcache.server.routers.openai import Proxy, everything_else, openai


def create(app: App) -> ASGIApp:
    """The application over stores that somebody else opens and closes.

    Raises:
        ConfigurationError: other machines would reach it without keys, or the file of keys cannot be read.
    """
    settings = app.settings.server
    check_closed(settings)
    keys, metrics = Keys(settings), Metrics()
    backend = Backend(app, metrics)
    upstreams = Upstreams(app.settings, keyed=keys.required)
    proxy = Proxy(backend, upstreams)
    tools = _tools(backend)
    api = FastAPI(
        title="semcache",
        version=semcache.__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(upstreams, tools),
    )
    _add_handlers(api)
    for router in (openai(proxy), health(backend), langcache(backend), memory(backend), agent_memory(backend)):
        api.include_router(router)
    api.include_router(everything_else(proxy))
    if tools is not None:
        api.mount("/", tools)
    minutes = SharedMinutes(app.redis, app.settings.namespace, settings.requests_per_minute)
    limits = Limits(settings, lambda tenant: backend.run(partial(minutes.hit, tenant)))
    return Edge(api, settings=settings, keys=keys, limits=limits, metrics=metrics)


def _lifespan(upstreams: Upstreams, tools: Starlette | None) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(upstreams.close)
            if tools is not None:
                await stack.enter_async_context(tools.router.lifespan_context(tools))
            yield

    return lifespan


def _tools(backend: Backend) -> Starlette | None:
    """Memory's tools under /mcp; None where their package is not installed."""
    try:
        tools = import_module("semcache.server.mcp")
        server = tools.memory_server(backend.memory, removed=partial(backend.note_removal, via="mcp"))
        security = import_module("mcp.server.transport_security").TransportSecuritySettings
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("semcache"):
            raise
        return None
    # whose host it is has been checked on the way in
    app: Starlette = server.streamable_http_app(
        streamable_http_path="/mcp",
        stateless_http=True,
        json_response=True,
        transport_security=security(enable_dns_rebinding_protection=False),
    )
    return app


def _add_handlers(api: FastAPI) -> None:
    """Errors in each API's own form, whoever finds them."""

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        found = [f"{'.'.join(map(str, each['loc'][1:])) or 'the body'}: {each['msg']}" for each in error.errors()]
        return error_response(request.url.path, 400, "; ".join(found))

    @api.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return error_response(request.url.path, error.status_code, str(error.detail), headers=error.headers)

    @api.exception_handler(SemcacheError)
    async def ours(request: Request, error: SemcacheError) -> Response:
        return response_of(request.url.path, error)
