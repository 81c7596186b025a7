"""The ASGI application: what it opens and closes, and its routers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
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
from semcache.server.limits import Limits
from semcache.server.metrics import Metrics
from semcache.server.proxy.upstream import Upstreams
from semcache.server.routers.health import health
from semcache.server.routers.openai import openai


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
    api = FastAPI(
        title="semcache",
        version=semcache.__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(upstreams),
    )
    _add_handlers(api)
    api.include_router(health(backend))
    api.include_router(openai(backend, upstreams))
    return Edge(api, settings=settings, keys=keys, limits=Limits(settings), metrics=metrics)


def _lifespan(upstreams: Upstreams) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(upstreams.close)
            yield

    return lifespan


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
