"""Whether the server lives and is ready, and its metrics."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from semcache.errors import RedisUnavailable
from semcache.server.backend import Backend
from semcache.store.connect import guarded


def health(backend: Backend) -> APIRouter:
    """The routes that need no key."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def alive() -> JSONResponse:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    @router.get("/readyz", responses={503: {"description": "Redis does not answer"}})
    async def ready() -> JSONResponse:
        """Redis answers too; the proxy passes requests on without it all the same."""

        def ping() -> None:
            with guarded():
                backend.app.redis.ping()

        try:
            await backend.run(ping)
        except RedisUnavailable:
            return JSONResponse({"status": "unavailable", "redis": "does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """In Prometheus' form."""
        page, kind = backend.metrics.page()
        return Response(page, headers={"content-type": kind})

    return router
